import pytest

import autograd as ag
import nn
from demos.watch import watch


def test_every_module_is_noted_with_its_arguments_and_its_output():
    model, x = nn.Sequential(nn.Linear(3, 4), nn.Sequential(nn.ReLU())), ag.randn(2, 3)
    with watch(model) as calls:
        out = model(x)
    assert set(calls) == {"", "0", "1", "1.0"}
    assert calls[""].args[0] is calls["0"].args[0] is x and calls[""].out is calls["1.0"].out is out
    assert calls["1.0"].args[0] is calls["0"].out


def test_what_comes_after_is_not_noted_even_after_an_error():
    model = nn.Linear(3, 4)
    with pytest.raises(ValueError), watch(model) as calls:
        model(ag.randn(2, 5))
    model(ag.randn(2, 3))
    assert calls == {}

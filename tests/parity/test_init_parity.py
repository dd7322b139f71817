"""Initialisers that draw nothing give torch's numbers."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd as ag
import nn
from tests.properties.calls import examples

torch = pytest.importorskip("torch")


@examples(40)
@given(data=st.data())
def test_dirac_is_torchs(data):
    groups, out, channels = (data.draw(st.integers(1, 3)) for _ in range(3))
    kernel = data.draw(st.lists(st.integers(1, 4), min_size=1, max_size=3))
    shape = (groups * out, channels, *kernel)
    ours, theirs = nn.init.dirac_(ag.empty(*shape), groups), torch.nn.init.dirac_(torch.empty(shape), groups)
    np.testing.assert_array_equal(ours.numpy(), theirs.numpy())


def test_every_public_initialiser_and_gain_of_torch_is_here_but_sparse():
    theirs = {n for n, f in vars(torch.nn.init).items() if callable(f) and f.__module__ == "torch.nn.init"}
    assert {n for n in theirs if not n.startswith("_")} - {"sparse", "sparse_"} <= set(vars(nn.init))
    for name in ("linear", "conv2d", "conv_transpose3d", "sigmoid", "tanh", "relu", "leaky_relu", "selu"):
        assert nn.init.calculate_gain(name) == torch.nn.init.calculate_gain(name)
    assert nn.init._calculate_fan_in_and_fan_out(ag.ones(3, 4, 5)) == (20, 15)
    assert nn.init._calculate_correct_fan(ag.ones(3, 4, 5), "fan_out") == 15

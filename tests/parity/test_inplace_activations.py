"""Every activation with inplace=True beside PyTorch's: values, gradients, and when a change is an error."""

import inspect

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd as ag
import nn.functional as F
from autograd.testing import separated, shapes
from tests.properties.calls import examples

torch = pytest.importorskip("torch")
TF = torch.nn.functional
pytestmark = pytest.mark.filterwarnings("ignore:dropout")

SETTINGS = {
    "threshold": {"threshold": 0.1, "value": 2.0},
    "rrelu": {"lower": 0.2, "upper": 0.2, "training": True},  # one slope can be drawn
    "leaky_relu": {"negative_slope": 0.2},
    "elu": {"alpha": 0.7},
    "celu": {"alpha": 0.5},
    **{name: {"p": 1.0} for name in ("dropout", "dropout1d", "dropout2d", "dropout3d")},
    "alpha_dropout": {"p": 1.0, "training": True},
}
NAMES = [n for n, f in vars(F).items() if inspect.isfunction(f) and "inplace" in inspect.signature(f).parameters]

# what made the input: some keep their result, or their argument, for backward
MADE_BY = {
    "a product": lambda m, x: x * 1.5,
    "exp, which keeps its result": lambda m, x: (x * 0.3).exp(),
    "a view": lambda m, x: (x * 1.5)[:1],
    "a copy": lambda m, x: x.clone(),
    "a leaf": lambda m, x: x,
}
USED_BY = {
    "a square, which keeps it": lambda m, y, out: (out * out).sum(),
    "the old name": lambda m, y, out: (y * out).sum(),
}


def run(module, functional, tensor, name, made, used):
    x = tensor.requires_grad_()
    try:
        y = MADE_BY[made](module, x)
        out = getattr(functional, name)(y, **SETTINGS.get(name, {}), inplace=True)
        assert out is y
        loss = USED_BY[used](module, y, out)
        loss.backward()
    except RuntimeError:
        return None
    return out.detach().numpy(), x.grad.numpy()


def test_all_that_torch_has_in_place_is_here():
    theirs = {n for n in vars(TF) if not n.startswith("_") and callable(getattr(TF, n))}
    signatures = {n: inspect.signature(getattr(TF, n)) for n in theirs if inspect.isfunction(getattr(TF, n))}
    missing = {n for n, s in signatures.items() if "inplace" in s.parameters} - set(NAMES)
    assert missing <= {"fractional_max_pool2d", "feature_alpha_dropout"}


@pytest.mark.parametrize("name", NAMES)
@examples(30)
@given(data=st.data())
def test_in_place_gives_what_torch_gives(name, data):
    array = data.draw(separated(shapes(min_dims=3, max_dims=3), -5, 5, kinks=(0, 1)))
    made, used = data.draw(st.sampled_from(sorted(MADE_BY))), data.draw(st.sampled_from(sorted(USED_BY)))
    ours = run(ag, F, ag.tensor(array), name, made, used)
    theirs = run(torch, TF, torch.tensor(array), name, made, used)
    assert (ours is None) == (theirs is None)
    for a, b in zip(ours or (), theirs or (), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("name", ["relu", "elu", "selu", "celu", "leaky_relu", "hardtanh", "rrelu", "threshold"])
def test_the_name_with_an_underscore_works_in_place(name):
    settings = {"threshold": 0.1, "value": 2.0} if name == "threshold" else {}
    x = ag.randn(3, 4)
    expected = getattr(F, name)(x, **settings)
    assert getattr(F, f"{name}_")(x, **settings) is x
    np.testing.assert_array_equal(x.numpy(), expected.numpy())

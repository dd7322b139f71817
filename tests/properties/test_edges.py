"""Where formulas break down: subgradients at kinks, and values and gradients at very large and very small numbers."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd
from autograd import Tensor, ops
from autograd.testing import integers, shapes
from tests.properties.cases import examples
from tests.properties.kinks import KINKS, at

LARGE = np.array([1e4, -1e4, 0.0, 1.0, -1e4, 1e4, 9.99e3, -50.0])
ROWS = LARGE.reshape(2, 4)
STEPS = {  # name: a function of a tensor of large numbers
    "softmax": lambda x: ops.softmax(x.view(2, 4), dim=1),
    "log_softmax": lambda x: ops.log_softmax(x.view(2, 4), dim=1),
    "logsumexp": lambda x: ops.logsumexp(x.view(2, 4), dim=1),
    "logsumexp of all": lambda x: ops.logsumexp(x),
    "sigmoid": ops.sigmoid,
    "softplus": ops.softplus,
    "cross_entropy": lambda x: ops.cross_entropy(x.view(2, 4), np.array([1, 0])),
    "smoothed cross_entropy": lambda x: ops.cross_entropy(x.view(2, 4), np.array([1, 0]), label_smoothing=0.1),
    "bce_with_logits": lambda x: ops.bce_with_logits(x, np.array([0, 1, 1, 0, 0, 1, 0.5, 1]).astype(x.dtype)),
    "log1p of magnitudes": lambda x: ops.log1p(abs(x)),
    "expm1 of negatives": lambda x: ops.expm1(-abs(x)),
    "log(1 + e^x) by logaddexp": lambda x: ops.logaddexp(x, 0.0 * x),
    "logaddexp": lambda x: ops.logaddexp(x, x.flip(0)),
    "gelu": ops.gelu,
    "gelu by tanh": lambda x: ops.gelu(x, approximate="tanh"),
    "silu": ops.silu,
    "tanh": ops.tanh,
    "erf": ops.erf,
    "elu": ops.elu,
    "layer_norm": lambda x: ops.layer_norm(x.view(2, 4), None, None),
    "rms_norm": lambda x: ops.rms_norm(x.view(2, 4), None),
    "attention": lambda x: ops.attention(x.view(4, 2), x.view(4, 2), x.view(4, 2), causal=True),
    "norm": ops.norm,
    "std": ops.std,
}


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", STEPS)
def test_values_and_derivatives_stay_finite_at_ten_thousand(name, dtype):
    x = Tensor(LARGE.astype(dtype), requires_grad=True)
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        out = STEPS[name](x)
        (g,) = autograd.grad(out.sum(), x, create_graph=True)
        (again,) = autograd.grad((g * g.detach()).sum(), x, allow_unused=True)
    for found in (out, g, again):
        assert found.dtype == dtype
        assert np.isfinite(found.detach().numpy()).all()


@pytest.mark.parametrize(
    ("f", "x", "value", "slope"),
    [
        (ops.sigmoid, 1e4, 1, 0),
        (ops.sigmoid, -1e4, 0, 0),
        (ops.sigmoid, -40.0, math.exp(-40), math.exp(-40)),
        (ops.softplus, 1e4, 1e4, 1),
        (ops.softplus, -1e4, 0, 0),
        (ops.softplus, -40.0, math.exp(-40), math.exp(-40)),
        (ops.gelu, 1e4, 1e4, 1),
        (ops.gelu, -1e4, 0, 0),
        (ops.silu, 1e4, 1e4, 1),
        (ops.silu, -1e4, 0, 0),
        (ops.log1p, 1e-20, 1e-20, 1),
        (ops.expm1, 1e-20, 1e-20, 1),
        (lambda x: ops.bce_with_logits(x, 1.0), -1e4, 1e4, -1),
        (lambda x: ops.bce_with_logits(x, 1.0), 1e4, 0, 0),
        (lambda x: ops.logaddexp(x, 1e4), 1e4, 1e4 + math.log(2), 0.5),
        (lambda x: ops.logsumexp(ops.stack([x, x])), -1e4, math.log(2) - 1e4, 1),
        (lambda x: ops.softmax(ops.stack([x, x - 1]), dim=0)[1], 1e4, 1 / (1 + math.e), 0),
        (lambda x: ops.log_softmax(ops.stack([x, x * 0]), dim=0)[0], -1e4, -1e4, 1),
    ],
)
def test_limits_are_exact(f, x, value, slope):
    t = Tensor(np.float64(x), requires_grad=True)
    out = f(t)
    out.backward()
    assert out.item() == pytest.approx(value, rel=1e-12, abs=1e-300)
    assert t.grad.item() == pytest.approx(slope, rel=1e-9, abs=1e-12 * (slope == 0))


@pytest.mark.parametrize("name", KINKS)
def test_subgradients_at_kinks_are_the_documented_ones(name):
    f, inputs = at(lambda x: Tensor(np.array(x), requires_grad=True), name)
    with np.errstate(all="ignore"):
        f(autograd, *inputs).sum().backward()
    for found, expected in zip(inputs, KINKS[name][2], strict=True):
        np.testing.assert_allclose(found.grad.numpy(), expected, rtol=1e-12, atol=1e-15)


@examples(50)
@given(data=st.data())
def test_repeated_indices_add_up(data):
    n = data.draw(st.integers(1, 4))
    index = data.draw(integers(shapes(min_dims=1, max_side=5), 0, n))
    x = Tensor(np.arange(float(n)), requires_grad=True)
    x[index].sum().backward()
    np.testing.assert_array_equal(x.grad.numpy(), np.bincount(index.reshape(-1), minlength=n))

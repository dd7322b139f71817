"""Where formulas break down: subgradients at kinks, and values and gradients at very large and very small numbers."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd
import nn.functional as F
from autograd import Tensor, ops, tensor
from autograd.ops.elementwise import select
from autograd.testing import integers, shapes
from tests.properties.calls import examples
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
    x = tensor(LARGE.astype(dtype), requires_grad=True)
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
    t = tensor(np.float64(x), requires_grad=True)
    out = f(t)
    out.backward()
    assert out.item() == pytest.approx(value, rel=1e-12, abs=1e-300)
    assert t.grad.item() == pytest.approx(slope, rel=1e-9, abs=1e-12 * (slope == 0))


@pytest.mark.parametrize("name", KINKS)
def test_subgradients_at_kinks_are_the_documented_ones(name):
    f, inputs = at(lambda x: tensor(np.array(x), requires_grad=True), name)
    with np.errstate(all="ignore"):
        f(autograd, *inputs).sum().backward()
    for found, expected in zip(inputs, KINKS[name][2], strict=True):
        np.testing.assert_allclose(found.grad.numpy(), expected, rtol=1e-12, atol=1e-15)


@examples(50)
@given(data=st.data())
def test_repeated_indices_add_up(data):
    n = data.draw(st.integers(1, 4))
    index = data.draw(integers(shapes(min_dims=1, max_side=5), 0, n))
    x = tensor(np.arange(float(n)), requires_grad=True)
    x[index].sum().backward()
    np.testing.assert_array_equal(x.grad.numpy(), np.bincount(index.reshape(-1), minlength=n))


INF, NAN = math.inf, math.nan
MASKED = {  # name: a function that takes some elements of a vector and leaves others out, which elements it takes
    "relu": (ops.relu, [False, True, True]),
    "relu6": (lambda x: ops.hardtanh(x, min_val=0, max_val=6), [False, True, False]),
    "clamp": (lambda x: ops.clamp(x, 0, 6), [False, True, False]),
    "clamp by tensors": (lambda x: ops.clamp(x, Tensor([0.0] * 3), Tensor([6.0] * 3)), [False, True, False]),
    "maximum": (lambda x: ops.maximum(x, 0.5), [False, True, True]),
    "minimum": (lambda x: ops.minimum(x, 6.0), [True, True, False]),
    "fmax": (lambda x: ops.fmax(x, 0.5), [False, True, True]),
    "fmin": (lambda x: ops.fmin(x, 6.0), [True, True, False]),
    "amax": (ops.amax, [False, False, True]),
    "amin": (ops.amin, [True, False, False]),
    "where": (lambda x: ops.where(x > 0, x, 1.0), [False, True, True]),
    "where, the other branch": (lambda x: ops.where(x > 0, 1.0, x), [True, False, False]),
    "masked_fill": (lambda x: ops.masked_fill(x, x > 0, 1.0), [True, False, False]),
    "x to the 0 or 1": (lambda x: x ** Tensor([0.0, 1.0, 0.0]), [False, True, False]),
}


@pytest.mark.parametrize("create_graph", [False, True])
@pytest.mark.parametrize("upstream", [INF, NAN])
@pytest.mark.parametrize("name", MASKED)
def test_what_is_masked_out_has_the_gradient_0_even_of_inf_and_nan(name, upstream, create_graph):
    f, taken = MASKED[name]
    x = Tensor([-1.0, 4.0, 8.0], requires_grad=True)
    out = f(x)
    (g,) = autograd.grad(out, x, tensor(np.full(out.shape, upstream, np.float32)), create_graph=create_graph)
    np.testing.assert_array_equal(g.detach().numpy(), np.where(taken, upstream, 0))


def test_the_root_of_what_was_clamped_to_0_has_a_finite_gradient():
    for f in (ops.relu, lambda x: x.clamp(min=0), lambda x: ops.maximum(x, 0.0), lambda x: ops.where(x > 0, x, 0.0)):
        x = Tensor([-1.0, 4.0], requires_grad=True)
        with np.errstate(divide="ignore"):
            f(x).sqrt().sum().backward()
        assert x.grad.tolist() == [0, 0.25]


@pytest.mark.parametrize("shape", [(), (3,), (2, 0), (4, 5)])
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_select_is_where_for_every_dtype_and_memory_layout(shape, dtype):
    rng = np.random.default_rng(0)
    g = rng.choice([NAN, INF, -INF, 0.0, -0.0, 1.5, -2.5], shape).astype(dtype)
    condition = np.asarray(rng.random(shape) < 0.5)
    for a, b in ((g, condition), (g.T, condition.T), (g[..., None][..., ::-1], condition[..., None])):
        np.testing.assert_array_equal(select(b, a), np.where(b, a, 0).astype(dtype), strict=False)
        assert select(b, a).dtype == dtype


@pytest.mark.parametrize(
    "f",
    [
        ops.relu,
        lambda x: ops.leaky_relu(x, negative_slope=0.1),
        lambda x: F.relu6(x),
        lambda x: F.hardtanh(x),
        lambda x: F.nll_loss(x.view(1, 3), autograd.tensor([1])),
    ],
)
def test_second_derivatives_that_are_0_are_0_and_not_missing(f):
    x, w = Tensor([-1.0, 0.5, 8.0], requires_grad=True), Tensor([1.0, 1.0, 1.0], requires_grad=True)
    (g,) = autograd.grad(f(x + w).sum(), x, create_graph=True)
    for twice in autograd.grad(g.sum(), [x, w]):
        assert twice.tolist() == [0, 0, 0]
    f(x + w).sum().backward(create_graph=True)
    x.grad, g = None, x.grad
    w.grad = None
    g.sum().backward()
    assert x.grad.tolist() == w.grad.tolist() == [0, 0, 0]


@pytest.mark.parametrize("f", [lambda x: x // 2.0, lambda x: 2.0 // x, lambda x: x.norm(0), lambda x: x.norm(0, dim=0)])
def test_what_is_flat_keeps_a_gradient_of_0(f):
    x = Tensor([-1.0, 0.5, 8.0], requires_grad=True)
    (g,) = autograd.grad(f(x).sum(), x)
    assert g.tolist() == [0, 0, 0]


@pytest.mark.parametrize(
    "f",
    [
        lambda x: ops.sign(x)[1],
        lambda x: ops.median(x),
        lambda x: ops.median(x.view(1, 3), 1).values,
        lambda x: ops.amax(x),
        lambda x: ops.amin(x),
        lambda x: ops.max(x, 0).values,
        lambda x: ops.maximum(x, 0.0)[1],
        lambda x: ops.clamp(x, Tensor([0.0] * 3), Tensor([1.0] * 3))[1],
        lambda x: ops.clamp(Tensor([0.0] * 3), x, Tensor([1.0] * 3))[1],
        lambda x: ops.logaddexp(x, 0.0)[1],
        ops.logsumexp,
        ops.var,
        ops.norm,
    ],
)
def test_nan_is_not_swallowed(f):
    x = Tensor([1.0, NAN, 3.0], requires_grad=True)
    assert np.isnan(f(x).detach().numpy()).all()


@pytest.mark.parametrize("f", [ops.median, ops.amax, ops.amin, lambda x: ops.max(x, 0).values, ops.max])
def test_the_gradient_of_an_order_statistic_that_is_nan_is_the_nans(f):
    x = Tensor([1.0, NAN, 3.0], requires_grad=True)
    f(x).backward()
    assert x.grad.tolist() == [0, 1, 0]


@pytest.mark.parametrize("call", [np.fmax, np.fmin, ops.fmax, ops.fmin])
def test_fmax_and_fmin_take_the_number_beside_a_nan(call):
    x, y = Tensor([NAN, 1.0, NAN], requires_grad=True), Tensor([2.0, NAN, NAN], requires_grad=True)
    out = call(x, y)
    out.sum().backward()
    np.testing.assert_array_equal(out.detach().numpy(), [2, 1, NAN])
    assert (x.grad + y.grad).tolist() == [1, 1, 1]
    assert y.grad.tolist()[:2] == [1, 0]


@pytest.mark.parametrize("number", [1e8, 1e30, -1e30])
def test_equal_arguments_of_logaddexp_share_the_gradient_at_any_size(number):
    x, y = (tensor(np.float32([number]), requires_grad=True) for _ in range(2))
    ops.logaddexp(x, y).backward()
    assert x.grad.tolist() == y.grad.tolist() == [0.5]


@pytest.mark.parametrize("base", [INF, -INF, NAN, 0.0, 2.0])
def test_the_derivative_of_anything_to_the_0_is_0(base):
    x = Tensor([base], requires_grad=True)
    with np.errstate(all="ignore"):
        (x ** Tensor([0.0])).backward()
    assert x.grad.tolist() == [0]


def test_the_remainder_and_its_gradient_agree_where_the_quotient_is_rounded_up():
    x, y = tensor(np.array([1.0]), requires_grad=True), tensor(np.array([0.1]), requires_grad=True)
    out = ops.remainder(x, y)
    out.backward()
    assert out.item() == pytest.approx(1.0 + y.grad.item() * 0.1)

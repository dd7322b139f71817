import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd as ag
import nn
import nn.functional as F
from autograd.errors import ShapeError

seeds = st.integers(0, 2**32 - 1)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def softplus(x):
    return np.log1p(np.exp(x))


def softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


erf = np.vectorize(math.erf)
SLOPES = ag.tensor([0.1, -0.2, 0.3, 0.7], dtype=ag.float64)

FORMULAS = {
    "relu": (F.relu, lambda x: np.maximum(x, 0)),
    "leaky_relu": (lambda x: F.leaky_relu(x, 0.2), lambda x: np.where(x > 0, x, 0.2 * x)),
    "relu6": (F.relu6, lambda x: np.clip(x, 0, 6)),
    "hardtanh": (lambda x: F.hardtanh(x, -2, 3), lambda x: np.clip(x, -2, 3)),
    "elu": (lambda x: F.elu(x, 0.7), lambda x: np.where(x > 0, x, 0.7 * np.expm1(x))),
    "celu": (lambda x: F.celu(x, 0.7), lambda x: np.where(x > 0, x, 0.7 * np.expm1(x / 0.7))),
    "selu": (F.selu, lambda x: 1.0507009873554805 * np.where(x > 0, x, 1.6732632423543772 * np.expm1(x))),
    "gelu": (F.gelu, lambda x: x * (1 + erf(x / math.sqrt(2))) / 2),
    "gelu_tanh": (
        lambda x: F.gelu(x, approximate="tanh"),
        lambda x: x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))) / 2,
    ),
    "silu": (F.silu, lambda x: x * sigmoid(x)),
    "mish": (F.mish, lambda x: x * np.tanh(softplus(x))),
    "sigmoid": (F.sigmoid, sigmoid),
    "logsigmoid": (F.logsigmoid, lambda x: np.log(sigmoid(x))),
    "tanh": (F.tanh, np.tanh),
    "softplus": (F.softplus, softplus),
    "softplus_beta": (lambda x: F.softplus(x, 2.0), lambda x: softplus(2 * x) / 2),
    "softsign": (F.softsign, lambda x: x / (1 + np.abs(x))),
    "glu": (lambda x: F.glu(x), lambda x: x[..., :2] * sigmoid(x[..., 2:])),
    "softmax": (lambda x: F.softmax(x, -1), softmax),
    "log_softmax": (lambda x: F.log_softmax(x, dim=-1), lambda x: np.log(softmax(x))),
    "softmin": (lambda x: F.softmin(x, -1), lambda x: softmax(-x)),
    "rrelu": (lambda x: F.rrelu(x, 0.1, 0.3), lambda x: np.where(x > 0, x, 0.2 * x)),
    "prelu": (lambda x: F.prelu(x, SLOPES.to(x.dtype)), lambda x: np.where(x > 0, x, SLOPES.numpy() * x)),
    "prelu of one slope": (lambda x: F.prelu(x, SLOPES[:1].to(x.dtype)), lambda x: np.where(x > 0, x, 0.1 * x)),
    "threshold": (lambda x: F.threshold(x, 1.57, -4), lambda x: np.where(x > 1.57, x, -4)),
    "hardshrink": (lambda x: F.hardshrink(x, 1.57), lambda x: np.where(np.abs(x) > 1.57, x, 0)),
    "softshrink": (lambda x: F.softshrink(x, 1.57), lambda x: np.sign(x) * np.maximum(np.abs(x) - 1.57, 0)),
    "hardsigmoid": (F.hardsigmoid, lambda x: np.clip(x / 6 + 0.5, 0, 1)),
    "hardswish": (F.hardswish, lambda x: x * np.clip(x / 6 + 0.5, 0, 1)),
    "tanhshrink": (F.tanhshrink, lambda x: x - np.tanh(x)),
}


@pytest.mark.parametrize("name", FORMULAS)
@given(seed=seeds)
def test_value_equals_the_formula(name, seed):
    function, formula = FORMULAS[name]
    x = np.random.default_rng(seed).uniform(-8, 8, (3, 4))
    np.testing.assert_allclose(function(ag.tensor(x)).numpy(), formula(x), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name", FORMULAS)
def test_gradient_equals_finite_differences(name):
    function, _ = FORMULAS[name]
    x = np.random.default_rng(1).uniform(0.1, 5.5, (3, 4)) * np.array([1.0, -1.0, 1.0, -1.0])
    x[np.abs(np.abs(x) - 2) < 0.05] += 0.2  # away from the kinks of hardtanh
    x[np.abs(np.abs(x) - 3) < 0.05] += 0.2
    assert ag.gradcheck(function, (ag.tensor(x, requires_grad=True),))


@pytest.mark.parametrize("name", FORMULAS)
def test_float32_stays_float32(name):
    x = ag.randn(3, 4, requires_grad=True)
    out = FORMULAS[name][0](x)
    assert out.dtype == ag.float32
    out.sum().backward()
    assert x.grad.dtype == ag.float32


def test_relu6_and_hardtanh_have_no_gradient_on_their_ends():
    x = ag.tensor([0.0, 6.0, 3.0], requires_grad=True)
    F.relu6(x).sum().backward()
    assert x.grad.tolist() == [0.0, 0.0, 1.0]


@pytest.mark.parametrize("name", ["logsigmoid", "softmin", "mish", "celu", "selu", "softsign", "hardtanh", "glu"])
def test_what_is_made_of_ops_stays_finite_at_large_values(name):
    x = ag.tensor([[-1e4, 0.0, 1.0, 1e4]], requires_grad=True)
    out = FORMULAS[name][0](x)
    out.sum().backward()
    assert np.isfinite(out.detach().numpy()).all() and np.isfinite(x.grad.numpy()).all()


def test_softplus_is_the_input_above_the_threshold():
    assert F.softplus(ag.tensor([3.0]), threshold=2.0).item() == 3.0
    assert F.softplus(ag.tensor([1.0]), threshold=2.0).item() == pytest.approx(math.log1p(math.e))


def test_softmax_without_dim_warns_and_guesses():
    x = ag.randn(2, 3)
    with pytest.warns(UserWarning, match="dim=1"):
        np.testing.assert_array_equal(F.softmax(x).numpy(), F.softmax(x, 1).numpy())


def test_softmax_computes_in_the_dtype_asked_for():
    x = ag.randn(2, 3)
    assert F.softmax(x, -1, dtype=ag.float64).dtype == x.softmax(-1, dtype=ag.float64).dtype == ag.float64


def test_inplace_writes_into_the_input():
    x = ag.tensor([-1.0, 2.0])
    assert F.relu(x, inplace=True) is x and x.tolist() == [0.0, 2.0]
    w = ag.tensor([-1.0, 2.0], requires_grad=True)
    nn.ReLU(inplace=True)(w * 1).sum().backward()
    assert w.grad.tolist() == [0.0, 1.0]


def test_bad_settings_are_named():
    with pytest.raises(ValueError, match="approximate"):
        F.gelu(ag.ones(1), approximate="exact")
    with pytest.raises(ValueError, match=r"even.*\(2, 3\)"):
        F.glu(ag.ones(2, 3))
    with pytest.raises(ValueError, match="above max_val"):
        F.hardtanh(ag.ones(1), 2.0, 1.0)
    with pytest.raises(ValueError, match="Hardtanh: min_val must be below max_val, got 1.0 and 1.0"):
        nn.Hardtanh(1.0, 1.0)
    with pytest.raises(ValueError, match="0 <= lower <= upper <= 1 must hold, got 0.5 and 0.1"):
        F.rrelu(ag.ones(1), 0.5, 0.1)
    with pytest.raises(ValueError, match="softshrink: lambd must not be negative, got -1"):
        F.softshrink(ag.ones(1), -1)
    with pytest.raises(ShapeError, match=r"prelu: weight \(3,\) must hold one number, or one for each channel"):
        F.prelu(ag.ones(2, 4), ag.ones(3))
    with pytest.raises(ShapeError, match=r"Softmax2d needs \(N, C, H, W\) or \(C, H, W\), got \(2, 3\)"):
        nn.Softmax2d()(ag.ones(2, 3))


def test_slopes_are_drawn_between_their_bounds_in_training_alone():
    ag.manual_seed(0)
    x = ag.full((1000,), -1.0, requires_grad=True)
    layer = nn.RReLU(0.2, 0.6)
    out = layer(x)
    slopes = -out.detach().numpy()
    assert 0.2 <= slopes.min() < 0.22 and 0.58 < slopes.max() <= 0.6 and abs(slopes.mean() - 0.4) < 0.02
    out.sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), slopes, rtol=1e-6)
    np.testing.assert_allclose(layer.eval()(x).detach().numpy(), -0.4, rtol=1e-6)


@pytest.mark.parametrize("name", ["relu", "elu", "selu", "celu", "leaky_relu", "hardtanh", "rrelu", "threshold"])
def test_a_name_with_an_underscore_writes_into_the_input(name):
    settings = (1.0, -4.0) if name == "threshold" else ()
    x = ag.randn(3, 4)
    expected = getattr(F, name)(x, *settings)
    assert getattr(F, f"{name}_")(x, *settings) is x
    np.testing.assert_array_equal(x.numpy(), expected.numpy())


def test_the_slopes_of_a_layer_are_trained():
    layer = nn.PReLU(3, 0.5)
    x = -ag.ones(2, 3, 4)
    layer(x).sum().backward()
    assert layer.weight.tolist() == [0.5] * 3 and layer.weight.grad.tolist() == [-8.0] * 3
    assert repr(layer).startswith("PReLU(num_parameters=3)")


@given(seed=seeds)
def test_softmax_over_channels_adds_up_to_one_at_every_pixel(seed):
    x = ag.tensor(np.random.default_rng(seed).normal(size=(2, 3, 2, 4)))
    out = nn.Softmax2d()(x)
    np.testing.assert_allclose(out.numpy(), np.exp(x.numpy()) / np.exp(x.numpy()).sum(1, keepdims=True))
    np.testing.assert_array_equal(nn.Softmax2d()(x[0]).numpy(), out[0].numpy())


LAYERS = [
    (nn.ReLU(), F.relu, ""),
    (nn.LeakyReLU(0.2), FORMULAS["leaky_relu"][0], "negative_slope=0.2"),
    (nn.ELU(0.7), FORMULAS["elu"][0], "alpha=0.7"),
    (nn.GELU("tanh"), FORMULAS["gelu_tanh"][0], "approximate='tanh'"),
    (nn.SiLU(), F.silu, ""),
    (nn.Sigmoid(), F.sigmoid, ""),
    (nn.Tanh(), F.tanh, ""),
    (nn.Softplus(2.0), FORMULAS["softplus_beta"][0], "beta=2.0, threshold=20.0"),
    (nn.Softmax(-1), FORMULAS["softmax"][0], "dim=-1"),
    (nn.LogSoftmax(-1), FORMULAS["log_softmax"][0], "dim=-1"),
    (nn.Hardshrink(1.57), FORMULAS["hardshrink"][0], "1.57"),
    (nn.Softshrink(1.57), FORMULAS["softshrink"][0], "1.57"),
]


@pytest.mark.parametrize(("layer", "function", "shown"), LAYERS, ids=lambda v: type(v).__name__)
def test_the_layer_is_the_function(layer, function, shown):
    x = ag.randn(3, 4)
    np.testing.assert_array_equal(layer(x).numpy(), function(x).numpy())
    assert repr(layer) == f"{type(layer).__name__}({shown})"

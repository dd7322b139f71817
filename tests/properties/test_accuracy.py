"""How far the kernels' float32 and float16 are from the exact result, over random shapes and magnitudes.

Every forward and gradient is compared with a formula in float64. The bounds are in units of 2^-24, half a unit in the
last place of float32: so many for the operation itself, and as many more as its argument's rounding is magnified by
the function (an error of u in y is one of |y| u in e^y). In float16 the result is that of float32, rounded.
"""

import importlib.util
import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd as ag
import nn.functional as F
from autograd import kernels, ops
from autograd.tensor import Tensor
from tests.properties import certificates
from tests.properties.calls import examples

BACKENDS = ["numpy", "numba"] if importlib.util.find_spec("numba") else ["numpy"]
UNIT = 2.0**-24
TINY = 1e-35  # results that are smaller may be 0

seeds = st.integers(0, 2**32 - 1)
rows = st.integers(1, 6)
widths = st.sampled_from([1, 2, 3, 7, 16, 65, 300])
dtypes = st.sampled_from([np.float32, np.float32, np.float16])


@pytest.fixture(params=BACKENDS, scope="module", autouse=True)
def backend(request):
    before = kernels.backend().__name__
    kernels.use(request.param)
    yield
    kernels.use("numba" if before.endswith("numba_kernels") else "numpy")


def within(found, exact, units, rounded_to=np.float32):
    """Assert that `found` differs from `exact` by at most `units` times UNIT, and by rounding to the dtype."""
    found = np.asarray(found.detach().numpy() if isinstance(found, Tensor) else found)
    assert found.dtype == rounded_to
    assert found.shape == np.shape(exact)
    half = rounded_to == np.float16
    allowed = units * UNIT + TINY + half * (2.0**-11 * np.abs(exact) + 2.0**-24)
    wrong = ~(np.abs(found - exact) <= allowed)  # nan is wrong
    assert not wrong.any(), f"{found[wrong][:3]}, not {exact[wrong][:3]}: {(found - exact)[wrong][:3] / UNIT} units"


def forward_and_gradients(function, g, *arrays):
    """The result of `function`, and the gradients of the arrays for the upstream gradient g."""
    inputs = [Tensor(a, dtype=a.dtype, requires_grad=True) for a in arrays]
    out = function(*inputs)
    return out, *ag.grad(out, inputs, Tensor(g, dtype=g.dtype))


def exactly(*arrays):
    return [a.astype(np.float64) for a in arrays]


# The table ------------------------------------------------------------------------------------------------------------

# A family, and how many units in the last place its forwards and its gradients are off by, beyond what the rounding of
# the arguments costs. docs/accuracy.md has what was measured.
FAMILIES = {
    "arithmetic": (1, 8),
    "elementwise": (2, 2),
    "transcendental": (2, 4),
    "special": (10, 4),
    "activations": (2, 12),
    "neural": (2, 2),
    "fused": (3, 32),
}


def dtypes_of_kernels():
    """Numba's kernels are of float32; NumPy's are of both."""
    return [np.float32] if kernels.backend().__name__.endswith("numba_kernels") else [np.float32, np.float64]


@pytest.mark.parametrize("family", FAMILIES)
def test_elementwise_operations_and_their_rules_are_those_of_sympy(family):
    assert FAMILIES.keys() == certificates.FORMULAS.keys()
    for name, dtype in itertools.product(certificates.FORMULAS[family], dtypes_of_kernels()):
        for found in certificates.of_elements(family, name, dtype, 20):
            assert found.conditioned <= FAMILIES[family][found.what != "forward"], found


@pytest.mark.parametrize("name", certificates.FORMULAS["fused"])
def test_activations_in_float16_are_those_in_float32_rounded(name):
    for found in certificates.of_elements("fused", name, np.float16, 30):
        assert found.conditioned <= 1, found


@pytest.mark.parametrize("file", sorted(set(certificates.others().values())))
def test_other_operations_are_those_in_wider_floats(file):
    names = [name for name, own in certificates.others().items() if own == file]
    for name, dtype in itertools.product(names, dtypes_of_kernels()):
        for found in certificates.of_other(name, dtype, 4):
            assert found.units <= 16, found


@pytest.mark.filterwarnings("ignore:overflow:RuntimeWarning")  # of the formulas here
@pytest.mark.parametrize("name", ["gelu", "tanh gelu", "silu"])
def test_activations_keep_their_sign_in_both_tails(name):
    x = np.array([-3e38, -1e10, -1e4, -100, -16, -6, -1, -1e-30], np.float32)
    out, grad = forward_and_gradients(
        certificates.FORMULAS["fused"][name].function or ops.OPS[name].function, 0 * x + 1, x
    )
    assert np.signbit(out.detach().numpy()).all() and np.isfinite(out.detach().numpy()).all()
    assert np.isfinite(grad.numpy()).all() and (np.abs(grad.numpy()[x < -100]) == 0).all()


# Softmax and cross-entropy --------------------------------------------------------------------------------------------

OFFSETS = {np.float32: [0.0, 1.0, -1e4, 1e8, -1e8, 1e30], np.float16: [0.0, 1e3, -6e4]}


def draw_logits(rng, n, v, dtype):
    spread = rng.choice([0, 1e-3, 1, 30])
    return (rng.choice(OFFSETS[dtype]) + spread * rng.standard_normal((n, v))).astype(dtype)


def log_probabilities(logits):
    shifted = logits - logits.max(-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(-1, keepdims=True))


@examples(60)
@given(seed=seeds, n=rows, v=widths, dtype=dtypes)
def test_softmax_and_its_logarithm_are_accurate_at_any_offset(seed, n, v, dtype):
    rng = np.random.default_rng(seed)
    x, g = draw_logits(rng, n, v, dtype), rng.standard_normal((n, v)).astype(dtype)
    log_p, g64 = log_probabilities(*exactly(x)), *exactly(g)
    p = np.exp(log_p)
    magnified = 16 + 2 * np.abs(log_p)
    out, grad = forward_and_gradients(lambda x: F.log_softmax(x, -1), g, x)
    within(out, log_p, magnified, dtype)
    if dtype == np.float16:
        log_p = out.detach().numpy().astype(np.float64)  # what the gradient is computed from
        p, magnified = np.exp(log_p), 32 + 2 * np.abs(log_p)
    total = np.abs(g64).sum(-1, keepdims=True)
    within(grad, g64 - p * g64.sum(-1, keepdims=True), np.abs(g64) + magnified * p * total, dtype)
    log_p = log_probabilities(*exactly(x))
    out, grad = forward_and_gradients(lambda x: F.softmax(x, -1), g, x)
    within(out, np.exp(log_p), (16 + 2 * np.abs(log_p)) * np.exp(log_p), dtype)
    p = np.exp(log_p) if dtype == np.float32 else out.detach().numpy().astype(np.float64)
    magnified = (32 + 2 * np.abs(log_p)) * p * (np.abs(g64) + (p * np.abs(g64)).sum(-1, keepdims=True))
    magnified += p * (2 * np.abs(log_p) * p * np.abs(g64)).sum(-1, keepdims=True)
    within(grad, p * (g64 - (p * g64).sum(-1, keepdims=True)), magnified, dtype)


@examples(80)
@given(seed=seeds, n=rows, v=widths, dtype=dtypes, smoothing=st.sampled_from([0, 0.1, 1]), weighted=st.booleans())
def test_cross_entropy_is_accurate_at_any_offset(seed, n, v, dtype, smoothing, weighted):
    rng = np.random.default_rng(seed)
    x, g = draw_logits(rng, n, v, dtype), rng.uniform(0.5, 1, n).astype(dtype)
    target = np.where(rng.random(n) < 0.2, -100, rng.integers(0, v, n))
    weight = rng.uniform(0.5, 1, v).astype(dtype) if weighted else None

    def loss(x):
        w = None if weight is None else Tensor(weight, dtype=dtype)
        return F.cross_entropy(x, ag.as_tensor(target), w, label_smoothing=smoothing, reduction="none")

    log_p = log_probabilities(*exactly(x))
    wanted = smoothing / v + (1 - smoothing) * (target[:, None] == np.arange(v)) * (target != -100)[:, None]
    wanted = wanted * (target != -100)[:, None] * (1 if weight is None else exactly(weight)[0])
    out, grad = forward_and_gradients(loss, g, x)
    largest = 1 + np.abs(log_p).max(-1)
    coarse = 1 if dtype == np.float32 or not weighted else 2.0**13  # composed of operations in float16
    within(out, -(wanted * log_p).sum(-1), 32 * coarse * largest, dtype)
    exact = exactly(g)[0][:, None] * (np.exp(log_p) * wanted.sum(-1, keepdims=True) - wanted)
    within(grad, exact, 32 * coarse * (wanted + np.exp(log_p) * largest[:, None]), dtype)


def test_equal_logits_share_the_probability_however_large_they_are():
    logits = ag.full((3, 2), 1e8, requires_grad=True)
    target = ag.tensor([0, 1, 1])
    for loss in (F.cross_entropy(logits, target), F.nll_loss(F.log_softmax(logits, 1), target)):
        assert loss.item() == pytest.approx(math.log(2))
        np.testing.assert_allclose(ag.grad(loss, logits)[0].numpy(), np.array([[-1, 1], [1, -1], [1, -1]]) / 6)
    wide = ops.cross_entropy(ag.full((2, 200_000), 30.0).half(), np.array([0, 1]))
    assert wide.item() == pytest.approx(math.log(200_000), rel=1e-3)


def test_a_softmax_over_a_million_classes_loses_few_digits():
    x = np.full((1, 1_000_001), -2.3, np.float32)
    x[0, 0] = 0
    exact = log_probabilities(*exactly(x))
    within(F.log_softmax(ag.tensor(x), -1), exact, 40)
    within(F.softmax(ag.tensor(x), -1), np.exp(exact), 40 * np.exp(exact))
    within(F.cross_entropy(ag.tensor(x), ag.tensor([0]), reduction="none"), -exact[:, 0], 40)


# Normalisation --------------------------------------------------------------------------------------------------------


def normalised_gradients(g, weight, xhat, rstd, centred):
    """The gradients of x and weight, and bounds for them, for out = weight xhat and the upstream gradient g."""
    along = g * weight
    exact = along - xhat * (along * xhat).mean(-1, keepdims=True) - centred * along.mean(-1, keepdims=True)
    largest = np.abs(along).max(-1, keepdims=True) * (1 + np.abs(xhat).max(-1, keepdims=True)) ** 2
    return (rstd * exact, 64 * rstd * largest), ((g * xhat).sum(0), 64 * (np.abs(g) * (1 + np.abs(xhat))).sum(0))


@examples(80)
@given(seed=seeds, n=rows, c=widths, dtype=dtypes)
def test_layer_norm_is_accurate_at_any_offset(seed, n, c, dtype):
    rng = np.random.default_rng(seed)
    offset, spread = rng.choice(OFFSETS[dtype][:-1] if dtype == np.float32 else [0, 300, 3e4]), rng.choice([0, 1, 1e3])
    x = (offset + spread * rng.standard_normal((n, c))).astype(dtype)
    weight, bias, g = (rng.standard_normal(shape).astype(dtype) for shape in (c, c, (n, c)))
    x64, w64, b64, g64 = exactly(x, weight, bias, g)
    rstd = 1 / np.sqrt(x64.var(-1, keepdims=True) + 1e-5)
    xhat = (x64 - x64.mean(-1, keepdims=True)) * rstd
    out, g_x, g_weight, g_bias = forward_and_gradients(lambda x, w, b: F.layer_norm(x, (c,), w, b), g, x, weight, bias)
    largest = 1 + np.abs(xhat).max(-1, keepdims=True)
    within(out, xhat * w64 + b64, 16 * largest * np.abs(w64) + np.abs(b64), dtype)
    for found, (exact, units) in zip((g_x, g_weight), normalised_gradients(g64, w64, xhat, rstd, 1), strict=True):
        within(found, exact, units, dtype)
    within(g_bias, g64.sum(0), 8 * np.abs(g64).sum(0), dtype)


@pytest.mark.parametrize("value", [0.1, 1e4 + 0.1, 1e8, -3e20])
@pytest.mark.parametrize("width", [3, 100, 768, 1000])
def test_a_row_of_equal_numbers_is_normalised_to_0(value, width):
    x = ag.full((2, width), value)
    bias = ag.tensor(np.arange(width, dtype=np.float32))
    assert not F.layer_norm(x, (width,)).numpy().any()
    np.testing.assert_array_equal(F.layer_norm(x, (width,), bias + 1, bias).numpy(), np.stack([bias.numpy()] * 2))
    reference = ops.OPS["layer_norm"].reference
    assert not reference(x, None, None, eps=1e-5).numpy().any()


@examples(80)
@given(seed=seeds, n=rows, c=widths, dtype=dtypes)
def test_rms_norm_is_accurate_at_any_magnitude(seed, n, c, dtype):
    rng = np.random.default_rng(seed)
    magnitudes = [1e-3, 1, 300, 2e4] if dtype == np.float16 else [0, 1e-22, 1e-3, 1, 1e10, 1e25, 3e37]
    eps = rng.choice([1e-6, 1e-12])
    x = (rng.choice(magnitudes, (n, 1)) * np.clip(rng.standard_normal((n, c)), -3, 3)).astype(dtype)
    weight, g = (rng.standard_normal(shape).astype(dtype) for shape in (c, (n, c)))
    x64, w64, g64 = exactly(x, weight, g)
    rstd = 1 / np.sqrt((x64 * x64).mean(-1, keepdims=True) + eps)
    xhat = x64 * rstd
    out, g_x, g_weight = forward_and_gradients(lambda x, w: F.rms_norm(x, (c,), w, float(eps)), g, x, weight)
    within(out, xhat * w64, 16 * np.abs(xhat * w64), dtype)
    for found, (exact, units) in zip((g_x, g_weight), normalised_gradients(g64, w64, xhat, rstd, 0), strict=True):
        if dtype == np.float32 or np.abs(exact).max() < 6e4:
            within(found, exact, units, dtype)
    again = ops.OPS["rms_norm"].reference(Tensor(x.astype(np.float32)), None, eps=float(eps))
    within(again, xhat, 16 * np.abs(xhat))


# Attention ------------------------------------------------------------------------------------------------------------


def exact_attention(q, k, v, g, scale, seen):
    """The output and the gradients of q, k and v, and for each the sum of the terms without signs."""
    scores = np.where(seen, scale * q @ k.swapaxes(-1, -2), -np.inf)
    p = np.exp(scores - scores.max(-1, keepdims=True))
    p /= p.sum(-1, keepdims=True)
    found = []
    for (a, b, c, d), sign in (((q, k, v, g), -1), (map(np.abs, (q, k, v, g)), 1)):
        inner = d @ c.swapaxes(-1, -2)
        inner = scale * p * (inner + sign * (p * inner).sum(-1, keepdims=True))
        found.append((p @ c, inner @ b, inner.swapaxes(-1, -2) @ a, p.swapaxes(-1, -2) @ d))
    return zip(*found, strict=True)


@examples(80)
@given(
    seed=seeds,
    heads=st.sampled_from([(), (2,), (2, 3)]),
    t=st.sampled_from([1, 2, 5, 70]),
    more=st.sampled_from([0, 3]),
    size=st.sampled_from([0.25, 1, 4, 20, 40]),
    kind=st.sampled_from(["all", "causal", "mask"]),
    dtype=dtypes,
)
def test_attention_is_accurate_for_scores_of_any_size(seed, heads, t, more, size, kind, dtype):
    """q and k are small whole numbers and the scale is a power of 2, so that the scores, up to 10,000, are exact."""
    rng = np.random.default_rng(seed)
    s, scale = t + more, 0.25
    q, k = (rng.integers(-8, 9, (*heads, n, 16)) for n in (t, s))
    q, k = (size * q).astype(dtype), k.astype(dtype)
    v, g = (rng.standard_normal((*heads, n, 8)).astype(dtype) for n in (s, t))
    mask = (rng.random((t, s)) < 0.7) | (np.arange(s) == 0) if kind == "mask" else None
    seen = ops.causal_mask(t, s) if kind == "causal" else True if mask is None else mask
    found = forward_and_gradients(
        lambda q, k, v: ops.attention(q, k, v, mask, causal=kind == "causal", scale=scale), g, q, k, v
    )
    for a, (exact, terms) in zip(found, exact_attention(*exactly(q, k, v, g), scale, seen), strict=True):
        within(a, exact, 64 * terms, dtype)


# Sums over many rows --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("indices", [1, 3, 1000])
def test_the_gradient_of_an_embedding_adds_many_rows_with_few_digits_lost(indices):
    rng = np.random.default_rng(indices)
    index = rng.integers(0, indices, 300_000)
    g = rng.uniform(0.05, 0.15, (len(index), 3)).astype(np.float32)
    g[index == 0] = 0.1
    exact = np.zeros((indices + 1, 3))
    np.add.at(exact, index, g)
    weight = ag.zeros(indices + 1, 3, requires_grad=True)
    ops.embedding(weight, index).backward(Tensor(g))
    within(weight.grad, exact, 32 * exact)


def test_the_gradients_of_norms_weights_add_many_rows_with_few_digits_lost():
    x = np.tile(np.array([[0.3, -1.7, 2.1, 0.4]], np.float32), (300_000, 1))
    g = np.full_like(x, 0.1)
    weight, bias = ag.ones(4, requires_grad=True), ag.zeros(4, requires_grad=True)
    F.layer_norm(ag.tensor(x), (4,), weight, bias).backward(ag.tensor(g))
    one, total = x[0].astype(float), len(x) * float(g[0, 0])
    exact = total * (one - one.mean()) / np.sqrt(one.var() + 1e-5)
    within(weight.grad, exact, 40 * np.abs(exact).max())
    within(bias.grad, np.full(4, total), 20 * total)
    weight.grad = None
    F.rms_norm(ag.tensor(x), (4,), weight, 1e-6).backward(ag.tensor(g))
    exact = total * one / np.sqrt((one * one).mean() + 1e-6)
    within(weight.grad, exact, 40 * np.abs(exact).max())


def test_the_norm_of_all_gradients_adds_many_squares_with_few_digits_lost():
    x = np.full(5_000_000, 0.1, np.float32)
    assert kernels.squared_norm(x) == pytest.approx(5e6 * float(x[0]) ** 2, rel=2e-6)


@given(seed=seeds, n=rows, width=widths, offset=st.sampled_from([0.0, 1e4, 1e8, -1e8]))
@examples(20)
def test_the_gradient_of_logsumexp_is_softmax_at_any_offset(seed, n, width, offset):
    rng = np.random.default_rng(seed)
    x = (rng.normal(size=(n, width)) * 3 + offset).astype(np.float32)
    g = rng.normal(size=n).astype(np.float32)
    _, found = forward_and_gradients(lambda t: ag.logsumexp(t, 1), g, x)
    (wide, up) = exactly(x, g)
    e = np.exp(wide - wide.max(1, keepdims=True))
    exact = up[:, None] * e / e.sum(1, keepdims=True)
    within(found, exact, (16 + np.abs(wide - wide.max(1, keepdims=True))) * np.abs(exact))

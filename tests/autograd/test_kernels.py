"""The kernels in NumPy against formulas written out, and the choice between backends."""

import math
import os
import subprocess
import sys

import numpy as np
import pytest

from autograd import kernels
from autograd.kernels import numpy_attention
from autograd.kernels import numpy_kernels as K
from autograd.kernels.error_function import BLOCK, erf

DTYPES = [np.float16, np.float32, np.float64]


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.mark.parametrize(("dtype", "bound"), [(np.float64, 1e-15), (np.float32, 2e-7), (np.float16, 5e-4)])
def test_erf_is_within_its_bound_on_a_dense_grid(dtype, bound):
    x = np.concatenate([np.linspace(-7, 7, 40001), np.geomspace(1e-30, 1, 500)]).astype(dtype)
    expected = np.array([math.erf(v) for v in x.tolist()])
    found = erf(x)
    assert found.dtype == dtype
    assert np.abs(found - expected).max() <= bound


def test_erf_keeps_its_relative_accuracy_near_0():
    x = np.geomspace(1e-300, 1, 1000)
    assert np.allclose(erf(x), [math.erf(v) for v in x], rtol=5e-16, atol=0)


def test_erf_of_special_values():
    x = np.array([np.nan, np.inf, -np.inf, 0.0, -0.0, 1e30])
    found = erf(x)
    assert np.isnan(found[0])
    assert found[1:].tolist() == [1, -1, 0, 0, 1]
    assert np.signbit(found[4])


def test_elementwise_kernels_take_any_layout(rng):
    wide = rng.standard_normal((3, 5, BLOCK // 4)).astype(np.float32)
    for x in (wide, wide.T, wide[:, ::2], wide[0, 0, 0], wide[:0], np.broadcast_to(wide[:1], (2, 5, BLOCK // 4))):
        g = np.ones_like(x)
        for found in (K.gelu(x, True), K.gelu(x, False), K.silu(x), K.gelu_backward(g, x, False), erf(np.asarray(x))):
            assert found.shape == x.shape
        expected = x / (1 + np.exp(-x.astype(np.float64)))
        np.testing.assert_allclose(K.silu(np.asarray(x)), expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("tanh", [False, True])
def test_gelu_is_its_formula(dtype, tanh, rng):
    x = np.concatenate([3 * rng.standard_normal(300), [0, 9, -9, 100, -100]]).astype(dtype)
    z = x.astype(np.float64)
    inner = (
        np.tanh(math.sqrt(2 / math.pi) * (z + 0.044715 * z**3))
        if tanh
        else np.array([math.erf(v / math.sqrt(2)) for v in z])
    )
    found = K.gelu(x, tanh)
    assert found.dtype == dtype
    tolerance = {np.float16: 2e-3, np.float32: 1e-6, np.float64: 1e-14}[dtype]
    np.testing.assert_allclose(found, 0.5 * z * (1 + inner), rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("tanh", [False, True])
def test_the_slope_of_gelu_stays_finite_for_large_inputs(tanh):
    x = np.array([-1e4, -50, 50, 1e4], np.float32)
    np.testing.assert_array_equal(K.gelu_backward(np.ones_like(x), x, tanh), [0, 0, 1, 1])


@pytest.mark.parametrize("dtype", DTYPES)
def test_kernels_keep_the_dtype(dtype, rng):
    x, g = rng.standard_normal((2, 4, 6)).astype(dtype)
    w = np.ones(6, dtype)
    out, mean, rstd = K.layer_norm(x, w, w, 1e-5)
    rms, scale = K.rms_norm(x, w, 1e-5)
    target = np.array([0, 5, -100, 2])
    loss, *sums = K.cross_entropy(x, target, -100, 0.1)
    attended, *saved = K.attention(x, g, x, None, True, 0.5)
    found = [
        *(K.softmax(x, -1), K.log_softmax(x, 0), K.softmax_backward(g, x, -1), K.log_softmax_backward(g, x, 0)),
        *(out, K.layer_norm_backward(g, x, w, mean, rstd, (True, True, True))[0]),
        *(rms, K.rms_norm_backward(g, x, w, scale, (True, True))[0]),
        *(loss, K.cross_entropy_backward(loss, x, target, *sums, -100, 0.1)),
        *(attended, K.attention_backward(g, x, g, x, None, *saved, True, 0.5)[0]),
        K.embedding_backward(g, np.array([1, 1, 0, 3]), 5),
    ]
    assert {a.dtype for a in found} == {np.dtype(dtype)}


def test_softmax_of_one_number_and_of_nothing():
    assert K.softmax(np.array(3.0, np.float32), None) == 1
    assert K.log_softmax(np.array(3.0, np.float32), None) == 0
    assert K.softmax(np.zeros((2, 0), np.float32), -1).shape == (2, 0)


def test_a_row_of_minus_infinity_has_no_softmax():
    with np.errstate(invalid="ignore"):
        assert np.isnan(K.softmax(np.full((1, 3), -np.inf, np.float32), -1)).all()


def test_attention_in_pieces_equals_attention_in_one(rng, monkeypatch):
    q, k, v, g = rng.standard_normal((4, 3, 2, 8, 4)).astype(np.float32)
    mask = rng.random((3, 1, 8, 8)) > 0.3
    mask[0, 0, 2] = False
    results = []
    for cached in (1, 100, 1 << 20):
        monkeypatch.setattr(numpy_attention, "CACHED", cached)
        out, *saved = K.attention(q, k, v, mask, False, 0.5)
        results.append((out, *saved, *K.attention_backward(g, q, k, v, mask, *saved, False, 0.5)))
    for other in results[1:]:
        for a, b in zip(results[0], other, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)
    assert not results[0][0][0, :, 2].any()


def test_attention_keeps_the_layout_of_split_heads(rng):
    q, k, v = rng.standard_normal((2, 8, 3, 4, 5)).astype(np.float32).transpose(2, 0, 3, 1, 4)
    out, *saved = K.attention(q, k, v, None, True, 0.5)
    grads = K.attention_backward(out, q, k, v, None, *saved, True, 0.5)
    assert all(a.swapaxes(1, 2).flags.c_contiguous for a in (out, *grads))


@pytest.mark.parametrize("rows", [1, 2, K.FEW_ROWS, K.FEW_ROWS + 1])
def test_a_product_is_the_same_with_a_transposed_second_matrix(rows, rng):
    x, y = rng.standard_normal((rows, 9)).astype(np.float32), rng.standard_normal((9, 7)).astype(np.float32)
    exact = x.astype(np.float64) @ y.astype(np.float64)
    for second in (y, np.asfortranarray(y)):
        found = K.matmul(x, second)
        np.testing.assert_allclose(found, exact, rtol=1e-5, atol=1e-6)
        assert found.flags.c_contiguous


def test_use_chooses_the_backend():
    before = kernels.backend()
    try:
        assert kernels.use("numpy") is kernels.backend() is K
        assert all(getattr(kernels, name) is getattr(K, name, None) for name in kernels.KERNELS)
    finally:
        kernels.use(before.__name__.split(".")[-1].removesuffix("_kernels"))
    assert kernels.gelu is before.gelu
    with pytest.raises(RuntimeError, match="numpy or numba"):
        kernels.use("fortran")
    with pytest.raises(AttributeError, match="no kernel 'fortran'"):
        getattr(kernels, "fortran")  # noqa: B009


def test_without_numba_the_error_names_the_extra_and_numpy_serves(monkeypatch):
    before = kernels.backend()
    monkeypatch.setitem(sys.modules, "numba", None)
    with pytest.raises(ImportError, match=r'needs the package .numba.: pip install "chainrule\[fast\]"'):
        kernels.use("numba")
    assert kernels.backend() is before
    try:
        assert kernels.use("numpy") is K
    finally:
        monkeypatch.undo()
        kernels.use(before.__name__.split(".")[-1].removesuffix("_kernels"))


def test_the_environment_chooses_the_backend():
    program = "from autograd import kernels; print(kernels.softmax.__module__)"
    env = {**os.environ, "CHAINRULE_KERNELS": "numpy"}
    shown = subprocess.run([sys.executable, "-c", program], env=env, capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == K.__name__


@pytest.mark.parametrize("scale", [1e-30, 1e-18, 1.0, 1e18, 1e30])
@pytest.mark.parametrize("norm", [K.rms_norm, K.layer_norm])
def test_rows_are_normalised_whatever_their_size(rng, norm, scale):
    x = rng.normal(size=(4, 8)).astype(np.float32)
    nothing = (None,) if norm is K.rms_norm else (None, None)
    np.testing.assert_allclose(
        norm(x * np.float32(scale), *nothing, 0.0)[0], norm(x, *nothing, 0.0)[0], rtol=2e-5, atol=2e-6
    )

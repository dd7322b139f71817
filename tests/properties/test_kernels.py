"""Each Numba kernel against the NumPy kernel of its name, over random shapes, layouts and magnitudes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("numba", reason='the kernels by Numba need it: pip install "chainrule[fast]"')

from autograd import as_tensor, kernels, tensor  # noqa: E402
from autograd.kernels import blas, numba_attention, numba_products, threads  # noqa: E402
from autograd.kernels import numba_kernels as fast  # noqa: E402
from autograd.kernels import numpy_kernels as plain  # noqa: E402
from nn.optim import Adam  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")  # nan and inf are among the inputs
relaxed = settings(deadline=None, max_examples=60)

seeds = st.integers(0, 2**32 - 1)
rows = st.lists(st.integers(0, 5), min_size=0, max_size=2)
widths = st.sampled_from([1, 2, 3, 7, 8, 9, 31, 33, 64, 65, 130])
scales = st.sampled_from([1e-3, 1.0, 30.0])
layouts = st.sampled_from(["C", "F", "strided", "read-only"])


def draw(rng, shape, scale=1.0, layout="C"):
    """Random float32 in this layout."""
    x = (scale * rng.standard_normal(shape)).astype(np.float32)
    if layout == "F":
        return np.asfortranarray(x)
    if layout == "strided" and x.ndim:
        wide = np.empty((*x.shape[:-1], 2 * x.shape[-1]), np.float32)
        wide[..., ::2] = x
        return wide[..., ::2]
    if layout == "read-only":
        x.flags.writeable = False
    return x


def same(found, expected, tolerance=1e-5):
    """Equal to 1e-5 of the largest value, nan and inf in the same places, shapes and dtypes the same."""
    found, expected = (a if isinstance(a, tuple) else (a,) for a in (found, expected))
    assert len(found) == len(expected)
    for a, b in zip(found, expected, strict=True):
        if b is None:
            assert a is None
            continue
        assert a.shape == b.shape
        assert a.dtype == b.dtype
        finite = np.abs(b[np.isfinite(b)])
        np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance * max(1.0, finite.max(initial=0)))


@relaxed
@given(seeds, rows, widths, scales, layouts, st.booleans())
def test_activations(seed, batch, width, scale, layout, tanh):
    rng = np.random.default_rng(seed)
    x, g = draw(rng, (*batch, width), scale, layout), draw(rng, (*batch, width), 1, layout)
    same(fast.gelu(x, tanh), plain.gelu(x, tanh))
    same(fast.gelu_backward(g, x, tanh), plain.gelu_backward(g, x, tanh))
    same(fast.silu(x), plain.silu(x))
    same(fast.silu_backward(g, x), plain.silu_backward(g, x))


def test_activations_of_extreme_values():
    x = np.array([0, -0.0, 1e-30, -1e-30, 88, -88, 89, -89, 1e4, -1e4, np.nan], np.float32)
    g = np.ones_like(x)
    for tanh in (False, True):
        same(fast.gelu(x, tanh), plain.gelu(x, tanh))
        same(fast.gelu_backward(g, x, tanh), plain.gelu_backward(g, x, tanh))
    same(fast.silu(x), plain.silu(x))
    same(fast.silu_backward(g, x), plain.silu_backward(g, x))


@relaxed
@given(seeds, rows, widths, scales, layouts, st.floats(0, 1))
def test_softmax_and_its_logarithm(seed, batch, width, scale, layout, hidden):
    rng = np.random.default_rng(seed)
    x = draw(rng, (*batch, width), scale)
    x[rng.random(x.shape) < hidden] = -np.inf  # whole rows among them, where softmax is nan
    x = np.asfortranarray(x) if layout == "F" else x
    g = draw(rng, (*batch, width), 1, layout)
    for name in ("softmax", "log_softmax"):
        out = getattr(plain, name)(x, -1)
        same(getattr(fast, name)(x, -1), out)
        if np.isfinite(out).all():
            backward = name + "_backward"
            same(getattr(fast, backward)(g, out, -1), getattr(plain, backward)(g, out, -1))


@relaxed
@given(seeds, rows, widths, scales, layouts, st.booleans(), st.booleans(), st.tuples(*[st.booleans()] * 3))
def test_normalisation(seed, batch, width, scale, layout, weighted, biased, needs):
    rng = np.random.default_rng(seed)
    x, g = draw(rng, (*batch, width), scale, layout), draw(rng, (*batch, width), 1, layout)
    weight = draw(rng, width) if weighted else None
    bias = draw(rng, width) if biased else None
    eps = 1e-2  # a small one would magnify rounding where a row hardly varies
    out, mean, rstd = plain.layer_norm(x, weight, bias, eps)
    same(fast.layer_norm(x, weight, bias, eps), (out, mean, rstd))
    same(
        fast.layer_norm_backward(g, x, weight, mean, rstd, needs)[1:],
        plain.layer_norm_backward(g, x, weight, mean, rstd, needs)[1:],
        3e-5,
    )
    if needs[0]:
        same(
            fast.layer_norm_backward(g, x, weight, mean, rstd, needs)[0],
            plain.layer_norm_backward(g, x, weight, mean, rstd, needs)[0],
        )
    out, rstd = plain.rms_norm(x, weight, eps)
    same(fast.rms_norm(x, weight, eps), (out, rstd))
    needs = (True, needs[1])
    same(fast.rms_norm_backward(g, x, weight, rstd, needs), plain.rms_norm_backward(g, x, weight, rstd, needs), 3e-5)


@relaxed
@given(seeds, st.integers(0, 9), widths, scales, st.sampled_from([0.0, 0.1]), st.sampled_from(["i4", "i8"]))
def test_cross_entropy(seed, count, width, scale, smoothing, kind):
    rng = np.random.default_rng(seed)
    logits = draw(rng, (count, width), scale)
    target = rng.integers(0, width, count).astype(kind)
    target[rng.random(count) < 0.3] = -1
    loss, *sums = plain.cross_entropy(logits, target, -1, smoothing)
    same(fast.cross_entropy(logits, target, -1, smoothing), (loss, *sums))
    g = draw(rng, count)
    same(
        fast.cross_entropy_backward(g, logits, target, *sums, -1, smoothing),
        plain.cross_entropy_backward(g, logits, target, *sums, -1, smoothing),
    )


LIBRARIES = {"MKL": blas.mkl, "OpenBLAS": blas.openblas}


@pytest.fixture(params=LIBRARIES.values(), ids=LIBRARIES, scope="module")
def library(request):
    """The compiled kernels multiply by this library."""
    found = request.param()
    if not found:
        pytest.skip("this library is not here")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(numba_products, "mkl", lambda: found)
        patch.setattr(numba_attention, "fastest", lambda: found)
        patch.setattr(numba_products, "SMALL_PRODUCT", 1)
        yield found


def matrix(rng, batch, rows, columns, layout):
    """Random matrices (*batch, rows, columns) in memory by rows, by columns, with gaps, or all at one place."""
    if layout == "columns":
        return draw(rng, (*batch, columns, rows)).swapaxes(-1, -2)
    if layout == "gaps":
        return draw(rng, (*batch, rows, columns + 3))[..., 1:-2]
    if layout == "repeated":
        return np.broadcast_to(draw(rng, (columns,)), (*batch, rows, columns))
    return draw(rng, (*batch, rows, columns), 1, layout)


MATRICES = st.sampled_from(["C", "columns", "gaps", "strided", "repeated", "read-only"])
BATCHES = st.sampled_from(
    [((), ()), ((2,), (2,)), ((3, 2), (3, 2)), ((3, 1), (2,)), ((), (4,)), ((2, 1, 3, 2), (2, 3, 1, 1))]
)


@relaxed
@given(seeds, BATCHES, st.tuples(*[st.sampled_from([1, 2, 3, 16, 33, 70])] * 3), MATRICES, MATRICES)
def test_matrix_products(library, seed, batches, sizes, of_x, of_y):
    rng = np.random.default_rng(seed)
    n, k, m = sizes
    x, y = matrix(rng, batches[0], n, k, of_x), matrix(rng, batches[1], k, m, of_y)
    same(fast.matmul(x, y), np.matmul(x.astype(np.float64), y.astype(np.float64)).astype(np.float32))


@relaxed
@given(seeds, st.integers(0, 40), widths, widths, layouts, layouts, st.sampled_from([1, 1000]))
def test_products_with_a_weight_that_was_packed(seed, n, k, m, layout, weight_layout, rows):
    rng = np.random.default_rng(seed)
    x, weight = draw(rng, (n, k), 1, layout), draw(rng, (k, m), 1, weight_layout)
    expected = (x.astype(np.float64) @ weight).astype(np.float32)
    for found in (backend.prepacked(weight, rows)(x) for backend in (fast, plain)):
        same(found, expected)
        assert found.flags.c_contiguous


def test_products_of_nothing_are_those_of_numpy(library):
    for n, k, m in ((0, 2, 3), (2, 0, 3), (2, 3, 0)):
        np.testing.assert_array_equal(fast.matmul(*(np.ones(s, np.float32) for s in ((n, k), (k, m)))), k)
    np.testing.assert_array_equal(fast.matmul(np.ones(3, np.float32), np.ones((3, 2), np.float32)), [3, 3])


def test_a_product_has_the_same_bits_wherever_its_arrays_lie(library):
    rng = np.random.default_rng(0)
    x, y = draw(rng, (65, 130)), draw(rng, (130, 67))
    memory = np.empty((2, 130 * 130), np.float32)
    found = []
    for start in (0, 1, 4, 9):
        places = [row[start : start + a.size].reshape(a.shape) for row, a in zip(memory, (x, y), strict=True)]
        for place, a in zip(places, (x, y), strict=True):
            place[...] = a
        found.append(fast.matmul(*places))
    for other in found[1:]:
        np.testing.assert_array_equal(found[0], other)


@pytest.mark.parametrize("count", [1, 2])
def test_a_large_product_has_the_same_bits_each_time(library, count):
    x, y = (draw(np.random.default_rng(seed), (400, 400)) for seed in (0, 1))
    with blas.blas_threads(count):
        first = fast.matmul(x, y)
        for _ in range(4):
            np.testing.assert_array_equal(first, fast.matmul(x, y))


def split_heads(rng, shape, scale):
    """(B, H, T, D) as a view of (B, T, H, D), as models give it."""
    b, h, t, d = shape
    return draw(rng, (b, t, h, d), scale).swapaxes(1, 2)


def attended(kernels, q, k, v, g, mask=None, causal=True, scale=0.5):
    """The output of attention and the gradients of q, k and v."""
    out, *saved = kernels.attention(q, k, v, mask, causal, scale)
    return out, *kernels.attention_backward(g, q, k, v, mask, *saved, causal, scale)


@relaxed
@given(
    seeds,
    st.tuples(st.integers(0, 2), st.integers(1, 3)),
    st.sampled_from([1, 2, 5, 33, 64, 129, 200]),
    st.sampled_from([0, 1, 7]),
    st.sampled_from([1, 3, 8]),
    scales,
    st.booleans(),
)
def test_attention(library, seed, heads, t, more_keys, d, scale, causal):
    rng = np.random.default_rng(seed)
    s = t + more_keys
    arrays = [split_heads(rng, (*heads, n, d), 1) for n in (t, s, s, t)]
    exact = attended(plain, *[x.astype(np.float64) for x in arrays], causal=causal, scale=scale)
    exact = tuple(x.astype(np.float32) for x in exact)
    found = attended(fast, *arrays, causal=causal, scale=scale)
    # the rounding of the scores grows with the scale, and the gradients of q and k are multiplied by it once more
    large = max(1, scale)
    same(found[:1], exact[:1], 1e-5 * large)
    same(found[1:], exact[1:], 1e-5 * large**2)


@relaxed
@given(seeds, rows, st.integers(1, 70), st.sampled_from([1, 2, 8, 33]), MATRICES)
def test_rotary(seed, batch, t, half, layout):
    rng = np.random.default_rng(seed)
    x, cos, sin = matrix(rng, batch, t, 2 * half, layout), draw(rng, (t, half)), draw(rng, (t, half))
    same(fast.rotary(x, cos, sin), plain.rotary(x, cos, sin))
    first, second = x[..., :half], x[..., half:]
    same(plain.rotary(x, cos, sin), np.concatenate([first * cos - second * sin, first * sin + second * cos], -1))


def test_attention_where_queries_outnumber_keys():
    rng = np.random.default_rng(0)
    q, k = draw(rng, (1, 2, 150, 4)), draw(rng, (1, 2, 20, 4))
    found = attended(fast, q, k, k, q)
    same(found, attended(plain, q, k, k, q))
    assert not found[0][0, 0, :130].any()


@relaxed
@given(seeds, st.integers(0, 40), st.integers(1, 9), widths, layouts)
def test_embedding_backward(seed, count, vocabulary, width, layout):
    rng = np.random.default_rng(seed)
    g, index = draw(rng, (count, width), 1, layout), rng.integers(0, vocabulary, count)
    same(fast.embedding_backward(g, index, vocabulary), plain.embedding_backward(g, index, vocabulary))


@pytest.mark.parametrize("dtype", [np.float16, np.float64])
def test_other_dtypes_are_left_to_numpy(dtype):
    x = np.random.default_rng(0).standard_normal((4, 6)).astype(dtype)
    np.testing.assert_array_equal(fast.gelu(x, False), plain.gelu(x, False))
    np.testing.assert_array_equal(fast.softmax(x, -1), plain.softmax(x, -1))
    for a, b in zip(fast.layer_norm(x, None, None, 1e-5), plain.layer_norm(x, None, None, 1e-5), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
def test_softmax_over_another_dim_is_left_to_numpy(name):
    x = draw(np.random.default_rng(0), (3, 4, 5))
    for dim in (0, 1, -2, None):
        np.testing.assert_array_equal(getattr(fast, name)(x, dim), getattr(plain, name)(x, dim))


@pytest.mark.parametrize("setting", ["mask", "added mask", "negative scale", "keys of one batch for all"])
def test_attention_that_compiled_code_does_not_know_is_left_to_numpy(library, setting):
    rng = np.random.default_rng(0)
    q, k, v, g = (draw(rng, (2, 3, 5, 4)) for _ in range(4))
    masks = {"mask": rng.random((5, 5)) < 0.5, "added mask": draw(rng, (5, 5))}
    if setting == "keys of one batch for all":
        k, v = k[:1], v[:1]
    settings = {"mask": masks.get(setting), "scale": -0.5 if setting == "negative scale" else 0.5}
    same(attended(fast, q, k, v, g, **settings), attended(plain, q, k, v, g, **settings))


@pytest.mark.parametrize("shared", ["q", "k", "v", "g"])
@pytest.mark.parametrize("dim", [0, 1])
def test_attention_and_rotary_of_heads_that_are_one_array_expanded(library, shared, dim):
    rng = np.random.default_rng(0)
    arrays = {name: draw(rng, (2, 3, 5, 4)) for name in "qkvg"}
    arrays[shared] = np.broadcast_to(arrays[shared].take([0], dim), (2, 3, 5, 4))
    q, k, v, g = arrays.values()
    same(attended(fast, q, k, v, g), attended(plain, q, k, v, g))
    turns = draw(rng, (2, 5, 2))
    same(fast.rotary(arrays[shared], *turns), plain.rotary(arrays[shared], *turns))


def test_attention_with_dims_that_are_not_four_or_not_in_rows(library):
    rng = np.random.default_rng(0)
    for q in (
        draw(rng, (70, 4)),
        draw(rng, (2, 70, 4)),
        draw(rng, (2, 1, 3, 1, 70, 4)),
        draw(rng, (2, 4, 70)).swapaxes(1, 2),
    ):
        k, g = q + 1, q[::-1]
        same(attended(fast, q, k, q, g), attended(plain, q, k, q, g))


def test_the_same_bits_come_out_each_time():
    rng = np.random.default_rng(0)
    q, k, v = (split_heads(rng, (2, 3, 200, 8), 1) for _ in range(3))
    first = fast.attention(q, k, v, None, True, 0.3)
    for _ in range(3):
        again = fast.attention(q, k, v, None, True, 0.3)
        assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))


@pytest.fixture(scope="module")
def compiled():
    """Numba's kernels are in use."""
    before = kernels.backend()
    kernels.use("numba")
    yield
    kernels.use(before.__name__.split(".")[-1].removesuffix("_kernels"))


def run_adam(seed, shapes, dtype, steps, layout="C", **options):
    """The parameters and the state after some steps, and what the kernel answered in each, if it was asked."""
    rng = np.random.default_rng(seed)
    params = [tensor(draw(rng, shape, layout=layout).astype(dtype), requires_grad=True) for shape in shapes]
    optimizer, answers, kernel = Adam(params, lr=0.01, **options), [], kernels.adam
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kernels, "adam", lambda *args, **kwargs: answers.append(kernel(*args, **kwargs)) or answers[-1])
        for _ in range(steps):
            grads = [draw(rng, shape, layout=layout).astype(dtype) for shape in shapes]
            for param, grad in zip(params, grads, strict=True):
                param.grad = tensor(grad.copy()) if rng.random() < 0.8 else None
            optimizer.step()
            for param, grad in zip(params, grads, strict=True):
                if param.grad is not None:
                    np.testing.assert_array_equal(param.grad.numpy(), grad, "the gradient is not Adam's to change")
    states = [optimizer.state[param] for param in params]
    kept = [as_tensor(state[name]).array for state in states for name in sorted(state)]
    return [param.array for param in params] + kept, answers


options = st.fixed_dictionaries(
    {
        "betas": st.sampled_from([(0.9, 0.999), (0.5, 0.7), (0.0, 0.0)]),
        "eps": st.sampled_from([1e-8, 1e-3]),
        "weight_decay": st.sampled_from([0.0, 0.1]),
        "decoupled_weight_decay": st.booleans(),
        "amsgrad": st.booleans(),
        "maximize": st.booleans(),
    }
)
parameter_shapes = st.lists(st.sampled_from([(), (1,), (5,), (0, 3), (64,), (3, 7), (10, 100)]), min_size=1, max_size=4)


@relaxed
@given(seeds, parameter_shapes, st.integers(1, 4), layouts.filter(lambda name: name != "read-only"), options)
def test_steps_of_adam_equal_its_formula(compiled, seed, shapes, steps, layout, options):
    found, answers = run_adam(seed, shapes, np.float32, steps, layout, fused=True, **options)
    expected, unasked = run_adam(seed, shapes, np.float32, steps, layout, fused=False, **options)
    same(tuple(found), tuple(expected))
    assert not unasked and len(answers) == steps
    assert all(answers) or layout != "C"


@relaxed
@given(seeds, parameter_shapes, st.integers(1, 4), st.sampled_from([np.float16, np.float64]), options)
def test_steps_of_adam_in_other_dtypes_are_the_formula(compiled, seed, shapes, steps, dtype, options):
    found, answers = run_adam(seed, shapes, dtype, steps, fused=True, **options)
    expected, _ = run_adam(seed, shapes, dtype, steps, fused=False, **options)
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_array_equal(a, b)
    assert found[0].dtype == dtype and len(answers) == steps


def test_a_step_of_adam_on_several_threads_has_the_bits_of_one(compiled, monkeypatch):
    monkeypatch.setattr(fast, "GRAIN_SIZE", 100)
    found = []
    for count in (1, 2, 3):
        monkeypatch.setattr(threads, "thread_count", lambda count=count: count)
        arrays, answers = run_adam(0, [(3, 500), (7,), (900,)], np.float32, 2, weight_decay=0.1)
        found.append(arrays)
        assert answers == [True, True]
    for other in found[1:]:
        for a, b in zip(found[0], other, strict=True):
            np.testing.assert_array_equal(a, b)


@relaxed
@given(seeds, st.sampled_from([(1,), (4, 9), (300,)]))
def test_the_squared_norm(seed, shape):
    x = draw(np.random.default_rng(seed), shape)
    assert fast.squared_norm(x) == pytest.approx(plain.squared_norm(x), rel=1e-5)
    assert fast.squared_norm(x) == pytest.approx(np.sum(np.square(x, dtype=np.float64)), rel=1e-5)


@relaxed
@given(seeds, st.integers(0, 4), widths, scales, layouts)
def test_recurrent_steps(seed, batch, width, scale, layout):
    rng = np.random.default_rng(seed)
    h, c, g_h, g_c = (draw(rng, (batch, width), 1) for _ in range(4))
    for name, sums, state in (("lstm", 4, (h, c)), ("gru", 3, (h,))):
        x, product = (draw(rng, (batch, sums * width), scale, layout) for _ in range(2))
        found, expected = (
            (np.zeros((batch, 4 * width), np.float32), x, product, *[s.copy() for s in state]) for _ in range(2)
        )
        getattr(fast, f"{name}_step")(*found)
        getattr(plain, f"{name}_step")(*expected)
        same(found, expected)
        gates = expected[0]
        outs = [np.zeros_like(gates)] if name == "lstm" else [np.zeros((batch, 3 * width), np.float32) for _ in "xp"]
        found, expected = (
            (*[out.copy() for out in outs], *[g.copy() for g in (g_h, g_c)[: len(state)]], gates, state[-1])
            for _ in range(2)
        )
        getattr(fast, f"{name}_step_backward")(*found)
        getattr(plain, f"{name}_step_backward")(*expected)
        same(found, expected)

"""Numba's kernels for images against NumPy's, and the memory that NumPy's take."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

pytest.importorskip("numba", reason='the kernels by Numba need it: pip install "chainrule[fast]"')

from autograd.kernels import numba_kernels as fast  # noqa: E402
from autograd.kernels import numpy_kernels as plain  # noqa: E402
from autograd.planes import Steps, geometry, output_size  # noqa: E402

relaxed = settings(deadline=None, max_examples=100)


@st.composite
def geometries(draw):
    """Sizes of images and kernels, and the steps; images of several blocks among them."""
    dims = draw(st.integers(1, 3))
    each = lambda low, high: tuple(draw(st.integers(low, high)) for _ in range(dims))  # noqa: E731
    kernel, steps = each(1, 4), Steps(each(1, 3), each(0, 3), each(1, 2), draw(st.integers(1, 3)))
    least = [d * (k - 1) + 1 - 2 * p for k, d, p in zip(kernel, steps.dilation, steps.padding)]
    return tuple(max(n, m) for n, m in zip(each(1, 40 if dims < 3 else 9), least)), kernel, steps


SIDE_BY_SIDE = st.tuples(  # windows of 2 x 2, which have a loop of their own
    st.tuples(*[st.integers(2, 70)] * 2), st.just((2, 2)), st.just(Steps((2, 2), (0, 0), (1, 1), 1))
)


def images(rng, shape, transposed):
    x = rng.standard_normal(shape).astype(np.float32)
    return np.ascontiguousarray(x.swapaxes(0, 1)).swapaxes(0, 1) if transposed else x


@relaxed
@given(
    geometries(), st.integers(1, 70), st.integers(1, 3), st.integers(1, 10), st.booleans(), st.integers(0, 2**32 - 1)
)
def test_convolution(case, n, channels, rows, transposed, seed):
    size, kernel, steps = case
    groups, rng = steps.groups, np.random.default_rng(seed)
    n = n if np.prod(size) < 300 else n % 3 + 1
    at, to = geometry(size, kernel, steps)
    x = images(rng, (n, groups * channels, *size), transposed)
    weight = rng.standard_normal((groups, rows, channels, int(np.prod(kernel)))).astype(np.float32)
    bias = rng.standard_normal(groups * rows).astype(np.float32) if transposed else None
    shape = (n, groups * rows, *output_size(size, kernel, steps))
    outs = [np.full(shape, np.nan, np.float32) for _ in range(2)]
    for kernels, out in zip((fast, plain), outs):
        kernels.correlate(out, x, weight, bias, at, to)
    np.testing.assert_allclose(*outs, rtol=1e-4, atol=1e-4)
    g = images(rng, shape, transposed)
    found, expected = (kernels.correlate_weight(g, x, groups, at, to) for kernels in (fast, plain))
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4 * np.sqrt(g[:, 0].size))


@relaxed
@given(geometries() | SIDE_BY_SIDE, st.booleans(), st.booleans(), st.integers(0, 2**32 - 1))
def test_max_pooling(case, beyond, transposed, seed):
    size, kernel, steps = case
    steps = steps._replace(padding=tuple(min(p, k // 2) for p, k in zip(steps.padding, kernel)))
    places = output_size(size, kernel, steps)
    assume(min(places) > 0)
    if beyond and kernel == steps.stride:  # as with ceil_mode
        places = tuple(m + (m * s < n + p) for m, s, n, p in zip(places, steps.stride, size, steps.padding))
    rng = np.random.default_rng(seed)
    x = np.round(images(rng, (2, 3, *size), transposed), 1)  # with ties
    x[rng.random(x.shape) < 0.1] = rng.choice([np.nan, -np.inf, np.inf])
    found, expected = (kernels.max_pool(x, kernel, steps, places) for kernels in (fast, plain))
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_array_equal(a, b, strict=True)
    g = images(rng, found[0].shape, transposed)
    sums = [kernels.unpool(g, found[1], size) for kernels in (fast, plain)]
    np.testing.assert_allclose(*sums, rtol=1e-5, atol=1e-5)


@relaxed
@given(*[st.integers(1, 40)] * 3, *[st.booleans()] * 3, st.tuples(*[st.booleans()] * 3), st.integers(0, 2**32 - 1))
def test_batch_normalisation(n, c, length, weighted, biased, transposed, needs, seed):
    rng = np.random.default_rng(seed)
    x, g = (images(rng, (n, c, length), transposed) + 3 * level for level in (1, 0))
    weight, bias = (rng.standard_normal(c).astype(np.float32) if there else None for there in (weighted, biased))
    mean, var = plain.channel_statistics(x)
    for a, b in zip(fast.channel_statistics(x), (mean, var), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)
    eps = 1e-2  # a small one would magnify rounding where a channel hardly varies
    outs = [kernels.batch_norm(x, weight, bias, mean, var, eps) for kernels in (fast, plain)]
    grads = [k.batch_norm_backward(g, x, weight, mean, outs[0][1], needs) for k in (fast, plain)]
    for a, b in (*zip(*outs, strict=True), *zip(*grads, strict=True)):
        if b is None:
            assert a is None
        else:
            np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-4 * np.sqrt(n * length), strict=True)

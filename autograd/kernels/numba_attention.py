"""Attention in compiled code, matrix products included, for one head and one block of queries at a time.

Arrays are (B, H, T or S, D) with contiguous rows. With `causal`, query t attends to the keys up to t + S - T, and keys
that no query of a block attends to are skipped.
"""

import numpy as np
from numba import carray, float32, int64, njit, types

from autograd.kernels import numpy_attention
from autograd.kernels.blas import fastest
from autograd.kernels.numba_arrays import FLOAT32, all_supported, contiguous, four_dims
from autograd.kernels.numba_math import OPTIONS, exp, floats_at, inline, kernel, larger, minus, wide_vectors
from autograd.kernels.numba_products import product

INF, ZERO, ONE = float32(np.inf), float32(0), float32(1)
VECTOR = 16  # elements
BLOCK = 64  # queries at a time

_READ = types.Array(float32, 4, "A", readonly=True)
_WRITE = types.Array(float32, 4, "A")
_ROWS = types.Array(float32, 3, "C")
_SCRATCH = types.Array(float32, 1, "C")


def _kernel(*arguments):
    return njit([types.void(*arguments)], **OPTIONS)


@inline
def _hide(scores, r, seen):
    """Mask out row r behind its first `seen` scores, as far as whole vectors reach; return where these end."""
    width = scores.shape[1]
    n = min(max(seen, 0), width)
    used = min((n + VECTOR - 1) // VECTOR * VECTOR, width)
    for i in range(n, used):
        scores[r, i] = -INF
    return used


@kernel
def _softmax(scores, tops, shares, scale, seen, step):
    """Replace scores by their softmax, in row r over the first seen + r step of them.

    It is share e^(scale (score - top)): top, the maximum, and share are stored for each row.
    """
    wide_vectors()
    rows, width = scores.shape
    for r in range(rows):
        used = _hide(scores, r, seen + r * step)
        top = -INF
        for i in range(used):
            top = larger(top, scores[r, i])
        share = ZERO
        if top == -INF:
            used, top = 0, ZERO
        else:
            total = ZERO
            for i in range(used):
                e = exp(minus(scores[r, i], top) * scale)
                scores[r, i] = e
                total += e
            share = ONE / total
            for i in range(used):
                scores[r, i] *= share
        tops[r], shares[r] = top, share
        for i in range(used, width):
            scores[r, i] = ZERO


@kernel
def _softmax_backward(weights, inner, tops, shares, scale, seen, step):
    """Replace scores by their softmax, recomputed as it was, and `inner`, its gradient, by that of q k^T."""
    wide_vectors()
    rows, width = weights.shape
    for r in range(rows):
        used = _hide(weights, r, seen + r * step)
        along, top, share = ZERO, tops[r], shares[r]
        for i in range(used):
            w = exp(minus(weights[r, i], top) * scale) * share
            weights[r, i] = w
            along += w * inner[r, i]
        for i in range(used):
            inner[r, i] = weights[r, i] * minus(inner[r, i], along) * scale
        for i in range(used, width):
            weights[r, i] = ZERO
            inner[r, i] = ZERO


@_kernel(int64, _WRITE, _ROWS, _ROWS, _READ, _READ, _READ, float32, types.boolean, _SCRATCH, int64)
def _attention(sgemm, out, tops, shares, q, k, v, scale, causal, scratch, block):
    """out = softmax(scale q k^T) v, and the top and share of each row; `scratch` holds `block` rows of scores."""
    batch, heads, queries, _ = q.shape
    keys, step = k.shape[2], int64(causal)
    for b in range(batch):
        for h in range(heads):
            for start in range(0, queries, block):
                end = min(start + block, queries)
                seen = start + 1 + keys - queries if causal else keys  # by the first query of the block
                width = min(max(seen + (end - 1 - start) * step, 1), keys)
                scores = scratch[: (end - start) * width].reshape(end - start, width)
                product(sgemm, scores, q[b, h, start:end], k[b, h, :width].T, 0)
                _softmax(scores, tops[b, h, start:end], shares[b, h, start:end], scale, seen, step)
                product(sgemm, out[b, h, start:end], scores, v[b, h, :width], 0)


@_kernel(int64, *[_WRITE] * 3, *[_READ] * 4, _ROWS, _ROWS, float32, types.boolean, _SCRATCH, int64)
def _attention_backward(sgemm, g_q, g_k, g_v, g, q, k, v, tops, shares, scale, causal, scratch, block):
    """The gradients of q, k and v; the softmax is recomputed from its maximum and sum (Dao et al. 2022, section 3.1).

    The last block of queries comes first: it attends to all keys, so it initialises g_k and g_v, to which the others
    add. `scratch` has room for 2 `block` rows of scores.
    """
    batch, heads, queries, _ = q.shape
    keys, step = k.shape[2], int64(causal)
    for b in range(batch):
        for h in range(heads):
            for start in range((queries - 1) // block * block, -1, -block):
                end = min(start + block, queries)
                seen = start + 1 + keys - queries if causal else keys  # by the first query of the block
                width = min(max(seen + (end - 1 - start) * step, 1), keys)
                size = (end - start) * width
                weights = scratch[:size].reshape(end - start, width)
                inner = scratch[size : 2 * size].reshape(end - start, width)
                gs, qs, ks, vs = g[b, h, start:end], q[b, h, start:end], k[b, h, :width], v[b, h, :width]
                product(sgemm, weights, qs, ks.T, 0)
                product(sgemm, inner, gs, vs.T, 0)
                _softmax_backward(weights, inner, tops[b, h, start:end], shares[b, h, start:end], scale, seen, step)
                more = 0 if end == queries else 1
                product(sgemm, g_v[b, h, :width], weights.T, gs, more)
                product(sgemm, g_q[b, h, start:end], inner, ks, 0)
                product(sgemm, g_k[b, h, :width], inner.T, qs, more)


@inline
def _row(x, b, h, t):
    """A row of x as an array that the compiler knows to be contiguous, so that loops over it vectorise."""
    return carray(floats_at(x.ctypes.data + b * x.strides[0] + h * x.strides[1] + t * x.strides[2]), x.shape[3])


@_kernel(_WRITE, _READ, *[types.Array(float32, 2, "C", readonly=True)] * 2)
def _rotary(out, x, cos, sin):
    """Rotate features i and i + D/2 of position t by the angle of (t, i)."""
    half = x.shape[3] // 2
    for b in range(x.shape[0]):
        for h in range(x.shape[1]):
            for t in range(x.shape[2]):
                turned, row = _row(out, b, h, t), _row(x, b, h, t)
                for i in range(half):
                    turned[i] = row[i] * cos[t, i] - row[half + i] * sin[t, i]
                    turned[half + i] = row[i] * sin[t, i] + row[half + i] * cos[t, i]


# The kernels ----------------------------------------------------------------------------------------------------------


def _has_contiguous_rows(x):
    row_stride, stride = x.strides[-2:]
    return stride == 4 <= 4 * x.shape[-1] <= row_stride


def _with_contiguous_rows(x):
    """x as an array of four dims whose rows are contiguous, copied only if they are not."""
    return four_dims(x if _has_contiguous_rows(x) else np.array(x, order="C"))


def _empty_like(x, width):
    """An empty array (..., width) with contiguous rows and its dims in memory in the order of x's, where x has such an
    order: an expanded x has not."""
    out = np.empty_like(x, shape=(*x.shape[:-1], width))
    return out if _has_contiguous_rows(out) else np.empty(out.shape, FLOAT32)


def _supports_attention(q, k, v, mask, scale):
    same = q.shape[:-2] == k.shape[:-2] == v.shape[:-2]
    return mask is None and scale > 0 and same and all_supported(q, k, v) and fastest() is not None


def attention(q, k, v, mask, causal, scale):
    if not _supports_attention(q, k, v, mask, scale):
        return numpy_attention.attention(q, k, v, mask, causal, scale)
    shape = q.shape[:-1]
    q, k, v = (_with_contiguous_rows(x) for x in (q, k, v))
    out = _empty_like(q, v.shape[-1])
    top, share = np.empty((2, *q.shape[:-1]), FLOAT32)
    scratch = np.empty(min(BLOCK, q.shape[-2]) * k.shape[-2], FLOAT32)
    _attention(fastest().sgemm, out, top, share, q, k, v, np.float32(scale), causal, scratch, BLOCK)
    return out.reshape(*shape, out.shape[-1]), top.reshape(*shape, 1), share.reshape(*shape, 1)


def attention_backward(g, q, k, v, mask, top, share, causal, scale):
    if not _supports_attention(q, k, v, mask, scale):
        return numpy_attention.attention_backward(g, q, k, v, mask, top, share, causal, scale)
    shapes = q.shape, k.shape, v.shape
    g, q, k, v = (_with_contiguous_rows(x) for x in (g, q, k, v))
    grads = [_empty_like(x, x.shape[-1]) for x in (q, k, v)]
    top, share = (contiguous(a).reshape(q.shape[:-1]) for a in (top, share))
    scratch = np.empty(2 * min(BLOCK, q.shape[-2]) * k.shape[-2], FLOAT32)
    arrays = (*grads, g, q, k, v, top, share)
    _attention_backward(fastest().sgemm, *arrays, np.float32(scale), causal, scratch, BLOCK)
    return tuple(x.reshape(shape) for x, shape in zip(grads, shapes))


def rotary(x, cos, sin):
    if not all_supported(x, cos, sin):
        return numpy_attention.rotary(x, cos, sin)
    rows = _with_contiguous_rows(x)
    out = _empty_like(rows, rows.shape[-1])
    _rotary(out, rows, contiguous(cos), contiguous(sin))
    return out.reshape(x.shape)

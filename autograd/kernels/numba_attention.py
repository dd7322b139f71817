"""Attention in compiled code, matrix products included, for one head and one block of queries at a time.

Arrays are (B, H, T or S, D) with contiguous rows. With `causal`, query t attends to the keys up to t + S - T, and keys
that no query of a block attends to are skipped.
"""

import numpy as np
from numba import carray, float32, int64, njit, types

from autograd.kernels.numba_math import OPTIONS, exp, floats_at, inline, kernel, larger, minus, wide_vectors
from autograd.kernels.numba_products import product

INF, ZERO, ONE = float32(np.inf), float32(0), float32(1)
VECTOR = 16  # elements

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
def attention(sgemm, out, tops, shares, q, k, v, scale, causal, scratch, block):
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
def attention_backward(sgemm, g_q, g_k, g_v, g, q, k, v, tops, shares, scale, causal, scratch, block):
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
def rotary(out, x, cos, sin):
    """Rotate features i and i + D/2 of position t by the angle of (t, i)."""
    half = x.shape[3] // 2
    for b in range(x.shape[0]):
        for h in range(x.shape[1]):
            for t in range(x.shape[2]):
                turned, row = _row(out, b, h, t), _row(x, b, h, t)
                for i in range(half):
                    turned[i] = row[i] * cos[t, i] - row[half + i] * sin[t, i]
                    turned[half + i] = row[i] * sin[t, i] + row[half + i] * cos[t, i]

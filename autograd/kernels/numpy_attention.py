"""Attention in plain NumPy, one block of the scores at a time, and the rotary embedding of queries and keys."""

import math

import numpy as np

from autograd.kernels.half_precision import in_float32

CACHED = 1 << 17  # elements of a block of scores, so that it stays in the cache


def _pieces(shape):
    """Indices that cut scores of the shape (..., T, S) along the batch dims into blocks that fit into the cache."""
    inner, cut = math.prod(shape[-2:]), len(shape) - 2
    while cut and inner * shape[cut - 1] <= CACHED:
        cut -= 1
        inner *= shape[cut]
    if not cut:
        yield ()
        return
    step = max(1, CACHED // max(inner, 1))
    for outer in np.ndindex(*shape[: cut - 1]):
        for start in range(0, shape[cut - 1], step):
            yield *outer, slice(start, start + step)


def _batched(x, batch):
    return x if x is None or x.shape[:-2] == batch else np.broadcast_to(x, (*batch, *x.shape[-2:]))


def _like(x, shape):
    """An empty array of this shape with its dims in memory in the order of x's, so that merging heads needs no copy."""
    return np.empty_like(x, shape=shape) if x.ndim == len(shape) else np.empty(shape, x.dtype)


def _scores(q, k, mask, hidden, scale):
    scores = q @ np.swapaxes(k, -1, -2)
    scores *= scale
    if hidden is not None:
        np.copyto(scores, -np.inf, where=hidden)
    if mask is not None:
        if mask.dtype == bool:
            np.copyto(scores, -np.inf, where=~mask)
        else:
            scores += mask
    return scores


def _attention_setting(q, k, v, mask, causal):
    """The batch dims, q, k, v and mask broadcast to them, and where the causal mask hides scores (T, S)."""
    t, s = q.shape[-2], k.shape[-2]
    batch = np.broadcast_shapes(q.shape[:-2], k.shape[:-2], v.shape[:-2], () if mask is None else mask.shape[:-2])
    hidden = ~np.tri(t, s, s - t, dtype=bool) if causal else None
    if mask is not None:
        mask = np.broadcast_to(mask, (*batch, t, s))
    return batch, _batched(q, batch), _batched(k, batch), _batched(v, batch), mask, hidden


@in_float32
def attention(q, k, v, mask, causal, scale):
    """(softmax(scale q k^T + mask) v, top, share) for q (..., T, D), k (..., S, D), v (..., S, E).

    In each row of scores, the softmax is share e^(score - top); top is their maximum. A row that is masked out entirely
    gives zeros. With `causal`, query t attends to the keys up to t + S - T.
    """
    batch, qs, ks, vs, mask, hidden = _attention_setting(q, k, v, mask, causal)
    t, s = q.shape[-2], k.shape[-2]
    out = _like(q, (*batch, t, v.shape[-1]))
    top, share = np.empty((2, *batch, t, 1), q.dtype)
    for i in _pieces((*batch, t, s)):
        scores = _scores(qs[i], ks[i], None if mask is None else mask[i], hidden, scale)
        largest = np.max(scores, axis=-1, keepdims=True, initial=-np.inf, out=top[i])
        largest[largest == -np.inf] = 0
        scores -= largest
        np.exp(scores, out=scores)
        total = np.sum(scores, axis=-1, keepdims=True)
        np.matmul(scores, vs[i], out=out[i])
        np.divide(total != 0, np.where(total == 0, 1, total), out=share[i])
        out[i] *= share[i]
    return out, top, share


@in_float32
def attention_backward(g, q, k, v, mask, top, share, causal, scale):
    """The gradients of q, k and v; the softmax is recomputed from `top` and `share` (Dao et al. 2022, section 3.1)."""
    batch, qs, ks, vs, mask, hidden = _attention_setting(q, k, v, mask, causal)
    g_q, g_k, g_v = (_like(x, (*batch, *x.shape[-2:])) for x in (q, k, v))
    for i in _pieces((*batch, q.shape[-2], k.shape[-2])):
        weights = _scores(qs[i], ks[i], None if mask is None else mask[i], hidden, scale)
        weights -= top[i]
        np.exp(weights, out=weights)
        gs = g[i] * share[i]  # in the place of weights * share: it has fewer elements
        np.matmul(np.swapaxes(weights, -1, -2), gs, out=g_v[i])
        inner = gs @ np.swapaxes(vs[i], -1, -2)
        inner -= np.vecdot(weights, inner)[..., None] * share[i]
        inner *= weights
        inner *= scale
        np.matmul(inner, ks[i], out=g_q[i])
        np.matmul(np.swapaxes(inner, -1, -2), qs[i], out=g_k[i])
    return g_q, g_k, g_v


def rotary(x, cos, sin):
    """Each pair of features i and i + D/2 of x (..., T, D) rotated by its angle, of which cos and sin are (T, D/2)."""
    half = x.shape[-1] // 2
    out = np.empty_like(x)
    for place, a, b, sign in ((out[..., :half], cos, sin, np.subtract), (out[..., half:], sin, cos, np.add)):
        np.multiply(x[..., :half], a, out=place)
        sign(place, x[..., half:] * b, out=place)
    return out

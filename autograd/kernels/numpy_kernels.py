"""The kernels in plain NumPy: arrays in, arrays out, the dtype kept. A `_backward` takes the upstream gradient."""

from __future__ import annotations

import math

import numpy as np

SQRT_HALF = math.sqrt(0.5)
SQRT_2_OVER_PI = math.sqrt(2 / math.pi)
GELU_CUBIC = 0.044715

_erf = np.vectorize(math.erf, otypes=[np.float64])


def erf(x):
    """The error function."""
    return _erf(x).astype(x.dtype)


def gelu(x, tanh):
    """x Phi(x), or its tanh approximation (Hendrycks and Gimpel 2016, section 2)."""
    if tanh:
        return 0.5 * x * (1 + np.tanh(SQRT_2_OVER_PI * (x + GELU_CUBIC * x * x * x)))
    return 0.5 * x * (1 + erf(x * SQRT_HALF))


def gelu_backward(g, x, tanh):
    """The gradient of gelu's input."""
    if tanh:
        t = np.tanh(SQRT_2_OVER_PI * (x + GELU_CUBIC * x * x * x))
        return g * (0.5 * (1 + t) + 0.5 * x * (1 - t * t) * (SQRT_2_OVER_PI * (1 + 3 * GELU_CUBIC * x * x)))
    density = np.exp(-0.5 * x * x) * (1 / math.sqrt(2 * math.pi))
    return g * (0.5 * (1 + erf(x * SQRT_HALF)) + x * density)


def _sigmoid(x):
    e = np.exp(-np.abs(x))
    return np.where(x >= 0, 1, e) / (1 + e)


def silu(x):
    """x sigmoid(x)."""
    return x * _sigmoid(x)


def silu_backward(g, x):
    """The gradient of silu's input."""
    s = _sigmoid(x)
    return g * (s * (1 + x * (1 - s)))


def softmax(x, dim):
    """e^x over its sum along dim, the maximum taken out first; a slice of only -inf gives nan, as torch's."""
    e = x - np.max(x, axis=dim, keepdims=True)
    np.exp(e, out=e)
    e /= np.sum(e, axis=dim, keepdims=True)
    return e


def softmax_backward(g, out, dim):
    """The gradient of softmax's input: out (g - <g, out>)."""
    return out * (g - np.sum(g * out, axis=dim, keepdims=True))


def log_softmax(x, dim):
    """x - logsumexp(x) along dim."""
    shifted = x - np.max(x, axis=dim, keepdims=True)
    return shifted - np.log(np.sum(np.exp(shifted), axis=dim, keepdims=True))


def log_softmax_backward(g, out, dim):
    """The gradient of log_softmax's input: g - softmax sum(g)."""
    return g - np.exp(out) * np.sum(g, axis=dim, keepdims=True)


def layer_norm(x, weight, bias, eps):
    """(out, mean, rstd) of x (..., C) normalised over the last dim, then scaled and shifted (either may be None)."""
    mean = np.mean(x, axis=-1, keepdims=True)
    out = x - mean
    rstd = 1 / np.sqrt(np.mean(out * out, axis=-1, keepdims=True) + eps)
    out *= rstd
    if weight is not None:
        out *= weight
    if bias is not None:
        out += bias
    return out, mean, rstd


def layer_norm_backward(g, x, weight, mean, rstd, needs):
    """The gradients of x, weight and bias (None where `needs` is false): docs/derivations.md has the derivation."""
    xhat = (x - mean) * rstd
    rows = tuple(range(x.ndim - 1))
    g_weight = np.sum(g * xhat, axis=rows) if needs[1] else None
    g_bias = np.sum(g, axis=rows) if needs[2] else None
    g_x = None
    if needs[0]:
        gw = g if weight is None else g * weight
        g_x = gw - np.mean(gw, axis=-1, keepdims=True) - xhat * np.mean(gw * xhat, axis=-1, keepdims=True)
        g_x *= rstd
    return g_x, g_weight, g_bias


def rms_norm(x, weight, eps):
    """(out, rstd) of x (..., C) over the root of the mean of its squares along the last dim, then scaled."""
    rstd = 1 / np.sqrt(np.mean(x * x, axis=-1, keepdims=True) + eps)
    out = x * rstd
    if weight is not None:
        out *= weight
    return out, rstd


def rms_norm_backward(g, x, weight, rstd, needs):
    """The gradients of x and weight (None where `needs` is false)."""
    xhat = x * rstd
    g_weight = np.sum(g * xhat, axis=tuple(range(x.ndim - 1))) if needs[1] else None
    g_x = None
    if needs[0]:
        gw = g if weight is None else g * weight
        g_x = rstd * (gw - xhat * np.mean(gw * xhat, axis=-1, keepdims=True))
    return g_x, g_weight


def cross_entropy(logits, target, ignore_index, label_smoothing):
    """(loss a row, logsumexp a row) of logits (N, V) and int targets (N,); rows of `ignore_index` lose 0."""
    top = np.max(logits, axis=-1, keepdims=True)
    total = (np.log(np.sum(np.exp(logits - top), axis=-1, keepdims=True)) + top)[:, 0]
    kept = target != ignore_index
    rows = np.arange(len(target))
    loss = total - logits[rows, np.where(kept, target, 0)]
    if label_smoothing:
        loss = (1 - label_smoothing) * loss + label_smoothing * (total - np.mean(logits, axis=-1))
    return np.where(kept, loss, 0).astype(logits.dtype, copy=False), total


def cross_entropy_backward(g, logits, target, total, ignore_index, label_smoothing):
    """The gradient of the logits: g (softmax - (1 - s) onehot - s / V)."""
    kept = target != ignore_index
    out = np.exp(logits - total[:, None])
    out[np.arange(len(target)), np.where(kept, target, 0)] -= 1 - label_smoothing
    if label_smoothing:
        out -= label_smoothing / logits.shape[-1]
    out *= np.where(kept, g, 0)[:, None]
    return out


def _scores(q, k, mask, causal, scale):
    scores = q @ np.swapaxes(k, -1, -2)
    scores *= scale
    if causal:
        t, s = scores.shape[-2:]
        scores[..., ~np.tri(t, s, s - t, dtype=bool)] = -np.inf
    if mask is not None:
        scores = np.where(mask, scores, -np.inf) if mask.dtype == bool else scores + mask
    return scores


def attention(q, k, v, mask, causal, scale):
    """(softmax(scale q k^T + mask) v, logsumexp a row) for q (..., T, D), k (..., S, D), v (..., S, E).

    A row in which everything is masked gives zeros. With `causal`, query t sees the keys up to t + S - T.
    """
    scores = _scores(q, k, mask, causal, scale)
    top = np.max(scores, axis=-1, keepdims=True)
    top = np.where(np.isfinite(top), top, 0)
    scores -= top
    np.exp(scores, out=scores)
    total = np.sum(scores, axis=-1, keepdims=True)
    empty = total == 0
    scores /= np.where(empty, 1, total)
    lse = np.where(empty, np.inf, np.log(np.where(empty, 1, total)) + top).astype(q.dtype, copy=False)
    return scores @ v, lse[..., 0]


def attention_backward(g, q, k, v, mask, out, lse, causal, scale):
    """The gradients of q, k and v; the weights are computed again from the logsumexp (Dao et al. 2022, section 3.1)."""
    weights = np.exp(_scores(q, k, mask, causal, scale) - lse[..., None])
    g_v = np.swapaxes(weights, -1, -2) @ g
    g_weights = g @ np.swapaxes(v, -1, -2)
    g_weights -= np.sum(g * out, axis=-1, keepdims=True)
    g_weights *= weights
    g_weights *= scale
    return g_weights @ k, np.swapaxes(g_weights, -1, -2) @ q, g_v


def add_rows(g, index, rows):
    """Zeros (rows, C) with each row of g (N, C) added at index (N,): the gradient of taking rows."""
    order = np.argsort(index, kind="stable")
    sorted_index = index[order]
    starts = np.flatnonzero(np.diff(sorted_index, prepend=-1))
    out = np.zeros((rows, g.shape[-1]), g.dtype)
    if len(starts):
        out[sorted_index[starts]] = np.add.reduceat(g[order], starts, axis=0)
    return out

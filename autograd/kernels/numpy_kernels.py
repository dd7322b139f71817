"""The kernels in plain NumPy, for arrays of any floating-point dtype, which the results have too.

A `_backward` takes the upstream gradient first. Kernels make few temporaries: the elementwise ones work on blocks that
fit into the cache, the others in place.
"""

import numpy as np

from autograd.kernels.blas import blas_threads
from autograd.kernels.error_function import erf
from autograd.kernels.half_precision import in_float32
from autograd.kernels.numpy_activations import gelu, gelu_backward, silu, silu_backward
from autograd.kernels.numpy_attention import attention, attention_backward, rotary
from autograd.kernels.numpy_convolution import correlate, correlate_weight
from autograd.kernels.numpy_images import batch_norm, batch_norm_backward, channel_statistics, max_pool, unpool
from autograd.kernels.numpy_recurrent import gru_step, gru_step_backward, lstm_step, lstm_step_backward
from autograd.kernels.threads import parallel_for, parallel_map, thread_count
from autograd.summation import sum_over

CACHED = 1 << 17  # elements of logits that are worked on at a time


def _shifted(x, dim):
    return np.subtract(x, np.max(x, axis=dim, keepdims=True, initial=-np.inf), out=np.empty_like(x))


@in_float32
def softmax(x, dim):
    """e^x / sum(e^x) along dim, computed from x - max(x); a slice that is -inf throughout gives nan, as in torch."""
    e = _shifted(x, dim)
    np.exp(e, out=e)
    e /= np.sum(e, axis=dim, keepdims=True)
    return e


@in_float32
def softmax_backward(g, out, dim):
    """The gradient of softmax's input: out (g - <g, out>)."""
    found = np.multiply(g, out, out=np.empty_like(out))
    total = np.sum(found, axis=dim, keepdims=True)
    np.subtract(g, total, out=found)
    found *= out
    return found


@in_float32
def log_softmax(x, dim):
    """x - logsumexp(x) along dim."""
    out = _shifted(x, dim)
    out -= np.log(np.sum(np.exp(out), axis=dim, keepdims=True))
    return out


@in_float32
def log_softmax_backward(g, out, dim):
    """The gradient of log_softmax's input: g - softmax sum(g)."""
    found = np.exp(out, out=np.empty_like(out))
    found *= np.sum(g, axis=dim, keepdims=True)
    return np.subtract(g, found, out=found)


def _mean_product(x, y):
    """The mean of x y over the last dim, which is kept, without storing x y."""
    return (np.vecdot(x, y) / x.shape[-1])[..., None].astype(x.dtype, copy=False)


def _mean(x):
    """The mean over the last dim, which is kept."""
    return np.vecdot(x, np.full(x.shape[-1], 1 / max(x.shape[-1], 1), x.dtype))[..., None]


def _columns(g):
    """The sum over all dims but the last."""
    return sum_over(g, tuple(range(g.ndim - 1)))


def _rstd(x, eps):
    """1 / sqrt(mean(x^2) + eps) over the last dim, which is kept; in float64 where float32 cannot hold the squares."""
    with np.errstate(over="ignore", divide="ignore"):
        square = _mean_product(x, x) + eps
        rstd = 1 / np.sqrt(square)
    if x.dtype == np.float32:
        extreme = ~((square > 1e-30) & (square < np.inf))[..., 0]
        if extreme.any():
            wide = x[extreme].astype(np.float64)
            rstd[extreme] = 1 / np.sqrt(_mean_product(wide, wide) + eps)
    return rstd


@in_float32
def layer_norm(x, weight, bias, eps):
    """(out, mean, rstd) of x (..., C) normalised over the last dim, times weight plus bias (either may be None).

    The first element of each row is subtracted first, and `mean` is of what remains: so no digits are lost far from 0.
    """
    out = np.subtract(x, x[..., :1])
    mean = _mean(out)
    out -= mean
    rstd = _rstd(out, eps)
    out *= rstd
    if weight is not None:
        out *= weight
    if bias is not None:
        out += bias
    return out, mean, rstd


@in_float32
def layer_norm_backward(g, x, weight, mean, rstd, needs):
    """The gradients of x, weight and bias (None where `needs` is false): docs/derivations.md has the derivation."""
    xhat = np.subtract(x, x[..., :1])
    xhat -= mean
    xhat *= rstd
    g_x = g_weight = None
    if needs[1]:
        g_weight = _columns(g * xhat)
    if needs[0]:
        g_x = g * (1 if weight is None else weight)
        along = _mean_product(g_x, xhat)
        g_x -= _mean(g_x)
        xhat *= along
        g_x -= xhat
        g_x *= rstd
    return g_x, g_weight, _columns(g) if needs[2] else None


@in_float32
def rms_norm(x, weight, eps):
    """(out, rstd) of x (..., C) divided by its root mean square over the last dim, times weight (may be None)."""
    rstd = _rstd(x, eps)
    out = x * rstd
    if weight is not None:
        out *= weight
    return out, rstd


@in_float32
def rms_norm_backward(g, x, weight, rstd, needs):
    """The gradients of x and weight (None where `needs` is false)."""
    xhat = x * rstd
    g_x = None
    g_weight = _columns(g * xhat) if needs[1] else None
    if needs[0]:
        g_x = g * (1 if weight is None else weight)
        xhat *= _mean_product(g_x, xhat)
        g_x -= xhat
        g_x *= rstd
    return g_x, g_weight


@in_float32
def cross_entropy(logits, target, ignore_index, label_smoothing):
    """(loss, top, total), all (N,), of logits (N, V) and integer targets (N,); a target `ignore_index` has loss 0.

    top is the maximum of a row and total the sum of e^(x - top). logsumexp, top + log(total), would lose the latter's
    digits where top is large.
    """
    n, v = logits.shape
    top, total, mean = np.empty((3, n), logits.dtype)
    step = max(1, CACHED // max(v, 1))
    for start in range(0, n, step):
        i = slice(start, start + step)
        np.max(logits[i], axis=-1, initial=-np.inf, out=top[i])
        top[i][~np.isfinite(top[i])] = 0
        shifted = logits[i] - top[i, None]
        if label_smoothing:
            np.mean(shifted, axis=-1, out=mean[i])
        np.sum(np.exp(shifted, out=shifted), axis=-1, out=total[i])
    kept = target != ignore_index
    loss = np.log(total) - (1 - label_smoothing) * (logits[np.arange(n), np.where(kept, target, 0)] - top)
    if label_smoothing:
        loss -= label_smoothing * mean
    return np.where(kept, loss, 0).astype(logits.dtype, copy=False), top, total


@in_float32
def cross_entropy_backward(g, logits, target, top, total, ignore_index, label_smoothing):
    """The gradient of the logits: g (softmax - (1 - s) onehot - s / V)."""
    kept = target != ignore_index
    out = np.subtract(logits, top[:, None], out=np.empty_like(logits))
    np.exp(out, out=out)
    out[np.arange(len(target)), np.where(kept, target, 0)] -= (1 - label_smoothing) * total
    if label_smoothing:
        out -= (label_smoothing / logits.shape[-1] * total)[:, None]
    out *= (np.where(kept, g, 0) / total)[:, None]
    return out


FEW_ROWS = 32  # OpenBLAS repacks its second matrix: up to so many rows of x, (y^T x^T)^T is faster


def matmul(x, y):
    """x @ y; the second of two matrices may be a transposed view."""
    if x.ndim == y.ndim == 2 and 1 < len(x) <= FEW_ROWS and y.flags.f_contiguous:
        return np.ascontiguousarray((y.T @ x.T).T)
    return x @ y


def prepacked(weight, rows):
    """x -> x @ weight for matrices: the weight may be arranged anew if it pays for `rows` rows of x in all."""
    return lambda x: matmul(x, weight)


@in_float32
def embedding_backward(g, index, rows):
    """The gradient of the weight (rows, C) of weight[index]: the sums of the rows of g (N, C) with equal index (N,)."""
    order = np.argsort(index, kind="stable")
    sorted_index = index[order]
    starts = np.flatnonzero(np.diff(sorted_index, prepend=-1))
    out = np.zeros((rows, g.shape[-1]), g.dtype)
    if len(starts):
        out[sorted_index[starts]] = np.add.reduceat(g[order], starts, axis=0)
    return out


NORM_BLOCK = 4096  # elements


def squared_norm(x):
    """The sum of the squares of an array, as a float; in float32 by blocks, whose sums are added in float64."""
    flat = x.reshape(-1) if x.dtype != np.float16 else x.reshape(-1).astype(np.float32)
    whole = flat.size // NORM_BLOCK * NORM_BLOCK
    blocks, rest = flat[:whole].reshape(-1, NORM_BLOCK), flat[whole:]
    return float(np.sum(np.vecdot(blocks, blocks), dtype=np.float64) + np.dot(rest, rest))

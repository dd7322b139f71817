"""The kernels by Numba (the extra `fast`), for float32; whatever else they are given goes to the NumPy kernels.

Each is the NumPy kernel of its name, whose docstring says what it does. `numba_loops` has the loops; here arrays are
brought into their form and results made. The loops release the GIL and run on one thread each, so that several threads
may each work on a share of a batch.
"""

import math
from functools import lru_cache

import numpy as np

from autograd.kernels import numba_loops as loops
from autograd.kernels import numpy_kernels
from autograd.kernels.numpy_kernels import erf as erf

FLOAT32 = np.dtype(np.float32)


def _fits(x):
    return x.dtype == FLOAT32 and x.ndim > 0 and x.size > 0


def _plain(x):
    """x itself if compiled code takes it as it is, else a copy: each further layout would be compiled anew."""
    return x if x.flags.carray else np.array(x, order="C")


def _flat(x):
    return _plain(x).reshape(-1)


def _rows(x):
    return _plain(x).reshape(-1, x.shape[-1])


def _heads(scores):
    return scores.reshape(-1, *scores.shape[-2:])


def _last(dim, x):
    return dim is not None and dim % x.ndim == x.ndim - 1 if x.ndim else False


# Activations ----------------------------------------------------------------------------------------------------------


def gelu(x, tanh):
    if not _fits(x):
        return numpy_kernels.gelu(x, tanh)
    out = np.empty(x.shape, FLOAT32)
    (loops.gelu_tanh if tanh else loops.gelu)(out.reshape(-1), _flat(x))
    return out


def gelu_backward(g, x, tanh):
    if not _fits(x):
        return numpy_kernels.gelu_backward(g, x, tanh)
    out = np.empty(x.shape, FLOAT32)
    (loops.gelu_tanh_backward if tanh else loops.gelu_backward)(out.reshape(-1), _flat(g), _flat(x))
    return out


def silu(x):
    if not _fits(x):
        return numpy_kernels.silu(x)
    out = np.empty(x.shape, FLOAT32)
    loops.silu(out.reshape(-1), _flat(x))
    return out


def silu_backward(g, x):
    if not _fits(x):
        return numpy_kernels.silu_backward(g, x)
    out = np.empty(x.shape, FLOAT32)
    loops.silu_backward(out.reshape(-1), _flat(g), _flat(x))
    return out


# Softmax --------------------------------------------------------------------------------------------------------------


def softmax(x, dim):
    if not (_fits(x) and _last(dim, x)):
        return numpy_kernels.softmax(x, dim)
    out = np.empty(x.shape, FLOAT32)
    loops.softmax(_rows(out), _rows(x))
    return out


def softmax_backward(g, out, dim):
    if not (_fits(out) and _last(dim, out)):
        return numpy_kernels.softmax_backward(g, out, dim)
    found = np.empty(out.shape, FLOAT32)
    loops.softmax_backward(_rows(found), _rows(g), _rows(out))
    return found


def log_softmax(x, dim):
    if not (_fits(x) and _last(dim, x)):
        return numpy_kernels.log_softmax(x, dim)
    out, total = np.empty(x.shape, FLOAT32), np.empty(x.size // x.shape[-1], FLOAT32)
    rows = _rows(x)
    loops.log_sum_exp(total, rows)
    loops.log_softmax(_rows(out), total, rows)
    return out


def log_softmax_backward(g, out, dim):
    if not (_fits(out) and _last(dim, out)):
        return numpy_kernels.log_softmax_backward(g, out, dim)
    found = np.empty(out.shape, FLOAT32)
    loops.log_softmax_backward(_rows(found), _rows(g), _rows(out))
    return found


# Normalisation --------------------------------------------------------------------------------------------------------


@lru_cache(64)
def _constant(n, fill):
    """Read by all, written by none; not marked so, as Numba would compile the loops for read-only arrays once more."""
    return np.full(n, fill, FLOAT32)


def _vector(v, n, fill):
    return _constant(n, fill) if v is None else _plain(v)


def layer_norm(x, weight, bias, eps):
    if not _fits(x):
        return numpy_kernels.layer_norm(x, weight, bias, eps)
    n = x.shape[-1]
    out = np.empty(x.shape, FLOAT32)
    mean, rstd = np.empty((2, *x.shape[:-1], 1), FLOAT32)
    w, b = _vector(weight, n, 1), _vector(bias, n, 0)
    loops.layer_norm(_rows(out), mean.reshape(-1), rstd.reshape(-1), _rows(x), w, b, np.float32(eps))
    return out, mean, rstd


def layer_norm_backward(g, x, weight, mean, rstd, needs):
    if not _fits(x):
        return numpy_kernels.layer_norm_backward(g, x, weight, mean, rstd, needs)
    n = x.shape[-1]
    g_x = np.empty(x.shape, FLOAT32)
    g_weight, g_bias = np.empty(n, FLOAT32), np.empty(n, FLOAT32)
    w = _vector(weight, n, 1)
    loops.layer_norm_backward(_rows(g_x), g_weight, g_bias, _rows(g), _rows(x), w, _flat(mean), _flat(rstd))
    return g_x, g_weight if needs[1] else None, g_bias if needs[2] else None


def rms_norm(x, weight, eps):
    if not _fits(x):
        return numpy_kernels.rms_norm(x, weight, eps)
    out, rstd = np.empty(x.shape, FLOAT32), np.empty((*x.shape[:-1], 1), FLOAT32)
    loops.rms_norm(_rows(out), rstd.reshape(-1), _rows(x), _vector(weight, x.shape[-1], 1), np.float32(eps))
    return out, rstd


def rms_norm_backward(g, x, weight, rstd, needs):
    if not _fits(x):
        return numpy_kernels.rms_norm_backward(g, x, weight, rstd, needs)
    n = x.shape[-1]
    g_x, g_weight = np.empty(x.shape, FLOAT32), np.empty(n, FLOAT32)
    loops.rms_norm_backward(_rows(g_x), g_weight, _rows(g), _rows(x), _vector(weight, n, 1), _flat(rstd))
    return g_x, g_weight if needs[1] else None


# Cross-entropy --------------------------------------------------------------------------------------------------------


def cross_entropy(logits, target, ignore_index, label_smoothing):
    if not _fits(logits):
        return numpy_kernels.cross_entropy(logits, target, ignore_index, label_smoothing)
    loss, total = np.empty((2, len(logits)), FLOAT32)
    logits, target = _plain(logits), _plain(target.astype(np.int64, copy=False))
    loops.log_sum_exp(total, logits)
    loops.cross_entropy(loss, logits, target, total, ignore_index, np.float32(label_smoothing))
    return loss, total


def cross_entropy_backward(g, logits, target, total, ignore_index, label_smoothing):
    if not _fits(logits):
        return numpy_kernels.cross_entropy_backward(g, logits, target, total, ignore_index, label_smoothing)
    out = np.empty(logits.shape, FLOAT32)
    target = _plain(target.astype(np.int64, copy=False))
    smoothing = np.float32(label_smoothing)
    loops.cross_entropy_backward(out, _plain(g), _plain(logits), target, _plain(total), ignore_index, smoothing)
    return out


# Attention ------------------------------------------------------------------------------------------------------------


def _attends(q, k, v, mask, scale):
    same = q.shape[:-2] == k.shape[:-2] == v.shape[:-2]
    return mask is None and scale > 0 and same and all(_fits(x) for x in (q, k, v))


CAUSAL_BLOCK = 64  # rows of queries at a time: later keys than the last of them can see are left out


def _blocks(shape, causal):
    """(index of heads, slice of queries, keys seen by their first, keys to look at) of scores (..., T, S)."""
    t, s = shape[-2:]
    step = CAUSAL_BLOCK if causal and t >= 2 * CAUSAL_BLOCK else t
    for start in range(0, t, step):
        end = min(start + step, t)
        seen = start + 1 + s - t
        width = max(min(seen + end - start - 1, s), 1) if causal else s
        for heads in numpy_kernels._pieces((*shape[:-2], end - start, width)):
            yield heads, slice(start, end), seen, width


def _times_transposed(a, b):
    """a b^T. Up to 64 rows of b, OpenBLAS takes half the time where b^T lies in row-major order."""
    turned = np.swapaxes(b, -1, -2)
    return a @ (np.ascontiguousarray(turned) if turned.shape[-1] <= 64 else turned)


def attention(q, k, v, mask, causal, scale):
    """Block by block of heads and queries, so that the scores stay in the cache; BLAS for the products."""
    if not _attends(q, k, v, mask, scale):
        return numpy_kernels.attention(q, k, v, mask, causal, scale)
    batch, t = q.shape[:-2], q.shape[-2]
    out = numpy_kernels._like(q, (*batch, t, v.shape[-1]))
    lse = np.empty((*batch, t), FLOAT32)
    for heads, rows, seen, width in _blocks((*batch, t, k.shape[-2]), causal):
        scores = _times_transposed(q[heads][..., rows, :], k[heads][..., :width, :])
        part = np.empty(scores.shape[:-1], FLOAT32)
        loops.attention_weights(_heads(scores), part.reshape(-1, part.shape[-1]), np.float32(scale), seen, causal)
        np.matmul(scores, v[heads][..., :width, :], out=out[heads][..., rows, :])
        lse[heads][..., rows] = part
    return out, lse


def attention_backward(g, q, k, v, mask, out, lse, causal, scale):
    """The gradients of q, k and v, the weights computed again block by block."""
    if not _attends(q, k, v, mask, scale):
        return numpy_kernels.attention_backward(g, q, k, v, mask, out, lse, causal, scale)
    shape = (*q.shape[:-1], k.shape[-2])
    g_q, g_k, g_v = (numpy_kernels._like(x, x.shape) for x in (q, k, v))
    split = causal and shape[-2] >= 2 * CAUSAL_BLOCK
    if split:
        g_k[...] = 0
        g_v[...] = 0
    along = np.vecdot(g, out)
    scale = np.float32(scale)
    for heads, rows, seen, width in _blocks(shape, causal):
        qs, ks, vs, gs = (
            q[heads][..., rows, :],
            k[heads][..., :width, :],
            v[heads][..., :width, :],
            g[heads][..., rows, :],
        )
        weights = _times_transposed(qs, ks)
        loops.attention_weights_again(_heads(weights), _rows(lse[heads][..., rows]), scale, seen, causal)
        inner = _times_transposed(gs, vs)
        loops.attention_scores_backward(_rows(inner), _rows(weights), _flat(along[heads][..., rows]), scale)
        np.matmul(inner, ks, out=g_q[heads][..., rows, :])
        weights, inner = np.swapaxes(weights, -1, -2), np.swapaxes(inner, -1, -2)
        if split:
            g_v[heads][..., :width, :] += weights @ gs
            g_k[heads][..., :width, :] += inner @ qs
        else:
            np.matmul(weights, gs, out=g_v[heads])
            np.matmul(inner, qs, out=g_k[heads])
    return g_q, g_k, g_v


# Rows, and one step of Adam -------------------------------------------------------------------------------------------


def add_rows(g, index, rows):
    if not _fits(g):
        return numpy_kernels.add_rows(g, index, rows)
    out = np.zeros((rows, g.shape[-1]), FLOAT32)
    loops.add_rows(out, _plain(g), _plain(index.astype(np.int64, copy=False)))
    return out


def adam(param, grad, mean, square, largest, *, step, lr, betas, eps, shrink=1.0):
    arrays = (param, grad, mean, square)
    if largest is not None or not all(_fits(a) and a.flags.carray for a in arrays):
        numpy_kernels.adam(param, grad, mean, square, largest, step=step, lr=lr, betas=betas, eps=eps, shrink=shrink)
        return
    beta1, beta2 = betas
    numbers = (
        *(beta1, 1 - beta1, beta2, 1 - beta2, shrink),
        *(lr / (1 - beta1**step), 1 / math.sqrt(1 - beta2**step), eps),
    )
    numbers = [np.float32(n) for n in numbers]
    loops.adam(*[a.reshape(-1) for a in arrays], *numbers)

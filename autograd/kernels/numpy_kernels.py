"""The kernels in plain NumPy, for arrays of any floating-point dtype, which the results have too.

A `_backward` takes the upstream gradient first. Kernels make few temporaries: the elementwise ones work on blocks that
fit into the cache, the others in place.
"""

import math

import numpy as np

from autograd.kernels.blas import blas_threads as blas_threads
from autograd.kernels.error_function import erf as erf
from autograd.kernels.error_function import erf_and_gauss, in_blocks
from autograd.kernels.numpy_attention import attention as attention
from autograd.kernels.numpy_attention import attention_backward as attention_backward
from autograd.kernels.numpy_attention import rotary as rotary
from autograd.kernels.numpy_convolution import correlate as correlate
from autograd.kernels.numpy_convolution import correlate_weight as correlate_weight
from autograd.kernels.threads import parallel_for as parallel_for
from autograd.kernels.threads import parallel_map as parallel_map
from autograd.kernels.threads import thread_count as thread_count

SQRT_HALF = math.sqrt(0.5)
SQRT_2_OVER_PI = math.sqrt(2 / math.pi)
SQRT_2PI = math.sqrt(2 * math.pi)
GELU_CUBIC = 0.044715
CACHED = 1 << 17  # elements of logits that are worked on at a time

# Activations ----------------------------------------------------------------------------------------------------------


def _half(x):
    return x.dtype == np.float16


def _gelu_erf(out, x):
    np.multiply(x, SQRT_HALF, out=out)
    phi, _ = erf_and_gauss(out)
    phi += 1
    phi *= x
    np.multiply(phi, 0.5, out=out)


def _tanh_of_cubic(out, x):
    """out = tanh(sqrt(2 / pi) (x + 0.044715 x^3)); returns x^2."""
    square = x * x
    np.multiply(square, GELU_CUBIC * SQRT_2_OVER_PI, out=out)
    out += SQRT_2_OVER_PI
    out *= x
    np.tanh(out, out=out)
    return square


def _gelu_tanh(out, x):
    _tanh_of_cubic(out, x)
    out += 1
    out *= x
    out *= 0.5


def gelu(x, tanh):
    """x Phi(x), or its tanh approximation (Hendrycks and Gimpel 2016, section 2)."""
    if _half(x):
        return gelu(x.astype(np.float32), tanh).astype(x.dtype)
    return in_blocks(_gelu_tanh if tanh else _gelu_erf, x)


def _gelu_erf_slope(out, g, x):
    np.multiply(x, SQRT_HALF, out=out)
    phi, gauss = erf_and_gauss(out)
    phi += 1
    phi *= 0.5
    gauss *= x
    gauss *= 1 / SQRT_2PI
    phi += gauss
    np.multiply(phi, g, out=out)


def _gelu_tanh_slope(out, g, x):
    square = _tanh_of_cubic(out, x)
    square *= 3 * GELU_CUBIC * SQRT_2_OVER_PI
    square += SQRT_2_OVER_PI
    square *= x
    slope = 1 - out
    square *= slope
    square += 1
    out += 1
    square *= out
    square *= 0.5
    np.multiply(square, g, out=out)


def gelu_backward(g, x, tanh):
    """The gradient of gelu's input."""
    if _half(x):
        return gelu_backward(g.astype(np.float32), x.astype(np.float32), tanh).astype(x.dtype)
    return in_blocks(_gelu_tanh_slope if tanh else _gelu_erf_slope, g, x)


def _sigmoid(x):
    """1 / (1 + e^-x) as (1 + tanh(x / 2)) / 2, which never overflows."""
    s = np.multiply(x, 0.5)
    np.tanh(s, out=s)
    s += 1
    s *= 0.5
    return s


def _silu(out, x):
    np.multiply(_sigmoid(x), x, out=out)


def silu(x):
    """x sigmoid(x)."""
    return in_blocks(_silu, x)


def _silu_slope(out, g, x):
    s = _sigmoid(x)
    np.subtract(1, s, out=out)
    out *= x
    out += 1
    out *= s
    out *= g


def silu_backward(g, x):
    """The gradient of silu's input: g s (1 + x (1 - s))."""
    return in_blocks(_silu_slope, g, x)


# Softmax --------------------------------------------------------------------------------------------------------------


def _shifted(x, dim):
    return np.subtract(x, np.max(x, axis=dim, keepdims=True, initial=-np.inf), out=np.empty_like(x))


def softmax(x, dim):
    """e^x / sum(e^x) along dim, computed from x - max(x); a slice that is -inf throughout gives nan, as in torch."""
    e = _shifted(x, dim)
    np.exp(e, out=e)
    e /= np.sum(e, axis=dim, keepdims=True)
    return e


def softmax_backward(g, out, dim):
    """The gradient of softmax's input: out (g - <g, out>)."""
    found = np.multiply(g, out, out=np.empty_like(out))
    total = np.sum(found, axis=dim, keepdims=True)
    np.subtract(g, total, out=found)
    found *= out
    return found


def log_softmax(x, dim):
    """x - logsumexp(x) along dim."""
    out = _shifted(x, dim)
    out -= np.log(np.sum(np.exp(out), axis=dim, keepdims=True))
    return out


def log_softmax_backward(g, out, dim):
    """The gradient of log_softmax's input: g - softmax sum(g)."""
    found = np.exp(out, out=np.empty_like(out))
    found *= np.sum(g, axis=dim, keepdims=True)
    return np.subtract(g, found, out=found)


# Normalisation --------------------------------------------------------------------------------------------------------


def _mean_product(x, y):
    """The mean of x y over the last dim, which is kept, without storing x y."""
    return (np.vecdot(x, y) / x.shape[-1])[..., None].astype(x.dtype, copy=False)


def _columns(g):
    """The sum over all dims but the last."""
    return np.sum(g, axis=tuple(range(g.ndim - 1)))


def layer_norm(x, weight, bias, eps):
    """(out, mean, rstd) of x (..., C) normalised over the last dim, times weight plus bias (either may be None)."""
    mean = np.mean(x, axis=-1, keepdims=True)
    out = np.subtract(x, mean)
    rstd = 1 / np.sqrt(_mean_product(out, out) + eps)
    out *= rstd
    if weight is not None:
        out *= weight
    if bias is not None:
        out += bias
    return out, mean, rstd


def layer_norm_backward(g, x, weight, mean, rstd, needs):
    """The gradients of x, weight and bias (None where `needs` is false): docs/derivations.md has the derivation."""
    xhat = np.subtract(x, mean)
    xhat *= rstd
    g_x = g_weight = None
    if needs[1]:
        g_weight = _columns(g * xhat)
    if needs[0]:
        g_x = g * (1 if weight is None else weight)
        along = _mean_product(g_x, xhat)
        g_x -= np.mean(g_x, axis=-1, keepdims=True)
        xhat *= along
        g_x -= xhat
        g_x *= rstd
    return g_x, g_weight, _columns(g) if needs[2] else None


def rms_norm(x, weight, eps):
    """(out, rstd) of x (..., C) divided by its root mean square over the last dim, times weight (may be None)."""
    rstd = 1 / np.sqrt(_mean_product(x, x) + eps)
    out = x * rstd
    if weight is not None:
        out *= weight
    return out, rstd


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


# Cross-entropy --------------------------------------------------------------------------------------------------------


def _logsumexp_rows(logits):
    top = np.max(logits, axis=-1, keepdims=True, initial=-np.inf)
    top[~np.isfinite(top)] = 0
    e = logits - top
    np.exp(e, out=e)
    return np.log(np.sum(e, axis=-1)) + top[:, 0]


def cross_entropy(logits, target, ignore_index, label_smoothing):
    """(loss, logsumexp), both (N,), of logits (N, V) and integer targets (N,); a target `ignore_index` has loss 0."""
    n, v = logits.shape
    total = np.empty(n, logits.dtype)
    step = max(1, CACHED // max(v, 1))
    for start in range(0, n, step):
        total[start : start + step] = _logsumexp_rows(logits[start : start + step])
    kept = target != ignore_index
    loss = total - logits[np.arange(n), np.where(kept, target, 0)]
    if label_smoothing:
        loss = (1 - label_smoothing) * loss + label_smoothing * (total - np.mean(logits, axis=-1))
    return np.where(kept, loss, 0).astype(logits.dtype, copy=False), total


def cross_entropy_backward(g, logits, target, total, ignore_index, label_smoothing):
    """The gradient of the logits: g (softmax - (1 - s) onehot - s / V)."""
    kept = target != ignore_index
    out = np.subtract(logits, total[:, None], out=np.empty_like(logits))
    np.exp(out, out=out)
    out[np.arange(len(target)), np.where(kept, target, 0)] -= 1 - label_smoothing
    if label_smoothing:
        out -= label_smoothing / logits.shape[-1]
    out *= np.where(kept, g, 0)[:, None]
    return out


# Products -------------------------------------------------------------------------------------------------------------

FEW_ROWS = 32  # OpenBLAS repacks its second matrix: up to so many rows of x, (y^T x^T)^T is faster


def matmul(x, y):
    """x @ y; the second of two matrices may be a transposed view."""
    if x.ndim == y.ndim == 2 and 1 < len(x) <= FEW_ROWS and y.flags.f_contiguous:
        return np.ascontiguousarray((y.T @ x.T).T)
    return x @ y


# Embedding ------------------------------------------------------------------------------------------------------------


def embedding_backward(g, index, rows):
    """The gradient of the weight (rows, C) of weight[index]: the sums of the rows of g (N, C) with equal index (N,)."""
    order = np.argsort(index, kind="stable")
    sorted_index = index[order]
    starts = np.flatnonzero(np.diff(sorted_index, prepend=-1))
    out = np.zeros((rows, g.shape[-1]), g.dtype)
    if len(starts):
        out[sorted_index[starts]] = np.add.reduceat(g[order], starts, axis=0)
    return out


# Sums over arrays -----------------------------------------------------------------------------------------------------


def squared_norm(x):
    """The sum of the squares of an array, as a float."""
    flat = x.reshape(-1)
    return float(np.dot(flat, flat))

"""Fused operations: each calls a kernel, and names as its `reference` the same function written in primitive ops.

Derivatives of higher order go through the reference; the property tests hold the kernel against it.
"""

from __future__ import annotations

import math

import numpy as np

from autograd import kernels
from autograd.errors import ShapeError
from autograd.ops import elementwise as E
from autograd.ops import transcendental as T
from autograd.ops.complaints import explained
from autograd.ops.gathering import array_of, gather
from autograd.ops.indexing import getitem
from autograd.ops.linalg import matmul
from autograd.ops.reduction import mean
from autograd.ops.reduction import sum as sum_
from autograd.ops.shape import transpose
from autograd.ops.table import op

__all__ = ["softmax", "log_softmax", "gelu", "silu", "layer_norm", "rms_norm", "cross_entropy", "count_classes"]
__all__ += ["attention", "attention_weights", "causal_mask", "rotary", "embedding", "dropout"]


@op(method=False, reference=lambda g, y, *, dim: y * (g - sum_(g * y, dim=dim, keepdim=True)))
def softmax_backward(g, y, *, dim):
    """The gradient of softmax's input, from its output."""
    return kernels.softmax_backward(g, y, dim)


@op(x=lambda g, out, dim: softmax_backward(g, out, dim=dim))
def softmax(x, *, dim=-1, dtype=None):
    """e^x over its sum along dim; finite for any finite x."""
    x = x if dtype is None else x.astype(dtype)
    return kernels.softmax(x, _checked(dim, x))


@op(method=False, reference=lambda g, y, *, dim: g - T.exp(y) * sum_(g, dim=dim, keepdim=True))
def log_softmax_backward(g, y, *, dim):
    """The gradient of log_softmax's input, from its output."""
    return kernels.log_softmax_backward(g, y, dim)


@op(x=lambda g, out, dim: log_softmax_backward(g, out, dim=dim))
def log_softmax(x, *, dim=-1, dtype=None):
    """log(softmax(x)) along dim; finite for any finite x."""
    x = x if dtype is None else x.astype(dtype)
    return kernels.log_softmax(x, _checked(dim, x))


def _checked(dim, x):
    if not -max(x.ndim, 1) <= dim < max(x.ndim, 1):
        raise IndexError(f"dim {dim} is out of range for a tensor of shape {x.shape}")
    if x.dtype.kind != "f":
        raise RuntimeError(f"softmax of {x.dtype} is not defined: convert it with .float() first")
    return dim if x.ndim else None


def _gelu(x, *, approximate):
    if approximate == "tanh":
        return 0.5 * x * (1 + T.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x * x * x)))
    return 0.5 * x * (1 + T.erf(x * math.sqrt(0.5)))


@op(method=False, x=lambda g, x, approximate: kernels.gelu_backward(g, x, approximate == "tanh"), reference=_gelu)
def gelu(x, *, approximate="none"):
    """x Phi(x) (Hendrycks and Gimpel 2016); `approximate` is "none" or "tanh"."""
    if approximate not in ("none", "tanh"):
        raise ValueError(f'approximate must be "none" or "tanh", not {approximate!r}')
    return kernels.gelu(x, approximate == "tanh")


@op(method=False, x=lambda g, x: kernels.silu_backward(g, x), reference=lambda x: x * E.sigmoid(x))
def silu(x):
    """x sigmoid(x)."""
    return kernels.silu(x)


def _layer_norm(x, weight, bias, *, eps):
    x = x - getitem(x, index=(..., slice(1)))  # nothing is lost where a row is far from 0
    centred = x - mean(x, dim=-1, keepdim=True)
    out = centred / T.sqrt(mean(centred * centred, dim=-1, keepdim=True) + eps)
    out = out if weight is None else out * weight
    return out if bias is None else out + bias


@op(
    method=False,
    grads=lambda g, x, weight, mean, rstd, needs: kernels.layer_norm_backward(g, x, weight, mean, rstd, needs),
    saves=("mean", "rstd"),
    reference=_layer_norm,
)
def layer_norm(x, weight, bias, *, eps=1e-5):
    """x (..., C) normalised to mean 0 and variance 1 over its last dim, times weight (C) plus bias (C), either of which
    may be None (Ba et al. 2016, equation 4)."""
    _check_features("layer_norm", x, weight, bias)
    return kernels.layer_norm(x, weight, bias, eps)


def _rms_norm(x, weight, *, eps):
    size = np.max(np.abs(getattr(x, "array", x)), -1, keepdims=True, initial=1)  # whose squares would overflow
    x = x / size
    out = x / T.sqrt(mean(x * x, dim=-1, keepdim=True) + eps / size / size)
    return out if weight is None else out * weight


@op(
    method=False,
    grads=lambda g, x, weight, rstd, needs: kernels.rms_norm_backward(g, x, weight, rstd, needs),
    saves=("rstd",),
    reference=_rms_norm,
)
def rms_norm(x, weight, *, eps=1e-6):
    """x (..., C) over the root mean square of its last dim, times weight (C) or None (Zhang and Sennrich 2019)."""
    _check_features("rms_norm", x, weight)
    return kernels.rms_norm(x, weight, eps)


def _check_features(name, x, *vectors):
    for vector in vectors:
        if vector is not None and (x.ndim == 0 or vector.shape != x.shape[-1:]):
            raise ShapeError(
                f"{name}: weight and bias must have the shape of the last dim of {x.shape}, got {vector.shape}"
            )


def _cross_entropy(logits, target, *, ignore_index, label_smoothing):
    kept = target != ignore_index
    log_p = log_softmax(logits, dim=-1)
    loss = (label_smoothing - 1) * gather(log_p, 1, np.where(kept, target, 0)[:, None]).squeeze(1)
    if label_smoothing:
        loss = loss - label_smoothing * mean(log_p, dim=-1)
    return E.where(kept, loss, 0.0)


def _cross_entropy_rule(g, logits, target, top, total, ignore_index, label_smoothing):
    return kernels.cross_entropy_backward(g, logits, target, top, total, ignore_index, label_smoothing)


@op(method=False, logits=_cross_entropy_rule, saves=("top", "total"), reference=_cross_entropy)
def cross_entropy_rows(logits, target, *, ignore_index=-100, label_smoothing=0.0):
    """-log softmax(logits)[target] a row, 0 where the target is ignore_index."""
    return kernels.cross_entropy(logits, target, ignore_index, label_smoothing)


def count_classes(name, index, classes, ignore_index):
    """How many of the class indices are not ignored; IndexError where one of these is not below `classes`."""
    if index.size and (index.min() < 0 or index.max() >= classes):
        wrong = index[((index < 0) | (index >= classes)) & (index != ignore_index)]
        if wrong.size:
            raise IndexError(f"{name}: target {wrong[0]} is out of bounds for {classes} classes")
    return index.size - int(np.count_nonzero(index == ignore_index))


@explained
def cross_entropy(logits, target, *, ignore_index=-100, label_smoothing=0.0, reduction="mean"):
    """The cross-entropy of logits (N, V) and classes (N,); the mean is over those that are not ignored."""
    classes = array_of(target)
    if logits.ndim != 2 or classes.shape != logits.shape[:1]:
        raise ShapeError(f"cross_entropy needs logits (N, V) and targets (N,), got {logits.shape} and {classes.shape}")
    count = count_classes("cross_entropy", classes, logits.shape[1], ignore_index)
    rows = cross_entropy_rows(logits, classes, ignore_index=ignore_index, label_smoothing=label_smoothing)
    if reduction == "none":
        return rows
    if reduction == "sum":
        return sum_(rows)
    if reduction != "mean":
        raise ValueError(f'reduction must be "mean", "sum" or "none", not {reduction!r}')
    if not count:
        return sum_(rows) * math.nan
    return mean(rows) if count == classes.size else sum_(rows) / count


def causal_mask(t, s):
    """The boolean mask (T, S) that is true where query i sees key j: j <= i + S - T (PyTorch's causal_lower_right)."""
    return np.tri(t, s, s - t, dtype=bool)


@explained
def attention_weights(q, k, mask=None, *, causal=False, scale=None):
    """softmax(scale q k^T + mask), (..., T, S); the arguments are those of `attention`."""
    scale = 1 / math.sqrt(q.shape[-1]) if scale is None else scale
    scores = matmul(q * scale, transpose(k, -1, -2))
    if causal:
        scores = E.where(causal_mask(*scores.shape[-2:]), scores, -np.inf)
    if mask is not None:
        scores = E.where(mask, scores, -np.inf) if mask.dtype == bool else scores + mask
    masked_out = np.max(getattr(scores, "array", scores), -1, keepdims=True, initial=-np.inf) == -np.inf
    if not masked_out.any():
        return softmax(scores, dim=-1)
    return E.where(masked_out, 0.0, softmax(E.where(masked_out, 0.0, scores), dim=-1))


def _attention(q, k, v, mask, *, causal, scale):
    return matmul(attention_weights(q, k, mask, causal=causal, scale=scale), v)


def _attention_rule(g, q, k, v, mask, top, share, causal, scale):
    return *kernels.attention_backward(g, q, k, v, mask, top, share, causal, scale), None


@op(method=False, grads=_attention_rule, saves=("top", "share"), reference=_attention, differentiable=("q", "k", "v"))
def fused_attention(q, k, v, mask, *, causal, scale):
    """`attention` with a mask that needs no gradient."""
    return kernels.attention(q, k, v, mask, causal, scale)


@explained
def attention(q, k, v, mask=None, *, causal=False, scale=None):
    """softmax(scale q k^T + mask) v for q (..., T, D), k (..., S, D), v (..., S, E) (Vaswani et al. 2017, equation 1).

    A boolean `mask` is true where a query sees a key, a float one is added to the scores. With `causal`, query i sees
    the keys up to i + S - T. `scale` defaults to 1/sqrt(D). A query whose keys are all masked out gets zeros.
    """
    if q.shape[-1] != k.shape[-1] or k.shape[-2] != v.shape[-2]:
        raise ShapeError(
            f"attention needs q (..., T, D), k (..., S, D), v (..., S, E): got {q.shape}, {k.shape}, {v.shape}"
        )
    scale = 1 / math.sqrt(q.shape[-1]) if scale is None else scale
    if getattr(mask, "node", None) is not None:
        return _attention(q, k, v, mask, causal=causal, scale=scale)
    return fused_attention(q, k, v, getattr(mask, "array", mask), causal=causal, scale=scale)


def _halves(x):
    half = x.shape[-1] // 2
    return x[..., :half], x[..., half:]


def _by_cos(g, x):
    (g1, g2), (x1, x2) = _halves(g), _halves(x)
    return g1 * x1 + g2 * x2


def _by_sin(g, x):
    (g1, g2), (x1, x2) = _halves(g), _halves(x)
    return g2 * x1 - g1 * x2


@op(method=False, x=lambda g, cos, sin: rotary(g, cos, -sin), cos=_by_cos, sin=_by_sin)
def rotary(x, cos, sin):
    """Features i and i + D/2 of x (..., T, D) turned by the angle whose cos and sin (T, D/2) are given.

    The gradient is turned back.
    """
    if x.ndim < 2 or x.shape[-1] % 2 or {cos.shape, sin.shape} != {(x.shape[-2], x.shape[-1] // 2)}:
        raise ShapeError(f"rotary needs x (..., T, D), cos and sin (T, D/2): got {x.shape}, {cos.shape}, {sin.shape}")
    return kernels.rotary(x.astype(np.result_type(x, cos, sin), copy=False), cos, sin)


@op(method=False, g=lambda g, index: getitem(g, index=index))
def embedding_backward(g, *, index, rows):
    """Zeros (rows, C) with the rows of g (..., C) added at index (...)."""
    return kernels.embedding_backward(g.reshape(index.size, g.shape[-1]), index.reshape(-1), rows)


@op(method=False, weight=lambda g, index, shape: embedding_backward(g, index=np.asarray(index), rows=shape[0]))
def embedding(weight, index):
    """The rows of weight (V, C) for index (...), whole numbers below V. Shape: (..., C)."""
    index = np.asarray(index)
    if index.dtype.kind not in "iu":
        raise TypeError(f"embedding needs whole numbers as indices, not {index.dtype}")
    if index.size and (index.min() < 0 or index.max() >= weight.shape[0]):
        bad = index.max() if index.max() >= weight.shape[0] else index.min()
        raise IndexError(f"embedding: index {bad} is out of range for {weight.shape[0]} rows")
    return weight[index]


@op(method=False, x=lambda g, mask, p: g * mask * (1 / (1 - p)) if p < 1 else g * 0, saves=("mask",))
def dropout(x, *, p, rng):
    """x with each element zeroed with probability p (from the NumPy generator rng), the rest divided by 1 - p."""
    mask = rng.random(x.shape, np.float32) >= p
    return (x * mask * (1 / (1 - p)) if p < 1 else x * 0), mask

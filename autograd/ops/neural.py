"""What neural networks are made of, apart from the fused operations: `nn.functional` wraps these."""

from __future__ import annotations

import numpy as np

from autograd import kernels
from autograd.errors import ShapeError
from autograd.ops.elementwise import constant_in, select, sigmoid
from autograd.ops.linalg import matmul, rows
from autograd.ops.table import op

__all__ = ["leaky_relu", "hardtanh", "elu", "linear_step", "softplus", "linear", "bce_with_logits", "split_heads"]
__all__ += ["log_or_floor", "merge_heads", "pad"]


@op(method=False, x=lambda g, x, negative_slope: constant_in(np.where(x > 0, g, g * negative_slope), x))
def leaky_relu(x, *, negative_slope=0.01):
    """x where it is positive, else negative_slope x; the derivative at 0 is negative_slope."""
    return np.where(x > 0, x, x * negative_slope)


@op(method=False, x=lambda g, x, min_val, max_val: select(np.logical_and(x > min_val, x < max_val), g, x))
def hardtanh(x, *, min_val=-1.0, max_val=1.0):
    """x limited to the range between two numbers; where x is equal to one of them, its derivative is 0."""
    if x.dtype.kind != "f":
        min_val, max_val = int(min_val), int(max_val)
    return np.clip(x, min_val, max_val)


def _elu_rule(g, x, alpha, scale, input_scale):
    return g * np.where(
        x > 0, np.full_like(x, scale), alpha * scale * input_scale * np.exp(np.minimum(x, 0) * input_scale)
    )


@op(method=False, x=_elu_rule)
def elu(x, *, alpha=1.0, scale=1.0, input_scale=1.0):
    """scale times x where it is positive, else times alpha (e^(input_scale x) - 1)."""
    return np.where(x > 0, scale * x, alpha * scale * np.expm1(np.minimum(x, 0) * input_scale))


@op(method=False, view=True, x=lambda g, x: constant_in(g, x))
def linear_step(x):
    """x itself; the derivative by it, which is 1, is recorded as a function of x (see `constant_in`)."""
    return x.view()


@op(method=False, x=lambda g, x: g * sigmoid(x))
def softplus(x):
    """log(1 + e^x), finite at any x."""
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


@op(method=False, x=lambda g, x, y: g * (sigmoid(x) - y), y=lambda g, x: -g * x)
def bce_with_logits(x, y):
    """-y log sigmoid(x) - (1 - y) log(1 - sigmoid(x)), elementwise, finite for any finite x."""
    return (1 - y) * x + np.maximum(-x, 0) + np.log1p(np.exp(-np.abs(x)))


def _log_or_floor_rule(g, x):
    return g * (1 - x) / np.maximum(x * (1 - x), max(1e-12, np.finfo(x.dtype).tiny))


@op(method=False, x=_log_or_floor_rule)
def log_or_floor(x):
    """log(x) of a probability, at least -100; its derivative, at most 1e12, is PyTorch's in binary_cross_entropy."""
    return np.maximum(np.log(x, out=np.full_like(x, -100), where=x > 0), -100)


@op(
    method=False,
    x=lambda g, weight: matmul(g, weight),
    weight=lambda g, x: matmul(rows(g).T, rows(x)),
    bias=lambda g: g,
)
def linear(x, weight, bias):
    """x weight^T + bias, for x (..., in), weight (out, in) and bias (out) or None."""
    if x.ndim == 0 or x.shape[-1] != weight.shape[-1]:
        raise ShapeError(
            f"linear: the last dim of the input {x.shape} must be {weight.shape[-1]}, the in_features of the weight "
            f"{weight.shape}"
        )
    out = kernels.matmul(rows(x), weight.T)
    if bias is not None:
        out += bias
    return out.reshape(*x.shape[:-1], weight.shape[0])


def _join_heads(g, shapes):
    return (np.stack([np.swapaxes(part, -2, -3) for part in g], axis=-3).reshape(shapes[0]),)


@op(view=True, method=False, grads=_join_heads)
def split_heads(x, *, heads, parts):
    """x (..., T, parts H D) as `parts` views (..., H, T, D), one after the other in the last dim of x."""
    *batch, features = x.shape
    if not batch or heads < 1 or parts < 1 or features % (parts * heads):
        raise ShapeError(
            f"split_heads of shape {x.shape}: the last dim must be a multiple of {parts} parts x {heads} heads"
        )
    x = x.reshape(*batch, parts, heads, features // (parts * heads))
    return tuple(np.swapaxes(x[..., i, :, :], -2, -3) for i in range(parts))


@op(method=False, view=True, x=lambda g, shape: np.swapaxes(g.reshape(*g.shape[:-1], *shape[-3::2]), -2, -3))
def merge_heads(x):
    """x (..., H, T, D) as (..., T, H D)."""
    if x.ndim < 3:
        raise ShapeError(f"merge_heads needs (..., H, T, D), got {x.shape}")
    return np.swapaxes(x, -2, -3).reshape(*x.shape[:-3], x.shape[-2], x.shape[-3] * x.shape[-1])


@op(method=False, x=lambda g, width: g[tuple(slice(a, n - b) for n, (a, b) in zip(g.shape, width, strict=True))])
def pad(x, *, width, value=0.0):
    """`value` added around x: `width` has a pair (before, after) for each dim."""
    return np.pad(x, width, constant_values=value)

"""Reductions and their derivatives. `dim` is an int, a tuple, or None for all."""

from __future__ import annotations

import math

import numpy as np

from autograd.errors import ShapeError
from autograd.ops.table import op

__all__ = ["sum", "mean", "var", "std", "amax", "amin", "prod", "logsumexp", "cumsum", "argmax", "argmin", "any"]
__all__ += ["all", "count_nonzero", "cumprod"]


def axes_of(dim, ndim):
    """The dims of a reduction as a tuple of non-negative ints; IndexError for one that is not there."""
    if dim is None or (isinstance(dim, (tuple, list)) and not dim):
        return tuple(range(ndim))
    axes = tuple(dim) if isinstance(dim, (tuple, list)) else (dim,)
    for axis in axes:
        if not -max(ndim, 1) <= axis < max(ndim, 1):
            raise IndexError(f"dim {axis} is out of range for a tensor of {ndim} dims: expected {-ndim}..{ndim - 1}")
    return tuple(int(axis) % ndim for axis in axes) if ndim else ()


def _count(shape, dim):
    return math.prod(shape[axis] for axis in axes_of(dim, len(shape)))


def expand_reduced(g, shape, dim, keepdim):
    """What belongs to the result of a reduction (`g`, say), broadcast to the shape that was reduced."""
    if not keepdim:
        axes = axes_of(dim, len(shape))
        g = np.reshape(g, tuple(1 if i in axes else n for i, n in enumerate(shape)))
    return np.broadcast_to(g, shape)


def _axis(dim, x):
    """A dim as NumPy takes it; a tensor of 0 dims is reduced over its dim 0 as torch's, which NumPy does not know."""
    return (tuple(dim) or None if isinstance(dim, (list, tuple)) else dim) if x.ndim else None


@op(np.sum, x=lambda g, shape, dim, keepdim: expand_reduced(g, shape, dim, keepdim))
def sum(x, *, dim=None, keepdim=False, dtype=None):
    """The sum over dim."""
    axes_of(dim, x.ndim)
    dtype = np.int64 if dtype is None and x.dtype.kind == "u" else dtype
    return np.sum(x, axis=_axis(dim, x), keepdims=keepdim, dtype=dtype)


def _mean_rule(g, shape, dim, keepdim):
    return expand_reduced(g / max(_count(shape, dim), 1), shape, dim, keepdim)


@op(np.mean, x=_mean_rule)
def mean(x, *, dim=None, keepdim=False, dtype=None):
    """The mean over dim; integers have none until they are made floats."""
    if dtype is None:
        _check_float("mean", x)
    axes_of(dim, x.ndim)
    return np.mean(x, axis=_axis(dim, x), keepdims=keepdim, dtype=dtype)


def _centred(x, dim):
    return x - np.mean(x, axis=_axis(dim, x), keepdims=True)


def _ddof(dim, unbiased, correction):
    """The dims, and what is subtracted from the count; `var(x, False)` means `unbiased=False`."""
    if isinstance(dim, bool):
        dim, unbiased = None, dim
    return dim, (1 if unbiased else 0) if correction is None else correction


def _check_float(name, x):
    if x.dtype.kind != "f":
        raise RuntimeError(f"{name} of {x.dtype} is not defined: convert it with .float() first")


def _var_rule(g, x, dim, unbiased, keepdim, correction):
    dim, ddof = _ddof(dim, unbiased, correction)
    n = _count(x.shape, dim) - ddof
    return expand_reduced(g, x.shape, dim, keepdim) * (_centred(x, dim) * (2 / n if n else math.nan))


@op(x=_var_rule)
def var(x, *, dim=None, unbiased=True, keepdim=False, correction=None):
    """The variance over dim, divided by n - 1, or by n where unbiased is False, or by n - correction."""
    _check_float("var", x)
    dim, ddof = _ddof(dim, unbiased, correction)
    return np.var(x, axis=_axis(dim, x), ddof=ddof, keepdims=keepdim)


def _std_rule(g, x, out, dim, unbiased, keepdim, correction):
    dim, ddof = _ddof(dim, unbiased, correction)
    n = _count(x.shape, dim) - ddof
    flat = np.equal(out, 0)
    scale = np.where(flat, np.zeros_like(out), g / np.where(flat, np.ones_like(out), out))
    return expand_reduced(scale, x.shape, dim, keepdim) * (_centred(x, dim) * (1 / n if n else math.nan))


@op(x=_std_rule)
def std(x, *, dim=None, unbiased=True, keepdim=False, correction=None):
    """The standard deviation over dim, the root of `var`; its derivative where all are equal is 0, as torch's."""
    _check_float("std", x)
    dim, ddof = _ddof(dim, unbiased, correction)
    return np.std(x, axis=_axis(dim, x), ddof=ddof, keepdims=keepdim)


def _extreme_rule(g, x, out, dim, keepdim):
    hit = np.equal(x, expand_reduced(out, x.shape, dim, keepdim)).astype(g.dtype)
    return hit / np.sum(hit, axis=_axis(dim, x), keepdims=True) * expand_reduced(g, x.shape, dim, keepdim)


@op(np.max, np.amax, x=_extreme_rule)
def amax(x, *, dim=None, keepdim=False):
    """The maximum over dim; equal ones share the gradient."""
    _check_not_empty(x, dim, "maximum")
    return np.max(x, axis=_axis(dim, x), keepdims=keepdim)


@op(np.min, np.amin, x=_extreme_rule)
def amin(x, *, dim=None, keepdim=False):
    """The minimum over dim; equal ones share the gradient."""
    _check_not_empty(x, dim, "minimum")
    return np.min(x, axis=_axis(dim, x), keepdims=keepdim)


def _check_not_empty(x, dim, what):
    if _count(x.shape, dim) == 0:
        raise ShapeError(f"the {what} of nothing: shape {x.shape}, dim {dim}")


def _prod_others(x, dim):
    """For each element, the product of the others along dim: of those before it times those after it."""
    axes = axes_of(dim, x.ndim)
    rest = tuple(i for i in range(x.ndim) if i not in axes)
    order = rest + axes
    flat = np.transpose(x, order).reshape(*(x.shape[i] for i in rest), math.prod(x.shape[i] for i in axes))
    others = _products_before(flat) * np.flip(_products_before(np.flip(flat, -1)), -1)
    back = tuple(order.index(i) for i in range(x.ndim))
    return np.transpose(others.reshape(tuple(x.shape[i] for i in order)), back)


def _products_before(x):
    """For each element, the product of those before it in the last dim."""
    return np.cumprod(np.concatenate([np.ones_like(x[..., :1]), x[..., :-1]], axis=-1), axis=-1)


@op(np.prod, x=lambda g, x, dim, keepdim: expand_reduced(g, x.shape, dim, keepdim) * _prod_others(x, dim))
def prod(x, *, dim=None, keepdim=False):
    """The product over dim; its gradient is right with zeros too."""
    axes_of(dim, x.ndim)
    return np.prod(x, axis=_axis(dim, x), keepdims=keepdim)


def finite_max(x, dim):
    """The maximum over dim, 0 where it is infinite or nothing, so that it may be subtracted."""
    top = np.max(x, axis=_axis(dim, x), keepdims=True, initial=-np.inf)
    return np.where(np.isfinite(top), top, 0)


@op(x=lambda g, x, out, dim, keepdim: expand_reduced(g, x.shape, dim, keepdim) * softmax_from(x, out, dim, keepdim))
def logsumexp(x, *, dim=None, keepdim=False):
    """log of the sum of e^x over dim, finite for any finite x: the maximum is taken out first."""
    axes_of(dim, x.ndim)
    top = finite_max(x, dim)
    with np.errstate(divide="ignore"):  # of nothing, or of minus infinities alone, it is minus infinity
        total = np.log(np.sum(np.exp(x - top), axis=_axis(dim, x), keepdims=True)) + top
    return total if keepdim else np.squeeze(total, axes_of(dim, x.ndim))


def softmax_from(x, total, dim, keepdim):
    """softmax(x) from its logsumexp."""
    total = expand_reduced(total, x.shape, dim, keepdim)
    return np.exp(x - np.where(np.equal(total, -np.inf), np.zeros_like(total), total))


def _norm_rule(g, x, out, p, dim, keepdim):
    total, g = expand_reduced(out, x.shape, dim, keepdim), expand_reduced(g, x.shape, dim, keepdim)
    zero = np.equal(total, 0)
    safe = np.where(zero, np.ones_like(total), total)
    if p == 1:
        return g * np.sign(x)
    if p == 2:
        return np.where(zero, np.zeros_like(x), g * x / safe)
    at_zero = np.equal(x, 0)
    power = np.where(at_zero, np.zeros_like(x), np.abs(np.where(at_zero, np.ones_like(x), x)) ** (p - 1))
    return np.where(zero, np.zeros_like(x), g * np.sign(x) * power / safe ** (p - 1))


@op(method=False, x=_norm_rule)
def vector_norm(x, *, p=2, dim=None, keepdim=False):
    """(sum of |x|^p)^(1/p) over dim, for a finite p above 0; its derivative at 0 is 0, as torch's."""
    _check_float("norm", x)
    axes_of(dim, x.ndim)
    if p == 2:
        return np.sqrt(np.sum(x * x, axis=_axis(dim, x), keepdims=keepdim))
    if p == 1:
        return np.sum(np.abs(x), axis=_axis(dim, x), keepdims=keepdim)
    return np.sum(np.abs(x) ** p, axis=_axis(dim, x), keepdims=keepdim) ** (1 / p)


def _cumsum_rule(g, dim):
    return np.flip(np.cumsum(np.flip(g, dim), axis=dim), dim) if g.ndim else g


@op(np.cumsum, inplace=True, x=_cumsum_rule)
def cumsum(x, *, dim):
    """The running sum along dim."""
    return np.cumsum(x, axis=dim).reshape(x.shape)


def _cumprod_rule(g, x, out, dim):
    """g_i times the derivative of product i, summed over i: by x_k it is out_{k-1} (g_k + x_{k+1} (g_{k+1} + ...))."""
    if not g.ndim:
        return g
    x, out, g = (np.moveaxis(a, dim, 0) for a in (x, out, g))
    before = np.concatenate([np.ones_like(out[:1]), out[:-1]])
    after = np.concatenate([x[1:], np.ones_like(x[:1])])
    return np.moveaxis(before * np.flip(recurrence(np.flip(after, 0), np.flip(g, 0)), 0), 0, dim)


@op(np.cumprod, inplace=True, x=_cumprod_rule)
def cumprod(x, *, dim, dtype=None):
    """The running product along dim; its gradient is right with zeros too, and takes memory in proportion to x."""
    dtype = np.int64 if dtype is None and x.dtype.kind == "u" else dtype
    return np.cumprod(x, axis=dim, dtype=dtype).reshape(x.shape)


def _recurrence_x(g, x, out):
    before = np.concatenate([np.zeros_like(out[:1]), out[:-1]])
    return before * _recurrence_y(g, x)


def _recurrence_y(g, x):
    after = np.concatenate([x[1:], np.zeros_like(x[:1])])
    return np.flip(recurrence(np.flip(after, 0), np.flip(g, 0)), 0)


@op(method=False, x=_recurrence_x, y=_recurrence_y)
def recurrence(x, y):
    """out[i] = x[i] out[i-1] + y[i] along dim 0, where out[-1] is 0; its derivatives are recurrences, too."""
    out = np.array(y)
    for i in range(1, len(out)):
        out[i] += x[i] * out[i - 1]
    return out


@op(np.argmax)
def argmax(x, *, dim=None, keepdim=False):
    """The index of the maximum along dim (of the flattened tensor without one); of equal ones the first."""
    return np.argmax(x, axis=dim, keepdims=keepdim)


@op(np.argmin)
def argmin(x, *, dim=None, keepdim=False):
    """The index of the minimum along dim (of the flattened tensor without one); of equal ones the first."""
    return np.argmin(x, axis=dim, keepdims=keepdim)


@op(np.any)
def any(x, *, dim=None, keepdim=False):
    """Whether any is true, over dim."""
    return np.any(x, axis=_axis(dim, x), keepdims=keepdim)


@op(np.all)
def all(x, *, dim=None, keepdim=False):
    """Whether all are true, over dim."""
    return np.all(x, axis=_axis(dim, x), keepdims=keepdim)


@op(np.count_nonzero)
def count_nonzero(x, *, dim=None):
    """How many are not zero, over dim."""
    return np.count_nonzero(x, axis=_axis(dim, x))

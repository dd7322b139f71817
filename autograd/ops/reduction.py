"""Reductions and their derivatives. `dim` is an int, a tuple, or None for all."""

from __future__ import annotations

import math

import numpy as np

from autograd.errors import ShapeError
from autograd.ops.elementwise import as_floats, select
from autograd.ops.table import op
from autograd.summation import cumulative_sum, sum_over

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
    found = tuple([int(axis) % ndim for axis in axes]) if ndim else ()
    if len(axes) > 1 and len(set(found)) < len(found):
        raise ShapeError(f"dim {dim} names the same dim twice, for a tensor of {ndim} dims")
    return found


def _count(shape, dim):
    return math.prod(shape[axis] for axis in axes_of(dim, len(shape)))


def expand_reduced(g, shape, dim, keepdim):
    """What belongs to the result of a reduction (`g`, say), broadcast to the shape that was reduced."""
    if not keepdim:
        g = np.reshape(g, reduced_shape(shape, axes_of(dim, len(shape))))
    return np.broadcast_to(g, shape)


def reduced_shape(shape, axes):
    """The shape of a reduction over axes that are kept, with size 1."""
    return tuple([1 if i in axes else n for i, n in enumerate(shape)])


def _axis(dim, x):
    """A dim as NumPy takes it; a tensor of 0 dims is reduced over its dim 0 as torch's, which NumPy does not know."""
    return (tuple(dim) or None if isinstance(dim, (list, tuple)) else dim) if x.ndim else None


@op(np.sum, x=lambda g, shape, dim, keepdim: expand_reduced(g, shape, dim, keepdim))
def sum(x, *, dim=None, keepdim=False, dtype=None):
    """The sum over dim."""
    x = in_dtype(x, dtype)
    return sum_over(x, axes_of(dim, x.ndim), keepdim).astype(x.dtype, copy=False)


def in_dtype(x, dtype):
    """x in the dtype in which its elements are added or multiplied: int64 for whole numbers, unless one is given."""
    if dtype is None and x.dtype.kind not in "fc":
        dtype = np.int64
    return x if dtype is None else x.astype(dtype, copy=False)


@op(np.mean, x=lambda g, shape, dim, keepdim: expand_reduced(g / max(_count(shape, dim), 1), shape, dim, keepdim))
def mean(x, *, dim=None, keepdim=False, dtype=None):
    """The mean over dim. Raises RuntimeError for integers, which must be converted to floats first."""
    x = x if dtype is None else x.astype(dtype)
    check_float("mean", x)
    axes = axes_of(dim, x.ndim)
    if x.dtype == np.float16:  # whose sum may be infinite where the mean is not
        return np.mean(x, axis=axes, keepdims=keepdim)
    return sum_over(x, axes, keepdim) / math.prod([x.shape[i] for i in axes])


def _centred(x, dim):
    """x less its mean over dim, twice: the mean of large numbers is rounded, that of what is left hardly."""
    x = x - mean(x, dim=dim, keepdim=True)
    rest = mean(x, dim=dim, keepdim=True)
    if isinstance(x, np.ndarray):
        return np.subtract(x, rest, out=x)
    return x - rest


def _ddof(dim, unbiased, correction):
    """The dims, and what is subtracted from the count; `var(x, False)` means `unbiased=False`."""
    if isinstance(dim, bool):
        dim, unbiased = None, dim
    return dim, (1 if unbiased else 0) if correction is None else correction


def check_float(name, x):
    """Raise RuntimeError for whole numbers, which have no mean."""
    if x.dtype.kind not in "fc":
        raise RuntimeError(f"{name} of {x.dtype} is not defined: convert it with .float() first")


def _var_rule(g, x, dim, unbiased, keepdim, correction):
    dim, ddof = _ddof(dim, unbiased, correction)
    n = _count(x.shape, dim) - ddof
    return expand_reduced(g * (2 / n if n else math.nan), x.shape, dim, keepdim) * _centred(x, dim)


@op(x=_var_rule)
def var(x, *, dim=None, unbiased=True, keepdim=False, correction=None):
    """The variance over dim, divided by n - 1, or by n where unbiased is False, or by n - correction."""
    check_float("var", x)
    return _variance(x, keepdim, *_ddof(dim, unbiased, correction)).astype(x.dtype, copy=False)


def _variance(x, keepdim, dim, ddof):
    """The sum of the squares of x less its mean, less what the rounding of the mean adds, over n - ddof.

    That of float16 is float32, for squares of float16 are soon infinite.
    """
    if x.dtype == np.float16:
        x = x.astype(np.float32)
    axes, n = axes_of(dim, x.ndim), _count(x.shape, dim)
    mean = sum_over(x, axes, True) / n
    centred = x - mean
    total = sum_over(np.square(centred, out=centred), axes, True)
    if (np.abs(mean) > 1e3 * np.sqrt(total / n)).any():  # then the rounding of the mean counts
        rest = sum_over(x - mean, axes, True)
        total = np.maximum(total - rest * rest / n, 0)
    return (total if keepdim else total.squeeze(axes)) / max(n - ddof, 0)


def _std_rule(g, x, out, dim, unbiased, keepdim, correction):
    flat = np.equal(out, 0)
    by_var = np.where(flat, np.zeros_like(out), g / (2 * np.where(flat, np.ones_like(out), out)))
    return _var_rule(by_var, x, dim, unbiased, keepdim, correction)


@op(x=_std_rule)
def std(x, *, dim=None, unbiased=True, keepdim=False, correction=None):
    """The standard deviation over dim, the root of `var`; its derivative where all are equal is 0, as torch's."""
    check_float("std", x)
    return np.sqrt(_variance(x, keepdim, *_ddof(dim, unbiased, correction))).astype(x.dtype, copy=False)


def _extreme_rule(g, x, out, dim, keepdim):
    hit = np.logical_or(np.equal(x, expand_reduced(out, x.shape, dim, keepdim)), np.isnan(x))
    count = np.sum(hit, axis=_axis(dim, x), keepdims=keepdim).astype(g.dtype)
    return select(hit, expand_reduced(g / count, x.shape, dim, keepdim))


@op(np.max, np.amax, x=_extreme_rule)
def amax(x, *, dim=None, keepdim=False):
    """The maximum over dim, nan where one is; equal ones share the gradient."""
    _check_not_empty(x, dim, "maximum")
    return np.max(x, axis=_axis(dim, x), keepdims=keepdim)


@op(np.min, np.amin, x=_extreme_rule)
def amin(x, *, dim=None, keepdim=False):
    """The minimum over dim, nan where one is; equal ones share the gradient."""
    _check_not_empty(x, dim, "minimum")
    return np.min(x, axis=_axis(dim, x), keepdims=keepdim)


def _check_not_empty(x, dim, what):
    if _count(x.shape, dim) == 0:
        raise ShapeError(f"there is no {what} of 0 elements: shape {x.shape}, dim {dim}")


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
def prod(x, *, dim=None, keepdim=False, dtype=None):
    """The product over dim; its gradient is right with zeros too."""
    axes_of(dim, x.ndim)
    x = in_dtype(x, dtype)
    return np.prod(x, axis=_axis(dim, x), keepdims=keepdim, dtype=x.dtype)


def finite_max(x, dim):
    """The maximum over dim, 0 where it is infinite or nothing, so that it may be subtracted."""
    top = np.max(x, axis=_axis(dim, x), keepdims=True, initial=-np.inf)
    return np.where(np.isfinite(top), top, 0)


def _shares(x, dim):
    """softmax(x) over dims, from differences of elements alone, which keep their digits at large x."""
    e = np.exp(x - finite_max(getattr(x, "array", x), dim))
    total = e.sum(axes_of(dim, x.ndim), keepdims=True)
    return e / np.where(np.equal(total, 0), np.ones_like(total), total)


@op(x=lambda g, x, dim, keepdim: expand_reduced(g, x.shape, dim, keepdim) * _shares(x, dim))
def logsumexp(x, *, dim=None, keepdim=False):
    """log of the sum of e^x over dim, finite for any finite x: the maximum is taken out first."""
    x, axes = as_floats(x), axes_of(dim, x.ndim)
    top = finite_max(x, dim)
    with np.errstate(divide="ignore"):  # of nothing, or of minus infinities alone, it is minus infinity
        total = np.log(sum_over(np.exp(x - top), axes, True)) + top
    return total if keepdim else np.squeeze(total, axes)


@op(np.cumsum, inplace=True, x=lambda g, dim: np.flip(cumsum(np.flip(g, dim), dim=dim), dim) if g.ndim else g)
def cumsum(x, *, dim, dtype=None):
    """The running sum along dim."""
    x = in_dtype(x, dtype)
    return cumulative_sum(x, dim) if x.ndim else np.cumsum(x, dim).reshape(())


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
    """Whether any element is true, along dim or altogether."""
    return _truth(np.any(x, axis=_axis(dim, x), keepdims=keepdim), x)


@op(np.all)
def all(x, *, dim=None, keepdim=False):
    """Whether all elements are true, along dim or altogether."""
    return _truth(np.all(x, axis=_axis(dim, x), keepdims=keepdim), x)


def _truth(result, x):
    """A truth value, which of uint8 is again uint8, as torch's."""
    return result.astype(np.uint8) if x.dtype == np.uint8 else result


@op(np.count_nonzero)
def count_nonzero(x, *, dim=None):
    """The number of elements that are not zero, along dim or altogether."""
    return np.count_nonzero(x, axis=_axis(dim, x))

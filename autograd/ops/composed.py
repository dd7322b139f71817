"""Functions made of ops: no rule of their own, for the rules of their parts are enough."""

from __future__ import annotations

import math

import numpy as np

from autograd.errors import ShapeError
from autograd.graph import Traced
from autograd.ops import elementwise as E
from autograd.ops import reduction as R
from autograd.ops.indexing import gather, getitem
from autograd.ops.shape import broadcast_to, cat, expand, flip, permute, repeat, reshape, roll, unsqueeze
from autograd.ops.table import serves


def _array(x):
    return x.array if isinstance(x, Traced) else np.asarray(x)


def _ints(args):
    """Sizes or dims given one by one, or as one sequence."""
    many = len(args) == 1 and isinstance(args[0], (tuple, list))
    return tuple(int(n) for n in (args[0] if many else args))


def view(x, *shape):
    """The same elements in another shape, of which one size may be -1."""
    return reshape(x, size=_ints(shape))


def reorder(x, *dims):
    """The dims in the order given."""
    return permute(x, dim=_ints(dims))


def repeated(x, *sizes):
    """The whole tensor repeated along each dim."""
    return repeat(x, size=_ints(sizes))


def flipped(x, *dims):
    """The order along these dims reversed."""
    return flip(x, dim=_ints(dims))


def rolled(x, shifts, dims=None):
    """Shifted along dims, what falls off one end coming in at the other."""
    return roll(x, shifts=shifts, dim=dims)


def t(x):
    """The transpose of a matrix; a vector as it is."""
    if x.ndim > 2:
        raise ShapeError(f"t() is for at most 2 dims, got shape {tuple(x.shape)}; transpose(dim0, dim1) names the dims")
    return permute(x)


def mT(x):
    """The last two dims exchanged."""
    return permute(x, dim=(*range(x.ndim - 2), x.ndim - 1, x.ndim - 2))


def view_as(x, other):
    """In the shape of other."""
    return reshape(x, size=tuple(other.shape))


def expand_as(x, other):
    """Expanded to the shape of other."""
    return expand(x, *other.shape)


def broadcast_tensors(*tensors):
    """All in the shape to which they broadcast."""
    shape = np.broadcast_shapes(*[tuple(x.shape) for x in tensors])
    return tuple(broadcast_to(x, size=shape) for x in tensors)


def narrow(x, dim, start, length):
    """The `length` slices from `start` along dim."""
    return getitem(x, index=(slice(None),) * (dim % x.ndim) + (slice(start, start + length),))


def select(x, dim, index):
    """The slice at index along dim."""
    return getitem(x, index=(slice(None),) * (dim % x.ndim) + (index,))


def unfold(x, dimension, size, step):
    """All windows of `size` along a dim, `step` apart, as a new last dim."""
    dim = dimension % x.ndim
    starts = np.arange(0, x.shape[dim] - size + 1, step)
    windows = getitem(x, index=(slice(None),) * dim + (starts[:, None] + np.arange(size),))
    return permute(windows, dim=(*range(dim + 1), *range(dim + 2, windows.ndim), dim + 1))


def repeat_interleave(x, repeats, dim=None):
    """Each element (or slice along dim) repeated in place."""
    x, dim = (reshape(x, size=(-1,)), 0) if dim is None else (x, dim % x.ndim)
    index = np.repeat(np.arange(x.shape[dim]), _array(repeats))
    return getitem(x, index=(slice(None),) * dim + (index,))


def hstack(tensors):
    """Joined along dim 1 (dim 0 for vectors)."""
    return cat(tensors, 0 if tensors[0].ndim == 1 else 1)


def vstack(tensors):
    """Joined along dim 0, vectors being rows."""
    return cat([unsqueeze(x, 0) if x.ndim == 1 else x for x in tensors], 0)


# Numbers --------------------------------------------------------------------------------------------------------------


def clamp(x, min=None, max=None):
    """x kept between min and max, which are numbers or tensors."""
    if min is None and max is None:
        raise ValueError("clamp needs min, max or both")
    if all(bound is None or isinstance(bound, (int, float)) for bound in (min, max)):
        return E.clip(x, min=min, max=max)
    x = x if min is None else E.where(x >= min, x, min)
    return x if max is None else E.where(x <= max, x, max)


@serves(np.clip)
def np_clip(x, a_min=None, a_max=None, *, min=None, max=None):
    """`clamp` with NumPy's names."""
    return clamp(x, a_min if min is None else min, a_max if max is None else max)


def scaled_add(x, other, *, alpha=1):
    """x + alpha other."""
    return E.add(x, other if alpha == 1 else other * alpha)


def scaled_sub(x, other, *, alpha=1):
    """x - alpha other."""
    return E.sub(x, other if alpha == 1 else other * alpha)


def divide(x, other, *, rounding_mode=None):
    """x / other; "floor" or "trunc" round the result."""
    if rounding_mode not in (None, "floor", "trunc"):
        raise ValueError(f'rounding_mode must be None, "floor" or "trunc", not {rounding_mode!r}')
    if rounding_mode == "floor":
        return E.floor_divide(x, other)
    return E.div(x, other) if rounding_mode is None else E.trunc(E.div(x, other))


def where(condition, x=None, y=None):
    """x where the condition holds, else y; of the condition alone, the indices where it holds, one tensor a dim."""
    if x is None:
        return nonzero(condition, as_tuple=True)
    return E.where(condition, x, y)


def nonzero(x, as_tuple=False):
    """The indices (n, ndim) of what is not zero, or one tensor a dim."""
    found = np.nonzero(_array(x))
    return tuple(x.wrap(i) for i in found) if as_tuple else x.wrap(np.stack(found, axis=-1))


def var(x, dim=None, unbiased=True, keepdim=False, *, correction=None, axis=None, keepdims=False):
    """The variance over dim, divided by n - 1, or by n where unbiased is False, or by n - correction."""
    return R.variance(x, **_spread_keywords(dim, unbiased, keepdim, correction, axis, keepdims))


def std(x, dim=None, unbiased=True, keepdim=False, *, correction=None, axis=None, keepdims=False):
    """The root of `var`; its derivative where all elements are equal is 0."""
    return R.deviation(x, **_spread_keywords(dim, unbiased, keepdim, correction, axis, keepdims))


def _spread_keywords(dim, unbiased, keepdim, correction, axis, keepdims):
    if isinstance(dim, bool):
        dim, unbiased = None, dim
    correction = (1 if unbiased else 0) if correction is None else correction
    return {"dim": axis if dim is None else dim, "correction": correction, "keepdim": keepdim or keepdims}


@serves(np.var)
def np_var(x, axis=None, ddof=0, keepdims=False):
    """The variance as NumPy has it: divided by n."""
    return R.variance(x, dim=axis, correction=ddof, keepdim=keepdims)


@serves(np.std)
def np_std(x, axis=None, ddof=0, keepdims=False):
    """The standard deviation as NumPy has it: divided by n."""
    return R.deviation(x, dim=axis, correction=ddof, keepdim=keepdims)


def var_mean(x, dim=None, **keywords):
    """(var, mean) over dim."""
    return var(x, dim, **keywords), R.mean(x, dim=dim, keepdim=keywords.get("keepdim", False))


def std_mean(x, dim=None, **keywords):
    """(std, mean) over dim."""
    return std(x, dim, **keywords), R.mean(x, dim=dim, keepdim=keywords.get("keepdim", False))


def norm(x, p="fro", dim=None, keepdim=False, *, axis=None, keepdims=False):
    """The p-norm over dim, of the elements (so "fro" is 2); p may be 0 and plus or minus infinity."""
    dim, keepdim = axis if dim is None else dim, keepdim or keepdims
    p = 2 if p in (None, "fro") else p
    if p == 0:
        return R.sum((x != 0).to(x.dtype), dim=dim, keepdim=keepdim)
    if math.isinf(p):
        return (R.amax if p > 0 else R.amin)(E.abs(x), dim=dim, keepdim=keepdim)
    return R.vector_norm(x, p=p, dim=dim, keepdim=keepdim)


@serves(np.linalg.norm)
def np_norm(x, ord=None, axis=None, keepdims=False):
    """The norm of vectors, or the Frobenius norm, with NumPy's names."""
    return norm(x, ord, axis, keepdims)


def cumprod(x, dim):
    """The running product along dim."""
    n = x.shape[dim]
    moved = E.where(
        np.tri(n, dtype=bool).reshape((n, n) + (1,) * (x.ndim - 1 - dim % x.ndim)), unsqueeze(x, dim % x.ndim), 1.0
    )
    return R.prod(moved, dim=dim % x.ndim + 1)


def median(x, dim=None, keepdim=False):
    """The lower median of all, or (values, indices) along dim."""
    flat, at = (reshape(x, size=(-1,)), 0) if dim is None else (x, dim)
    order = np.argsort(flat.array, axis=at, kind="stable")
    index = np.take(order, [(flat.shape[at] - 1) // 2], axis=at)
    values = gather(flat, at, index)
    if dim is None:
        return reshape(values, size=())
    index = x.wrap(index)
    return (values, index) if keepdim else (values.squeeze(at), index.squeeze(at))


# Questions ------------------------------------------------------------------------------------------------------------


def allclose(x, y, rtol=1e-5, atol=1e-8, equal_nan=False):
    """Whether |x - y| <= atol + rtol |y| everywhere."""
    return bool(np.allclose(_array(x), _array(y), rtol, atol, equal_nan))


def isclose(x, y, rtol=1e-5, atol=1e-8, equal_nan=False):
    """Whether |x - y| <= atol + rtol |y|, elementwise."""
    return x.wrap(np.isclose(_array(x), _array(y), rtol, atol, equal_nan))


def equal(x, y):
    """Whether x and y have the same shape and the same elements."""
    return bool(np.array_equal(_array(x), _array(y)))


def unique(x, sorted=True, return_inverse=False, return_counts=False):
    """The distinct elements, in order; with them, where asked, where each element is and how often it comes."""
    found = np.unique(_array(x), return_inverse=return_inverse, return_counts=return_counts)
    return tuple(x.wrap(a) for a in found) if isinstance(found, tuple) else x.wrap(found)


def bincount(x, weights=None, minlength=0):
    """How often each whole number occurs (or the sum of its weights)."""
    return x.wrap(np.bincount(_array(x), None if weights is None else _array(weights), minlength))

"""Indexing: the rule of taking elements is adding into zeros, and the rule of that is taking."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from autograd.errors import ShapeError
from autograd.ops import reduction
from autograd.ops.elementwise import maximum, minimum
from autograd.ops.shape import _one_dim
from autograd.ops.table import op, serves


def is_basic(index):
    """Whether NumPy gives a view for this index: numbers, slices, None and ... alone."""
    parts = index if isinstance(index, tuple) else (index,)
    return all(part is None or part is Ellipsis or isinstance(part, (int, np.integer, slice)) for part in parts)


def _never_repeats(index):
    """Whether no element can be named twice: slices, numbers and truth values alone."""
    parts = index if isinstance(index, tuple) else (index,)
    return is_basic(tuple(p for p in parts if not (isinstance(p, np.ndarray) and p.dtype == bool)))


@op(x=lambda g, index, shape: unindex(g, index=index, size=shape))
def getitem(x, *, index):
    """x[index], basic or advanced; elements taken twice have their gradients added."""
    return x[index]


@op(x=lambda g, index: getitem(g, index=index))
def unindex(x, *, index, size):
    """Zeros of the shape `size` with x added at index, repeated indices adding up."""
    out = np.zeros(size, x.dtype)
    if _never_repeats(index):
        out[index] = x
    else:
        np.add.at(out, index, x)
    return out


def _without(g, index):
    return index_put(g, 0, index=index)


@op(x=_without, value=lambda g, index: getitem(g, index=index))
def index_put(x, value, *, index):
    """x with x[index] = value, as a new array."""
    out = np.array(x)
    out[index] = value
    return out


def _grid(index, dim, ndim):
    """The advanced index that takes, for each element of `index`, the one it names along dim, all else in its place."""
    if index.ndim != ndim:
        raise ShapeError(f"index of shape {index.shape} must have {ndim} dims, as the tensor")
    places = np.ogrid[tuple(slice(n) for n in index.shape)] if ndim else ()
    return tuple(index if d == dim else place for d, place in enumerate(places))


def _integers(index):
    index = index if isinstance(index, np.ndarray) else getattr(index, "array", index)
    index = np.asarray(index)
    if index.dtype.kind not in "iu":
        raise TypeError(f"an index must hold integers, not {index.dtype}")
    return index


@serves(np.take_along_axis)
def take_along_dim(input, indices, dim=None, *, axis=None):
    """x at `indices` along dim, with the other dims broadcast as NumPy's take_along_axis does."""
    dim = axis if dim is None else dim
    index = _integers(indices)
    if dim is None:
        return getitem(input.reshape(-1), index=(index.reshape(-1),))
    dim = _one_dim(dim, input.ndim)
    shape = tuple(index.shape[d] if d == dim else n for d, n in enumerate(input.shape))
    return getitem(input, index=_grid(np.broadcast_to(index, shape), dim, input.ndim))


def gather(input, dim, index):
    """out[i][j] = x[index[i][j]][j] for dim 0, and so on; index may be smaller than x in the other dims."""
    dim = _one_dim(dim, input.ndim)
    return getitem(input, index=_grid(_integers(index), dim, input.ndim))


def _source(src, index):
    return src[tuple(slice(n) for n in index.shape)] if np.ndim(src) else src


def scatter(input, dim, index, src):
    """x with out[index[i][j]][j] = src[i][j] for dim 0, and so on; src may be a number."""
    index, dim = _integers(index), _one_dim(dim, input.ndim)
    return index_put(input, _source(src, index), index=_grid(index, dim, input.ndim))


def scatter_add(input, dim, index, src):
    """x with src[i][j] added at out[index[i][j]][j] for dim 0, and so on; repeated indices add up."""
    index, dim = _integers(index), _one_dim(dim, input.ndim)
    return input + unindex(_source(src, index), index=_grid(index, dim, input.ndim), size=tuple(input.shape))


def index_select(input, dim, index):
    """The slices of x along dim that the 1-D index names."""
    lead = (slice(None),) * _one_dim(dim, input.ndim)
    return getitem(input, index=(*lead, _integers(index)))


def masked_select(input, mask):
    """The elements where the mask is true, as a 1-D tensor."""
    mask = np.asarray(getattr(mask, "array", mask))
    shape = np.broadcast_shapes(input.shape, mask.shape)
    return getitem(np.broadcast_to(input, shape), index=np.broadcast_to(mask, shape))


@op(np.argsort)
def argsort(x, *, dim=-1, descending=False, stable=False):
    """The indices that sort along dim; equal elements keep their order."""
    if not x.ndim:
        return np.zeros((), np.int64)
    if descending:
        return np.flip(x.shape[dim] - 1 - np.argsort(np.flip(x, dim), axis=dim, kind="stable"), dim)
    return np.argsort(x, axis=dim, kind="stable")


class ValuesAndIndices(NamedTuple):
    """What was found, and where."""

    values: Any
    indices: Any


def sort(input, dim=-1, descending=False, stable=False):
    """(values, indices) sorted along dim."""
    order = argsort(input, dim=dim, descending=descending)
    return ValuesAndIndices(gather(input, dim, order), order)


def topk(input, k, dim=-1, largest=True, sorted=True):
    """(values, indices) of the k largest (or smallest) along dim, in order."""
    n = input.shape[_one_dim(dim, input.ndim)]
    if not 0 <= k <= n:
        raise ShapeError(f"topk of k={k} along dim {dim} of size {n}")
    order = argsort(input, dim=dim, descending=largest)
    order = order[(slice(None),) * _one_dim(dim, input.ndim) + (slice(k),)]
    return ValuesAndIndices(gather(input, dim, order), order)


def _extreme(x, dim, keepdim, find):
    if x.shape[_one_dim(dim, x.ndim)] == 0 if x.ndim else False:
        raise IndexError(f"dim {dim} of the shape {tuple(x.shape)} is empty: it has no greatest or least element")
    index = find(x, dim=dim, keepdim=True)
    values = gather(x, dim, index)
    return ValuesAndIndices(values, index) if keepdim else ValuesAndIndices(values.squeeze(dim), index.squeeze(dim))


def max(input, dim=None, keepdim=False, *, axis=None, other=None):
    """The maximum of all, or (values, indices) along dim, or `maximum` with another tensor."""
    dim = next((value for value in (dim, axis, other) if value is not None), None)
    if dim is None:
        return reduction.amax(input)
    if not isinstance(dim, int):
        return maximum(input, dim)
    return _extreme(input, dim, keepdim, reduction.argmax)


def min(input, dim=None, keepdim=False, *, axis=None, other=None):
    """The minimum of all, or (values, indices) along dim, or `minimum` with another tensor."""
    dim = next((value for value in (dim, axis, other) if value is not None), None)
    if dim is None:
        return reduction.amin(input)
    if not isinstance(dim, int):
        return minimum(input, dim)
    return _extreme(input, dim, keepdim, reduction.argmin)

"""Indexing: the rule of taking elements is adding into zeros, and the rule of that is taking."""

from __future__ import annotations

import operator

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from autograd.accumulation import Part
from autograd.base import apply_view
from autograd.errors import GraphError, ShapeError
from autograd.ops.shape import one_dim, reshape
from autograd.ops.table import function, op
from autograd.versions import owner

__all__ = ["as_strided", "narrow", "select", "unfold"]


def is_basic(index):
    """Whether NumPy gives a view for this index: numbers, slices, None and ... alone. (A truth value is no number.)"""
    parts = index if isinstance(index, tuple) else (index,)
    return all(
        part is None or part is Ellipsis or isinstance(part, (int, np.integer, slice)) and not isinstance(part, bool)
        for part in parts
    )


def _never_repeats(index):
    """Whether no element can be named twice: slices, numbers and truth values alone."""
    parts = index if isinstance(index, tuple) else (index,)
    return is_basic(tuple(p for p in parts if not (isinstance(p, np.ndarray) and p.dtype == bool)))


def _as_view(index):
    """A basic index with an ellipsis in it, for which NumPy gives a view even of a single element."""
    parts = index if isinstance(index, tuple) else (index,)
    return parts if any(part is Ellipsis for part in parts) else (*parts, ...)


def _add_at(out, index, x):
    """out[index] += x, repeated indices adding up."""
    if _never_repeats(index):
        out[index] += x
    else:
        np.add.at(out, index, x)


def _put_back(g, index, shape):
    if isinstance(g, np.ndarray):
        return Part(g, lambda out, g: _add_at(out, index, g))
    return unindex(g, index=index, size=shape)


@op(view=True, method=False, x=_put_back)
def getitem(x, *, index):
    """x[index], basic (a view) or advanced (a copy); elements taken twice have their gradients added."""
    if isinstance(index, int):
        return x[index, ...]
    if is_basic(index):
        return x[_as_view(index)]
    out = x[index]
    return out if out.flags.c_contiguous else out.copy()


@op(method=False, x=lambda g, index: getitem(g, index=index))
def unindex(x, *, index, size):
    """Zeros of the shape `size` with x added at index, repeated indices adding up."""
    out = np.zeros(size, x.dtype)
    _add_at(out, index, x)
    return out


@op(method=False, x=lambda g, index: index_put(g, 0, index=index), value=lambda g, index: getitem(g, index=index))
def index_put(x, value, *, index):
    """x with x[index] = value, as a new array."""
    out = np.array(x)
    out[index] = value
    return out


def _index_part(part):
    """A part of an index: sequences and tensors as arrays, 0-d tensors of whole numbers as numbers, uint8 as masks.

    As in torch floats are cut off to whole numbers, but not those of tensors.
    """
    if hasattr(part, "array"):
        part = part.array
    elif isinstance(part, (list, tuple, range, np.ndarray)):
        part = np.asarray(part)
        part = part.astype(np.int64) if part.dtype.kind == "f" else part
    if isinstance(part, np.ndarray):
        if part.dtype == np.uint8:
            return part.astype(bool)
        return int(part) if part.ndim == 0 and part.dtype.kind in "iu" else part
    return part


_NUMBER = (int, np.integer)
_PARTS = (slice, list, tuple, range, np.ndarray, type(None), type(Ellipsis))


def _is_tuple(index):
    """Whether torch takes an index that is a list for a tuple: it is short, and not all of it are numbers."""
    return len(index) < 32 and any(isinstance(part, _PARTS) or hasattr(part, "array") for part in index)


def index_stages(index, ndim):
    """A torch index as one NumPy index, or as two that are applied one after the other.

    NumPy takes a number beside an array for an array, too, and may move its dim to the front. Torch takes the numbers
    out first, which is the first of two stages.
    """
    if isinstance(index, (int, slice)):
        return (index,)
    if isinstance(index, list) and _is_tuple(index):
        index = tuple(index)
    parts = tuple([_index_part(part) for part in index]) if isinstance(index, tuple) else (_index_part(index),)
    arrays = [part for part in parts if isinstance(part, (np.ndarray, bool))]
    taken = sum([_dims_of(part) for part in parts])
    if arrays and taken == ndim:  # NumPy would take an ellipsis that stands for no dim for one between arrays
        parts = tuple([part for part in parts if part is not Ellipsis])
    if not arrays or not any(isinstance(part, _NUMBER) and not isinstance(part, bool) for part in parts):
        return (parts if isinstance(index, tuple) else parts[0],)
    first, second = [], []
    for part in parts:
        if part is Ellipsis:
            first += [slice(None)] * (ndim - taken)
            second += [slice(None)] * (ndim - taken)
        elif isinstance(part, np.ndarray):
            first += [slice(None)] * _dims_of(part)
            second.append(part)
        elif isinstance(part, bool):  # a dim of size 1, of which all or nothing is taken
            first.append(None)
            second.append(np.zeros(int(part), int))
        else:
            first.append(part)
            second += [] if isinstance(part, _NUMBER) else [slice(None)]
    return tuple(first), tuple(second)


def _dims_of(part):
    """How many dims of a tensor one part of an index stands for."""
    if isinstance(part, np.ndarray) and part.dtype == bool:
        return part.ndim
    return 0 if part is None or part is Ellipsis or isinstance(part, bool) else 1


def memory_order(array):
    """The dims of an array from the largest stride to the smallest."""
    return tuple(sorted(range(array.ndim), key=lambda i: -abs(array.strides[i])))


def _outside(g, view_fn, order):
    return np.zeros_like(g) if view_fn is None else copy_slices(g, 0, view_fn=view_fn, order=order)


@op(method=False, x=_outside, value=lambda g, view_fn: apply_view(view_fn, g))
def copy_slices(x, value, *, view_fn, order):
    """x with `value` in the place of the elements that a view of it has, as a new array with the dims in `order`.

    It records a write into a view at the base of that view.
    """
    out = np.empty([x.shape[i] for i in order], x.dtype).transpose(np.argsort(order))
    out[...] = x
    view = apply_view(view_fn, out)
    if owner(view) is not owner(out):
        raise GraphError("a write into this view has no derivative, since its gradient has no such view: clone() it")
    view[...] = value
    return out


def along(dim, ndim, index):
    """The index that takes `index` along dim and all of the others. Raises IndexError where dim is out of range."""
    if not -ndim <= dim < ndim:
        raise IndexError(f"dim {dim} is out of range for a tensor of {ndim} dims: expected {-ndim}..{ndim - 1}")
    return (slice(None),) * (dim % ndim) + (getattr(index, "array", index),)


@function()
def narrow(input, dim, start, length):
    """The `length` slices from `start` along dim; a negative start counts from the end."""
    if getattr(start, "dtype", None) == np.bool_:
        raise TypeError("narrow: start must be an integer, not a bool")
    start = operator.index(start)
    if start < 0 and input.ndim:
        start += input.shape[one_dim(dim, input.ndim)]
    place = along(dim, input.ndim, slice(start, start + length))
    if not 0 <= start <= start + length <= input.shape[dim]:
        raise ShapeError(f"narrow: {start} + {length} goes beyond dim {dim} of the shape {tuple(input.shape)}")
    return getitem(input, index=place)


@function()
def select(input, dim, index):
    """The slice at index along dim."""
    return getitem(input, index=along(dim, input.ndim, operator.index(index)))


@op(method=False, x=lambda g, dimension, size, step: unfold(g, dimension=dimension, size=size, step=step))
def fold(x, *, dimension, size, step, sizes):
    """Zeros of the shape `sizes` with windows added where `unfold` takes them."""
    out = np.zeros(sizes, x.dtype)
    dim = one_dim(dimension, out.ndim)
    rows, windows = (np.moveaxis(out, dim, -1), np.moveaxis(x, dim, -2)) if sizes else (out.reshape(1), x[None])
    count = windows.shape[-2]
    if size < count:
        for i in range(size):
            rows[..., i : i + step * count : step] += windows[..., i]
    else:
        for i in range(count):
            rows[..., i * step : i * step + size] += windows[..., i, :]
    return out


def _unfold_back(g, shape, dimension, size, step):
    return fold(g, dimension=dimension, size=size, step=step, sizes=tuple(shape))


@op(view=True, x=_unfold_back)
def unfold(x, *, dimension, size, step):
    """All windows of `size` along a dim, `step` apart, as a new last dim. Write only to windows that do not overlap."""
    dim = one_dim(dimension, x.ndim)
    rows = x if x.ndim else x.reshape(1)
    if step < 1 or not 0 <= size <= rows.shape[dim]:
        raise ShapeError(
            f"unfold of shape {x.shape} along dim {dimension}: the size {size} must be from 0 to {rows.shape[dim]}, "
            f"and the step {step} at least 1"
        )
    windows = sliding_window_view(rows, size, dim, writeable=step >= size and x.flags.writeable)
    windows = windows[(slice(None),) * dim + (slice(None, None, step), ...)]
    return windows if x.ndim else windows[0]


@function()
def as_strided(input, size, stride, storage_offset=None):
    """A copy of the elements of a contiguous tensor at steps of `stride` in its memory; PyTorch returns a view."""
    places = np.array(0 if storage_offset is None else storage_offset - input.storage_offset())
    for n, step in zip(size, stride, strict=True):
        places = places[..., None] + np.arange(n) * step
    if not input.is_contiguous() or places.size and not 0 <= places.min() <= places.max() < input.numel():
        raise ShapeError(f"as_strided of shape {tuple(input.shape)} reaches into memory that is not the tensor's own")
    return getitem(reshape(input, size=(-1,)), index=(places,))

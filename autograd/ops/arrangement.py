"""Rearranged elements: scattered, stacked, split, on diagonals, rotated."""

from __future__ import annotations

import numpy as np

from autograd.base import add_in_place_method, add_method
from autograd.errors import ShapeError
from autograd.ops import linalg as L
from autograd.ops.elementwise import masked_fill, where
from autograd.ops.gathering import array_of, at_least_1d, scatter_add, scattered
from autograd.ops.indexing import along, copy_slices, getitem, unindex
from autograd.ops.indexing import index_put as put_in
from autograd.ops.joining import cat, split_at
from autograd.ops.shape import expand, flip, one_dim, reshape, transpose
from autograd.ops.table import function, short

__all__ = ["scatter_reduce", "masked_scatter", "tensor_split", "hsplit", "vsplit", "dsplit", "take", "diag_embed"]
__all__ += ["diagflat", "index_put", "index_fill", "index_copy", "rot90", "fliplr", "flipud", "ravel", "atleast_1d"]
__all__ += ["atleast_2d", "atleast_3d", "dstack", "column_stack", "concatenate", "adjoint"]


@function(inplace=True)
def scatter_reduce(input, dim, index, src, reduce, *, include_self=True):
    """x with what src scatters to each place reduced there: "sum", "mean", "prod", "amax" or "amin".

    What x has there takes part with `include_self`. "prod" has no derivative.
    """
    if reduce not in ("sum", "mean", "prod", "amax", "amin"):
        raise RuntimeError(f'scatter_reduce: reduce must be "sum", "mean", "prod", "amax" or "amin", not {reduce!r}')
    place, part = scattered("scatter_reduce", input, dim, index, src)
    hit = np.zeros(input.shape or (1,), np.int64)
    np.add.at(hit, place, 1)
    hit = hit.reshape(input.shape)
    if reduce in ("sum", "mean"):
        out = scatter_add(input if include_self else masked_fill(input, hit > 0, 0), dim, index, src)
        count = np.maximum(hit + include_self, 1).astype(input.dtype)
        return out if reduce == "sum" else (out / count if out.dtype.kind == "f" else out // count)
    ufunc = {"prod": np.multiply, "amax": np.maximum, "amin": np.minimum}[reduce]
    best, some = np.atleast_1d(input.array.copy()), array_of(part)
    if not include_self:
        best[place] = 1 if reduce == "prod" else some
    ufunc.at(best, place, some)
    if not (input.requires_grad or getattr(src, "requires_grad", False)):
        return input.wrap(best.reshape(input.shape))
    if reduce == "prod":
        raise RuntimeError('scatter_reduce: "prod" has no derivative here: detach() the tensors')
    equal = np.logical_and(np.equal(input.array, best.reshape(input.shape)), include_self | (hit == 0))
    winners = part == best[place]
    count = equal.astype(np.int64).reshape(best.shape)
    np.add.at(count, place, winners.array)
    won = reshape(unindex(where(winners, part, 0), index=place, size=best.shape), size=input.shape)
    return (where(equal, input, 0) + won) / count.reshape(input.shape).astype(input.dtype)


@function(inplace=True)
def masked_scatter(input, mask, source):
    """x with the first elements of source, one after the other, where the mask is true."""
    shape = np.broadcast_shapes(input.shape, mask.shape)
    at = np.nonzero(np.broadcast_to(mask.array, shape or (1,)))
    count = len(at[0])
    if mask.dtype != np.bool_ or source.dtype != input.dtype or source.numel() < count:
        raise RuntimeError(
            f"masked_scatter needs a mask of truth values and at least {count} elements of {input.dtype}, got a mask "
            f"of {mask.dtype} and a source of {source.dtype} and shape {tuple(source.shape)}"
        )
    if not shape:
        return reshape(source, size=(-1,))[0] if count else input.clone()
    return put_in(expand(input, size=shape), reshape(source, size=(-1,))[:count], index=at)


def _put_at(input, indices, values, accumulate=False):
    """x with x[indices] = values; repeated indices add up where they `accumulate`."""
    if not isinstance(indices, (tuple, list)):
        raise TypeError(f"index_put takes a tuple of indices, one a dim, got {type(indices).__name__}")
    index = tuple(slice(None) if i is None else array_of(i) for i in indices)
    if accumulate:
        shape = input.array[index].shape
        return input + unindex(expand(values, size=shape), index=index, size=tuple(input.shape))
    return put_in(input, values, index=index)


index_put = add_method(_put_at, "index_put")
add_in_place_method(_put_at, "index_put")


@function()
def index_fill(input, dim, index, value):
    """x with the slices at index along dim set to one value."""
    place = along(dim, max(input.ndim, 1), array_of(index))
    return reshape(put_in(at_least_1d(input), value, index=place), size=tuple(input.shape))


@function()
def index_copy(input, dim, index, source):
    """x with the slices of source at index along dim."""
    place = along(dim, max(input.ndim, 1), array_of(index))
    return reshape(put_in(at_least_1d(input), at_least_1d(source), index=place), size=tuple(input.shape))


@function()
def take(input, index):
    """Elements of the flattened tensor, in the shape of index."""
    return getitem(reshape(input, size=(-1,)), index=(array_of(index),))


@function()
def diag_embed(input, offset=0, dim1=-2, dim2=-1):
    """The last dim on a diagonal of two new dims, zeros elsewhere."""
    n, shape = input.shape[-1] + abs(offset), list(input.shape[:-1])
    dims = {one_dim(d, input.ndim + 1) for d in (dim1, dim2)}
    for dim in sorted(dims):
        shape.insert(dim, n)
    if len(dims) < 2:
        raise ShapeError(f"diag_embed: dim1 and dim2 must differ, both are {dim1}")
    view_fn = None, L.diagonal, {"offset": offset, "dim1": dim1, "dim2": dim2}, None
    return copy_slices(input.new_zeros(tuple(shape)), input, view_fn=view_fn, order=tuple(range(len(shape))))


diagflat = short(
    "diagflat", lambda input, offset=0: L.diag(reshape(input, size=(-1,)), offset), "The matrix with this diagonal."
)


@function()
def tensor_split(input, indices_or_sections, dim=0):
    """Pieces along dim, that many of nearly one size, or between indices."""
    n, many = input.shape[one_dim(dim, input.ndim)] if input.ndim else 0, array_of(indices_or_sections)
    if not input.ndim or (not many.ndim and many < 1):
        raise RuntimeError(
            f"tensor_split needs at least 1 dim and 1 section, got {input.ndim} and {indices_or_sections}"
        )
    if not many.ndim:
        many = [i * (n // int(many)) + min(i, n % int(many)) for i in range(1, int(many))]
    return split_at(input, stops=tuple(int(i) for i in many), dim=dim)


def _split_along(name, input, sections, dim, least):
    if input.ndim < least or (isinstance(sections, int) and (sections < 1 or input.shape[dim] % sections)):
        raise RuntimeError(f"{name}: the shape {tuple(input.shape)} cannot be split into {sections} equal parts")
    return tensor_split(input, sections, dim)


_doc = "Equal pieces, or those between indices, along dim {}."
hsplit = short(
    "hsplit", lambda x, s: _split_along("hsplit", x, s, min(x.ndim - 1, 1), 1), _doc.format("1 (0 of vectors)")
)
vsplit = short("vsplit", lambda x, s: _split_along("vsplit", x, s, 0, 2), _doc.format(0))
dsplit = short("dsplit", lambda x, s: _split_along("dsplit", x, s, 2, 3), _doc.format(2))


def _all(f):
    """A function of one tensor, of several, or of a list of them."""

    def of(*tensors):
        if len(tensors) == 1 and not isinstance(tensors[0], (tuple, list)):
            return f(tensors[0])
        return tuple(map(f, tensors[0] if isinstance(tensors[0], (tuple, list)) else tensors))

    return of


def _dims_1(x):
    return x if np.ndim(x) else np.reshape(x, (1,))


def _dims_2(x):
    return x if np.ndim(x) > 1 else np.reshape(x, (1, -1))


def _dims_3(x):
    return x if np.ndim(x) > 2 else np.reshape(x, (*x.shape, 1) if np.ndim(x) == 2 else (1, -1, 1))


_doc = "Each with at least {} dims."
atleast_1d = short("atleast_1d", _all(_dims_1), _doc.format(1), np.atleast_1d, method=False)
atleast_2d = short("atleast_2d", _all(_dims_2), _doc.format(2), np.atleast_2d, method=False)
atleast_3d = short("atleast_3d", _all(_dims_3), _doc.format(3), np.atleast_3d, method=False)
dstack = short("dstack", lambda ts: cat([_dims_3(t) for t in ts], 2), "Joined along dim 2.", method=False)
column_stack = short(
    "column_stack",
    lambda tensors: cat([t if np.ndim(t) > 1 else np.reshape(t, (-1, 1)) for t in tensors], 1),
    "Joined along dim 1; vectors are columns.",
    np.column_stack,
    method=False,
)
concatenate = cat
ravel = short("ravel", lambda input: reshape(input, size=(-1,)), "The elements in one dim.", np.ravel)
reshape_as = short("reshape_as", lambda input, other: reshape(input, size=tuple(other.shape)), "In the shape of other.")
fliplr = short("fliplr", lambda input: flip(input, dim=(1,)), "The order along dim 1 reversed.", np.fliplr)
flipud = short("flipud", lambda input: flip(input, dim=(0,)), "The order along dim 0 reversed.", np.flipud)
adjoint = short("adjoint", lambda input: transpose(input, -2, -1), "Matrices transposed.")


@function()
def rot90(input, k=1, dims=(0, 1)):
    """Turned k times by 90 degrees, from the first of two dims towards the second."""
    first, second = (one_dim(d, input.ndim) for d in dims)
    if first == second:
        raise ShapeError(f"rot90: the dims must differ, got {dims}")
    if k % 2 == 0:
        return flip(input, dim=(first, second)) if k % 4 else input.clone()
    turned = transpose(input, first, second)
    return flip(turned, dim=(first if k % 4 == 1 else second,))

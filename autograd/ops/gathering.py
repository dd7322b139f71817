"""Elements gathered along a dim, scattered into it, repeated, selected and sorted: all by way of an index."""

from __future__ import annotations

import numpy as np

from autograd.errors import ShapeError
from autograd.ops.indexing import getitem, index_put, unindex
from autograd.ops.shape import expand, one_dim, reshape, unsqueeze
from autograd.ops.table import function, op

__all__ = ["gather", "scatter", "scatter_add", "take_along_dim", "index_select", "index_add", "masked_select"]
__all__ += ["repeat_interleave", "nonzero", "argsort", "sort", "topk"]


@function(np.repeat)
def repeat_interleave(input, repeats=None, dim=None, *, output_size=None, axis=None):
    """Repeat each element (or each slice along dim) next to itself; `output_size` is the size of the result.

    Without `repeats`, the numbers 0, 1, 2, ..., each repeated as often as the input says.
    """
    if repeats is None:
        input, repeats = input.new_tensor(np.arange(input.shape[0])), input
    dim = axis if dim is None else dim
    if dim is None:
        input, dim = reshape(input, size=(-1,)), 0
    elif not input.ndim:
        raise IndexError(f"repeat_interleave: dim={dim}, but a tensor of 0 dims has none")
    dim = one_dim(dim, input.ndim)
    if isinstance(repeats, int) and output_size in (None, input.shape[dim] * repeats):
        before, n, after = input.shape[:dim], input.shape[dim], input.shape[dim + 1 :]
        spread = expand(unsqueeze(input, dim + 1), size=(*before, n, repeats, *after))
        return reshape(np.copy(spread), size=(*before, n * repeats, *after))
    index = np.repeat(np.arange(input.shape[dim]), getattr(repeats, "array", repeats))
    if output_size not in (None, len(index)):
        raise ShapeError(f"repeat_interleave: the repeats make {len(index)} slices, not output_size={output_size}")
    return getitem(input, index=(slice(None),) * dim + (index,))


def array_of(x):
    """The array of a tensor; of numbers and lists that of them."""
    return np.asarray(getattr(x, "array", x))


def at_least_1d(x):
    """A tensor of 0 dims as a vector: along a dim, torch takes the one for the other."""
    return x if x.ndim else reshape(x, size=(1,))


def _grid(index, dim, ndim):
    """The advanced index that takes, for each element of `index`, the one it names along dim, all else in its place."""
    if index.ndim != ndim:
        raise ShapeError(f"an index of shape {index.shape} must have {ndim} dims, like the tensor")
    places = np.ogrid[tuple(slice(n) for n in index.shape)] if ndim else ()
    return tuple(index if d == dim else place for d, place in enumerate(places))


def _integers(index):
    index = array_of(index)
    if index.dtype.kind not in "iu":
        raise TypeError(f"an index must hold integers, not {index.dtype}")
    return index


def _positions(index):
    """An index of at least 1 dim. Raises IndexError where it is negative: torch does not count from the end here."""
    index = np.atleast_1d(_integers(index))
    if index.size and index.min() < 0:
        raise IndexError(f"an index along a dim must not be negative, got {index.min()}")
    return index


def _vector(name, index):
    index = _positions(index)
    if index.ndim > 1:
        raise IndexError(f"{name}: the index must be a vector, got the shape {index.shape}")
    return index


@function(np.take_along_axis)
def take_along_dim(input, indices, dim=None, *, axis=None):
    """x at `indices` along dim, with the other dims broadcast as NumPy's take_along_axis does."""
    dim = axis if dim is None else dim
    index = _integers(indices)
    if dim is None:
        return getitem(input.reshape(-1), index=(index.reshape(-1),))
    dim = one_dim(dim, input.ndim)
    if index.ndim != input.ndim:
        raise ShapeError(f"take_along_dim: indices {index.shape} need {input.ndim} dims, like {tuple(input.shape)}")
    shapes = [tuple(1 if d == dim else n for d, n in enumerate(x.shape)) for x in (input, index)]
    shape = np.broadcast_shapes(*shapes)
    wide, index = (expand(x, size=(*shape[:dim], *x.shape[dim : dim + 1], *shape[dim + 1 :])) for x in (input, index))
    return getitem(wide, index=_grid(index, dim, input.ndim))


@function()
def gather(input, dim, index, *, sparse_grad=False):
    """out[i][j] = x[index[i][j]][j] for dim 0, and so on; index may be smaller than x in the other dims.

    `sparse_grad` changes nothing: gradients are dense.
    """
    dim, shape, input, index = one_dim(dim, input.ndim), np.shape(index), at_least_1d(input), _positions(index)
    if not index.size:
        return reshape(getitem(input, index=(slice(0),) * input.ndim), size=shape)
    out = getitem(input, index=_grid(index, dim, input.ndim))
    return out if shape else reshape(out, size=())


def scattered(name, input, dim, index, src):
    """Where a scatter puts its elements, as an index of NumPy's, and the part of src that goes there."""
    dim, ndim, index = one_dim(dim, input.ndim), max(input.ndim, 1), _positions(index)
    if not index.size:
        return (np.zeros((0,) * ndim, np.int64),) * ndim, np.zeros((0,) * ndim, input.dtype)
    if np.ndim(src):
        if src.dtype != input.dtype:
            raise RuntimeError(f"{name}: src must have the dtype of the input, {input.dtype}, not {src.dtype}")
        if src.ndim != index.ndim or any(n > m for n, m in zip(index.shape, src.shape)):
            raise ShapeError(f"{name}: src {tuple(src.shape)} has no element for every one of index {index.shape}")
        src = src[tuple(slice(n) for n in index.shape)]
    return _grid(index, dim, ndim), src


@function(inplace=True)
def scatter(input, dim, index, src=None, *, value=None, reduce=None):
    """x with out[index[i][j]][j] = src[i][j] for dim 0, and so on; src, or `value`, may be a number.

    With `reduce`, "add" or "multiply", the elements of x take part.
    """
    src = value if src is None else src
    if reduce is not None:
        if reduce not in ("add", "multiply"):
            raise RuntimeError(f'scatter: reduce must be "add" or "multiply", not {reduce!r}')
        src = src if np.ndim(src) else input.new_full(np.shape(index), src)
        return input.scatter_reduce(dim, index, src, "sum" if reduce == "add" else "prod")
    place, part = scattered("scatter", input, dim, index, src)
    out = index_put(at_least_1d(input), part, index=place)
    return out if input.ndim else reshape(out, size=())


@function(inplace=True)
def scatter_add(input, dim, index, src):
    """x with src[i][j] added at out[index[i][j]][j] for dim 0, and so on; repeated indices add up."""
    place, part = scattered("scatter_add", input, dim, index, src)
    added = unindex(part, index=place, size=tuple(input.shape) or (1,))
    return input + (added if input.ndim else reshape(added, size=()))


@function()
def index_select(input, dim, index):
    """The slices of x along dim that the 1-D index names."""
    index, lead = _vector("index_select", index), (slice(None),) * one_dim(dim, input.ndim)
    if not input.ndim and len(index) != 1:
        raise IndexError(f"index_select: the index of a tensor of 0 dims must have 1 element, not {len(index)}")
    out = getitem(at_least_1d(input), index=(*lead, index))
    return out if input.ndim else reshape(out, size=())


@function(inplace=True)
def index_add(input, dim, index, source, *, alpha=1):
    """Add the slices of source to x at the indices along dim; repeated indices accumulate."""
    dim, index, shape = one_dim(dim, input.ndim), _vector("index_add", index), tuple(input.shape) or (1,)
    if source.ndim != input.ndim or (tuple(source.shape) or (1,)) != (*shape[:dim], len(index), *shape[dim + 1 :]):
        raise ShapeError(
            f"index_add: source {tuple(source.shape)} must be the input {tuple(input.shape)} with {len(index)} slices, "
            f"one for each index, along dim {dim}"
        )
    if source.dtype != input.dtype:
        raise RuntimeError(f"index_add: source must have the dtype of the input, {input.dtype}, not {source.dtype}")
    if alpha != 1:
        source = source * np.asarray(alpha).astype(source.dtype)
    added = unindex(at_least_1d(source), index=(slice(None),) * dim + (index,), size=shape)
    return input + (added if input.ndim else reshape(added, size=()))


@function()
def masked_select(input, mask):
    """The elements where the mask is true, as a 1-D tensor."""
    mask = array_of(mask)
    if mask.dtype != bool:
        raise TypeError(f"masked_select: the mask must be boolean, not {mask.dtype}")
    shape = np.broadcast_shapes(input.shape, mask.shape)
    return getitem(expand(input, size=shape), index=np.broadcast_to(mask, shape))


@function()
def nonzero(input, as_tuple=False):
    """The indices (n, ndim) of what is not zero, or one tensor a dim."""
    if not as_tuple:
        return input.wrap(np.argwhere(input.array))
    return tuple(input.wrap(np.ascontiguousarray(i)) for i in np.nonzero(np.atleast_1d(input.array)))


@op(np.argsort)
def argsort(x, *, dim=-1, descending=False, stable=False):
    """The indices that sort along dim; equal elements keep their order."""
    if not x.ndim:
        return np.zeros((), np.int64)
    if descending:
        return np.ascontiguousarray(
            np.flip(x.shape[dim] - 1 - np.argsort(np.flip(x, dim), axis=dim, kind="stable"), dim)
        )
    return np.argsort(x, axis=dim, kind="stable")


def _back_to_indices(g, shape, indices, dim):
    return unindex(g[0], index=_grid(indices, one_dim(dim, len(shape)), len(shape)), size=shape)


@op(outputs=("values", "indices"), x=_back_to_indices)
def sort(x, *, dim=-1, descending=False, stable=False):
    """(values, indices) sorted along dim."""
    order = argsort(x, dim=dim, descending=descending)
    return np.take_along_axis(x, order, dim) if x.ndim else x.copy(), order


@op(outputs=("values", "indices"), x=_back_to_indices)
def topk(x, *, k, dim=-1, largest=True, sorted=True):
    """(values, indices) of the k largest (or smallest) along dim, in order."""
    n = x.shape[one_dim(dim, x.ndim)] if x.ndim else 1
    if not 0 <= k <= n:
        raise ShapeError(f"topk of k={k} along dim {dim} of size {n}")
    order = argsort(x, dim=dim, descending=largest)
    if not x.ndim:
        return x.copy(), order
    order = np.ascontiguousarray(order[(slice(None),) * one_dim(dim, x.ndim) + (slice(k),)])
    return np.take_along_axis(x, order, dim), order

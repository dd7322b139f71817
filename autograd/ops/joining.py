"""Tensors joined, and a tensor cut into pieces: each is the rule of the other."""

from __future__ import annotations

import numpy as np

from autograd.errors import ShapeError
from autograd.ops.shape import one_dim, reshape, unsqueeze
from autograd.ops.table import function, op

__all__ = ["cat", "concat", "stack", "hstack", "vstack", "split", "chunk", "unbind"]


def _cut(g, shapes, dim):
    """A gradient cut into the pieces that were joined."""
    sizes = [shape[dim] if len(shape) == g.ndim else 0 for shape in shapes]
    stops = np.cumsum(sizes)
    lead = (slice(None),) * (dim % g.ndim)
    pieces = [g[(*lead, slice(stop - size, stop))] for stop, size in zip(stops.tolist(), sizes, strict=True)]
    return tuple(p if p.ndim == len(shape) else p.reshape(shape) for p, shape in zip(pieces, shapes, strict=True))


@op(method=False, grads=_cut)
def concatenate(*tensors, dim=0):
    """The tensors joined along dim; those of shape (0,) may stand among others of any shape, as in torch."""
    shapes = [t.shape for t in tensors if t.shape != (0,)]
    if len({shape[:dim] + shape[dim % len(shape) + 1 :] if shape else None for shape in shapes}) > 1:
        raise ShapeError(f"tensors of shapes {shapes} cannot be joined along dim {dim}: the other dims must agree")
    if len(shapes) < len(tensors):
        dtype = np.result_type(*tensors)
        if not shapes:
            return np.empty(0, dtype)
        return np.concatenate([t for t in tensors if t.shape != (0,)], axis=dim, dtype=dtype)
    joined = np.concatenate(tensors, axis=dim)
    if joined.flags.c_contiguous:
        return joined
    pictures = joined.ndim in (4, 5) and tensors[0].shape[dim] > 1  # stacked, they are none
    keep = pictures and np.moveaxis(joined, 1, -1).flags.c_contiguous  # channels that are last stay so, as in torch
    return joined if keep else np.ascontiguousarray(joined)


@function(np.concatenate, method=False)
def cat(tensors, dim=0, *, axis=None):
    """Concatenate a sequence of tensors along one of their dims."""
    if strangers := [type(t).__name__ for t in tensors if not hasattr(t, "shape")]:
        raise TypeError(f"cat joins tensors, got {strangers[0]}")
    return concatenate(*tensors, dim=dim if axis is None else axis)


concat = cat


@function(np.stack, method=False)
def stack(tensors, dim=0, *, axis=None):
    """Join a sequence of tensors of one shape along a new dim."""
    dim = dim if axis is None else axis
    shapes = {tuple(np.shape(t)) for t in tensors}
    if len(shapes) > 1:
        raise ShapeError(f"stack needs tensors of one shape, got {sorted(shapes)}")
    return concatenate(*[unsqueeze(t, dim) for t in tensors], dim=dim)


@function(np.hstack, method=False)
def hstack(tensors):
    """Concatenate along dim 1 (dim 0 for vectors); tensors of 0 dims count as vectors of one element."""
    tensors = [x if x.ndim else reshape(x, size=(1,)) for x in tensors]
    return cat(tensors, 0 if tensors[0].ndim == 1 else 1)


@function(np.vstack, method=False)
def vstack(tensors):
    """Concatenate along dim 0; vectors count as rows, and tensors of 0 dims as rows of one element."""
    return cat([x if x.ndim > 1 else reshape(x, size=(1, *(x.shape or (1,)))) for x in tensors], 0)


@op(view=True, method=False, grads=lambda g, dim: (np.concatenate(g, axis=dim),))
def split_at(x, *, stops, dim):
    """The pieces of x between the stops along dim, as a tuple of views."""
    return tuple(np.split(x, stops, axis=dim))


@function()
def split(tensor, split_size_or_sections=None, dim=0, *, split_size=None):
    """Split along dim into pieces of the given size (the last may be smaller), or of each of the given sizes."""
    size = split_size_or_sections if split_size is None else split_size
    n = tensor.shape[one_dim(dim, tensor.ndim)]
    if isinstance(size, int):
        if size < 0 or (n and not size):
            raise ShapeError(f"split of shape {tuple(tensor.shape)} into pieces of size {size}: it must be at least 1")
        sizes = [min(size, n - start) for start in range(0, n, size)] if n else [0]
    else:
        sizes = list(size)
        if sum(sizes) != n or min(sizes, default=0) < 0:
            raise ShapeError(
                f"split of shape {tuple(tensor.shape)} along dim {dim}: the sizes {sizes} must add up to {n}, none of "
                "them negative"
            )
    stops = tuple(sum(sizes[: i + 1]) for i in range(len(sizes) - 1))
    return split_at(tensor, stops=stops, dim=dim)


@function()
def chunk(input, chunks, dim=0):
    """Split along dim into at most `chunks` pieces of equal size; the last may be smaller."""
    if chunks < 1:
        raise RuntimeError(f"chunk needs at least 1 chunk, got {chunks}")
    n = input.shape[one_dim(dim, input.ndim)]
    return split(input, -(-n // chunks) if n else [0] * chunks, dim)


@op(view=True, grads=lambda g, dim, shapes: (np.stack(g, axis=dim) if g else np.zeros(shapes[0]),))
def unbind(x, *, dim=0):
    """The slices along dim, as a tuple of views."""
    lead = (slice(None),) * one_dim(dim, x.ndim)
    return tuple([x[(*lead, i, ...)] for i in range(x.shape[dim])])

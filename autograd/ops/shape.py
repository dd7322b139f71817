"""Operations on shapes: the rule of each is the way back."""

from __future__ import annotations

import math

import numpy as np

from autograd.errors import ShapeError
from autograd.ops.table import op, serves


def _one_dim(dim, ndim):
    """A dim as a non-negative int; IndexError where it is not there."""
    least = max(ndim, 1)  # a tensor of 0 dims has a dim 0, as torch's
    if not -least <= dim < least:
        raise IndexError(f"dim {dim} is out of range for a tensor of {ndim} dims: expected {-least}..{least - 1}")
    return dim % least


@op(np.reshape, x=lambda g, shape: np.reshape(g, shape))
def reshape(x, *, size):
    """The same elements in the shape `size`, of which one may be -1."""
    try:
        return np.reshape(x, size)
    except ValueError:
        raise ShapeError(
            f"a tensor of shape {x.shape} ({x.size} elements) cannot take the shape {tuple(size)}"
        ) from None


def _inverse(dim):
    back = [0] * len(dim)
    for i, axis in enumerate(dim):
        back[axis] = i
    return tuple(back)


@op(np.transpose, x=lambda g, dim: np.transpose(g, None if dim is None else _inverse([d % len(dim) for d in dim])))
def permute(x, *, dim=None):
    """The dims in the order `dim`; reversed without one."""
    if dim is not None and sorted(_one_dim(d, x.ndim) for d in dim) != list(range(x.ndim)):
        raise ShapeError(f"permute of shape {x.shape}: {tuple(dim)} is no order of its {x.ndim} dims")
    return np.transpose(x, dim)


def transpose(input, dim0, dim1):
    """The dims dim0 and dim1 exchanged."""
    order = list(range(input.ndim))
    dim0, dim1 = _one_dim(dim0, input.ndim), _one_dim(dim1, input.ndim)
    if order:
        order[dim0], order[dim1] = dim1, dim0
    return permute(input, dim=tuple(order))


@serves(np.moveaxis)
def movedim(input, source, destination):
    """The dims of `source` moved to where `destination` says."""
    source = [_one_dim(d, input.ndim) for d in ((source,) if isinstance(source, int) else source)]
    destination = [_one_dim(d, input.ndim) for d in ((destination,) if isinstance(destination, int) else destination)]
    order = [d for d in range(input.ndim) if d not in source]
    for d, s in sorted(zip(destination, source, strict=True)):
        order.insert(d, s)
    return permute(input, dim=tuple(order))


@serves(np.squeeze)
def squeeze(input, dim=None, *, axis=None):
    """Without the dims of size 1 (of `dim` alone, where given and of size 1)."""
    dim = axis if dim is None else dim
    dims = range(input.ndim) if dim is None else (dim,) if isinstance(dim, int) else dim
    gone = {_one_dim(d, input.ndim) for d in dims if input.ndim}
    return reshape(input, size=tuple(n for i, n in enumerate(input.shape) if n != 1 or i not in gone))


def unsqueeze(input, dim):
    """With a new dim of size 1 at `dim`."""
    at = _one_dim(dim, input.ndim + 1)
    return reshape(input, size=(*input.shape[:at], 1, *input.shape[at:]))


def flatten(input, start_dim=0, end_dim=-1):
    """The dims from start_dim to end_dim made one."""
    if not input.ndim:
        return reshape(input, size=(1,))
    start, end = _one_dim(start_dim, input.ndim), _one_dim(end_dim, input.ndim)
    return reshape(input, size=(*input.shape[:start], math.prod(input.shape[start : end + 1]), *input.shape[end + 1 :]))


def unflatten(input, dim, sizes):
    """The dim `dim` split into `sizes`, of which one may be -1."""
    at = _one_dim(dim, input.ndim)
    if -1 in sizes:
        known = -math.prod(sizes)
        sizes = [input.shape[at] // known if n == -1 else n for n in sizes]
    return reshape(input, size=(*input.shape[:at], *sizes, *input.shape[at + 1 :]))


@op(np.broadcast_to, x=lambda g: g)
def broadcast_to(x, *, size):
    """Repeated along dims of size 1 to the shape `size`, without a copy; the walk sums the gradient back."""
    return np.broadcast_to(x, size)


def expand(input, *sizes, size=None):
    """`broadcast_to` in which -1 keeps a dim as it is."""
    size = size or (sizes[0] if len(sizes) == 1 and isinstance(sizes[0], (tuple, list)) else sizes)
    lead = len(size) - input.ndim
    return broadcast_to(input, size=tuple(input.shape[i - lead] if n == -1 else n for i, n in enumerate(size)))


def _cut(g, shapes, dim):
    """A gradient cut into the pieces that were joined."""
    stops = np.cumsum([shape[dim] for shape in shapes])
    lead = (slice(None),) * (dim % g.ndim)
    return tuple(g[(*lead, slice(stop - shape[dim], stop))] for stop, shape in zip(stops.tolist(), shapes, strict=True))


@op(grads=_cut)
def concatenate(*tensors, dim=0):
    """The tensors joined along dim."""
    return np.concatenate(tensors, axis=dim)


@serves(np.concatenate)
def cat(tensors, dim=0, *, axis=None):
    """The tensors of a sequence joined along a dim that they have."""
    return concatenate(*tensors, dim=dim if axis is None else axis)


@serves(np.stack)
def stack(tensors, dim=0, *, axis=None):
    """The tensors of a sequence, all of one shape, joined along a new dim."""
    dim = dim if axis is None else axis
    shapes = {tuple(np.shape(t)) for t in tensors}
    if len(shapes) > 1:
        raise ShapeError(f"stack needs tensors of one shape, got {sorted(shapes)}")
    return concatenate(*[unsqueeze(t, dim) for t in tensors], dim=dim)


@op(grads=lambda g, dim: (np.concatenate(g, axis=dim),))
def split_at(x, *, stops, dim):
    """The pieces of x between the stops along dim, as a tuple of views."""
    return tuple(np.split(x, stops, axis=dim))


def split(tensor, split_size_or_sections=None, dim=0, *, split_size=None):
    """Pieces of a size (the last may be smaller), or of the sizes given, along dim."""
    size = split_size_or_sections if split_size is None else split_size
    n = tensor.shape[_one_dim(dim, tensor.ndim)]
    if isinstance(size, int):
        sizes = [min(size, n - start) for start in range(0, n, size)] if n else [0]
    else:
        sizes = list(size)
        if sum(sizes) != n:
            raise ShapeError(f"split of shape {tensor.shape} along dim {dim}: the sizes {sizes} do not add up to {n}")
    stops = tuple(sum(sizes[: i + 1]) for i in range(len(sizes) - 1))
    return split_at(tensor, stops=stops, dim=dim)


def chunk(input, chunks, dim=0):
    """At most `chunks` pieces of one size (the last may be smaller) along dim."""
    return split(input, max(-(-input.shape[dim] // chunks), 1), dim)


def unbind(input, dim=0):
    """The slices along dim, as a tuple."""
    return tuple(squeeze(piece, dim) for piece in split(input, 1, dim))


def _join_heads(g, shapes):
    return (np.stack([np.swapaxes(part, -2, -3) for part in g], axis=-3).reshape(shapes[0]),)


@op(grads=_join_heads)
def split_heads(x, *, heads, parts):
    """x (..., T, parts H D) as `parts` views (..., H, T, D), one after the other in the last dim of x."""
    *batch, features = x.shape
    if not batch or heads < 1 or parts < 1 or features % (parts * heads):
        raise ShapeError(
            f"split_heads of shape {x.shape}: the last dim must be a multiple of {parts} parts x {heads} heads"
        )
    x = x.reshape(*batch, parts, heads, features // (parts * heads))
    return tuple(np.swapaxes(x[..., i, :, :], -2, -3) for i in range(parts))


@op(x=lambda g, shape: np.swapaxes(g.reshape(*g.shape[:-1], shape[-3], shape[-1]), -2, -3))
def merge_heads(x):
    """x (..., H, T, D) as (..., T, H D)."""
    if x.ndim < 3:
        raise ShapeError(f"merge_heads needs (..., H, T, D), got {x.shape}")
    return np.swapaxes(x, -2, -3).reshape(*x.shape[:-3], x.shape[-2], x.shape[-3] * x.shape[-1])


@op(np.flip, x=lambda g, dim: np.flip(g, dim))
def flip(x, *, dim=None):
    """The order of the elements along dim reversed, as a copy."""
    return np.flip(x, dim).copy()


def _roll_back(g, shifts, dim):
    return np.roll(g, tuple(-s for s in shifts) if isinstance(shifts, (tuple, list)) else -shifts, dim)


@op(x=_roll_back)
def roll(x, *, shifts, dim=None):
    """Shifted along dim by `shifts`; what falls off one end comes in at the other."""
    return np.roll(x, shifts, dim)


@op(x=lambda g, diagonal: tril(g, diagonal=diagonal))
def tril(x, *, diagonal=0):
    """The lower triangle of the last two dims, zeros above the diagonal."""
    return np.tril(x, diagonal)


@op(x=lambda g, diagonal: triu(g, diagonal=diagonal))
def triu(x, *, diagonal=0):
    """The upper triangle of the last two dims, zeros below the diagonal."""
    return np.triu(x, diagonal)


def _untile(g, shape, size):
    shape = (1,) * (len(size) - len(shape)) + tuple(shape)
    pairs = tuple(n for pair in zip(size, shape, strict=True) for n in pair)
    return np.reshape(np.sum(np.reshape(g, pairs), axis=tuple(range(0, len(pairs), 2))), shape)


@op(x=_untile)
def repeat(x, *, size):
    """The whole tensor repeated `size[i]` times along dim i."""
    if len(size) < x.ndim:
        raise ShapeError(f"repeat of shape {x.shape} needs at least {x.ndim} counts, got {tuple(size)}")
    return np.tile(x, size)


def _unpad(g, width):
    return g[tuple(slice(before, g.shape[i] - after) for i, (before, after) in enumerate(width))]


@op(x=_unpad)
def pad(x, *, width, value=0.0):
    """`value` added around x: `width` has a pair (before, after) for each dim."""
    return np.pad(x, width, constant_values=value)

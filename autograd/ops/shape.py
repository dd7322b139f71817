"""Operations on shapes: the rule of each is the inverse operation."""

from __future__ import annotations

import math

import numpy as np

from autograd import dtypes
from autograd.base import add_method, set_view
from autograd.errors import ShapeError
from autograd.grad_mode import enable_grad, mode
from autograd.ops.entry import as_ints
from autograd.ops.table import alias, function, op, short

__all__ = ["reshape", "permute", "transpose", "swapaxes", "swapdims", "t", "movedim", "moveaxis", "squeeze"]
__all__ += ["unsqueeze", "flatten", "unflatten", "broadcast_to", "broadcast_tensors", "flip", "roll", "tril", "triu"]
__all__ += ["tile"]


def one_dim(dim, ndim):
    """A dim as a non-negative int. Raises IndexError where it is out of range; a tensor of 0 dims has a dim 0."""
    least = max(ndim, 1)
    if not -least <= dim < least:
        raise IndexError(f"dim {dim} is out of range for a tensor of {ndim} dims: expected {-least}..{least - 1}")
    return dim % least


def writeable_as(x, view):
    """A view of x that NumPy made read-only, writeable where x is."""
    if x.flags.writeable:
        view.flags.writeable = True
    return view


@op(np.reshape, view=True, pack="size", x=lambda g, shape: np.reshape(g, shape))
def reshape(x, *, size):
    """The same elements in the shape `size`, of which one may be -1."""
    try:
        return np.reshape(x, size)
    except ValueError:
        raise ShapeError(
            f"a tensor of shape {x.shape} ({x.size} elements) cannot take the shape {tuple(size)}"
        ) from None


alias(reshape, "resize")  # a method that torch has kept for older programs


@function()
def view(input, *size, **keywords):
    """`reshape` that never copies, or the same bytes as another dtype (of no gradient).

    Raises ShapeError where the elements in memory do not allow the new shape.
    """
    dtype = keywords.get("dtype", size[0] if size else None)
    if isinstance(dtype, (dtypes.dtype, np.dtype)):
        return input if dtype == input.dtype else input.wrap(input.array.view(dtype))
    out = reshape(input, *size, **keywords)
    if out._base is None:
        raise ShapeError(
            f"a tensor of shape {tuple(input.shape)} and strides {input.stride()} cannot be viewed as "
            f"{tuple(out.shape)} without a copy: use reshape()"
        )
    return out


def _inverse(dim):
    back = [0] * len(dim)
    for i, axis in enumerate(dim):
        back[axis] = i
    return tuple(back)


@op(
    np.transpose,
    view=True,
    pack="dim",
    x=lambda g, dim: np.transpose(g, None if dim is None else _inverse([d % len(dim) for d in dim])),
)
def permute(x, *, dim=None):
    """The dims in the order `dim`; without one, in reverse order."""
    if dim is not None and sorted(one_dim(d, x.ndim) for d in dim) != list(range(x.ndim)):
        raise ShapeError(f"permute of shape {x.shape}: {tuple(dim)} is not an order of its {x.ndim} dims")
    return np.transpose(x, dim)


@function()
def transpose(input, dim0, dim1):
    """Exchange the dims dim0 and dim1."""
    order = list(range(input.ndim))
    dim0, dim1 = one_dim(dim0, input.ndim), one_dim(dim1, input.ndim)
    if order:
        order[dim0], order[dim1] = dim1, dim0
    return permute(input, dim=tuple(order))


swapaxes = swapdims = alias(transpose, "swapaxes", "swapdims")


@function()
def t(input):
    """The transpose of a matrix; a vector as it is."""
    if input.ndim > 2:
        raise ShapeError(
            f"t() is for at most 2 dims, got shape {tuple(input.shape)}; transpose(dim0, dim1) names the dims"
        )
    return permute(input)


@function(np.moveaxis)
def movedim(input, source, destination):
    """Move the dims `source` to the positions `destination`."""
    if not input.ndim:
        return permute(input)
    source = [one_dim(d, input.ndim) for d in ((source,) if isinstance(source, int) else source)]
    destination = [one_dim(d, input.ndim) for d in ((destination,) if isinstance(destination, int) else destination)]
    if not len({*source}) == len(source) == len(destination) == len({*destination}):
        raise ShapeError(f"movedim from {source} to {destination}: both must name the same number of dims, each once")
    order = [d for d in range(input.ndim) if d not in source]
    for d, s in sorted(zip(destination, source, strict=True)):
        order.insert(d, s)
    return permute(input, dim=tuple(order))


moveaxis = alias(movedim, "moveaxis")


@function(np.squeeze)
def squeeze(input, dim=None, *, axis=None):
    """Remove the dims of size 1, or of those only `dim`."""
    dim = axis if dim is None else dim
    dims = range(input.ndim) if dim is None else (dim,) if isinstance(dim, int) else dim
    gone = {one_dim(d, input.ndim) for d in dims}
    return reshape(input, size=tuple(n for i, n in enumerate(input.shape) if n != 1 or i not in gone))


@function()
def unsqueeze(input, dim):
    """Insert a dim of size 1 at `dim`."""
    at = one_dim(dim, input.ndim + 1)
    return reshape(input, size=(*input.shape[:at], 1, *input.shape[at:]))


@function()
def flatten(input, start_dim=0, end_dim=-1):
    """Merge the dims from start_dim to end_dim into one."""
    if not input.ndim:
        return reshape(input, size=(1,))
    start, end = one_dim(start_dim, input.ndim), one_dim(end_dim, input.ndim)
    if start == end:
        return input
    return reshape(input, size=(*input.shape[:start], math.prod(input.shape[start : end + 1]), *input.shape[end + 1 :]))


@function()
def unflatten(input, dim, sizes):
    """Split the dim `dim` into `sizes`, of which one may be -1."""
    at = one_dim(dim, input.ndim)
    if -1 in sizes:
        known = -math.prod(sizes)
        sizes = [input.shape[at] // known if n == -1 else n for n in sizes]
    return reshape(input, size=(*input.shape[:at], *sizes, *input.shape[at + 1 :]))


view_as = short(
    "view_as", lambda input, other: view(input, size=tuple(other.shape)), "The `view` in the shape of other."
)


def _in_place(f, name):
    """The method that gives the tensor itself the shape of a view of it, without a copy."""

    def in_place(self, *args, **kwargs):
        with enable_grad():  # within no_grad(), too, the shape alone changes, and not the history
            out = f(self, *args, **kwargs)
        if not (self.requires_grad and self.is_leaf):
            set_view(self, out)
        elif mode.grad:
            raise RuntimeError(f"{name} of a leaf that requires grad: do it within no_grad(), or make a new tensor")
        else:
            self.data = out
        return self

    in_place.__name__, in_place.__doc__ = name, f"`{f.__name__}` of the tensor itself, which it returns."
    add_method(in_place)


_in_place(squeeze, "squeeze_")
_in_place(unsqueeze, "unsqueeze_")
_in_place(transpose, "transpose_")
_in_place(transpose, "swapaxes_")
_in_place(t, "t_")


@function()
def resize_(input, *sizes):
    """Give the tensor itself another size; what it gains is not set. Not for one that requires grad."""
    if input.requires_grad:
        raise RuntimeError("resize_ of a tensor that requires grad: make a new one")
    sizes, flat = as_ints(sizes), input.array.reshape(-1)
    n = math.prod(sizes)
    input.array = (flat[:n] if n <= flat.size else np.resize(flat, n)).reshape(sizes)
    return input


@function()
def resize_as_(input, the_template):
    """Give the tensor itself the size of another."""
    return resize_(input, *the_template.shape)


@op(np.broadcast_to, view=True, pack="size", x=lambda g: g)
def expand(x, *, size):
    """x expanded along dims of size 1 to the shape `size`, without a copy; -1 keeps the size of a dim.

    In the backward pass, the gradient is summed over the copies.
    """
    lead = len(size) - x.ndim
    kept = [x.shape[i - lead] if n == -1 and i >= lead else n for i, n in enumerate(size)]
    try:
        return writeable_as(x, np.broadcast_to(x, tuple(kept)))
    except ValueError:
        raise ShapeError(f"a tensor of shape {x.shape} cannot be expanded to {tuple(size)}") from None


broadcast_to = alias(expand, "broadcast_to")


expand_as = short("expand_as", lambda input, other: expand(input, size=tuple(other.shape)), "In the shape of other.")


@function(method=False)
def broadcast_tensors(*tensors):
    """The tensors, each expanded to the shape to which all of them broadcast."""
    shape = np.broadcast_shapes(*[tuple(x.shape) for x in tensors])
    return tuple(expand(x, size=shape) for x in tensors)


@op(np.flip, pack="dim", x=lambda g, dim: np.flip(g, dim))
def flip(x, *, dim=None):
    """A copy with the order of the elements along dim reversed."""
    return np.flip(x, dim).copy()


def _roll_back(g, shifts, dim):
    return np.roll(g, tuple(-s for s in shifts) if isinstance(shifts, (tuple, list)) else -shifts, dim)


@op(np.roll, x=_roll_back)
def roll(x, *, shifts, dim=None):
    """Shift the elements along dim by `shifts`; those that leave at one end come in at the other."""
    many, dims = as_ints((shifts,)), (0,) if dim is None else as_ints((dim,))
    if len(many) != len(dims) or not many:
        raise ShapeError(f"roll by shifts {shifts} along dim {dim}: give one shift for each dim, or one without dim")
    return np.roll(x, shifts, dim)


def _check_matrices(name, x):
    if x.ndim < 2:
        raise ShapeError(f"{name} needs at least 2 dims, got the shape {tuple(x.shape)}")


@op(np.tril, inplace=True, x=lambda g, diagonal: tril(g, diagonal=diagonal))
def tril(x, *, diagonal=0):
    """The lower triangle of the last two dims, zeros above the diagonal."""
    _check_matrices("tril", x)
    return np.tril(x, diagonal)


@op(np.triu, inplace=True, x=lambda g, diagonal: triu(g, diagonal=diagonal))
def triu(x, *, diagonal=0):
    """The upper triangle of the last two dims, zeros below the diagonal."""
    _check_matrices("triu", x)
    return np.triu(x, diagonal)


def _unrepeat(g, shape, size):
    shape = (1,) * (len(size) - len(shape)) + tuple(shape)
    pairs = tuple(n for pair in zip(size, shape, strict=True) for n in pair)
    return np.reshape(np.sum(np.reshape(g, pairs), axis=tuple(range(0, len(pairs), 2))), shape)


@op(pack="size", x=_unrepeat)
def repeat(x, *, size):
    """The whole tensor repeated `size[i]` times along dim i."""
    if len(size) < x.ndim:
        raise ShapeError(f"repeat of shape {x.shape} needs at least {x.ndim} counts, got {tuple(size)}")
    return np.tile(x, size)


@function(np.tile)
def tile(input, *sizes, dims=None, reps=None):
    """Repeat x along each dim, as the method `repeat` does; missing counts are 1."""
    given = dims if reps is None else reps
    counts = as_ints(sizes if given is None else (given,))
    return repeat(input, size=(1,) * (input.ndim - len(counts)) + counts)

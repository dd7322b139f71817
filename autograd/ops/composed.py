"""Functions made of ops: no rule of their own, for the rules of their parts are enough."""

from __future__ import annotations

import math
import operator

import numpy as np

from autograd.errors import ShapeError
from autograd.graph import Traced
from autograd.ops import comparison as C
from autograd.ops import elementwise as E
from autograd.ops.indexing import getitem, scatter, unindex
from autograd.ops.shape import broadcast_to, cat, expand, flip, permute, repeat, reshape, roll, unsqueeze
from autograd.ops.table import serves


def _array(x):
    return x.array if isinstance(x, Traced) else np.asarray(x)


def _ints(args, *named):
    """Sizes or dims given one by one, as one sequence, or by a name."""
    args = next((value for value in named if value is not None), args)
    args = (args,) if isinstance(args, int) else args
    many = len(args) == 1 and isinstance(args[0], (tuple, list))
    return tuple(operator.index(n) for n in (args[0] if many else args))


def along(dim, ndim, index):
    """The index that takes `index` along dim and all of the others."""
    if not -ndim <= dim < ndim:
        raise IndexError(f"dim {dim} is out of range for a tensor of {ndim} dims: expected {-ndim}..{ndim - 1}")
    return (slice(None),) * (dim % ndim) + (getattr(index, "array", index),)


def view(input, *sizes, size=None, shape=None):
    """The same elements in another shape, of which one size may be -1."""
    return reshape(input, size=_ints(sizes, size, shape))


@serves(np.ravel)
def np_ravel(x):
    """The elements in one dim."""
    return reshape(x, size=(-1,))


@serves(np.repeat)
def np_repeat(x, repeats, axis=None):
    """`repeat_interleave` with NumPy's names."""
    return repeat_interleave(x, repeats, axis)


def reorder(input, *order, dims=None):
    """The dims in the order given."""
    return permute(input, dim=_ints(order, dims))


def repeated(input, *sizes, repeats=None):
    """The whole tensor repeated along each dim."""
    return repeat(input, size=_ints(sizes, repeats))


@serves(np.tile)
def tile(input, *sizes, dims=None, reps=None):
    """`repeat` in which missing counts are 1."""
    counts = _ints(sizes, dims, reps)
    return repeat(input, size=(1,) * (input.ndim - len(counts)) + counts)


def flipped(input, *which, dims=None):
    """The order along these dims reversed."""
    return flip(input, dim=_ints(which, dims))


def rolled(input, shifts, dims=None):
    """Shifted along dims, what falls off one end coming in at the other."""
    return roll(input, shifts=shifts, dim=dims)


def t(input):
    """The transpose of a matrix; a vector as it is."""
    if input.ndim > 2:
        raise ShapeError(
            f"t() is for at most 2 dims, got shape {tuple(input.shape)}; transpose(dim0, dim1) names the dims"
        )
    return permute(input)


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


def narrow(input, dim, start, length):
    """The `length` slices from `start` along dim."""
    place = along(dim, input.ndim, slice(start, start + length))
    if not 0 <= start <= start + length <= input.shape[dim]:
        raise ShapeError(f"narrow: {start} + {length} goes beyond dim {dim} of the shape {tuple(input.shape)}")
    return getitem(input, index=place)


def select(input, dim, index):
    """The slice at index along dim."""
    return getitem(input, index=along(dim, input.ndim, operator.index(index)))


def unfold(input, dimension, size, step):
    """All windows of `size` along a dim, `step` apart, as a new last dim."""
    dim = dimension % input.ndim
    starts = np.arange(0, input.shape[dim] - size + 1, step)
    windows = getitem(input, index=(slice(None),) * dim + (starts[:, None] + np.arange(size),))
    return permute(windows, dim=(*range(dim + 1), *range(dim + 2, windows.ndim), dim + 1))


def repeat_interleave(input, repeats, dim=None):
    """Each element (or slice along dim) repeated in place."""
    input, dim = (reshape(input, size=(-1,)), 0) if dim is None else (input, dim % input.ndim)
    index = np.repeat(np.arange(input.shape[dim]), _array(repeats))
    return getitem(input, index=(slice(None),) * dim + (index,))


@serves(np.hstack)
def hstack(tensors):
    """Joined along dim 1 (dim 0 for vectors)."""
    return cat(tensors, 0 if tensors[0].ndim == 1 else 1)


@serves(np.vstack)
def vstack(tensors):
    """Joined along dim 0, vectors being rows."""
    return cat([unsqueeze(x, 0) if x.ndim == 1 else x for x in tensors], 0)


# Numbers --------------------------------------------------------------------------------------------------------------


def clamp(input, min=None, max=None):
    """input kept between min and max, which are numbers or tensors."""
    if min is None and max is None:
        raise ShapeError("clamp needs min, max or both")
    if all(bound is None or isinstance(bound, (int, float)) for bound in (min, max)):
        return E.clip(input, min=min, max=max)
    input = input if min is None else E.where(input >= min, input, min)
    return input if max is None else E.where(input <= max, input, max)


def scaled_add(input, other, *, alpha=1):
    """x + alpha other."""
    return E.add(input, other if alpha == 1 else other * alpha)


def scaled_sub(input, other, *, alpha=1):
    """x - alpha other."""
    return E.sub(input, other if alpha == 1 else other * alpha)


def divide(input, other, *, rounding_mode=None):
    """input / other; "floor" or "trunc" round the result."""
    if rounding_mode is None:
        return E.div(input, other)
    if rounding_mode == "floor":
        return C.floor_divide(input, other)
    if rounding_mode != "trunc":
        raise ShapeError(f'rounding_mode must be None, "floor" or "trunc", not {rounding_mode!r}')
    below = C.floor_divide(input, other)
    if below.dtype.kind == "f":
        return E.trunc(E.div(input, other))
    return below + ((below < 0) & (below * other != input))


def addcmul(input, tensor1, tensor2, *, value=1):
    """input + value tensor1 tensor2."""
    return input + value * tensor1 * tensor2


def addcdiv(input, tensor1, tensor2, *, value=1):
    """input + value tensor1 / tensor2."""
    return input + value * (tensor1 / tensor2)


def nan_to_num(input, nan=0.0, posinf=None, neginf=None):
    """With numbers in the place of nan and the infinities (for these the greatest and the smallest, without others)."""
    span = np.finfo(input.dtype)
    ends = (span.max if posinf is None else posinf), (span.min if neginf is None else neginf)
    x = E.where(C.isnan(input), nan, input)
    return E.where(x == math.inf, float(ends[0]), E.where(x == -math.inf, float(ends[1]), x))


def where(condition, input=None, other=None):
    """input where the condition holds, else other; without them, the indices where it holds, one tensor a dim."""
    if input is None:
        return nonzero(condition, as_tuple=True)
    return E.where(condition, input, other)


def where_method(input, condition, other):
    """The elements where the condition holds, else those of other."""
    return E.where(condition, input, other)


def scattered(input, dim, index, src=None, *, value=None):
    """`scatter` in which a number may be given as `value`."""
    return scatter(input, dim, index, value if src is None else src)


def index_add(input, dim, index, source, *, alpha=1):
    """With the slices of source added at index along dim; repeated indices add up."""
    place = along(dim, input.ndim, index)
    return input + unindex(source if alpha == 1 else source * alpha, index=place, size=tuple(input.shape))


def nonzero(input, as_tuple=False):
    """The indices (n, ndim) of what is not zero, or one tensor a dim."""
    found = np.nonzero(_array(input))
    return tuple(input.wrap(i) for i in found) if as_tuple else input.wrap(np.stack(found, axis=-1))


# Questions ------------------------------------------------------------------------------------------------------------


def allclose(input, other, rtol=1e-5, atol=1e-8, equal_nan=False):
    """Whether |input - other| <= atol + rtol |other| everywhere."""
    return bool(np.allclose(_array(input), _array(other), rtol, atol, equal_nan))


def isclose(input, other, rtol=1e-5, atol=1e-8, equal_nan=False):
    """Whether |input - other| <= atol + rtol |other|, elementwise."""
    return input.wrap(np.isclose(_array(input), _array(other), rtol, atol, equal_nan))


def equal(input, other):
    """Whether both have the same shape and the same elements."""
    return bool(np.array_equal(_array(input), _array(other)))

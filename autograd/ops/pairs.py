"""Products, distances and choices of all pairs, grids of indices, and the dtypes of results."""

from __future__ import annotations

import itertools
from functools import reduce

import numpy as np

from autograd.base import wrap
from autograd.dtypes import Size, checked_device, checked_dtype, default_dtype
from autograd.errors import ShapeError
from autograd.ops import linalg as L
from autograd.ops.elementwise import where
from autograd.ops.indexing import getitem
from autograd.ops.joining import stack
from autograd.ops.shape import expand, one_dim, reshape
from autograd.ops.statistics import norm
from autograd.ops.table import alias, function, promoted, short

__all__ = ["cartesian_prod", "combinations", "cdist", "dist", "kron", "ger", "inner", "vdot", "addr", "addmv", "addbmm"]
__all__ += ["chain_matmul", "renorm", "vander", "tril_indices", "triu_indices", "logspace", "unravel_index"]
__all__ += ["broadcast_shapes", "promote_types", "result_type", "can_cast", "is_nonzero", "is_signed"]


@function(method=False)
def cartesian_prod(*tensors):
    """All tuples of one element of each vector, as rows."""
    shape = tuple(len(x) for x in tensors)
    wide = [expand(reshape(x, size=(-1, *[1] * (len(shape) - 1 - i))), size=shape) for i, x in enumerate(tensors)]
    return reshape(stack(wide, -1), size=(-1, len(shape))) if len(shape) > 1 else tensors[0]


@function(method=False)
def combinations(input, r=2, with_replacement=False):
    """All choices of r elements of a vector, in order, as rows."""
    choose = itertools.combinations_with_replacement if with_replacement else itertools.combinations
    rows = list(choose(range(len(input)), r))
    return getitem(input, index=(np.array(rows, np.int64).reshape(len(rows), r),)) if r else input[:0]


@function(method=False)
def cdist(x1, x2, p=2.0, compute_mode=None):
    """The p-norms of the differences of all pairs of rows, (..., P, R); equal rows have a gradient of 0."""
    if x1.ndim < 2 or x2.ndim < 2 or x1.shape[-1] != x2.shape[-1] or p < 0:
        raise ShapeError(f"cdist needs rows of one size and p >= 0, got {tuple(x1.shape)}, {tuple(x2.shape)} and {p}")
    apart = x1[..., :, None, :] - x2[..., None, :, :]
    return norm(apart, p, -1) if x1.shape[-1] else apart.sum(-1)


dist = short("dist", lambda input, other, p=2: norm(input - other, p), "The p-norm of the difference.")


@function()
def kron(input, other):
    """The Kronecker product: every element of the first times the whole second."""
    n = max(input.ndim, other.ndim)
    x, y = ((1,) * (n - t.ndim) + tuple(t.shape) for t in (input, other))
    left = reshape(input, size=tuple(itertools.chain(*zip(x, (1,) * n))))
    right = reshape(other, size=tuple(itertools.chain(*zip((1,) * n, y))))
    return reshape(left * right, size=tuple(a * b for a, b in zip(x, y)))


@function()
def inner(input, other):
    """The sum of products over the last dim of both; the product with a number."""
    return L.tensordot(input, other, ([-1], [-1])) if np.ndim(input) and np.ndim(other) else input * other


ger, vdot = alias(L.outer, "ger"), alias(L.dot, "vdot")


@function(inplace=True)
def addr(input, vec1, vec2, *, beta=1, alpha=1):
    """beta input + alpha times the outer product of two vectors; see `addmm`."""
    return L.add_product(input, L.outer(vec1, vec2), beta, alpha)


@function(inplace=True)
def addmv(input, mat, vec, *, beta=1, alpha=1):
    """beta input + alpha mat @ vec; see `addmm`."""
    return L.add_product(input, L.mv(mat, vec), beta, alpha)


@function(inplace=True)
def addbmm(input, batch1, batch2, *, beta=1, alpha=1):
    """beta input + alpha times the sum of the products of two batches of matrices; see `addmm`."""
    return L.add_product(input, L.bmm(batch1, batch2).sum(0, dtype=batch1.dtype), beta, alpha)


@function(method=False)
def chain_matmul(*matrices):
    """The product of matrices, from left to right."""
    return reduce(L.matmul, matrices)


@function(inplace=True)
def renorm(input, p, dim, maxnorm):
    """With the slices along dim whose p-norm is above maxnorm scaled to it."""
    if input.ndim < 2 or maxnorm < 0:
        raise RuntimeError(f"renorm needs at least 2 dims and maxnorm >= 0, got {input.ndim} and {maxnorm}")
    others = tuple(d for d in range(input.ndim) if d != one_dim(dim, input.ndim))
    size = norm(input, p, others, True)
    return input * where(size > maxnorm, maxnorm / (size + 1e-7), 1)


# Grids and dtypes -----------------------------------------------------------------------------------------------------


@function(method=False)
def vander(x, N=None, increasing=False):
    """The powers of the elements of a vector from N - 1 (its length less 1) to 0 as rows, or the other way round."""
    powers = np.arange(len(x) if N is None else N)
    return x[:, None] ** (powers if increasing else powers[::-1].copy())


def tril_indices(row, col, offset=0, *, dtype=np.int64, device="cpu"):
    """The indices (2, n) of the lower triangle of a matrix."""
    checked_device(device)
    return wrap(np.stack(np.tril_indices(row, offset, col)).astype(dtype))


def triu_indices(row, col, offset=0, *, dtype=np.int64, device="cpu"):
    """The indices (2, n) of the upper triangle of a matrix."""
    checked_device(device)
    return wrap(np.stack(np.triu_indices(row, offset, col)).astype(dtype))


def logspace(start, end, steps, base=10.0, *, dtype=None, device="cpu", requires_grad=False):
    """base^start, ..., base^end, with exponents at one distance."""
    checked_device(device)
    dtype = default_dtype() if dtype is None else checked_dtype(dtype)
    return wrap(np.logspace(float(start), float(end), steps, base=base).astype(dtype)).requires_grad_(requires_grad)


def unravel_index(indices, shape):
    """Places in a flattened tensor as one index a dim."""
    sizes = (shape,) if isinstance(shape, int) else tuple(int(n) for n in shape)
    return tuple(wrap(i) for i in np.unravel_index(indices.array, sizes))


def broadcast_shapes(*shapes):
    """The shape to which all of them broadcast."""
    try:
        return Size(np.broadcast_shapes(*[(s,) if isinstance(s, int) else tuple(s) for s in shapes]))
    except ValueError as error:
        raise ShapeError(f"the shapes {shapes} do not broadcast: {error}") from None


_RANKS = {"b": 0, "u": 1, "i": 1, "f": 2, "c": 3}


def promote_types(type1, type2):
    """The smallest dtype of the higher kind (truth values, whole numbers, floats) that holds those of that kind."""
    highest = max(_RANKS[type1.kind], _RANKS[type2.kind])
    return np.result_type(*[t for t in (type1, type2) if _RANKS[t.kind] >= min(highest, 2)])


def result_type(tensor1, tensor2):
    """The dtype of what is computed of two tensors or numbers."""
    numbers = {float: default_dtype(), int: np.int64, bool: np.bool_}
    values = [t if hasattr(t, "dtype") else np.empty((), numbers[type(t)]) for t in (tensor1, tensor2)]
    return promoted(values)


def can_cast(from_, to):
    """Whether a dtype is turned into another one without a change of kind downwards."""
    return _RANKS[from_.kind] <= _RANKS[to.kind]


@function()
def is_nonzero(input):
    """Whether the one element is not 0."""
    return bool(input)


is_signed = short("is_signed", lambda input: input.dtype.kind in "ifc", "Whether its numbers may be negative.")

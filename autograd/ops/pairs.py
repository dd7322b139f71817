"""Products, distances and choices of all pairs, grids of indices, and the dtypes of results."""

from __future__ import annotations

import itertools

import numpy as np

from autograd.base import wrap
from autograd.dtypes import Size, can_cast, checked_device, checked_dtype, default_dtype, dtype, rank
from autograd.errors import ShapeError
from autograd.ops import linalg as L
from autograd.ops.joining import cat, stack
from autograd.ops.neural import pad
from autograd.ops.shape import expand, reshape
from autograd.ops.statistics import norm
from autograd.ops.table import alias, function, promoted, short

__all__ = ["cartesian_prod", "cdist", "dist", "kron", "ger", "inner", "vdot", "tril_indices", "triu_indices"]
__all__ += ["logspace", "unravel_index", "broadcast_shapes", "can_cast", "promote_types", "result_type", "block_diag"]


@function(method=False)
def cartesian_prod(*tensors):
    """All tuples of one element of each vector, as rows."""
    shape = tuple(len(x) for x in tensors)
    wide = [expand(reshape(x, size=(-1, *[1] * (len(shape) - 1 - i))), size=shape) for i, x in enumerate(tensors)]
    return reshape(stack(wide, -1), size=(-1, len(shape))) if len(shape) > 1 else tensors[0]


@function(method=False)
def block_diag(*tensors):
    """The matrices (a vector is one row) on the diagonal of a larger one, zeros elsewhere."""
    if any(x.ndim > 2 for x in tensors):
        raise ShapeError(f"block_diag takes matrices, got the shapes {[tuple(x.shape) for x in tensors]}")
    blocks = [reshape(x, size=(1, -1)) if x.ndim < 2 else x for x in tensors]
    ends = list(itertools.accumulate(x.shape[1] for x in blocks))
    return cat([pad(x, width=((0, 0), (end - x.shape[1], ends[-1] - end))) for x, end in zip(blocks, ends)])


@function(method=False)
def cdist(x1, x2, p=2.0, compute_mode=None):
    """The p-norms of the differences of all pairs of rows, (..., P, R); equal rows have a gradient of 0."""
    if x1.ndim < 2 or x2.ndim < 2 or x1.shape[-1] != x2.shape[-1] or p < 0:
        raise ShapeError(f"cdist needs rows of one size and p >= 0, got {tuple(x1.shape)}, {tuple(x2.shape)} and {p}")
    apart = x1[..., :, None, :] - x2[..., None, :, :]
    return norm(apart, p, -1) if x1.shape[-1] else apart.sum(-1)


dist = short("dist", lambda input, other, p=2: norm(input - other, p), "The p-norm of the difference.")


@function(np.kron)
def kron(input, other):
    """The Kronecker product: every element of the first times the whole second."""
    n = max(np.ndim(input), np.ndim(other))
    x, y = ((1,) * (n - np.ndim(t)) + tuple(np.shape(t)) for t in (input, other))
    left = np.reshape(input, tuple(itertools.chain(*zip(x, (1,) * n))))
    right = np.reshape(other, tuple(itertools.chain(*zip((1,) * n, y))))
    return np.reshape(left * right, tuple(a * b for a, b in zip(x, y)))


@function(np.inner)
def inner(input, other):
    """The sum of products over the last dim of both; the product with a number."""
    return L.tensordot(input, other, ([-1], [-1])) if np.ndim(input) and np.ndim(other) else input * other


ger = alias(L.outer, "ger")
_doc = "The product of two vectors, the first of them conjugated."
vdot = short("vdot", lambda input, other: L.dot(input.conjugate(), other), _doc)


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


def promote_types(type1, type2):
    """The smallest dtype of the higher kind (truth values, whole numbers, floats) that holds those of that kind."""
    highest = max(rank(type1.kind), rank(type2.kind))
    return dtype(np.result_type(*[t for t in (type1, type2) if rank(t.kind) >= min(highest, 2)]))


def result_type(tensor1, tensor2):
    """The dtype of what is computed of two tensors or numbers, whose kind alone counts beside a tensor."""
    tensors = [t for t in (tensor1, tensor2) if hasattr(t, "dtype")]
    found = promoted(tensors) if tensors else np.dtype(bool)
    for number in (t for t in (tensor1, tensor2) if not hasattr(t, "dtype")):
        own = np.asarray(number).dtype
        if rank(own.kind) > rank(found.kind):
            real = found if found.kind == "f" else default_dtype()
            found = {"f": real, "c": np.result_type(real, np.complex64)}.get(own.kind, own)
    return dtype(found)

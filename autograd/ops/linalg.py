"""Matrix products and functions of them. A large 2-D product is faster than many small ones, so batches are folded."""

from __future__ import annotations

import math

import numpy as np

from autograd import kernels
from autograd.errors import ShapeError
from autograd.ops.indexing import copy_slices, unindex
from autograd.ops.shape import one_dim, roll, transpose, writeable_as
from autograd.ops.table import function, op, short

__all__ = ["matmul", "mm", "bmm", "mv", "dot", "outer", "addmm", "addr", "baddbmm", "tensordot", "einsum", "diagonal"]
__all__ += ["diag", "trace", "cross"]

_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


def rows(x):
    """Merge all dims but the last into one."""
    return x.reshape(math.prod(x.shape[:-1]), x.shape[-1])


def _matmul_x(g, y, shape):
    if y.ndim == 1:
        return np.expand_dims(g, -1) * y
    if len(shape) == 1:
        return matmul(np.expand_dims(g, -2), transpose(y, -1, -2)).squeeze(-2)
    return matmul(g, transpose(y, -1, -2))


def _matmul_y(g, x, shape):
    if x.ndim == 1:
        return x * g if len(shape) == 1 else np.expand_dims(x, -1) * np.expand_dims(g, -2)
    if len(shape) == 1:
        return matmul(transpose(x, -1, -2), np.expand_dims(g, -1)).squeeze(-1)
    if len(shape) == 2 and x.ndim > 2:
        return matmul(rows(x).T, rows(g))
    return matmul(transpose(x, -1, -2), g)


@op(np.matmul, x=_matmul_x, y=_matmul_y)
def matmul(x, y):
    """x @ y: of vectors, matrices, or batches of matrices that broadcast."""
    if x.ndim == 0 or y.ndim == 0 or x.shape[-1] != y.shape[-2 if y.ndim > 1 else 0]:
        raise ShapeError(f"matmul of shapes {x.shape} and {y.shape}: the last dim of x must be the last but one of y")
    if y.ndim == 2 and x.ndim > 2:
        return kernels.matmul(rows(x), y).reshape(*x.shape[:-1], y.shape[-1])
    return kernels.matmul(x, y)


def _product(name, x, y, x_dims, y_dims):
    if (x.ndim, y.ndim) != (x_dims, y_dims):
        raise ShapeError(f"{name} needs {x_dims} and {y_dims} dims, got shapes {tuple(x.shape)} and {tuple(y.shape)}")
    return matmul(x, y)


_doc = "The products of two batches of matrices, (B, n, m) and (B, m, p)."
mm = short("mm", lambda input, mat2: _product("mm", input, mat2, 2, 2), "The product of two matrices.")
bmm = short("bmm", lambda input, mat2: _product("bmm", input, mat2, 3, 3), _doc)
mv = short("mv", lambda input, vec: _product("mv", input, vec, 2, 1), "A matrix times a vector.")
dot = short("dot", lambda input, tensor: _product("dot", input, tensor, 1, 1), "The inner product of two vectors.")


@function()
def outer(input, vec2):
    """The outer product of two vectors."""
    if input.ndim != 1 or vec2.ndim != 1:
        raise ShapeError(f"outer needs two vectors, got the shapes {tuple(input.shape)} and {tuple(vec2.shape)}")
    return input.reshape(-1, 1) * vec2.reshape(1, -1)


@function(inplace=True)
def addmm(input, mat1, mat2, *older, beta=1, alpha=1):
    """beta input + alpha mat1 @ mat2, for matrices; with a beta of 0 nothing in the input counts, not even nan.

    In torch's older order beta and alpha come before the matrices.
    """
    if older:
        (beta, alpha), (mat1, mat2) = (mat1, mat2), older
    return add_product(input, mm(mat1, mat2), beta, alpha)


@function(inplace=True)
def addr(input, vec1, vec2, *, beta=1, alpha=1):
    """beta input + alpha times the outer product of two vectors; see `addmm`."""
    return add_product(input, outer(vec1, vec2), beta, alpha)


@function(inplace=True)
def baddbmm(input, batch1, batch2, *older, beta=1, alpha=1):
    """beta input + alpha batch1 @ batch2, for batches of matrices; see `addmm`."""
    if older:
        (beta, alpha), (batch1, batch2) = (batch1, batch2), older
    return add_product(input, bmm(batch1, batch2), beta, alpha)


def add_product(input, product, beta, alpha):
    """beta input + alpha product, without the input where beta is 0."""
    if input.dtype.kind != "f":  # torch rounds the factors towards 0, too
        beta, alpha = int(beta), int(alpha)
    return (beta * input if beta else np.zeros_like(input)) + alpha * product


@function(method=False)
def tensordot(input, other, dims=2):
    """The sum of products over the last `dims` dims of x and the first of y, or over two lists of dims."""
    if isinstance(dims, int):
        if not 0 <= dims <= min(input.ndim, other.ndim):
            raise ShapeError(
                f"tensordot over {dims} dims of the shapes {tuple(input.shape)} and {tuple(other.shape)}: both must "
                "have that many"
            )
        over_x, over_y = list(range(input.ndim - dims, input.ndim)), list(range(dims))
    else:
        over_x, over_y = ([d] if isinstance(d, int) else list(d) for d in dims)
    letters = iter(_LETTERS)
    of_x = [next(letters) for _ in range(input.ndim)]
    of_y = [next(letters) for _ in range(other.ndim)]
    for a, b in zip(over_x, over_y, strict=True):
        of_y[one_dim(b, other.ndim)] = of_x[one_dim(a, input.ndim)]
    out = [s for s in of_x if s not in of_y] + [s for s in of_y if s not in of_x]
    return einsum(f"{''.join(of_x)},{''.join(of_y)}->{''.join(out)}", input, other)


def _einsum_grads(g, tensors, shapes, needs, inputs, output):
    """For each operand, the einsum of g with all others; an index that no other has is summed with ones."""
    found = []
    for i, target in enumerate(inputs):
        if not needs[i]:
            found.append(None)
            continue
        others = [(subs, t) for k, (subs, t) in enumerate(zip(inputs, tensors, strict=True)) if k != i]
        others.append((output, g))
        have = set("".join(subs for subs, _ in others))
        sizes = zip(target, shapes[i], strict=True)
        others += [(index, np.ones(n, g.dtype)) for index, n in sizes if index not in have]
        found.append(contract(*[t for _, t in others], inputs=tuple(subs for subs, _ in others), output=target))
    return tuple(found)


@op(method=False, grads=_einsum_grads)
def contract(*tensors, inputs, output):
    """An einsum whose subscripts are spelled out, without repeats in one operand."""
    out = np.einsum(f"{','.join(inputs)}->{output}", *tensors, optimize=len(tensors) > 1)
    return out if len(tensors) > 1 and out.flags.c_contiguous else out.copy()  # NumPy gives views of one operand


def _diagonals(subs, t):
    """An operand with an index twice or more often, replaced by its diagonal."""
    for index in dict.fromkeys(subs):
        while subs.count(index) > 1:
            a, b = subs.index(index), subs.rindex(index)
            t = diagonal(t, 0, a, b)
            subs = subs[:a] + subs[a + 1 : b] + subs[b + 1 :] + index
    return subs, t


def _spelled(operands):
    """The equation and the tensors of an einsum whose subscripts are lists of numbers."""
    tensors, lists = operands[: len(operands) // 2 * 2 : 2], operands[1::2] + operands[len(operands) // 2 * 2 :]
    if not tensors or not all(isinstance(subs, (list, tuple)) for subs in lists):
        raise TypeError('einsum needs an equation such as "ij,jk->ik", or tensors each followed by a list of numbers')
    words = ["".join("..." if s is Ellipsis else _LETTERS[s] for s in subs) for subs in lists]
    return ",".join(words[: len(tensors)]) + "".join(f"->{word}" for word in words[len(tensors) :]), tensors


@function(np.einsum, method=False)
def einsum(equation, *tensors, optimize=None):
    """The sum of products that the equation spells, as NumPy's and torch's einsum: "bij,bjk->bik".

    Lists of numbers may stand for the letters, each after its tensor: `einsum(x, [0, 1], y, [1, 2], [0, 2])`.
    """
    if not isinstance(equation, str):
        equation, tensors = _spelled((equation, *tensors))
    tensors = tuple(tensors[0]) if len(tensors) == 1 and isinstance(tensors[0], (list, tuple)) else tensors
    left, arrow, output = equation.replace(" ", "").partition("->")
    inputs = left.split(",")
    if len(inputs) != len(tensors):
        raise RuntimeError(f"einsum {equation!r} names {len(inputs)} operands, got {len(tensors)}")
    free = [s for s in _LETTERS if s not in equation]
    wide = max((t.ndim - len(s) + 3 for s, t in zip(inputs, tensors, strict=True) if "..." in s), default=0)
    dots = "".join(free[:wide])
    inputs = [
        s.replace("...", dots[len(dots) - (t.ndim - len(s) + 3) :] if "..." in s and t.ndim > len(s) - 3 else "")
        for s, t in zip(inputs, tensors, strict=True)
    ]
    if arrow:
        output = output.replace("...", dots)
    else:
        joined = "".join(inputs)
        output = dots + "".join(sorted(s for s in set(joined) - set(dots) if joined.count(s) == 1))
    sizes: dict = {}
    for subs, t in zip(inputs, tensors, strict=True):
        if len(subs) != t.ndim:
            raise ShapeError(f"einsum {equation!r}: {subs!r} has {len(subs)} indices for the shape {tuple(t.shape)}")
        for index, n in zip(subs, t.shape, strict=True):
            if sizes.setdefault(index, n) != n and 1 not in (n, sizes[index]):
                raise ShapeError(f"einsum {equation!r}: index {index!r} has the sizes {sizes[index]} and {n}")
            sizes[index] = n if sizes[index] == 1 else sizes[index]
    tensors = tuple(
        np.broadcast_to(t, tuple(sizes[i] for i in s)) if tuple(sizes[i] for i in s) != tuple(t.shape) else t
        for s, t in zip(inputs, tensors, strict=True)
    )
    pairs = [_diagonals(s, t) for s, t in zip(inputs, tensors, strict=True)]
    return contract(*[t for _, t in pairs], inputs=tuple(s for s, _ in pairs), output=output)


def _undiagonal(g, shape, offset, dim1, dim2):
    view_fn = None, diagonal, {"offset": offset, "dim1": dim1, "dim2": dim2}, None
    return copy_slices(np.zeros(shape, g.dtype), g, view_fn=view_fn, order=tuple(range(len(shape))))


@op(view=True, x=_undiagonal)
def diagonal(x, *, offset=0, dim1=0, dim2=1):
    """The diagonal of the dims dim1 and dim2, as a new last dim."""
    dims = one_dim(dim1, x.ndim), one_dim(dim2, x.ndim)
    if x.ndim < 2 or dims[0] == dims[1]:
        raise ShapeError(f"diagonal of dims {dim1} and {dim2} of the shape {x.shape}: they must differ")
    return writeable_as(x, np.diagonal(x, offset, *dims))


_diagonal = diagonal


@function()
def diag(input, diagonal=0):
    """The diagonal of a matrix, or the matrix with this diagonal."""
    if input.ndim == 2:
        return _diagonal(input, diagonal).clone()
    if input.ndim != 1:
        raise ShapeError(f"diag needs a vector or a matrix, got the shape {tuple(input.shape)}")
    n = input.shape[0] + abs(diagonal)
    i = np.arange(input.shape[0])
    from_row, from_column = i - min(diagonal, 0), i + max(diagonal, 0)
    return unindex(input, index=(from_row, from_column), size=(n, n))


@function(np.trace)
def trace(input):
    """The sum of the diagonal of a matrix."""
    if input.ndim != 2:
        raise ShapeError(f"trace needs a matrix, got the shape {tuple(input.shape)}")
    return diagonal(input).sum()


@function()
def cross(input, other, dim=None):
    """The cross product along dim, of size 3; without one, along the first dim of that size."""
    dim = next((d for d, n in enumerate(input.shape) if n == 3), 0) if dim is None else dim
    if input.ndim != other.ndim or not input.shape[dim] == other.shape[dim] == 3:
        shapes = f"{tuple(input.shape)} and {tuple(other.shape)}"
        raise ShapeError(
            f"cross along dim {dim} of the shapes {shapes}: both need as many dims, and size 3 along this one"
        )
    after, before = {"shifts": -1, "dim": dim}, {"shifts": 1, "dim": dim}
    return roll(input, **after) * roll(other, **before) - roll(input, **before) * roll(other, **after)

"""What serves NumPy's functions on tensors where their arguments have other names or meanings than torch's."""

from __future__ import annotations

import numpy as np

from autograd.ops.composed import clamp
from autograd.ops.linalg import diag, diagonal, matmul, tensordot
from autograd.ops.reduction import deviation, variance
from autograd.ops.shape import permute, roll, transpose, tril, triu, unsqueeze
from autograd.ops.statistics import norm
from autograd.ops.table import serves


@serves(np.expand_dims)
def np_expand_dims(a, axis):
    """With new dims of size 1 at `axis`, an int or several."""
    axes = (axis,) if isinstance(axis, int) else axis
    for at in sorted(at % (a.ndim + len(axes)) for at in axes):
        a = unsqueeze(a, at)
    return a


@serves(np.swapaxes)
def np_swapaxes(a, axis1, axis2):
    """Two dims exchanged."""
    return transpose(a, axis1, axis2)


@serves(np.roll)
def np_roll(a, shift, axis=None):
    """Shifted along axis, what falls off one end coming in at the other."""
    return roll(a, shifts=shift, dim=axis)


@serves(np.tril)
def np_tril(m, k=0):
    """The lower triangle, zeros above diagonal k."""
    return tril(m, diagonal=k)


@serves(np.triu)
def np_triu(m, k=0):
    """The upper triangle, zeros below diagonal k."""
    return triu(m, diagonal=k)


@serves(np.diagonal)
def np_diagonal(a, offset=0, axis1=0, axis2=1):
    """The diagonal of two dims, as a new last dim."""
    return diagonal(a, offset, axis1, axis2)


@serves(np.diag)
def np_diag(v, k=0):
    """Diagonal k of a matrix, or the matrix with this diagonal."""
    return diag(v, k)


@serves(np.clip)
def np_clip(a, a_min=None, a_max=None, *, min=None, max=None):
    """Kept between two numbers or tensors."""
    return clamp(a, a_min if min is None else min, a_max if max is None else max)


@serves(np.dot)
def np_dot(a, b):
    """The product with a number, or the sum of products over the last dim of a and the last but one of b."""
    if np.ndim(a) == 0 or np.ndim(b) == 0:
        return a * b
    if np.ndim(a) <= 2 and np.ndim(b) <= 2:
        return matmul(a, b)
    return tensordot(a, b, ([-1], [-2 if np.ndim(b) > 1 else 0]))


@serves(np.outer)
def np_outer(a, b):
    """The products of every element of a with every one of b, both flattened."""
    return np.reshape(a, (-1, 1)) * np.reshape(b, (1, -1))


@serves(np.tensordot)
def np_tensordot(a, b, axes=2):
    """The sum of products over the last `axes` dims of a and the first of b, or over two lists of dims."""
    return tensordot(a, b, axes)


@serves(np.matrix_transpose)
def np_matrix_transpose(x):
    """The last two dims exchanged."""
    return permute(x, dim=(*range(x.ndim - 2), x.ndim - 1, x.ndim - 2))


@serves(np.var)
def np_var(a, axis=None, ddof=0, keepdims=False):
    """The variance as NumPy has it: divided by n - ddof."""
    return variance(a, dim=axis, correction=ddof, keepdim=keepdims)


@serves(np.std)
def np_std(a, axis=None, ddof=0, keepdims=False):
    """The standard deviation as NumPy has it: divided by n - ddof."""
    return deviation(a, dim=axis, correction=ddof, keepdim=keepdims)


@serves(np.linalg.norm)
def np_norm(x, ord=None, axis=None, keepdims=False):
    """The norm of vectors, or the Frobenius norm; NumPy's other norms of matrices have no rule."""
    if ord not in (None, "fro") and (isinstance(axis, tuple) or (axis is None and x.ndim > 1)):
        raise TypeError(
            f"np.linalg.norm(ord={ord}) of a matrix is an operator norm, which has no rule here: give one axis for the "
            "norms of its rows or columns, or flatten it"
        )
    return norm(x, ord, axis, keepdims)

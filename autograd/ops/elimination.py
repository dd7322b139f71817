"""The LU decomposition with partial pivoting, which NumPy lacks."""

from __future__ import annotations

import math

import numpy as np

from autograd.ops.decompositions import by_lapack, linear_solve, mt
from autograd.ops.joining import concatenate
from autograd.ops.linalg import matmul
from autograd.ops.shape import tril, triu
from autograd.ops.table import function, op

__all__ = ["lu", "lu_unpack"]


def permutation(pivots, m):
    """The P of P L U = A, whose column i is the unit vector of the row that the pivots put at place i."""
    batch, k = pivots.shape[:-1], pivots.shape[-1]
    order = np.tile(np.arange(m), (math.prod(batch), 1))
    at = np.arange(len(order))
    for i, p in enumerate(pivots.reshape(len(order), k).T - 1):
        order[at, i], order[at, p] = order[at, p], order[at, i]
    return mt(np.eye(m)[order].reshape(*batch, m, m))


def _lu_rule(g, LU, pivots):
    k = min(LU.shape[-2:])
    g, P = g[0], permutation(pivots, LU.shape[-2]).astype(LU.dtype)
    lower, U = tril(LU[..., :k, :k], diagonal=-1) + np.eye(k, dtype=LU.dtype), triu(LU[..., :k, :k])
    below = mt(linear_solve(U, mt(g[..., k:, :k])))
    beside = linear_solve(mt(lower), g[..., :k, k:])
    by_l = g[..., :k, :k] - matmul(beside, mt(LU[..., :k, k:]))
    by_u = g[..., :k, :k] - matmul(mt(LU[..., k:, :k]), below)
    inner = tril(matmul(mt(lower), by_l), diagonal=-1) + triu(matmul(by_u, mt(U)))
    corner = mt(linear_solve(U, mt(linear_solve(mt(lower), inner))))
    nothing = np.zeros((*below.shape[:-1], beside.shape[-1]), LU.dtype)
    rows = concatenate(corner, beside, dim=-1), concatenate(below, nothing, dim=-1)
    return matmul(P, concatenate(*rows, dim=-2))


@op(method=False, outputs=("LU", "pivots"), x=_lu_rule)
def lu_factor(x):
    """(LU, pivots): L below the diagonal of LU and U above, by elimination with partial pivoting.

    Row i was exchanged with row pivots[i], counted from 1 as in LAPACK.
    """
    x = by_lapack("lu", np.array, x, square=False)
    m, n = x.shape[-2:]
    lu = x.reshape(math.prod(x.shape[:-2]), m, n)
    at, pivots = np.arange(len(lu)), np.empty((len(lu), min(m, n)), np.int32)
    for k in range(min(m, n)):
        p = k + np.abs(lu[:, k:, k]).argmax(1)
        pivots[:, k] = p + 1
        lu[at, k], lu[at, p] = lu[at, p], lu[at, k]
        pivot = lu[:, k, k, None]
        lu[:, k + 1 :, k] /= np.where(pivot == 0, 1, pivot)
        lu[:, k + 1 :, k + 1 :] -= lu[:, k + 1 :, k, None] * lu[:, k, None, k + 1 :]
    return x, pivots.reshape(*x.shape[:-2], min(m, n))


@function()
def lu(A, pivot=True, get_infos=False):
    """(LU, pivots), as `lu_factor` gives them; with `get_infos`, a 0 a matrix follows."""
    if not pivot:
        raise RuntimeError("lu supports only pivoting: pass pivot=True")
    found = tuple(lu_factor(A))
    return (*found, A.wrap(np.zeros(A.shape[:-2], np.int32))) if get_infos else found


@function(method=False)
def lu_unpack(LU_data, LU_pivots, unpack_data=True, unpack_pivots=True):
    """(P, L, U) of what `lu` gives: P L U is the matrix."""
    m, n = LU_data.shape[-2:]
    k, pivots, empty = min(m, n), LU_pivots.array, LU_data.wrap(np.empty(0, LU_data.dtype))
    P = LU_data.wrap(permutation(pivots, m).astype(LU_data.dtype)) if unpack_pivots else empty
    if not unpack_data:
        return P, empty, empty
    return P, tril(LU_data[..., :k], diagonal=-1) + np.eye(m, k, dtype=LU_data.dtype), triu(LU_data[..., :k, :])

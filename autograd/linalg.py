"""`torch.linalg`: inverses, decompositions, norms and products of matrices, batched, under its names and signatures."""

from __future__ import annotations

import math
from bisect import bisect_left
from functools import reduce
from typing import Any, NamedTuple

import numpy as np

from autograd.errors import ShapeError
from autograd.ops.complaints import explain_all
from autograd.ops.decompositions import (
    LinAlgError,
    by_lapack,
    cholesky,
    decomposed,
    det,
    inv,
    kept,
    linalg_eigh,
    linalg_svd,
    linear_solve,
    matrix_exp,
    matrix_power,
    mt,
    pseudo_inverse,
    slogdet,
)
from autograd.ops.elementwise import abs, where
from autograd.ops.elimination import lu_unpack
from autograd.ops.linalg import cross as _cross
from autograd.ops.linalg import diagonal as _diagonal
from autograd.ops.linalg import matmul
from autograd.ops.reduction import amax, amin, reduced_shape, sum
from autograd.ops.shape import one_dim, tril, triu
from autograd.ops.statistics import vector_norm as _power_norm
from autograd.ops.table import with_other_keywords

__all__ = ["LinAlgError", "cholesky", "cholesky_ex", "cond", "cross", "det", "diagonal", "eig", "eigh", "eigvals"]
__all__ += ["eigvalsh", "householder_product", "inv", "inv_ex"]
__all__ += ["lstsq", "lu", "lu_factor", "lu_solve", "matmul", "matrix_exp", "matrix_norm", "matrix_power"]
__all__ += ["matrix_rank", "multi_dot", "norm", "pinv", "qr", "slogdet", "solve", "solve_triangular", "svd"]
__all__ += ["svdvals", "vecdot", "vector_norm"]


class _Lstsq(NamedTuple):
    solution: Any
    residuals: Any
    rank: Any
    singular_values: Any


class _CholeskyEx(NamedTuple):
    L: Any
    info: Any


class _InvEx(NamedTuple):
    inverse: Any
    info: Any


class _Eig(NamedTuple):
    eigenvalues: Any
    eigenvectors: Any


class _LU(NamedTuple):
    P: Any
    L: Any
    U: Any


eigh, svd = linalg_eigh, linalg_svd


def solve(A: Any, B: Any, *, left: bool = True) -> Any:
    """The X with A X = B (X A = B where not `left`); B may be a vector, or a batch of them. Raises LinAlgError."""
    if B.ndim == 1 or (B.ndim == A.ndim - 1 and B.shape == A.shape[:-1]):
        return linear_solve(A, B[..., None])[..., 0]
    return linear_solve(A, B) if left else mt(linear_solve(mt(A), mt(B)))


def solve_triangular(A: Any, B: Any, *, upper: bool, left: bool = True, unitriangular: bool = False) -> Any:
    """`solve` for a triangle of A, of which the rest is not read, nor the diagonal where it is `unitriangular`."""
    A = triu(A, diagonal=int(unitriangular)) if upper else tril(A, diagonal=-int(unitriangular))
    return solve(A + np.eye(A.shape[-1], dtype=A.dtype) if unitriangular else A, B, left=left)


def cholesky_ex(A: Any, *, upper: bool = False, check_errors: bool = False) -> Any:
    """(L, info): `info` is 0, or the order of the first leading minor of A that is not positive definite.

    L is then the factor of the minor before that one, with zeros around it; with `check_errors` it raises LinAlgError.
    """
    n, info = A.shape[-1], np.zeros(A.shape[:-2], np.int32)
    for at in np.ndindex(*info.shape):
        info[at] = _first_minor_that_fails(A.array[at])
    inside = np.arange(n) < np.where(info == 0, n, info - 1)[..., None]
    inside = inside[..., None] & inside[..., None, :]
    whole = A if check_errors else where(inside, A, np.eye(n, dtype=A.dtype))
    return _CholeskyEx(cholesky(whole, upper) * inside, A.wrap(info))


def _first_minor_that_fails(a: np.ndarray) -> int:
    def fails(order: int) -> bool:
        try:
            np.linalg.cholesky(a[:order, :order])
        except np.linalg.LinAlgError:
            return True
        return False

    return bisect_left(range(1, len(a)), True, key=fails) + 1 if fails(len(a)) else 0


def inv_ex(A: Any, *, check_errors: bool = False) -> Any:
    """(inverse, info): `info` is 0, or the number of the first pivot of `lu` that is 0.

    The inverse is then nan; with `check_errors` it raises LinAlgError.
    """
    pivots = np.diagonal(lu_factor(A.detach())[0].array, axis1=-2, axis2=-1)
    before = np.logical_and.accumulate(pivots != 0, -1).sum(-1)  # how many come before the first that is 0
    info = np.where(before < A.shape[-1], before + 1, 0).astype(np.int32)
    return _InvEx(inv(A if check_errors else where(info[..., None, None] == 0, A, np.nan)), A.wrap(info))


def lstsq(A: Any, B: Any, rcond: Any = None, *, driver: str | None = None) -> Any:
    """(solution, residuals, rank, singular_values) of the least squares |A X - B|, by the pseudo-inverse.

    As in torch, `driver` ("gelsy", "gels", "gelsd", "gelss") decides which of the last three are empty.
    """
    vector = B.ndim == A.ndim - 1
    B, (m, n) = B[..., None] if vector else B, A.shape[-2:]
    rcond = max(m, n) * np.finfo(A.dtype).eps if rcond is None else rcond
    solution, rank = pinv(A, rtol=rcond) @ B, matrix_rank(A, rtol=rcond)
    nothing, some = solution.reshape(-1)[:0], m > n and driver not in (None, "gelsy")
    residuals = sum((A @ solution - B) ** 2, dim=-2) if some and (rank == n).all() else nothing
    values = svdvals(A.detach()) if driver in ("gelsd", "gelss") else nothing.detach()
    rank = A.wrap(np.empty(0, np.int64)) if driver == "gels" else rank
    return _Lstsq(solution[..., 0] if vector else solution, residuals, rank, values)


def lu(A: Any, *, pivot: bool = True) -> Any:
    """(P, L, U) with A = P L U."""
    return _LU(*lu_unpack(*A.lu(pivot)))


def lu_factor(A: Any, *, pivot: bool = True) -> Any:
    """(LU, pivots): L below the diagonal and U above, and with which row each row was exchanged, counted from 1."""
    return A.lu(pivot)


def lu_solve(LU: Any, pivots: Any, B: Any, *, left: bool = True, adjoint: bool = False) -> Any:
    """X with A X = B, where `lu_factor` gave A; with A^H in its place if `adjoint`, and X A = B if not `left`."""
    if not left:
        return lu_solve(LU, pivots, B.mH, adjoint=not adjoint).mH
    P, L, U = lu_unpack(LU, pivots)
    if adjoint:
        return P @ solve_triangular(L.mH, solve_triangular(U.mH, B, upper=False), upper=True, unitriangular=True)
    return solve_triangular(U, solve_triangular(L, P.mT @ B, upper=False, unitriangular=True), upper=True)


def multi_dot(tensors: Any) -> Any:
    """The product of matrices; the first and the last may be vectors."""
    return reduce(matmul, tensors)


def pinv(A: Any, *, atol: Any = None, rtol: Any = None, hermitian: bool = False) -> Any:
    """The pseudo-inverse; of a `hermitian` matrix the lower triangle alone is read."""
    if hermitian:  # the gradient is that of the whole matrix, as torch's
        A = A + (tril(A) + mt(tril(A, diagonal=-1)) - A).detach()
    return pseudo_inverse(A, atol=atol, rtol=rtol)


def qr(A: Any, mode: str = "reduced") -> Any:
    """(Q, R) with A = Q R; `mode` is "reduced", "complete" (Q is square) or "r" (Q is empty)."""
    if mode not in ("reduced", "complete", "r"):
        raise RuntimeError(f'qr: mode must be "reduced", "complete" or "r", not {mode!r}')
    return decomposed(A, mode)


def householder_product(A: Any, tau: Any) -> Any:
    """The first columns of the product of the reflections I - tau_i v_i v_i^T, where A below its diagonal holds v_i.

    v_i is 1 on the diagonal and 0 above. In the compact form I - V T V^T (Schreiber and Van Loan 1989).
    """
    v = (tril(A, diagonal=-1) + np.eye(*A.shape[-2:], dtype=A.dtype))[..., : tau.shape[-1]]
    overlaps = tau[..., None] * triu(mt(v) @ v, diagonal=1)
    scales = tau[..., None] * np.eye(tau.shape[-1], dtype=A.dtype)
    t = solve_triangular(overlaps, scales, upper=True, unitriangular=True)
    return np.eye(*A.shape[-2:], dtype=A.dtype) - v @ (t @ mt(v[..., : A.shape[-1], :]))


def eigvalsh(A: Any, UPLO: str = "L") -> Any:
    """The eigenvalues of symmetric matrices."""
    return eigh(A, UPLO=UPLO).eigenvalues


def svdvals(A: Any) -> Any:
    """The singular values, in falling order."""
    return svd(A, full_matrices=False).S


def eig(A: Any) -> Any:
    """(eigenvalues, eigenvectors), complex numbers without a derivative; `eigh` is for symmetric matrices."""
    if A.requires_grad:
        raise RuntimeError("eig has no derivative here: use eigh for symmetric matrices, or detach()")
    kind = np.result_type(A.dtype, np.complex64)
    return _Eig(*[A.wrap(a.astype(kind)) for a in by_lapack("eig", np.linalg.eig, A.array)])


def eigvals(A: Any) -> Any:
    """The eigenvalues, complex numbers without a derivative."""
    return eig(A).eigenvalues


def vector_norm(x: Any, ord: float = 2, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Any:
    """(sum of |x|^ord)^(1/ord) over dim, for an infinite ord the greatest or least |x|, for 0 how many are not 0."""
    x = x if dtype is None else x.to(dtype)
    if math.isinf(ord):
        return (amax if ord > 0 else amin)(abs(x), dim=dim, keepdim=keepdim)
    return _power_norm(x, p=ord, dim=dim, keepdim=keepdim)


def matrix_norm(A: Any, ord: Any = "fro", dim: Any = (-2, -1), keepdim: bool = False, *, dtype: Any = None) -> Any:
    """The norm of matrices, whose dims are `dim`: "fro", "nuc", and 1, 2, inf with the same negative (the least)."""
    A = A if dtype is None else A.to(dtype)
    row, column = (one_dim(d, A.ndim) for d in dim)
    if A.ndim < 2 or row == column:
        raise ShapeError(f"matrix_norm over the dims {dim} of the shape {tuple(A.shape)}: it needs two dims")
    if ord == "fro":
        return _power_norm(A, p=2, dim=(row, column), keepdim=keepdim)
    if ord not in ("nuc", 1, -1, 2, -2, math.inf, -math.inf):
        raise RuntimeError(f'matrix_norm: ord must be "fro", "nuc", or plus or minus 1, 2, inf, not {ord!r}')
    extreme = amin if ord != "nuc" and ord < 0 else amax
    if ord in ("nuc", 2, -2):
        values = svdvals(A.movedim((row, column), (-2, -1)))
        out = sum(values, dim=-1) if ord == "nuc" else extreme(values, dim=-1)
    else:
        added, left = (row, column) if abs(ord) == 1 else (column, row)
        out = extreme(sum(abs(A), dim=added, keepdim=True), dim=left, keepdim=True).squeeze((row, column))
    return out.reshape(reduced_shape(A.shape, (row, column))) if keepdim else out


def norm(A: Any, ord: Any = None, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Any:
    """`matrix_norm` of two dims, `vector_norm` of one; of all elements where neither ord nor dim is given."""
    two = A.ndim == 2 if dim is None else isinstance(dim, (tuple, list)) and len(dim) == 2
    if ord is not None and dim is None and A.ndim not in (1, 2):
        raise ShapeError(f"norm: pass dim= for ord {ord!r} of the shape {tuple(A.shape)}: it has neither 1 nor 2 dims")
    if isinstance(ord, str) and not two:
        raise RuntimeError(f"norm: ord {ord!r} is for matrices: give two dims, not {dim}")
    if ord is None or not two:
        return vector_norm(A, 2 if ord is None else ord, dim, keepdim, dtype=dtype)
    return matrix_norm(A, ord, (-2, -1) if dim is None else dim, keepdim, dtype=dtype)


def cond(A: Any, p: Any = None) -> Any:
    """The condition number: |A| |A^-1| in a norm of matrices, by default the 2-norm; infinite for singular ones."""
    if p in (None, 2, -2):
        values = svdvals(A)
        return values[..., -1] / values[..., 0] if p == -2 else values[..., 0] / values[..., -1]
    try:
        return matrix_norm(A, p) * matrix_norm(inv(A), p)
    except LinAlgError:
        singular = np.equal(det(A).detach(), 0)[..., None, None]
        safe = np.where(singular, np.eye(A.shape[-1], dtype=A.dtype), A)
        return np.where(singular[..., 0, 0], math.inf, matrix_norm(A, p) * matrix_norm(inv(safe), p))


def matrix_rank(A: Any, tol: Any = None, hermitian: bool = False, *, atol: Any = None, rtol: Any = None) -> Any:
    """How many singular values are above atol and above rtol times the greatest."""
    s = svdvals(A.detach()).array
    atol, rtol = (tol, 0.0) if tol is not None else (atol, rtol)
    return A.wrap(kept(s, A.shape, atol, rtol).sum(-1))


def diagonal(A: Any, *, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Any:
    """The diagonal of the last two dims, as a new last dim."""
    return _diagonal(A, offset, dim1, dim2)


def vecdot(x: Any, y: Any, *, dim: int = -1) -> Any:
    """The sum along dim of the conjugate of x times y."""
    return sum(x.conjugate() * y, dim=dim)


def cross(input: Any, other: Any, *, dim: int = -1) -> Any:
    """The cross product along dim, of size 3."""
    return _cross(input, other, dim)


explain_all(__name__, with_other_keywords)

"""Inverses, determinants, solutions and decompositions of matrices, and of batches of them.

The formulas of the gradients are derived in docs/derivations.md; NumPy's LAPACK computes what is not here.
"""

from __future__ import annotations

import math

import numpy as np

from autograd.errors import ShapeError
from autograd.ops.elementwise import constant_in
from autograd.ops.joining import concatenate
from autograd.ops.linalg import matmul
from autograd.ops.reduction import sum
from autograd.ops.shape import transpose, tril, triu
from autograd.ops.table import OPS, alias, function, op

__all__ = ["inverse", "det", "slogdet", "logdet", "cholesky", "cholesky_solve", "qr", "svd", "matrix_exp"]
__all__ += ["matrix_power", "pinverse", "cholesky_inverse"]


class LinAlgError(RuntimeError, np.linalg.LinAlgError):
    """A matrix for which there is no answer (a singular one, say): torch's error is a RuntimeError, NumPy's its own."""


def by_lapack(name, f, *arrays, square=True, **keywords):
    """f of matrices, `square` and in a precision that LAPACK has; its LinAlgError as one of ours."""
    x = arrays[0]
    if x.ndim < 2 or (square and x.shape[-1] != x.shape[-2]):
        raise ShapeError(f"{name} needs {'square ' * square}matrices, got the shape {x.shape}")
    for array in arrays:
        if array.dtype.kind not in "fc" or array.dtype == np.float16:
            raise RuntimeError(f"{name} is for float32 and float64, not {array.dtype}: convert it with .float() first")
    try:
        return f(*arrays, **keywords)
    except np.linalg.LinAlgError as error:
        raise LinAlgError(f"{name} of shape {x.shape}: {error}") from None


def mt(x):
    """Matrices transposed."""
    return transpose(x, -1, -2)


def mh(x):
    """Matrices transposed and conjugated."""
    return mt(x.conj())


def _eye(like):
    return np.eye(*like.shape[-2:], dtype=like.dtype)


def _divided(x, y):
    """x / y, and 0 where both are 0: what does not depend on equal eigenvalues has a gradient beside them, too."""
    return x / np.where(np.logical_and(np.equal(x, 0), np.equal(y, 0)), 1, y)


@op(np.linalg.inv, method=False, x=lambda g, out: -matmul(mt(out), matmul(g, mt(out))))
def inv(x):
    """The inverse. Raises LinAlgError for a singular matrix."""
    return by_lapack("inv", np.linalg.inv, x)


inverse = alias(inv, "inverse")


def _cofactors_rule(g, x, out):
    inverse = mt(inv(x))
    return sum(g * inverse, dim=(-2, -1), keepdim=True) * out - matmul(inverse, matmul(mt(g), out))


@op(method=False, x=_cofactors_rule)
def cofactors(x):
    """det(x) times the transposed inverse, the derivative of det, of singular ones too; its own needs an inverse."""
    u, s, vh = np.linalg.svd(x.conj())
    others = np.prod(np.where(np.eye(s.shape[-1], dtype=bool), 1, s[..., None, :]), -1)
    sign = (np.linalg.det(u) * np.linalg.det(vh)).conj()
    return sign[..., None, None] * ((u * others[..., None, :]) @ vh)


@op(np.linalg.det, x=lambda g, x: g[..., None, None] * cofactors(x))
def det(x):
    """The determinant."""
    return by_lapack("det", np.linalg.det, x)


@op(np.linalg.slogdet, outputs=("sign", "logabsdet"), x=lambda g, x: g[1][..., None, None] * mt(inv(x)))
def slogdet(x):
    """(sign, logabsdet) of the determinant, of a singular matrix 0 and minus infinity."""
    return tuple(map(np.asarray, by_lapack("slogdet", np.linalg.slogdet, x)))


@function()
def logdet(input):
    """The logarithm of the determinant, nan where that is negative."""
    sign, logabsdet = slogdet(input)
    return np.where(sign.detach() < 0, math.nan, logabsdet)


def _solve_grads(g, x, out):
    by_y = linear_solve(mt(x), g)
    return -matmul(by_y, mt(out)), by_y


@op(method=False, grads=_solve_grads)
def linear_solve(x, y):
    """The matrices z with x z = y. Raises LinAlgError for a singular x."""
    if y.ndim < 2 or y.shape[-2] != x.shape[-1]:
        raise ShapeError(f"solve: A of shape {x.shape} and B of {y.shape} must have the same number of rows")
    return by_lapack("solve", np.linalg.solve, x, y)


def _cholesky_rule(g, out):
    half = tril(matmul(mt(out), g)) * (1 - _eye(g) / 2)
    left = linear_solve(mt(out), (half + mt(half)) / 2)
    return linear_solve(mt(out), mt(left))


@op(np.linalg.cholesky, method=False, x=_cholesky_rule)
def linalg_cholesky(x, *, upper=False):
    """The lower triangular L with x = L L^T. Raises LinAlgError where x is not positive definite."""
    return by_lapack("cholesky", np.linalg.cholesky, x)


@function()
def cholesky(input, upper=False):
    """The lower triangular L with input = L L^T, or its transpose."""
    return mt(linalg_cholesky(mt(input))) if upper else linalg_cholesky(input)


@function()
def cholesky_solve(B, L, upper=False):
    """The solution of A X = B from the factor of A that `cholesky` gives."""
    L = mt(triu(L)) if upper else tril(L)
    return linear_solve(mt(L), linear_solve(L, B))


@function()
def cholesky_inverse(input, upper=False):
    """The inverse of the matrix whose factor, as `cholesky` gives it, is the input."""
    return cholesky_solve(_eye(input), input, upper)


def _qr_rule(g, Q, R):
    by_q, by_r = g
    m = matmul(R, mt(by_r)) - matmul(mt(by_q), Q)
    symmetric = tril(m) + mt(tril(m, diagonal=-1))
    return mt(linear_solve(R, mt(by_q + matmul(Q, symmetric))))


@op(method=False, outputs=("Q", "R"), x=_qr_rule)
def tall_qr(x):
    """(Q, R) of matrices with at least as many rows as columns: x = Q R, with orthonormal columns and a triangle."""
    return tuple(by_lapack("qr", np.linalg.qr, x, square=False))


def _svd_rule(g, U, S, Vh):
    k = S.shape[-1]
    U, Vh, by_u, by_v = U[..., :k], Vh[..., :k, :], g[0][..., :k], mt(g[2][..., :k, :])
    row, column = S[..., None, :], S[..., None]
    gaps = row * row - column * column
    of_u, of_v = matmul(mt(U), by_u), matmul(Vh, by_v)
    inner = _divided(of_u - mt(of_u), gaps) * row + column * _divided(of_v - mt(of_v), gaps)
    inner = inner + g[1][..., None] * _eye(inner)
    left = matmul(U, inner) + _divided(by_u - matmul(U, of_u), row)
    return matmul(left, Vh) + matmul(U, mt(_divided(by_v - matmul(mt(Vh), of_v), row)))


@op(method=False, outputs=("U", "S", "Vh"), x=_svd_rule)
def linalg_svd(x, *, full_matrices=True):
    """(U, S, Vh) with x = U diag(S) Vh, S in falling order; only the first min(m, n) vectors have a gradient."""
    return tuple(by_lapack("svd", np.linalg.svd, x, square=False, full_matrices=full_matrices))


@function()
def svd(input, some=True, compute_uv=True):
    """(U, S, V) with input = U diag(S) V^T; `linalg.svd` gives V^T. Without `compute_uv`, U and V are zeros."""
    U, S, Vh = linalg_svd(input, full_matrices=not some)
    return (U, S, mt(Vh)) if compute_uv else (U.new_zeros(tuple(U.shape)), S, Vh.new_zeros(tuple(mt(Vh).shape)))


def _eigh_rule(g, eigenvalues, eigenvectors):
    w, v = eigenvalues, eigenvectors
    turned = matmul(mh(v), g[1]) * (1 - _eye(v).real)  # the diagonal is the phase of a vector, which is free
    inner = _divided((turned - mh(turned)) / 2, w[..., None, :] - w[..., None])
    return matmul(matmul(v, inner) + v * g[0][..., None, :], mh(v))


@op(method=False, outputs=("eigenvalues", "eigenvectors"), x=_eigh_rule)
def linalg_eigh(x, *, UPLO="L"):
    """(eigenvalues, eigenvectors) of Hermitian matrices, of which one triangle is read; the eigenvalues rise."""
    return tuple(by_lapack("eigh", np.linalg.eigh, x, UPLO=UPLO))


def _pinv_rule(g, x, out):
    left, right = matmul(mt(g), matmul(out, mt(out))), matmul(matmul(mt(out), out), mt(g))
    outside = left - matmul(x, matmul(out, left)) + right - matmul(matmul(right, out), x)
    return outside - matmul(mt(out), matmul(g, mt(out)))


def kept(s, shape, atol, rtol):
    """Which singular values count as more than 0: those above atol, and above rtol (as given: eps times max(m, n))."""
    if rtol is None:
        rtol = 0.0 if atol is not None and np.all(np.greater(atol, 0)) else max(shape[-2:]) * np.finfo(s.dtype).eps
    top = s.max(-1, keepdims=True, initial=0)
    bounds = (np.asarray(getattr(b, "array", b))[..., None] for b in (0.0 if atol is None else atol, rtol))
    return s > np.maximum(next(bounds), next(bounds) * top)


@op(method=False, x=_pinv_rule)
def pseudo_inverse(x, *, atol=None, rtol=None):
    """The pseudo-inverse: singular values of at most atol, or rtol times the greatest, count as 0."""
    u, s, vh = by_lapack("pinv", np.linalg.svd, x, square=False, full_matrices=False)
    some = kept(s, x.shape, atol, rtol)
    with np.errstate(divide="ignore"):
        return mt(vh) @ (np.where(some, 1 / s, 0)[..., None] * mt(u))


@function()
def pinverse(input, rcond=1e-15):
    """The pseudo-inverse without singular values of at most rcond times the greatest."""
    return pseudo_inverse(input, rtol=rcond)


@function()
def qr(input, some=True):
    """(Q, R) with input = Q R; without `some`, Q is square."""
    return decomposed(input, "reduced" if some else "complete")


_QR = OPS["tall_qr"].named


def decomposed(x, mode):
    """(Q, R), of wide matrices from the QR of their first columns: the others are Q times theirs of R."""
    m, n = x.shape[-2:] if x.ndim > 1 else (0, 0)
    if mode == "r" or (mode == "complete" and m > n):
        if x.requires_grad:
            raise RuntimeError(f"qr of shape {tuple(x.shape)} has a derivative only with mode='reduced'")
        found = by_lapack("qr", np.linalg.qr, x.array, square=False, mode=mode)
        return _QR([x.wrap(a) for a in ((np.empty(0, x.dtype), found) if mode == "r" else found)])
    if m >= n:
        return tall_qr(x)
    Q, R = tall_qr(x[..., :m])
    return _QR([Q, concatenate(R, matmul(mt(Q), x[..., m:]), dim=-1)])


@function()
def matrix_exp(input):
    """e^x, the sum of x^k / k!: by a Taylor series of x / 2^s, of norm at most 1/2, squared s times."""
    if input.dtype == np.float16:
        return matrix_exp(input.float()).half()
    norm = by_lapack("matrix_exp", np.abs, input.array).sum(-2).max(initial=0)
    s = max(0, math.frexp(norm)[1] + 1) if np.isfinite(norm) else 0
    x, one = input * 0.5**s, np.broadcast_to(_eye(input), input.shape)
    out = one + x / 16
    for k in range(15, 0, -1):  # 0.5^17 / 17! is less than the rounding of 1
        out = one + matmul(x, out) / k
    for _ in range(s):
        out = matmul(out, out)
    return out


@function()
def matrix_power(input, n):
    """The product of n factors `input`, for a negative n of its inverse, by repeated squaring."""
    if n < 0:
        return matrix_power(inv(input), -n)
    if input.ndim < 2 or input.shape[-1] != input.shape[-2]:
        raise ShapeError(f"matrix_power needs square matrices, got the shape {tuple(input.shape)}")
    if n < 2:
        return input.clone() if n else constant_in(np.broadcast_to(_eye(input), input.shape).copy(), input)
    half = matrix_power(input, n // 2)
    return matmul(matmul(half, half), input) if n % 2 else matmul(half, half)

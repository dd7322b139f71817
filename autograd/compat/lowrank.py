"""`torch.svd_lowrank` and `torch.pca_lowrank`: the first singular values and vectors, from random products."""

from __future__ import annotations

from autograd.linalg import qr, svd
from autograd.ops.complaints import explain_all
from autograd.random import randn
from autograd.tensor import Tensor

__all__ = ["pca_lowrank", "svd_lowrank"]


def svd_lowrank(
    A: Tensor, q: int | None = 6, niter: int | None = 2, M: Tensor | None = None
) -> tuple[Tensor, Tensor, Tensor]:
    """(U, S, V) with A - M about U diag(S) V^T, of rank q: Halko et al. 2011, algorithms 4.4 and 5.1.

    The more steps of power iteration (`niter`), the nearer.
    """
    A = A if M is None else A - M
    if A.shape[-2] < A.shape[-1]:
        V, S, U = svd_lowrank(A.mT, q, niter)
        return U, S, V
    basis = qr(A @ randn(*A.shape[:-2], A.shape[-1], 6 if q is None else q, dtype=A.dtype)).Q
    for _ in range(niter or 0):
        basis = qr(A @ qr(A.mT @ basis).Q).Q
    U, S, Vh = svd(basis.mT @ A, full_matrices=False)
    return basis @ U, S, Vh.mT


def pca_lowrank(A: Tensor, q: int | None = None, center: bool = True, niter: int = 2) -> tuple[Tensor, Tensor, Tensor]:
    """(U, S, V) of the rows of A less their mean: the principal directions are the columns of V."""
    most = min(A.shape[-2:])
    q = min(6, most) if q is None else q
    if not 0 <= q <= most:
        raise ValueError(f"pca_lowrank: q must be from 0 to {most}, the lesser size of {tuple(A.shape)}, got {q}")
    return svd_lowrank(A - A.mean(-2, keepdim=True) if center else A, q, niter)


explain_all(__name__)

"""Functions of `autograd.linalg`: how to draw matrices, NumPy's result, and the function of a module that has it.

The module is `autograd` or `torch`.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from hypothesis import strategies as st

from tests.properties.calls import symmetric
from tests.properties.cases_decompositions import matrices, systems


def plain_triangular(x: np.ndarray, upper: bool, unitriangular: bool) -> np.ndarray:
    triangle = (np.triu if upper else np.tril)(x + 4 * np.eye(x.shape[-1]))
    d = np.arange(x.shape[-1])
    triangle[..., d, d] = 1 if unitriangular else triangle[..., d, d]
    return np.linalg.solve(triangle, np.ones_like(x))


def triangular(m: Any) -> Callable:
    return lambda x, **k: m.linalg.solve_triangular(x + 4 * m.eye(x.shape[-1], dtype=x.dtype), m.ones_like(x), **k)


def by_eigenvalues(m: Any) -> Callable:
    """e^x of a symmetric matrix by its eigenvalues, which does not depend on the signs of the eigenvectors."""

    def of(x: Any) -> Any:
        w, v = m.linalg.eigh((x + x.mT) / 2)
        return v @ (m.exp(w)[..., None] * v.mT)

    return of


def plain_exp(x: np.ndarray) -> np.ndarray:
    w, v = np.linalg.eigh(x)
    return v @ (np.exp(w)[..., None] * np.swapaxes(v, -1, -2))


def plain_matrix_exp(x: np.ndarray) -> np.ndarray:
    w, v = np.linalg.eig(x)
    return ((v * np.exp(w)[..., None, :]) @ np.linalg.inv(v)).real


def by_singular_values(m: Any) -> Callable:
    """x x^T x by the singular values of x."""

    def of(x: Any) -> Any:
        u, s, vh = m.linalg.svd(x, full_matrices=False)
        return u @ (s[..., None] ** 3 * vh)

    return of


def plain_reflections(x: np.ndarray) -> np.ndarray:
    out, k = np.broadcast_to(np.eye(x.shape[-2]), (*x.shape[:-2], x.shape[-2], x.shape[-2])), x.shape[-1]
    for i in range(k):
        v = np.where(np.arange(x.shape[-2]) > i, x[..., i], np.arange(x.shape[-2]) == i)
        out = out - np.sin(x[..., :1, i, None]) * (out @ v[..., None]) * v[..., None, :]
    return out[..., :k]


def plain_norm(x: np.ndarray, ord: Any, keepdim: bool) -> Any:
    return np.linalg.norm(x, ord, (-2, -1), keepdim)


def t(x: np.ndarray) -> np.ndarray:
    return np.swapaxes(x, -1, -2)


def plain_lu_solve(x: np.ndarray, b: np.ndarray, left: bool) -> np.ndarray:
    return np.linalg.solve(x, b) if left else t(np.linalg.solve(t(x), t(b)))


ORDERS = st.sampled_from(["fro", "nuc", 1, -1, 2, -2, np.inf, -np.inf])

# name: the Calls, NumPy's function, and of a module, its function
LINALG: dict[str, tuple[Any, Callable, Callable[[Any], Callable]]] = {
    "eigh": (matrices("symmetric"), lambda x: plain_exp(symmetric(x)), by_eigenvalues),
    "svd": (matrices("any"), lambda x: x @ t(x) @ x, by_singular_values),
    "svdvals": (matrices("any"), lambda x: np.linalg.svd(x, compute_uv=False), lambda m: m.linalg.svdvals),
    "eigvalsh": (
        matrices("symmetric"),
        lambda x: np.linalg.eigvalsh(symmetric(x)),
        lambda m: lambda x: m.linalg.eigvalsh((x + x.mT) / 2),
    ),
    "logdet": (matrices(), lambda x: np.linalg.slogdet(x @ t(x))[1], lambda m: lambda x: m.logdet(x @ x.mT)),
    "qr of wide matrices": (
        matrices(),
        lambda x: tuple(np.linalg.qr(np.concatenate([x, x * x], -1))),
        lambda m: lambda x: tuple(m.linalg.qr(m.cat([x, x * x], -1))),
    ),
    "solve": (systems(), np.linalg.solve, lambda m: m.linalg.solve),
    "solve of the right": (
        systems(),
        lambda x, y: t(np.linalg.solve(t(x), y)),
        lambda m: lambda x, y: m.linalg.solve(x, y.mT, left=False),
    ),
    "solve_triangular": (matrices(upper=st.booleans(), unitriangular=st.booleans()), plain_triangular, triangular),
    "lstsq": (
        matrices("any"),
        lambda x: np.linalg.pinv(x) @ x[..., :1] ** 2,
        lambda m: lambda x: m.linalg.lstsq(x, x[..., :1] ** 2)[0],
    ),
    "cholesky": (
        matrices("positive"),
        lambda x: t(np.linalg.cholesky(symmetric(x))),
        lambda m: lambda x: m.linalg.cholesky((x + x.mT) / 2, upper=True),
    ),
    "product of lu": (
        matrices("any"),
        lambda x: x,
        lambda m: lambda x: (lambda p, lower, upper: p @ lower @ upper)(*m.linalg.lu(x)),
    ),
    "lu_solve": (
        matrices(left=st.booleans(), adjoint=st.booleans()),
        lambda x, left, adjoint: plain_lu_solve(t(x) if adjoint else x, x * x, left),
        lambda m: lambda x, **k: m.linalg.lu_solve(*m.linalg.lu_factor(x), x * x, **k),
    ),
    "multi_dot": (
        matrices(),
        lambda x: (x @ t(x) @ x) if x.ndim == 2 else x,
        lambda m: lambda x: m.linalg.multi_dot([x, x.mT, x]) if x.ndim == 2 else x.clone(),
    ),
    "householder_product": (
        matrices(),
        plain_reflections,
        lambda m: lambda x: m.linalg.householder_product(x, m.sin(x[..., 0, :])),
    ),
    "pinverse": (matrices("any"), np.linalg.pinv, lambda m: m.pinverse),
    "matrix_exp": (matrices(), plain_matrix_exp, lambda m: m.linalg.matrix_exp),
    "matrix_power": (matrices(n=st.integers(-3, 5)), np.linalg.matrix_power, lambda m: m.linalg.matrix_power),
    "matrix_norm": (matrices("any", ord=ORDERS, keepdim=st.booleans()), plain_norm, lambda m: m.linalg.matrix_norm),
    "cond": (
        matrices(p=st.sampled_from([None, 1, -1, 2, -2, "fro", np.inf])),
        lambda x, p: np.linalg.cond(x, p) if len(x) else np.zeros(x.shape[:-2]),
        lambda m: m.linalg.cond,
    ),
}

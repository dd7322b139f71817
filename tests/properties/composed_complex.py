"""Functions of complex numbers, as functions of the pairs of reals that `view_as_complex` takes for them.

Each is drawn, computed in NumPy, and by a module, `autograd` or `torch`. The gradients by the pairs are those of
PyTorch's convention, so finite differences check them.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from hypothesis import strategies as st

from autograd.testing import positive, shapes
from tests.properties.calls import call

PAIRS = shapes(min_dims=1, max_dims=2).map(lambda s: (*s, 2))


def of_two(f: Callable) -> tuple[Any, Callable, Callable[[Any], Callable]]:
    """f(module, z, w) of two tensors of one shape, with absolute values of at least 0.3."""
    draw = PAIRS.flatmap(lambda s: call(positive(s, 0.3, 2), positive(s, 0.3, 2)))
    return draw, plain(f), pairs(f)


def along(f: Callable, **keywords: Any) -> tuple[Any, Callable, Callable[[Any], Callable]]:
    """f(module, z, dim, ...) of a tensor and one of its dims."""
    draw = PAIRS.flatmap(lambda s: call(positive(s, 0.3, 2), dim=st.integers(1 - len(s), len(s) - 2), **keywords))
    return draw, plain(f), pairs(f)


def plain(f: Callable) -> Callable:
    def of(*arrays: np.ndarray, **keywords: Any) -> np.ndarray:
        out = f(NUMPY, *(a[..., 0] + 1j * a[..., 1] for a in arrays), **keywords)
        return np.stack([out.real, out.imag], -1) if np.iscomplexobj(out) else out

    return of


def pairs(f: Callable) -> Callable[[Any], Callable]:
    def with_module(m: Any) -> Callable:
        def of(*tensors: Any, **keywords: Any) -> Any:
            out = f(m, *map(m.view_as_complex, tensors), **keywords)
            return m.view_as_real(out.resolve_conj()) if m.is_complex(out) else out

        return of

    return with_module


def of_matrices(f: Callable) -> tuple[Any, Callable, Callable[[Any], Callable]]:
    """f(module, z, w) of two batches of square matrices, the first with a dominant diagonal."""
    far = 4 * np.stack([np.eye(3), np.eye(3)], -1)
    draw = shapes(max_dims=1).flatmap(lambda s: call(positive((*s, 3, 3, 2)).map(far.__add__), positive((*s, 3, 3, 2))))
    return draw, plain(f), pairs(f)


def hermitian(m: Any, z: Any) -> Any:
    """z + z^H, and real numbers that keep the eigenvalues apart."""
    return z + m.conj(z).swapaxes(-1, -2) + m.diag(m.arange(3) * 10)


def eigenspaces(m: Any, z: Any, w: Any) -> Any:
    """A function of eigenvalues and eigenvectors, whatever the phases of the vectors."""
    values, vectors = m.linalg.eigh(hermitian(m, z))
    return m.exp(values / 9)[..., None] * m.abs(w @ vectors)


class NUMPY:
    """NumPy's functions, by the names and keywords of torch's."""

    real, imag, conj, angle, abs, exp, sqrt, log, tanh, einsum, where, stack = (
        *(np.real, np.imag, np.conj, np.angle, np.abs, np.exp, np.sqrt, np.log, np.tanh, np.einsum, np.where),
        lambda parts, dim: np.stack(parts, dim),
    )
    cosh, sinh, tan, expm1, log1p, log2, exp2 = np.cosh, np.sinh, np.tan, np.expm1, np.log1p, np.log2, np.exp2
    prod, cumprod, vdot, linalg, diag, arange = np.prod, np.cumprod, np.vdot, np.linalg, np.diag, np.arange

    @staticmethod
    def rsqrt(x: np.ndarray) -> np.ndarray:
        return 1 / np.sqrt(x)

    @staticmethod
    def lerp(x: np.ndarray, end: np.ndarray, weight: float) -> np.ndarray:
        return x + weight * (end - x)

    @staticmethod
    def cov(x: np.ndarray, correction: int) -> np.ndarray:
        return np.cov(x, ddof=correction)

    @staticmethod
    def logcumsumexp(x: np.ndarray, dim: int) -> np.ndarray:
        return np.log(np.cumsum(np.exp(x), dim))

    class nn:  # noqa: N801 - as torch's
        class functional:  # noqa: N801
            @staticmethod
            def linear(x: np.ndarray, weight: np.ndarray, bias: np.ndarray) -> np.ndarray:
                return x @ weight.T + bias

            @staticmethod
            def conv1d(x: np.ndarray, weight: np.ndarray) -> np.ndarray:
                windows = np.lib.stride_tricks.sliding_window_view(x, weight.shape[-1], -1)
                return np.einsum("nclk,ock->nol", windows, weight)

    class fft:  # noqa: N801 - as torch's
        fft, ifft, rfft, irfft = (
            staticmethod(lambda x, n=None, dim=-1, norm=None, f=f: f(x, n, dim, norm))
            for f in (np.fft.fft, np.fft.ifft, np.fft.rfft, np.fft.irfft)
        )
        fft2, ifft2, rfft2, irfft2 = np.fft.fft2, np.fft.ifft2, np.fft.rfft2, np.fft.irfft2

        @staticmethod
        def fftshift(x: np.ndarray, dim: int) -> np.ndarray:
            return np.fft.fftshift(x, dim)


SIZED = {"n": st.sampled_from([None, 1, 2, 5]), "norm": st.sampled_from([None, "backward", "forward", "ortho"])}

COMPLEX: dict[str, tuple[Any, Callable, Callable[[Any], Callable]]] = {
    "complex sums": of_two(lambda m, z, w: z + 2 * w - w * 1j - z.sum() + w.mean()),
    "complex products": of_two(lambda m, z, w: z * w * z.real),
    "complex quotients": of_two(lambda m, z, w: z / w + w.imag / z),
    "complex powers": of_two(lambda m, z, w: z**3 + 1 / w),
    "complex exponentials": of_two(lambda m, z, w: m.exp(z) * m.exp(1j * w.real)),
    "complex roots, logarithms, tangents": of_two(lambda m, z, w: m.sqrt(z) * m.log(w) + m.tanh(z * w)),
    "complex logcumsumexp": of_two(lambda m, z, w: m.logcumsumexp(z.reshape(-1), 0) * w.reshape(-1)),
    "complex tangents and hyperbolic functions": of_two(lambda m, z, w: m.cosh(z) * m.tan(w) + m.sinh(w)),
    "complex powers of 2 and e": of_two(lambda m, z, w: m.exp2(z) * m.log2(w) + m.expm1(w) * m.log1p(z) * m.rsqrt(z)),
    "complex running products": of_two(lambda m, z, w: m.cumprod(z, -1) * m.prod(w) + m.lerp(z, w, 0.25)),
    "complex vectors": of_two(lambda m, z, w: m.vdot(z.reshape(-1), w.reshape(-1)) * m.linalg.vector_norm(w)),
    "complex norms": of_two(
        lambda m, z, w: m.linalg.vector_norm(z.reshape(-1), ord=3) * m.linalg.vector_norm(w, ord=1)
    ),
    "complex covariances": of_two(lambda m, z, w: m.cov(m.stack([z.reshape(-1), w.reshape(-1)], 0), correction=0)),
    "complex linear layers": of_two(
        lambda m, z, w: m.nn.functional.linear(z, w.reshape(-1, w.shape[-1]), w.reshape(-1, w.shape[-1])[:, 0])
    ),
    "complex convolutions": of_two(
        lambda m, z, w: m.nn.functional.conv1d(
            m.stack([z, w], 0).reshape(1, 2, -1), m.stack([w, z], 0).reshape(1, 2, -1)[..., :2]
        )
    ),
    "conjugates": of_two(lambda m, z, w: m.conj(z) * w),
    "absolute values": of_two(lambda m, z, w: m.abs(z) * w),
    "angles": of_two(lambda m, z, w: m.angle(z) * m.imag(w) + m.real(z)),
    "complex matrices": of_two(lambda m, z, w: m.stack([z, w], 0).reshape(2, -1) @ m.conj(z).reshape(-1)),
    "complex inverses and solutions": of_matrices(lambda m, z, w: m.linalg.inv(z) @ m.linalg.solve(z, w)),
    "complex determinants": of_matrices(lambda m, z, w: m.linalg.det(z)[..., None, None] * w),
    "Hermitian eigenspaces": of_matrices(eigenspaces),
    "complex einsum": of_two(lambda m, z, w: m.einsum("...,...->...", z, w)),
    "complex choices": of_two(lambda m, z, w: m.where(m.real(z) > 1, z[..., :1] * w, w)),
    "fft": along(lambda m, z, **k: m.fft.fft(z, **k), **SIZED),
    "ifft": along(lambda m, z, **k: m.fft.ifft(z, **k), **SIZED),
    "rfft": along(lambda m, z, **k: m.fft.rfft(m.real(z), **k), **SIZED),
    "irfft": along(lambda m, z, n, **k: m.fft.irfft(z, n or 3, **k), **SIZED),
    "fftshift": along(lambda m, z, dim: m.fft.fftshift(z, dim)),
    "fft2": (
        call(positive((3, 2, 2)), positive((3, 2, 2))),
        plain(lambda m, z, w: m.fft.fft2(z) * m.fft.ifft2(w)),
        pairs(lambda m, z, w: m.fft.fft2(z) * m.fft.ifft2(w)),
    ),
    "rfft2": (
        call(positive((3, 4, 2))),
        plain(lambda m, z: m.fft.irfft2(m.fft.rfft2(m.real(z)) * 2)),
        pairs(lambda m, z: m.fft.irfft2(m.fft.rfft2(m.real(z)) * 2)),
    ),
    "polar": (
        shapes().flatmap(lambda s: call(positive(s), positive(s))),
        lambda r, a: np.stack([r * np.cos(a), r * np.sin(a)], -1),
        lambda m: lambda r, a: m.view_as_real(m.polar(r, a)),
    ),
    "rotary by complex numbers": (
        call(positive((2, 3, 4)), positive((3, 2))),
        lambda x, a: plain(lambda m, z: z * np.exp(1j * a))(x.reshape(2, 3, 2, 2)).reshape(2, 3, 4),
        lambda m: (
            lambda x, a: m.view_as_real(m.view_as_complex(x.reshape(2, 3, 2, 2)) * m.polar(m.ones_like(a), a)).flatten(
                2
            )
        ),
    ),
}

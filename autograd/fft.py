"""`torch.fft`: discrete Fourier transforms, with derivatives of any order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from autograd.base import wrap
from autograd.dtypes import checked_dtype, default_dtype
from autograd.naming import named
from autograd.ops.complaints import explain_all
from autograd.ops.complex_numbers import fourier, real
from autograd.ops.joining import cat
from autograd.ops.neural import pad
from autograd.ops.shape import flip, one_dim, roll
from autograd.ops.table import with_other_keywords

__all__ = ["fft", "ifft", "rfft", "irfft", "fft2", "ifft2", "rfft2", "irfft2", "fftn", "ifftn", "rfftn", "irfftn"]
__all__ += ["fftfreq", "rfftfreq", "fftshift", "ifftshift"]

Dims = Sequence[int] | None


def _sized(x: Any, n: int | None, dim: int) -> Any:
    """x with n elements along dim: cut off, or filled with zeros."""
    at = one_dim(dim, x.ndim)
    if n is None or n == x.shape[at]:
        return x
    if n < 1:
        raise RuntimeError(f"fft: there must be at least 1 element along dim {dim}, not {n}")
    if n < x.shape[at]:
        return x[(slice(None),) * at + (slice(n),)]
    return pad(x, width=tuple((0, n - x.shape[at] if d == at else 0) for d in range(x.ndim)), value=0.0)


def _over(x: Any, s: Any, dim: Dims, norm: str | None, inverse: bool) -> Any:
    for n, d in _sizes(x, s, dim):
        x = fourier(_sized(x, n, d), dim=d, norm=norm or "backward", inverse=inverse)
    return x


def _sizes(x: Any, s: Any, dim: Dims) -> list[tuple[int | None, int]]:
    """The size (None for that of x) and the number of each dim that is transformed."""
    dim, s = [dim] if isinstance(dim, int) else dim, [s] if isinstance(s, int) else s
    if dim is None:
        dim = range(x.ndim) if s is None else range(x.ndim - len(s), x.ndim)
    sizes = [None] * len(dim) if s is None else [None if n == -1 else n for n in s]
    if len({one_dim(d, x.ndim) for d in dim}) < len(dim) or len(sizes) != len(dim):
        raise RuntimeError(f"fft: the dims {tuple(dim)} must differ, and s must have one size for each, got {s}")
    return list(zip(sizes, dim))


def _half(x: Any, dim: int) -> Any:
    return x[(slice(None),) * one_dim(dim, x.ndim) + (slice(x.shape[dim] // 2 + 1),)].contiguous()


def _whole(x: Any, n: int | None, dim: int) -> Any:
    """The n elements along dim of which the second half are the conjugates of the first, in reverse order."""
    n, lead = 2 * (x.shape[dim] - 1) if n is None else n, (slice(None),) * one_dim(dim, x.ndim)
    x = _sized(x, n // 2 + 1, dim)
    return cat([x, flip(x[(*lead, slice(1, n - n // 2))], dim=(dim,)).conjugate()], dim)


def fft(input: Any, n: int | None = None, dim: int = -1, norm: str | None = None) -> Any:
    """The discrete Fourier transform along dim, of n elements (cut off, or filled with zeros)."""
    return _over(input, [n], [dim], norm, False)


def ifft(input: Any, n: int | None = None, dim: int = -1, norm: str | None = None) -> Any:
    """The inverse of `fft`."""
    return _over(input, [n], [dim], norm, True)


def rfft(input: Any, n: int | None = None, dim: int = -1, norm: str | None = None) -> Any:
    """The first half of `fft`, of real numbers: the other one has the conjugates."""
    if input.dtype.kind == "c":
        raise RuntimeError("rfft takes real numbers: use fft for complex ones")
    return _half(fft(input, n, dim, norm), dim)


def irfft(input: Any, n: int | None = None, dim: int = -1, norm: str | None = None) -> Any:
    """The inverse of `rfft`: n real numbers."""
    return real(ifft(_whole(input, n, dim), None, dim, norm)).contiguous()


def fftn(input: Any, s: Any = None, dim: Dims = None, norm: str | None = None) -> Any:
    """`fft` along several dims, without any all of them."""
    return _over(input, s, dim, norm, False)


def ifftn(input: Any, s: Any = None, dim: Dims = None, norm: str | None = None) -> Any:
    """`ifft` along several dims, without any all of them."""
    return _over(input, s, dim, norm, True)


def rfftn(input: Any, s: Any = None, dim: Dims = None, norm: str | None = None) -> Any:
    """`rfft` along the last of several dims, then `fft` along the others."""
    *others, (n, last) = _sizes(input, s, dim)
    return fftn(rfft(input, n, last, norm), [-1 if m is None else m for m, _ in others], [d for _, d in others], norm)


def irfftn(input: Any, s: Any = None, dim: Dims = None, norm: str | None = None) -> Any:
    """The inverse of `rfftn`."""
    *others, (n, last) = _sizes(input, s, dim)
    out = ifftn(input, [-1 if m is None else m for m, _ in others], [d for _, d in others], norm)
    return irfft(out, n, last, norm)


def _of_two_dims(transform: Callable[..., Any]) -> Callable[..., Any]:
    def of_two(input: Any, s: Any = None, dim: Dims = (-2, -1), norm: str | None = None) -> Any:
        return transform(input, s, dim, norm)

    name = transform.__name__
    return named(of_two, f"{name[:-1]}2", f"`{name}` of two dims, the last ones unless others are named.")


fft2, ifft2, rfft2, irfft2 = map(_of_two_dims, (fftn, ifftn, rfftn, irfftn))


def fftfreq(n: int, d: float = 1.0, *, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Any:
    """The frequencies of the elements of `fft`, of n samples d apart."""
    dtype = default_dtype() if dtype is None else checked_dtype(dtype)
    return wrap(np.fft.fftfreq(n, d).astype(dtype)).requires_grad_(requires_grad)


def rfftfreq(n: int, d: float = 1.0, *, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Any:
    """The frequencies of the elements of `rfft`, of n samples d apart."""
    dtype = default_dtype() if dtype is None else checked_dtype(dtype)
    return wrap(np.fft.rfftfreq(n, d).astype(dtype)).requires_grad_(requires_grad)


def _shifted(x: Any, dim: Any, back: bool) -> Any:
    dims = tuple(range(x.ndim)) if dim is None else (dim,) if isinstance(dim, int) else tuple(dim)
    return roll(x, shifts=tuple(-(x.shape[d] // 2) if back else x.shape[d] // 2 for d in dims), dim=dims)


def fftshift(input: Any, dim: Any = None) -> Any:
    """The frequency 0 brought from the start to the middle of the dims."""
    return _shifted(input, dim, False)


def ifftshift(input: Any, dim: Any = None) -> Any:
    """The inverse of `fftshift`."""
    return _shifted(input, dim, True)


explain_all(__name__, with_other_keywords)

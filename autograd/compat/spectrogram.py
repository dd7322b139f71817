"""Short-time Fourier transforms: the spectrum of each window of a signal, and the signal again; and the windows."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autograd import fft
from autograd.base import wrap
from autograd.dtypes import checked_device, checked_dtype, default_dtype
from autograd.errors import ShapeError
from autograd.ops import complex_numbers as C
from autograd.ops.complaints import explain_all
from autograd.ops.indexing import fold, unfold
from autograd.ops.shape import expand
from autograd.tensor import Tensor
from nn import functional as F

__all__ = ["hamming_window", "hann_window", "istft", "stft"]


def hamming_window(
    window_length: int,
    periodic: bool = True,
    alpha: float = 0.54,
    beta: float = 0.46,
    *,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    pin_memory: bool = False,
    requires_grad: bool = False,
) -> Tensor:
    """alpha - beta cos(2 pi i / N) for i < window_length, where N is window_length if periodic, else one less."""
    if device is not None:
        checked_device(device)
    turns = np.arange(window_length) / max(window_length - (not periodic), 1)
    window = np.ones(1) if window_length == 1 else alpha - beta * np.cos(2 * math.pi * turns)
    return wrap(window.astype(default_dtype() if dtype is None else checked_dtype(dtype))).requires_grad_(requires_grad)


def hann_window(window_length: int, periodic: bool = True, **options: Any) -> Tensor:
    """sin^2(pi i / N) for i < window_length, where N is window_length if periodic, else one less."""
    return hamming_window(window_length, periodic, 0.5, 0.5, **options)


def _centred(window: Any, win_length: int | None, n_fft: int, like: Tensor) -> Tensor:
    """The window of n_fft numbers, with zeros on both sides."""
    size = n_fft if win_length is None else win_length
    window = like.new_ones(size) if window is None else window
    if not 0 < size <= n_fft or window.shape != (size,):
        raise ShapeError(f"win_length is {size}, from 1 to n_fft={n_fft}, and the window has the shape {window.shape}")
    return F.pad(window, ((n_fft - size) // 2, (n_fft - size + 1) // 2))


def stft(
    input: Tensor,
    n_fft: int,
    hop_length: int | None = None,
    win_length: int | None = None,
    window: Tensor | None = None,
    center: bool = True,
    pad_mode: str = "reflect",
    normalized: bool = False,
    onesided: bool | None = None,
    return_complex: bool | None = None,
    align_to_window: bool | None = None,
) -> Tensor:
    """The spectra (..., N, frames) of windows of n_fft numbers, hop_length apart, of signals (..., L).

    N is n_fft, or n_fft // 2 + 1 where one side says all. With center, the frame i is around the number i hop_length.
    """
    real = not input.is_complex() and (window is None or not window.is_complex())
    if return_complex is None and real:
        raise RuntimeError("stft requires the return_complex parameter be given for real inputs: say True")
    window = _centred(window, win_length, n_fft, input)
    if center:
        wide = input[(None,) * (3 - input.ndim)]
        input = F.pad(wide, (n_fft // 2, n_fft // 2), pad_mode).reshape(*input.shape[:-1], -1)
    if input.shape[-1] < n_fft:
        raise ShapeError(f"stft: a signal of the shape {tuple(input.shape)} has no window of n_fft={n_fft} numbers")
    frames = unfold(input, dimension=-1, size=n_fft, step=n_fft // 4 if hop_length is None else hop_length) * window
    transform = fft.rfft if real and onesided is not False else fft.fft
    out = transform(frames, norm="ortho" if normalized else None).transpose(-1, -2)
    return C.view_as_real(out) if return_complex is False else out


def istft(
    input: Tensor,
    n_fft: int,
    hop_length: int | None = None,
    win_length: int | None = None,
    window: Tensor | None = None,
    center: bool = True,
    normalized: bool = False,
    onesided: bool | None = None,
    length: int | None = None,
    return_complex: bool = False,
) -> Tensor:
    """The signals (..., L) whose spectra `stft` gives, or come nearest to these, with the same arguments."""
    hop = n_fft // 4 if hop_length is None else hop_length
    onesided = not return_complex if onesided is None else onesided
    if input.ndim < 2 or input.shape[-2] != (n_fft // 2 + 1 if onesided else n_fft):
        raise ShapeError(f"istft: a dim of {n_fft=} frequencies, and one of frames, expected: got {tuple(input.shape)}")
    norm, spectra = "ortho" if normalized else None, input.transpose(-1, -2)
    frames = fft.irfft(spectra, n_fft, norm=norm) if onesided else fft.ifft(spectra, norm=norm)
    frames = frames if return_complex else C.real(frames)
    window = _centred(window, win_length, n_fft, C.real(spectra))
    whole = n_fft + hop * (spectra.shape[-2] - 1)
    start = n_fft // 2 * center
    end = whole - start if length is None else min(start + length, whole)

    def added(frames: Any) -> Any:
        sizes = (*frames.shape[:-2], whole)
        return fold(frames, dimension=-1, size=n_fft, step=hop, sizes=sizes)[..., start:end]

    weights = added(expand(window * window, size=(spectra.shape[-2], n_fft)))
    if bool((abs(weights) < 1e-11).any()):
        raise RuntimeError("istft: the windows leave out some numbers of the signal (window overlap add min: 0)")
    out = added(frames * window) / weights
    return F.pad(out, (0, length - out.shape[-1])) if length is not None and length > out.shape[-1] else out


explain_all(__name__)

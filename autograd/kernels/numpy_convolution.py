"""Convolution as matrix products, for any number of dims: of weights with the planes of `autograd.planes`."""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator

import numpy as np

from autograd.kernels.blas import blas_threads
from autograd.kernels.threads import parallel_for
from autograd.planes import Shifts, Spans

BLOCK = 1 << 19  # elements of columns at a time


def _within(spans: Spans) -> tuple[slice, ...]:
    return tuple(slice(s.plane, s.plane + s.length) for s in spans)


def _of_image(spans: Spans) -> tuple[slice, ...]:
    return tuple(slice(s.image, s.image + s.step * (s.length - 1) + 1, s.step) if s.length else slice(0) for s in spans)


def _columns(x: np.ndarray, at: Shifts, groups: int) -> np.ndarray:
    """The shifted planes of x (B, C, ...), below each other: (G, C / G kernel elements, B plane elements)."""
    images, channels = x.shape[:2]
    length, (before, after) = images * math.prod(at.size), at.margins
    planes = np.zeros((len(at.spans), channels, before + length + after), x.dtype)
    for plane, spans in zip(planes, at.spans):
        inner = plane[:, before : before + length].reshape(channels, images, *at.size)
        inner[:, :, *_within(spans)] = x.swapaxes(0, 1)[:, :, *_of_image(spans)]
    columns = np.empty((channels, len(at.shifts), length), x.dtype)
    for i, (plane, shift) in enumerate(at.shifts):
        columns[:, i] = planes[plane, :, before + shift : before + shift + length]
    return columns.reshape(groups, channels // groups * len(at.shifts), length)


def _blocks(start: int, stop: int, width: int) -> Iterator[slice]:
    """Slices of range(start, stop), so many images each that their columns of `width` elements an image stay small."""
    step = max(1, BLOCK // max(width, 1))
    for i in range(start, stop, step):
        yield slice(i, min(i + step, stop))


def _width(x: np.ndarray, at: Shifts) -> int:
    return x.shape[1] * len(at.shifts) * math.prod(at.size)


def correlate(
    out: np.ndarray, x: np.ndarray, weight: np.ndarray, bias: np.ndarray | None, at: Shifts, to: Spans
) -> None:
    """Put weight (G, rows, C / G, K) times the K shifted planes of x (N, C, ...), plus bias (G rows), into the places
    `to` of out (N, G rows, ...)."""
    groups, rows, channels, elements = weight.shape
    weight = weight.reshape(groups, rows, channels * elements)
    place, within = _of_image(to), _within(to)

    def body(start: int, stop: int) -> None:
        for block in _blocks(start, stop, _width(x, at)):
            products = (weight @ _columns(x[block], at, groups)).reshape(groups * rows, len(x[block]), *at.size)
            found = products[:, :, *within].swapaxes(0, 1)
            if bias is not None:
                found += bias.reshape(-1, *(1,) * len(to))
            out[block][:, :, *place] = found

    with blas_threads(1):
        parallel_for(body, len(x))


def correlate_weight(g: np.ndarray, x: np.ndarray, groups: int, at: Shifts, to: Spans) -> np.ndarray:
    """The gradient (G, rows, C / G K) of the weight of `correlate`, from that of its output, g (N, G rows, ...)."""
    direct = Shifts(at.size, (to,), ((0, 0),))
    parts: dict[int, np.ndarray] = {}
    lock = threading.Lock()

    def body(start: int, stop: int) -> None:
        total = np.zeros((groups, g.shape[1] // groups, x.shape[1] // groups * len(at.shifts)), g.dtype)
        for block in _blocks(start, stop, _width(x, at)):
            total += _columns(g[block], direct, groups) @ _columns(x[block], at, groups).swapaxes(1, 2)
        with lock:
            parts[start] = total

    with blas_threads(1):
        parallel_for(body, len(x))
    return sum_of(parts)


def sum_of(parts: dict[int, np.ndarray]) -> np.ndarray:
    """The sum of what the threads found, in the order of their ranges."""
    first, *others = (parts[start] for start in sorted(parts))
    for other in others:
        first += other
    return first

"""Windows of images: laid out side by side, added up again, and pooled.

Images are (N, C, ...), with any number of dims. Where a window takes its elements from is told by the kernel's sizes,
by its `Steps`, and by `places`: how many windows there are along each dim.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from autograd import kernels
from autograd.errors import ShapeError
from autograd.ops.table import op
from autograd.planes import Sizes, Steps

__all__ = ["add_windows", "max_pool", "resample", "unpool", "window_places", "windows"]


def window_places(name: str, size: Sizes, kernel: Sizes, steps: Steps, ceil_mode: bool = False) -> Sizes:
    """How many windows there are along each dim. With `ceil_mode` the last may reach beyond the padding, as long as
    it begins within the image or the padding before it. Raises where there is none."""
    found = []
    for n, k, s, p, d in zip(size, kernel, *steps[:3]):
        places = (n + 2 * p - d * (k - 1) - 1 + (s - 1 if ceil_mode else 0)) // s + 1
        found.append(places - 1 if ceil_mode and (places - 1) * s >= n + p else places)
    if min(found) < 1:
        raise ShapeError(f"{name}: the kernel {kernel}, with {steps}, is larger than the image {tuple(size)}")
    return tuple(found)


def _margins(size: Sizes, kernel: Sizes, steps: Steps, places: Sizes) -> list[tuple[int, int]]:
    """How much is to be added before and behind each dim for all windows to lie within."""
    each = zip(size, kernel, *steps[:3], places)
    return [(p, max(0, (m - 1) * s + d * (k - 1) + 1 - n - p)) for n, k, s, p, d, m in each]


def _elements(x: np.ndarray, kernel: Sizes, steps: Steps, places: Sizes) -> Iterator[Any]:
    """For each element of the kernel a view of x (..., padded sizes), with that element of every window."""
    for element in itertools.product(*map(range, kernel)):
        each = zip(element, places, steps.stride, steps.dilation)
        inner: tuple = (..., *[slice(i * d, i * d + s * (m - 1) + 1, s) for i, m, s, d in each])
        yield x[inner]


def _padded(x: np.ndarray, margins: list[tuple[int, int]], value: float) -> np.ndarray:
    if not any(map(any, margins)):
        return x
    return np.pad(x, [(0, 0), (0, 0), *margins], constant_values=value)


@op(method=False, x=lambda g, shape, kernel, steps: add_windows(g, size=shape[2:], kernel=kernel, steps=steps))
def windows(x, *, kernel, steps, places):
    """The windows of x (N, C, ...) with zeros around it, as (N, C, elements of the kernel, *places)."""
    x = _padded(x, _margins(x.shape[2:], kernel, steps, places), 0)
    return np.stack(list(_elements(x, kernel, steps, places)), 2)


@op(method=False, g=lambda g, shape, kernel, steps: windows(g, kernel=kernel, steps=steps, places=shape[3:]))
def add_windows(g, *, size, kernel, steps):
    """Zeros (N, C, *size) with windows (N, C, elements of the kernel, *places) added where `windows` takes them."""
    margins = _margins(size, kernel, steps, g.shape[3:])
    out = np.zeros((*g.shape[:2], *[n + sum(m) for n, m in zip(size, margins)]), g.dtype)
    for i, view in enumerate(_elements(out, kernel, steps, g.shape[3:])):
        view += g[:, :, i]
    return out[:, :, *[slice(before, before + n) for n, (before, _) in zip(size, margins)]]


@op(
    method=False,
    x=lambda g, indices, shape: unpool(g[0], indices=indices, size=shape[2:]),
    outputs=("values", "indices"),
)
def max_pool(x, *, kernel, steps, places):
    """The largest element of every window, the first of several (the last nan, where there is one), and its index
    among all elements of its image."""
    return kernels.max_pool(x, kernel, steps, places)


def _gathered(g, indices):
    flat = g.reshape(*g.shape[:2], math.prod(g.shape[2:]))
    places = np.ogrid[: g.shape[0], : g.shape[1], :1]
    return flat[places[0], places[1], indices.reshape(*g.shape[:2], -1)].reshape(indices.shape)


@op(method=False, x=_gathered)
def unpool(x, *, indices, size):
    """Zeros (N, C, *size) with each element of x (N, C, ...) added at its index among all elements of its image."""
    return kernels.unpool(x, indices, size)


def _resample_back(g, index, weight, dim, shape):
    back, weights = _transposed(index, weight, shape[dim])
    return resample(g, index=back, weight=weights, dim=dim)


def _transposed(index, weight, size):
    """Where each of `size` elements was used by (taps, places), and with which weight, in the same form."""
    taps, places = np.nonzero(weight)
    order = np.argsort(index[taps, places], kind="stable")
    taps, places = taps[order], places[order]
    used = index[taps, places]
    uses = np.arange(len(used)) - np.searchsorted(used, used)  # how often an element was used before
    back = np.zeros((max(uses, default=0) + 1, size), np.int64)
    weights = np.zeros(back.shape)
    back[uses, used], weights[uses, used] = places, weight[taps, places]
    return back, weights


@op(method=False, x=_resample_back)
def resample(x, *, index, weight, dim):
    """Along `dim`, the sums over t of weight[t, i] x[index[t, i]]; both are (taps, places)."""
    out = None
    for taken, factor in zip(index, weight):
        part = np.take(x, taken, dim)
        if not (factor == 1).all():
            part *= factor.astype(x.dtype).reshape(-1, *(1,) * (x.ndim - 1 - dim))
        out = part if out is None else np.add(out, part, out=out)
    return out

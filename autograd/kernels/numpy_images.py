"""Pooling and batch normalisation in plain NumPy, for images (N, C, ...) of any number of dims."""

import itertools
import math

import numpy as np

from autograd.summation import sum_over


def max_pool(x, kernel, steps, places):
    """(values, indices) of the largest element of each window: see `ops.max_pool`."""
    size = x.shape[2:]
    strides = [math.prod(size[i + 1 :]) for i in range(len(size))]
    starts = [np.arange(m) * s - p for m, s, p in zip(places, steps.stride, steps.padding)]
    values = np.full((*x.shape[:2], *places), -np.inf if x.dtype.kind == "f" else np.iinfo(x.dtype).min, x.dtype)
    which = np.zeros(values.shape, np.min_scalar_type(math.prod(kernel)))  # 1 for the first element of a window, ...
    for number, element in enumerate(itertools.product(*map(range, kernel)), 1):
        at = [start + i * d for start, i, d in zip(starts, element, steps.dilation)]
        inside = [np.flatnonzero((0 <= a) & (a < n)) for a, n in zip(at, size)]
        if not all(map(len, inside)):
            continue
        there = tuple(slice(i[0], i[-1] + 1) for i in inside)
        here = tuple(slice(a[i[0]], a[i[-1]] + 1, s) for a, i, s in zip(at, inside, steps.stride))
        found, best, last = x[:, :, *here], values[:, :, *there], which[:, :, *there]
        larger = (found > best) | (found != found)
        np.maximum(best, found, out=best)
        np.maximum(last, np.multiply(larger, number, dtype=which.dtype), out=last)
    elements = [np.arange(k) * d for k, d in zip(kernel, steps.dilation)]
    indices = np.append(0, _place(elements, strides)).take(which) + _place(starts, strides)
    if not which.all():  # nothing larger than -inf: the first element within the image
        first = [start + -(np.minimum(start, 0) // d) * d for start, d in zip(starts, steps.dilation)]
        first = [np.minimum(start, n - 1) for start, n in zip(first, size)]  # the dilation may leave out the image
        np.copyto(indices, _place(first, strides), where=which == 0)
    return values, indices


def _place(at, strides):
    """The index among all elements of an image, from those along each dim."""
    return sum(grid * stride for grid, stride in zip(np.ix_(*at), strides))


def unpool(x, indices, size):
    """Zeros (N, C, *size) with each element of x added at its index among all elements of its image."""
    images, n = math.prod(x.shape[:2]), math.prod(size)
    index = indices.reshape(images, math.prod(x.shape[2:])) + n * np.arange(images)[:, None]
    out = np.bincount(index.reshape(-1), x.reshape(-1), images * n)
    return out.astype(x.dtype).reshape(*x.shape[:2], *size)


def batch_norm(x, weight, bias, mean, var, eps):
    """(out, rstd) of x (N, C, L) with the mean and the variance (C) of its channels, times weight plus bias."""
    rstd = 1 / np.sqrt(var + eps)
    scale = rstd if weight is None else rstd * weight
    shift = -mean * scale if bias is None else bias - mean * scale
    out = x * scale[:, None]
    out += shift[:, None]
    return out, rstd


def channel_statistics(x):
    """The mean and the variance (C), which divides by N L, of x (N, C, L)."""
    count = max(x.shape[0] * x.shape[2], 1)
    mean = sum_over(x, (0, 2)) / count
    centred = x - mean[:, None]
    return mean, np.vecdot(centred, centred).sum(0) / count


def batch_norm_backward(g, x, weight, mean, rstd, needs):
    """The gradients of x, weight and bias (None where `needs` is false), as of `layer_norm_backward`."""
    count = max(x.shape[0] * x.shape[2], 1)
    total = sum_over(g, (0, 2))
    centred = x - mean[:, None]
    along = np.vecdot(g, centred).sum(0) * rstd
    g_x = None
    if needs[0]:
        scale = rstd if weight is None else rstd * weight
        centred *= (along * rstd / count)[:, None]
        g_x = g - (total / count)[:, None]
        g_x -= centred
        g_x *= scale[:, None]
    return g_x, along if needs[1] else None, total if needs[2] else None

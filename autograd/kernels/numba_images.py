"""Pooling and batch normalisation in compiled loops: images or channels are shared among the threads."""

import numpy as np
from numba import float32, float64, int32, uint64

from autograd.kernels import numpy_images
from autograd.kernels.numba_arrays import all_supported, contiguous
from autograd.kernels.numba_math import inline, kernel, wide_vectors
from autograd.kernels.threads import GRAIN_SIZE, parallel_for


def _share(body, count, size):
    """Call body(start, stop) on ranges of `count` images or channels that have `size` elements in all."""
    parallel_for(body, count, max(1, count * (GRAIN_SIZE // 8) // size))


@kernel
def _keep_larger(best, index, begin, count, row, first, step, before):
    """Where row[first + step * k] is larger than best[begin + k], for k < count, it takes its place; so does its index.

    Numbers are unsigned, so that no index counts from the end, and nothing branches: the loop becomes one of vectors.
    """
    for k in range(count):
        v, old, place = row[first + step * k], best[begin + k], index[begin + k]
        larger = (v > old) | (v != v) | (place < 0)
        best[begin + k] = v if larger else old
        index[begin + k] = before + int32(first + step * k) if larger else place


@kernel
def _max_pool(values, indices, x, window, stride, padding, dilation, start, stop):
    _, depth, height, width = x.shape
    places = values.shape
    step, columns = stride[2], places[3]
    best, index = np.empty(columns, np.float32), np.empty(columns, np.int32)  # of a row of windows
    for n in range(start, stop):
        for i in range(places[1]):
            for j in range(places[2]):
                best[:], index[:] = float32(-np.inf), int32(-1)
                for a in range(window[0]):
                    d = i * stride[0] - padding[0] + a * dilation[0]
                    if d < 0 or d >= depth:
                        continue
                    for b in range(window[1]):
                        h = j * stride[1] - padding[1] + b * dilation[1]
                        if h < 0 or h >= height:
                            continue
                        row, before = x[n, d, h], int32((d * height + h) * width)
                        for c in range(window[2]):
                            w = c * dilation[2] - padding[2]  # where the first window has its element
                            begin, end = max(0, (step - 1 - w) // step), min(columns, (width - w + step - 1) // step)
                            if begin >= end:
                                continue
                            inside = uint64(begin), uint64(end - begin), row, uint64(w + begin * step)
                            if step == 1:  # a constant makes a faster loop
                                _keep_larger(best, index, *inside, uint64(1), before)
                            elif step == 2:
                                _keep_larger(best, index, *inside, uint64(2), before)
                            else:
                                _keep_larger(best, index, *inside, uint64(step), before)
                values[n, i, j, :], indices[n, i, j, :] = best, index


@inline
def _larger(x, i, y, j):
    """The larger of two numbers, and the index that belongs to it; of two that are equal, the first."""
    second = (y > x) | (y != y)
    return y if second else x, j if second else i


@kernel
def _max_pool_2x2(values, indices, x, start, stop):
    """`_max_pool` of planes, for windows of 2 x 2 side by side: with constants, nothing branches."""
    wide_vectors()
    width, (_, rows, columns) = x.shape[2], values.shape
    for n in range(start, stop):
        for j in range(rows):
            upper, lower, best, index = x[n, 2 * j], x[n, 2 * j + 1], values[n, j], indices[n, j]
            for k in range(columns):
                o, i = uint64(2 * k), int32(2 * (j * width + k))
                v, at = _larger(upper[o], i, upper[o + uint64(1)], int32(i + 1))
                w, there = _larger(lower[o], int32(i + width), lower[o + uint64(1)], int32(i + width + 1))
                best[k], index[k] = _larger(v, at, w, there)


def max_pool(x, kernel, steps, places):
    inside = all(n >= d for n, d in zip(x.shape[2:], steps.dilation))  # then every window has an element of the image
    if not (all_supported(x) and inside):
        return numpy_images.max_pool(x, kernel, steps, places)
    extra = (1,) * (3 - len(places))
    values, indices = (np.empty((*x.shape[:2], *places), dtype) for dtype in (np.float32, np.int64))
    images = x.shape[0] * x.shape[1]
    arrays = [a.reshape(images, *extra, *a.shape[2:]) for a in (values, indices, contiguous(x))]
    tables = [(*extra, *kernel), (*extra, *steps.stride), (*(0 for _ in extra), *steps.padding)]
    tables.append((*extra, *steps.dilation))
    function, arguments = _max_pool, arrays + tables
    whole = all(2 * m <= n for m, n in zip(places, x.shape[2:]))
    if whole and (kernel, *steps[:3]) == ((2, 2), (2, 2), (0, 0), (1, 1)):
        function, arguments = _max_pool_2x2, [a[:, 0] for a in arrays]
    _share(lambda start, stop: function(*arguments, start, stop), images, x.size)
    return values, indices


@kernel
def _unpool(out, x, indices, start, stop):
    for n in range(start, stop):
        for i in range(x.shape[1]):
            out[n, indices[n, i]] += x[n, i]


def unpool(x, indices, size):
    if not all_supported(x):
        return numpy_images.unpool(x, indices, size)
    images = x.shape[0] * x.shape[1]
    out = np.zeros((*x.shape[:2], *size), np.float32)
    arrays = [a.reshape(images, a.size // images) for a in (out, contiguous(x), contiguous(indices))]
    _share(lambda start, stop: _unpool(*arrays, start, stop), images, x.size)
    return out


@kernel
def _statistics(mean, var, x, start, stop):
    wide_vectors()
    n, _, length = x.shape
    for c in range(start, stop):
        total = float64(0)
        for i in range(n):
            part, row = float32(0), x[i, c]
            for j in range(length):
                part += row[j]
            total += part
        middle = float32(total / (n * length))
        total = float64(0)
        for i in range(n):
            part, row = float32(0), x[i, c]
            for j in range(length):
                part += (row[j] - middle) * (row[j] - middle)
            total += part
        mean[c], var[c] = middle, float32(total / (n * length))


def channel_statistics(x):
    if not all_supported(x):
        return numpy_images.channel_statistics(x)
    x, (mean, var) = contiguous(x), np.empty((2, x.shape[1]), np.float32)
    _share(lambda start, stop: _statistics(mean, var, x, start, stop), x.shape[1], x.size)
    return mean, var


@kernel
def _affine(out, x, scale, shift, start, stop):
    wide_vectors()
    for i in range(start, stop):
        for c in range(x.shape[1]):
            a, b, to, row = scale[c], shift[c], out[i, c], x[i, c]
            for j in range(x.shape[2]):
                to[j] = row[j] * a + b


def batch_norm(x, weight, bias, mean, var, eps):
    if not all_supported(x, weight, bias, mean, var):
        return numpy_images.batch_norm(x, weight, bias, mean, var, eps)
    rstd = 1 / np.sqrt(var + np.float32(eps))
    scale = contiguous(rstd if weight is None else rstd * weight)
    shift = -mean * scale if bias is None else bias - mean * scale
    x, out = contiguous(x), np.empty(x.shape, np.float32)
    _share(lambda start, stop: _affine(out, x, scale, shift, start, stop), len(x), x.size)
    return out, rstd


@kernel
def _batch_norm_backward(g_x, g_weight, g_bias, g, x, weight, mean, rstd, start, stop):
    wide_vectors()
    n, _, length = x.shape
    for c in range(start, stop):
        middle, k = mean[c], rstd[c]
        total, along = float64(0), float64(0)
        for i in range(n):
            part, product, g_row, row = float32(0), float32(0), g[i, c], x[i, c]
            for j in range(length):
                part += g_row[j]
                product += g_row[j] * (row[j] - middle)
            total += part
            along += product
        g_weight[c], g_bias[c] = float32(along * k), float32(total)
        scale = k * weight[c]
        slope = float32(-along * k * k * scale / (n * length))
        level = float32(-total * scale / (n * length)) - slope * middle
        for i in range(n):
            to, g_row, row = g_x[i, c], g[i, c], x[i, c]
            for j in range(length):
                to[j] = scale * g_row[j] + slope * row[j] + level


def batch_norm_backward(g, x, weight, mean, rstd, needs):
    if not all_supported(g, x, weight, mean, rstd):
        return numpy_images.batch_norm_backward(g, x, weight, mean, rstd, needs)
    g_x, (g_weight, g_bias) = np.empty(x.shape, np.float32), np.empty((2, x.shape[1]), np.float32)
    weight = np.ones(x.shape[1], np.float32) if weight is None else weight
    arrays = [contiguous(a) for a in (g, x, weight, mean, rstd)]
    _share(lambda start, stop: _batch_norm_backward(g_x, g_weight, g_bias, *arrays, start, stop), x.shape[1], x.size)
    return tuple(found if need else None for found, need in zip((g_x, g_weight, g_bias), needs))

"""Convolution in compiled code: the planes of a few images at a time are combined where they lie, without columns."""

from functools import lru_cache

import numpy as np
from numba import carray, float32

from autograd.kernels import numpy_convolution
from autograd.kernels.numba_arrays import all_supported, contiguous
from autograd.kernels.numba_math import floats_at, inline, kernel, wide_vectors
from autograd.kernels.numba_tiles import DOTS, LANES, ROWS, WIDTH, dots, tile
from autograd.kernels.numpy_convolution import sum_of
from autograd.kernels.threads import parallel_for

POSITIONS = 1 << 10  # elements of a plane that a block of images should have
CACHED = 1 << 17  # elements of all planes of a block, if it has more than one image


# Images and planes ----------------------------------------------------------------------------------------------------


@inline
def _line(x, n, channel, d, h):
    """The address of the first element of a line of images (N, C, D, H, W)."""
    line = ((n * x.shape[1] + channel) * x.shape[2] + d) * x.shape[3] + h
    return x.ctypes.data + 4 * line * x.shape[4]


@kernel
def _load(planes, x, n, images, spans, size, row, before):
    """Copy so many images from the n-th into the rows (plane, channel) of planes, each from its element `before` on."""
    wide_vectors()
    channels = x.shape[1]
    elements = size[0] * size[1] * size[2]
    for f in range(spans.shape[0]):
        (a, b, c), (i, j, k), (s, t, u), (depth, height, width) = spans[f, 0], spans[f, 1], spans[f, 2], spans[f, 3]
        for channel in range(channels):
            for image in range(images):
                start = (f * channels + channel) * row + before + image * elements
                for d in range(depth):
                    for h in range(height):
                        there = start + ((a + d) * size[1] + b + h) * size[2] + c
                        to = carray(floats_at(planes.ctypes.data + 4 * there), width)
                        line = carray(floats_at(_line(x, n + image, channel, i + d * s, j + h * t) + 4 * k), width * u)
                        if u == 1:
                            for w in range(width):
                                to[w] = line[w]
                        else:
                            for w in range(width):
                                to[w] = line[w * u]


@kernel
def _store(out, y, n, images, spans, size, row, channel, rows, bias):
    """Copy the rows of y, plus bias, to so many images from the n-th, into the channels from `channel` on."""
    wide_vectors()
    (a, b, c), (i, j, k), (s, t, u), (depth, height, width) = spans[0], spans[1], spans[2], spans[3]
    elements = size[0] * size[1] * size[2]
    for r in range(rows):
        shift = bias[channel + r]
        for image in range(images):
            start = r * row + image * elements
            for d in range(depth):
                for h in range(height):
                    there = start + ((a + d) * size[1] + b + h) * size[2] + c
                    found = carray(floats_at(y.ctypes.data + 4 * there), width)
                    line = _line(out, n + image, channel + r, i + d * s, j + h * t) + 4 * k
                    to = carray(floats_at(line), width * u)
                    if u == 1:
                        for w in range(width):
                            to[w] = found[w] + shift
                    else:
                        for w in range(width):
                            to[w * u] = found[w] + shift


@kernel
def _correlate(out, x, weights, bias, offsets, loads, store, size, numbers, planes, y, start, stop):
    """The images from start to stop, in blocks; weights (G, tiles, C / G K, ROWS) are packed for `tile`."""
    wide_vectors()
    row, before, most, first, last, rows = numbers[0], numbers[1], numbers[2], numbers[3], numbers[4], numbers[5]
    groups, tiles, count, _ = weights.shape
    elements = size[0] * size[1] * size[2]
    channels = x.shape[1] // groups
    for n in range(start, stop, most):
        images = min(most, stop - n)
        _load(planes, x, n, images, loads, size, row, before)
        end = (images - 1) * elements + last
        for g in range(groups):
            shifted = planes.ctypes.data + 4 * (g * channels * row + before)
            for p in range(first, end, WIDTH):
                for t in range(tiles):
                    to = y.ctypes.data + 4 * (t * ROWS * row + p)
                    packed = weights.ctypes.data + 4 * (g * tiles + t) * count * ROWS
                    tile(to, row, shifted + 4 * p, offsets.ctypes.data, packed, count)
            _store(out, y, n, images, store, size, row, g * rows, rows, bias)


@kernel
def _correlate_weight(out, g, x, offsets, loads, g_loads, size, numbers, planes, g_planes, start, stop):
    """Add the share of the images from start to stop to out (G, rows, columns), whose sizes are multiples of DOTS."""
    wide_vectors()
    row, before, most, last, g_row = numbers[0], numbers[1], numbers[2], numbers[4], numbers[5]
    groups, rows, columns = out.shape
    elements = size[0] * size[1] * size[2]
    channels, of_group = x.shape[1] // groups, g.shape[1] // groups
    for n in range(start, stop, most):
        images = min(most, stop - n)
        if images < most:
            g_planes[:] = float32(0)
        _load(planes, x, n, images, loads, size, row, before)
        _load(g_planes, g, n, images, g_loads, size, g_row, 0)
        count = ((images - 1) * elements + last + LANES - 1) // LANES * LANES
        for k in range(groups):
            for r in range(0, rows, DOTS[0]):
                left = g_planes.ctypes.data + 4 * (k * of_group + r) * g_row
                shifted = planes.ctypes.data + 4 * (k * channels * row + before)
                for i in range(0, columns, DOTS[1]):
                    to = out.ctypes.data + 4 * ((k * rows + r) * columns + i)
                    dots(to, columns, left, g_row, shifted, offsets.ctypes.data + 8 * i, count)


# The kernels ----------------------------------------------------------------------------------------------------------


class _Tables:
    """The geometry as arrays: three dims always, those that are missing have a size of 1 and come first."""

    def __init__(self, at, to, images, channels, of_group):
        extra = 3 - len(at.size)
        self.size = np.array([1] * extra + list(at.size), np.int64)
        self.loads = np.array([self._spans(spans, extra) for spans in at.spans], np.int64)
        self.store = np.array(self._spans(to, extra), np.int64)
        elements, (self.before, after) = int(np.prod(self.size)), at.margins
        most = min(POSITIONS // elements, CACHED // (elements * channels * len(at.spans)), images)
        self.most = max(most, 1)
        self.row = self.before + self.most * elements + WIDTH + after
        strides = np.array([self.size[1] * self.size[2], self.size[2], 1])
        self.first = int(self.store[0] @ strides)
        self.last = int((self.store[0] + self.store[3] - 1) @ strides) + 1
        planes, shifts = np.array(at.shifts, np.int64).T
        self.offsets = ((planes * channels + np.arange(of_group)[:, None]) * self.row + shifts).reshape(-1)

    @staticmethod
    def _spans(spans, extra):
        """(plane, image, step, length), each for three dims."""
        return [[missing] * extra + list(each) for missing, each in zip((0, 0, 1, 1), zip(*spans))]


_tables = lru_cache(256)(_Tables)


def _three_dims(x):
    return contiguous(x).reshape(*x.shape[:2], *(1,) * (5 - x.ndim), *x.shape[2:])


def correlate(out, x, weight, bias, at, to):
    if not all_supported(out, x, weight):
        return numpy_convolution.correlate(out, x, weight, bias, at, to)
    groups, rows, channels, elements = weight.shape
    tables = _tables(at, to, len(x), x.shape[1], channels)
    tiles = -(-rows // ROWS)
    weights = np.zeros((groups, tiles * ROWS, channels * elements), np.float32)
    weights[:, :rows] = weight.reshape(groups, rows, channels * elements)
    weights = np.ascontiguousarray(weights.reshape(groups, tiles, ROWS, channels * elements).swapaxes(2, 3))
    bias = np.zeros(groups * rows, np.float32) if bias is None else np.ascontiguousarray(bias)
    numbers = np.array([tables.row, tables.before, tables.most, tables.first, tables.last, rows])
    out, x = _three_dims(out), _three_dims(x)

    def body(start, stop):
        planes = np.zeros(len(at.spans) * x.shape[1] * tables.row, np.float32)
        y = np.empty(tiles * ROWS * tables.row, np.float32)
        places = tables.offsets, tables.loads, tables.store, tables.size
        _correlate(out, x, weights, bias, *places, numbers, planes, y, start, stop)

    parallel_for(body, len(x))


def correlate_weight(g, x, groups, at, to):
    if not all_supported(g, x):
        return numpy_convolution.correlate_weight(g, x, groups, at, to)
    rows, columns = g.shape[1] // groups, x.shape[1] // groups * len(at.shifts)
    tables = _tables(at, to, len(x), x.shape[1], x.shape[1] // groups)
    sizes = [-(-n // step) * step for n, step in zip((rows, columns), DOTS)]
    offsets = np.pad(tables.offsets, (0, sizes[1] - columns), mode="edge")
    numbers = np.array([tables.row, tables.before, tables.most, tables.first, tables.last, tables.row])
    g, x, parts = _three_dims(g), _three_dims(x), {}

    def body(start, stop):
        planes = np.zeros(len(at.spans) * x.shape[1] * tables.row, np.float32)
        g_planes = np.zeros((g.shape[1] + DOTS[0]) * tables.row, np.float32)
        total = np.zeros((groups, *sizes), np.float32)
        places = offsets, tables.loads, tables.store[None], tables.size
        _correlate_weight(total, g, x, *places, numbers, planes, g_planes, start, stop)
        parts[start] = total

    parallel_for(body, len(x))
    return sum_of(parts)[:, :rows, :columns]

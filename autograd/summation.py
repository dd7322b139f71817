"""Sums to which float32 loses few digits, however many elements they have.

NumPy adds pairwise along the last dim of an array in row-major order alone. Along the others it adds one row after the
other, with rounding errors that grow with the number of rows: the mean of four million rows of 0.1 would be 0.0961.
Here rows are added in blocks, and the sums of the blocks in turn (Higham 1993, "The accuracy of floating point
summation").
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

_RUN = 64  # how many rows are added one after the other
_WIDTH = 1024  # how many elements NumPy's inner loop should have, if there are so many


def sum_over(x: np.ndarray, axes: tuple[int, ...], keepdims: bool = False) -> Any:
    """The sum over `axes`, which are not negative."""
    if x.dtype == np.float16:
        return sum_over(x.astype(np.float32), axes, keepdims).astype(np.float16)
    if x.dtype != np.float32 or math.prod([x.shape[i] for i in axes]) <= _RUN or _is_pairwise(x, axes):
        return x.sum(axes, keepdims=keepdims)
    shape = list(x.shape)
    for first, last in reversed(_runs(axes)):
        x = _sum_rows(_as_rows(x, first, last))
        shape[first : last + 1] = [1] * (last + 1 - first)
        x = x.reshape(shape)
    return x if keepdims else x.reshape([n for i, n in enumerate(shape) if i not in axes])


def _runs(axes: tuple[int, ...]) -> list[tuple[int, int]]:
    """The first and the last axis of each run of neighbours among `axes`."""
    firsts = sorted(axis for axis in axes if axis - 1 not in axes)
    return list(zip(firsts, sorted(axis for axis in axes if axis + 1 not in axes), strict=True))


def _is_pairwise(x: np.ndarray, axes: tuple[int, ...]) -> bool:
    """Whether NumPy adds pairwise over `axes`: they are the last ones of an array in row-major order."""
    return x.flags.c_contiguous and min(axes) == x.ndim - len(axes)


def _as_rows(x: np.ndarray, first: int, last: int) -> np.ndarray:
    """x as three dims, of which the second is made of those from `first` to `last`."""
    before, along, after = x.shape[:first], x.shape[first : last + 1], x.shape[last + 1 :]
    return x.reshape(math.prod(before), math.prod(along), math.prod(after))


def _sum_rows(x: np.ndarray) -> Any:
    """The sum over dim 1 of three."""
    batch, n, width = x.shape
    if n <= _RUN or width <= 1:
        return x.sum(1)
    side_by_side = max(1, min(_WIDTH // width, n // _RUN))
    whole = n - n % (_RUN * side_by_side)
    blocks = x[:, :whole].reshape(batch, whole // (_RUN * side_by_side), _RUN, side_by_side * width)
    out = _sum_rows(blocks.sum(2).reshape(batch, whole // _RUN, width))
    return out if whole == n else out + _sum_rows(x[:, whole:])


def cumulative_sum(x: np.ndarray, axis: int) -> np.ndarray:
    """The running sum along `axis`: in blocks, to which the sum of the blocks before them is added."""
    if x.dtype == np.float16:
        return cumulative_sum(x.astype(np.float32), axis).astype(np.float16)
    n, run = x.shape[axis], 4 * _RUN
    if x.dtype != np.float32 or n <= run:
        return np.cumsum(x, axis, dtype=x.dtype)
    rows = _as_rows(x, axis % x.ndim, axis % x.ndim)
    whole = n - n % run
    blocks = rows[:, :whole].reshape(len(rows), whole // run, run, rows.shape[2])
    before = np.cumsum(sum_over(blocks, (2,), keepdims=True), 1, dtype=np.float64).astype(np.float32)
    blocks = np.cumsum(blocks, 2)
    blocks[:, 1:] += before[:, :-1]
    out = blocks.reshape(len(rows), whole, rows.shape[2])
    if whole < n:
        out = np.concatenate([out, before[:, -1] + np.cumsum(rows[:, whole:], 1)], 1)
    return out.reshape(x.shape)

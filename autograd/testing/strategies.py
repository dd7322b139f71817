"""Hypothesis strategies for arrays on which gradients can be checked: needs the extra `dev`.

    from autograd.testing import broadcastable, separated_arrays

    @given(broadcastable(2).flatmap(separated_arrays))
    def test_my_op(arrays):
        gradcheck(my_op, [tensor(a, requires_grad=True) for a in arrays])

Shapes shrink; the values of an array come from one random seed, so that a large array costs no more than a small one.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from autograd.errors import require

require("hypothesis", "dev")
st = require("hypothesis.strategies", "dev")
hnp = require("hypothesis.extra.numpy", "dev")

Shape = tuple[int, ...]


def shapes(min_dims: int = 0, max_dims: int = 3, min_side: int = 1, max_side: int = 3) -> Any:
    """Shapes, by default of 0 to 3 dims of 1 to 3 elements; `min_side=0` gives empty arrays too."""
    return hnp.array_shapes(min_dims=min_dims, max_dims=max_dims, min_side=min_side, max_side=max_side)


def broadcastable(count: int = 2, max_dims: int = 3, min_side: int = 1, max_side: int = 3) -> Any:
    """Tuples of `count` shapes that broadcast with each other: of any number of dims, with sizes of 1 among them."""
    found = hnp.mutually_broadcastable_shapes(num_shapes=count, max_dims=max_dims, min_side=min_side, max_side=max_side)
    return found.map(lambda pair: pair.input_shapes)


def dtypes(floats: Sequence[str] = ("float32", "float64"), integers: Sequence[str] = ()) -> Any:
    """NumPy dtypes: float32 and float64, or others by name."""
    return st.sampled_from([np.dtype(name) for name in (*floats, *integers)])


def seeds() -> Any:
    """NumPy Generators, each from a seed that hypothesis chooses and shrinks to 0."""
    return st.integers(0, 2**32 - 1).map(np.random.default_rng)


def arrays(shape: Any, low: float = -3.0, high: float = 3.0, dtype: Any = np.float64) -> Any:
    """Arrays of a shape (or of shapes from a strategy) with values uniform between low and high, ties unlikely."""
    return _over(shape, lambda s: seeds().map(lambda rng: rng.uniform(low, high, s).astype(dtype)))


def positive(shape: Any, low: float = 0.3, high: float = 3.0, dtype: Any = np.float64) -> Any:
    """Arrays of positive numbers, away from 0, where log and powers bend too much for finite differences."""
    return arrays(shape, low, high, dtype)


def integers(shape: Any, low: int, high: int) -> Any:
    """Arrays of whole numbers from low up to and without high."""
    return _over(shape, lambda s: seeds().map(lambda rng: rng.integers(low, high, s)))


def booleans(shape: Any) -> Any:
    """Arrays of truth values."""
    return integers(shape, 0, 2).map(lambda a: a.astype(bool))


def separated(
    shape: Any,
    low: float = -3.0,
    high: float = 3.0,
    kinks: Sequence[float] = (),
    gap: float = 0.02,
    dtype: Any = np.float64,
) -> Any:
    """Arrays whose values are at least `gap` from each other and from every one of `kinks`.

    So a step of finite differences never crosses a kink, and never changes which of two elements is the greater.
    """
    return _over(shape, lambda s: separated_arrays((s,), low, high, kinks, gap, dtype).map(lambda found: found[0]))


def separated_arrays(
    shapes: Sequence[Shape],
    low: float = -3.0,
    high: float = 3.0,
    kinks: Sequence[float] = (),
    gap: float = 0.02,
    dtype: Any = np.float64,
) -> Any:
    """Tuples of arrays of these shapes, separated as in `separated`, across arrays too: for maximum(x, y), say."""
    sizes = [math.prod(shape) for shape in shapes]
    cells = np.arange(low + gap, high, 2 * gap)
    cells = cells[np.all([np.abs(cells - kink) >= 1.5 * gap for kink in kinks], axis=0)] if kinks else cells
    if sum(sizes) > len(cells):
        raise ValueError(
            f"{sum(sizes)} values, {gap} apart, do not fit between {low} and {high}: there is room for {len(cells)}"
        )

    def build(rng: np.random.Generator) -> tuple[np.ndarray, ...]:
        values = rng.choice(cells, sum(sizes), replace=False) + rng.uniform(-gap / 2, gap / 2, sum(sizes))
        pieces = np.split(values.astype(dtype), np.cumsum(sizes)[:-1])
        return tuple(piece.reshape(shape) for piece, shape in zip(pieces, shapes, strict=True))

    return seeds().map(build)


def basic_indices(shape: Shape) -> Any:
    """Indices of numbers, slices, ellipses and new axes, alone or in a tuple."""
    return hnp.basic_indices(shape, allow_newaxis=True, allow_ellipsis=True, max_dims=len(shape) + 1)


def advanced_indices(shape: Shape) -> Any:
    """Indices with an array of whole numbers (repeated and negative ones too) or of truth values among slices."""
    if not shape or 0 in shape:
        return st.just(...)
    lists = [st.lists(st.integers(-n, n - 1), min_size=1, max_size=4).map(np.array) for n in shape]
    at_one = st.integers(0, len(shape) - 1).flatmap(lambda i: lists[i].map(lambda index: (*[slice(None)] * i, index)))
    full = hnp.integer_array_indices(shape, result_shape=shapes(0, 2))
    return at_one | full | booleans(shape) | booleans(shape[:1])


def indices(shape: Shape) -> Any:
    """Basic and advanced indices of an array of this shape."""
    return basic_indices(shape) | advanced_indices(shape)


def _over(shape: Any, build: Callable[[Shape], Any]) -> Any:
    """`build` of a shape, or of each shape that a strategy gives."""
    return shape.flatmap(build) if isinstance(shape, st.SearchStrategy) else build(shape)

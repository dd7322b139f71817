"""A nest as one vector, and back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from autograd.nests import leaves, rebuilt


def _sorted(value: Any) -> Any:
    """A nest with its dicts in the order of their keys."""
    if isinstance(value, dict):
        return {key: _sorted(value[key]) for key in sorted(value)}
    if isinstance(value, (list, tuple)):
        parts = [_sorted(part) for part in value]
        return parts if isinstance(value, list) else tuple(parts)
    return value


def flatten(value: Any) -> tuple[Any, Callable]:
    """(All elements of a nest as one vector, dicts in the order of their keys; the function that leads back)."""
    value = _sorted(value)
    parts = leaves(value)
    shapes = [np.shape(part) for part in parts]
    stops = np.cumsum([0, *[int(np.prod(shape)) for shape in shapes]]).tolist()

    def unflatten(vector: Any) -> Any:
        pieces = [vector[start:stop] for start, stop in zip(stops, stops[1:], strict=False)]
        return rebuilt(
            value, [np.reshape(p, shape) if shape else p[0] for p, shape in zip(pieces, shapes, strict=True)]
        )

    return np.concatenate([np.ravel(part) for part in parts]) if parts else np.zeros(0), unflatten


def flatten_func(func: Callable, example: Any) -> tuple[Callable, Callable, Any]:
    """(`func` as a function from vector to vector, the way back to a nest as `example`, its vector)."""
    vector, unflatten = flatten(example)
    return lambda x, *args: flatten(func(unflatten(x), *args))[0], unflatten, vector

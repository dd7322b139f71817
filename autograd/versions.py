"""Versions: when the memory of each array was last changed in place, so that a backward pass can tell.

PyTorch counts the changes of each storage. Here one clock serves arrays and nodes alike: the version of an array is
the tick of its last change, and a node whose `order` is an earlier tick was made before that change.
"""

from __future__ import annotations

import itertools
import weakref
from typing import Any

import numpy as np

tick = itertools.count(1).__next__


class _Clock:
    """`last` is the tick of the last change of any array: one comparison tells that nothing was changed since."""

    __slots__ = ("last", "versions")

    def __init__(self) -> None:
        self.last = 0
        self.versions: dict[int, tuple[int, weakref.ref]] = {}  # by the id of the array that owns the memory


clock = _Clock()


def owner(array: np.ndarray) -> np.ndarray:
    """The array that owns the memory of this one."""
    base = array.base
    while base is not None:
        if isinstance(base, np.ndarray):
            array = base
        base = getattr(base, "base", None)  # what NumPy's stride tricks put between two arrays has a base, too
    return array


def bump_version(array: np.ndarray) -> None:
    """Note that the memory of `array` was changed in place; `autograd.writing` does so for a tensor."""
    memory = owner(array)
    key = id(memory)
    known = clock.versions.get(key)
    reference = known[1] if known else weakref.ref(memory, lambda _: clock.versions.pop(key, None))
    clock.last = version = tick()
    clock.versions[key] = (version, reference)


def changed_since(array: Any, order: int) -> bool:
    """Whether the memory of `array` was changed in place after the tick `order`."""
    known = clock.versions.get(id(owner(array))) if isinstance(array, np.ndarray) else None
    return known is not None and known[0] > order

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
    """`last` is the tick of the last change of any array: one comparison tells that nothing was changed since.

    Entries go by the id of an array: the one that owns the memory, or one whose place another took (`x.data = y`).
    """

    __slots__ = ("last", "versions", "replaced")

    def __init__(self) -> None:
        self.last = 0
        self.versions: dict[int, tuple[int, weakref.ref]] = {}
        self.replaced: dict[int, tuple[int, weakref.ref, weakref.ref]] = {}


clock = _Clock()


def owner(array: np.ndarray) -> np.ndarray:
    """The array that owns the memory of this one."""
    base = array.base
    while base is not None:
        if isinstance(base, np.ndarray):
            array = base
        base = getattr(base, "base", None)  # what NumPy's stride tricks put between two arrays has a base, too
    return array


class _Memory:
    """The elements of an array, to be those of another one whose changes are counted apart."""

    def __init__(self, array: np.ndarray) -> None:
        self.__array_interface__, self.holds = array.__array_interface__, memory_of(array)


def apart(array: np.ndarray) -> np.ndarray:
    """The same elements in an array whose changes are counted apart: that of `x.data`."""
    return np.asarray(_Memory(array))


def memory_of(array: np.ndarray) -> np.ndarray:
    """The array that owns the memory of this one, also where changes are counted apart."""
    array = owner(array)
    return array.base.holds if type(array.base) is _Memory else array


def bump_version(array: np.ndarray) -> None:
    """Note that the memory of `array` was changed in place; `autograd.writing` does so for a tensor."""
    memory = owner(array)
    key = id(memory)
    known = clock.versions.get(key)
    reference = known[1] if known else weakref.ref(memory, lambda _: clock.versions.pop(key, None))
    clock.last = version = tick()
    clock.versions[key] = (version, reference)


def last_change(array: np.ndarray) -> int:
    """The tick at which the memory of `array` was last changed in place; 0 where it never was."""
    known = clock.versions.get(id(owner(array)))
    return known[0] if known else 0


def changed_since(array: Any, order: int) -> bool:
    """Whether the memory of `array` was changed in place after the tick `order`."""
    return isinstance(array, np.ndarray) and last_change(array) > order


def note_replaced(array: np.ndarray, tensor: Any) -> None:
    """Note that `array` is no longer that of `tensor` (`x.data = y`): graphs of before read the new one."""
    key = id(array)
    clock.last = tick()
    clock.replaced[key] = clock.last, weakref.ref(array, lambda _: clock.replaced.pop(key, None)), weakref.ref(tensor)


def latest(array: Any, order: int) -> Any:
    """What was saved at the tick `order`, or the array of the same kind that took its place in its tensor since."""
    when, _, tensor = clock.replaced.get(id(array), (0, None, None))
    new = tensor() if tensor is not None and when > order else None
    return array if new is None or (new.array.shape, new.array.dtype) != (array.shape, array.dtype) else new.array

"""`torch.serialization`: which classes `load` may make beside tensors and plain data."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from autograd.dtypes import checked_device
from autograd.files import SAFE, load, save

__all__ = ["add_safe_globals", "clear_safe_globals", "get_safe_globals", "load", "pickle", "safe_globals", "save"]
__all__ += ["DEFAULT_PROTOCOL", "default_restore_location"]

DEFAULT_PROTOCOL = 2


def default_restore_location(storage: Any, location: str) -> Any:
    """The memory of a tensor where it is, on the CPU; RuntimeError for another location."""
    checked_device(location)
    return storage


def add_safe_globals(safe_globals: list[Any]) -> None:
    """Let `load` make objects of these classes, and call these functions: only of those that harm nobody."""
    SAFE.update({(thing.__module__, thing.__qualname__): thing for thing in safe_globals})


def clear_safe_globals() -> None:
    """Let it make none any more."""
    SAFE.clear()


def get_safe_globals() -> list[Any]:
    """What it may make and call."""
    return list(SAFE.values())


@contextmanager
def safe_globals(safe_globals: list[Any]) -> Iterator[None]:
    """A context in which `load` may make objects of these classes."""
    before = dict(SAFE)
    add_safe_globals(safe_globals)
    try:
        yield
    finally:
        clear_safe_globals()
        SAFE.update(before)

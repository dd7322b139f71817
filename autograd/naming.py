"""Names of functions that other functions make."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

F = TypeVar("F", bound=Callable)


def named(function: F, name: str, doc: str | None) -> F:
    """The function under this name, also in tracebacks and in the frames that a trace reads, with this docstring."""
    function.__name__ = function.__qualname__ = name
    function.__code__ = function.__code__.replace(co_name=name)
    function.__doc__ = doc
    return function

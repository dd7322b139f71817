"""Checks of types, which are left out."""

from typing import Any


def beartype(function: Any = None, **settings: Any) -> Any:
    """The function as it is."""
    return function or beartype

"""`torch.serialization`: `load` reads no classes but those of tensors and plain data, so none need be called safe."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

from autograd.files import load, save

__all__ = ["add_safe_globals", "load", "safe_globals", "save"]


def add_safe_globals(safe_globals: list[Any]) -> None:
    """Accepted, and changes nothing."""


def safe_globals(safe_globals: list[Any]) -> nullcontext:
    """A context that changes nothing."""
    return nullcontext()

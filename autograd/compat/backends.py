"""`torch.backends` and each of its parts: none is here; their flags (`allow_tf32`, `benchmark`) may be set."""

from __future__ import annotations


def is_available() -> bool:
    """Never."""
    return False


is_built = is_available
enabled = benchmark = deterministic = allow_tf32 = False


def version() -> None:
    """The version of a library that is not there."""

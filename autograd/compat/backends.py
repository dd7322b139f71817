"""`torch.backends` and each of its parts: none is here; their flags (`allow_tf32`, `benchmark`) may be set."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any


def is_available() -> bool:
    """Never."""
    return False


is_built = is_available
enabled = benchmark = deterministic = allow_tf32 = False


def sdp_kernel(*_: Any, **__: Any) -> nullcontext:
    """A context that changes nothing: there is one kernel of attention."""
    return nullcontext()


def enable_flash_sdp(enabled: bool) -> None:
    """Accepted: there is one kernel of attention."""


enable_math_sdp = enable_mem_efficient_sdp = enable_cudnn_sdp = enable_flash_sdp


def version() -> None:
    """The version of a library that is not there."""

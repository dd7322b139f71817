"""`torch.utils.dlpack`: memory shared with other libraries by capsules."""

from __future__ import annotations

from typing import Any

from autograd.creation import from_dlpack as from_dlpack


def to_dlpack(tensor: Any) -> Any:
    """The capsule of a tensor, for the `from_dlpack` of another library."""
    return tensor.__dlpack__()

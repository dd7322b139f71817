"""`torch.backends` and each of its parts: none is here; their flags (`allow_tf32`, `benchmark`) may be set."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

from autograd.compat.constant import always

is_available = is_built = always(False, "Never.")
version = always(None, "The version of a library that is not there.")
get_cpu_capability = always("DEFAULT", "Programs may rely on no instructions but those of every CPU.")
enabled = benchmark = deterministic = allow_tf32 = False
enable_flash_sdp = enable_math_sdp = always(None, "Accepted: there is one kernel of attention.")
enable_mem_efficient_sdp = enable_cudnn_sdp = enable_flash_sdp


def sdp_kernel(*_: Any, **__: Any) -> nullcontext:
    """A context that changes nothing: there is one kernel of attention."""
    return nullcontext()


flags = sdp_kernel  # of cudnn: a context in which its flags are others

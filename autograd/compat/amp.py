"""`torch.amp`: there is no mixed precision here, so its contexts change nothing."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ContextDecorator
from typing import Any


class autocast(ContextDecorator):  # noqa: N801 - torch's name
    """A context and decorator that changes nothing: every op computes in the dtype of its tensors.

    On the CPU, PyTorch would run products and convolutions in bfloat16, which NumPy does not have.
    """

    def __init__(
        self, device_type: Any = "cpu", dtype: Any = None, enabled: bool = True, cache_enabled: bool | None = None
    ) -> None:
        self.device, self.fast_dtype, self.enabled = device_type, dtype, enabled

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *_: object) -> None:
        pass


def custom_fwd(fwd: Callable | None = None, **_: Any) -> Any:
    """The function itself; it decorates the forward of a `Function` that is used in `autocast`."""
    return fwd if fwd is not None else lambda fwd: fwd


def custom_bwd(bwd: Callable | None = None, **_: Any) -> Any:
    """The function itself; it decorates the backward of a `Function` that is used in `autocast`."""
    return bwd if bwd is not None else lambda bwd: bwd

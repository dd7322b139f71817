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


class GradScaler:
    """PyTorch's scaling of losses for float16, always off: gradients of float32 do not underflow."""

    def __init__(
        self, device: Any = "cpu", init_scale: float = 65536.0, growth_factor: float = 2.0,
        backoff_factor: float = 0.5, growth_interval: int = 2000, enabled: bool = True,
    ) -> None:  # fmt: skip
        pass

    def is_enabled(self) -> bool:
        """Never."""
        return False

    def scale(self, outputs: Any) -> Any:
        """The loss as it is."""
        return outputs

    def unscale_(self, optimizer: Any) -> None:
        """The gradients are right already."""

    def step(self, optimizer: Any, *args: Any, **kwargs: Any) -> Any:
        """A step of the optimiser."""
        return optimizer.step(*args, **kwargs)

    def update(self, new_scale: Any = None) -> None:
        """There is no scale."""

    def get_scale(self) -> float:
        """1."""
        return 1.0

    def state_dict(self) -> dict:
        """Empty, as that of torch's when it is off."""
        return {}

    def load_state_dict(self, state_dict: dict) -> None:
        """There is nothing to load."""

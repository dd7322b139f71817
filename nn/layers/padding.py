"""The padding layers: one class for each mode and number of dims; `padding` is one width, or (left, right) of the last
dim, then of the one before, and so on."""

from __future__ import annotations

from typing import Any

from autograd import Tensor
from nn import functional as F
from nn.module import Module

__all__ = ["CircularPad1d", "CircularPad2d", "CircularPad3d", "ConstantPad1d", "ConstantPad2d", "ConstantPad3d"]
__all__ += ["ReflectionPad1d", "ReflectionPad2d", "ReflectionPad3d", "ReplicationPad1d", "ReplicationPad2d"]
__all__ += ["ReplicationPad3d", "ZeroPad1d", "ZeroPad2d", "ZeroPad3d"]


class _Pad(Module):
    """Pads the last `dims` dims."""

    dims: int
    mode: str
    value: float | None = None

    def __init_subclass__(cls, dims: int = 0, mode: str = "", **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls.dims, cls.mode = dims or getattr(cls, "dims", 0), mode or getattr(cls, "mode", "constant")

    def __init__(self, padding: int | tuple[int, ...]) -> None:
        super().__init__()
        self.padding = (padding,) * (2 * self.dims) if isinstance(padding, int) else tuple(padding)
        if len(self.padding) != 2 * self.dims:
            raise ValueError(f"{type(self).__name__}: padding must be one width or {2 * self.dims}, got {padding}")

    def forward(self, input: Tensor) -> Tensor:
        return F.pad(input, self.padding, self.mode, self.value)

    def extra_repr(self) -> str:
        return f"{self.padding}"


class _ConstantPad(_Pad):
    def __init__(self, padding: int | tuple[int, ...], value: float) -> None:
        super().__init__(padding)
        self.value = value

    def extra_repr(self) -> str:
        return f"padding={self.padding}, value={self.value}"


class _ZeroPad(_Pad):
    value = 0.0


class ConstantPad1d(_ConstantPad, dims=1):
    """Adds `value` around (N, C, W)."""


class ConstantPad2d(_ConstantPad, dims=2):
    """Adds `value` around (N, C, H, W)."""


class ConstantPad3d(_ConstantPad, dims=3):
    """Adds `value` around (N, C, D, H, W)."""


class ZeroPad1d(_ZeroPad, dims=1):
    """Adds zeros around (N, C, W)."""


class ZeroPad2d(_ZeroPad, dims=2):
    """Adds zeros around (N, C, H, W)."""


class ZeroPad3d(_ZeroPad, dims=3):
    """Adds zeros around (N, C, D, H, W)."""


class ReflectionPad1d(_Pad, dims=1, mode="reflect"):
    """Mirrors (N, C, W) at its ends."""


class ReflectionPad2d(_Pad, dims=2, mode="reflect"):
    """Mirrors (N, C, H, W) at its ends."""


class ReflectionPad3d(_Pad, dims=3, mode="reflect"):
    """Mirrors (N, C, D, H, W) at its ends."""


class ReplicationPad1d(_Pad, dims=1, mode="replicate"):
    """Repeats the ends of (N, C, W)."""


class ReplicationPad2d(_Pad, dims=2, mode="replicate"):
    """Repeats the ends of (N, C, H, W)."""


class ReplicationPad3d(_Pad, dims=3, mode="replicate"):
    """Repeats the ends of (N, C, D, H, W)."""


class CircularPad1d(_Pad, dims=1, mode="circular"):
    """Continues (N, C, W) at the other end."""


class CircularPad2d(_Pad, dims=2, mode="circular"):
    """Continues (N, C, H, W) at the other end."""


class CircularPad3d(_Pad, dims=3, mode="circular"):
    """Continues (N, C, D, H, W) at the other end."""

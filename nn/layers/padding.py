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
    """Pads (N, C, W) with `value`."""


class ConstantPad2d(_ConstantPad, dims=2):
    """Pads (N, C, H, W) with `value`."""


class ConstantPad3d(_ConstantPad, dims=3):
    """Pads (N, C, D, H, W) with `value`."""


class ZeroPad1d(_ZeroPad, dims=1):
    """Pads (N, C, W) with zeros."""


class ZeroPad2d(_ZeroPad, dims=2):
    """Pads (N, C, H, W) with zeros."""


class ZeroPad3d(_ZeroPad, dims=3):
    """Pads (N, C, D, H, W) with zeros."""


class ReflectionPad1d(_Pad, dims=1, mode="reflect"):
    """Pads (N, C, W) with its mirror image at each end, without repeating the last element."""


class ReflectionPad2d(_Pad, dims=2, mode="reflect"):
    """Pads (N, C, H, W) with its mirror image at each end, without repeating the last element."""


class ReflectionPad3d(_Pad, dims=3, mode="reflect"):
    """Pads (N, C, D, H, W) with its mirror image at each end, without repeating the last element."""


class ReplicationPad1d(_Pad, dims=1, mode="replicate"):
    """Pads (N, C, W) with copies of its last elements."""


class ReplicationPad2d(_Pad, dims=2, mode="replicate"):
    """Pads (N, C, H, W) with copies of its last elements."""


class ReplicationPad3d(_Pad, dims=3, mode="replicate"):
    """Pads (N, C, D, H, W) with copies of its last elements."""


class CircularPad1d(_Pad, dims=1, mode="circular"):
    """Pads (N, C, W) with the elements of its other end."""


class CircularPad2d(_Pad, dims=2, mode="circular"):
    """Pads (N, C, H, W) with the elements of its other end."""


class CircularPad3d(_Pad, dims=3, mode="circular"):
    """Pads (N, C, D, H, W) with the elements of its other end."""

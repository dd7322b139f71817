"""Pooling, in one, two and three dims: each layer is the function of `nn.functional` with its settings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from autograd import Tensor
from autograd.ops.convolution import each_dim
from nn import functional as F
from nn.module import Module

__all__ = ["AdaptiveAvgPool1d", "AdaptiveAvgPool2d", "AdaptiveAvgPool3d", "AdaptiveMaxPool1d", "AdaptiveMaxPool2d"]
__all__ += ["AdaptiveMaxPool3d", "AvgPool1d", "AvgPool2d", "AvgPool3d", "LPPool1d", "LPPool2d", "LPPool3d"]
__all__ += ["MaxPool1d", "MaxPool2d", "MaxPool3d", "MaxUnpool1d", "MaxUnpool2d", "MaxUnpool3d"]


class _Pool(Module):
    """A function of the input and of the attributes whose names are in `settings`; the repr shows those in `shown`."""

    function: ClassVar[Callable[..., Any]]
    settings: ClassVar[tuple[str, ...]]
    shown: ClassVar[tuple[str, ...]]

    def forward(self, input: Tensor) -> Any:
        """(N, C, ...) or (C, ...) to the same with other sizes."""
        return type(self).function(input, **{name: getattr(self, name) for name in self.settings})

    def extra_repr(self) -> str:
        return ", ".join(f"{name}={getattr(self, name)}" for name in self.shown)


class _MaxPool(_Pool):
    shown = ("kernel_size", "stride", "padding", "dilation", "ceil_mode")
    settings = (*shown, "return_indices")

    def __init__(
        self,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        dilation: Any = 1,
        return_indices: bool = False,
        ceil_mode: bool = False,
    ) -> None:
        super().__init__()
        self.kernel_size, self.stride = kernel_size, kernel_size if stride is None else stride
        self.padding, self.dilation = padding, dilation
        self.return_indices, self.ceil_mode = return_indices, ceil_mode


class MaxPool1d(_MaxPool):
    """The largest element of every window of (N, C, L)."""

    function = staticmethod(F.max_pool1d)


class MaxPool2d(_MaxPool):
    """The largest element of every window of (N, C, H, W)."""

    function = staticmethod(F.max_pool2d)


class MaxPool3d(_MaxPool):
    """The largest element of every window of (N, C, D, H, W)."""

    function = staticmethod(F.max_pool3d)


class _AvgPool(_Pool):
    shown = ("kernel_size", "stride", "padding")
    settings: ClassVar[tuple[str, ...]] = (*shown, "ceil_mode", "count_include_pad", "divisor_override")

    def __init__(
        self,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
        divisor_override: int | None = None,
    ) -> None:
        super().__init__()
        self.kernel_size, self.stride, self.padding = kernel_size, kernel_size if stride is None else stride, padding
        self.ceil_mode, self.count_include_pad, self.divisor_override = ceil_mode, count_include_pad, divisor_override


class AvgPool1d(_AvgPool):
    """The mean of every window of (N, C, L)."""

    function = staticmethod(F.avg_pool1d)
    settings = _AvgPool.settings[:-1]

    def __init__(
        self,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
    ) -> None:
        stride = kernel_size if stride is None else stride
        kernel_size = each_dim("AvgPool1d", "kernel_size", kernel_size, 1)
        stride, padding = each_dim("AvgPool1d", "stride", stride, 1), each_dim("AvgPool1d", "padding", padding, 1)
        super().__init__(kernel_size, stride, padding, ceil_mode, count_include_pad)


class AvgPool2d(_AvgPool):
    """The mean of every window of (N, C, H, W)."""

    function = staticmethod(F.avg_pool2d)


class AvgPool3d(_AvgPool):
    """The mean of every window of (N, C, D, H, W)."""

    function = staticmethod(F.avg_pool3d)


class _LPPool(_Pool):
    settings = shown = ("norm_type", "kernel_size", "stride", "ceil_mode")

    def __init__(self, norm_type: float, kernel_size: Any, stride: Any = None, ceil_mode: bool = False) -> None:
        super().__init__()
        self.norm_type, self.kernel_size, self.stride, self.ceil_mode = norm_type, kernel_size, stride, ceil_mode


class LPPool1d(_LPPool):
    """(sum of x^p)^(1/p) over every window of (N, C, L)."""

    function = staticmethod(F.lp_pool1d)


class LPPool2d(_LPPool):
    """(sum of x^p)^(1/p) over every window of (N, C, H, W)."""

    function = staticmethod(F.lp_pool2d)


class LPPool3d(_LPPool):
    """(sum of x^p)^(1/p) over every window of (N, C, D, H, W)."""

    function = staticmethod(F.lp_pool3d)


class _MaxUnpool(_Pool):
    dims: ClassVar[int]
    settings = shown = ("kernel_size", "stride", "padding")

    def __init__(self, kernel_size: Any, stride: Any = None, padding: Any = 0) -> None:
        super().__init__()
        sizes = {"kernel_size": kernel_size, "stride": kernel_size if stride is None else stride, "padding": padding}
        for name, size in sizes.items():
            setattr(self, name, each_dim(type(self).__name__, name, size, self.dims))

    def forward(self, input: Tensor, indices: Tensor, output_size: Any = None) -> Tensor:  # type: ignore[override]
        """Zeros, with each element of the input where the pooling layer's `indices` say that it was."""
        sizes = [getattr(self, name) for name in self.settings]
        return type(self).function(input, indices, *sizes, output_size)


class MaxUnpool1d(_MaxUnpool):
    """The opposite of MaxPool1d, with zeros for what was not the largest."""

    dims, function = 1, staticmethod(F.max_unpool1d)


class MaxUnpool2d(_MaxUnpool):
    """The opposite of MaxPool2d, with zeros for what was not the largest."""

    dims, function = 2, staticmethod(F.max_unpool2d)


class MaxUnpool3d(_MaxUnpool):
    """The opposite of MaxPool3d, with zeros for what was not the largest."""

    dims, function = 3, staticmethod(F.max_unpool3d)


class _AdaptiveAvgPool(_Pool):
    settings = shown = ("output_size",)

    def __init__(self, output_size: Any) -> None:
        super().__init__()
        self.output_size = output_size


class AdaptiveAvgPool1d(_AdaptiveAvgPool):
    """The means of `output_size` windows that cover (N, C, L) evenly."""

    function = staticmethod(F.adaptive_avg_pool1d)


class AdaptiveAvgPool2d(_AdaptiveAvgPool):
    """The means of `output_size` windows that cover (N, C, H, W) evenly."""

    function = staticmethod(F.adaptive_avg_pool2d)


class AdaptiveAvgPool3d(_AdaptiveAvgPool):
    """The means of `output_size` windows that cover (N, C, D, H, W) evenly."""

    function = staticmethod(F.adaptive_avg_pool3d)


class _AdaptiveMaxPool(_Pool):
    shown = ("output_size",)
    settings = (*shown, "return_indices")

    def __init__(self, output_size: Any, return_indices: bool = False) -> None:
        super().__init__()
        self.output_size, self.return_indices = output_size, return_indices


class AdaptiveMaxPool1d(_AdaptiveMaxPool):
    """The largest elements of `output_size` windows that cover (N, C, L) evenly."""

    function = staticmethod(F.adaptive_max_pool1d)


class AdaptiveMaxPool2d(_AdaptiveMaxPool):
    """The largest elements of `output_size` windows that cover (N, C, H, W) evenly."""

    function = staticmethod(F.adaptive_max_pool2d)


class AdaptiveMaxPool3d(_AdaptiveMaxPool):
    """The largest elements of `output_size` windows that cover (N, C, D, H, W) evenly."""

    function = staticmethod(F.adaptive_max_pool3d)

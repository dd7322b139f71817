"""Pooling, in one, two and three dims: each layer is the function of `nn.functional` with its settings."""

from __future__ import annotations

from autograd.ops.convolution import each_dim
from nn import functional as F
from nn.layers.derived import FunctionLayer

__all__ = ["AdaptiveAvgPool1d", "AdaptiveAvgPool2d", "AdaptiveAvgPool3d", "AdaptiveMaxPool1d", "AdaptiveMaxPool2d"]
__all__ += ["AdaptiveMaxPool3d", "AvgPool1d", "AvgPool2d", "AvgPool3d", "LPPool1d", "LPPool2d", "LPPool3d"]
__all__ += ["MaxPool1d", "MaxPool2d", "MaxPool3d", "MaxUnpool1d", "MaxUnpool2d", "MaxUnpool3d"]

_MAX = "kernel_size stride padding dilation return_indices ceil_mode"
_NOT_SHOWN = ("ceil_mode", "count_include_pad", "divisor_override")


class _Pool(FunctionLayer):
    """Without a stride, the windows move by their size. The repr leaves out the settings that are `hidden`."""

    hidden: tuple[str, ...] = ("return_indices",)
    dims = 0  # sizes are held as tuples of so many numbers, or where this is 0 as they were given

    def _check_settings(self) -> None:
        if getattr(self, "stride", ()) is None:
            self.stride = self.kernel_size
        for name in ("kernel_size", "stride", "padding") if self.dims else ():
            setattr(self, name, each_dim(type(self).__name__, name, getattr(self, name), self.dims))

    def extra_repr(self) -> str:
        return ", ".join(f"{name}={getattr(self, name)}" for name in self._settings if name not in self.hidden)


class MaxPool1d(_Pool, of=F.max_pool1d, only=_MAX):
    """The largest element of every window of (N, C, L)."""


class MaxPool2d(_Pool, of=F.max_pool2d, only=_MAX):
    """The largest element of every window of (N, C, H, W)."""


class MaxPool3d(_Pool, of=F.max_pool3d, only=_MAX):
    """The largest element of every window of (N, C, D, H, W)."""


class _MaxUnpool(_Pool):
    """Its `forward` takes (input, indices) and, where several sizes are possible, the output_size."""

    hidden = ()


_UNPOOL = "kernel_size stride padding"


class MaxUnpool1d(_MaxUnpool, of=F.max_unpool1d, inputs=2, only=_UNPOOL):
    """The elements of (N, C, L) at the places from which MaxPool1d took them, among zeros."""

    dims = 1


class MaxUnpool2d(_MaxUnpool, of=F.max_unpool2d, inputs=2, only=_UNPOOL):
    """The elements of (N, C, H, W) at the places from which MaxPool2d took them, among zeros."""

    dims = 2


class MaxUnpool3d(_MaxUnpool, of=F.max_unpool3d, inputs=2, only=_UNPOOL):
    """The elements of (N, C, D, H, W) at the places from which MaxPool3d took them, among zeros."""

    dims = 3


class AvgPool1d(_Pool, of=F.avg_pool1d, only="kernel_size stride padding ceil_mode count_include_pad"):
    """The mean of every window of (N, C, L)."""

    hidden = _NOT_SHOWN
    dims = 1


class AvgPool2d(_Pool, of=F.avg_pool2d):
    """The mean of every window of (N, C, H, W)."""

    hidden = _NOT_SHOWN


class AvgPool3d(_Pool, of=F.avg_pool3d):
    """The mean of every window of (N, C, D, H, W)."""

    hidden = _NOT_SHOWN


class _LPPool(_Pool):
    """The p-norm of every window, as `nn.functional.lp_pool1d` has it."""

    hidden = ()

    def _check_settings(self) -> None:
        """Without a stride, the attribute stays None."""


class LPPool1d(_LPPool, of=F.lp_pool1d):
    """The p-norm of every window of (N, C, L), p = `norm_type`."""


class LPPool2d(_LPPool, of=F.lp_pool2d):
    """The p-norm of every window of (N, C, H, W), p = `norm_type`."""


class LPPool3d(_LPPool, of=F.lp_pool3d):
    """The p-norm of every window of (N, C, D, H, W), p = `norm_type`."""


class AdaptiveAvgPool1d(_Pool, of=F.adaptive_avg_pool1d):
    """The means of `output_size` windows that cover (N, C, L) evenly."""


class AdaptiveAvgPool2d(_Pool, of=F.adaptive_avg_pool2d):
    """The means of `output_size` windows that cover (N, C, H, W) evenly."""


class AdaptiveAvgPool3d(_Pool, of=F.adaptive_avg_pool3d):
    """The means of `output_size` windows that cover (N, C, D, H, W) evenly."""


class AdaptiveMaxPool1d(_Pool, of=F.adaptive_max_pool1d):
    """The largest elements of `output_size` windows that cover (N, C, L) evenly."""


class AdaptiveMaxPool2d(_Pool, of=F.adaptive_max_pool2d):
    """The largest elements of `output_size` windows that cover (N, C, H, W) evenly."""


class AdaptiveMaxPool3d(_Pool, of=F.adaptive_max_pool3d):
    """The largest elements of `output_size` windows that cover (N, C, D, H, W) evenly."""

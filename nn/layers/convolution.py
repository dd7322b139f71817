"""Convolution and transposed convolution, in one, two and three dims."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from autograd import Tensor
from autograd.errors import ShapeError
from autograd.ops.convolution import each_dim
from autograd.planes import Steps, transposed_size
from nn import functional as F
from nn import init
from nn.module import Module
from nn.parameter import Parameter

__all__ = ["Conv1d", "Conv2d", "Conv3d", "ConvTranspose1d", "ConvTranspose2d", "ConvTranspose3d"]

Size = int | Sequence[int]
_PADDING_MODES = ("zeros", "reflect", "replicate", "circular")


class _ConvNd(Module):
    """The settings and parameters of all; both parameters start uniform in +-1 / sqrt(fan_in), PyTorch's default."""

    dims: ClassVar[int]
    function: ClassVar[Callable[..., Tensor]]
    transposed = False
    weight: Parameter
    bias: Parameter | None

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Size,
        stride: Size = 1,
        padding: Size | str = 0,
        dilation: Size = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        name = type(self).__name__
        if groups < 1 or in_channels % groups or out_channels % groups:
            raise ValueError(
                f"{name}: groups must be positive and divide in_channels and out_channels, got groups={groups}, "
                f"in_channels={in_channels}, out_channels={out_channels}"
            )
        if padding_mode not in _PADDING_MODES[: 1 if self.transposed else None]:
            modes = "'zeros'" if self.transposed else f"one of {_PADDING_MODES}"
            raise ValueError(f"{name}: padding_mode must be {modes}, got {padding_mode!r}")
        self.in_channels, self.out_channels, self.groups = in_channels, out_channels, groups
        self.kernel_size = each_dim(name, "kernel_size", kernel_size, self.dims)
        self.stride = each_dim(name, "stride", stride, self.dims)
        self.padding: Any = padding if isinstance(padding, str) else each_dim(name, "padding", padding, self.dims)
        self.dilation = each_dim(name, "dilation", dilation, self.dims)
        self.output_padding: tuple[int, ...] = (0,) * self.dims
        self.padding_mode = padding_mode
        if self.padding not in ("same", "valid") and isinstance(self.padding, str):
            raise ValueError(f"{name}: padding must be 'same', 'valid' or numbers, got {padding!r}")
        if self.padding == "same" and any(s != 1 for s in self.stride):
            raise ValueError(f"{name}: padding='same' is not supported for strided convolutions, got stride={stride}")
        self._make_parameters(bias, device, dtype)

    def _make_parameters(self, bias: bool, device: Any, dtype: Any) -> None:
        first, second = self.out_channels, self.in_channels
        if self.transposed:
            first, second = second, first
        shape = (first, second // self.groups, *self.kernel_size)
        self.weight = Parameter.empty(*shape, device=device, dtype=dtype)
        self.register_parameter(
            "bias", Parameter.empty(self.out_channels, device=device, dtype=dtype) if bias else None
        )
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Initialise the weight and the bias."""
        init.kaiming_uniform_(self.weight, a=math.sqrt(5))
        fan_in = math.prod(self.weight.shape[1:])
        if self.bias is not None and fan_in:
            init.uniform_(self.bias, -1 / math.sqrt(fan_in), 1 / math.sqrt(fan_in))

    def _padded(self, input: Tensor) -> tuple[Tensor, Any]:
        """The input, padded already where not with zeros, and the padding that is left to do."""
        if self.padding_mode == "zeros" or self.padding == "valid":
            return input, self.padding
        total = [d * (k - 1) for d, k in zip(self.dilation, self.kernel_size)]
        if self.padding != "same":
            total = [2 * int(n) for n in self.padding]
        widths = [n for both in reversed(total) for n in (both // 2, both - both // 2)]
        return F.pad(input, widths, self.padding_mode), 0

    def extra_repr(self) -> str:
        text = f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}, stride={self.stride}"
        ones, zeros = (1,) * self.dims, (0,) * self.dims
        usual = {"padding": zeros, "dilation": ones, "output_padding": zeros, "groups": 1}
        text += "".join(f", {word}={getattr(self, word)}" for word, n in usual.items() if getattr(self, word) != n)
        text += ", bias=False" if self.bias is None else ""
        return text + (f", padding_mode={self.padding_mode}" if self.padding_mode != "zeros" else "")


class _Conv(_ConvNd):
    def forward(self, input: Tensor) -> Tensor:
        """(N, in_channels, ...) or (in_channels, ...) to (N, out_channels, ...) or (out_channels, ...)."""
        return self._conv_forward(input, self.weight, self.bias)

    def _conv_forward(self, input: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        """The convolution with other parameters, for subclasses that make them of these."""
        input, padding = self._padded(input)
        return type(self).function(input, weight, bias, self.stride, padding, self.dilation, self.groups)


class Conv1d(_Conv):
    """Cross-correlation with out_channels kernels (in_channels / groups, K), plus bias."""

    dims, function = 1, staticmethod(F.conv1d)


class Conv2d(_Conv):
    """Cross-correlation with out_channels kernels (in_channels / groups, KH, KW), plus bias."""

    dims, function = 2, staticmethod(F.conv2d)


class Conv3d(_Conv):
    """Cross-correlation with out_channels kernels (in_channels / groups, KD, KH, KW), plus bias."""

    dims, function = 3, staticmethod(F.conv3d)


class _ConvTranspose(_ConvNd):
    transposed = True

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Size,
        stride: Size = 1,
        padding: Size = 0,
        output_padding: Size = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: Size = 1,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        sizes = (kernel_size, stride, padding, dilation)
        super().__init__(in_channels, out_channels, *sizes, groups, bias, padding_mode, device, dtype)
        self.output_padding = each_dim(type(self).__name__, "output_padding", output_padding, self.dims)

    def forward(self, input: Tensor, output_size: Sequence[int] | None = None) -> Tensor:
        """(N, in_channels, ...) to (N, out_channels, ...); `output_size` chooses one of the sizes that may be meant."""
        more = self.output_padding if output_size is None else self._output_padding(input, output_size)
        convolve = type(self).function
        return convolve(input, self.weight, self.bias, self.stride, self.padding, more, self.groups, self.dilation)

    def _output_padding(self, input: Tensor, output_size: Sequence[int]) -> tuple[int, ...]:
        wanted = tuple(output_size)[-self.dims :]
        steps = Steps(self.stride, self.padding, self.dilation, self.groups)
        least = transposed_size(input.shape[-self.dims :], self.kernel_size, steps, (0,) * self.dims)
        more = tuple([n - m for n, m in zip(wanted, least)])
        if len(wanted) != self.dims or any(not 0 <= n < s for n, s in zip(more, self.stride)):
            most = [n + s - 1 for n, s in zip(least, self.stride)]
            raise ShapeError(
                f"requested an output size of {list(output_size)}, but valid sizes range from {list(least)} to {most} "
                f"(for an input of {list(input.shape[-self.dims :])})"
            )
        return more


class ConvTranspose1d(_ConvTranspose):
    """The transposed convolution with a weight (in_channels, out_channels / groups, K), plus bias."""

    dims, function = 1, staticmethod(F.conv_transpose1d)


class ConvTranspose2d(_ConvTranspose):
    """The transposed convolution with a weight (in_channels, out_channels / groups, KH, KW), plus bias."""

    dims, function = 2, staticmethod(F.conv_transpose2d)


class ConvTranspose3d(_ConvTranspose):
    """The transposed convolution with a weight (in_channels, out_channels / groups, KD, KH, KW), plus bias."""

    dims, function = 3, staticmethod(F.conv_transpose3d)

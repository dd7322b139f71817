"""`torch.nn.grad`: the gradients of the input and of the weight of a convolution, from that of its output."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from autograd import Tensor
from autograd.ops.complaints import explain_all
from autograd.ops.convolution import convolution_input, convolution_weight, each_dim, in_each_dim
from autograd.planes import Steps

__all__ = ["conv1d_input", "conv1d_weight", "conv2d_input", "conv2d_weight", "conv3d_input", "conv3d_weight"]


def _steps(dims: int, stride: Any, padding: Any, dilation: Any, groups: int) -> Steps:
    moves = [("stride", stride), ("padding", padding), ("dilation", dilation)]
    along, around, between = [each_dim(f"conv{dims}d", word, value, dims) for word, value in moves]
    return Steps(along, around, between, groups)


def conv_input(
    dims: int, input_size: Sequence[int], weight: Tensor, grad_output: Tensor,
    stride: Any = 1, padding: Any = 0, dilation: Any = 1, groups: int = 1,
) -> Tensor:  # fmt: skip
    """The gradient of the input (N, C, L...), whose sizes are given, where that of the output is `grad_output`."""
    steps = _steps(dims, stride, padding, dilation, groups)
    return convolution_input(grad_output, weight, None, size=tuple(input_size[2:]), steps=steps)


def conv_weight(
    dims: int, input: Tensor, weight_size: Sequence[int], grad_output: Tensor,
    stride: Any = 1, padding: Any = 0, dilation: Any = 1, groups: int = 1,
) -> Tensor:  # fmt: skip
    """The gradient of the weight (O, C / groups, K...), whose sizes are given, where that of the output is
    `grad_output`."""
    steps = _steps(dims, stride, padding, dilation, groups)
    return convolution_weight(grad_output, input, size=tuple(weight_size[2:]), steps=steps)


conv1d_input, conv2d_input, conv3d_input = in_each_dim(conv_input, "conv{}d_input")
conv1d_weight, conv2d_weight, conv3d_weight = in_each_dim(conv_weight, "conv{}d_weight")

explain_all(__name__)

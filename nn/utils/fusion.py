"""A convolution and the batch norm after it as one convolution, for evaluation."""

from __future__ import annotations

import copy
from typing import Any

from autograd import Tensor
from nn.parameter import Parameter

__all__ = ["fuse_conv_bn_eval", "fuse_conv_bn_weights"]


def fuse_conv_bn_eval(conv: Any, bn: Any, transpose: bool = False) -> Any:
    """A convolution that computes bn(conv(x)), from two modules in evaluation mode; both stay as they are."""
    if conv.training or bn.training:
        raise RuntimeError("fuse_conv_bn_eval is for modules in evaluation mode: call .eval() first")
    fused = copy.deepcopy(conv)
    fused.weight, fused.bias = fuse_conv_bn_weights(
        conv.weight, conv.bias, bn.running_mean, bn.running_var, bn.eps, bn.weight, bn.bias, transpose
    )
    return fused


def fuse_conv_bn_weights(
    conv_w: Tensor, conv_b: Tensor | None, bn_rm: Tensor, bn_rv: Tensor, bn_eps: float, bn_w: Tensor | None,
    bn_b: Tensor | None, transpose: bool = False,
) -> tuple[Parameter, Parameter]:  # fmt: skip
    """Its weight and bias: w s and (b - mean) s + shift, where s is the scale over the deviation of each channel."""
    scale = (bn_rv + bn_eps).rsqrt() * (1 if bn_w is None else bn_w)
    shape = [1] * conv_w.ndim
    shape[1 if transpose else 0] = -1
    bias = ((0 if conv_b is None else conv_b) - bn_rm) * scale + (0 if bn_b is None else bn_b)
    return Parameter((conv_w * scale.reshape(shape)).detach()), Parameter(bias.detach())

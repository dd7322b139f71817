"""The activations as modules: the output has the shape of the input, and each element is a function of its element.

Softmax and its relatives are functions of all elements along `dim`, and GLU halves that dim.
"""

from __future__ import annotations

from typing import Any

from autograd import Tensor
from autograd.errors import ShapeError
from nn import functional as F
from nn import init
from nn.layers.derived import FunctionLayer
from nn.module import Module
from nn.parameter import Parameter

__all__ = ["CELU", "ELU", "GELU", "GLU", "Hardshrink", "Hardsigmoid", "Hardswish", "Hardtanh", "LeakyReLU"]
__all__ += ["LogSigmoid", "LogSoftmax", "Mish", "PReLU", "RReLU", "ReLU", "ReLU6", "SELU", "SiLU", "Sigmoid", "Softmax"]
__all__ += ["Softmax2d", "Softmin", "Softplus", "Softshrink", "Softsign", "Tanh", "Tanhshrink", "Threshold"]


class ReLU(FunctionLayer, of=F.relu):
    """max(x, 0)."""


class ReLU6(FunctionLayer, of=F.relu6):
    """min(max(x, 0), 6)."""


class LeakyReLU(FunctionLayer, of=F.leaky_relu):
    """x where it is positive, `negative_slope` x elsewhere."""


class RReLU(FunctionLayer, of=F.rrelu):
    """LeakyReLU with slopes drawn between `lower` and `upper` in training, and their mean in evaluation."""


class PReLU(Module):
    """x where it is positive, weight x elsewhere; the weight is trained, one for all channels or one for each."""

    def __init__(self, num_parameters: int = 1, init: float = 0.25, device: Any = None, dtype: Any = None) -> None:
        super().__init__()
        self.num_parameters, self.init = num_parameters, init
        self.weight = Parameter.empty(num_parameters, device=device, dtype=dtype)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Fill the weight with the slope that it starts from."""
        init.constant_(self.weight, self.init)

    def forward(self, input: Tensor) -> Tensor:
        return F.prelu(input, self.weight)

    def extra_repr(self) -> str:
        return f"num_parameters={self.num_parameters}"


class ELU(FunctionLayer, of=F.elu):
    """x where it is positive, alpha (exp(x) - 1) elsewhere."""


class CELU(FunctionLayer, of=F.celu):
    """x where it is positive, alpha (exp(x / alpha) - 1) elsewhere."""


class SELU(FunctionLayer, of=F.selu):
    """ELU scaled so that activations keep mean 0 and variance 1."""


class GELU(FunctionLayer, of=F.gelu):
    """x Phi(x), exact or with `approximate="tanh"`."""


class SiLU(FunctionLayer, of=F.silu):
    """x sigmoid(x)."""


class Mish(FunctionLayer, of=F.mish):
    """x tanh(softplus(x))."""


class Hardtanh(FunctionLayer, of=F.hardtanh):
    """The input clipped to [min_val, max_val]."""

    def _check_settings(self) -> None:
        """The interval must not be empty."""
        if self.min_val >= self.max_val:
            raise ValueError(f"Hardtanh: min_val must be below max_val, got {self.min_val} and {self.max_val}")


class Hardswish(FunctionLayer, of=F.hardswish):
    """x hardsigmoid(x)."""


class Hardsigmoid(FunctionLayer, of=F.hardsigmoid):
    """x / 6 + 1 / 2, kept between 0 and 1."""


class Hardshrink(FunctionLayer, of=F.hardshrink):
    """x where its magnitude is above `lambd`, 0 elsewhere."""

    def extra_repr(self) -> str:
        return f"{self.lambd}"


class Softshrink(FunctionLayer, of=F.softshrink):
    """x moved by `lambd` towards 0, at most to 0."""

    def extra_repr(self) -> str:
        return f"{self.lambd}"


class Tanhshrink(FunctionLayer, of=F.tanhshrink):
    """x - tanh(x)."""


class Threshold(FunctionLayer, of=F.threshold):
    """x where it is above the threshold, `value` elsewhere."""


class Sigmoid(FunctionLayer, of=F.sigmoid):
    """1 / (1 + exp(-x))."""


class LogSigmoid(FunctionLayer, of=F.logsigmoid):
    """log(sigmoid(x))."""


class Tanh(FunctionLayer, of=F.tanh):
    """The hyperbolic tangent."""


class Softplus(FunctionLayer, of=F.softplus):
    """log(1 + exp(beta x)) / beta."""


class Softsign(FunctionLayer, of=F.softsign):
    """x / (1 + |x|)."""


class GLU(FunctionLayer, of=F.glu):
    """The first half of `dim` times the sigmoid of the second."""


class Softmax(FunctionLayer, of=F.softmax):
    """exp(x) / sum(exp(x)) along `dim`."""


class LogSoftmax(FunctionLayer, of=F.log_softmax):
    """log(softmax(x)) along `dim`."""


class Softmin(FunctionLayer, of=F.softmin):
    """softmax(-x) along `dim`."""


class Softmax2d(Module):
    """softmax over the channels of (N, C, H, W) or (C, H, W)."""

    def forward(self, input: Tensor) -> Tensor:
        if input.ndim not in (3, 4):
            raise ShapeError(f"Softmax2d needs (N, C, H, W) or (C, H, W), got {tuple(input.shape)}")
        return F.softmax(input, -3)

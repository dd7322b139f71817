"""LayerNorm, RMSNorm, and the weight and bias of all norms."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from autograd import Tensor
from nn import functional as F
from nn import init
from nn.module import Module
from nn.parameter import Parameter

__all__ = ["LayerNorm", "RMSNorm"]


class Affine(Module):
    """What all norms have: a weight, which starts at 1, and a bias, which starts at 0; or neither."""

    weight: Parameter | None
    bias: Parameter | None

    def _make_parameters(self, shape: Sequence[int], affine: bool, bias: bool, device: Any, dtype: Any) -> None:
        self.register_parameter("weight", Parameter.empty(*shape, device=device, dtype=dtype) if affine else None)
        self.register_parameter(
            "bias", Parameter.empty(*shape, device=device, dtype=dtype) if affine and bias else None
        )
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Fill the weight with 1 and the bias with 0."""
        if self.weight is not None:
            init.ones_(self.weight)
        if self.bias is not None:
            init.zeros_(self.bias)


class _Norm(Affine):
    """The settings that both norms have, with LayerNorm's defaults; the output has the shape of the input."""

    def __init__(
        self,
        normalized_shape: int | Sequence[int],
        eps: Any = 1e-5,
        elementwise_affine: bool = True,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        shape = (normalized_shape,) if isinstance(normalized_shape, int) else tuple(normalized_shape)
        self.normalized_shape, self.eps, self.elementwise_affine = shape, eps, elementwise_affine
        self._make_parameters(shape, elementwise_affine, bias, device, dtype)

    def extra_repr(self) -> str:
        return f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.elementwise_affine}"


class LayerNorm(_Norm):
    """(x - mean) / sqrt(var + eps) * weight + bias over the last dimensions (Ba et al. 2016)."""

    def forward(self, input: Tensor) -> Tensor:
        return F.layer_norm(input, self.normalized_shape, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        return f"{super().extra_repr()}, bias={self.bias is not None}"


class RMSNorm(_Norm):
    """x / sqrt(mean(x^2) + eps) * weight over the last dimensions (Zhang and Sennrich 2019)."""

    def __init__(
        self,
        normalized_shape: int | Sequence[int],
        eps: float | None = None,
        elementwise_affine: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(normalized_shape, eps, elementwise_affine, False, device, dtype)

    def forward(self, input: Tensor) -> Tensor:
        return F.rms_norm(input, self.normalized_shape, self.weight, self.eps)

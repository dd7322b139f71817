"""`torch.nn.quantized`: the module that adds and multiplies in float, which networks for depth and pose contain."""

from __future__ import annotations

from collections.abc import Sequence

from autograd import Tensor, cat, relu
from nn.layers import Identity
from nn.module import Module

__all__ = ["FloatFunctional"]


class FloatFunctional(Module):
    """Sums and products as methods of a module, so that `activation_post_process` sees each result."""

    def __init__(self) -> None:
        super().__init__()
        self.activation_post_process = Identity()

    def add(self, x: Tensor, y: Tensor | float) -> Tensor:
        """x + y, elementwise."""
        return self.activation_post_process(x + y)

    def mul(self, x: Tensor, y: Tensor | float) -> Tensor:
        """x * y, elementwise."""
        return self.activation_post_process(x * y)

    add_scalar, mul_scalar = add, mul

    def add_relu(self, x: Tensor, y: Tensor) -> Tensor:
        """relu(x + y)."""
        return self.activation_post_process(relu(x + y))

    def matmul(self, x: Tensor, y: Tensor) -> Tensor:
        """x @ y."""
        return self.activation_post_process(x @ y)

    def cat(self, x: Sequence[Tensor], dim: int = 0) -> Tensor:
        """The tensors one after another in dim."""
        return self.activation_post_process(cat(x, dim))

"""What a module does with all its parameters and buffers at once: other dtypes, gradients on and off."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Self

from autograd import Tensor, bfloat16, float16, float32, float64
from nn.parameter import Parameter
from nn.state import cast, zero_grads


class Conversions:
    """The part of Module that casts, clears and freezes."""

    parameters: Callable[..., Iterator[Parameter]]
    buffers: Callable[..., Iterator[Tensor]]

    def to(self, *args: Any, **kwargs: Any) -> Self:
        """Cast every floating-point parameter, gradient and buffer in place: `to(dtype)`, `to("cpu")`, `to(tensor)`."""
        return self._apply(lambda tensor: cast(tensor, args, kwargs))

    def _apply(self: Any, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> Any:
        """Put what `fn` makes of it in the place of every parameter, gradient and buffer; a module may override it."""
        for child in self.children() if recurse else ():
            child._apply(fn)
        for _, tensor in self._own("_parameters", "_buffers"):
            grad, tensor.data = tensor.grad, fn(tensor.detach())
            if grad is not None:
                tensor.grad = fn(grad.detach())
        return self

    def half(self) -> Self:
        """Cast to float16."""
        return self.to(float16)

    def float(self) -> Self:
        """Cast to float32."""
        return self.to(float32)

    def double(self) -> Self:
        """Cast to float64."""
        return self.to(float64)

    def bfloat16(self) -> Self:
        """Cast to float32, which stands in the place of bfloat16."""
        return self.to(bfloat16)

    def cuda(self, device: Any = None) -> Self:
        """Raises RuntimeError: there is no GPU here."""
        return self.to("cuda")

    def to_empty(self, *, device: Any, recurse: bool = True) -> Self:
        """The module itself, whose weights have memory on whatever device it was made."""
        return self.to(device)

    def type(self, dst_type: Any) -> Self:
        """Cast to a dtype."""
        return self.to(dst_type)

    def cpu(self) -> Self:
        """Return this module: all tensors are on the CPU."""
        return self

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Set all gradients to None, or to zeros without `set_to_none`."""
        zero_grads(self.parameters(), set_to_none)

    def requires_grad_(self, requires_grad: bool = True) -> Self:
        """Train every parameter, or freeze every one."""
        for parameter in self.parameters():
            parameter.requires_grad_(requires_grad)
        return self

    def compile(self, *args: Any, **kwargs: Any) -> None:
        """Do nothing: a module runs as it is."""

    def share_memory(self) -> Self:
        """Move its parameters and buffers to memory that is shared with the processes that this one starts."""
        return self._apply(lambda tensor: tensor.share_memory_())

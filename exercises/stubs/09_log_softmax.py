"""An operation of your own: log-softmax.

In this library, as in PyTorch, a `Function` is an operation with a backward that you write yourself:

    class Square(Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)       # what backward will need
            return x * x

        @staticmethod
        def backward(ctx, g):
            (x,) = ctx.saved_tensors
            return g * 2 * x

    y = Square.apply(x)

Write log-softmax over the last dim in this form: log softmax(x)ᵢ = xᵢ − log Σ exp(x). The forward must be right for
large numbers too, and the backward that you write is checked by `autograd.gradcheck`. You can run the check yourself:

    autograd.gradcheck(LogSoftmax.apply, autograd.randn(2, 3, dtype=autograd.float64, requires_grad=True))
"""

from typing import Any

from autograd import Function, Tensor


class LogSoftmax(Function):
    """log softmax over the last dim."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        """(..., V) to (..., V)."""
        raise NotImplementedError

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> Tensor:
        """The gradient with respect to x, from the gradient with respect to the result; both are (..., V)."""
        raise NotImplementedError

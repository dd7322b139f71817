"""`torch.autograd.function`: what is beside Function there."""

from __future__ import annotations

from collections.abc import Callable
from functools import update_wrapper
from typing import Any

from autograd.function import Context as FunctionCtx
from autograd.function import Function
from autograd.function import Function as InplaceFunction
from autograd.grad_mode import no_grad

__all__ = ["FunctionCtx", "InplaceFunction", "once_differentiable"]


def once_differentiable(fn: Callable) -> Callable:
    """The backward, of which nothing is recorded: to differentiate what it gives raises RuntimeError."""

    def backward(ctx: Any, *grads: Any) -> Any:
        with no_grad():
            found = fn(ctx, *grads)
        many = isinstance(found, (tuple, list))
        once = tuple([g if g is None else _Once.apply(g, *grads) for g in (found if many else (found,))])
        return once if many else once[0]

    return update_wrapper(backward, fn)


class _Once(Function):
    """What a backward made of upstream gradients, as a step that cannot be gone back."""

    @staticmethod
    def forward(ctx: Any, out: Any, *grads: Any) -> Any:
        return out.clone()

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Any:
        raise RuntimeError("a backward that is marked with @once_differentiable cannot be differentiated")

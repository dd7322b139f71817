"""`torch.autograd.function`: what is beside Function there."""

from __future__ import annotations

from collections.abc import Callable

from autograd.function import Context as FunctionCtx
from autograd.function import Function as InplaceFunction

__all__ = ["FunctionCtx", "InplaceFunction", "once_differentiable"]


def once_differentiable(fn: Callable) -> Callable:
    """The backward itself: if it is made of operations of tensors, it can be differentiated again."""
    return fn

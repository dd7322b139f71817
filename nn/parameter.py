"""Parameter: the Tensor that a Module owns and an optimiser updates."""

from collections.abc import Iterable
from typing import Any

from autograd import Tensor, as_tensor, zeros_like
from autograd.tensor import leaf


class Parameter(Tensor):
    """A leaf that requires grad, which a Module finds by its type.

    It shares the memory of the Tensor or ndarray that it is made of.
    """

    def __init__(self, data: Any, requires_grad: bool = True) -> None:
        self.array = as_tensor(data).array
        self.node = leaf(self.array) if requires_grad else None

    def __repr__(self) -> str:
        return "Parameter containing:\n" + super().__repr__()


def zero_grads(parameters: Iterable[Tensor], set_to_none: bool) -> None:
    """Forget the gradients, or make them zeros."""
    for parameter in parameters:
        if set_to_none:
            parameter.grad = None
        elif parameter.grad is not None:
            parameter.grad = zeros_like(parameter.grad)

"""Parameter: the Tensor that a Module owns and an optimiser updates."""

from __future__ import annotations

from typing import Any

from autograd import Tensor, as_tensor
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

"""Parameter: the Tensor that a Module owns and an optimiser updates; Buffer: one that is state, and is not trained."""

from __future__ import annotations

from typing import Any, Self

import numpy as np

from autograd import Tensor, as_tensor, empty, zeros
from autograd.tensor import leaf
from nn import init


class Parameter(Tensor):
    """A leaf that requires grad, which a Module finds by its type.

    It shares the memory of the Tensor or ndarray that it is made of.
    """

    _printed_as = "tensor"

    def __init__(self, data: Any = None, requires_grad: bool = True) -> None:
        self.array = as_tensor(() if data is None else data).array
        self.node = leaf(self.array) if requires_grad else None

    @classmethod
    def empty(cls, *sizes: int, device: Any = None, dtype: Any = None) -> Self:
        """A Parameter of these sizes, to be initialised; in `init.empty_weights()` it has no memory of its own."""
        if init.skipped.get():
            return cls(np.broadcast_to(zeros((), device=device, dtype=dtype).array, sizes))
        return cls(empty(*sizes, device=device, dtype=dtype))

    def __repr__(self) -> str:
        return "Parameter containing:\n" + super().__repr__()


class Buffer(Tensor):
    """A tensor that becomes a buffer of the Module to whose attribute it is assigned."""

    _printed_as = "tensor"

    def __init__(self, data: Any = None, *, persistent: bool = True) -> None:
        self.array = as_tensor(() if data is None else data).array
        self.node, self.persistent = None, persistent

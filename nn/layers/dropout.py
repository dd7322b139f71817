"""Dropout."""

from __future__ import annotations

from autograd import Tensor
from nn import functional as F
from nn.functional.layer import check_probability
from nn.module import Module

__all__ = ["Dropout"]


class Dropout(Module):
    """In training, zeroes elements with probability `p` and scales the rest by 1 / (1 - p) (Srivastava et al. 2014)."""

    def __init__(self, p: float = 0.5, inplace: bool = False) -> None:
        super().__init__()
        check_probability(p)
        self.p, self.inplace = p, inplace

    def forward(self, input: Tensor) -> Tensor:
        return F.dropout(input, self.p, self.training, self.inplace)

    def extra_repr(self) -> str:
        return f"p={self.p}, inplace={self.inplace}"

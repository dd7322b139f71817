"""Positional encodings: learned, sinusoidal, rotary."""

from __future__ import annotations

from autograd import Tensor, as_tensor
from autograd.errors import ShapeError
from nn import functional as F
from nn import init
from nn.module import Module
from nn.parameter import Parameter

__all__ = ["LearnedPositionalEncoding", "RotaryEmbedding", "SinusoidalPositionalEncoding"]


def _check_length(name: str, end: int, max_len: int) -> None:
    if end > max_len:
        raise ShapeError(f"{name} has {max_len} positions, the input needs {end}: make max_len larger")


class LearnedPositionalEncoding(Module):
    """Adds a trained vector for each position, a row of weight (max_len, C), as GPT-2 does."""

    def __init__(self, max_len: int, d_model: int) -> None:
        super().__init__()
        self.max_len = max_len
        self.weight = init.normal_(Parameter.empty(max_len, d_model), std=0.02)

    def forward(self, x: Tensor, offset: int = 0) -> Tensor:
        """x (..., T, C), whose first row is at position `offset`."""
        end = offset + x.shape[-2]
        _check_length("LearnedPositionalEncoding", end, self.max_len)
        return x + self.weight[offset:end]

    def extra_repr(self) -> str:
        return f"{self.max_len}, {self.weight.shape[1]}"


class SinusoidalPositionalEncoding(Module):
    """scale x + PE, with PE(pos, 2i) = sin(pos / 10000^(2i/C)), PE(pos, 2i+1) = cos(...) (Vaswani et al. 2017, 3.5)."""

    table: Tensor

    def __init__(self, max_len: int, d_model: int, base: float = 10000.0, scale: float = 1.0) -> None:
        super().__init__()
        self.max_len, self.scale = max_len, scale
        self.register_buffer("table", F.sinusoidal_encoding(max_len, d_model, base), persistent=False)

    def forward(self, x: Tensor, offset: int = 0) -> Tensor:
        """x (..., T, C), whose first row is at position `offset`."""
        end = offset + x.shape[-2]
        _check_length("SinusoidalPositionalEncoding", end, self.max_len)
        return x * self.scale + self.table[offset:end].to(x.dtype)

    def extra_repr(self) -> str:
        return f"{self.max_len}, {self.table.shape[1]}"


class RotaryEmbedding(Module):
    """Rotates pairs of features of queries and keys by angles proportional to the position (Su et al. 2021)."""

    cos: Tensor
    sin: Tensor

    def __init__(self, head_dim: int, max_len: int, base: float = 10000.0) -> None:
        super().__init__()
        self.head_dim, self.max_len = head_dim, max_len
        cos, sin = F.rotary_table(max_len, head_dim, base)  # (max_len, D / 2)
        self.register_buffer("cos", cos, persistent=False)
        self.register_buffer("sin", sin, persistent=False)

    def forward(self, x: Tensor, offset: int = 0) -> Tensor:
        """x (..., T, D), whose first row is at position `offset`."""
        end = offset + x.shape[-2]
        _check_length("RotaryEmbedding", end, self.max_len)
        if x.shape[-1] != self.head_dim:
            raise ShapeError(f"RotaryEmbedding({self.head_dim}) got heads of size {x.shape[-1]}")
        cos, sin = (as_tensor(t.array[offset:end].astype(x.dtype, copy=False)) for t in (self.cos, self.sin))
        return F.rotary(x, cos, sin)

    def extra_repr(self) -> str:
        return f"{self.head_dim}, {self.max_len}"

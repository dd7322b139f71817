"""Positional encodings: learned, sinusoidal, rotary."""

from __future__ import annotations

from autograd import Tensor, as_tensor
from autograd.errors import ShapeError
from nn import functional as F
from nn import init
from nn.layers.linear import Embedding
from nn.module import Module


def _check_length(name: str, end: int, max_len: int) -> None:
    if end > max_len:
        raise ShapeError(f"{name} knows {max_len} positions, the input reaches position {end}: make max_len larger")


class LearnedPositionalEncoding(Module):
    """Adds a trained vector for each position (as GPT-2's wpe)."""

    def __init__(self, max_len: int, d_model: int) -> None:
        super().__init__()
        self.embedding = Embedding(max_len, d_model)
        init.normal_(self.embedding.weight, std=0.02)

    def forward(self, x: Tensor, offset: int = 0) -> Tensor:
        """x (..., T, C), whose first row stands at position `offset`."""
        end = offset + x.shape[-2]
        _check_length("LearnedPositionalEncoding", end, self.embedding.num_embeddings)
        return x + self.embedding.weight[offset:end]


class SinusoidalPositionalEncoding(Module):
    """Adds PE(pos, 2i) = sin(pos / 10000^(2i/C)), PE(pos, 2i+1) = cos(...) (Vaswani et al. 2017, 3.5)."""

    table: Tensor

    def __init__(self, max_len: int, d_model: int, base: float = 10000.0) -> None:
        super().__init__()
        self.max_len = max_len
        self.register_buffer("table", F.sinusoidal_encoding(max_len, d_model, base), persistent=False)

    def forward(self, x: Tensor, offset: int = 0) -> Tensor:
        """x (..., T, C), whose first row stands at position `offset`."""
        end = offset + x.shape[-2]
        _check_length("SinusoidalPositionalEncoding", end, self.max_len)
        return x + self.table[offset:end].to(x.dtype)

    def extra_repr(self) -> str:
        return f"{self.max_len}, {self.table.shape[1]}"


class RotaryEmbedding(Module):
    """Turns pairs of features of queries and keys by angles that grow with the position (Su et al. 2021)."""

    cos: Tensor
    sin: Tensor

    def __init__(self, head_dim: int, max_len: int, base: float = 10000.0) -> None:
        super().__init__()
        self.head_dim, self.max_len = head_dim, max_len
        cos, sin = F.rotary_table(max_len, head_dim, base)  # (max_len, D / 2)
        self.register_buffer("cos", cos, persistent=False)
        self.register_buffer("sin", sin, persistent=False)

    def forward(self, x: Tensor, offset: int = 0) -> Tensor:
        """x (..., T, D), whose first row stands at position `offset`."""
        end = offset + x.shape[-2]
        _check_length("RotaryEmbedding", end, self.max_len)
        if x.shape[-1] != self.head_dim:
            raise ShapeError(f"RotaryEmbedding({self.head_dim}) got heads of size {x.shape[-1]}")
        cos, sin = (as_tensor(t.array[offset:end].astype(x.dtype, copy=False)) for t in (self.cos, self.sin))
        return F.rotary(x, cos, sin)

    def extra_repr(self) -> str:
        return f"{self.head_dim}, {self.max_len}"

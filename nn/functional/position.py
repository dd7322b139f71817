"""Positional encodings."""

from __future__ import annotations

import numpy as np

from autograd import Tensor, as_tensor, ops

__all__ = ["rotary", "rotary_table", "sinusoidal_encoding"]


def sinusoidal_encoding(length: int, dim: int, base: float = 10000.0) -> Tensor:
    """PE(pos, 2i) = sin(pos / base^(2i/dim)), PE(pos, 2i+1) = cos(...), (length, dim) (Vaswani et al. 2017, 3.5)."""
    angles = np.arange(length)[:, None] / base ** (np.arange(0, dim, 2) / dim)  # (length, ceil(dim / 2))
    table = np.empty((length, dim))
    table[:, 0::2] = np.sin(angles)
    table[:, 1::2] = np.cos(angles[:, : dim // 2])
    return as_tensor(table)


def rotary_table(length: int, dim: int, base: float = 10000.0) -> tuple[Tensor, Tensor]:
    """cos and sin of pos * base^(-2i/dim), each (length, dim / 2), for `rotary` (Su et al. 2021, equation 15)."""
    if dim % 2:
        raise ValueError(f"rotary encoding rotates pairs of features: the dimension must be even, got {dim}")
    angles = np.arange(length)[:, None] * base ** (-np.arange(0, dim, 2) / dim)
    return as_tensor(np.cos(angles)), as_tensor(np.sin(angles))


def rotary(input: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Rotate each pair of features of input (..., T, D) by its angle, cos and sin (T, D / 2) (Su et al. 2021).

    The pairs are features i and i + D/2, as in GPT-NeoX and LLaMA; the paper pairs neighbours, which is the same up to
    the order of the features.
    """
    return ops.rotary(input, cos, sin)

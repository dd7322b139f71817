"""Dropout: of elements, of whole channels, and with the mean and variance kept."""

from __future__ import annotations

import math

from autograd import Generator, Tensor, ones, ops
from autograd.errors import ShapeError
from autograd.generator import numpy_rng

__all__ = ["alpha_dropout", "dropout", "dropout1d", "dropout2d", "dropout3d"]


def check_probability(p: float) -> None:
    """Raise ValueError unless `p` can be a dropout probability."""
    if not 0 <= p <= 1:
        raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")


def dropout(
    input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False, generator: Generator | None = None
) -> Tensor:
    """Zero each element with probability `p` and scale the rest by 1 / (1 - p); without `training`, the identity."""
    check_probability(p)
    if not training or p == 0:
        return input
    out = ops.dropout(input, p=p, rng=numpy_rng(generator))
    return input._overwrite(out) if inplace else out


def _of_channels(input: Tensor, batch_dims: int, p: float, training: bool, inplace: bool) -> Tensor:
    """Dropout of whole channels, which lie in the dim after `batch_dims`."""
    check_probability(p)
    if not training or p == 0:
        return input
    shape = *input.shape[: batch_dims + 1], *[1] * (input.ndim - batch_dims - 1)
    out = input * dropout(ones(shape, dtype=input.dtype), p)
    return input._overwrite(out) if inplace else out


def dropout1d(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Dropout of whole channels of (N, C, L) or (C, L)."""
    if input.ndim not in (2, 3):
        raise ShapeError(f"dropout1d needs an input (N, C, L) or (C, L), got {tuple(input.shape)}")
    return _of_channels(input, input.ndim - 2, p, training, inplace)


def dropout2d(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Dropout of whole channels of (N, C, ...); as in torch the first dim is the batch, whatever follows."""
    return _of_channels(input, 1, p, training, inplace)


def dropout3d(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Dropout of whole channels of (N, C, D, H, W) or (C, D, H, W)."""
    return _of_channels(input, 0 if input.ndim == 4 else 1, p, training, inplace)


def alpha_dropout(input: Tensor, p: float = 0.5, training: bool = False, inplace: bool = False) -> Tensor:
    """Dropout for selu: elements become selu's limit -alpha', then all are scaled so that mean and variance stay
    (Klambauer et al. 2017, section 3)."""
    check_probability(p)
    if not training or p == 0:
        return input
    dropped = 1.7580993408473766  # alpha' = alpha scale of selu
    kept = ops.dropout(ones(input.shape, dtype=input.dtype), p=p, rng=numpy_rng(None)) * (1 - p)
    a = 1 / math.sqrt((1 - p) * (1 + p * dropped**2)) if p < 1 else 0.0
    out = input * (kept * a) + ((kept - 1) * (dropped * a) + dropped * a * p)
    return input._overwrite(out) if inplace else out

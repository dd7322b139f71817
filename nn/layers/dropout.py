"""Dropout of elements and of whole channels, active only in training (Srivastava et al. 2014)."""

from __future__ import annotations

from nn import functional as F
from nn.functional.dropout import check_probability
from nn.layers.derived import FunctionLayer

__all__ = ["AlphaDropout", "Dropout", "Dropout1d", "Dropout2d", "Dropout3d"]


class Dropout(FunctionLayer, of=F.dropout):
    """Zeroes elements with probability `p` and scales the rest by 1 / (1 - p)."""

    def _check_settings(self) -> None:
        """p must be a probability."""
        check_probability(self.p)

    def extra_repr(self) -> str:
        return f"p={self.p}, inplace={self.inplace}"


class Dropout1d(Dropout, of=F.dropout1d):
    """Dropout of whole channels of (N, C, L) or (C, L)."""


class Dropout2d(Dropout, of=F.dropout2d):
    """Dropout of whole channels of (N, C, H, W)."""


class Dropout3d(Dropout, of=F.dropout3d):
    """Dropout of whole channels of (N, C, D, H, W) or (C, D, H, W)."""


class AlphaDropout(Dropout, of=F.alpha_dropout):
    """Dropout for SELU, which keeps mean and variance."""

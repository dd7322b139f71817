"""The distribution of correlation matrices of Lewandowski, Kurowicka and Joe, by their Cholesky factors."""

from __future__ import annotations

import math

from autograd import arange, cat, diag_embed, lgamma, linalg, mvlgamma, randn, zeros
from autograd.distributions import constraints
from autograd.distributions.continuous import Beta
from autograd.distributions.distribution import Distribution
from autograd.distributions.utils import broadcast_all

__all__ = ["LKJCholesky"]


class LKJCholesky(Distribution):
    """L, lower triangular with rows of length 1, where L L^T has a density in proportion to det^(concentration - 1).

    Shape of an event: (dim, dim). The formulas are those of Lewandowski et al. 2009, sections 3.2 and 3.3.
    """

    arg_constraints = {"concentration": constraints.positive}
    support = constraints.corr_cholesky

    def __init__(self, dim, concentration=1.0, validate_args=None):
        if dim < 2:
            raise ValueError(f"Expected dim to be an integer greater than or equal to 2, got {dim}")
        self.dim, (self.concentration,) = dim, broadcast_all(concentration)
        super().__init__(self.concentration.shape, (dim, dim), validate_args)

    def sample(self, sample_shape=()):
        """Each row is a random direction times a length, whose square is Beta: the onion method."""
        shape, c = self._extended_shape(sample_shape), self.concentration.detach()
        row = arange(1.0, self.dim, dtype=c.dtype)
        lengths = Beta(row / 2, (c + self.dim / 2 - 1)[..., None] - (row - 1) / 2).sample(sample_shape).sqrt()
        directions = randn(shape, dtype=c.dtype).tril(-1)[..., 1:, :]
        below = lengths[..., None] * directions / linalg.vector_norm(directions, dim=-1, keepdim=True)
        below = cat([zeros((*shape[:-2], 1, self.dim), dtype=c.dtype), below], -2)
        return below + diag_embed((1 - (below * below).sum(-1)).clamp(min=1e-38).sqrt())

    def log_prob(self, value):
        value, c, n = self._checked(value), self.concentration, self.dim - 1
        powers = 2 * (c - 1)[..., None] + arange(n - 1.0, -1, -1, dtype=c.dtype)
        density = (powers * value.diagonal(dim1=-2, dim2=-1)[..., 1:].log()).sum(-1)
        top = c + n / 2
        return density - n / 2 * math.log(math.pi) - mvlgamma(top - 0.5, n) + n * lgamma(top)

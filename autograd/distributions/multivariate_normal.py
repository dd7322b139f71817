"""The multivariate normal distribution."""

from __future__ import annotations

import math

import numpy as np

from autograd import linalg
from autograd.distributions import constraints
from autograd.distributions.distribution import Distribution
from autograd.distributions.utils import _standard_normal, lazy_property

__all__ = ["MultivariateNormal"]


class MultivariateNormal(Distribution):
    """Normal vectors with this mean, and this covariance: itself, its inverse, or L of its factors L L^T.

    Shapes: loc (..., D), the matrices (..., D, D).
    """

    arg_constraints = {
        "loc": constraints.real_vector,
        "covariance_matrix": constraints.positive_definite,
        "precision_matrix": constraints.positive_definite,
        "scale_tril": constraints.lower_cholesky,
    }
    support = constraints.real_vector
    has_rsample = True
    mean = mode = property(lambda self: self.loc)
    variance = property(lambda self: (self._unbroadcasted_scale_tril**2).sum(-1).expand_as(self.loc))

    def __init__(self, loc, covariance_matrix=None, precision_matrix=None, scale_tril=None, validate_args=None):
        matrices = {"covariance_matrix": covariance_matrix, "precision_matrix": precision_matrix}
        given = {name: m for name, m in {**matrices, "scale_tril": scale_tril}.items() if m is not None}
        if len(given) != 1:
            raise ValueError("Exactly one of covariance_matrix or precision_matrix or scale_tril may be specified.")
        ((name, matrix),) = given.items()
        if loc.ndim < 1 or matrix.ndim < 2:
            raise ValueError(f"loc must be at least one-dimensional and {name} at least two-dimensional")
        batch = np.broadcast_shapes(matrix.shape[:-2], loc.shape[:-1])
        self.loc = loc.expand((*batch, -1))
        setattr(self, name, matrix.expand((*batch, -1, -1)))
        super().__init__(batch, self.loc.shape[-1:], validate_args)
        if name == "precision_matrix":
            matrix = linalg.inv(matrix)
        self._unbroadcasted_scale_tril = matrix if name == "scale_tril" else linalg.cholesky(matrix)

    @lazy_property
    def scale_tril(self):
        """The lower triangle L."""
        return self._unbroadcasted_scale_tril.expand((*self._batch_shape, -1, -1))

    @lazy_property
    def covariance_matrix(self):
        """L L^T."""
        factor = self._unbroadcasted_scale_tril
        return (factor @ factor.mT).expand((*self._batch_shape, -1, -1))

    @lazy_property
    def precision_matrix(self):
        """The inverse of the covariance."""
        factor = self._unbroadcasted_scale_tril
        return linalg.inv(factor @ factor.mT).expand((*self._batch_shape, -1, -1))

    def rsample(self, sample_shape=()):
        noise = _standard_normal(self._extended_shape(sample_shape), self.loc.dtype, "cpu")
        return self.loc + (self._unbroadcasted_scale_tril @ noise[..., None])[..., 0]

    def log_prob(self, value):
        z = solve_factor(self._unbroadcasted_scale_tril, self._checked(value) - self.loc)
        return -0.5 * (z * z).sum(-1) - 0.5 * self._event_shape[0] * math.log(2 * math.pi) - self.half_log_det()

    def entropy(self):
        entropy = 0.5 * self._event_shape[0] * (1 + math.log(2 * math.pi)) + self.half_log_det()
        return entropy.expand(self._batch_shape)

    def half_log_det(self):
        """Half of the logarithm of the determinant of the covariance."""
        return self._unbroadcasted_scale_tril.diagonal(dim1=-2, dim2=-1).log().sum(-1)


def solve_factor(factor, vectors):
    """L^-1 x for each vector x; a single L is solved for all of them at once."""
    if factor.ndim > 2:
        return linalg.solve_triangular(factor, vectors[..., None], upper=False)[..., 0]
    rows = vectors.reshape(-1, vectors.shape[-1])
    return linalg.solve_triangular(factor, rows.t(), upper=False).t().reshape(vectors.shape)

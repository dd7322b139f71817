"""Distributions of real numbers with long tails, and of absolute values."""

from __future__ import annotations

import math

import numpy as np

from autograd import digamma, full_like, inf, lgamma, nan, where, zeros_like
from autograd.distributions import constraints
from autograd.distributions.continuous import Normal, _LocationScale
from autograd.distributions.distribution import ByQuantiles, Distribution
from autograd.distributions.gamma_samples import log_standard_gamma
from autograd.distributions.utils import _standard_normal

__all__ = ["Cauchy", "Gumbel", "HalfCauchy", "HalfNormal", "StudentT"]


class Gumbel(_LocationScale, ByQuantiles):
    """The density e^(-z - e^(-z)) / scale, z = (x - loc) / scale, of the largest of many numbers."""

    mean = property(lambda self: self.loc + np.euler_gamma * self.scale)
    variance = property(lambda self: math.pi**2 / 6 * self.scale**2)

    def log_prob(self, value):
        z = self._standardise(value)
        return -z - (-z).exp() - self.scale.log()

    def cdf(self, value):
        return (-(-self._standardise(value)).exp()).exp()

    def icdf(self, value):
        return self.loc - self.scale * (-value.log()).log()

    def entropy(self):
        return 1 + np.euler_gamma + self.scale.log()


class Cauchy(_LocationScale, ByQuantiles):
    """The density 1 / (pi scale (1 + z^2)), z = (x - loc) / scale, which has no mean."""

    mean = property(lambda self: full_like(self.loc, nan))
    variance = property(lambda self: full_like(self.loc, inf))

    def log_prob(self, value):
        return -math.log(math.pi) - self.scale.log() - (self._standardise(value) ** 2).log1p()

    def cdf(self, value):
        return 0.5 + self._standardise(value).atan() / math.pi

    def icdf(self, value):
        return self.loc + self.scale * (math.pi * (value - 0.5)).tan()

    def entropy(self):
        return math.log(4 * math.pi) + self.scale.log()


class StudentT(Distribution):
    """x with (x - loc) / scale = a / sqrt(b / df), where a is normal and b the sum of the squares of df normals."""

    arg_constraints = {"df": constraints.positive, "loc": constraints.real, "scale": constraints.positive}
    support = constraints.real
    has_rsample = True
    mean = property(lambda self: where(self.df > 1, self.loc, nan))
    mode = property(lambda self: self.loc)

    def __init__(self, df, loc=0.0, scale=1.0, validate_args=None):
        self._set(validate_args, df=df, loc=loc, scale=scale)

    @property
    def variance(self):
        """Infinite for df <= 2, and nan for df <= 1."""
        finite = self.scale**2 * self.df / where(self.df > 2, self.df - 2, 1.0)
        return where(self.df > 2, finite, where(self.df > 1, inf, nan).to(self.df.dtype))

    def rsample(self, sample_shape=()):
        shape = self._extended_shape(sample_shape)
        squares = 2 * log_standard_gamma((self.df / 2).expand(shape)).exp()
        return self.loc + self.scale * _standard_normal(shape, self.df.dtype, "cpu") * (squares / self.df).rsqrt()

    def log_prob(self, value):
        z = (self._checked(value) - self.loc) / self.scale
        return -(self.df + 1) / 2 * (z**2 / self.df).log1p() - self._log_normaliser() - self.scale.log()

    def entropy(self):
        half = (self.df + 1) / 2
        return half * (digamma(half) - digamma(self.df / 2)) + self._log_normaliser() + self.scale.log()

    def _log_normaliser(self):
        return lgamma(self.df / 2) - lgamma((self.df + 1) / 2) + (math.pi * self.df).log() / 2


class _Half(Distribution):
    """The absolute values of numbers from the distribution `whole`, which is symmetric around 0."""

    whole: type[_LocationScale]
    arg_constraints = {"scale": constraints.positive}
    support = constraints.nonnegative
    has_rsample = True
    base_dist = property(lambda self: self.whole(zeros_like(self.scale), self.scale, validate_args=False))
    mode = property(lambda self: zeros_like(self.scale))

    def __init__(self, scale, validate_args=None):
        self._set(validate_args, scale=scale)

    def rsample(self, sample_shape=()):
        return self.base_dist.rsample(sample_shape).abs()

    def log_prob(self, value):
        return where(self._checked(value) >= 0, self.base_dist.log_prob(value) + math.log(2), -inf)

    def cdf(self, value):
        return 2 * self.base_dist.cdf(self._checked(value)) - 1

    def icdf(self, value):
        return self.base_dist.icdf((value + 1) / 2)

    def entropy(self):
        return self.base_dist.entropy() - math.log(2)


class HalfNormal(_Half):
    """|x| for a normal x of mean 0."""

    whole = Normal
    mean = property(lambda self: self.scale * math.sqrt(2 / math.pi))
    variance = property(lambda self: self.scale**2 * (1 - 2 / math.pi))


class HalfCauchy(_Half):
    """|x| for a Cauchy-distributed x around 0."""

    whole = Cauchy
    mean = variance = property(lambda self: full_like(self.scale, inf))

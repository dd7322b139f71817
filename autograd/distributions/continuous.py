"""Distributions of real numbers and vectors."""

from __future__ import annotations

import math

import numpy as np

from autograd import digamma, lgamma, nan, softmax, stack, where, xlogy, zeros_like
from autograd.distributions import constraints
from autograd.distributions.distribution import ByQuantiles, Distribution
from autograd.distributions.gamma_samples import log_standard_gamma
from autograd.distributions.utils import _standard_normal

__all__ = ["Beta", "Dirichlet", "Exponential", "Gamma", "Laplace", "Normal", "Uniform"]

_LOCATION_SCALE = {"loc": constraints.real, "scale": constraints.positive}


class _LocationScale(Distribution):
    """loc + scale * noise."""

    arg_constraints = _LOCATION_SCALE
    support = constraints.real
    has_rsample = True
    mean = mode = property(lambda self: self.loc)

    def __init__(self, loc, scale, validate_args=None):
        self._set(validate_args, loc=loc, scale=scale)

    def _standardise(self, value):
        return (self._checked(value) - self.loc) / self.scale


class Normal(_LocationScale):
    """The density e^(-z^2 / 2) / (scale sqrt(2 pi)), z = (x - loc) / scale."""

    stddev = property(lambda self: self.scale)
    variance = property(lambda self: self.scale**2)

    def rsample(self, sample_shape=()):
        return self.loc + _standard_normal(self._extended_shape(sample_shape), self.loc.dtype, "cpu") * self.scale

    def log_prob(self, value):
        z = self._standardise(value)
        return -0.5 * z * z - self.scale.log() - 0.5 * math.log(2 * math.pi)

    def cdf(self, value):
        return 0.5 * (1 + (self._standardise(value) / math.sqrt(2)).erf())

    def icdf(self, value):
        return self.loc + self.scale * (2 * value - 1).erfinv() * math.sqrt(2)

    def entropy(self):
        return 0.5 + 0.5 * math.log(2 * math.pi) + self.scale.log()


class Laplace(_LocationScale, ByQuantiles):
    """The density e^(-|z|) / (2 scale), z = (x - loc) / scale."""

    variance = property(lambda self: 2 * self.scale**2)

    def log_prob(self, value):
        return -self._standardise(value).abs() - (2 * self.scale).log()

    def cdf(self, value):
        z = self._standardise(value)
        return 0.5 - 0.5 * z.sign() * (-z.abs()).expm1()

    def icdf(self, value):
        u = value - 0.5
        return self.loc - self.scale * u.sign() * (-2 * u.abs()).log1p()

    def entropy(self):
        return 1 + (2 * self.scale).log()


class Uniform(ByQuantiles):
    """The density 1 / (high - low) between the two."""

    mean = property(lambda self: (self.low + self.high) / 2)
    mode = property(lambda self: self.low * nan)
    variance = property(lambda self: (self.high - self.low) ** 2 / 12)
    stddev = property(lambda self: (self.high - self.low) / math.sqrt(12))
    support = property(lambda self: constraints.interval(self.low, self.high))

    def __init__(self, low, high, validate_args=None):
        self._set(validate_args, low=low, high=high)

    @property
    def arg_constraints(self):
        """low < high."""
        return {"low": constraints.less_than(self.high), "high": constraints.greater_than(self.low)}

    def log_prob(self, value):
        value = self._checked(value)
        inside = (value >= self.low) & (value < self.high)
        return inside.to(self.low.dtype).log() - (self.high - self.low).log()

    def cdf(self, value):
        return ((self._checked(value) - self.low) / (self.high - self.low)).clamp(0, 1)

    def icdf(self, value):
        return self.low + value * (self.high - self.low)

    def entropy(self):
        return (self.high - self.low).log()


class Exponential(ByQuantiles):
    """The density rate e^(-rate x) for x >= 0."""

    arg_constraints = {"rate": constraints.positive}
    support = constraints.nonnegative
    mean = stddev = property(lambda self: 1 / self.rate)
    mode = property(lambda self: zeros_like(self.rate))
    variance = property(lambda self: 1 / self.rate**2)

    def __init__(self, rate, validate_args=None):
        self._set(validate_args, rate=rate)

    def log_prob(self, value):
        return self.rate.log() - self.rate * self._checked(value)

    def cdf(self, value):
        return -(-self.rate * self._checked(value)).expm1()

    def icdf(self, value):
        return -(-value).log1p() / self.rate

    def entropy(self):
        return 1 - self.rate.log()


class Gamma(Distribution):
    """The density rate^c x^(c - 1) e^(-rate x) / Gamma(c) for x >= 0, c the concentration."""

    arg_constraints = {"concentration": constraints.positive, "rate": constraints.positive}
    support = constraints.nonnegative
    has_rsample = True
    mean = property(lambda self: self.concentration / self.rate)
    mode = property(lambda self: ((self.concentration - 1) / self.rate).clamp(min=0))
    variance = property(lambda self: self.concentration / self.rate**2)

    def __init__(self, concentration, rate, validate_args=None):
        self._set(validate_args, concentration=concentration, rate=rate)

    def rsample(self, sample_shape=()):
        concentration = self.concentration.expand(self._extended_shape(sample_shape))
        value = log_standard_gamma(concentration).exp() / self.rate
        return value.clamp(min=float(np.finfo(value.dtype).tiny))  # log_prob(0) may be infinite

    def log_prob(self, value):
        value, c = self._checked(value), self.concentration
        return xlogy(c, self.rate) + xlogy(c - 1, value) - self.rate * value - lgamma(c)

    def entropy(self):
        c = self.concentration
        return c - self.rate.log() + lgamma(c) + (1 - c) * digamma(c)


class Dirichlet(Distribution):
    """The density of probabilities x_i in proportion to the product of x_i^(c_i - 1), c the concentration."""

    arg_constraints = {"concentration": constraints.independent(constraints.positive, 1)}
    support = constraints.simplex
    has_rsample = True
    _total = property(lambda self: self.concentration.sum(-1, keepdim=True))
    mean = property(lambda self: self.concentration / self._total)

    def __init__(self, concentration, validate_args=None):
        if concentration.ndim < 1:
            raise ValueError("`concentration` parameter must be at least one-dimensional.")
        self.concentration = concentration
        super().__init__(concentration.shape[:-1], concentration.shape[-1:], validate_args)

    @property
    def mode(self):
        """Where the density is largest: a corner, if all concentrations are below 1."""
        above = (self.concentration - 1).clamp(min=0)
        corner = self.concentration.new_tensor(np.eye(above.shape[-1]))[above.argmax(-1)]
        corners = (self.concentration < 1).all(-1, keepdim=True)
        return where(corners, corner, above / where(corners, 1.0, above.sum(-1, keepdim=True)))

    @property
    def variance(self):
        """mean (1 - mean) / (1 + the sum of the concentrations)."""
        return self.mean * (1 - self.mean) / (1 + self._total)

    def rsample(self, sample_shape=()):
        return softmax(log_standard_gamma(self.concentration.expand(self._extended_shape(sample_shape))), dim=-1)

    def log_prob(self, value):
        c = self.concentration
        return xlogy(c - 1, self._checked(value)).sum(-1) + lgamma(c.sum(-1)) - lgamma(c).sum(-1)

    def entropy(self):
        c, total = self.concentration, self.concentration.sum(-1)
        spread = (total - c.shape[-1]) * digamma(total) - ((c - 1) * digamma(c)).sum(-1)
        return lgamma(c).sum(-1) - lgamma(total) + spread


class Beta(Distribution):
    """The density of a probability x in proportion to x^(c1 - 1) (1 - x)^(c0 - 1), c1 and c0 the concentrations."""

    arg_constraints = {"concentration1": constraints.positive, "concentration0": constraints.positive}
    support = constraints.unit_interval
    has_rsample = True
    mean = property(lambda self: self.concentration1 / (self.concentration1 + self.concentration0))
    mode = property(lambda self: self._dirichlet.mode[..., 0])
    variance = property(lambda self: self._dirichlet.variance[..., 0])

    def __init__(self, concentration1, concentration0, validate_args=None):
        self._set(validate_args, concentration1=concentration1, concentration0=concentration0)

    @property
    def _dirichlet(self):
        return Dirichlet(stack([self.concentration1, self.concentration0], -1), validate_args=False)

    def rsample(self, sample_shape=()):
        return self._dirichlet.rsample(sample_shape)[..., 0]

    def log_prob(self, value):
        value = self._checked(value)
        return self._dirichlet.log_prob(stack([value, 1 - value], -1))

    def entropy(self):
        return self._dirichlet.entropy()

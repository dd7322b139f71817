"""Distributions of counts and classes."""

from __future__ import annotations

import math

import numpy as np

from autograd import Size, Tensor, arange, broadcast_tensors, full_like, lgamma, nan, where
from autograd.distributions import constraints
from autograd.distributions.distribution import ByProbs, Distribution, draw
from autograd.generator import numpy_rng
from autograd.ops.neural import bce_with_logits, softplus

__all__ = ["Bernoulli", "Binomial", "Categorical", "Multinomial", "NegativeBinomial"]
__all__ += ["OneHotCategorical", "OneHotCategoricalStraightThrough", "Poisson"]

_PROBABILITY = {"probs": constraints.unit_interval, "logits": constraints.real}


class Bernoulli(ByProbs):
    """1 with the probability `probs`, else 0."""

    arg_constraints = _PROBABILITY
    support = constraints.boolean
    mean = property(lambda self: self.probs)
    mode = property(lambda self: where(self.probs == 0.5, nan, (self.probs >= 0.5).to(self.probs.dtype)))
    variance = property(lambda self: self.probs * (1 - self.probs))

    def __init__(self, probs=None, logits=None, validate_args=None):
        self._set(validate_args, **self._choose(probs, logits))

    def sample(self, sample_shape=()):
        return draw("binomial", self.probs, self._extended_shape(sample_shape), 1, self.probs)

    def log_prob(self, value):
        return -bce_with_logits(self.logits, self._checked(value))

    def entropy(self):
        return bce_with_logits(self.logits, self.probs)


class Binomial(ByProbs):
    """How many of `total_count` independent events of probability `probs` happen."""

    arg_constraints = {"total_count": constraints.nonnegative_integer, **_PROBABILITY}
    support = property(lambda self: constraints.integer_interval(0, self.total_count))
    mean = property(lambda self: self.total_count * self.probs)
    mode = property(lambda self: ((self.total_count + 1) * self.probs).floor().minimum(self.total_count))
    variance = property(lambda self: self.mean * (1 - self.probs))

    def __init__(self, total_count=1, probs=None, logits=None, validate_args=None):
        chosen = self._choose(probs, logits)
        if isinstance(total_count, Tensor):
            total_count = total_count.to(getattr(chosen[self._given], "dtype", total_count.dtype))
        self._set(validate_args, **chosen, total_count=total_count)

    def sample(self, sample_shape=()):
        count = self.total_count.long()
        return draw("binomial", self.probs, self._extended_shape(sample_shape), count, self.probs)

    def log_prob(self, value):
        value, n = self._checked(value), self.total_count
        log_choices = lgamma(n + 1) - lgamma(value + 1) - lgamma(n - value + 1)
        return log_choices + value * self.logits - n * softplus(self.logits)

    def entropy(self):
        log_p = self.log_prob(self.values())
        return -(log_p.exp() * log_p).sum(0)

    def values(self):
        """0 to the `total_count`, which all elements of the batch must share, along a new first dim."""
        count = int(self.total_count.max())
        if self.total_count.min() != count:
            raise NotImplementedError("the entropy of a Binomial whose total_count varies has no formula here")
        return arange(count + 1, dtype=self._param.dtype).reshape(-1, *[1] * len(self._batch_shape))


class NegativeBinomial(ByProbs):
    """How many events of probability `probs` happen before `total_count` others, a positive number that may be real."""

    arg_constraints = {"total_count": constraints.nonnegative, **_PROBABILITY}
    support = constraints.nonnegative_integer
    mean = property(lambda self: self.total_count * self.logits.exp())
    mode = property(lambda self: ((self.total_count - 1) * self.logits.exp()).floor().clamp(min=0))
    variance = property(lambda self: self.mean * (1 + self.logits.exp()))

    def __init__(self, total_count, probs=None, logits=None, validate_args=None):
        self._set(validate_args, **self._choose(probs, logits), total_count=total_count)

    def sample(self, sample_shape=()):
        shape, odds = self._extended_shape(sample_shape), self.logits.detach().exp()
        return draw("poisson", odds, shape, draw("gamma", odds, shape, self.total_count, odds))

    def log_prob(self, value):
        value, n = self._checked(value), self.total_count
        log_ways = lgamma(n + value) - lgamma(value + 1) - lgamma(n)
        log_ways = where(n + value == 0, 0.0, log_ways)
        return log_ways - n * softplus(self.logits) - value * softplus(-self.logits)


class Poisson(Distribution):
    """How many events happen that come independently at this rate."""

    arg_constraints = {"rate": constraints.nonnegative}
    support = constraints.nonnegative_integer
    mean = variance = property(lambda self: self.rate)
    mode = property(lambda self: self.rate.floor())

    def __init__(self, rate, validate_args=None):
        self._set(validate_args, rate=rate)

    def sample(self, sample_shape=()):
        return draw("poisson", self.rate, self._extended_shape(sample_shape), self.rate)

    def log_prob(self, value):
        value = self._checked(value)
        return value.xlogy(self.rate) - self.rate - lgamma(value + 1)


class OverClasses(ByProbs):
    """A distribution with a probability, in proportion to `probs`, for each class. Shape of probs: batch, classes."""

    arg_constraints = {"probs": constraints.simplex, "logits": constraints.real_vector}
    _is_binary = False
    _is_vector = True  # what it gives
    _num_events = property(lambda self: self.param_shape[-1])

    def __init__(self, probs=None, logits=None, validate_args=None):
        ((name, value),) = self._choose(probs, logits).items()
        if value.ndim < 1:
            raise ValueError(f"`{name}` parameter must be at least one-dimensional.")
        by = value.sum(-1, keepdim=True) if name == "probs" else value.logsumexp(-1, keepdim=True)
        setattr(self, name, value / by if name == "probs" else value - by)
        Distribution.__init__(self, value.shape[:-1], value.shape[-1:] if self._is_vector else (), validate_args)

    def entropy(self):
        return -(self.logits.clamp(min=float(np.finfo(self.logits.dtype).min)) * self.probs).sum(-1)

    def _log_prob_of(self, index):
        index, logits = broadcast_tensors(index[..., None], self.logits)
        return logits.gather(-1, index[..., :1]).squeeze(-1)

    def _draw(self, sample_shape):
        sample_shape = Size(sample_shape)
        rows = self.probs.detach().reshape(-1, self._num_events).multinomial(max(sample_shape.numel(), 1), True)
        return rows.t()[: sample_shape.numel()].reshape((*sample_shape, *self._batch_shape))


class Categorical(OverClasses):
    """The index of a class."""

    _is_vector = False
    mean = variance = property(lambda self: full_like(self.probs[..., 0], nan))
    mode = property(lambda self: self.probs.argmax(-1))
    support = property(lambda self: constraints.integer_interval(0, self._num_events - 1))

    def sample(self, sample_shape=()):
        return self._draw(sample_shape)

    def log_prob(self, value):
        return self._log_prob_of(self._checked(value).long())


class OneHotCategorical(OverClasses):
    """A class, as a vector of 0 with a 1 in its place."""

    support = constraints.one_hot
    mean = property(lambda self: self.probs)
    mode = property(lambda self: self._one_hot(self.probs.argmax(-1)))
    variance = property(lambda self: self.probs * (1 - self.probs))

    def _one_hot(self, index):
        return (index[..., None] == arange(self._num_events)).to(self._param.dtype)

    def sample(self, sample_shape=()):
        return self._one_hot(self._draw(sample_shape))

    def log_prob(self, value):
        return self._log_prob_of(self._checked(value).argmax(-1))


class OneHotCategoricalStraightThrough(OneHotCategorical):
    """A OneHotCategorical whose samples have the derivative of `probs` (Bengio et al. 2013, arXiv:1308.3432)."""

    has_rsample = True

    def rsample(self, sample_shape=()):
        return self.sample(sample_shape) + (self.probs - self.probs.detach())


class Multinomial(OverClasses):
    """How often each class comes in `total_count` independent draws."""

    support = property(lambda self: constraints.multinomial(self.total_count))
    mean = property(lambda self: self.probs * self.total_count)
    variance = property(lambda self: self.total_count * self.probs * (1 - self.probs))

    def __init__(self, total_count=1, probs=None, logits=None, validate_args=None):
        if not isinstance(total_count, int):
            raise NotImplementedError(f"total_count must be an int, the same for the whole batch, not {total_count!r}")
        self.total_count = total_count
        super().__init__(probs, logits, validate_args)

    def sample(self, sample_shape=()):
        probs = self.probs.array.astype(np.float64)
        shape = self._extended_shape(sample_shape)[:-1]
        counts = numpy_rng().multinomial(self.total_count, probs / probs.sum(-1, keepdims=True), shape)
        return Tensor.wrap(counts.astype(probs.dtype)).to(self._param.dtype)

    def log_prob(self, value):
        value = self._checked(value)
        logits = where((value == 0) & (self.logits == -math.inf), 0.0, self.logits)
        return lgamma(value.sum(-1) + 1) - lgamma(value + 1).sum(-1) + (logits * value).sum(-1)

    def entropy(self):
        counts = Binomial(self.total_count, self.probs)
        values = counts.values()
        spread = (counts.log_prob(values).exp() * lgamma(values + 1)).sum((0, -1))
        return self.total_count * super().entropy() - math.lgamma(self.total_count + 1) + spread

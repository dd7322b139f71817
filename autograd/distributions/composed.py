"""Distributions made of others: independent parts, transformed values, mixtures, and what follows from these."""

from __future__ import annotations

import math
from typing import Any

from autograd import Size, Tensor, log_softmax, no_grad, rand
from autograd.distributions import constraints
from autograd.distributions.continuous import Normal
from autograd.distributions.discrete import Categorical, OverClasses
from autograd.distributions.distribution import ByProbs, Distribution
from autograd.distributions.transforms import ComposeTransform, ExpTransform, SigmoidTransform, Transform
from autograd.distributions.utils import clamp_probs, sum_rightmost
from autograd.ops.neural import softplus

__all__ = ["Independent", "LogNormal", "MixtureSameFamily", "RelaxedBernoulli"]
__all__ += ["RelaxedOneHotCategorical", "TransformedDistribution"]


class Independent(Distribution):
    """A distribution whose last `reinterpreted_batch_ndims` dims of the batch belong to the event."""

    has_rsample = property(lambda self: self.base_dist.has_rsample)
    mean = property(lambda self: self.base_dist.mean)
    mode = property(lambda self: self.base_dist.mode)
    variance = property(lambda self: self.base_dist.variance)
    support = property(lambda self: constraints.independent(self.base_dist.support, self.reinterpreted_batch_ndims))

    def __init__(self, base_distribution, reinterpreted_batch_ndims, validate_args=None):
        self.base_dist, self.reinterpreted_batch_ndims = base_distribution, reinterpreted_batch_ndims
        batch = base_distribution.batch_shape
        cut = len(batch) - reinterpreted_batch_ndims
        if cut < 0:
            raise ValueError(f"reinterpreted_batch_ndims={reinterpreted_batch_ndims}, but the batch shape is {batch}")
        super().__init__(batch[:cut], (*batch[cut:], *base_distribution.event_shape), validate_args)

    def expand(self, batch_shape, _instance=None):
        parts = self._event_shape[: self.reinterpreted_batch_ndims]
        return Independent(self.base_dist.expand((*batch_shape, *parts)), self.reinterpreted_batch_ndims, False)

    def sample(self, sample_shape=()):
        return self.base_dist.sample(sample_shape)

    def rsample(self, sample_shape=()):
        return self.base_dist.rsample(sample_shape)

    def log_prob(self, value):
        return sum_rightmost(self.base_dist.log_prob(value), self.reinterpreted_batch_ndims)

    def entropy(self):
        return sum_rightmost(self.base_dist.entropy(), self.reinterpreted_batch_ndims)

    def __repr__(self):
        return f"Independent({self.base_dist!r}, {self.reinterpreted_batch_ndims})"


class TransformedDistribution(Distribution):
    """The transforms, one after another, of what another distribution gives."""

    has_rsample = property(lambda self: self.base_dist.has_rsample)

    def __init__(self, base_distribution, transforms, validate_args=None):
        self.transforms = [transforms] if isinstance(transforms, Transform) else transforms
        if not all(isinstance(transform, Transform) for transform in self.transforms):
            raise ValueError("transforms must be a Transform or a list of Transforms")
        whole = ComposeTransform(self.transforms)
        shape = whole.forward_shape((*base_distribution.batch_shape, *base_distribution.event_shape))
        event_dim = len(base_distribution.event_shape)
        base_distribution = base_distribution.expand(shape[: len(shape) - event_dim])
        if whole.domain.event_dim > event_dim:
            base_distribution = Independent(base_distribution, whole.domain.event_dim - event_dim)
        self.base_dist = base_distribution
        cut = len(shape) - max(event_dim, whole.codomain.event_dim)
        super().__init__(shape[:cut], shape[cut:], validate_args)

    @property
    def support(self):
        """What the last transform gives."""
        support = self.transforms[-1].codomain if self.transforms else self.base_dist.support
        return constraints.independent(support, len(self._event_shape) - support.event_dim)

    def expand(self, batch_shape, _instance=None):
        new = object.__new__(type(self))
        vars(new).update(vars(self), _batch_shape=Size(batch_shape), base_dist=self.base_dist.expand(batch_shape))
        return new

    def sample(self, sample_shape=()):
        with no_grad():
            return self._forward(self.base_dist.sample(sample_shape))

    def rsample(self, sample_shape=()):
        return self._forward(self.base_dist.rsample(sample_shape))

    def log_prob(self, value):
        y, total, dims = self._checked(value), 0.0, len(self._event_shape)
        for transform in reversed(self.transforms):
            x = transform.inv(y)
            total = total - sum_rightmost(transform.log_abs_det_jacobian(x, y), dims - transform.domain.event_dim)
            y = x
        return total + sum_rightmost(self.base_dist.log_prob(y), dims - len(self.base_dist.event_shape))

    def cdf(self, value):
        for transform in reversed(self.transforms):
            value = transform.inv(value)
        return self._increasing(self.base_dist.cdf(value))

    def icdf(self, value):
        return self._forward(self.base_dist.icdf(self._increasing(value)))

    def _forward(self, x):
        for transform in self.transforms:
            x = transform(x)
        return x

    def _increasing(self, p):
        """p, or 1 - p where the transforms decrease."""
        sign = math.prod(transform.sign for transform in self.transforms)
        return p if isinstance(sign, int) and sign == 1 else sign * (p - 0.5) + 0.5


class LogNormal(TransformedDistribution):
    """e^x for a normal x."""

    loc = property(lambda self: self.base_dist.loc)
    scale = property(lambda self: self.base_dist.scale)
    mean = property(lambda self: (self.loc + self.scale**2 / 2).exp())
    mode = property(lambda self: (self.loc - self.scale**2).exp())
    variance = property(lambda self: (self.scale**2).expm1() * (2 * self.loc + self.scale**2).exp())

    def __init__(self, loc, scale, validate_args=None):
        super().__init__(Normal(loc, scale, validate_args), ExpTransform(), validate_args)

    def entropy(self):
        return self.base_dist.entropy() + self.loc


class MixtureSameFamily(Distribution):
    """One of the distributions along the last dim of a batch of them, chosen by a Categorical."""

    mixture_distribution = property(lambda self: self._mixture_distribution)
    component_distribution = property(lambda self: self._component_distribution)

    def __init__(self, mixture_distribution, component_distribution, validate_args=None):
        if not isinstance(mixture_distribution, Categorical):
            raise ValueError(f"the mixture distribution must be a Categorical, not {mixture_distribution}")
        *batch, count = component_distribution.batch_shape
        if mixture_distribution.param_shape[-1] != count:
            classes = mixture_distribution.param_shape[-1]
            raise ValueError(f"the mixture distribution has {classes} classes, but there are {count} components")
        self._mixture_distribution, self._component_distribution = mixture_distribution, component_distribution
        super().__init__(batch, component_distribution.event_shape, validate_args)

    def _pad(self, x):
        return x.unsqueeze(-1 - len(self._event_shape))

    def _average(self, x):
        probs = self._mixture_distribution.probs
        return (probs.reshape(*probs.shape, *[1] * len(self._event_shape)) * x).sum(-1 - len(self._event_shape))

    @property
    def mean(self):
        """The average of the means."""
        return self._average(self._component_distribution.mean)

    @property
    def variance(self):
        """The average of the variances, and the variance of the means."""
        components = self._component_distribution
        return self._average(components.variance + (components.mean - self._pad(self.mean)) ** 2)

    def expand(self, batch_shape, _instance=None):
        components = self._component_distribution.expand((*batch_shape, self._mixture_distribution.param_shape[-1]))
        return MixtureSameFamily(self._mixture_distribution.expand(batch_shape), components, False)

    def log_prob(self, value):
        log_prob = self._component_distribution.log_prob(self._pad(value))
        return (log_prob + log_softmax(self._mixture_distribution.logits, dim=-1)).logsumexp(-1)

    def cdf(self, value):
        return (self._component_distribution.cdf(self._pad(value)) * self._mixture_distribution.probs).sum(-1)

    def sample(self, sample_shape=()):
        values = self._component_distribution.sample(sample_shape)
        chosen = self._mixture_distribution.expand(self._batch_shape).sample(sample_shape)
        index = chosen.reshape(*chosen.shape, 1, *[1] * len(self._event_shape))
        dim = chosen.ndim
        return values.take_along_dim(index, dim).squeeze(dim)

    def __repr__(self):
        return f"MixtureSameFamily(\n  {self._mixture_distribution},\n  {self._component_distribution})"


# Relaxed classes (Maddison et al. 2017; Jang et al. 2017) -------------------------------------------------------------


class LogitRelaxedBernoulli(ByProbs):
    """The log odds of RelaxedBernoulli: (logits + logistic noise) / temperature."""

    arg_constraints = {"probs": constraints.unit_interval, "logits": constraints.real}
    support = constraints.real
    has_rsample = True

    def __init__(self, temperature, probs=None, logits=None, validate_args=None):
        self.temperature = temperature
        self._set(validate_args, **self._choose(probs, logits))

    def rsample(self, sample_shape=()):
        uniform = clamp_probs(rand(size=self._extended_shape(sample_shape), dtype=self._param.dtype))
        return (uniform.log() - (-uniform).log1p() + self.logits) / self.temperature

    def log_prob(self, value):
        difference = self.logits - self._checked(value) * self.temperature
        return _log(self.temperature) + difference - 2 * softplus(difference)


class ExpRelaxedCategorical(OverClasses):
    """The logarithm of RelaxedOneHotCategorical: log_softmax((logits + Gumbel noise) / temperature)."""

    support = constraints.real_vector
    has_rsample = True

    def __init__(self, temperature, probs=None, logits=None, validate_args=None):
        self.temperature = temperature
        super().__init__(probs, logits, validate_args)

    def rsample(self, sample_shape=()):
        uniform = clamp_probs(rand(size=self._extended_shape(sample_shape), dtype=self._param.dtype))
        return log_softmax((self.logits - (-uniform.log()).log()) / self.temperature, dim=-1)

    def log_prob(self, value):
        classes = self._num_events
        score = log_softmax(self.logits - self._checked(value) * self.temperature, dim=-1).sum(-1)
        return score + math.lgamma(classes) + (classes - 1) * _log(self.temperature)


class _Relaxed(TransformedDistribution):
    temperature = property(lambda self: self.base_dist.temperature)
    probs = property(lambda self: self.base_dist.probs)
    logits = property(lambda self: self.base_dist.logits)
    _base: Any
    _transform: Any

    def __init__(self, temperature, probs=None, logits=None, validate_args=None):
        super().__init__(self._base(temperature, probs, logits, validate_args), self._transform(), validate_args)


class RelaxedBernoulli(_Relaxed):
    """Numbers from 0 to 1 that come closer to those of Bernoulli the lower the temperature is."""

    _base, _transform = LogitRelaxedBernoulli, SigmoidTransform


class RelaxedOneHotCategorical(_Relaxed):
    """Probabilities of classes that come closer to a single 1 the lower the temperature is."""

    _base, _transform = ExpRelaxedCategorical, ExpTransform


def _log(temperature):
    return temperature.log() if isinstance(temperature, Tensor) else math.log(temperature)

"""Distributions made of others: independent parts, mixtures and transformed values."""

from __future__ import annotations

import math

from autograd import Size, no_grad, rand
from autograd.distributions import constraints
from autograd.distributions.continuous import Normal
from autograd.distributions.discrete import Categorical
from autograd.distributions.distribution import ByProbs, Distribution
from autograd.distributions.transforms import (
    ComposeTransform,
    ExpTransform,
    SigmoidTransform,
    StickBreakingTransform,
    Transform,
)
from autograd.distributions.utils import _sum_rightmost, clamp_probs, probs_to_logits
from autograd.ops.neural import softplus

__all__ = ["Independent", "LogNormal", "LogisticNormal", "LogitRelaxedBernoulli", "RelaxedBernoulli"]
__all__ += ["MixtureSameFamily", "TransformedDistribution"]


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
            raise ValueError(
                f"reinterpreted_batch_ndims={reinterpreted_batch_ndims} exceeds the dims of the batch shape {batch}"
            )
        super().__init__(batch[:cut], (*batch[cut:], *base_distribution.event_shape), validate_args)

    def expand(self, batch_shape, _instance=None):
        parts = self._event_shape[: self.reinterpreted_batch_ndims]
        return Independent(self.base_dist.expand((*batch_shape, *parts)), self.reinterpreted_batch_ndims, False)

    def sample(self, sample_shape=()):
        return self.base_dist.sample(sample_shape)

    def rsample(self, sample_shape=()):
        return self.base_dist.rsample(sample_shape)

    def log_prob(self, value):
        return _sum_rightmost(self.base_dist.log_prob(value), self.reinterpreted_batch_ndims)

    def entropy(self):
        return _sum_rightmost(self.base_dist.entropy(), self.reinterpreted_batch_ndims)

    def __repr__(self):
        return f"Independent({self.base_dist!r}, {self.reinterpreted_batch_ndims})"


class MixtureSameFamily(Distribution):
    """One of k distributions, which a Categorical chooses: the last dim of the component's batch holds the k."""

    mixture_distribution = property(lambda self: self._mixture_distribution)
    component_distribution = property(lambda self: self._component_distribution)
    support = property(lambda self: self._component_distribution.support)
    mean = property(lambda self: self._expected(self._component_distribution.mean))

    def __init__(self, mixture_distribution, component_distribution, validate_args=None):
        self._mixture_distribution, self._component_distribution = mixture_distribution, component_distribution
        if not isinstance(mixture_distribution, Categorical):
            raise ValueError(f"MixtureSameFamily: a Categorical chooses, not a {type(mixture_distribution).__name__}")
        many, batch = mixture_distribution.param_shape, component_distribution.batch_shape
        if many[-1] != batch[-1] or any(i != j and 1 not in (i, j) for i, j in zip(many[::-1], batch[::-1])):
            raise ValueError(f"MixtureSameFamily: weights of shape {many} do not fit components of batch shape {batch}")
        super().__init__(batch[:-1], component_distribution.event_shape, validate_args)

    def expand(self, batch_shape, _instance=None):
        components = self._component_distribution.expand((*batch_shape, self._component_distribution.batch_shape[-1]))
        return MixtureSameFamily(self._mixture_distribution.expand(batch_shape), components, self._validate_args)

    def _expected(self, values):
        """The mean of values (..., k, *event) over the components."""
        weights = self._mixture_distribution.probs
        weights = weights.reshape(*weights.shape, *[1] * len(self._event_shape))
        return (weights * values).sum(-1 - len(self._event_shape))

    def _for_each(self, value):
        return value.unsqueeze(-1 - len(self._event_shape))

    @property
    def variance(self):
        """By the law of total variance."""
        part = self._component_distribution
        return self._expected(part.variance) + self._expected((part.mean - self._for_each(self.mean)) ** 2)

    def sample(self, sample_shape=()):
        with no_grad():
            chosen = self._mixture_distribution.sample(sample_shape)
            of_each = self._component_distribution.sample(sample_shape)
            index = chosen.reshape(*chosen.shape, *[1] * (1 + len(self._event_shape)))
            dim = of_each.ndim - 1 - len(self._event_shape)
            return of_each.take_along_dim(index, dim).squeeze(dim)

    def log_prob(self, value):
        weights = self._mixture_distribution.logits.log_softmax(-1)
        return (self._component_distribution.log_prob(self._for_each(value)) + weights).logsumexp(-1)

    def cdf(self, value):
        return (self._component_distribution.cdf(self._for_each(value)) * self._mixture_distribution.probs).sum(-1)

    def __repr__(self):
        return f"MixtureSameFamily(\n  {self._mixture_distribution},\n  {self._component_distribution})"


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
        inner = whole.inverse_shape(shape)
        base_distribution = base_distribution.expand(inner[: len(inner) - event_dim])
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
            total = total - _sum_rightmost(transform.log_abs_det_jacobian(x, y), dims - transform.domain.event_dim)
            y = x
        return total + _sum_rightmost(self.base_dist.log_prob(y), dims - len(self.base_dist.event_shape))

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


class LogitRelaxedBernoulli(ByProbs):
    """The log odds of RelaxedBernoulli: (logits + noise) / temperature, with the noise log(u / (1 - u))."""

    arg_constraints = {"probs": constraints.unit_interval, "logits": constraints.real}
    support = constraints.real
    has_rsample = True

    def __init__(self, temperature, probs=None, logits=None, validate_args=None):
        self.temperature = temperature
        self._set(validate_args, **self._choose(probs, logits))

    def rsample(self, sample_shape=()):
        noise = clamp_probs(rand(size=self._extended_shape(sample_shape), dtype=self._param.dtype))
        return (noise.log() - (-noise).log1p() + probs_to_logits(self.probs, True)) / self.temperature

    def log_prob(self, value):
        difference = self.logits - self._checked(value) * self.temperature
        return self.temperature.log() + difference - 2 * softplus(difference)


class RelaxedBernoulli(TransformedDistribution):
    """Numbers in (0, 1) that are nearly those of a Bernoulli distribution at a low temperature, with a derivative."""

    arg_constraints = LogitRelaxedBernoulli.arg_constraints
    support = constraints.unit_interval
    temperature = property(lambda self: self.base_dist.temperature)
    logits = property(lambda self: self.base_dist.logits)
    probs = property(lambda self: self.base_dist.probs)

    def __init__(self, temperature, probs=None, logits=None, validate_args=None):
        super().__init__(LogitRelaxedBernoulli(temperature, probs, logits), SigmoidTransform(), validate_args)


class LogisticNormal(TransformedDistribution):
    """Probabilities, by breaking a stick, from independent normals, of which there is one fewer."""

    loc = property(lambda self: self.base_dist.base_dist.loc)
    scale = property(lambda self: self.base_dist.base_dist.scale)

    def __init__(self, loc, scale, validate_args=None):
        base = Normal(loc, scale, validate_args)
        super().__init__(base if base.batch_shape else base.expand([1]), StickBreakingTransform(), validate_args)

"""Kullback-Leibler divergences of distributions."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from autograd import Tensor, digamma, lgamma, where, xlogy
from autograd.distributions.composed import Independent, TransformedDistribution
from autograd.distributions.continuous import Beta, Dirichlet, Exponential, Gamma, Laplace, Normal, Uniform
from autograd.distributions.discrete import Bernoulli, Binomial, Categorical, OneHotCategorical, Poisson
from autograd.distributions.distribution import Distribution
from autograd.distributions.multivariate_normal import MultivariateNormal, solve_factor
from autograd.distributions.tails import Cauchy, Gumbel, _Half
from autograd.distributions.utils import _sum_rightmost
from autograd.ops.neural import softplus

__all__ = ["kl_divergence", "register_kl"]

_FORMULAS: dict[tuple[type, type], Callable[[Any, Any], Tensor]] = {}


def register_kl(type_p: type, type_q: type) -> Callable[[Callable], Callable]:
    """Decorate the function of p and q that gives the divergence of distributions of these types."""

    def decorate(formula: Callable) -> Callable:
        _FORMULAS[type_p, type_q] = formula
        return formula

    return decorate


def kl_divergence(p: Distribution, q: Distribution) -> Tensor:
    """The mean of log p(x) - log q(x) for x from p. Shape: that of the batch.

    The formula is that of the nearest base classes. Raises NotImplementedError where there is none.
    """
    lines = type(p).__mro__, type(q).__mro__
    found = [pair for pair in _FORMULAS if pair[0] in lines[0] and pair[1] in lines[1]]
    if not found:
        raise NotImplementedError(
            f"there is no formula for the divergence of {type(p).__name__} from {type(q).__name__}: "
            "give one with register_kl, or average log_prob over samples"
        )
    return _FORMULAS[min(found, key=lambda pair: lines[0].index(pair[0]) + lines[1].index(pair[1]))](p, q)


@register_kl(Normal, Normal)
def _normal(p, q):
    ratio = (p.scale / q.scale) ** 2
    return 0.5 * (ratio + ((p.loc - q.loc) / q.scale) ** 2 - 1 - ratio.log())


@register_kl(MultivariateNormal, MultivariateNormal)
def _multivariate_normal(p, q):
    if p.event_shape != q.event_shape:
        raise ValueError(f"kl_divergence needs events of one shape, got {p.event_shape} and {q.event_shape}")
    columns = p.scale_tril.mT
    factor = q.scale_tril[..., None, :, :] if q._unbroadcasted_scale_tril.ndim > 2 else q._unbroadcasted_scale_tril
    trace = (solve_factor(factor, columns) ** 2).sum((-1, -2))
    distance = (solve_factor(q._unbroadcasted_scale_tril, q.loc - p.loc) ** 2).sum(-1)
    return q.half_log_det() - p.half_log_det() + 0.5 * (trace + distance - p.event_shape[0])


@register_kl(Laplace, Laplace)
def _laplace(p, q):
    ratio, distance = p.scale / q.scale, (p.loc - q.loc).abs()
    return distance / q.scale + ratio * (-distance / p.scale).exp() - ratio.log() - 1


@register_kl(Gumbel, Gumbel)
def _gumbel(p, q):
    ratio, shift = p.scale / q.scale, (q.loc - p.loc) / q.scale
    return (ratio - 1) * np.euler_gamma - 1 - shift - ratio.log() + (shift + lgamma(1 + ratio)).exp()


@register_kl(Cauchy, Cauchy)
def _cauchy(p, q):
    return (((p.scale + q.scale) ** 2 + (p.loc - q.loc) ** 2) / (4 * p.scale * q.scale)).log()


@register_kl(_Half, _Half)
def _half(p, q):
    return kl_divergence(p.base_dist, q.base_dist)


@register_kl(Uniform, Uniform)
def _uniform(p, q):
    outside = (q.low > p.low) | (q.high < p.high)
    return where(outside, math.inf, ((q.high - q.low) / (p.high - p.low)).log())


@register_kl(Exponential, Exponential)
def _exponential(p, q):
    ratio = q.rate / p.rate
    return ratio - 1 - ratio.log()


@register_kl(Gamma, Gamma)
def _gamma(p, q):
    c, d = p.concentration, q.concentration
    rates = d * (p.rate / q.rate).log() + (q.rate - p.rate) * (c / p.rate)
    return rates + lgamma(d) - lgamma(c) + (c - d) * digamma(c)


@register_kl(Dirichlet, Dirichlet)
def _dirichlet(p, q):
    c, d = p.concentration, q.concentration
    spread = ((c - d) * (digamma(c) - digamma(c.sum(-1, keepdim=True)))).sum(-1)
    return lgamma(c.sum(-1)) - lgamma(d.sum(-1)) - (lgamma(c) - lgamma(d)).sum(-1) + spread


@register_kl(Beta, Beta)
def _beta(p, q):
    return _dirichlet(p._dirichlet, q._dirichlet)


@register_kl(Bernoulli, Bernoulli)
def _bernoulli(p, q):
    ones = p.probs * (softplus(-q.logits) - softplus(-p.logits))
    zeros = (1 - p.probs) * (softplus(q.logits) - softplus(p.logits))
    ones = where(p.probs == 0, 0.0, where(q.probs == 0, math.inf, ones))
    return ones + where(p.probs == 1, 0.0, where(q.probs == 1, math.inf, zeros))


@register_kl(Binomial, Binomial)
def _binomial(p, q):
    if (p.total_count < q.total_count).any():
        raise NotImplementedError("kl_divergence of a Binomial from one with a larger total_count has no formula here")
    divergence = p.total_count * (p.probs * (p.logits - q.logits) + (-p.probs).log1p() - (-q.probs).log1p())
    return where(p.total_count > q.total_count, math.inf, divergence)


@register_kl(Poisson, Poisson)
def _poisson(p, q):
    return xlogy(p.rate, p.rate) - xlogy(p.rate, q.rate) - (p.rate - q.rate)


@register_kl(Categorical, Categorical)
@register_kl(OneHotCategorical, OneHotCategorical)
def _categorical(p, q):
    terms = where(q.probs == 0, math.inf, p.probs * (p.logits - q.logits))
    return where(p.probs == 0, 0.0, terms).sum(-1)


@register_kl(Independent, Independent)
def _independent(p, q):
    if p.reinterpreted_batch_ndims != q.reinterpreted_batch_ndims:
        raise NotImplementedError(f"kl_divergence needs the same reinterpreted_batch_ndims, got {p} and {q}")
    return _sum_rightmost(kl_divergence(p.base_dist, q.base_dist), p.reinterpreted_batch_ndims)


@register_kl(TransformedDistribution, TransformedDistribution)
def _transformed(p, q):
    if p.transforms != q.transforms or p.event_shape != q.event_shape:
        raise NotImplementedError(f"kl_divergence needs the same transforms, got {p} and {q}")
    return kl_divergence(p.base_dist, q.base_dist)

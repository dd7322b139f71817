"""The formulas of distributions against integrals and sums: densities, moments, entropies, quantiles, divergences."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given

import autograd as ag
from autograd import distributions as d
from autograd import gradcheck
from autograd.testing import seeds
from tests.properties.calls import examples

BATCH = (2,)


def real(rng):
    return rng.normal(size=BATCH)


def positive(rng):
    return rng.uniform(0.3, 2, BATCH)


def above_one(rng):
    return rng.uniform(1.1, 3, BATCH)


def probability(rng):
    return rng.uniform(0.05, 0.95, BATCH)


def classes(rng):
    return rng.uniform(0.1, 1, (*BATCH, 3))


def triangle(rng):
    return np.tril(rng.normal(size=(*BATCH, 2, 2)), -1) + np.eye(2) * rng.uniform(0.5, 2, (*BATCH, 1, 2))


def covariance(rng):
    return (factor := triangle(rng)) @ factor.swapaxes(-1, -2)


def vector(rng):
    return rng.normal(size=(*BATCH, 2))


# Where to add up: values along a first dim, for each of the batch, and how much of the space each stands for ----------


def over_reals(p):
    t = np.linspace(-9, 9, 10_001)
    return np.sinh(t)[:, None], (np.cosh(t) * (t[1] - t[0]))[:, None]


def over_positive(p):
    t = np.linspace(-70, 9, 10_001)
    return np.exp(t)[:, None], (np.exp(t) * (t[1] - t[0]))[:, None]


def over_unit(p):
    t = np.linspace(-33, 33, 10_001)
    x = 1 / (1 + np.exp(-t))
    return x[:, None], (x * (1 - x) * (t[1] - t[0]))[:, None]


def over_uniform(p):
    low, high, n = p.low.numpy(), p.high.numpy(), 1000
    return low + (high - low) * ((np.arange(n) + 0.5) / n)[:, None], (high - low) / n


def over_vectors(p):
    t = np.linspace(-8, 8, 81)
    z = np.stack(np.meshgrid(t, t), -1).reshape(-1, 1, 2)
    factor = p.scale_tril.numpy()
    return p.loc.numpy() + np.einsum("bij,nkj->nbi", factor, z), np.linalg.det(factor) * (t[1] - t[0]) ** 2


def over_simplex(p):
    t = np.linspace(-25, 25, 161)
    x, y = (1 / (1 + np.exp(-a.reshape(-1, 1))) for a in np.meshgrid(t, t))
    values = np.stack([x, (1 - x) * y, (1 - x) * (1 - y)], -1)
    return values, x * (1 - x) ** 2 * y * (1 - y) * (t[1] - t[0]) ** 2


def over_counts(p):
    return np.arange(60.0)[:, None], 1


def over_support(p):
    if isinstance(p, d.OneHotCategorical):
        return np.eye(p.event_shape[0])[:, None], 1
    last = 1 if isinstance(p, d.Bernoulli) else ag.as_tensor(p.support.upper_bound).max().item()
    return np.arange(last + 1.0)[:, None], 1


def over_outcomes(p):
    return np.array([c for c in itertools.product(range(4), repeat=3) if sum(c) == 3], float)[:, None], 1


# The class, how its parameters are drawn (numbers are passed on as they are), and where to add up.
CONTINUOUS = {
    "Normal": ("Normal", {"loc": real, "scale": positive}, over_reals),
    "Laplace": ("Laplace", {"loc": real, "scale": positive}, over_reals),
    "HalfNormal": ("HalfNormal", {"scale": positive}, over_positive),
    "LogNormal": ("LogNormal", {"loc": real, "scale": lambda rng: rng.uniform(0.3, 0.8, BATCH)}, over_positive),
    "Uniform": ("Uniform", {"low": real, "high": lambda rng: 4 + rng.uniform(size=BATCH)}, over_uniform),
    "Exponential": ("Exponential", {"rate": positive}, over_positive),
    "Gamma": ("Gamma", {"concentration": positive, "rate": positive}, over_positive),
    "Beta": ("Beta", {"concentration1": above_one, "concentration0": above_one}, over_unit),
}
VECTORS = {
    "Dirichlet": ("Dirichlet", {"concentration": lambda rng: rng.uniform(1.1, 3, (*BATCH, 3))}, over_simplex),
    "MultivariateNormal": ("MultivariateNormal", {"loc": vector, "covariance_matrix": covariance}, over_vectors),
    "MultivariateNormal by precision": (
        "MultivariateNormal",
        {"loc": vector, "precision_matrix": covariance},
        over_vectors,
    ),
    "MultivariateNormal by factor": ("MultivariateNormal", {"loc": vector, "scale_tril": triangle}, over_vectors),
    "MultivariateNormal by one factor": (
        "MultivariateNormal",
        {"loc": vector, "scale_tril": lambda rng: triangle(rng)[0]},
        over_vectors,
    ),
}
DISCRETE = {
    "Bernoulli by probs": ("Bernoulli", {"probs": probability}, over_support),
    "Bernoulli by logits": ("Bernoulli", {"logits": real}, over_support),
    "Binomial by probs": ("Binomial", {"total_count": 5, "probs": probability}, over_support),
    "Binomial by logits": ("Binomial", {"total_count": 5, "logits": real}, over_support),
    "Poisson": ("Poisson", {"rate": positive}, over_counts),
    "Categorical by probs": ("Categorical", {"probs": classes}, over_support),
    "Categorical by logits": ("Categorical", {"logits": classes}, over_support),
    "OneHotCategorical": ("OneHotCategorical", {"probs": classes}, over_support),
    "Multinomial": ("Multinomial", {"total_count": 3, "logits": classes}, over_outcomes),
}
FAMILIES = CONTINUOUS | VECTORS | DISCRETE
each = pytest.mark.parametrize("name", FAMILIES)


def drawn(name, rng):
    """The parameters that are arrays, and the function of them that makes the distribution."""
    kind, draws, _ = FAMILIES[name]
    values = {key: draw(rng) if callable(draw) else draw for key, draw in draws.items()}
    names = [key for key, v in values.items() if isinstance(v, np.ndarray)]

    def make(*arrays):
        return getattr(d, kind)(**{**values, **dict(zip(names, map(ag.as_tensor, arrays), strict=True))})

    return make, [values[key] for key in names]


def made(name, rng):
    make, arrays = drawn(name, rng)
    return make(*arrays)


def added(p, name, *functions):
    """The sums of p(x) f(x) for functions of x."""
    values, weight = FAMILIES[name][2](p)
    values = np.broadcast_to(values, (len(values), *p.batch_shape, *p.event_shape))
    share = np.exp(p.log_prob(ag.tensor(values)).numpy()) * weight
    for function in functions:
        found = function(values)
        yield (share.reshape(*share.shape, *[1] * (np.ndim(found) - share.ndim)) * found).sum(0)


def log_prob(p):
    return lambda x: p.log_prob(ag.tensor(x)).numpy()


def close(found, expected, tolerance=1e-6):
    np.testing.assert_allclose(found, expected, rtol=tolerance, atol=tolerance)


@each
@examples(4)
@given(rng=seeds())
def test_the_probabilities_add_up_to_one_and_give_the_moments_and_the_entropy(name, rng):
    p = made(name, rng)
    assert p.batch_shape == BATCH
    total, mean, square, information = added(
        p, name, lambda x: np.ones(x.shape[: len(BATCH) + 1]), lambda x: x, np.square, log_prob(p)
    )
    close(total, 1)
    if not name.startswith("Categorical"):
        close(mean, p.mean.numpy())
        close(square - mean**2, p.variance.numpy(), 1e-5)
        close(np.sqrt(square - mean**2), p.stddev.numpy(), 1e-5)
    if name != "Poisson":
        close(-information, p.entropy().numpy(), 1e-5)
        close(np.exp(-information), p.perplexity().numpy(), 1e-5)


DIVERGENT = [name for name in FAMILIES if name not in ("Uniform", "Multinomial")]


@pytest.mark.parametrize("name", DIVERGENT)
@examples(4)
@given(rng=seeds())
def test_a_divergence_is_the_mean_difference_of_the_logarithms(name, rng):
    p, q = made(name, rng), made(name, rng)
    (expected,) = added(p, name, lambda x: log_prob(p)(x) - log_prob(q)(x))
    close(d.kl_divergence(p, q).numpy(), expected, 1e-5)
    close(d.kl_divergence(p, p).numpy(), np.zeros(BATCH))


def test_beyond_the_ends_of_a_uniform_is_nothing():
    p, x = d.Uniform(-1.0, 3.0, validate_args=False), ag.tensor([-1.5, -1.0, 0.0, 2.9, 3.0, 4.0])
    assert p.log_prob(x).exp().tolist() == pytest.approx([0, 0.25, 0.25, 0.25, 0, 0])
    assert p.cdf(x).tolist() == pytest.approx([0, 0, 0.25, 0.975, 1, 1])


def test_the_divergence_of_what_the_other_never_gives_is_infinite():
    narrow, wide = d.Uniform(ag.zeros(1), ag.ones(1)), d.Uniform(-ag.ones(1), 3 * ag.ones(1))
    assert d.kl_divergence(narrow, wide).tolist() == pytest.approx([math.log(4)])
    for low, high in ((0.0, 1.0), (-1.0, 0.5), (0.5, 5.0)):  # beyond both ends, and beyond one
        assert d.kl_divergence(wide, d.Uniform(low, high)).tolist() == [math.inf]
    never, maybe, always = (d.Bernoulli(ag.tensor(p)) for p in (0.0, 0.5, 1.0))
    assert d.kl_divergence(maybe, never).item() == d.kl_divergence(maybe, always).item() == math.inf
    assert d.kl_divergence(never, maybe).item() == pytest.approx(math.log(2))
    assert d.kl_divergence(never, never).item() == 0
    two, three = (d.Binomial(n, ag.tensor(0.5)) for n in (2, 3))
    assert d.kl_divergence(three, two).item() == math.inf
    with pytest.raises(NotImplementedError, match="from one with a larger total_count"):
        d.kl_divergence(two, three)
    first, both = d.Categorical(ag.tensor([1.0, 0.0])), d.Categorical(ag.tensor([0.5, 0.5]))
    assert d.kl_divergence(both, first).item() == math.inf
    assert d.kl_divergence(first, both).item() == pytest.approx(math.log(2))


def test_divergences_of_composed_distributions_are_those_of_their_parts():
    a, b = (made("Normal", np.random.default_rng(i)) for i in range(2))
    parts = d.kl_divergence(a, b)
    p, q = d.Independent(a, 1), d.Independent(b, 1)
    close(d.kl_divergence(p, q).numpy(), parts.sum().numpy())
    to = [d.TanhTransform(), d.AffineTransform(1.0, 2.0)]
    p, q = (d.TransformedDistribution(x, to) for x in (a, b))
    close(d.kl_divergence(p, q).numpy(), parts.numpy())
    with pytest.raises(NotImplementedError, match="needs the same transforms"):
        d.kl_divergence(p, d.TransformedDistribution(b, to[:1]))
    with pytest.raises(NotImplementedError, match="needs the same reinterpreted_batch_ndims"):
        d.kl_divergence(d.Independent(a, 1), d.Independent(b, 0))
    with pytest.raises(NotImplementedError, match="divergence of Normal from Gamma"):
        d.kl_divergence(a, d.Gamma(1.0, 1.0))


@pytest.mark.parametrize("name", [name for name in CONTINUOUS if name not in ("Gamma", "Beta")])
@examples(4)
@given(rng=seeds())
def test_cdf_is_the_integral_of_the_density_and_icdf_its_inverse(name, rng):
    p = made(name, rng)
    u = rng.uniform(0.01, 0.99, (7, *BATCH))
    x = p.icdf(ag.tensor(u))
    close(p.cdf(x).numpy(), u)
    values, weight = FAMILIES[name][2](p)
    share = np.exp(p.log_prob(ag.tensor(values)).numpy()) * weight
    for i in range(len(u)):
        at = x.numpy()[i]
        close((share * (values <= at)).sum(0), u[i], 5e-3)  # the last of the steps may reach beyond
    low, high = (p.icdf(ag.full(BATCH, q, dtype=ag.float64)) for q in (0.3, 0.31))
    slope = 0.01 / (high - low).numpy()
    close(p.log_prob((low + high) / 2).exp().numpy(), slope, 2e-2)


@each
@examples(3)
@given(rng=seeds())
def test_the_derivatives_of_log_prob_and_entropy_equal_finite_differences(name, rng):
    make, arrays = drawn(name, rng)
    value = make(*arrays).sample()
    if name.endswith("factor"):
        lower = make
        make = lambda loc, m: lower(loc, m.tril())  # noqa: E731
    elif "MultivariateNormal" in name:
        symmetric = make
        make = lambda loc, m: symmetric(loc, (m + m.mT) / 2)  # noqa: E731
    if name == "Uniform":  # whose limits are not to pass the value
        value = (make(*arrays).low + make(*arrays).high) / 2
    inputs = [ag.tensor(a, requires_grad=True) for a in arrays]
    assert gradcheck(lambda *a: make(*a).log_prob(value), inputs, atol=1e-5, rtol=1e-4)
    if name != "Poisson":
        assert gradcheck(lambda *a: make(*a).entropy(), inputs, atol=1e-5, rtol=1e-4)


WITH_MODE = [name for name in FAMILIES if name not in ("Uniform", "Multinomial")]


@pytest.mark.parametrize("name", WITH_MODE)
@examples(4)
@given(rng=seeds())
def test_nothing_is_more_probable_than_the_mode(name, rng):
    p = made(name, rng)
    values, _ = FAMILIES[name][2](p)
    values = np.broadcast_to(values, (len(values), *p.batch_shape, *p.event_shape))
    at = p.mode
    if name == "Gamma":  # where the density at 0 is infinite
        at = at.clamp(min=1e-300)
    assert (log_prob(p)(values) <= p.log_prob(at).numpy() + 1e-9).all()


def test_a_mode_at_a_corner_or_nowhere():
    assert sorted(d.Dirichlet(ag.tensor([0.5, 0.7, 0.2])).mode.tolist()) == [0.0, 0.0, 1.0]
    assert math.isnan(d.Bernoulli(ag.tensor(0.5)).mode.item()) and math.isnan(d.Uniform(0.0, 1.0).mode.item())


def test_the_three_matrices_of_a_normal_vector_belong_together():
    rng = np.random.default_rng(0)
    for name in VECTORS:
        if name.startswith("Multi"):
            p = made(name, rng)
            sigma = p.covariance_matrix.numpy()
            close(p.scale_tril.numpy() @ p.scale_tril.mT.numpy(), sigma)
            close(p.precision_matrix.numpy() @ sigma, np.broadcast_to(np.eye(2), sigma.shape))
    with pytest.raises(ValueError, match="Exactly one of covariance_matrix or precision_matrix or scale_tril"):
        d.MultivariateNormal(ag.zeros(2), ag.eye(2), ag.eye(2))
    with pytest.raises(ValueError, match="loc must be at least one-dimensional and scale_tril at least two"):
        d.MultivariateNormal(ag.zeros(()), scale_tril=ag.eye(2))
    with pytest.raises(ValueError, match="events of one shape"):
        d.kl_divergence(*(d.MultivariateNormal(ag.zeros(n), ag.eye(n)) for n in (2, 3)))


def test_values_that_cannot_come_are_refused():
    p = made("Gamma", np.random.default_rng(0))
    for value, match in [
        (1.0, "must be a Tensor, not float"),
        (ag.ones(3), "not broadcastable"),
        (-ag.ones(2), "support"),
    ]:
        with pytest.raises(ValueError, match=match):
            p.log_prob(value)
    with pytest.raises(ValueError, match="right-most size of value must match event_shape"):
        made("Dirichlet", np.random.default_rng(0)).log_prob(ag.ones(2, 4))
    with pytest.raises(NotImplementedError, match="the entropy of a Binomial whose total_count varies"):
        d.Binomial(ag.tensor([1, 2]), ag.tensor([0.5, 0.5])).entropy()
    with pytest.raises(NotImplementedError, match="total_count must be an int"):
        d.Multinomial(ag.tensor([1, 2]), ag.ones(2, 3))
    for kind in (d.Categorical, d.Dirichlet):
        with pytest.raises(ValueError, match="parameter must be at least one-dimensional"):
            kind(ag.tensor(1.0))

"""Every distribution beside torch's: densities, moments, quantiles, divergences, and all their gradients."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd as ag
from autograd import distributions as ours

torch = pytest.importorskip("torch")
theirs = torch.distributions
pytestmark = [pytest.mark.filterwarnings("ignore")]


def real(rng, shape):
    return rng.normal(size=shape)


def positive(rng, shape):
    return rng.uniform(0.3, 3, shape)


def probability(rng, shape):
    return rng.uniform(0.05, 0.95, shape)


def classes(rng, shape):
    return rng.uniform(0.1, 1, (*shape, 4))


def vector(rng, shape):
    return rng.normal(size=(*shape, 3))


def triangle(rng, shape):
    return np.tril(rng.normal(size=(*shape, 3, 3)), -1) + np.eye(3) * rng.uniform(0.5, 2, (*shape, 1, 3))


def covariance(rng, shape):
    factor = triangle(rng, shape)
    return factor @ factor.swapaxes(-1, -2)


# The class, and how its parameters are drawn; numbers are passed on as they are.
FAMILIES = {
    "Normal": ("Normal", {"loc": real, "scale": positive}),
    "Laplace": ("Laplace", {"loc": real, "scale": positive}),
    "Gumbel": ("Gumbel", {"loc": real, "scale": positive}),
    "Cauchy": ("Cauchy", {"loc": real, "scale": positive}),
    "StudentT": ("StudentT", {"df": positive, "loc": real, "scale": positive}),
    "HalfNormal": ("HalfNormal", {"scale": positive}),
    "HalfCauchy": ("HalfCauchy", {"scale": positive}),
    "LogNormal": ("LogNormal", {"loc": real, "scale": probability}),
    "LogisticNormal": ("LogisticNormal", {"loc": vector, "scale": lambda rng, shape: positive(rng, (*shape, 3))}),
    "Uniform": ("Uniform", {"low": real, "high": lambda rng, shape: 4 + rng.uniform(size=shape)}),
    "Exponential": ("Exponential", {"rate": positive}),
    "Gamma": ("Gamma", {"concentration": positive, "rate": positive}),
    "Beta": ("Beta", {"concentration1": positive, "concentration0": positive}),
    "Dirichlet": ("Dirichlet", {"concentration": lambda rng, shape: rng.uniform(0.3, 3, (*shape, 4))}),
    "Bernoulli by probs": ("Bernoulli", {"probs": probability}),
    "Bernoulli by logits": ("Bernoulli", {"logits": real}),
    "RelaxedBernoulli by probs": ("RelaxedBernoulli", {"temperature": positive, "probs": probability}),
    "RelaxedBernoulli by logits": ("RelaxedBernoulli", {"temperature": positive, "logits": real}),
    "Binomial by probs": ("Binomial", {"total_count": 5, "probs": probability}),
    "Binomial by logits": ("Binomial", {"total_count": 5, "logits": real}),
    "NegativeBinomial by probs": ("NegativeBinomial", {"total_count": 3, "probs": probability}),
    "NegativeBinomial by logits": ("NegativeBinomial", {"total_count": positive, "logits": real}),
    "LKJCholesky": ("LKJCholesky", {"dim": 4, "concentration": positive}),
    "LKJCholesky of 2": ("LKJCholesky", {"dim": 2, "concentration": positive}),
    "Poisson": ("Poisson", {"rate": positive}),
    "Categorical by probs": ("Categorical", {"probs": classes}),
    "Categorical by logits": ("Categorical", {"logits": classes}),
    "OneHotCategorical": ("OneHotCategorical", {"probs": classes}),
    "OneHotCategoricalStraightThrough": ("OneHotCategoricalStraightThrough", {"probs": classes}),
    "Multinomial by probs": ("Multinomial", {"total_count": 3, "probs": classes}),
    "Multinomial by logits": ("Multinomial", {"total_count": 3, "logits": classes}),
    "MultivariateNormal by covariance": ("MultivariateNormal", {"loc": vector, "covariance_matrix": covariance}),
    "MultivariateNormal by precision": ("MultivariateNormal", {"loc": vector, "precision_matrix": covariance}),
    "MultivariateNormal by factor": ("MultivariateNormal", {"loc": vector, "scale_tril": triangle}),
}


def independent(d, lib, a):
    return d.Independent(d.Normal(a["loc"], a["scale"]), 1)


def squashed(d, lib, a):
    return d.TransformedDistribution(d.Normal(a["loc"], a["scale"]), [d.AffineTransform(0.5, -2.0), d.TanhTransform()])


def logistic(d, lib, a):
    base = d.Uniform(a["loc"] * 0, a["loc"] * 0 + 1)
    return d.TransformedDistribution(base, [d.SigmoidTransform().inv, d.AffineTransform(a["loc"], a["scale"])])


def vectors(d, lib, a):
    affine = d.AffineTransform(a["loc"], a["scale"], event_dim=1)
    return d.TransformedDistribution(
        d.Normal(a["loc"] * 0, a["scale"]), [affine, d.ComposeTransform([d.ExpTransform()])]
    )


def mixture(d, lib, a):
    return d.MixtureSameFamily(d.Categorical(logits=a["loc"].sin()), d.Normal(a["loc"], a["scale"]))


def mixture_of_vectors(d, lib, a):
    loc, scale = (lib.stack([a[key], a[key] + 1], -2) for key in ("loc", "scale"))
    return d.MixtureSameFamily(d.Categorical(probs=a["scale"][..., :2]), d.Independent(d.Normal(loc, scale), 1))


COMPOSED = [independent, squashed, logistic, vectors, mixture, mixture_of_vectors]
NAMES = [*FAMILIES, *[f.__name__ for f in COMPOSED]]


def pair(name, shape, seed, dtype="float64"):
    """The same distribution of both libraries, and the parameters that have a gradient."""
    rng = np.random.default_rng(seed)
    if name in FAMILIES:
        kind, draws = FAMILIES[name]
        values = {key: draw(rng, shape) if callable(draw) else draw for key, draw in draws.items()}
        make = lambda d, lib, a: getattr(d, kind)(**a)  # noqa: E731
    else:
        shape = (*shape, 3)
        values = {"loc": real(rng, shape), "scale": positive(rng, shape)}
        make = next(f for f in COMPOSED if f.__name__ == name)
    arrays = {key: np.asarray(v).astype(dtype) for key, v in values.items() if not isinstance(v, int)}
    sides = []
    for d, lib in ((ours, ag), (theirs, torch)):
        leaves = {key: lib.tensor(array, requires_grad=True) for key, array in arrays.items()}
        sides.append((make(d, lib, {**values, **leaves}), list(leaves.values())))
    return sides


def same(a, b, rtol=1e-6, atol=1e-8):
    assert tuple(a.shape) == tuple(b.shape) and str(a.dtype) == str(b.dtype).removeprefix("torch.")
    np.testing.assert_allclose(a.detach().numpy(), b.detach().numpy(), rtol=rtol, atol=atol)


def outcome(function, side):
    try:
        return function(side)
    except NotImplementedError:
        return None


def same_with_gradients(a, b, our_leaves, their_leaves, **tolerance):
    same(a, b, **tolerance)
    assert a.requires_grad == b.requires_grad
    if a.requires_grad and bool(torch.isfinite(b).all()):
        found = ag.grad(a.sum(), our_leaves, retain_graph=True, allow_unused=True)
        wanted = torch.autograd.grad(b.sum(), their_leaves, retain_graph=True, allow_unused=True)
        for x, y in zip(found, wanted, strict=True):
            x, y = (None if g is None else g.detach().numpy() for g in (x, y))
            if x is not None or y is not None:
                np.testing.assert_allclose(0 if x is None else x, 0 if y is None else y, **tolerance)


cases = given(shape=st.sampled_from([(), (1,), (3,), (2, 3)]), seed=st.integers(0, 10_000))
few = settings(max_examples=10, deadline=None)


@pytest.mark.parametrize("name", NAMES)
@few
@cases
def test_shapes_moments_and_entropy_are_torchs(name, shape, seed):
    (a, our_leaves), (b, their_leaves) = pair(name, shape, seed)
    assert a.batch_shape == tuple(b.batch_shape) and a.event_shape == tuple(b.event_shape)
    assert a.has_rsample == b.has_rsample
    for what in ("mean", "variance", "stddev", "mode", "entropy", "perplexity"):
        x, y = (outcome(lambda d, what=what: getattr(d, what), d) for d in (a, b))
        if callable(y):
            x, y = outcome(lambda d: d(), x), outcome(lambda d: d(), y)
        assert (x is None) == (y is None), what
        if y is not None:
            same_with_gradients(x, y, our_leaves, their_leaves, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("name", NAMES)
@few
@cases
def test_densities_are_torchs_with_gradients_by_the_parameters_and_the_value(name, shape, seed):
    (a, our_leaves), (b, their_leaves) = pair(name, shape, seed)
    torch.manual_seed(seed)
    value = b.sample((2,))
    mine = ag.tensor(value.numpy())
    if value.is_floating_point() and b.has_rsample:
        value.requires_grad_(), mine.requires_grad_()
    x, y = a.log_prob(mine), b.log_prob(value)
    leaves = ([*our_leaves, mine], [*their_leaves, value]) if value.requires_grad else (our_leaves, their_leaves)
    same_with_gradients(x, y, *leaves, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("name", NAMES)
@few
@cases
def test_cumulative_probabilities_and_quantiles_are_torchs(name, shape, seed):
    (a, our_leaves), (b, their_leaves) = pair(name, shape, seed)
    torch.manual_seed(seed)
    value = b.sample((2,))
    quantile = torch.rand(2, *b.batch_shape, dtype=torch.float64)
    calls = [("cdf", value)] * (name != "Gamma") + [("icdf", quantile)] * (not b.event_shape)
    for what, at in calls:
        mine = ag.tensor(at.numpy())
        x = outcome(lambda d, what=what, at=mine: getattr(d, what)(at), a)
        y = outcome(lambda d, what=what, at=at: getattr(d, what)(at), b)
        assert (x is None) == (y is None), what
        if y is not None:
            same_with_gradients(x, y, our_leaves, their_leaves, rtol=1e-5, atol=1e-8)


@pytest.mark.parametrize("name", NAMES)
@few
@cases
def test_divergences_are_torchs(name, shape, seed):
    (p, our_p), (r, their_p) = pair(name, shape, seed)
    (q, our_q), (s, their_q) = pair(name, shape, seed + 1)
    x, y = outcome(lambda d: ours.kl_divergence(*d), (p, q)), outcome(lambda d: theirs.kl_divergence(*d), (r, s))
    assert (x is None) == (y is None)
    if y is not None:
        same_with_gradients(x, y, our_p + our_q, their_p + their_q, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("shape", [(), (3,)])
@pytest.mark.parametrize("name", NAMES)
def test_float32_stays_float32(name, shape):
    (a, _), (b, _) = pair(name, shape, 0, "float32")
    value = b.sample((2,))
    mine = ag.tensor(value.numpy())
    assert str(a.sample((2,)).dtype) == str(value.dtype).removeprefix("torch.")
    assert a.sample((2,)).shape == tuple(value.shape) and a.sample().shape == tuple(b.sample().shape)
    same(a.log_prob(mine), b.log_prob(value), rtol=2e-4, atol=2e-4)


@pytest.mark.parametrize("name", NAMES)
def test_an_expanded_distribution_is_the_same_for_more_elements(name):
    (a, _), (b, _) = pair(name, (1,), 3)
    a, b = a.expand((5, *a.batch_shape)), b.expand((5, *b.batch_shape))
    value = b.sample()
    assert a.batch_shape == tuple(b.batch_shape) and a.sample().shape == tuple(value.shape)
    same(a.log_prob(ag.tensor(value.numpy())), b.log_prob(value))


@pytest.mark.parametrize(
    "source",
    [
        "d.Normal(t.zeros(2), t.tensor([1.0, -1.0]))",
        "d.Normal('a', 1.0)",
        "d.Categorical()",
        "d.MixtureSameFamily(d.Normal(t.zeros(3), 1.0), d.Normal(t.zeros(3), 1.0))",
        "d.MixtureSameFamily(d.Categorical(t.ones(2)), d.Normal(t.zeros(3), 1.0))",
        "d.Categorical(probs=t.ones(2), logits=t.ones(2))",
        "d.Categorical(probs=t.tensor(1.0))",
        "d.Categorical(probs=t.tensor([0.5, -0.5]))",
        "d.Categorical(logits=t.tensor([0.5, float('nan')]))",
        "d.Categorical(probs=t.ones(3)).log_prob(t.tensor(3))",
        "d.Bernoulli(1.5)",
        "d.Bernoulli(0.5).log_prob(t.tensor(0.3))",
        "d.Uniform(1.0, 0.0)",
        "d.Uniform(0.0, 1.0).log_prob(t.tensor(2.0))",
        "d.Gamma(1.0, 1.0).log_prob(t.tensor(-2.0))",
        "d.Normal(t.zeros(2), 1.0).log_prob(t.zeros(3))",
        "d.Normal(0.0, 1.0).log_prob(1.0)",
        "d.Dirichlet(t.ones(3)).log_prob(t.ones(3))",
        "d.Dirichlet(t.ones(3)).log_prob(t.ones(2) / 2)",
        "d.Dirichlet(t.tensor(1.0))",
        "d.MultivariateNormal(t.zeros(2), t.tensor([[1.0, 2.0], [2.0, 1.0]]))",
        "d.MultivariateNormal(t.zeros(2), scale_tril=t.ones(2, 2))",
        "d.MultivariateNormal(t.zeros(2))",
        "d.Independent(d.Normal(t.zeros(2), 1.0), 2)",
        "d.Multinomial(2, t.ones(3)).log_prob(t.tensor([2.0, 2.0, 0.0]))",
        "d.Multinomial(t.tensor([2.0, 3.0]), t.ones(2, 3))",
        "d.OneHotCategorical(t.ones(3)).log_prob(t.tensor([1.0, 1.0, 0.0]))",
        "d.TransformedDistribution(d.Normal(0.0, 1.0), ['a'])",
        "d.kl_divergence(d.Normal(0.0, 1.0), d.Poisson(1.0))",
        "d.Poisson(1.0).rsample()",
        "d.Poisson(1.0).cdf(t.ones(1))",
        "d.Binomial(t.tensor([1.0, 2.0]), t.ones(2)).entropy()",
        "d.AffineTransform(0.0, 1.0, cache_size=2)",
    ],
)
def test_what_torch_refuses_is_refused_with_the_same_kind_of_error(source):
    with pytest.raises(Exception) as error:
        eval(source, {"t": torch, "d": theirs})
    with pytest.raises(error.type if error.type in (ValueError, NotImplementedError) else RuntimeError):
        eval(source, {"t": ag, "d": ours})


EDGES = """
d.Bernoulli(t.tensor([0.0, 1.0, 0.5])).log_prob(t.tensor([0.0, 1.0, 1.0]))
d.Bernoulli(t.tensor([0.0, 1.0, 0.5])).log_prob(t.tensor([1.0, 0.0, 0.0]))
d.Bernoulli(t.tensor([0.0, 1.0])).entropy() | d.Bernoulli(t.tensor([0.5, 0.2])).mode
d.Bernoulli(logits=t.tensor([-200.0, 200.0])).log_prob(t.tensor([1.0, 0.0]))
d.Categorical(t.tensor([0.0, 1.0, 1.0])).log_prob(t.arange(3)) | d.Categorical(t.tensor([0.0, 1.0, 1.0])).entropy()
d.Categorical(logits=t.tensor([-INF, 0.0, 0.0])).entropy()
d.Categorical(logits=t.tensor([-INF, 0.0, 0.0])).log_prob(t.arange(3))
d.Poisson(t.tensor([0.0, 0.0, 2.0])).log_prob(t.tensor([0.0, 1.0, 1.0]))
d.Binomial(4, t.tensor([0.0, 1.0, 0.5])).log_prob(t.tensor([0.0, 4.0, 2.0]))
d.Binomial(t.tensor([1, 4]), t.tensor([0.5, 0.5])).log_prob(t.tensor([1.0, 4.0]))
d.Binomial(4, logits=t.tensor([-200.0, 200.0])).log_prob(t.tensor([0.0, 4.0]))
d.Multinomial(2, t.tensor([0.0, 1.0])).log_prob(t.tensor([0.0, 2.0]))
d.Multinomial(2, logits=t.tensor([-INF, 1.0])).log_prob(t.tensor([0.0, 2.0]))
d.Gamma(t.tensor([1.0, 2.0]), 1.0).log_prob(t.tensor([0.0, 0.0])) | d.Exponential(1.0).log_prob(t.tensor(0.0))
d.Beta(t.tensor([1.0, 2.0]), 1.0).log_prob(t.tensor([0.0, 1.0])) | d.Uniform(0.0, 1.0).log_prob(t.tensor([0.0, 1.0]))
d.Beta(t.tensor([0.5, 2.0]), 0.5).mode | d.Dirichlet(t.tensor([[0.5, 0.7], [0.5, 2.0], [3.0, 2.0]])).mode
d.Normal(0.0, 1.0).icdf(t.tensor([0.0, 0.5, 1.0])) | d.Laplace(0.0, 1.0).cdf(t.tensor([-50.0, 0.0, 50.0]))
d.kl_divergence(d.Bernoulli(t.tensor([0.0, 1.0, 0.5])), d.Bernoulli(t.tensor([0.0, 0.0, 1.0])))
d.kl_divergence(d.Categorical(t.tensor([0.0, 1.0])), d.Categorical(t.tensor([1.0, 1.0])))
d.kl_divergence(d.Categorical(t.tensor([1.0, 1.0])), d.Categorical(t.tensor([0.0, 1.0])))
d.kl_divergence(d.Uniform(t.tensor([0.0, 1.0]), 2.0), d.Uniform(0.5, 2.0))
d.kl_divergence(d.Binomial(5, t.tensor(0.5)), d.Binomial(4, t.tensor(0.5)))
d.Categorical(t.ones(2, 3)).log_prob(t.tensor([[0, 1], [2, 0], [1, 1]]))
d.Normal(t.zeros(3), 1.0).log_prob(t.zeros(2, 1))
d.Normal(0, 1).log_prob(t.tensor(1)) | d.Normal(t.tensor(0), t.tensor(2)).mean | d.Normal(t.zeros(2), 2).scale
d.MultivariateNormal(t.zeros(3, 2), t.eye(2)).log_prob(t.ones(4, 3, 2))
d.MultivariateNormal(t.zeros(2), t.eye(2).expand(3, 2, 2)).mean
d.kl_divergence(d.MultivariateNormal(t.zeros(3, 2), t.eye(2)), d.MultivariateNormal(t.ones(2), 2 * t.eye(2)))
d.kl_divergence(d.MultivariateNormal(t.zeros(1), t.eye(1)), d.MultivariateNormal(t.ones(3, 1), t.ones(3, 1, 1)))
d.Dirichlet(t.ones(3)).expand((2,)).mean | d.Uniform(t.zeros(1), 1.0).expand((2,)).support.upper_bound
d.TransformedDistribution(d.Normal(t.zeros(1), 1.0), d.AffineTransform(t.zeros(3), 2.0)).batch_shape
d.LogNormal(t.zeros(2), 1.0).expand((3, 2)).mean
d.Independent(d.Normal(t.zeros(2, 3), 1.0), 1).expand((4, 2)).entropy()
d.SigmoidTransform()(t.tensor([-200.0, 200.0])) | d.TanhTransform().log_abs_det_jacobian(t.tensor(9.0), t.tensor(1.0))
d.ComposeTransform([d.ExpTransform(), d.AffineTransform(1.0, 2.0)]).inv(t.tensor(3.0))
"""


@pytest.mark.parametrize("source", [s.strip() for s in EDGES.replace("\n", "|").split("|") if s.strip()])
def test_at_the_edges_the_numbers_are_torchs(source):
    names = {"INF": float("inf")}
    wanted, found = (eval(source, {"t": lib, "d": d, **names}) for lib, d in ((torch, theirs), (ag, ours)))
    if isinstance(wanted, torch.Tensor):
        np.testing.assert_allclose(found.numpy(), wanted.numpy(), rtol=2e-5, atol=1e-6)
        assert str(wanted.dtype).removeprefix("torch.") == str(found.dtype)
    else:
        assert tuple(found) == tuple(wanted)


@pytest.mark.parametrize(
    "source",
    [
        "d.Normal(0.0, 1.0)",
        "d.Normal(t.zeros(2), 1.0)",
        "d.Categorical(t.ones(3))",
        "d.Bernoulli(logits=t.zeros(2))",
        "d.MultivariateNormal(t.zeros(2), t.eye(2))",
        "d.Independent(d.Normal(t.zeros(2), 1.0), 1)",
        "d.Gamma(1.0, 2.0).support",
        "d.Normal.support",
        "d.constraints.real_vector",
        "d.Dirichlet(t.ones(2)).support",
    ],
)
def test_distributions_are_shown_as_by_torch(source):
    plain = lambda text: text.replace("torch.", "").replace(".0", ".")  # noqa: E731
    assert plain(repr(eval(source, {"t": ag, "d": ours}))) == plain(repr(eval(source, {"t": torch, "d": theirs})))


@given(c=st.floats(1, 2000), seed=st.integers(0, 1000))
@settings(max_examples=100, deadline=None)
def test_the_derivative_of_a_gamma_number_is_torchs(c, seed):
    rng = np.random.default_rng(seed)
    z = np.maximum(rng.standard_gamma(c, 20), 1e-300)
    concentration = torch.full((20,), c, dtype=torch.float64)
    wanted = torch._standard_gamma_grad(concentration, torch.from_numpy(z))
    found = ours.gamma_samples.implicit_derivative(ag.as_tensor(concentration.numpy()), ag.as_tensor(z))
    np.testing.assert_allclose(found.numpy(), wanted.numpy(), rtol=2e-3)  # torch's is an approximation

"""Samples against the densities that they should have, and derivatives of samples."""

import math
import pickle

import numpy as np
import pytest

import autograd as ag
from autograd import distributions as d

N = 4000
UNIVARIATE = {
    "Normal": lambda: d.Normal(1.0, 2.0),
    "Laplace": lambda: d.Laplace(-1.0, 0.5),
    "Gumbel": lambda: d.Gumbel(1.0, 0.5),
    "StudentT": lambda: d.StudentT(5.0, 1.0, 0.5),
    "HalfNormal": lambda: d.HalfNormal(1.5),
    "RelaxedBernoulli": lambda: d.RelaxedBernoulli(ag.tensor(2.0), probs=0.3),
    "LogNormal": lambda: d.LogNormal(0.1, 0.4),
    "Uniform": lambda: d.Uniform(-1.0, 3.0),
    "MixtureSameFamily": lambda: d.MixtureSameFamily(
        d.Categorical(ag.tensor([0.2, 0.8])), d.Normal(ag.tensor([-2.0, 1.0]), ag.tensor([0.5, 1.0]))
    ),
    "Exponential": lambda: d.Exponential(1.7),
    "Gamma": lambda: d.Gamma(2.5, 0.7),
    "Gamma of a small concentration": lambda: d.TransformedDistribution(d.Gamma(0.05, 1.0), d.ExpTransform().inv),
    "Beta": lambda: d.Beta(1.5, 3.0),
    "a decreasing transform": lambda: d.TransformedDistribution(
        d.Normal(0.0, 1.0), [d.AffineTransform(0.5, -0.6), d.TanhTransform()]
    ),
}
DISCRETE = {
    "Bernoulli": lambda: d.Bernoulli(0.3),
    "Binomial": lambda: d.Binomial(6, ag.tensor(0.4)),
    "Poisson": lambda: d.Poisson(2.5),
    "NegativeBinomial": lambda: d.NegativeBinomial(1.5, probs=0.4),
    "Categorical": lambda: d.Categorical(logits=ag.tensor([0.1, 1.0, -1.0, 0.0])),
}
VECTORS = {
    "Dirichlet": lambda: d.Dirichlet(ag.tensor([0.4, 2.0, 1.0])),
    "MultivariateNormal": lambda: d.MultivariateNormal(ag.tensor([1.0, -1.0]), ag.tensor([[2.0, 0.8], [0.8, 1.0]])),
    "Multinomial": lambda: d.Multinomial(5, ag.tensor([0.2, 0.3, 0.5])),
    "OneHotCategorical": lambda: d.OneHotCategorical(ag.tensor([0.2, 0.3, 0.5])),
    "OneHotCategoricalStraightThrough": lambda: d.OneHotCategoricalStraightThrough(ag.tensor([0.2, 0.3, 0.5])),
    "Independent": lambda: d.Independent(d.Gamma(ag.tensor([1.0, 3.0]), 2.0), 1),
}


@pytest.mark.parametrize("name", UNIVARIATE)
def test_samples_have_the_density_that_log_prob_gives(name):
    ag.manual_seed(0)
    distribution = UNIVARIATE[name]()
    x = np.sort(distribution.sample((N,)).double().numpy())
    grid = np.linspace(x[0] - 1e-3, x[-1] + 1e-3, 20_001)
    values = ag.as_tensor(np.clip(grid, 1e-6, 1 - 1e-6) if x[0] >= 0 and x[-1] <= 1 else grid)
    with np.errstate(all="ignore"):
        density = np.nan_to_num(np.exp(type(distribution).log_prob(unchecked(distribution), values).numpy()), nan=0)
    cumulative = np.cumsum(density) * (grid[1] - grid[0])
    assert cumulative[-1] == pytest.approx(1, abs=0.02)
    kolmogorov_smirnov = np.abs(np.interp(x, grid, cumulative) - np.arange(N) / N).max()
    assert kolmogorov_smirnov < 2.5 / math.sqrt(N) + 0.01  # one in 10^5 for samples of this density


@pytest.mark.parametrize(("dim", "concentration"), [(2, 1.0), (4, 0.7), (3, 3.0)])
def test_the_correlations_of_lkj_are_those_of_its_density(dim, concentration):
    ag.manual_seed(0)
    factors = d.LKJCholesky(dim, concentration).sample((20_000,))
    assert d.LKJCholesky(dim, concentration).support.check(factors).all()
    correlations = (factors @ factors.mT).numpy()
    np.testing.assert_allclose(np.diagonal(correlations, axis1=-2, axis2=-1), 1, atol=1e-5)
    spread = 1 / (2 * (concentration + dim / 2 - 1) + 1)  # of 2 Beta(a, a) - 1, a = concentration + dim / 2 - 1
    for i, j in zip(*np.tril_indices(dim, -1)):
        assert abs(correlations[:, i, j].mean()) < 0.02
        assert correlations[:, i, j].var() == pytest.approx(spread, rel=0.04)


def test_a_correlation_matrix_has_two_dims_at_least():
    with pytest.raises(ValueError, match="dim to be an integer greater than or equal to 2, got 1"):
        d.LKJCholesky(1)


def unchecked(distribution):
    """The distribution without checks: the grid reaches beyond the support."""
    for part in (distribution, getattr(distribution, "base_dist", distribution)):
        part._validate_args = False
    return distribution


@pytest.mark.parametrize(
    "make",
    [
        d.Dirichlet,
        lambda c: d.MultivariateNormal(c, ag.diag_embed(c)),
        lambda c: d.Categorical(probs=c),
        lambda c: d.OneHotCategorical(probs=c),
        lambda c: d.Independent(d.Gamma(c, 2 * c), 1),
    ],
)
def test_the_entropies_of_a_batch_are_those_of_its_rows(make):
    rows = ag.tensor([[0.4, 2.0, 1.0], [1.5, 0.7, 3.0]])
    assert make(rows).entropy().tolist() == pytest.approx([make(row).entropy().item() for row in rows], rel=1e-5)


@pytest.mark.parametrize("name", [*UNIVARIATE, *DISCRETE, *VECTORS])
def test_has_rsample_says_whether_there_are_samples_with_a_derivative(name):
    distribution = (UNIVARIATE | DISCRETE | VECTORS)[name]()
    if distribution.has_rsample:
        assert distribution.rsample().shape == distribution.sample().shape
    else:
        with pytest.raises(NotImplementedError):
            distribution.rsample()
    assert distribution.has_rsample == (
        name not in [*DISCRETE, "Multinomial", "OneHotCategorical", "MixtureSameFamily"]
    )


@pytest.mark.parametrize("name", DISCRETE)
def test_each_number_comes_as_often_as_log_prob_says(name):
    ag.manual_seed(0)
    distribution = DISCRETE[name]()
    counts = np.bincount(distribution.sample((N,)).long().numpy())
    expected = N * distribution.log_prob(ag.arange(len(counts))).exp().numpy()
    np.testing.assert_array_less(np.abs(counts - expected), 5 * np.sqrt(expected) + 1)


@pytest.mark.parametrize("name", [*UNIVARIATE, *[k for k in DISCRETE if k != "Categorical"], *VECTORS])
def test_samples_have_the_mean_and_variance(name):
    ag.manual_seed(1)
    distribution = (UNIVARIATE | DISCRETE | VECTORS)[name]()
    try:
        mean, variance = distribution.mean.numpy(), distribution.variance.numpy()
    except NotImplementedError:
        return
    x = distribution.sample((N,)).numpy()
    assert np.all(np.abs(x.mean(0) - mean) < 5 * np.sqrt(variance / N))
    np.testing.assert_allclose(x.var(0), variance, rtol=0.25)


def test_vectors_have_the_covariance():
    ag.manual_seed(0)
    distribution = VECTORS["MultivariateNormal"]()
    found = np.cov(distribution.sample((N,)).numpy(), rowvar=False)
    np.testing.assert_allclose(found, distribution.covariance_matrix.numpy(), atol=0.15)


# Each made of one tensor of three positive numbers.
REPARAMETERISED = {
    "Normal": lambda p: d.Normal(p[0], p[1]),
    "Laplace": lambda p: d.Laplace(p[0], p[1]),
    "Gumbel": lambda p: d.Gumbel(p[0], p[1]),
    "StudentT": lambda p: d.StudentT(5.0, p[1], p[2]),
    "HalfCauchy": lambda p: d.HalfCauchy(p[0]),
    "RelaxedBernoulli": lambda p: d.RelaxedBernoulli(p[0], logits=p[1]),
    "LogNormal": lambda p: d.LogNormal(p[0], p[1]),
    "Uniform": lambda p: d.Uniform(p[0], p[0] + p[1]),
    "Exponential": lambda p: d.Exponential(p[0]),
    "MultivariateNormal": lambda p: d.MultivariateNormal(p, scale_tril=ag.eye(3, dtype=ag.float64) * p),
    "Independent": lambda p: d.Independent(d.Normal(p, p), 1),
    "transforms": lambda p: d.TransformedDistribution(d.Normal(p, p), [d.AffineTransform(p, -p), d.TanhTransform()]),
}


@pytest.mark.parametrize("name", REPARAMETERISED)
def test_the_derivative_of_a_sample_is_that_for_the_same_noise(name):
    def drawn(array):
        ag.manual_seed(3)
        return REPARAMETERISED[name](array).rsample((5,)).sum()

    p = ag.tensor([0.7, 1.1, 0.4], dtype=ag.float64, requires_grad=True)
    (found,) = ag.grad(drawn(p), [p])
    for i in range(3):
        step = np.zeros(3)
        step[i] = 1e-6
        with ag.no_grad():
            difference = (drawn(p + ag.as_tensor(step)) - drawn(p - ag.as_tensor(step))).item() / 2e-6
        assert found[i].item() == pytest.approx(difference, rel=1e-5, abs=1e-7)


@pytest.mark.parametrize("c", [0.05, 0.6, 1.0, 3.0, 40.0])
def test_the_mean_derivative_of_gamma_numbers_is_that_of_their_mean(c):
    ag.manual_seed(0)
    concentration = ag.full((20_000,), c, dtype=ag.float64, requires_grad=True)
    numbers = d.Gamma(concentration, 1.0).rsample()
    numbers.sum().backward()  # d E[z] / dc = 1
    first = concentration.grad.numpy()
    assert abs(first.mean() - 1) < 5 * first.std() / math.sqrt(20_000)
    assert np.isfinite(first).all()


def test_the_mean_derivative_of_dirichlet_numbers_is_that_of_their_mean():
    ag.manual_seed(0)
    c = ag.tensor([0.3, 1.0, 2.5], dtype=ag.float64, requires_grad=True)
    (found,) = ag.grad(d.Dirichlet(c).rsample((20_000,)).mean(0)[0], [c])
    (exact,) = ag.grad(d.Dirichlet(c).mean[0], [c])
    np.testing.assert_allclose(found.numpy(), exact.numpy(), atol=0.03)
    (beta,) = ag.grad(d.Beta(c[:1], c[2:]).rsample((20_000,)).mean(), [c])
    (exact,) = ag.grad(d.Beta(c[:1], c[2:]).mean.sum(), [c])
    np.testing.assert_allclose(beta.numpy(), exact.numpy(), atol=0.03)


def test_tiny_concentrations_give_corners_and_finite_derivatives():
    ag.manual_seed(0)
    c = ag.full((2,), 1e-3, requires_grad=True)
    x = d.Dirichlet(c).rsample((1000,))
    assert x.isfinite().all() and ag.allclose(x.sum(-1), ag.ones(1000))
    assert 350 < (x[:, 0] > 0.99).sum() < 650 and (x.max(-1).values > 0.99).float().mean() > 0.95
    (g,) = ag.grad(x[:, 0].sum(), [c])
    assert g.isfinite().all()


def test_sample_has_no_history_and_rsample_one():
    p = ag.ones(2, requires_grad=True)
    normal = d.Normal(p, p)
    assert normal.rsample().requires_grad and not normal.sample().requires_grad
    assert not d.Bernoulli(p / 2).sample().requires_grad
    assert d.Normal(0.0, 1.0).sample_n(3).shape == (3,) and d.Normal(0.0, 1.0).sample().shape == ()
    assert d.Categorical(ag.ones(2, 3)).sample((0,)).shape == (0, 2)


def test_the_same_seed_gives_the_same_samples():
    def samples():
        ag.manual_seed(5)
        return [make().sample((3,)).tolist() for make in (UNIVARIATE | DISCRETE | VECTORS).values()]

    assert samples() == samples()


def test_policy_gradients_reach_the_logits():
    logits = ag.zeros(3, requires_grad=True)
    policy = d.Categorical(logits=logits)
    (-policy.log_prob(ag.tensor(1)) * 2.0).backward()
    np.testing.assert_allclose(logits.grad.numpy(), [2 / 3, -4 / 3, 2 / 3], rtol=1e-6)


def test_checks_can_be_switched_off():
    d.Normal(0.0, -1.0, validate_args=False)
    d.Distribution.set_default_validate_args(False)
    try:
        d.Normal(0.0, -1.0)
    finally:
        d.Distribution.set_default_validate_args(True)
    with pytest.raises(ValueError, match="Expected parameter scale .* GreaterThan.lower_bound=0.0.*invalid values"):
        d.Normal(0.0, -1.0)


def test_an_inverse_remembers_where_its_value_came_from():
    x = ag.tensor([2.0])
    for tanh, exact in ((d.TanhTransform(cache_size=1), True), (d.TanhTransform(), False)):
        assert (tanh.inv(tanh(x)) is x) == exact
    assert d.TanhTransform().with_cache()._cache_size == 1
    base = d.Normal(ag.zeros(1), 1.0)
    squashed = d.TransformedDistribution(base, [d.TanhTransform(cache_size=1)])
    action = squashed.rsample()
    assert squashed.log_prob(action).isfinite().all()


def test_transforms_are_equal_if_their_parameters_are():
    assert d.ExpTransform() == d.ExpTransform() != d.TanhTransform()
    assert d.AffineTransform(0.0, 2.0) == d.AffineTransform(0.0, 2.0) != d.AffineTransform(0.0, 1.0)
    assert d.ComposeTransform([d.ExpTransform()]) == d.ComposeTransform([d.ExpTransform()])
    assert d.ExpTransform().inv == d.ExpTransform().inv and d.ExpTransform().inv.inv == d.ExpTransform()


class Doubled(d.Normal):
    """A user's subclass."""


def test_a_divergence_is_that_of_the_nearest_registered_classes():
    p = Doubled(0.0, 1.0)
    before = d.kl_divergence(p, d.Normal(1.0, 1.0)).item()
    assert before == pytest.approx(0.5)
    d.register_kl(Doubled, d.Normal)(lambda p, q: ag.tensor(7.0))
    assert d.kl_divergence(p, p).item() == 7 and d.kl_divergence(d.Normal(0.0, 1.0), p).item() == 0
    with pytest.raises(NotImplementedError, match="no formula for the divergence of Doubled from Poisson"):
        d.kl_divergence(p, d.Poisson(1.0))


def test_a_users_transform_and_distribution_need_only_their_formulas():
    class Cube(d.Transform):
        domain = codomain = d.constraints.real
        bijective = True

        def _call(self, x):
            return x**3

        def _inverse(self, y):
            return y.sign() * y.abs() ** (1 / 3)

        def log_abs_det_jacobian(self, x, y):
            return (3 * x * x).log()

    class Triangle(d.Distribution):
        arg_constraints = {"width": d.constraints.positive}
        has_rsample = True

        def __init__(self, width, validate_args=None):
            (self.width,) = d.utils.broadcast_all(width)
            super().__init__(self.width.shape, validate_args=validate_args)

        @d.constraints.dependent_property(is_discrete=False, event_dim=0)
        def support(self):
            return d.constraints.interval(0, self.width)

        def expand(self, batch_shape, _instance=None):
            new = self._get_checked_instance(Triangle, _instance)
            new.width = self.width.expand(batch_shape)
            d.Distribution.__init__(new, batch_shape, validate_args=False)
            return new

        def rsample(self, sample_shape=()):
            return self.width * ag.rand(self._extended_shape(sample_shape)).sqrt()

        def log_prob(self, value):
            self._validate_sample(value)
            return (2 * value / self.width**2).log()

    cubes = d.TransformedDistribution(Triangle(ag.tensor(2.0)).expand((3,)), Cube())
    x = cubes.sample((4,))
    expected = (2 * x ** (1 / 3) / 4).log() - (3 * x ** (2 / 3)).log()
    np.testing.assert_allclose(cubes.log_prob(x).numpy(), expected.numpy(), rtol=1e-4)
    with pytest.raises(NotImplementedError, match="Triangle has no entropy"):
        Triangle(1.0).entropy()
    with pytest.raises(ValueError, match="within the support"):
        Triangle(1.0).log_prob(ag.tensor(2.0))


def test_a_distribution_can_be_pickled():
    normal = pickle.loads(pickle.dumps(d.Normal(ag.zeros(2), 1.0)))
    assert normal.log_prob(ag.zeros(2)).shape == (2,)


@pytest.mark.parametrize("parameter", ["probs", "logits"])
def test_a_straight_through_sample_is_one_hot_and_has_the_gradient_of_the_probabilities(parameter):
    ag.manual_seed(0)
    leaf = ag.tensor([[0.5, 0.2, 0.3], [0.1, 0.1, 0.8]], requires_grad=True)
    weights = ag.tensor([[[2.0, 7.0, 5.0], [1.0, 3.0, 4.0]]])
    distribution = d.OneHotCategoricalStraightThrough(**{parameter: leaf})
    sample = distribution.rsample((4,))
    np.testing.assert_allclose(np.sort(sample.detach().numpy(), -1), np.broadcast_to([0, 0, 1], (4, 2, 3)), atol=1e-6)
    (found,) = ag.grad((sample * weights).sum(), leaf, retain_graph=True)
    (expected,) = ag.grad(4 * (distribution.probs * weights).sum(), leaf)
    np.testing.assert_allclose(found.numpy(), expected.numpy(), rtol=1e-6)

"""Transforms of random values, distributions made of them, and dims of the batch that join the event."""

import numpy as np
import pytest
from hypothesis import given

import autograd as ag
from autograd import distributions as d
from autograd.testing import seeds
from tests.properties.calls import examples

BATCH = (2,)


def normal(rng):
    return d.Normal(ag.tensor(rng.normal(size=BATCH)), ag.tensor(rng.uniform(0.3, 2, BATCH)))


TRANSFORMS = {
    "exp": d.ExpTransform(),
    "tanh": d.TanhTransform(),
    "sigmoid": d.SigmoidTransform(),
    "affine": d.AffineTransform(0.5, -2.0),
    "affine of tensors": d.AffineTransform(*ag.tensor([[0.5, 1.0], [-2.0, 3.0]], dtype=ag.float64)),
    "an inverse": d.SigmoidTransform().inv,
    "several": d.ComposeTransform([d.AffineTransform(1.0, 0.3), d.TanhTransform(), d.AffineTransform(0.0, 2.0)]),
    "several of one event": d.ComposeTransform([d.AffineTransform(1.0, 0.3, event_dim=1), d.ExpTransform()]),
    "none": d.ComposeTransform([]),
}


@pytest.mark.parametrize("cached", [False, True])
@pytest.mark.parametrize("name", TRANSFORMS)
@examples(5)
@given(rng=seeds())
def test_a_transform_has_its_inverse_and_its_derivative(name, cached, rng):
    t = TRANSFORMS[name].with_cache() if cached and name != "an inverse" else TRANSFORMS[name]
    x = ag.tensor(rng.uniform(0.1, 0.9, (3, 2)), requires_grad=True)
    y = t(x)
    assert t.domain.check(x).all() and t.codomain.check(y).all() and t.bijective
    np.testing.assert_allclose(t.inv(y).detach().numpy(), x.detach().numpy(), rtol=1e-10)
    assert t.inv.inv is t and t.forward_shape((2,)) == (2,)
    if cached and name != "an inverse":
        assert t.inv(y) is x and t(x) is y
        copied = y.detach().clone()
        assert t.inv(copied) is t.inv(copied) is not x and t(t.inv(copied)) is copied
    elif name not in ("none", "an inverse"):
        assert t(x) is not y and t.inv(y) is not x
    (slope,) = ag.grad(y.sum(), [x])
    expected = np.log(np.abs(slope.numpy()))
    expected = expected.sum(-1) if "event" in name else expected
    np.testing.assert_allclose(t.log_abs_det_jacobian(x, y).detach().numpy(), expected, rtol=1e-9, atol=1e-9)
    back = t.inv.log_abs_det_jacobian(y, x)
    np.testing.assert_allclose(back.detach().numpy(), -expected, rtol=1e-9, atol=1e-9)
    sign = t.sign.numpy() if isinstance(t.sign, ag.Tensor) else t.sign
    np.testing.assert_array_equal(np.sign(slope.numpy()), np.broadcast_to(sign, x.shape))


@pytest.mark.parametrize("scale", [2.0, -2.0])
@given(rng=seeds())
def test_quantiles_pass_through_transforms(scale, rng):
    base = normal(rng)
    p = d.TransformedDistribution(base, [d.AffineTransform(0.5, scale), d.ExpTransform()])
    u = ag.tensor(rng.uniform(0.01, 0.99, (5, *BATCH)))
    x = p.icdf(u)
    np.testing.assert_allclose(p.cdf(x).numpy(), u.numpy(), rtol=1e-9)
    same = base.icdf(u if scale > 0 else 1 - u)
    np.testing.assert_allclose(x.numpy(), np.exp(0.5 + scale * same.numpy()), rtol=1e-9)


@examples(10)
@given(rng=seeds())
def test_breaking_a_stick_gives_probabilities_has_its_inverse_and_the_determinant_of_its_jacobian(rng):
    t, x = d.StickBreakingTransform(), ag.tensor(rng.normal(size=(2, 3)))
    y = t(x)
    assert t.codomain.check(y).all() and y.shape == t.forward_shape((2, 3)) and t.inv.forward_shape(y.shape) == (2, 3)
    np.testing.assert_allclose(t.inv(y), x, rtol=1e-9, atol=1e-9)
    jacobians = [ag.autograd.functional.jacobian(lambda row: t(row)[:-1], row) for row in x]
    expected = [np.linalg.slogdet(jacobian.numpy())[1] for jacobian in jacobians]
    np.testing.assert_allclose(t.log_abs_det_jacobian(x, y), expected, rtol=1e-9)
    assert t(ag.zeros(4)).tolist() == pytest.approx([0.2] * 5)


@pytest.mark.parametrize("last", [d.ExpTransform(), d.SigmoidTransform(), d.AffineTransform(0.0, 2.0)])
def test_joined_transforms_lead_from_the_first_domain_to_the_last_codomain(last):
    joined = d.ComposeTransform([d.ExpTransform().inv, last])
    y = ag.tensor([-1.0, 0.5, 2.0])
    assert joined.domain.check(y).tolist() == [False, True, True]
    assert joined.codomain.check(y).tolist() == last.codomain.check(y).tolist()


def test_distributions_expand_and_independent_dims_join_the_event():
    p = normal(np.random.default_rng(0))
    x = ag.tensor(np.random.default_rng(1).normal(size=(4, *BATCH)))
    joined = d.Independent(p, 1)
    assert (joined.batch_shape, joined.event_shape) == ((), BATCH)
    np.testing.assert_allclose(joined.log_prob(x).numpy(), p.log_prob(x).sum(-1).numpy())
    np.testing.assert_allclose(joined.entropy().numpy(), p.entropy().sum().numpy())
    for moment in ("mean", "mode", "variance", "stddev"):
        assert getattr(joined, moment).tolist() == getattr(p, moment).tolist()
    assert joined.expand((3,)).rsample((5,)).shape == (5, 3, *BATCH)
    to = d.TransformedDistribution(p, d.ExpTransform()).expand((3, *BATCH))
    assert to.sample((5,)).shape == (5, 3, *BATCH) and to.sample_n(2).shape == (2, 3, *BATCH)
    with pytest.raises(ValueError, match="reinterpreted_batch_ndims=2 exceeds the dims of the batch shape"):
        d.Independent(p, 2)
    with pytest.raises(ValueError, match="transforms must be a Transform or a list"):
        d.TransformedDistribution(p, [ag.exp])
    with pytest.raises(ValueError, match="cache_size must be 0 or 1, got 2"):
        d.ExpTransform(cache_size=2)

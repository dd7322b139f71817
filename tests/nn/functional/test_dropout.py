"""Dropout of channels, alpha dropout and the Gumbel softmax: what is random has the right law, the rest is exact."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd as ag
import nn
import nn.functional as F
from tests.properties.calls import examples

# the shapes that a layer takes, and how many dims hold one number for each channel
CHANNELS = {
    "dropout1d": [((4, 3), 1), ((5, 4, 3), 2)],
    "dropout2d": [((5, 4), 2), ((5, 4, 3), 2), ((5, 4, 2, 3), 2)],
    "dropout3d": [((4, 2, 3, 2), 1), ((5, 4, 2, 1, 3), 2)],
}


@pytest.mark.parametrize("name", CHANNELS)
@examples(20)
@given(data=st.data())
def test_channels_are_dropped_as_a_whole_and_the_others_scaled(name, data):
    shape, dims = data.draw(st.sampled_from(CHANNELS[name]))
    p = data.draw(st.sampled_from([0.2, 0.5, 0.75]))
    x = ag.ones(shape, requires_grad=True)
    out = getattr(F, name)(x, p)
    channels = out.detach().numpy().reshape(*shape[:dims], -1)
    assert (channels == channels[..., :1]).all()
    assert set(np.round(channels.reshape(-1) * (1 - p), 5)) <= {0.0, 1.0}
    out.sum().backward()
    np.testing.assert_array_equal(x.grad.numpy(), out.detach().numpy())


@pytest.mark.parametrize("name", ["Dropout1d", "Dropout2d", "Dropout3d", "AlphaDropout"])
def test_nothing_is_dropped_in_evaluation_and_all_at_one(name):
    x = ag.randn(3, 4, 5, 2, 2) if name == "Dropout3d" else ag.randn(3, 4, 5)
    assert getattr(nn, name)(0.7).eval()(x) is x
    assert not getattr(nn, name)(1.0)(x).numpy().any()


def test_channels_are_dropped_with_the_given_probability():
    ag.manual_seed(0)
    kept = F.dropout2d(ag.ones(100, 100, 2, 2), 0.3).numpy()[..., 0, 0] > 0
    assert abs(kept.mean() - 0.7) < 0.02


@pytest.mark.parametrize("p", [0.1, 0.5, 0.9])
def test_alpha_dropout_keeps_mean_and_variance(p):
    ag.manual_seed(0)
    x = ag.randn(400_000, dtype=ag.float64)
    out = F.alpha_dropout(x, p, training=True).numpy()
    assert abs(out.mean()) < 0.01 and abs(out.var() - 1) < 0.02
    values, counts = np.unique(out, return_counts=True)
    assert abs(counts.max() / out.size - p) < 0.01  # what is dropped has one value, the limit of selu, scaled


def test_hard_samples_of_the_gumbel_softmax_are_one_hot_with_the_soft_gradient():
    ag.manual_seed(0)
    logits = ag.tensor([[1.0, -0.5, 0.3]], requires_grad=True)
    many = logits.expand(20_000, 3)
    hard = F.gumbel_softmax(many, tau=0.7, hard=True)
    rows = np.round(hard.detach().numpy(), 5)
    assert ((rows == 0) | (rows == 1)).all() and (rows.sum(1) == 1).all()
    np.testing.assert_allclose(rows.mean(0), logits.softmax(-1).detach().numpy()[0], atol=0.02)
    weights = ag.tensor([[3.0, 1.0, -2.0]])
    ag.manual_seed(1)
    (F.gumbel_softmax(many, hard=True) * weights).sum().backward()
    found, logits.grad = logits.grad.numpy(), None
    ag.manual_seed(1)
    (F.gumbel_softmax(many) * weights).sum().backward()
    np.testing.assert_allclose(found, logits.grad.numpy(), rtol=1e-5)

"""The adaptive softmax: probabilities of all classes, the loss, and what it refuses."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd as ag
import nn
from autograd import gradcheck
from tests.properties.calls import examples


@st.composite
def layers(draw):
    """A layer in float64, an input for it, and targets."""
    bounds = sorted(draw(st.sets(st.integers(1, 9), min_size=2, max_size=4)))
    layer = nn.AdaptiveLogSoftmaxWithLoss(6, bounds[-1] + 1, bounds[:-1], draw(st.sampled_from([1.0, 2.0]))).double()
    rng = np.random.default_rng(draw(st.integers(0, 99)))
    for p in layer.parameters():
        p.data = ag.tensor(rng.standard_normal(p.shape))
    n = draw(st.integers(1, 4))
    return layer, ag.tensor(rng.standard_normal((n, 6))), ag.tensor(rng.integers(0, bounds[-1] + 1, n))


@examples(25)
@given(layers())
def test_the_probabilities_of_all_classes_are_one_and_the_loss_is_that_of_the_targets(drawn):
    layer, x, y = drawn
    every = layer.log_prob(x)
    np.testing.assert_allclose(every.exp().sum(1).detach().numpy(), 1)
    output, loss = layer(x, y)
    expected = [every[i, k].item() for i, k in enumerate(y.tolist())]
    np.testing.assert_allclose(output.detach().numpy(), expected)
    assert loss.item() == pytest.approx(-np.mean(expected))
    assert layer(x[0], y[0]).output.item() == pytest.approx(expected[0])
    assert [every[i, k].item() for i, k in enumerate(layer.predict(x).tolist())] == every.amax(1).tolist()


@examples(5)
@given(layers())
def test_the_gradients_of_the_loss_are_those_of_finite_differences(drawn):
    layer, x, y = drawn
    weights = [layer.head.weight, layer.tail[-1][1].weight]
    assert gradcheck(lambda *_: layer(x[:2], y[:2]).loss, [x.requires_grad_(), *weights])


@pytest.mark.parametrize("cutoffs", [[], [0, 3], [3, 2], [2, 2], [2, 10], [1.5]])
def test_cutoffs_must_increase_between_the_first_class_and_the_last(cutoffs):
    with pytest.raises(ValueError, match="cutoffs must be increasing whole numbers"):
        nn.AdaptiveLogSoftmaxWithLoss(4, 10, cutoffs)


def test_targets_must_be_classes_and_one_a_row():
    layer = nn.AdaptiveLogSoftmaxWithLoss(4, 10, [2, 5])
    with pytest.raises(RuntimeError, match="from 0 to 9, got 3 to 10"):
        layer(ag.ones(2, 4), ag.tensor([3, 10]))
    with pytest.raises(ValueError, match=r"shapes \[2, 4\] and \[3\]"):
        layer(ag.ones(2, 4), ag.tensor([3, 1, 2]))

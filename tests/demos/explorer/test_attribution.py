"""Attributions add up to what they explain, gradients are those of finite differences, changes lead to the target."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import nn
from autograd import as_tensor, manual_seed
from demos.explorer import attribution
from models.mlp import MLP, MLPConfig


def network(seed: int, sizes: tuple[int, ...], activation: str = "tanh") -> nn.Module:
    manual_seed(seed)
    return MLP(MLPConfig(sizes, activation)).double().requires_grad_(False)


seeds = st.integers(0, 1000)
pictures = st.integers(0, 1000).map(lambda seed: np.random.default_rng(seed).uniform(0, 1, 9))


@given(seeds, pictures, st.integers(0, 3))
def test_log_odds_are_those_of_the_probability(seed, picture, target):
    logits = network(seed, (9, 5, 4))(as_tensor(picture[None]))
    p = logits.softmax(dim=-1).array[0, target]
    np.testing.assert_allclose(attribution.log_odds(logits, target).array, [np.log(p / (1 - p))], rtol=1e-9)


@given(seeds, pictures, st.integers(0, 3))
@settings(max_examples=30)
def test_the_input_gradient_is_that_of_finite_differences(seed, picture, target):
    model, h = network(seed, (9, 5, 4)), 1e-6
    moved = picture + h * np.concatenate([np.eye(9), -np.eye(9)])
    up, down = np.split(attribution.log_odds(model(as_tensor(moved)), target).array, 2)
    found = attribution.input_gradient(model, picture[None], target)[0]
    np.testing.assert_allclose(found, (up - down) / (2 * h), rtol=1e-5, atol=1e-7)


@given(seeds, pictures, st.integers(0, 3))
@settings(max_examples=30)
def test_integrated_gradients_add_up_to_the_difference_from_the_blank_picture(seed, picture, target):
    found = attribution.integrated_gradients(network(seed, (9, 5, 4)), picture, target)
    difference = found.picture - found.blank
    np.testing.assert_allclose(found.contributions.sum(), difference, rtol=1e-3, atol=1e-4)
    assert (found.contributions[picture == 0] == 0).all()


@given(seeds, pictures)
def test_of_a_linear_model_with_two_answers_they_are_weight_times_ink(seed, picture):
    model = network(seed, (9, 2))
    weights = model.layers[0].weight.array
    found = attribution.integrated_gradients(model, picture, 1, steps=3).contributions
    np.testing.assert_allclose(found, picture * (weights[1] - weights[0]), atol=1e-12)


@given(seeds, pictures, st.integers(0, 3), st.booleans())
@settings(max_examples=30)
def test_changes_stay_in_range_go_in_short_steps_and_end_at_the_target(seed, picture, target, smooth):
    steps = [*attribution.changes(network(seed, (9, 5, 4), "relu"), picture, target, smooth, 30)]
    assert (steps[0].picture == picture).all()
    for before, after in zip(steps, steps[1:]):
        assert 0 <= after.picture.min() and after.picture.max() <= 1
        assert np.linalg.norm(after.picture - before.picture) <= attribution.STRENGTH + 1e-9
        assert before.probabilities[target] < 0.9
    assert len(steps) <= 31 and all(np.isclose(step.probabilities.sum(), 1) for step in steps)


@given(seeds, pictures)
def test_each_step_makes_the_target_of_a_linear_model_likelier(seed, picture):
    steps = [*attribution.changes(network(seed, (9, 2)), picture, 1, False, 10)]
    assert all(np.diff([step.probabilities[1] for step in steps]) >= -1e-12)


def test_blurring_keeps_what_there_is_and_spreads_it():
    image = np.zeros((9, 9))
    image[4, 4] = 1
    found = attribution.blurred(image.reshape(-1)).reshape(9, 9)
    assert found.sum() == pytest.approx(1) and (found == found.T).all() and (found == found[::-1]).all()
    assert found[4, 4] == pytest.approx((6 / 16) ** 2) and found[2, 2] == pytest.approx(1 / 256)
    assert not found[1].any()

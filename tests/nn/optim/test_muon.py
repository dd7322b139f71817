"""Muon against its formula, where a step by the singular values of the momentum stands for the iterations."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd as ag
import nn
from nn import optim
from tests.properties.calls import examples

SHAPES = st.sampled_from([(3, 3), (2, 5), (6, 2), (1, 4)])
SEEDS = st.integers(0, 2**32 - 1)
A, B, C = 3.4445, -4.775, 2.0315


def orthogonalised(matrix, times=5):
    """Each singular value s, of a matrix of norm 1, made nearly 1: `times` times a s + b s^3 + c s^5."""
    u, s, vt = np.linalg.svd(matrix / np.linalg.norm(matrix), full_matrices=False)
    for _ in range(times):
        s = A * s + B * s**3 + C * s**5
    return u * s @ vt


SCALES = {
    None: lambda rows, columns: math.sqrt(max(1, rows / columns)),
    "original": lambda rows, columns: math.sqrt(max(1, rows / columns)),
    "match_rms_adamw": lambda rows, columns: 0.2 * math.sqrt(max(rows, columns)),
}


@pytest.mark.parametrize("nesterov", [True, False])
@pytest.mark.parametrize("adjust", SCALES)
@examples(10)
@given(seed=SEEDS, shape=SHAPES)
def test_steps_equal_the_formula(adjust, nesterov, seed, shape):
    rng = np.random.default_rng(seed)
    p = nn.Parameter(ag.tensor(rng.normal(size=shape)))
    optimizer = optim.Muon([p], lr=0.1, weight_decay=0.2, momentum=0.9, nesterov=nesterov, adjust_lr_fn=adjust)
    value, buffer = p.detach().numpy().copy(), 0
    for _ in range(3):
        g = rng.normal(size=shape)
        p.grad = ag.tensor(g)
        optimizer.step()
        buffer = 0.9 * buffer + 0.1 * g
        step = orthogonalised(0.9 * buffer + 0.1 * g if nesterov else buffer)
        value = value * (1 - 0.1 * 0.2) - 0.1 * SCALES[adjust](*shape) * step
        np.testing.assert_allclose(p.detach().numpy(), value, rtol=1e-7, atol=1e-9)


@examples(10)
@given(seed=SEEDS, shape=SHAPES)
def test_a_step_has_singular_values_near_one(seed, shape):
    g = np.random.default_rng(seed).normal(size=shape)
    p = nn.Parameter(ag.zeros(*shape, dtype=ag.float64))
    p.grad = ag.tensor(g)
    optim.Muon([p], lr=1.0, ns_steps=8).step()
    s = np.linalg.svd(p.detach().numpy() / SCALES[None](*shape), compute_uv=False)
    assert s.max() < 1.25 and s[np.linalg.svd(g, compute_uv=False) > 1e-2].min() > 0.6


def test_a_saved_optimiser_goes_on_as_if_nothing_had_happened():
    rng = np.random.default_rng(0)
    gradients = [ag.tensor(rng.normal(size=(2, 3))) for _ in range(4)]
    ends = []
    for resumed in (False, True):
        p = nn.Parameter(ag.ones(2, 3, dtype=ag.float64))
        optimizer = optim.Muon([p])
        for i, g in enumerate(gradients):
            if resumed and i == 2:
                state, optimizer = optimizer.state_dict(), optim.Muon([p])
                optimizer.load_state_dict(state)
            p.grad = g
            optimizer.step()
        ends.append(p.detach().numpy())
    np.testing.assert_array_equal(*ends)


def test_what_makes_no_sense_is_named():
    with pytest.raises(ValueError, match=r"Muon needs matrices, got a parameter of shape \(3,\)"):
        optim.Muon([nn.Parameter(ag.ones(3))])
    with pytest.raises(ValueError, match="'original' or 'match_rms_adamw', got 'adam'"):
        optim.Muon([nn.Parameter(ag.ones(3, 3))], adjust_lr_fn="adam")
    with pytest.raises(ValueError, match="momentum"):
        optim.Muon([nn.Parameter(ag.ones(3, 3))], momentum=-1)

"""Complex parameters are optimised as the pairs of real numbers that they are."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd as ag
import nn
from nn import optim
from tests.properties.calls import examples

OPTIMISERS = [
    (optim.SGD, {"momentum": 0.9, "weight_decay": 0.1}),
    (optim.Adam, {"weight_decay": 0.1, "amsgrad": True}),
    *((kind, {}) for kind in (optim.AdamW, optim.Adamax, optim.NAdam, optim.RAdam, optim.Adagrad, optim.Adadelta)),
    *((kind, {}) for kind in (optim.Rprop, optim.ASGD, optim.LBFGS)),
    (optim.RMSprop, {"centered": True, "momentum": 0.5}),
]


def run(kind, options, param, target, steps, state=None):
    """The optimiser after steps towards the target."""
    optimiser = kind([param], lr=0.01, **options)
    if state is not None:
        optimiser.load_state_dict(state)

    def closure():
        optimiser.zero_grad()
        loss = (param - target).abs().square().sum() + (param * param.detach()).abs().square().sum()
        loss.backward()
        return loss

    for _ in range(steps):
        optimiser.step(closure)
    return optimiser


def pairs(z):
    return ag.view_as_real(z.detach()).numpy()


@pytest.mark.parametrize(("kind", "options"), OPTIMISERS, ids=lambda value: getattr(value, "__name__", ""))
@examples(10)
@given(st.integers(0, 2**32 - 1), st.sampled_from([(3,), (2, 3), ()]))
def test_a_complex_parameter_takes_the_steps_of_its_pairs_and_its_state_can_be_loaded(kind, options, seed, shape):
    start, goal = np.random.default_rng(seed).normal(size=(2, *shape, 2))

    def complex_param():
        return nn.Parameter(ag.view_as_complex(ag.tensor(start)))

    def of_pairs(param):  # the loss of `run`, of the same numbers
        optimiser = kind([param], lr=0.01, **options)

        def closure():
            optimiser.zero_grad()
            z, fixed = param.square().sum(-1), param.detach().square().sum(-1)
            loss = (param - ag.tensor(goal)).square().sum() + (z * fixed).sum()
            loss.backward()
            return loss

        for _ in range(4):
            optimiser.step(closure)

    real, z = nn.Parameter(ag.tensor(start)), complex_param()
    target = ag.view_as_complex(ag.tensor(goal))
    of_pairs(real)
    halfway = run(kind, options, z, target, 2)
    run(kind, options, z, target, 2, halfway.state_dict())
    np.testing.assert_allclose(pairs(z), real.detach().numpy(), rtol=1e-6, atol=1e-8)


def test_the_norm_of_complex_gradients_is_that_of_their_absolute_values():
    z = nn.Parameter(ag.tensor([3 + 4j, 0j]))
    z.grad = z.detach().clone()
    total = nn.utils.clip_grad_norm_([z], 1.0)
    assert total.item() == 5 and total.dtype == ag.float32 and abs(z.grad.abs().sum().item() - 1) < 1e-5

"""Torch's older order of arguments, the number before the tensors, which optimisers of older papers write."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd as ag


@given(st.floats(-2, 2), st.integers(0, 2**32 - 1))
def test_the_number_may_come_before_the_tensors(number, seed):
    x, y, z = (ag.tensor(row) for row in np.random.default_rng(seed).uniform(0.5, 1, (3, 4)))
    assert x.clone().add_(number, y).equal(x.clone().add_(y, alpha=number))
    assert x.sub(number, y).equal(x.sub(y, alpha=number))
    assert ag.addcmul(x, number, y, z).equal(ag.addcmul(x, y, z, value=number))
    assert x.clone().addcdiv_(number, y, z).equal(x.clone().addcdiv_(y, z, value=number))


@given(st.floats(-2, 2), st.floats(-2, 2), st.integers(0, 2**32 - 1))
def test_the_factors_may_come_before_the_matrices(beta, alpha, seed):
    x, y, z = (ag.tensor(rows) for rows in np.random.default_rng(seed).uniform(0.5, 1, (3, 2, 2)))
    assert x.clone().addmm_(beta, alpha, y, z).equal(x.addmm(y, z, beta=beta, alpha=alpha))
    x, y, z = x[None], y[None], z[None]
    assert x.clone().baddbmm_(beta, alpha, y, z).equal(x.baddbmm(y, z, beta=beta, alpha=alpha))


@given(st.floats(-2, 2), st.sampled_from(["add", "sub"]), st.integers(0, 2**32 - 1))
def test_a_factor_may_be_a_tensor_of_no_dims(number, name, seed):
    x, y = (ag.tensor(row, requires_grad=True) for row in np.random.default_rng(seed).uniform(0.5, 1, (2, 4)))
    found, expected = (getattr(x, name)(y, alpha=alpha) for alpha in (ag.tensor(number, dtype=ag.float64), number))
    assert found.equal(expected)
    for a, b in zip(*(ag.grad((out * out).sum(), (x, y)) for out in (found, expected))):
        assert a.equal(b)


def test_a_derivative_by_the_tensor_is_not_lost_in_silence():
    with pytest.raises(TypeError, match="write add.tensor, alpha=number"):
        ag.ones(3).add(0.5, ag.ones(3, requires_grad=True))
    with pytest.raises(TypeError, match="must be a number"):
        ag.ones(3).sub(ag.ones(3), alpha=ag.tensor(2.0, requires_grad=True))
    x, parameter = ag.ones(3), ag.full((3,), 2.0, requires_grad=True)
    with ag.no_grad():  # nothing is lost
        assert x.add_(0.5, parameter).tolist() == [2, 2, 2] and x.sub(0.5, parameter).tolist() == [1, 1, 1]

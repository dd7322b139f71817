"""NumPy and tensors together: arrays on the left, functions without a rule. See tests/properties/test_numpy.py."""

import numpy as np
import pytest

import autograd as ag

RNG = np.random.default_rng(0)
X, Y = RNG.uniform(0.2, 0.8, (3, 4)), RNG.uniform(0.2, 0.8, (3, 4))

MIXED = {
    "array + tensor": lambda y: X + y,
    "array * tensor": lambda y: X * y,
    "array - tensor": lambda y: X - y,
    "array / tensor": lambda y: X / y,
    "array @ tensor": lambda y: X.T @ y,
    "number of NumPy * tensor": lambda y: np.float64(2.5) * y,
    "array ** tensor": lambda y: X**y,
}


@pytest.mark.parametrize("name", MIXED)
def test_an_array_on_the_left_leaves_the_operation_to_the_tensor(name):
    y = ag.tensor(Y, requires_grad=True)
    out = MIXED[name](y)
    assert isinstance(out, ag.Tensor)
    np.testing.assert_allclose(out.detach().numpy(), MIXED[name](Y), rtol=1e-12)
    assert ag.gradcheck(MIXED[name], y)


@pytest.mark.parametrize("f", [np.ndim, np.shape, np.size])
def test_questions_about_the_shape_are_answered(f):
    assert f(ag.tensor(X, requires_grad=True)) == f(X)


@pytest.mark.parametrize(
    "f", [np.isnan, np.isfinite, np.sign, np.floor, np.argmax, lambda x: x > 0.5, lambda x: X > x, np.argsort]
)
def test_what_has_no_derivative_works_all_the_same(f):
    np.testing.assert_array_equal(f(ag.tensor(X, requires_grad=True)).detach().numpy(), f(X))


@pytest.mark.parametrize("f", [np.fft.fft, np.median, np.linalg.cond, np.gradient, np.unwrap, np.cbrt])
def test_a_function_without_a_rule_is_an_error_where_a_gradient_is_wanted_and_plain_numpy_where_not(f):
    square = X[:, :3]
    argument = ag.tensor(square, requires_grad=True)
    with pytest.raises(TypeError, match="no derivative rule here.*detach"):
        f(argument)
    with ag.no_grad():
        np.testing.assert_allclose(np.asarray(f(argument.detach())), f(square))


def test_an_array_cannot_be_written_to_through_numpy():
    x = ag.tensor(X, requires_grad=True)
    with pytest.raises(TypeError, match="np.add cannot write a tensor into an ndarray"):
        np.add(X, x, out=np.zeros((3, 4)))
    with pytest.raises(TypeError, match="np.add.reduce is not supported"):
        np.add.reduce(x)


def test_an_array_plus_equals_a_tensor_with_gradient_is_an_error():
    array = X.copy()
    with pytest.raises(TypeError):
        array += ag.tensor(X, requires_grad=True)
    np.testing.assert_array_equal(array, X)


def test_asarray_shares_and_array_copies():
    x = ag.tensor(X)
    assert np.asarray(x) is x.array and not np.shares_memory(np.array(x), x.array)
    assert np.asarray(x, np.float32).dtype == np.float32

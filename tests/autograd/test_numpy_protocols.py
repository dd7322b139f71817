"""NumPy's own functions on tensors: NumPy's numbers, recorded where they have a rule, an error where they have none."""

import numpy as np
import pytest

import autograd as ag

RNG = np.random.default_rng(0)
X, Y = RNG.uniform(0.2, 0.8, (3, 4)), RNG.uniform(0.2, 0.8, (3, 4))

FUNCTIONS = {
    "np.add": lambda x, y: np.add(x, y),
    "np.subtract": lambda x, y: np.subtract(x, y),
    "np.multiply": lambda x, y: np.multiply(x, y),
    "np.divide": lambda x, y: np.divide(x, y),
    "np.power": lambda x, y: np.power(x, y),
    "np.exp": lambda x, y: np.exp(x),
    "np.log": lambda x, y: np.log(x),
    "np.sqrt": lambda x, y: np.sqrt(x),
    "np.tanh": lambda x, y: np.tanh(x),
    "np.sin": lambda x, y: np.sin(x),
    "np.arcsin": lambda x, y: np.arcsin(x),
    "np.abs": lambda x, y: np.abs(x),
    "np.maximum": lambda x, y: np.maximum(x, y),
    "np.matmul": lambda x, y: np.matmul(x, y.T),
    "np.dot": lambda x, y: np.dot(x[0], y[0]),
    "np.outer": lambda x, y: np.outer(x[0], y[0]),
    "np.einsum": lambda x, y: np.einsum("ij,kj->ik", x, y),
    "np.tensordot": lambda x, y: np.tensordot(x, y, ([0], [0])),
    "np.sum": lambda x, y: np.sum(x, axis=1),
    "np.sum, keepdims": lambda x, y: np.sum(x, axis=(0, 1), keepdims=True),
    "np.mean": lambda x, y: np.mean(x, axis=0),
    "np.var": lambda x, y: np.var(x, axis=1),
    "np.std with ddof": lambda x, y: np.std(x, axis=1, ddof=1),
    "np.prod": lambda x, y: np.prod(x, axis=1),
    "np.max": lambda x, y: np.max(x, axis=1),
    "np.min": lambda x, y: np.min(x),
    "np.cumsum": lambda x, y: np.cumsum(x, axis=1),
    "np.linalg.norm": lambda x, y: np.linalg.norm(x, axis=1),
    "np.reshape": lambda x, y: np.reshape(x, (4, 3)),
    "np.transpose": lambda x, y: np.transpose(x),
    "np.transpose, axes": lambda x, y: np.transpose(x, (1, 0)),
    "np.swapaxes": lambda x, y: np.swapaxes(x, 0, 1),
    "np.moveaxis": lambda x, y: np.moveaxis(x, 0, 1),
    "np.expand_dims": lambda x, y: np.expand_dims(x, 1),
    "np.squeeze": lambda x, y: np.squeeze(x[None]),
    "np.concatenate": lambda x, y: np.concatenate([x, y], axis=1),
    "np.stack": lambda x, y: np.stack([x, y], axis=1),
    "np.where": lambda x, y: np.where(X > 0.5, x, y),
    "np.clip": lambda x, y: np.clip(x, 0.3, 0.6),
    "np.flip": lambda x, y: np.flip(x, 1),
    "np.roll": lambda x, y: np.roll(x, 1, 0),
    "np.tril": lambda x, y: np.tril(x),
    "np.tile": lambda x, y: np.tile(x, (2, 1)),
    "np.broadcast_to": lambda x, y: np.broadcast_to(x, (2, 3, 4)),
    "np.diagonal": lambda x, y: np.diagonal(x),
    "np.logaddexp": lambda x, y: np.logaddexp(x, y),
    "np.hstack": lambda x, y: np.hstack([x, y]),
    "np.vstack": lambda x, y: np.vstack([x, y[0]]),
    "np.ravel": lambda x, y: np.ravel(x),
    "np.repeat": lambda x, y: np.repeat(x, 2, axis=1),
    "np.diag": lambda x, y: np.diag(x[0]),
    "np.trace": lambda x, y: np.trace(x),
    "np.flip, axis": lambda x, y: np.flip(x, axis=0),
    "np.expand_dims, axis": lambda x, y: np.expand_dims(x, axis=0),
    "np.roll, axis": lambda x, y: np.roll(x, shift=1, axis=1),
    "np.transpose, axes by name": lambda x, y: np.transpose(x, axes=(1, 0)),
    "np.square": lambda x, y: np.square(x),
    "np.take_along_axis": lambda x, y: np.take_along_axis(x, np.array([[0], [1], [0]]), 1),
    "array + tensor": lambda x, y: X + y,
    "array * tensor": lambda x, y: X * y,
    "array - tensor": lambda x, y: X - y,
    "array / tensor": lambda x, y: X / y,
    "array @ tensor": lambda x, y: X.T @ y,
    "number of NumPy * tensor": lambda x, y: np.float64(2.5) * y,
    "array ** tensor": lambda x, y: X**y,
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_of_numpy_gives_its_numbers_and_is_recorded(name):
    f = FUNCTIONS[name]
    x, y = ag.tensor(X, requires_grad=True), ag.tensor(Y, requires_grad=True)
    out = f(x, y)
    assert isinstance(out, ag.Tensor)
    np.testing.assert_allclose(out.detach().numpy(), f(X, Y), rtol=1e-12)
    assert ag.gradcheck(lambda x, y: f(x, y), (x, y))


@pytest.mark.parametrize("f", [np.ndim, np.shape, np.size])
def test_questions_about_the_shape_are_answered(f):
    assert f(ag.tensor(X, requires_grad=True)) == f(X)


@pytest.mark.parametrize(
    "f", [np.isnan, np.isfinite, np.sign, np.floor, np.argmax, lambda x: x > 0.5, lambda x: X > x, np.argsort]
)
def test_what_has_no_derivative_works_all_the_same(f):
    np.testing.assert_array_equal(f(ag.tensor(X, requires_grad=True)).detach().numpy(), f(X))


@pytest.mark.parametrize("f", [np.fft.fft, np.median, np.linalg.inv, np.gradient, np.unwrap, np.cbrt, np.hypot])
def test_a_function_without_a_rule_is_an_error_where_a_gradient_is_wanted_and_plain_numpy_where_not(f):
    square = X[:, :3]
    arguments = (ag.tensor(square, requires_grad=True),) * (2 if f is np.hypot else 1)
    with pytest.raises(TypeError, match="no derivative rule here.*detach"):
        f(*arguments)
    with ag.no_grad():
        np.testing.assert_allclose(np.asarray(f(*[a.detach() for a in arguments])), f(*[square] * len(arguments)))


def test_an_array_cannot_be_written_to_through_numpy():
    x = ag.tensor(X, requires_grad=True)
    with pytest.raises(TypeError, match="np.add cannot write a tensor into an ndarray"):
        np.add(X, x, out=np.zeros((3, 4)))
    with pytest.raises(TypeError, match="np.add.reduce is not there"):
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

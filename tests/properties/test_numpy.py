"""NumPy's functions called with tensors: every one that the table serves gives what NumPy gives for the arrays."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd import Tensor, grad, tensor
from autograd.ops import NUMPY
from tests.properties.calls import examples, is_float
from tests.properties.cases import CASES

X = np.array([[3.0, -1.0, 2.5], [0.5, 4.0, -2.0]])
Y = np.array([[1.0, 2.0, -0.5], [-1.5, 0.25, 3.0]])
V = np.array([2.0, -1.0, 0.5])
UNKNOWN = np.where(X > 0, X, np.nan)
SQUARE = X[:, :2]
ORDER = np.array([[2, 0, 1], [1, 1, 0]])

REDUCTIONS = [((X,), {}), ((X, 1), {}), ((X,), {"axis": 0, "keepdims": True}), ((X,), {"axis": (0, 1)})]
ONE_AXIS = [((X,), {}), ((X, 1), {}), ((X,), {"axis": 0, "keepdims": True})]
TRIANGLES = [((X,), {}), ((X, 1), {}), ((X,), {"k": -1})]

CALLS: dict[Any, list] = {
    np.where: [((X > 1, X, Y), {}), ((X > 1, X, 0.0), {})],
    np.copy: [((X,), {})],
    np.round: [((X,), {}), ((X,), {"decimals": 1})],
    np.sum: REDUCTIONS,
    np.mean: REDUCTIONS,
    np.max: REDUCTIONS,
    np.amax: REDUCTIONS,
    np.min: REDUCTIONS,
    np.amin: REDUCTIONS,
    np.prod: REDUCTIONS,
    np.any: REDUCTIONS,
    np.all: REDUCTIONS,
    np.var: [*REDUCTIONS, ((X,), {"ddof": 1})],
    np.std: [*REDUCTIONS, ((X,), {"axis": 1, "ddof": 1})],
    np.linalg.norm: [((X,), {}), ((X,), {"axis": 1}), ((V, 1), {}), ((V, np.inf), {}), ((X, 2, 0, True), {})],
    np.cumsum: [((X, 1), {}), ((V,), {"axis": 0})],
    np.cumprod: [((X, 1), {}), ((V,), {"axis": 0})],
    np.argmax: ONE_AXIS,
    np.argmin: ONE_AXIS,
    np.count_nonzero: [((X,), {}), ((X,), {"axis": 1})],
    np.reshape: [((X, (3, 2)), {}), ((X, (-1,)), {})],
    np.transpose: [((X,), {}), ((X, (1, 0)), {}), ((X,), {"axes": (0, 1)})],
    np.swapaxes: [((X, 0, 1), {}), ((X,), {"axis1": -1, "axis2": 0})],
    np.matrix_transpose: [((np.stack([X, Y]),), {})],
    np.moveaxis: [((X, 0, 1), {}), ((X, (0, 1), (1, 0)), {})],
    np.squeeze: [((X[:1],), {}), ((X[:1],), {"axis": 0})],
    np.expand_dims: [((X, 1), {}), ((X,), {"axis": -1}), ((X, (0, -1)), {})],
    np.broadcast_to: [((V, (2, 3)), {})],
    np.concatenate: [(((X, Y),), {}), (((X, Y), 1), {}), (([X, Y],), {"axis": -1})],
    np.stack: [(((X, Y),), {}), (((X, Y), 1), {}), (([X, Y],), {"axis": -1})],
    np.flip: [((X,), {}), ((X, 1), {}), ((X,), {"axis": (0, 1)})],
    np.roll: [((X, 1), {}), ((X, 1, 1), {}), ((X,), {"shift": (1, 2), "axis": (0, 1)})],
    np.tril: TRIANGLES,
    np.triu: TRIANGLES,
    np.tile: [((V, 2), {}), ((X, (2, 1)), {})],
    np.take_along_axis: [((X, ORDER, 1), {}), ((X, ORDER), {"axis": 1})],
    np.argsort: [((X,), {}), ((X,), {"axis": 0}), ((X, 0), {})],
    **dict.fromkeys([np.fmax, np.fmin], [((X, Y), {}), ((UNKNOWN, X), {}), ((X, UNKNOWN), {}), ((V, 1.0), {})]),
    np.clip: [((X, -1, 2), {}), ((X, None, 2), {}), ((X, Y, 3), {})],
    np.matmul: [((X, V), {}), ((X, Y.T), {})],
    np.dot: [((V, V), {}), ((X, V), {}), ((X, Y.T), {}), ((X, 2.0), {}), ((np.stack([X, Y]), Y.T), {})],
    np.outer: [((V, V), {}), ((X, V), {})],
    np.tensordot: [((X, Y), {}), ((X, Y.T, 1), {}), ((X, Y), {"axes": ([0, 1], [0, 1])})],
    np.vstack: [(([X, Y],), {}), (([V, V],), {})],
    np.hstack: [(([X, Y],), {}), (([V, V],), {})],
    np.diag: [((X,), {}), ((V,), {}), ((X,), {"k": 1})],
    np.trace: [((X,), {})],
    np.ravel: [((X,), {})],
    np.repeat: [((X, 2), {}), ((X, 2, 1), {}), ((X,), {"repeats": 3, "axis": 0})],
    np.einsum: [(("ij,kj->ik", X, Y), {}), (("ij->j", X), {})],
    np.diagonal: [((X,), {}), ((X, 1), {}), ((X,), {"offset": -1, "axis1": 1, "axis2": 0})],
}
UFUNCS = [f for f in NUMPY if isinstance(f, np.ufunc) and f not in CALLS]


def traced(value: Any) -> Any:
    """Arrays as tensors, those of floats as ones that require grad, also inside lists and tuples."""
    if isinstance(value, (list, tuple)):
        return type(value)(traced(item) for item in value)
    if not isinstance(value, np.ndarray) or value.dtype.kind == "i" and value is ORDER:
        return value
    return Tensor(value, dtype=value.dtype, requires_grad=is_float(value))


def leaves(value: Any) -> list[Tensor]:
    """The tensors that require grad, also inside lists and tuples."""
    if isinstance(value, (list, tuple)):
        return [leaf for item in value for leaf in leaves(item)]
    return [value] if isinstance(value, Tensor) and value.requires_grad else []


def check(function: Any, args: tuple, keywords: dict) -> None:
    """The numbers of NumPy, and a gradient for every array of floats where the function has one."""
    expected, inputs = function(*args, **keywords), traced(args)
    found = function(*inputs, **keywords)
    assert isinstance(found, Tensor)
    assert found.shape == np.shape(expected)
    assert found.dtype == np.asarray(expected).dtype
    np.testing.assert_allclose(found.detach().numpy(), expected, rtol=1e-14, atol=1e-14)
    entry = getattr(NUMPY[function], "op", None)
    if entry is None or entry.has_rules:
        grad(found, leaves(inputs), np.ones(found.shape))  # raises where an input does not reach the result
    else:
        assert not found.requires_grad


def test_every_function_that_is_served_is_tested():
    assert {f for f in NUMPY if f not in CALLS} == set(UFUNCS)


@pytest.mark.parametrize(
    ("function", "args", "keywords"),
    [pytest.param(f, *call, id=f"{f.__name__}-{i}") for f, calls in CALLS.items() for i, call in enumerate(calls)],
)
def test_functions_give_what_numpy_gives(function, args, keywords):
    check(function, args, keywords)


@pytest.mark.parametrize("function", UFUNCS, ids=lambda f: f.__name__)
@examples(10)
@given(data=st.data())
def test_ufuncs_give_what_numpy_gives(function, data):
    call = data.draw(CASES[NUMPY[function].op.name])
    check(function, call.args, {})


def test_norms_of_matrices_that_have_no_rule_say_so():
    with pytest.raises(TypeError, match="operator norm"):
        np.linalg.norm(tensor(X), 1)

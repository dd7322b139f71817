"""The scalar engine: its graph semantics, nesting, errors. Its derivatives and edges are in tests/properties."""

import doctest
import gc
import math
import operator
import re

import numpy as np
import pytest

from autograd import scalar, tensor
from autograd.scalar import Value


def test_the_examples_of_the_module():
    failed, attempted = doctest.testmod(scalar)
    assert failed == 0 < attempted


def test_one_node_an_operation_with_numbers_as_partials():
    a, b = Value(2.0), Value(-3.0)
    c = a * b
    assert (c.op, c.parents, c.partials, c.data) == ("*", (a, b), (-3.0, 2.0), -6.0)
    assert a.order < b.order < c.order


def test_why_topological_order_matters():
    a = Value(3.0)
    b = a + a
    c = b + b
    c.backward()
    assert (b.grad, a.grad) == (2.0, 4.0)


def test_two_backward_calls_add_two_gradients_in_leaves():
    a = Value(3.0)
    c = a * a * a
    c.backward()
    c.backward()
    assert a.grad == 2 * 27.0


def test_interior_gradients_are_those_of_the_last_call():
    a = Value(3.0)
    b = a * 2
    first, second = b * 5, b * 7
    first.backward()
    assert (first.grad, b.grad) == (1.0, 5.0)
    second.backward()
    assert (second.grad, b.grad) == (1.0, 7.0)
    assert a.grad == 2 * 5 + 2 * 7


def test_backward_of_a_leaf_adds_one():
    a = Value(3.0)
    a.backward()
    a.backward()
    assert a.grad == 2.0


def test_a_value_used_several_times_by_one_node():
    a = Value(3.0)
    Value.sum([a, a, a]).backward()
    assert a.grad == 3.0
    Value.dot([a], [a]).backward()
    assert a.grad == 3.0 + 6.0


def test_a_chain_of_100_000_ops():
    x = y = Value(1.0)
    for _ in range(100_000):
        y = y + 1.0
    y.backward()
    assert (y.data, x.grad) == (100_001.0, 1.0)
    del y  # takes the chain apart: no recursion there either


def test_memory_goes_back_without_the_garbage_collector():
    def step(w: Value) -> None:
        loss = (Value.dot([w, w], [1.0, 2.0]) - 3).tanh() ** 2
        loss.backward()
        w.data -= 0.1 * w.grad
        w.grad = 0.0

    def alive() -> int:
        return sum(isinstance(thing, Value) for thing in gc.get_objects())

    w = Value(0.5)
    gc.disable()
    try:
        before = alive()
        for _ in range(10):
            step(w)
        assert alive() == before
    finally:
        gc.enable()


@pytest.mark.parametrize(
    "expression, value, gradient",
    [
        (lambda x: 5 + x, 7, 1),
        (lambda x: 5 - x, 3, -1),
        (lambda x: x - 5, -3, 1),
        (lambda x: 5 * x, 10, 5),
        (lambda x: 8 / x, 4, -2),
        (lambda x: x / 8, 0.25, 0.125),
        (lambda x: 3**x, 9, 9 * math.log(3)),
        (lambda x: x**3, 8, 12),
        (lambda x: x.maximum(5), 5, 0),
        (lambda x: x.minimum(5), 2, 1),
        (lambda x: sum([x, x]), 4, 2),
        (lambda x: Value.dot([x, 3], [4, x]), 14, 7),
    ],
)
def test_numbers_mix_in_on_either_side(expression, value, gradient):
    x = Value(2)
    out = expression(x)
    out.backward()
    assert (out.data, x.grad) == pytest.approx((value, gradient))


def test_numpy_scalars_mix_in():
    x = Value(np.float32(2.0))
    assert type(x.data) is float
    for out in (np.float64(3.0) * x, x * np.float64(3.0), np.float32(3.0) * x, x * np.int64(3)):
        assert isinstance(out, Value) and out.data == 6.0
    x.data = np.float32(1.0)  # as an update computed with NumPy leaves it
    assert x.exp().data == pytest.approx(math.e)


# Nesting --------------------------------------------------------------------------------------------------------------


def derivatives(f, x: float, n: int) -> list[float]:
    """f and its derivatives up to the n-th at x, by nesting n Values."""
    v = x
    for _ in range(n):
        v = Value(v)
    found, out = [], f(v)
    for _ in range(n):
        found.append(float(out))
        out.backward()
        out, v = v.grad, v.data
    return [*found, float(out)]


@pytest.mark.parametrize(
    "f, x, expected",
    [
        (lambda x: x**4, 2.0, [16, 32, 48, 48]),
        (lambda x: x**2, 0.0, [0, 0, 2, 0]),
        (lambda x: 1 / x, 2.0, [0.5, -0.25, 0.25, -0.375]),
        (lambda x: 2**x, 3.0, [8 * math.log(2) ** k for k in range(4)]),
        (lambda x: x.exp().log() * x.sin(), 0.0, [0, 0, 2, 0]),
        (lambda x: x * x - x / 4 + 1, 3.0, [9.25, 5.75, 2, 0]),
        (lambda x: Value.dot([x, x], [x, 3.0]), 3.0, [18, 9, 2, 0]),
        (lambda x: Value.sum([x**3, x, 1.0]), 2.0, [11, 13, 12, 6]),
        (lambda x: (x**3).maximum(x), 2.0, [8, 12, 12, 6]),
        (lambda x: (x**3).minimum(1.0), 2.0, [1, 0, 0, 0]),
        (lambda x: (x**3).relu(), 2.0, [8, 12, 12, 6]),
        (lambda x: (x**3).relu(), -2.0, [0, 0, 0, 0]),
    ],
)
def test_third_derivatives_by_nesting_three_times(f, x, expected):
    assert derivatives(f, x, 3) == pytest.approx(expected)


def test_nested_repr_and_float():
    x = Value(Value(2.0))
    assert repr(x) == "Value(data=Value(data=2.0, grad=0.0), grad=Value(data=0.0, grad=0.0))"
    assert float(x * x) == 4.0


# Numbers --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "f, x, value, gradient",
    [
        (lambda x: x**-1, 0.0, math.inf, -math.inf),
        (lambda x: x**0.5, -8.0, math.nan, math.nan),
        (lambda x: x**2, 1e200, math.inf, 2e200),
        (lambda x: x**0, 0.0, 1.0, 0.0),
        (Value.relu, math.nan, math.nan, 0.0),
        (lambda x: x.maximum(1.0), math.nan, math.nan, None),
        (lambda x: Value(1.0).minimum(x), math.nan, math.nan, None),
    ],
)
def test_constant_powers_and_nan_follow_ieee_arithmetic_too(f, x, value, gradient):
    v = Value(x)
    out = f(v)
    out.backward()
    assert out.data == pytest.approx(value, nan_ok=True)
    if gradient is not None:
        assert v.grad == pytest.approx(gradient, nan_ok=True)


@pytest.mark.parametrize("x", [-300.0, -700.0])
def test_small_sigmoids_keep_their_precision(x):
    assert Value(x).sigmoid().data == pytest.approx(math.exp(x), rel=1e-14, abs=0)


def test_comparisons_are_of_the_numbers_and_hashes_of_the_nodes():
    a, b = Value(2.0), Value(3.0)
    assert 1 < a
    for compare in (operator.lt, operator.le, operator.gt, operator.ge, operator.eq, operator.ne):
        for number in (1.0, 2, 3.5):
            assert compare(a, number) is compare(a, Value(number)) is compare(2.0, number)
    assert Value(2.0) == a and len({a, Value(2.0)}) == 2
    assert sorted([b, a], key=float) == [a, b]


def test_a_value_shows_its_number_and_gradient():
    assert repr(Value(2)) == "Value(data=2.0, grad=0.0)"
    assert f"{Value(2):.3f}" == "2.000" and f"{Value(2)}" == repr(Value(2))


@pytest.mark.parametrize("thing", [None, "3", [1.0], np.ones(2), tensor(1.0)], ids=lambda x: type(x).__name__)
def test_what_is_no_number_is_refused_by_its_type(thing):
    hint = ": pass one number of it, as item() gives it" if type(thing).__name__ in ("ndarray", "Tensor") else ""
    words = f"a Value computes with plain numbers and other Values, not with a {type(thing).__name__}{hint}"
    refused = pytest.raises(TypeError, match=f"^{re.escape(words)}$")
    for use in (Value, Value(2.0).__add__, Value(2.0).__pow__, Value(2.0).maximum, lambda x: Value.dot([1.0], [x])):
        with refused:
            use(thing)


def test_dot_takes_as_many_weights_as_inputs():
    with pytest.raises(ValueError, match="as many weights as inputs, got 2 and 1"):
        Value.dot([1.0, 2.0], [Value(1.0)])


def test_the_sum_of_nothing_is_zero():
    assert Value.sum([]).data == 0.0 and Value.dot([], []).data == 0.0

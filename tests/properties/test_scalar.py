"""Every operation of Value against the Tensor operation of the same name, and against finite differences."""

import itertools
import math
import operator

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from autograd import ops, tensor
from autograd.scalar import Value

UNARY = {name: getattr(Value, name) for name in "exp log sqrt sin cos tanh sigmoid relu erf gelu sign".split()}
UNARY |= {"neg": operator.neg, "abs": abs}
BINARY = {"maximum": Value.maximum, "minimum": Value.minimum, "add": operator.add, "sub": operator.sub}
BINARY |= {"mul": operator.mul, "div": operator.truediv, "pow": operator.pow}
ARITY = dict.fromkeys(UNARY, 1) | dict.fromkeys(BINARY, 2)
OPERATIONS = UNARY | BINARY
NOT_OPERATIONS = {"backward", "sum", "dot", "data", "grad", "op", "parents", "partials", "order"}

EDGES = [0.0, 1.0, -1.0, 2.0, 0.5, 1e4, -1e4, 1e200, -1e200, math.inf, -math.inf]
ordinary = st.floats(-8, 8)
pairs = st.tuples(ordinary, ordinary) | ordinary.map(lambda x: (x, x))


def of_value(name: str, xs: list[float]) -> tuple[float, list[float]]:
    """The result and the gradients of an operation on Values."""
    values = [Value(x) for x in xs]
    out = OPERATIONS[name](*values)
    out.backward()
    return out.data, [v.grad for v in values]


def of_tensor(name: str, xs: list[float]) -> tuple[float, list[float]]:
    """The result and the gradients of the operation of that name in the table, in float64."""
    tensors = [tensor(np.float64(x), requires_grad=True) for x in xs]
    with np.errstate(all="ignore"):
        out = getattr(ops, name)(*tensors)
        out.backward()
    return out.item(), [t.grad.item() for t in tensors]


def test_no_operation_is_left_out():
    public = {name for name in dir(Value) if not name.startswith("_")} - NOT_OPERATIONS
    assert public <= set(OPERATIONS)
    assert {"add", "sub", "mul", "div", "pow", "neg", "abs"} <= set(OPERATIONS)


def assert_equal_the_tensors(name: str, *xs: float) -> None:
    np.testing.assert_allclose(
        *map(np.hstack, (of_value(name, xs), of_tensor(name, xs))), 1e-12, 1e-15, err_msg=f"{xs}"
    )


@pytest.mark.parametrize("name", UNARY)
@given(x=ordinary)
def test_functions_equal_the_tensors(name, x):
    assert_equal_the_tensors(name, x)


@pytest.mark.parametrize("name", BINARY)
@given(xs=pairs)
def test_operators_equal_the_tensors(name, xs):
    assert_equal_the_tensors(name, *xs)


@pytest.mark.parametrize("name", OPERATIONS)
def test_at_the_edges_all_are_those_of_ieee_arithmetic_as_the_tensors_are_and_nothing_raises(name):
    for xs in itertools.product(EDGES, repeat=ARITY[name]):
        if (name, *xs) != ("pow", -math.inf, 0.5):  # inf by IEEE 754; NumPy takes a square root there
            assert_equal_the_tensors(name, *xs)


@given(xs=st.lists(ordinary, min_size=1), n=st.integers(-3, 4) | ordinary)
def test_powers_sums_and_dots_equal_the_tensors(xs, n):
    values = [Value(x) for x in xs]
    x = tensor(np.array(xs), requires_grad=True)
    with np.errstate(all="ignore"):
        for ours, theirs in (
            (Value.sum([v**n for v in values]), (x**n).sum()),
            (Value.dot(values, reversed(values)), (x * x.flip(0)).sum()),
            (Value.dot(values, range(len(xs))), (x * np.arange(len(xs), dtype=float)).sum()),
        ):
            ours.backward()
            theirs.backward()
            np.testing.assert_allclose(ours.data, theirs.item(), rtol=1e-12, atol=1e-12)
            np.testing.assert_allclose([v.grad for v in values], x.grad.numpy(), rtol=1e-12, atol=1e-12)


def derivative(name: str, xs: list[float], by: list[int]) -> float:
    """An operation's result, derived by the arguments with these numbers one after the other, by nesting as often."""
    values = xs
    for _ in range(max(1, len(by))):
        values = [Value(x) for x in values]
    out = OPERATIONS[name](*values)
    for i in by:
        out.backward()
        out, values = values[i].grad, [v.data for v in values]
    return float(out)


@pytest.mark.parametrize("name", OPERATIONS)
@given(data=st.data(), order=st.integers(1, 3))
def test_derivatives_to_the_third_by_nesting_equal_finite_differences(name, data, order):
    xs = [data.draw(st.floats(0.3, 3)) for _ in range(ARITY[name])]
    assume(len(xs) == 1 or abs(xs[0] - xs[1]) > 1e-3)  # not across the kink of maximum
    if ARITY[name] == 1 and name not in ("log", "sqrt"):
        xs[0] *= data.draw(st.sampled_from([1, -1]))
    *earlier, last = by = [data.draw(st.integers(0, ARITY[name] - 1)) for _ in range(order)]
    high, low = ([x + h * (i == last) for i, x in enumerate(xs)] for h in (1e-6, -1e-6))
    slope = (derivative(name, high, earlier) - derivative(name, low, earlier)) / 2e-6
    assert derivative(name, xs, by) == pytest.approx(slope, rel=1e-5, abs=1e-6)


programs = st.recursive(
    st.sampled_from("xyz"),
    lambda inner: st.tuples(st.sampled_from(["add", "sub", "mul", "maximum", "tanh", "sigmoid", "sin"]), inner, inner),
    max_leaves=25,
)


@given(program=programs, xs=st.tuples(ordinary, ordinary, ordinary))
def test_whole_programs_equal_the_tensors(program, xs):
    def run(part, inputs, table):
        if isinstance(part, str):
            return inputs[part]
        name, *arguments = part
        arguments = [run(argument, inputs, table) for argument in arguments]
        return table(name)(*arguments) if name in BINARY else table(name)(table("add")(*arguments))

    values = {name: Value(x) for name, x in zip("xyz", xs)}
    tensors = {name: tensor(np.float64(x), requires_grad=True) for name, x in zip("xyz", xs)}
    ours = run(program, values, OPERATIONS.__getitem__)
    theirs = run(program, tensors, lambda name: getattr(ops, name))
    ours.backward()
    theirs.backward()
    assert ours.data == pytest.approx(theirs.item(), rel=1e-10, abs=1e-10)
    for name in "xyz":
        expected = tensors[name].grad
        assert values[name].grad == pytest.approx(0.0 if expected is None else expected.item(), rel=1e-9, abs=1e-9)

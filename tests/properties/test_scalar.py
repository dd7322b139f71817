"""Every operation of Value against the Tensor operation of the same name, and against finite differences."""

import math
import operator

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from autograd import ops
from autograd.scalar import Value
from autograd.tensor import Tensor

UNARY = {name: getattr(Value, name) for name in "exp log sqrt sin cos tanh sigmoid relu erf gelu sign".split()}
UNARY |= {"neg": operator.neg, "abs": abs}
BINARY = {"maximum": Value.maximum, "minimum": Value.minimum, "add": operator.add, "sub": operator.sub}
BINARY |= {"mul": operator.mul, "div": operator.truediv, "pow": operator.pow}
ARITY = dict.fromkeys(UNARY, 1) | dict.fromkeys(BINARY, 2)
OPERATIONS = UNARY | BINARY
NOT_OPERATIONS = {"backward", "sum", "dot", "data", "grad", "op", "parents", "partials", "order"}

EDGES = [0.0, 1.0, -1.0, 2.0, 0.5, 1e4, -1e4, 1e200, -1e200, math.inf, -math.inf]
ordinary = st.floats(-8, 8)
numbers = ordinary | st.sampled_from(EDGES)
pairs = st.tuples(numbers, numbers) | numbers.map(lambda x: (x, x))


def of_value(name: str, xs: list[float]) -> tuple[float, list[float]]:
    """The result and the gradients of an operation on Values."""
    values = [Value(x) for x in xs]
    out = OPERATIONS[name](*values)
    out.backward()
    return out.data, [v.grad for v in values]


def of_tensor(name: str, xs: list[float]) -> tuple[float, list[float]]:
    """The result and the gradients of the operation of that name in the table, in float64."""
    tensors = [Tensor(np.float64(x), requires_grad=True) for x in xs]
    with np.errstate(all="ignore"):
        out = getattr(ops, name)(*tensors)
        out.backward()
    return out.item(), [t.grad.item() for t in tensors]


def test_no_operation_is_left_out():
    public = {name for name in dir(Value) if not name.startswith("_")} - NOT_OPERATIONS
    assert public <= set(OPERATIONS)
    assert {"add", "sub", "mul", "div", "pow", "neg", "abs"} <= set(OPERATIONS)


@pytest.mark.parametrize("name", UNARY)
@given(x=numbers)
def test_functions_equal_the_tensors_edges_included(name, x):
    np.testing.assert_allclose(*map(np.hstack, (of_value(name, [x]), of_tensor(name, [x]))), rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("name", BINARY)
@given(xs=pairs)
def test_operators_equal_the_tensors_edges_included(name, xs):
    assume((name, *xs) != ("pow", -math.inf, 0.5))  # inf by IEEE 754; NumPy takes a square root there
    np.testing.assert_allclose(*map(np.hstack, (of_value(name, xs), of_tensor(name, xs))), rtol=1e-12, atol=1e-15)


@given(xs=st.lists(ordinary, min_size=1), n=st.integers(-3, 4) | ordinary)
def test_powers_sums_and_dots_equal_the_tensors(xs, n):
    values = [Value(x) for x in xs]
    tensor = Tensor(np.array(xs), requires_grad=True)
    with np.errstate(all="ignore"):
        for ours, theirs in (
            (Value.sum([v**n for v in values]), (tensor**n).sum()),
            (Value.dot(values, reversed(values)), (tensor * tensor.flip(0)).sum()),
            (Value.dot(values, range(len(xs))), (tensor * np.arange(len(xs), dtype=float)).sum()),
        ):
            ours.backward()
            theirs.backward()
            np.testing.assert_allclose(ours.data, theirs.item(), rtol=1e-12, atol=1e-12)
            np.testing.assert_allclose([v.grad for v in values], tensor.grad.numpy(), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name", OPERATIONS)
@given(data=st.data())
def test_gradients_equal_finite_differences(name, data):
    xs = [data.draw(st.floats(0.3, 3)) for _ in range(ARITY[name])]
    assume(len(xs) == 1 or abs(xs[0] - xs[1]) > 1e-3)  # not across the kink of maximum
    if ARITY[name] == 1 and name not in ("log", "sqrt"):
        xs[0] *= data.draw(st.sampled_from([1, -1]))
    _, gradients = of_value(name, xs)
    for i, gradient in enumerate(gradients):
        high, low = ([x + h * (i == j) for j, x in enumerate(xs)] for h in (1e-6, -1e-6))
        slope = (of_value(name, high)[0] - of_value(name, low)[0]) / 2e-6
        assert gradient == pytest.approx(slope, rel=1e-6, abs=1e-7)


@pytest.mark.parametrize("name", OPERATIONS)
@given(data=st.data())
def test_second_derivatives_by_nesting_equal_finite_differences(name, data):
    xs = [data.draw(st.floats(0.3, 3)) for _ in range(ARITY[name])]
    assume(len(xs) == 1 or abs(xs[0] - xs[1]) > 1e-3)
    for i in range(len(xs)):
        nested = [Value(Value(x)) for x in xs]
        OPERATIONS[name](*nested).backward()
        (nested[i].grad * 1.0).backward()
        for j, v in enumerate(nested):
            high, low = ([x + h * (k == j) for k, x in enumerate(xs)] for h in (1e-6, -1e-6))
            slope = (of_value(name, high)[1][i] - of_value(name, low)[1][i]) / 2e-6
            assert v.data.grad == pytest.approx(slope, rel=1e-5, abs=1e-7)


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
    tensors = {name: Tensor(np.float64(x), requires_grad=True) for name, x in zip("xyz", xs)}
    ours = run(program, values, OPERATIONS.__getitem__)
    theirs = run(program, tensors, lambda name: getattr(ops, name))
    ours.backward()
    theirs.backward()
    assert ours.data == pytest.approx(theirs.item(), rel=1e-10, abs=1e-10)
    for name in "xyz":
        expected = tensors[name].grad
        assert values[name].grad == pytest.approx(0.0 if expected is None else expected.item(), rel=1e-9, abs=1e-9)

"""Straight-line programs made of functions of Values: they give what the function gives, on floats and on batches."""

import math
import operator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd.compiled import UNKNOWN, compiled
from autograd.scalar import Value

UNARY = {name: getattr(Value, name) for name in "exp log sqrt sin cos tanh sigmoid relu erf gelu sign".split()}
UNARY |= {
    "neg": operator.neg,
    "abs": abs,
    "square": lambda x: x**2,
    "root": lambda x: x**0.3,
    "inverse": lambda x: 1 / x,
}
UNARY |= {
    "power of two": lambda x: 2**x,
    "sum": lambda x: Value.sum([x, 1, x]),
    "dot": lambda x: Value.dot([x, 2], [x, x]),
}
UNARY |= {"at least one": lambda x: Value(1.0).maximum(x), "at most one": lambda x: x.minimum(1)}
BINARY = {name: getattr(operator, name) for name in "add sub mul truediv pow".split()}
BINARY |= {"maximum": Value.maximum, "minimum": Value.minimum}

numbers = st.floats(-8, 8) | st.sampled_from([0.0, 1.0, -1.0, 1e4, -1e4, 1e200, math.inf, -math.inf])


def with_gradients(function):
    """The function of Values with its first derivatives, and those of the first of these."""

    def run(*xs):
        outer = [Value(x) for x in xs]
        out = function(*outer)
        out.backward()
        gradients = [x.grad for x in outer]
        (gradients[0] * 1.0).backward()
        return out.data, gradients, [x.grad for x in xs]

    return run


PROGRAMS = {name: compiled(with_gradients(f)) for name, f in (UNARY | BINARY).items()}


def flat(nest) -> list:
    return sum(map(flat, nest), []) if isinstance(nest, (list, tuple)) else [nest]


@pytest.mark.parametrize("name", UNARY | BINARY)
@given(batch=st.lists(st.tuples(numbers, numbers), min_size=1, max_size=5))
def test_a_program_gives_what_the_function_gives(name, batch):
    function = (UNARY | BINARY)[name]
    inputs = list(zip(*batch)) if name in BINARY else [tuple(x for x, _ in batch)]
    expected = [
        [float(x) for x in flat(with_gradients(function)(*[Value(x) for x in example]))] for example in zip(*inputs)
    ]
    program = PROGRAMS[name]
    np.testing.assert_allclose([flat(program(*example)) for example in zip(*inputs)], expected, rtol=1e-12, atol=1e-12)
    found = [np.broadcast_to(x, len(batch)) for x in flat(program(*map(np.array, inputs)))]
    np.testing.assert_allclose(np.stack(found, 1), expected, rtol=1e-9, atol=1e-12)


def neuron_step(weights, x, target):
    loss = (Value.dot(weights["w"], x) + weights["b"] - target).tanh() ** 2
    loss.backward()
    return {"loss": loss, "grads": [[w.grad for w in weights["w"]], (weights["b"].grad,)]}


def test_arguments_and_results_are_nests_of_any_numbers():
    program = compiled(neuron_step)
    found = program({"w": [Value(0.5), -1], "b": np.float32(0.25)}, (1.0, 2.0), 1)
    w, b = [Value(0.5), Value(-1.0)], Value(0.25)
    expected = neuron_step({"w": w, "b": b}, (1.0, 2.0), 1)
    assert found["loss"] == expected["loss"].data
    assert found["grads"] == [[w[0].grad, w[1].grad], (b.grad,)]


def test_a_batch_shares_the_inputs_that_are_numbers():
    program = compiled(neuron_step)
    weights = {"w": [0.5, -1.0], "b": 0.25}
    xs, targets = np.array([[1.0, 2.0], [0.3, -0.1], [-1.0, 0.0]]), np.array([1, 0, -1])
    found = program(weights, list(xs.T), targets)
    one_by_one = [program(weights, x.tolist(), t) for x, t in zip(xs, targets)]
    np.testing.assert_allclose(found["loss"], [one["loss"] for one in one_by_one])
    np.testing.assert_allclose(np.transpose(found["grads"][0]), [one["grads"][0] for one in one_by_one])
    assert found["loss"].dtype == np.float64


def test_float32_batches_stay_float32():
    program = compiled(lambda x: (x * 2 + 1).tanh() / 3)
    assert program(np.ones(3, np.float32)).dtype == np.float32


def test_it_is_recorded_once_for_each_structure():
    calls = []

    def total(xs, power=None):
        calls.append(len(xs))
        return Value.sum([x**2 if power == "two" else x for x in xs])

    program = compiled(total)
    assert [program([1.0, 2.0]), program([3.0, 4.0]), program([3.0, 4.0], "two"), program([1.0])] == [3, 7, 25, 1]
    assert [program([5.0, 4.0]), program([5.0, 4.0], "two")] == [9, 41] and calls == [2, 2, 1]


def test_the_code_has_nothing_twice_and_nothing_unused():
    program = compiled(lambda x, y: ((x * y) + (x * y) * 1 + 0, (x.exp(), x * y)[1]))
    assert program(2.0, 3.0) == (12.0, 6.0)
    (made,) = program.programs.values()
    assert made.source == "def program(x0, x1):\n    t0 = x0 * x1\n    t1 = t0 + t0\n    return (t1, t0, )\n"


def test_constants_and_inputs_may_be_results():
    program = compiled(lambda x: [x, 2.5, Value(3.0) * 2, Value(math.inf), x.sign() * math.nan, None, "text"])
    found = program(1.0)
    assert found[:4] == [1.0, 2.5, 6.0, math.inf] and math.isnan(found[4]) and found[5:] == [None, "text"]


def test_derivatives_of_higher_order_inside():
    def third(x):
        for _ in range(2):
            x = Value(x)
        y, found = x**5, []
        for _ in range(3):
            y.backward()
            y, x = x.grad, x.data
            found.append(y)
        return found

    assert compiled(third)(2.0) == [80.0, 160.0, 240.0]


def test_a_long_program():
    def chain(x):
        for _ in range(20_000):
            x = x * 1.0001 + 0.5
        return x

    expected = 1.0
    for _ in range(20_000):
        expected = expected * 1.0001 + 0.5
    assert compiled(chain)(1.0) == expected


@pytest.mark.parametrize("ask", [lambda x: x if x > 0 else -x, lambda x: 1 if x == 2 else x, float, bool, repr, max])
def test_asking_for_the_number_is_an_error_that_names_the_way_out(ask):
    with pytest.raises(TypeError, match="relu, sign, maximum or minimum"):
        compiled(lambda x, y: ask((x, y)) if ask is max else ask(x))(1.0, 2.0)


def test_only_numbers_that_nothing_is_known_of_are_unknown():
    with pytest.raises(AttributeError, match="real"):
        _ = UNKNOWN.real


def test_a_value_from_outside_is_an_error_since_it_would_be_frozen():
    w = Value(2.0)
    with pytest.raises(ValueError, match=r"scaled uses a Value from outside \(2.0\); make it an argument"):

        @compiled
        def scaled(x):
            return x * w

        scaled(1.0)


def test_a_compiled_function_keeps_its_name_and_text():
    assert compiled(neuron_step).__name__ == "neuron_step" and compiled(Value.gelu).__doc__ == Value.gelu.__doc__


def test_a_failed_recording_leaves_nothing_behind():
    program = compiled(lambda x: x if x > 0 else -x)
    for _ in range(2):
        with pytest.raises(TypeError):
            program(1.0)
    assert not program.programs

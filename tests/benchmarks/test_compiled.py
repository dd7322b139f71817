"""Straight-line programs made of functions of Values compute what the function computes, on floats and on batches."""

import operator

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from autograd.scalar import Value
from benchmarks.compiled import compiled

OPERATIONS = {
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "relu": lambda x, y: (x - y).relu(),
    "neg": lambda x, y: -x * y,
}

expressions = st.recursive(
    st.sampled_from(["x", "y", 0.0, 1.0, -2.5]),
    lambda inner: st.tuples(st.sampled_from(sorted(OPERATIONS)), inner, inner),
    max_leaves=12,
)
numbers = st.floats(-3, 3)


def evaluated(expression, inputs):
    if isinstance(expression, tuple):
        name, *operands = expression
        return OPERATIONS[name](*(evaluated(operand, inputs) for operand in operands))
    return inputs[expression] if isinstance(expression, str) else Value(expression)


@given(expressions, st.lists(st.tuples(numbers, numbers), min_size=1, max_size=4))
def test_a_program_gives_the_value_and_the_gradients_of_the_function(expression, batch):
    def function(x, y):
        out = evaluated(expression, {"x": x, "y": y}) + 0 * x
        out.backward()
        return out, x.grad, y.grad

    expected = [[float(number) for number in function(Value(x), Value(y))] for x, y in batch]
    program = compiled(function, 2)
    np.testing.assert_allclose([program(x, y) for x, y in batch], expected)
    found = [np.broadcast_to(x, len(batch)) for x in program(*np.transpose(batch))]
    np.testing.assert_allclose(np.stack(found, 1), expected)

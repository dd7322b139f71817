"""The finite difference that is shown beside a gradient, and the rounding error that is told with it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd as ag
from autograd import differences
from tests.properties.calls import examples


@examples(30)
@given(x=st.floats(-100, 100), offset=st.sampled_from([0.0, 1e3, 1e6, -1e9]), factor=st.sampled_from([1.0, -1e3, 1e-6]))
def test_the_error_of_a_difference_is_told_and_grows_with_the_loss(x, offset, factor):
    value = ag.Value(x)
    loss = lambda: value * value + offset  # noqa: E731
    found, error = differences.of_value(loss, value)
    assert abs(found - 2 * x) <= 4 * error and error <= 1e-9 * max(1, *(abs(offset + (x + d) ** 2) for d in (-1, 1)))
    assert differences.of_value(lambda: loss() * factor, value)[1] == pytest.approx(abs(factor) * error)
    assert value.data == x


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_derivative_by_an_element_leaves_all_as_it_was(dtype):
    x = ag.tensor(np.array([[1.0, 2.0], [3.0, 4.0]], dtype))
    state = ag.get_rng_state()
    loss = lambda: (x * x * ag.rand(2, 2, dtype=ag.float64)).sum()  # noqa: E731
    found, error = differences.of_element(loss, x, (1, 0), state, [])
    ag.set_rng_state(state)
    assert found == pytest.approx(6 * ag.rand(2, 2, dtype=ag.float64)[1, 0].item(), abs=1e-8) and error < 1e-8
    np.testing.assert_array_equal(x.numpy(), np.array([[1, 2], [3, 4]], dtype))
    assert x.dtype == dtype and ag.get_default_dtype() == ag.float32

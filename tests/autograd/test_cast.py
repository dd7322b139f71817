import numpy as np
import pytest

import autograd as ag


def test_float32_becomes_float64_where_that_is_asked_for():
    x = ag.ones(2, requires_grad=True)
    assert x.double().dtype == ag.float64 and x.to(ag.float64).dtype == ag.float64
    assert x.softmax(-1, dtype=ag.float64).dtype == ag.float64
    x.double().sum().backward()
    assert x.grad.dtype == ag.float32


@pytest.mark.parametrize("shape", [(3, 0), (0, 2, 0)])
def test_linear_without_features_is_its_bias(shape):
    out = ag.ops.linear(ag.zeros(*shape), ag.zeros(2, 0), ag.ones(2))
    np.testing.assert_array_equal(out.numpy(), np.ones((*shape[:-1], 2)))

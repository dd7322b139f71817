"""Functions made of ops: what NumPy gives, and gradients by finite differences to second order."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd import grad, gradcheck, gradgradcheck
from autograd.tensor import Tensor
from tests.properties.calls import Call, examples, is_float
from tests.properties.composed import COMPOSED


def tensors(call: Call) -> list:
    return [Tensor(a, dtype=a.dtype, requires_grad=True) if is_float(a) else a for a in call.args]


def several(result):
    return tuple(result) if isinstance(result, (tuple, list)) else (result,)


@pytest.mark.parametrize("name", COMPOSED)
@examples(25)
@given(data=st.data())
def test_values_equal_numpys(name, data):
    case = COMPOSED[name]
    call = data.draw(case.draw)
    ours, plain = several(case.ours(*tensors(call), **call.keywords)), several(case.plain(*call.args, **call.keywords))
    for found, expected in zip(ours, plain, strict=True):
        assert found.shape == np.shape(expected)
        np.testing.assert_allclose(found.detach().numpy(), expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name", COMPOSED)
@examples(10)
@given(data=st.data())
def test_first_and_second_derivatives_equal_finite_differences(name, data):
    case = COMPOSED[name]
    call = data.draw(case.draw)
    assert gradcheck(lambda *args: case.ours(*args, **call.keywords), tensors(call), atol=1e-6, rtol=1e-5)
    if sum(a.size for a in call.args if is_float(a)) <= 12:
        assert gradgradcheck(lambda *args: case.ours(*args, **call.keywords), tensors(call), atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("name", COMPOSED)
@examples(10)
@given(data=st.data())
def test_float32_stays_float32(name, data):
    case = COMPOSED[name]
    call = data.draw(case.draw).cast(np.float32)
    inputs = tensors(call)
    outs = [out for out in several(case.ours(*inputs, **call.keywords)) if out.requires_grad]
    assert all(out.dtype == np.float32 for out in outs)
    wanted = [t for t in inputs if isinstance(t, Tensor)]
    grads = grad(outs, wanted, [np.ones(out.shape, np.float32) for out in outs], allow_unused=True)
    assert all(g.dtype == np.float32 for g in grads if g is not None)

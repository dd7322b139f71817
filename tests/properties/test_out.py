"""`out=`: every op of the table puts its result into a tensor."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd.base import TensorBase
from autograd.ops import OPS
from autograd.tensor import Tensor
from tests.properties.calls import examples, is_float
from tests.properties.cases import CASES


@pytest.mark.parametrize("name", sorted(CASES))
@examples(5)
@given(data=st.data())
def test_out_takes_the_result_of_every_op_and_is_returned(name, data):
    call = data.draw(CASES[name])
    function = OPS[name].function
    args = [Tensor.wrap(a) if is_float(a) else a for a in call.args]
    expected = function(*args, **call.keywords)
    several = isinstance(expected, tuple)
    results = expected if several else (expected,)
    if not all(isinstance(result, TensorBase) for result in results):
        return  # no argument was a float
    for shapes in ([(0,)] * len(results), [result.shape for result in results]):
        outs = [Tensor.wrap(np.zeros(shape, r.dtype)) for shape, r in zip(shapes, results, strict=True)]
        found = function(*args, **call.keywords, out=outs if several else outs[0])
        for got, out, result in zip(found if several else (found,), outs, results, strict=True):
            assert got is out
            np.testing.assert_array_equal(got.numpy(), result.numpy())

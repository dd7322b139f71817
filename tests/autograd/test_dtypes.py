"""The dtype of a tensor: NumPy's under PyTorch's names, with PyTorch's attributes."""

import copy
import io
import pickle
from operator import add

import numpy as np
import pytest

import autograd as ag

NAMES = "bool uint8 int8 int16 int32 int64 float16 float32 float64 complex64 complex128".split()


@pytest.fixture(params=NAMES)
def name(request):
    return request.param


def test_a_tensor_s_dtype_is_the_one_object_of_its_name(name):
    named = getattr(ag, name)
    assert ag.zeros(2, dtype=named).dtype is named
    assert ag.tensor(np.zeros(2, name)).dtype is named
    assert ag.dtype(name) is ag.dtype(np.dtype(name)) is ag.dtype(named) is named
    assert isinstance(named, ag.dtype) and repr(named) == name


def test_it_equals_numpy_s_in_either_order_and_as_a_key(name):
    ours, numpy_s = getattr(ag, name), np.dtype(name)
    assert ours == numpy_s and numpy_s == ours and ours == numpy_s.type and ours == name
    assert {ours: 1}[numpy_s] == {numpy_s: 1}[ours] == 1
    others = [np.dtype(other) for other in NAMES if other != name]
    assert all(ours != other and other != ours for other in others)
    assert ours != None and ours != "no dtype" and ours != 3  # noqa: E711


def test_numpy_takes_it_for_one_of_its_own(name):
    ours = getattr(ag, name)
    x = np.array([1, 0, 1]).astype(ours)
    assert x.dtype == np.dtype(name)
    made = np.empty(2, ours), np.zeros_like(x, dtype=ours), np.add(x, x, dtype=ours), np.cumsum(x, dtype=ours)
    assert {a.dtype for a in made} == {np.dtype(name)}
    assert np.result_type(ours, np.int8) == np.result_type(np.dtype(name), np.int8)
    assert np.issubdtype(ours, np.number) == (name != "bool")


def test_it_has_numpy_s_attributes(name):
    ours, numpy_s = getattr(ag, name), np.dtype(name)
    for attribute in ("kind", "itemsize", "name", "char", "type", "alignment"):
        assert getattr(ours, attribute) == getattr(numpy_s, attribute)
    with pytest.raises(AttributeError, match="is_quantized"):
        ours.is_quantized  # noqa: B018


def test_a_copy_and_what_a_file_holds_are_the_same_object(name):
    ours = getattr(ag, name)
    assert copy.copy(ours) is copy.deepcopy(ours) is pickle.loads(pickle.dumps(ours)) is ours
    file = io.BytesIO()
    ag.save({"dtype": ours, ours: [1]}, file)
    file.seek(0)
    read = ag.load(file)
    assert read["dtype"] is ours and read[ours] == [1]


def test_parts_and_sums_of_a_shape_are_shapes():
    shape = ag.ones(2, 3, 4).shape
    sums = [(add(shape, (5,)), (2, 3, 4, 5)), (add((5,), shape), (5, 2, 3, 4)), (add(shape, shape[:1]), (2, 3, 4, 2))]
    for found, expected in [(shape[1:], (3, 4)), (shape[:], (2, 3, 4)), *sums]:
        assert type(found) is ag.Size and found == expected and found.numel() == np.prod(expected)
    assert type(shape[0]) is int and shape[-1] == 4 and type(tuple(shape)) is tuple
    for wrong in ((shape, [1]), ([1], shape)):
        with pytest.raises(TypeError, match="concatenate"):
            add(*wrong)

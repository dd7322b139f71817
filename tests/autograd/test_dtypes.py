"""The dtype of a tensor: NumPy's under PyTorch's names, with PyTorch's attributes."""

import copy
import io
import pickle
from operator import add, and_, mul, or_, sub, xor

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


@pytest.mark.parametrize("function", [add, sub, mul, and_, or_, xor], ids=lambda f: f.__name__)
def test_a_negative_number_is_taken_modulo_256_by_uint8(function):
    x = np.arange(256)
    for number in (-1, -8, -255):
        wanted = (function(x, number) % 256).tolist()
        assert function(ag.tensor(x, dtype=ag.uint8), number).tolist() == wanted, number
        assert function(x.astype(np.uint8), ag.full((1,), number, dtype=ag.uint8)).tolist() == wanted, number


def test_uint8_is_made_of_negative_numbers_modulo_256():
    x, at = ag.tensor([[-1, 2], [-255, 255]], dtype=ag.uint8), ag.tensor([0])
    assert x.tolist() == [[255, 2], [1, 255]] and ag.full_like(x, -2).tolist() == [[254, 254], [254, 254]]
    assert x.masked_fill(x == 2, -3).tolist() == [[255, 253], [1, 255]]
    assert x[0].index_fill(0, at, -4).tolist() == x[0].scatter(0, at, -4).tolist() == [252, 2]


@pytest.mark.parametrize("dtype, number", [("uint8", 256), ("uint8", -256), ("int8", 128), ("int8", -129)])
def test_a_number_beyond_the_dtype_raises(dtype, number):
    x = ag.ones(2, dtype=dtype)
    for call in (lambda: x + number, lambda: ag.tensor([number], dtype=dtype), lambda: ag.full_like(x, number)):
        with pytest.raises(RuntimeError, match=rf"{number}\]? (is )?out of .*{dtype}"):
            call()


def test_integers_have_no_negative_powers():
    with pytest.raises(RuntimeError, match="negative power -1 are fractions: convert them to floats"):
        ag.ones(2, dtype=ag.uint8) ** -1


def test_limits_are_those_of_a_dtype_or_of_the_default_dtype():
    assert ag.finfo(ag.float64).max == np.finfo(np.float64).max and ag.finfo().eps == np.finfo(np.float32).eps
    assert ag.finfo(ag.float8_e4m3fn).max == 448 and ag.finfo(ag.float8_e5m2).min == -57344


def test_whole_numbers_without_a_sign_have_dtypes_of_every_size():
    for bits in (8, 16, 32, 64):
        dtype = getattr(ag, f"uint{bits}")
        assert ag.tensor([2**bits - 1], dtype=dtype).dtype == dtype and not dtype.is_signed


def test_within_the_meta_device_tensors_say_that_they_are_there():
    with ag.device("meta"), ag.device("cuda"):
        assert ag.zeros(2).device == ag.get_default_device() == ag.device("meta")
    assert ag.zeros(2).device == ag.get_default_device() == ag.device("cpu")


def test_the_memory_of_a_tensor_is_that_of_its_views_in_bytes(tmp_path):
    x = ag.arange(6.0).view(2, 3)
    memory = x[1].untyped_storage()
    assert memory.data_ptr() == x.data_ptr() and memory.nbytes() == len(memory) == 24
    assert ag.asarray(x.t().untyped_storage()[4:8], dtype=ag.uint8).view(ag.float32).tolist() == [1]
    x.numpy().tofile(tmp_path / "numbers")
    before = x[0]._version
    x[1].add_(1)
    assert x[0]._version > before and not x.is_inference()
    x[1].sub_(1)
    read = ag.UntypedStorage.from_file(tmp_path / "numbers", False, 24).untyped()
    assert ag.asarray(read[8:24], dtype=ag.uint8).view(ag.float32).tolist() == [2, 3, 4, 5]

"""New tensors: of numbers, of ranges, at random."""

from contextlib import suppress

import numpy as np
import pytest

import autograd as ag
from autograd.errors import ShapeError


@pytest.mark.parametrize("make", [ag.zeros, ag.ones, ag.empty, ag.rand, ag.randn])
def test_a_size_is_given_as_numbers_as_a_sequence_or_by_name(make):
    for x in (make(2, 3), make((2, 3)), make([2, 3]), make(size=(2, 3)), make(ag.zeros(2, 3).shape)):
        assert x.shape == (2, 3) and x.dtype == ag.float32
    assert make(()).shape == () and make(0).shape == (0,) and make(ag.tensor(2), np.int64(3)).shape == (2, 3)
    x = make(2, dtype=ag.float64, device="cpu", requires_grad=True)
    assert x.dtype == ag.float64 and x.requires_grad and x.is_leaf
    with pytest.raises(TypeError):
        make(2.5)


def test_ranges():
    assert ag.arange(3).tolist() == ag.arange(end=3).tolist() == [0, 1, 2] and ag.arange(3).dtype == ag.int64
    assert ag.arange(1, 2, 0.25).tolist() == [1, 1.25, 1.5, 1.75] and ag.arange(3.0).dtype == ag.float32
    assert ag.arange(5, 0, -2).tolist() == [5, 3, 1] and ag.arange(0).shape == (0,)
    assert ag.linspace(0, 1, 5).tolist() == [0, 0.25, 0.5, 0.75, 1] and ag.eye(2, 3).sum() == 2
    for arguments in ((5, 0), (0, 5, -1), (0, 1, 0)):
        with pytest.raises(RuntimeError, match="arange"):
            ag.arange(*arguments)


def test_full_takes_the_dtype_of_its_value():
    assert ag.full((2,), 3).dtype == ag.int64 and ag.full((2,), 3.0).dtype == ag.float32
    assert ag.full((2,), True).dtype == ag.bool and ag.full((2,), 1, dtype=ag.float64).dtype == ag.float64


def test_memory_may_be_said_to_be_pinned():
    of_sizes = (ag.zeros, ag.ones, ag.empty, ag.rand, ag.randn)
    likes = (ag.zeros_like, ag.ones_like, ag.empty_like, ag.rand_like, ag.randn_like)
    made = [f(2, 3, pin_memory=True) for f in of_sizes] + [f(ag.zeros(2, 3), pin_memory=True) for f in likes]
    made += [ag.full((2, 3), 1.0, pin_memory=True), ag.full_like(ag.zeros(2, 3), 1.0, pin_memory=True)]
    assert {x.shape for x in made} == {(2, 3)}


def test_like_takes_shape_and_dtype():
    x = ag.zeros(2, 3, dtype=ag.float64)
    for make in (ag.zeros_like, ag.ones_like, ag.empty_like, ag.rand_like, ag.randn_like):
        assert make(x).shape == (2, 3) and make(x).dtype == ag.float64 and make(x, dtype=ag.float32).dtype == ag.float32
    assert ag.full_like(x, 7).tolist() == [[7] * 3] * 2


def test_new_tensors_of_the_kind_of_another():
    k = ag.arange(3)
    assert k.new_zeros(2).dtype == k.new_tensor([1.5]).dtype == ag.int64 and k.new_tensor([1.5]).item() == 1
    assert k.new_ones(2, 2, dtype=ag.float32).dtype == ag.float32 and k.new_full((2,), 7).tolist() == [7, 7]
    assert ag.zeros(1).new_zeros((2, 3), requires_grad=True).requires_grad and k.new_empty(2, 3).shape == (2, 3)


def test_meshgrid():
    a, b = ag.arange(2), ag.arange(3)
    for ours, theirs in zip(ag.meshgrid(a, b), np.meshgrid(np.arange(2), np.arange(3), indexing="ij"), strict=True):
        np.testing.assert_array_equal(ours.numpy(), theirs)
    for ours, theirs in zip(ag.meshgrid(a, b, indexing="xy"), np.meshgrid(np.arange(2), np.arange(3)), strict=True):
        np.testing.assert_array_equal(ours.numpy(), theirs)


@pytest.mark.parametrize("data", ["a", None, [None], ["a"], np.array(["a"]), object()])
def test_what_is_no_number_makes_no_tensor(data):
    with pytest.raises(TypeError, match="a tensor holds real, complex or whole numbers, or truth values"):
        ag.tensor(data)


def test_from_numpy_takes_an_ndarray_alone():
    with pytest.raises(TypeError, match="needs an ndarray, got list"):
        ag.from_numpy([1, 2])


def test_a_tensor_may_be_made_of_tensors():
    assert ag.tensor([[ag.tensor([1.0]), ag.tensor(2.0)], [ag.tensor([[3.0]]), 4.0]]).tolist() == [[1, 2], [3, 4]]
    x = ag.tensor([ag.tensor(1.0), ag.tensor(2.0)])
    assert x.tolist() == [1, 2] and ag.tensor([[ag.tensor(1), 2]]).dtype == ag.int64


def test_the_typed_constructors():
    assert ag.LongTensor([1, 2]).dtype == ag.int64 and ag.FloatTensor([1, 2]).dtype == ag.float32
    assert ag.DoubleTensor([1]).dtype == ag.float64 and ag.BoolTensor([1, 0]).tolist() == [True, False]
    assert ag.Tensor(2, 3).shape == ag.LongTensor(2, 3).shape == ag.Tensor(size=(2, 3)).shape == (2, 3)
    assert ag.Tensor().shape == (0,)
    assert isinstance(ag.zeros(1), ag.Tensor) and ag.is_tensor(ag.zeros(1)) and not ag.is_tensor(np.zeros(1))


def test_the_constructor_shares_the_memory_of_what_has_its_dtype():
    array, x = np.zeros(3, np.float32), ag.ones(2, requires_grad=True)
    ag.Tensor(array)[0] = 5
    assert array.tolist() == [5, 0, 0]
    y = ag.Tensor(x)
    (y * y).sum().backward()
    assert x.grad.tolist() == [2, 2] and np.shares_memory(y.array, x.array)
    assert ag.Tensor(x, requires_grad=True).is_leaf and ag.Tensor(x, dtype=ag.float64).dtype == ag.float64


def test_bfloat16_is_computed_in_float32():
    x = ag.tensor([1.0, 1 + 2**-20], dtype=ag.float64)
    for made in (x.to(ag.bfloat16), x.bfloat16(), ag.tensor(x.tolist(), dtype=ag.bfloat16)):
        assert made.dtype == ag.bfloat16 and made.dtype == np.float32 and made.tolist() == x.tolist()


def test_what_numpy_computes_of_a_tensor_can_be_named_an_array():
    x = ag.tensor([1.0, 2.0], requires_grad=True)
    y = ag.from_numpy(np.dot(np.eye(2), x))
    y.sum().backward()
    assert x.grad.tolist() == [1, 1]
    with pytest.raises(TypeError, match="from_numpy needs an ndarray, got list"):
        ag.from_numpy([1.0])


@pytest.mark.parametrize(("make", "args"), [(ag.eye, (3,)), (ag.arange, (2, 8, 2)), (ag.linspace, (0, 1, 5))])
def test_ranges_and_the_identity_can_be_written_into_a_tensor(make, args):
    expected = make(*args)
    for target in (ag.empty(expected.shape), ag.empty(0)):
        assert make(*args, out=target) is target and target.tolist() == expected.tolist()
    with pytest.warns(UserWarning, match=f"{make.__name__}.out=.*takes its shape"):
        assert make(*args, out=ag.empty(1, 1, 1)).tolist() == expected.tolist()
    with pytest.raises(ShapeError, match=f"{make.__name__}.out=.*a view"):
        make(*args, out=ag.empty(2, 1, 1)[:1])


def test_memory_is_shared_by_dlpack():
    array = np.zeros(3, np.float32)
    shared = ag.from_dlpack(array)
    shared[0] = 5.0
    assert array.tolist() == [5.0, 0.0, 0.0]
    assert ag.from_dlpack(array, copy=True).numpy().ctypes.data != array.ctypes.data
    tensor = ag.zeros(3)
    ag.from_dlpack(tensor.__dlpack__())[1] = 7.0  # a capsule, which NumPy alone would not write to
    assert tensor.tolist() == [0.0, 7.0, 0.0]
    array.flags.writeable = False
    with suppress(BufferError):  # of a NumPy that does not share such memory at all
        assert not ag.from_dlpack(array).numpy().flags.writeable


def test_ends_of_ranges_may_be_tensors_of_one_number():
    assert ag.arange(ag.tensor(1), ag.tensor(3)).tolist() == [1, 2]
    assert ag.linspace(ag.tensor(0.0), 1, 3).tolist() == [0.0, 0.5, 1.0]
    with pytest.raises(
        RuntimeError, match=r"start, end and step must be numbers or tensors of 0 dims, got the shape \(2,\)"
    ):
        ag.arange(ag.ones(2).numpy())
    with pytest.raises(RuntimeError, match="linspace: steps must not be negative, got -1"):
        ag.linspace(0, 1, -1)

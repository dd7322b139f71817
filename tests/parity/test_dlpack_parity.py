"""Memory shared with NumPy and torch (and JAX, where it is installed) by DLPack."""

import numpy as np
import pytest
from autograd.utils.dlpack import from_dlpack, to_dlpack
from hypothesis import given
from hypothesis import strategies as st

import autograd
from autograd.testing import arrays, shapes

torch = pytest.importorskip("torch")

DTYPES = [np.float16, np.float32, np.float64, np.int8, np.int16, np.int32, np.int64, np.uint8, np.bool_]
LAYOUTS = [lambda a: a, lambda a: a.T, lambda a: a[::-1][::-1], lambda a: a[..., None][..., 0]]


@given(shapes(min_side=0).flatmap(arrays), st.sampled_from(DTYPES), st.sampled_from(LAYOUTS))
def test_every_dtype_and_layout_goes_to_torch_and_numpy_and_back_without_a_copy(array, dtype, layout):
    array = layout(array.astype(dtype)) if array.ndim else array.astype(dtype)
    tensor = autograd.from_numpy(array)
    theirs = torch.from_dlpack(tensor)
    back = autograd.from_dlpack(theirs)
    plain = np.from_dlpack(tensor)
    for other in (theirs.numpy(), back.numpy(), plain):
        assert other.dtype == array.dtype and other.shape == array.shape
        np.testing.assert_array_equal(other, array)
    if array.size:
        assert theirs.data_ptr() == back.numpy().ctypes.data == plain.ctypes.data == array.ctypes.data
        back[...] = 1
        assert theirs.bool().all() and array.all()


def test_capsules_share_memory_both_ways():
    tensor, theirs = autograd.zeros(3), torch.zeros(3)
    torch.utils.dlpack.from_dlpack(to_dlpack(tensor))[0] = 5
    from_dlpack(torch.utils.dlpack.to_dlpack(theirs))[1] = 7
    assert tensor.tolist() == [5, 0, 0] and theirs.tolist() == [0, 7, 0]


def test_a_copy_shares_nothing():
    array = np.zeros(3)
    autograd.from_dlpack(array, copy=True)[0] = 1
    assert not array.any()
    autograd.from_dlpack(array)[0] = 1
    assert array[0] == 1


def test_what_requires_a_gradient_is_refused_as_by_torch():
    for library in (autograd, torch):
        with pytest.raises(BufferError, match="detach"):
            library.ones(2, requires_grad=True).__dlpack__()
    assert autograd.ones(2).__dlpack_device__() == (1, 0)
    with pytest.raises(RuntimeError, match="no device 'cuda'"):
        autograd.from_dlpack(np.zeros(2), device="cuda")


def test_jax_shares_memory_too():
    jax = pytest.importorskip("jax")
    tensor = autograd.arange(4.0)
    np.testing.assert_array_equal(np.asarray(jax.dlpack.from_dlpack(tensor)), tensor.numpy())
    np.testing.assert_array_equal(autograd.from_dlpack(jax.numpy.arange(4.0)).numpy(), tensor.numpy())

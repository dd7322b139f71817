"""What a tensor is: its numbers, dtypes, conversions, elements, copies."""

import copy
import math
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd as ag
import nn


def leaf(*values):
    return ag.tensor(values, dtype=ag.float64, requires_grad=True)


# Dtypes ---------------------------------------------------------------------------------------------------------------


def test_python_numbers_become_float32_and_an_ndarray_keeps_its_dtype():
    assert ag.tensor([1.5, 2.0]).dtype == ag.float32 and ag.tensor([1, 2]).dtype == ag.int64
    assert ag.tensor(np.zeros(2)).dtype == ag.float64 and ag.Tensor([1, 2]).dtype == ag.float32
    assert ag.tensor(np.zeros(2, np.float16)).dtype == ag.float16 and ag.tensor([True]).dtype == ag.bool


def test_the_default_dtype_can_be_chosen():
    try:
        ag.set_default_dtype(ag.float64)
        assert ag.tensor(1.5).dtype == ag.zeros(1).dtype == ag.rand(1).dtype == ag.float64
    finally:
        ag.set_default_dtype(ag.float32)
    with pytest.raises(TypeError, match="must be a float"):
        ag.set_default_dtype(ag.int64)


@pytest.mark.parametrize(
    "f",
    [
        lambda x: x * 2.5,
        lambda x: 2 - x,
        lambda x: x / 3,
        lambda x: x**2,
        lambda x: x**0.5,
        lambda x: 2.0**x,
        lambda x: x * np.float64(2.5),
        lambda x: x + math.pi,
        lambda x: x * ag.tensor(2.5, dtype=ag.float64),
        lambda x: ag.tensor(2.5, dtype=ag.float64) * x,
        lambda x: x * ag.arange(3),
        lambda x: ag.arange(3) * x,
        lambda x: x + True,
        lambda x: x.mean() * x,
        lambda x: x.std(),
        lambda x: x.norm(),
        lambda x: x.softmax(0),
        lambda x: x.clamp(0.0, np.float64(0.5)),
        lambda x: ag.where(x > 1, x, 0.0),
        lambda x: x.masked_fill(x > 1, -math.inf).clamp(min=-5),
        lambda x: ag.ops.gelu(x, approximate="tanh"),
        lambda x: ag.ops.layer_norm(x, None, None),
        lambda x: x.logsumexp(0),
        lambda x: x.var(),
        lambda x: x.prod(),
        lambda x: x.cumsum(0),
        lambda x: x.square().sum().sqrt(),
        lambda x: (x @ x) * x,
        lambda x: ag.einsum("i,i->i", x, x),
        lambda x: ag.stack([x, x]).mean(0),
    ],
)
def test_float32_stays_float32_in_values_and_gradients(f):
    x = ag.tensor([0.5, 1.5, 2.5], requires_grad=True)
    out = f(x)
    assert out.dtype == ag.float32
    (g,) = ag.grad(out.sum(), x, create_graph=True)
    assert g.dtype == ag.float32
    if g.requires_grad:
        assert ag.grad(g.sum(), x)[0].dtype == ag.float32


def test_mixed_dtypes_promote_as_torchs():
    f32, f64, i64 = ag.ones(2), ag.ones(2, dtype=ag.float64), ag.ones(2, dtype=ag.int64)
    zero_d = ag.tensor(1.0, dtype=ag.float64)
    assert (i64 * f32).dtype == (f32 * zero_d).dtype == (i64 / i64).dtype == (i64 + 0.5).dtype == ag.float32
    assert (f32 + f64).dtype == (f64 * i64).dtype == (zero_d * zero_d).dtype == ag.float64
    assert (i64 * 2).dtype == (i64 + True).dtype == ag.int64 and (ag.ones(2, dtype=ag.int32) * 2).dtype == ag.int32


def test_a_gradient_has_the_dtype_of_its_leaf():
    x, y = ag.tensor([1.0, 2.0], requires_grad=True), leaf(3.0, 4.0)
    (x * y).sum().backward()
    assert x.grad.dtype == ag.float32 and y.grad.dtype == ag.float64


@pytest.mark.parametrize(
    "make",
    [
        lambda: ag.tensor([1, 2], requires_grad=True),
        lambda: ag.zeros(2, dtype=ag.int64).requires_grad_(),
        lambda: ag.tensor([True], requires_grad=True),
        lambda: nn.Parameter(ag.arange(3)),
    ],
)
def test_an_integer_leaf_with_requires_grad_is_a_clear_error(make):
    with pytest.raises(RuntimeError, match=r"only a floating-point tensor.*(int64|bool).*float32.*\.float\(\)"):
        make()


def test_integers_made_of_a_tensor_with_gradient_have_none():
    x = leaf(1.5, 2.5)
    for made in (x.long(), x.argmax(), x > 2, x.to(ag.int32), x.bool(), x.sort()[1], x.sum(dtype=ag.int64)):
        assert not made.requires_grad


# Numbers --------------------------------------------------------------------------------------------------------------


def test_a_tensor_of_one_element_is_a_number():
    x = ag.tensor([2.5])
    assert x.item() == float(x) == 2.5 and int(x) == 2 and bool(x) and complex(x) == 2.5
    assert f"{ag.tensor(2.5):.3f}" == "2.500" and f"{x:.1f}" == "2.5" and f"{ag.tensor(7):03d}" == "007"
    k = ag.tensor(2)
    assert [10, 20, 30, 40][k] == 30 and [10, 20, 30][:k] == [10, 20] and list(range(k)) == [0, 1]
    assert "%d" % k == "2"  # noqa: UP031


def test_a_tensor_of_several_elements_is_not_a_number():
    x = ag.zeros(2, 3)
    for act in (x.item, lambda: float(x), lambda: int(x), lambda: bool(x), lambda: [1][x.long()]):
        with pytest.raises(RuntimeError, match=r"\(2, 3\)"):
            act()
    with pytest.raises(TypeError, match=r"format '.2f' is for one number.*\(2, 3\)"):
        f"{x:.2f}"
    with pytest.raises(TypeError, match="whole number.*float32"):
        [1, 2][ag.tensor(1.0)]


def test_comparison_with_none_and_strings_is_pythons():
    x = ag.ones(2)
    assert (x == None) is False and (x != None) is True and (x == "a") is False  # noqa: E711
    assert x in [x] and {x: 1}[x] == 1


def test_size_shape_and_friends():
    x = ag.zeros(2, 3, 4)
    b, t, c = x.size()
    assert (b, t, c) == (2, 3, 4) == x.shape and x.size(-1) == 4 and x.shape.numel() == x.numel() == x.nelement() == 24
    assert x.dim() == x.ndim == 3 and len(x) == 2 and x.stride() == (12, 4, 1) and x.element_size() == x.itemsize == 4
    assert x.device.type == "cpu" and str(x.device) == "cpu" and not x.is_cuda and x.is_floating_point()
    assert x.is_contiguous() and not x.T.is_contiguous() and x.T.contiguous().is_contiguous() and x.contiguous() is x
    for act in (lambda: len(ag.tensor(1)), lambda: list(ag.tensor(1))):
        with pytest.raises(TypeError, match="0 dims"):
            act()


def test_iteration_and_membership():
    x = leaf(1.0, 2.0, 3.0)
    assert [float(v) for v in x] == [1, 2, 3] and 2 in x and ag.tensor(3.0) in x and 9 not in x
    (sum(x) * 2).backward()
    np.testing.assert_array_equal(x.grad.numpy(), [2, 2, 2])


def test_repr_shows_numbers_dtype_and_history():
    assert repr(ag.tensor([1.0, 2.5])) == "tensor([1.0000, 2.5000])"
    assert "dtype=torch.float64" in repr(leaf(1.0)) and "requires_grad=True" in repr(leaf(1.0))
    assert "grad_fn=<mul>" in repr(leaf(1.0) * 2) and repr(ag.tensor(3)) == "tensor(3)"
    assert "requires_grad=True" in repr(nn.Parameter(ag.ones(1))) and "Parameter" in repr(nn.Parameter(ag.ones(1)))


# Memory ---------------------------------------------------------------------------------------------------------------


def test_numpy_gives_the_array_itself_but_not_past_a_gradient():
    x = ag.zeros(3)
    x.numpy()[0] = 5
    assert x[0] == 5
    for act in (leaf(1.0).numpy, lambda: np.asarray(leaf(1.0))):
        with pytest.raises(RuntimeError, match=r"detach\(\)"):
            act()
    assert leaf(1.0).numpy(force=True) == 1.0


def test_tensor_copies_and_from_numpy_shares():
    array = np.zeros(3, np.float32)
    copied, shared, also = ag.tensor(array), ag.from_numpy(array), ag.as_tensor(array)
    array[0] = 1
    assert copied[0] == 0 and shared[0] == also[0] == 1
    assert ag.as_tensor(shared) is shared


def test_detach_data_and_clone():
    x = leaf(1.0, 2.0)
    assert not x.detach().requires_grad and np.shares_memory(x.detach().array, x.array)
    assert not np.shares_memory(x.clone().array, x.array) and x.clone().requires_grad
    (x.clone() * 3).sum().backward()
    np.testing.assert_array_equal(x.grad.numpy(), [3, 3])
    x.data = ag.tensor([5.0, 6.0], dtype=ag.float64)
    assert x.requires_grad and x.is_leaf and x.tolist() == [5, 6]
    other = leaf(7.0, 8.0)
    x.data = other
    assert x.is_leaf and np.shares_memory(x.array, other.array)


def test_is_leaf_and_grad_fn():
    x = leaf(1.0)
    assert x.is_leaf and x.grad_fn is None and ag.ones(1).is_leaf
    assert not (x * 2).is_leaf and (x * 2).grad_fn.name == "mul" and (x * 2).detach().is_leaf


def test_the_functions_before_a_grad_fn_are_those_of_its_operands():
    x = ag.ones(3, 4, requires_grad=True)
    for y in (2 * x, x * 2, 2 + x, x + 2):
        assert y.grad_fn.next_functions == ((x.node, 0), (None, 0))
    first, second = (x * 2).split(2, dim=1)
    assert (first + second).grad_fn.next_functions == ((first.node, 0), (second.node, 1))
    (product, _), (constant, _) = (x * 2 - ag.ones(4)).grad_fn.next_functions
    assert constant is None and product.next_functions[0] == (x.node, 0) and x.node.next_functions == ()


def test_flatten_of_one_dim_and_retain_grad_of_a_leaf_do_nothing():
    x = leaf(1.0, 2.0)
    x.retain_grad()
    assert x.flatten() is x
    ag.grad((x * x).sum(), x)
    assert x.grad is None


def test_requires_grad_can_be_set_on_leaves_only():
    x = ag.ones(2)
    assert x.requires_grad_() is x and x.requires_grad
    x.requires_grad = False
    assert not (x * 2).requires_grad
    with pytest.raises(RuntimeError, match=r"only a leaf.*detach\(\)"):
        (leaf(1.0) * 2).requires_grad_(False)


def test_a_gradient_that_is_assigned_must_fit():
    x = leaf(1.0, 2.0)
    with pytest.raises(RuntimeError, match=r"\(3,\).*\(2,\)"):
        x.grad = ag.zeros(3)
    with pytest.raises(TypeError, match="a Tensor or None.*ndarray"):
        x.grad = np.ones(2)
    x.grad = ag.ones(2, dtype=ag.float64)
    x.grad = None
    assert x.grad is None


def test_a_tensor_that_requires_no_gradient_holds_one_that_is_assigned():
    x, g = ag.ones(2), ag.zeros(2)
    assert x.grad is None
    x.grad = g
    assert x.grad is g and x.clone().grad is None
    x.requires_grad_()
    (x * 3).sum().backward()
    assert x.grad is g and g.tolist() == [3, 3]
    x.requires_grad_(False)
    assert x.grad is g and copy.deepcopy(x).grad.tolist() == [3, 3]
    del x.grad
    assert x.grad is None


def test_tensors_that_share_a_gradient_share_it_when_they_are_copied_together():
    x, y, g = leaf(1.0, 2.0), ag.ones(2), ag.zeros(2)
    x.grad = y.grad = g
    a, b = copy.deepcopy([x, y])
    assert a.grad is b.grad is not g and a.grad.tolist() == [0, 0]


def test_backward_of_several_tensors_reaches_the_inputs_alone():
    x, w = leaf(1.0, 2.0), leaf(3.0, 4.0)
    ag.backward([(x * w).sum(), (x * x).sum()], inputs=x)
    assert x.grad.tolist() == [5, 8] and w.grad is None
    ag.backward((x * w).sum(), grad_variables=ag.tensor(2.0), inputs=[w])
    assert w.grad.tolist() == [2, 4] and x.grad.tolist() == [5, 8]


def test_the_version_of_a_tensor_is_another_after_a_change_in_place():
    x = ag.ones(3)
    view, before = x[1:], x._version
    assert view._is_view() and not x._is_view() and view._version == before
    view.add_(1)
    assert x._version == view._version != before


def test_the_parts_of_a_complex_tensor_can_be_assigned():
    z, x = ag.zeros(2, dtype=ag.complex64), ag.zeros(2)
    z.real, z.imag, x.real = ag.ones(2), 2, ag.arange(2)
    assert z.tolist() == [1 + 2j] * 2 and x.tolist() == [0, 1]


# Copies and pickles ------------------------------------------------------------------------------------------------


def test_deepcopy_copies_elements_gradient_and_ties():
    x = leaf(1.0, 2.0)
    (x * x).sum().backward()
    pair = copy.deepcopy({"a": x, "b": x})
    assert pair["a"] is pair["b"] and pair["a"] is not x and pair["a"].requires_grad
    pair["a"].grad.zero_()
    pair["a"].data.zero_()
    assert x.tolist() == [1, 2] and x.grad.tolist() == [2, 4]
    with pytest.raises(RuntimeError, match="only a leaf can be deep-copied"):
        copy.deepcopy(x * 2)


def test_pickle_keeps_the_class_the_dtype_and_requires_grad():
    for x in (leaf(1.0), ag.tensor([1, 2]), nn.Parameter(ag.ones(2)), ag.tensor(True)):
        y = pickle.loads(pickle.dumps(x))
        assert type(y) is type(x) and y.dtype == x.dtype and y.requires_grad == x.requires_grad and y.equal(x)


# Errors ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("act", "message"),
    [
        (lambda x: x + ag.zeros(4), r"add.*\(2, 3\).*\(4,\)"),
        (lambda x: x @ x, r"matmul.*\(2, 3\).*\(2, 3\)"),
        (lambda x: x.view(5), r"\(2, 3\).*\(5,\)"),
        (lambda x: ag.cat([x, ag.zeros(2, 2)]), r"\(2, 3\).*\(2, 2\)"),
        (lambda x: ag.stack([x, ag.zeros(2)]), r"stack.*\(2,\).*\(2, 3\)"),
        (lambda x: x.expand(2, 5), r"\(2, 3\)|\(2,3\)"),
        (lambda x: x.split([1, 1], 1), r"split.*\(2, 3\).*\[1, 1\]"),
        (lambda x: ag.einsum("ij,jk->ik", x, x), r"'j'.*3 and 2"),
        (lambda x: ag.einsum("ijk->i", x), r"'ijk' has 3 indices for the shape \(2, 3\)"),
        (lambda x: x.masked_fill(ag.zeros(5, dtype=ag.bool), 0), r"masked_fill.*\(2, 3\).*\(5,\)"),
        (lambda x: x.topk(9), "k=9.*size 3"),
        (lambda x: x.narrow(0, 1, 4), r"\(2, 3\)"),
        (lambda x: ag.zeros(-1, 2), r"negative.*\(-1, 2\)"),
        (lambda x: ag.tensor([[1.0], [1.0, 2.0]]), "different lengths"),
    ],
)
def test_wrong_shapes_are_a_runtime_and_a_value_error_that_names_them(act, message):
    with pytest.raises(RuntimeError, match=message) as caught:
        act(ag.zeros(2, 3))
    assert isinstance(caught.value, ag.ShapeError) and isinstance(caught.value, ValueError)


@pytest.mark.parametrize(
    ("act", "message"),
    [
        (lambda: ag.arange(5, 0), "arange: step=1 does not lead from 5 to 0"),
        (lambda: ag.randint(5, 5, (2,)), "low below high"),
        (lambda: ag.bernoulli(ag.tensor([2.0])), "probabilities between 0 and 1"),
    ],
)
def test_numbers_that_make_no_sense_are_a_runtime_error_and_not_one_of_shapes(act, message):
    with pytest.raises(RuntimeError, match=message) as caught:
        act()
    assert not isinstance(caught.value, ag.ShapeError)


@pytest.mark.parametrize(
    "act",
    [lambda x: x.sum(2), lambda x: x.softmax(-3), lambda x: x.transpose(0, 2), lambda x: x.argmax(5), lambda x: x[5],
     lambda x: x.max(2), lambda x: x.select(0, 9), lambda x: x.squeeze(4), lambda x: x.unsqueeze(4),
     lambda x: x.gather(3, x.long()), lambda x: x.cumsum(2), lambda x: x.index_fill_(2, ag.tensor([0]), 1.0),
     lambda x: x.size(3), lambda x: ag.cat([x, x], 2)],
)  # fmt: skip
def test_a_dim_out_of_range_is_an_index_error(act):
    with pytest.raises(IndexError):
        act(ag.zeros(2, 3))


@pytest.mark.parametrize("name", ["cuda", "cuda:1", "mps", "tpu"])
def test_another_device_is_a_clear_error(name):
    for act in (lambda: ag.zeros(2, device=name), lambda: ag.zeros(2).to(device=name), lambda: ag.Generator(name)):
        with pytest.raises(RuntimeError, match=f"no device '{name}'.*cpu"):
            act()
    with pytest.raises(RuntimeError, match="no device 'tpu'"):
        ag.device("tpu")
    assert not ag.cuda.is_available() and not ag.backends.mps.is_available() and ag.cuda.device_count() == 0


def test_devices_that_are_not_here_can_be_compared():
    gpu = ag.device("cuda:1")
    with ag.device("cpu") as here:
        assert here == ag.zeros(2).device
    assert (gpu.type, gpu.index, str(gpu), repr(gpu)) == ("cuda", 1, "cuda:1", "device(type='cuda', index=1)")
    assert gpu == ag.device("cuda", 1) != ag.device("cuda") and hash(gpu) == hash(ag.device("cuda", 1))
    assert ag.zeros(2).device == ag.device("cpu:0") != gpu


@given(st.integers(2, 4), st.integers(-3, 2), st.permutations(range(3)))
def test_joined_tensors_are_contiguous(n, dim, dims):
    x = ag.arange(24).reshape(2, 3, 4).permute(*dims)
    for join, same in ((ag.stack, np.stack), (ag.cat, np.concatenate)):
        joined = join([x] * n, dim)
        assert joined.is_contiguous()
        assert joined.tolist() == same([x.numpy()] * n, dim).tolist()


def test_pictures_whose_channels_are_last_are_joined_as_such():
    x = ag.zeros(2, 4, 5, 3).permute(0, 3, 1, 2)
    assert ag.cat([x, x]).stride() == (60, 1, 15, 3)


@pytest.mark.parametrize("cast", [lambda x: x.float(), lambda x: x.to(ag.float64), lambda x: x.type_as(ag.zeros(1))])
def test_a_cast_of_an_expanded_tensor_is_contiguous(cast):
    x = cast(ag.arange(3).expand(2, 3))
    assert x.stride() == (3, 1) and x.view(6).tolist() == [0, 1, 2, 0, 1, 2]


def test_as_strided_takes_the_elements_at_steps_and_nothing_beyond_the_tensor():
    x = ag.arange(12.0).reshape(3, 4).requires_grad_()
    windows = ag.as_strided(x, (2, 2), (1, 2), 3)
    assert windows.tolist() == [[3, 5], [4, 6]] and x[1].detach().as_strided((2,), (1,), 6).tolist() == [6, 7]
    (windows * windows).sum().backward()
    assert x.grad.tolist() == [[0, 0, 0, 6], [8, 10, 12, 0], [0] * 4]
    for wrong in (
        lambda: x.as_strided((2,), (12,)),
        lambda: x.t().as_strided((2,), (1,)),
        lambda: x[1].as_strided((2,), (1,), 0),
    ):
        with pytest.raises(RuntimeError, match="not the tensor's own"):
            wrong()

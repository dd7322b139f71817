import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd as ag
import nn.functional as F
from autograd.errors import ShapeError

seeds = st.integers(0, 2**32 - 1)


def arrays(seed, *shapes):
    rng = np.random.default_rng(seed)
    return [rng.normal(size=shape) for shape in shapes]


def tensors(seed, *shapes, requires_grad=True):
    return tuple(ag.tensor(a, requires_grad=requires_grad) for a in arrays(seed, *shapes))


@given(seed=seeds, rows=st.integers(1, 4), columns=st.integers(1, 4))
def test_linear_is_x_wt_plus_b(seed, rows, columns):
    x, w, b = arrays(seed, (2, rows), (columns, rows), (columns,))
    np.testing.assert_allclose(F.linear(*map(ag.tensor, (x, w, b))).numpy(), x @ w.T + b)
    np.testing.assert_allclose(F.linear(ag.tensor(x[0]), ag.tensor(w)).numpy(), w @ x[0])


def test_linear_by_a_vector_gives_one_number_for_each_row():
    x, w = tensors(0, (2, 3, 4), (4,))
    assert F.linear(x, w).shape == (2, 3)
    assert ag.gradcheck(F.linear, (x, w))


def test_linear_names_both_shapes():
    with pytest.raises(ShapeError, match=r"\(2, 3\).*\(5, 4\)"):
        F.linear(ag.ones(2, 3), ag.ones(5, 4))


@given(seed=seeds)
def test_bilinear_is_the_form_of_each_output(seed):
    x, y, w, b = arrays(seed, (2, 3), (2, 4), (5, 3, 4), (5,))
    expected = np.array([[x[n] @ w[o] @ y[n] + b[o] for o in range(5)] for n in range(2)])
    np.testing.assert_allclose(F.bilinear(*map(ag.tensor, (x, y, w, b))).numpy(), expected)


def test_bilinear_gradient():
    assert ag.gradcheck(F.bilinear, tensors(0, (2, 3), (2, 4), (5, 3, 4), (5,)))


def test_embedding_takes_rows_and_repeated_indices_add_gradients():
    w = ag.tensor(np.arange(6.0).reshape(3, 2), requires_grad=True)
    out = F.embedding(ag.tensor([[2, 0], [2, 2]]), w)
    assert out.tolist() == [[[4.0, 5.0], [0.0, 1.0]], [[4.0, 5.0], [4.0, 5.0]]]
    out.sum().backward()
    assert w.grad.tolist() == [[1.0, 1.0], [0.0, 0.0], [3.0, 3.0]]
    for empty in (ag.ones(0, 0, requires_grad=True), ag.ones(3, 0, requires_grad=True)):
        F.embedding(ag.arange(len(empty)), empty).sum().backward()
        assert empty.grad.shape == empty.shape


@pytest.mark.parametrize("padding", [1, -2])
def test_the_padding_row_gets_no_gradient(padding):
    w = ag.ones(3, 2, requires_grad=True)
    F.embedding(ag.tensor([1, 0, 1]), w, padding_idx=padding).sum().backward()
    assert w.grad.tolist() == [[1.0, 1.0], [0.0, 0.0], [0.0, 0.0]]


def test_embedding_refuses_what_is_not_a_row():
    with pytest.raises(IndexError, match="7.*3 rows"):
        F.embedding(ag.tensor([7]), ag.ones(3, 2))
    with pytest.raises(TypeError, match="whole numbers"):
        F.embedding(ag.tensor([1.0]), ag.ones(3, 2))
    with pytest.raises(ValueError, match="padding_idx must be one of 3 rows, got 5"):
        F.embedding(ag.tensor([1]), ag.ones(3, 2), padding_idx=5)


@given(seed=seeds)
def test_one_hot_has_a_single_one_where_the_class_is(seed):
    index = np.random.default_rng(seed).integers(0, 5, (2, 3))
    out = F.one_hot(ag.tensor(index), 6)
    assert out.shape == (2, 3, 6) and out.dtype == ag.long
    np.testing.assert_array_equal(out.numpy().sum(-1), 1)
    np.testing.assert_array_equal(out.numpy().argmax(-1), index)
    assert F.one_hot(ag.tensor(index)).shape[-1] == index.max() + 1


def test_one_hot_refuses_what_is_not_a_class():
    with pytest.raises(ValueError, match="negative"):
        F.one_hot(ag.tensor([-1]))
    with pytest.raises(ValueError, match="below num_classes=3, got 3"):
        F.one_hot(ag.tensor([3]), 3)
    with pytest.raises(TypeError, match="integers"):
        F.one_hot(ag.tensor([1.0]))
    with pytest.raises(ValueError, match="num_classes"):
        F.one_hot(ag.tensor(np.zeros(0, dtype=np.int64)))


def test_dropout_keeps_the_mean_and_scales_what_is_left():
    ag.manual_seed(0)
    x = ag.ones(200, 200, requires_grad=True)
    out = F.dropout(x, 0.25)
    values = out.detach().numpy()
    assert set(np.unique(values)) == {np.float32(0), np.float32(1 / 0.75)}
    assert abs((values == 0).mean() - 0.25) < 0.01
    out.sum().backward()
    np.testing.assert_array_equal(x.grad.numpy(), values)


def test_dropout_is_seeded():
    x = ag.ones(50)
    ag.manual_seed(3)
    a = F.dropout(x).tolist()
    b = F.dropout(x).tolist()
    ag.manual_seed(3)
    assert F.dropout(x).tolist() == a != b
    seeded = [F.dropout(x, generator=ag.Generator().manual_seed(1)).tolist() for _ in range(2)]
    assert seeded[0] == seeded[1]


def test_dropout_does_nothing_outside_training_or_without_probability():
    x = ag.ones(5)
    assert F.dropout(x, 0.9, training=False) is x and F.dropout(x, 0.0) is x
    assert F.dropout(x, 1.0).tolist() == [0.0] * 5
    assert F.dropout(x, 0.5, inplace=True) is x
    with pytest.raises(ValueError, match="between 0 and 1, but got 1.5"):
        F.dropout(x, 1.5)


@given(seed=seeds, affine=st.booleans())
def test_layer_norm_equals_the_formula(seed, affine):
    x, w, b = arrays(seed, (3, 2, 4), (2, 4), (2, 4))
    y = (x - x.mean((1, 2), keepdims=True)) / np.sqrt(x.var((1, 2), keepdims=True) + 1e-5)
    args = (ag.tensor(w), ag.tensor(b)) if affine else ()
    np.testing.assert_allclose(F.layer_norm(ag.tensor(x), (2, 4), *args).numpy(), y * w + b if affine else y)
    z = (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 0.1)
    np.testing.assert_allclose(F.layer_norm(ag.tensor(x), (4,), ag.tensor(w[0]), None, 0.1).numpy(), z * w[0])


@given(seed=seeds)
def test_rms_norm_equals_the_formula(seed):
    x, w = arrays(seed, (3, 2, 4), (2, 4))
    y = x / np.sqrt((x * x).mean((1, 2), keepdims=True) + 0.1) * w
    np.testing.assert_allclose(F.rms_norm(ag.tensor(x), (2, 4), ag.tensor(w), 0.1).numpy(), y)
    eps = np.finfo(np.float64).eps
    z = x / np.sqrt((x * x).mean(-1, keepdims=True) + eps)
    np.testing.assert_allclose(F.rms_norm(ag.tensor(x), (4,)).numpy(), z)


def test_norm_gradients():
    assert ag.gradcheck(lambda x, w, b: F.layer_norm(x, (2, 4), w, b), tensors(1, (3, 2, 4), (2, 4), (2, 4)))
    assert ag.gradcheck(lambda x, w: F.rms_norm(x, (2, 4), w, 1e-5), tensors(2, (3, 2, 4), (2, 4)))


def test_norms_name_the_shape_they_expect():
    with pytest.raises(ShapeError, match=r"\[\*, 5\], got \(2, 4\)"):
        F.layer_norm(ag.ones(2, 4), (5,))
    with pytest.raises(ShapeError, match=r"weight \(3,\)"):
        F.rms_norm(ag.ones(2, 4), (4,), ag.ones(3))


@given(seed=seeds, p=st.sampled_from([1.0, 2.0, 3.0, np.inf]), dim=st.sampled_from([0, 1, -1]))
def test_normalize_makes_norm_one(seed, p, dim):
    (x,) = arrays(seed, (3, 4))
    out = F.normalize(ag.tensor(x), p, dim).numpy()
    np.testing.assert_allclose(np.linalg.norm(out, p, axis=dim), 1)
    np.testing.assert_allclose(out * np.linalg.norm(x, p, axis=dim, keepdims=True), x)


def test_normalize_leaves_zero_zero():
    assert F.normalize(ag.zeros(1, 3)).tolist() == [[0.0, 0.0, 0.0]]


def test_normalize_writes_its_result_where_it_is_told_to():
    x = ag.tensor([3.0, 4.0])
    assert F.normalize(x, dim=0, out=x) is x and x.allclose(ag.tensor([0.6, 0.8]))
    with pytest.raises(RuntimeError, match="has no derivative"):
        F.normalize(ag.ones(2, requires_grad=True), dim=0, out=x)


@given(seed=seeds)
def test_cosine_similarity_is_the_cosine(seed):
    x, y = arrays(seed, (3, 4), (3, 4))
    expected = [a @ b / np.linalg.norm(a) / np.linalg.norm(b) for a, b in zip(x, y)]
    np.testing.assert_allclose(F.cosine_similarity(ag.tensor(x), ag.tensor(y)).numpy(), expected)
    assert F.cosine_similarity(ag.zeros(1, 3), ag.ones(1, 3)).item() == 0


def test_cosine_similarity_takes_its_dim_from_the_shape_to_which_both_broadcast():
    x, y = arrays(0, (1, 2, 3), (2, 1, 3))
    full = F.cosine_similarity(*[ag.tensor(np.broadcast_to(a, (2, 2, 3))) for a in (x, y)], dim=-2)
    np.testing.assert_allclose(F.cosine_similarity(ag.tensor(x), ag.tensor(y), dim=-2).numpy(), full.numpy())


def test_cosine_similarity_gradient():
    assert ag.gradcheck(F.cosine_similarity, tensors(0, (3, 4), (3, 4)))


def test_pad_adds_from_the_last_dimension_and_crops_where_negative():
    x = ag.arange(6).reshape(2, 3).float()
    assert F.pad(x, (1, 0)).tolist() == [[0, 0, 1, 2], [0, 3, 4, 5]]
    assert F.pad(x, (0, 0, 0, 1), value=9.0).tolist() == [[0, 1, 2], [3, 4, 5], [9, 9, 9]]
    assert F.pad(x, (-1, 1)).tolist() == [[1, 2, 0], [4, 5, 0]]
    w = ag.ones(2, 3, requires_grad=True)
    F.pad(w, (-1, 1, 2, 0)).sum().backward()
    assert w.grad.tolist() == [[0, 1, 1], [0, 1, 1]]


def test_pad_refuses_what_does_not_fit():
    with pytest.raises(ShapeError, match="at most 1"):
        F.pad(ag.ones(3), (1, 1, 1, 1))
    with pytest.raises(ShapeError, match="crops more"):
        F.pad(ag.ones(3), (-2, -2))
    with pytest.raises(NotImplementedError, match="got 'mirror'"):
        F.pad(ag.ones(3), (1, 1), mode="mirror")


@pytest.mark.parametrize(("mode", "numpys"), [("reflect", "reflect"), ("replicate", "edge"), ("circular", "wrap")])
@given(seed=seeds, left=st.integers(0, 2), right=st.integers(0, 2))
def test_pad_with_elements_of_the_input_equals_numpys(mode, numpys, seed, left, right):
    (x,) = arrays(seed, (2, 3, 4))
    expected = np.pad(x, ((0, 0), (right, left), (left, right)), numpys)
    found = F.pad(ag.tensor(x), (left, right, right, left), mode)
    assert found.shape == expected.shape
    np.testing.assert_array_equal(found.numpy(), expected)
    assert ag.gradcheck(lambda t: F.pad(t, (left, right), mode), tensors(seed, (2, 3)))


@pytest.mark.parametrize("mode", ["constant", "reflect", "replicate", "circular"])
def test_pad_is_never_a_view_of_its_input(mode):
    x = ag.zeros(1, 2, 4, 4)
    for widths in [(0, 0, 0, 0), (0, 0, -1, -1)]:
        F.pad(x, widths, mode).fill_(1)
        assert not x.any()


def test_pad_with_elements_of_the_input_crops_as_torch():
    x = ag.arange(4)
    assert F.pad(x, (-1, 2), "reflect").tolist() == [1, 2, 3, 2, 1]  # what is cropped is still looked at
    assert F.pad(x, (-4, 2), "replicate").tolist() == [3, 3]
    assert F.pad(x, (-1, 2), "circular").tolist() == [1, 2, 3, 1, 2]  # and here it is not


def test_batch_norm_of_an_empty_batch_gives_gradients_of_0():
    x, weight, bias = (ag.ones(*shape, requires_grad=True) for shape in [(0, 3, 2, 2), (3,), (3,)])
    F.batch_norm(x, None, None, weight, bias, training=True).sum().backward()
    assert weight.grad.tolist() == bias.grad.tolist() == [0, 0, 0] and x.grad.shape == x.shape

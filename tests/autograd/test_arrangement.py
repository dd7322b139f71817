"""Elements scattered, split, joined and put on diagonals against NumPy; pairs, grids and the dtypes of results."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd as ag
import nn.functional as F
from autograd import gradcheck
from autograd.errors import ShapeError
from autograd.testing import arrays, booleans, seeds, shapes
from tests.properties.composed_arrangement import plain_scatter


@given(rng=seeds(), shape=shapes(1, 2), whole=st.booleans(), include=st.booleans(), data=st.data())
def test_what_is_scattered_without_a_gradient_is_reduced_at_each_place(rng, shape, whole, include, data):
    dim = data.draw(st.integers(0, len(shape) - 1))
    x, src = (rng.integers(1, 9, shape) if whole else rng.normal(size=shape) for _ in range(2))
    index = rng.integers(0, shape[dim], shape)
    for reduce in ("sum", "mean", "amax", "amin"):
        found = ag.scatter_reduce(ag.tensor(x), dim, ag.tensor(index), ag.tensor(src), reduce, include_self=include)
        expected = plain_scatter(x.astype(float), src, dim, index, include, reduce)
        np.testing.assert_allclose(found.numpy(), np.floor(expected) if whole else expected)
    found = ag.scatter_reduce(ag.tensor(x), dim, ag.tensor(index), ag.tensor(src), "prod", include_self=include)
    logs = plain_scatter(np.log(np.abs(x)), np.log(np.abs(src)), dim, index, include, "sum")
    np.testing.assert_allclose(np.abs(found.numpy()), np.exp(logs))
    number, place = ag.tensor(3.0), ag.tensor(0)
    assert ag.scatter_reduce(number, 0, place, number, "mean", include_self=include).item() == 3
    y = ag.tensor(x).clone()
    assert y.scatter_reduce_(dim, ag.tensor(index), ag.tensor(src), "sum") is y and y.sum().item() == pytest.approx(
        x.sum() + src.sum()
    )


@given(x=arrays(shapes(1, 2)), data=st.data(), accumulate=st.booleans())
def test_index_put_writes_or_adds_and_the_gradients_go_to_both(x, data, accumulate):
    rows = data.draw(st.lists(st.integers(0, len(x) - 1), min_size=1, max_size=3, unique=not accumulate))
    values = np.random.default_rng(0).normal(size=x[rows].shape)
    expected = x.copy()
    if accumulate:
        np.add.at(expected, rows, values)
    else:
        expected[rows] = values
    inputs = [ag.tensor(a, requires_grad=True) for a in (x, values)]
    put = lambda a, v: ag.index_put(a, (ag.tensor(rows),), v, accumulate)  # noqa: E731
    np.testing.assert_allclose(put(*inputs).detach().numpy(), expected)
    assert gradcheck(put, inputs)
    y = ag.tensor(x)
    assert y.index_put_((ag.tensor(rows),), ag.tensor(values), accumulate) is y
    np.testing.assert_allclose(y.numpy(), expected)
    stacked = ag.tensor(np.stack([x, x])).index_put((None, ag.tensor(rows)), ag.tensor(values), accumulate)
    np.testing.assert_allclose(stacked.numpy(), [expected, expected])


@given(x=arrays(shapes(min_dims=1)), data=st.data())
def test_index_copy_writes_slices(x, data):
    dim = data.draw(st.integers(-x.ndim, x.ndim - 1))
    index = data.draw(st.lists(st.integers(0, x.shape[dim] - 1), min_size=1, unique=True))
    source = np.take(x, index, dim) * 2 + 1
    expected = np.moveaxis(x.copy(), dim, 0)
    expected[index] = np.moveaxis(source, dim, 0)
    inputs = [ag.tensor(a, requires_grad=True) for a in (x, source)]
    copy = lambda a, s: ag.index_copy(a, dim, ag.tensor(index), s)  # noqa: E731
    np.testing.assert_array_equal(copy(*inputs).detach().numpy(), np.moveaxis(expected, 0, dim))
    assert gradcheck(copy, inputs)


@given(mask=booleans(()), x=arrays(()), source=arrays(shapes(1, 1)))
def test_a_number_is_masked_as_a_tensor_of_one(mask, x, source):
    found = ag.masked_scatter(ag.tensor(float(x)), ag.tensor(bool(mask)), ag.tensor(source, dtype=ag.float32))
    assert found.item() == pytest.approx(source[0] if mask else x)


@given(x=arrays(shapes(1, 3)), offset=st.integers(-2, 2), data=st.data())
def test_a_diagonal_is_put_where_diagonal_takes_it_from(x, offset, data):
    dims = data.draw(st.lists(st.integers(0, x.ndim), min_size=2, max_size=2, unique=True))
    out = ag.diag_embed(ag.tensor(x), offset, *dims)
    np.testing.assert_array_equal(np.diagonal(out.numpy(), offset, *dims), x)
    assert np.count_nonzero(out.numpy()) == np.count_nonzero(x)
    np.testing.assert_array_equal(ag.diagflat(ag.tensor(x), offset).numpy(), np.diagflat(x, offset))


ROW_MAJOR = {
    "topk": lambda x: x.topk(1),
    "sort": lambda x: x.sort(0, descending=True),
    "kthvalue": lambda x: x.kthvalue(1),
    "diag": lambda x: [x.diag()],
    "nonzero": lambda x: x.nonzero(as_tuple=True),
    "max_pool2d": lambda x: F.max_pool2d(x.repeat(2, 3, 1, 1), 2, return_indices=True),
    "tensordot": lambda x: [ag.tensordot(x, x, ([0], [0]))],
    "multinomial": lambda x: [(x.abs() + 1).multinomial(2)],
    "rfft": lambda x: [ag.fft.rfft(x), ag.fft.irfft(x)],
}


@pytest.mark.parametrize("name", ROW_MAJOR)
@given(x=arrays(st.tuples(st.integers(2, 4), st.integers(2, 4))))
def test_results_have_a_row_major_layout_and_memory_of_their_own(name, x):
    x = ag.tensor(x)
    for out in ROW_MAJOR[name](x):
        assert out.is_contiguous() and not np.shares_memory(out.numpy(), x.numpy())


SPLITS = {"hsplit": (np.hsplit, 1), "vsplit": (np.vsplit, 0), "dsplit": (np.dsplit, 2)}


@pytest.mark.parametrize("name", SPLITS)
@given(sections=st.sampled_from([1, 2, (1,), (1, 3)]))
def test_splits_along_a_dim_are_numpys(name, sections):
    numpys, dim = SPLITS[name]
    x = np.arange(64.0).reshape(4, 4, 4)
    for found, expected in zip(getattr(ag, name)(ag.tensor(x), sections), numpys(x, sections), strict=True):
        np.testing.assert_array_equal(found.numpy(), expected)
    if dim < 2:
        row = x[0, 0] if name == "hsplit" else x[0]
        for found, expected in zip(getattr(ag, name)(ag.tensor(row), sections), numpys(row, sections), strict=True):
            np.testing.assert_array_equal(found.numpy(), expected)
    with pytest.raises(RuntimeError, match=rf"{name}: the shape \(4, 4, 4\) cannot be split into 3 equal parts"):
        getattr(ag, name)(ag.tensor(x), 3)


@given(rng=seeds(), shape=shapes(0, 4))
def test_dims_are_added_where_numpy_adds_them(rng, shape):
    x = rng.normal(size=shape)
    for name in ("atleast_1d", "atleast_2d", "atleast_3d"):
        one, pair = getattr(ag, name)(ag.tensor(x)), getattr(ag, name)([ag.tensor(x), ag.tensor(2.0)])
        np.testing.assert_array_equal(one.numpy(), getattr(np, name)(x), strict=True)
        assert isinstance(pair, tuple) and [p.shape for p in pair] == [getattr(np, name)(a).shape for a in (x, 2.0)]
    if len(shape) < 3:
        np.testing.assert_array_equal(ag.dstack([ag.tensor(x)] * 2).numpy(), np.dstack([x, x]))
        np.testing.assert_array_equal(ag.column_stack([ag.tensor(x)] * 2).numpy(), np.column_stack([x, x]))
    np.testing.assert_array_equal(ag.ravel(ag.tensor(x)).numpy(), np.ravel(x))
    np.testing.assert_array_equal(ag.tensor(x.reshape(-1)).reshape_as(ag.tensor(x)).numpy(), x)
    if len(shape) > 1:
        for name in ("fliplr", "flipud"):
            np.testing.assert_array_equal(getattr(ag, name)(ag.tensor(x)).numpy(), getattr(np, name)(x))
        np.testing.assert_array_equal(ag.adjoint(ag.tensor(x)).numpy(), np.swapaxes(x, -1, -2))


# Pairs and grids ----------------------------------------------------------------------------------------------------


@given(x=arrays(shapes()), y=arrays(shapes()))
def test_kron_takes_tensors_of_any_dims(x, y):
    np.testing.assert_allclose(ag.kron(ag.tensor(x), ag.tensor(y)).numpy(), np.kron(x, y))
    np.testing.assert_allclose(ag.inner(ag.tensor(x), ag.tensor(2.0)).numpy(), np.inner(x, 2.0))


@given(rng=seeds(), p=st.sampled_from([1.0, 2.0, 3.0]))
def test_the_distance_is_the_norm_of_the_difference(rng, p):
    x, y = rng.normal(size=(2, 3, 4))
    assert ag.dist(ag.tensor(x), ag.tensor(y), p).item() == pytest.approx(np.linalg.norm((x - y).ravel(), p))
    inputs = [ag.tensor(a, requires_grad=True) for a in (x, y)]
    assert gradcheck(lambda a, b: ag.dist(a, b, p), inputs)
    assert ag.cdist(ag.ones(2, 0), ag.ones(3, 0)).tolist() == [[0.0] * 3] * 2


@given(rows=st.integers(0, 4), columns=st.integers(0, 4), offset=st.integers(-2, 2))
def test_indices_of_triangles_are_numpys(rows, columns, offset):
    for ours, numpys in ((ag.tril_indices, np.tril_indices), (ag.triu_indices, np.triu_indices)):
        found = ours(rows, columns, offset)
        np.testing.assert_array_equal(found.numpy(), numpys(rows, offset, columns))
        assert found.dtype == ag.int64 and ours(rows, columns, dtype=ag.int32).dtype == ag.int32


@given(start=st.floats(-2, 2), end=st.floats(-2, 2), steps=st.integers(0, 6), base=st.sampled_from([2.0, 10.0]))
def test_logspace_is_numpys(start, end, steps, base):
    found = ag.logspace(start, end, steps, base, dtype=ag.float64)
    np.testing.assert_allclose(found.numpy(), np.logspace(start, end, steps, base=base))


@given(shape=shapes(1, 3), rng=seeds())
def test_a_place_in_the_flattened_tensor_is_unravelled(shape, rng):
    flat = rng.integers(0, np.prod(shape), 5)
    for found, expected in zip(ag.unravel_index(ag.tensor(flat), shape), np.unravel_index(flat, shape), strict=True):
        np.testing.assert_array_equal(found.numpy(), expected)


def test_shapes_and_dtypes_that_meet():
    assert ag.broadcast_shapes((2, 1), 3, (1, 1, 1)) == (1, 2, 3)
    with pytest.raises(ShapeError, match="do not broadcast"):
        ag.broadcast_shapes((2,), (3,))
    promotions = [
        (ag.bool, ag.uint8, ag.uint8),
        (ag.uint8, ag.int8, ag.int16),
        (ag.int64, ag.float16, ag.float16),
        (ag.float32, ag.float64, ag.float64),
        (ag.float64, ag.complex64, ag.complex128),
    ]
    for a, b, expected in promotions:
        assert ag.promote_types(a, b) == ag.promote_types(b, a) == expected
        assert ag.result_type(ag.ones(1, dtype=a), ag.ones(1, dtype=b)) == expected
    assert ag.result_type(ag.ones(1, dtype=ag.uint8), 3) == ag.uint8
    assert ag.result_type(ag.ones(1, dtype=ag.int32), 2.5) == ag.float32
    assert ag.result_type(1, 2.0) == ag.float32 and ag.result_type(True, 2) == ag.int64


X = ag.ones(2, 3)
ERRORS = [
    (lambda: ag.scatter_reduce(X, 0, ag.zeros(2, 3, dtype=ag.long), X, "max"), "reduce must be .* not 'max'"),
    (
        lambda: ag.scatter_reduce(ag.ones(2, requires_grad=True), 0, ag.tensor([0]), ag.ones(1), "prod"),
        '"prod" has no derivative here',
    ),
    (lambda: ag.masked_scatter(X, X > 0, ag.ones(2)), "at least 6 elements of .*float32.* and shape"),
    (lambda: ag.diag_embed(X, 0, 1, 1), "dim1 and dim2 must differ, both are 1"),
    (lambda: ag.tensor_split(X, 0), "at least 1 dim and 1 section, got 2 and 0"),
    (lambda: ag.rot90(X, 1, (0, 0)), r"the dims must differ, got \(0, 0\)"),
    (lambda: ag.cdist(X, ag.ones(2, 2)), r"rows of one size and p >= 0, got \(2, 3\), \(2, 2\)"),
]


@pytest.mark.parametrize(("call", "match"), ERRORS, ids=range(len(ERRORS)))
def test_what_makes_no_sense_is_named(call, match):
    with pytest.raises((RuntimeError, ShapeError), match=match):
        call()

"""Search, order, sets and counts against NumPy's functions and loops."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd as ag
from autograd.errors import ShapeError
from autograd.testing import arrays, integers, seeds, separated, shapes

LINES = shapes(min_dims=1)


@given(rng=seeds(), rows=st.integers(1, 3), right=st.booleans(), ordered=st.booleans(), narrow=st.booleans())
def test_searchsorted_finds_where_each_element_belongs_in_its_row(rng, rows, right, ordered, narrow):
    table, values = rng.integers(0, 5, (rows, 4)), rng.integers(-1, 6, (rows, 3))
    order = np.argsort(table, -1)
    side = "right" if right else "left"
    expected = [np.searchsorted(np.sort(row), v, side) for row, v in zip(table, values)]
    table = np.sort(table, -1) if ordered else table
    sorter = None if ordered else ag.tensor(order)
    how = {"side": side} if narrow else {"right": right}
    found = ag.searchsorted(ag.tensor(table), ag.tensor(values), out_int32=narrow, sorter=sorter, **how)
    np.testing.assert_array_equal(found.numpy(), expected)
    assert found.dtype == (ag.int32 if narrow else ag.int64)
    twice = [None if a is None else ag.tensor(np.stack([a, a], 1)) for a in (table, values, None if ordered else order)]
    deep = ag.searchsorted(*twice[:2], sorter=twice[2], **how)
    np.testing.assert_array_equal(deep.numpy(), np.stack([expected, expected], 1))
    one = ag.bucketize(ag.tensor(values), ag.tensor(np.sort(table[0])), right=right)
    np.testing.assert_array_equal(one.numpy(), np.searchsorted(np.sort(table[0]), values, side))


@given(x=integers(shapes(min_side=0), 0, 5), others=integers(shapes(), 0, 3), invert=st.booleans())
def test_isin_and_argwhere_are_numpys(x, others, invert):
    found = ag.isin(ag.tensor(x), ag.tensor(others), invert=invert)
    np.testing.assert_array_equal(found.numpy(), np.isin(x, others, invert=invert))
    np.testing.assert_array_equal(ag.argwhere(ag.tensor(x)).numpy(), np.argwhere(x))


@given(x=integers(LINES, 0, 3), data=st.data(), keepdim=st.booleans())
def test_the_mode_is_the_least_of_the_most_frequent(x, data, keepdim):
    dim = data.draw(st.integers(-x.ndim, x.ndim - 1))
    values, indices = ag.mode(ag.tensor(x), dim, keepdim)

    def most(row):
        numbers, counts = np.unique(row, return_counts=True)
        return numbers[counts.argmax()]

    expected = np.apply_along_axis(most, dim, x)
    last = np.apply_along_axis(lambda row: np.flatnonzero(row == most(row))[-1], dim, x)
    if keepdim:
        expected, last = np.expand_dims(expected, dim), np.expand_dims(last, dim)
    np.testing.assert_array_equal(values.numpy(), expected)
    np.testing.assert_array_equal(indices.numpy(), last)


@given(x=separated(LINES), data=st.data())
def test_kthvalue_is_the_k_th_of_the_sorted(x, data):
    dim = data.draw(st.integers(-x.ndim, x.ndim - 1))
    k = data.draw(st.integers(1, x.shape[dim]))
    values, indices = ag.kthvalue(ag.tensor(x), k, dim)
    np.testing.assert_array_equal(values.numpy(), np.take(np.sort(x, dim), k - 1, dim))
    np.testing.assert_array_equal(indices.numpy(), np.take(np.argsort(x, dim), k - 1, dim))


def test_order_statistics_of_a_number_are_the_number():
    x = ag.tensor(3.0)
    for found in (ag.mode(x), ag.kthvalue(x, 1), ag.cummax(x, 0), ag.cummin(x, 0)):
        assert found[0].item() == 3.0 and found[1].item() == 0


@given(rng=seeds(), data=st.data())
def test_quantiles_where_nan_is_among_the_numbers_are_nan(rng, data):
    x = rng.normal(size=(3, 4))
    x[0, data.draw(st.integers(0, 3))] = np.nan
    how = data.draw(st.sampled_from(["linear", "lower", "nearest"]))
    found = ag.quantile(ag.tensor(x), ag.tensor([0.2, 0.7], dtype=ag.float64), 1, interpolation=how)
    expected = np.quantile(x[1:], [0.2, 0.7], 1, method=how)
    np.testing.assert_allclose(found.numpy()[:, 1:], expected)
    assert np.isnan(found.numpy()[:, 0]).all()


@given(rng=seeds(), data=st.data())
def test_nanquantile_and_nanmedian_pass_over_nan(rng, data):
    x = rng.normal(size=(4, 5))
    x[rng.random((4, 5)) < 0.4] = x[0] = np.nan
    x[1, 2] = 1.0
    how, q = data.draw(st.sampled_from(["linear", "lower", "midpoint"])), data.draw(st.floats(0, 1))
    found = ag.nanquantile(ag.tensor(x), q, 1, keepdim=True, interpolation=how).numpy()
    medians, places = ag.nanmedian(ag.tensor(x), 1)
    assert np.isnan(found[0]).all() and np.isnan(medians.numpy()[0])
    for row, value, median, place in zip(x[1:], found[1:, 0], medians.numpy()[1:], places.numpy()[1:], strict=True):
        known = row[~np.isnan(row)]
        expected = np.quantile(known, q, method=how) if len(known) else np.nan
        np.testing.assert_allclose(value, expected, rtol=1e-6, atol=1e-9)
        np.testing.assert_equal(median, np.sort(known)[(len(known) - 1) // 2] if len(known) else np.nan)
        np.testing.assert_equal(row[place], median)
    known = x[~np.isnan(x)]
    assert ag.tensor(x).nanmedian().item() == np.sort(known)[(len(known) - 1) // 2]
    np.testing.assert_allclose(ag.tensor(x).nanquantile(0.3).item(), np.quantile(known, 0.3))


@given(x=integers(LINES, 0, 2), along=st.booleans())
def test_unique_consecutive_are_runs_and_their_lengths(x, along):
    dim = 0 if along else None
    values, inverse, counts = ag.unique_consecutive(ag.tensor(x), True, True, dim)
    items = x if along else x.reshape(-1)
    np.testing.assert_array_equal(np.repeat(values.numpy(), counts.numpy(), axis=0), items)
    np.testing.assert_array_equal(values.numpy()[inverse.numpy()], x)
    same = [np.array_equal(a, b) for a, b in zip(values.numpy(), values.numpy()[1:])]
    assert not any(same)
    np.testing.assert_array_equal(ag.unique_consecutive(ag.tensor(x), dim=dim).numpy(), values.numpy())


@given(x=arrays(shapes(), -2, 2), bins=st.integers(1, 5), density=st.booleans(), weighted=st.booleans())
def test_histograms_are_numpys(x, bins, density, weighted):
    weight = np.abs(x) + 0.5 if weighted else None
    for edges in (bins, np.linspace(-2, 2, bins + 1)):
        ours = ag.tensor(edges) if isinstance(edges, np.ndarray) else edges
        found = ag.histogram(
            ag.tensor(x), ours, weight=None if weight is None else ag.tensor(weight), density=density, range=None
        )
        flat = None if weight is None else weight.reshape(-1)
        for a, b in zip(found, np.histogram(x.reshape(-1), edges, weights=flat, density=density)):
            np.testing.assert_allclose(a.numpy(), b)
    np.testing.assert_array_equal(ag.histc(ag.tensor(x), bins).numpy(), np.histogram(x, bins)[0])
    np.testing.assert_array_equal(ag.histc(ag.tensor(x), bins, -1, 1).numpy(), np.histogram(x, bins, (-1, 1))[0])


@given(x=arrays(shapes(min_dims=2)), y=arrays(shapes(1, 1)), n=st.integers(1, 2))
def test_differences_with_what_comes_before_and_after(x, y, n):
    first, last = x[..., :1] * 2, x[..., :2] - 1
    found = ag.diff(ag.tensor(x), n, prepend=ag.tensor(first), append=ag.tensor(last))
    np.testing.assert_allclose(found.numpy(), np.diff(x, n, prepend=first, append=last))
    bits = y > 0
    np.testing.assert_array_equal(ag.diff(ag.tensor(bits)).numpy(), np.diff(bits))


@given(rng=seeds(), dim=st.sampled_from([0, 1, -1, -2]))
def test_trapezoid_takes_points_for_one_dim_or_for_all(rng, dim):
    y, points = rng.normal(size=(3, 4)), np.sort(rng.normal(size=(3, 4)), dim)
    one = points[0] if dim % 2 else points[:, 0]
    for x in (points, one):
        found = ag.trapezoid(ag.tensor(y), ag.tensor(x), dim=dim)
        np.testing.assert_allclose(found.numpy(), np.trapezoid(y, x, axis=dim))


@given(rng=seeds(), correction=st.integers(0, 1), counted=st.booleans(), weighted=st.booleans())
def test_weighted_covariances_are_numpys(rng, correction, counted, weighted):
    x, counts, weights = rng.normal(size=(2, 4)), rng.integers(1, 4, 4), rng.uniform(0.5, 1, 4)
    how = {"fweights": counts} if counted else {}
    how |= {"aweights": weights} if weighted else {}
    found = ag.cov(ag.tensor(x), correction=correction, **{k: ag.tensor(v) for k, v in how.items()})
    np.testing.assert_allclose(found.numpy(), np.cov(x, ddof=correction, **how))
    row = ag.cov(ag.tensor(x[0]), correction=correction)
    np.testing.assert_allclose(row.numpy(), np.cov(x[0], ddof=correction))


ONE = ag.tensor([1.0, 2.0])
ERRORS = [
    (lambda: ag.searchsorted(ag.ones(2, 3), ag.ones(3, 1)), r"rows of shape \(2, 3\) and values of \(3, 1\)"),
    (
        lambda: ag.searchsorted(ag.ones(2, 3, 4), ag.ones(2, 5, 1)),
        r"\(2, 3, 4\) and values of \(2, 5, 1\)",
    ),
    (lambda: ag.searchsorted(ONE, ONE, right=True, side="left"), "not contradict right, got 'left'"),
    (lambda: ag.bucketize(ONE, ag.ones(2, 2)), "needs a vector of boundaries"),
    (lambda: ag.quantile(ONE, 0.5, interpolation="cubic"), "interpolation must be one of linear, lower"),
    (lambda: ag.quantile(ONE, 1.5), "numbers from 0 to 1"),
    (lambda: ag.quantile(ag.tensor([1]), 0.5), "needs floats"),
    (lambda: ag.quantile(ag.ones(0), 0.5), r"quantile of an empty tensor of shape \(0,\)"),
    (lambda: ag.kthvalue(ONE, 3), "k must be from 1 to 2, the size of dim -1, got 3"),
    (lambda: ag.histc(ONE, 0), "at least 1 bin"),
    (lambda: ag.diff(ag.tensor(1.0)), "diff needs at least 1 dim"),
    (lambda: ag.cov(ag.ones(2, 2, 2)), "cov needs at most 2 dims"),
    (lambda: ag.cov(ONE, fweights=ONE), "fweights must be a vector of 2 whole numbers"),
]


@pytest.mark.parametrize(("call", "match"), ERRORS, ids=range(len(ERRORS)))
def test_what_makes_no_sense_is_named(call, match):
    with pytest.raises((RuntimeError, ShapeError), match=match):
        call()

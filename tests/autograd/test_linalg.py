"""`autograd.linalg` against NumPy's: solutions, decompositions by the products of their parts, and norms."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd as ag
from autograd import gradcheck, linalg
from autograd.errors import ShapeError
from autograd.testing import arrays, seeds, shapes

SIZES = st.tuples(st.integers(1, 4), st.integers(1, 4))
BATCHES = st.sampled_from([(), (2,), (2, 3)])


def close(found, expected):
    np.testing.assert_allclose(found.detach().numpy(), expected, rtol=1e-8, atol=1e-8)


@given(rng=seeds(), batch=BATCHES, n=st.integers(1, 4))
def test_solve_takes_vectors_and_batches_of_them(rng, batch, n):
    a, b = rng.normal(size=(*batch, n, n)) + 3 * np.eye(n), rng.normal(size=(*batch, n))
    close(linalg.solve(ag.tensor(a), ag.tensor(b)), np.linalg.solve(a, b[..., None])[..., 0])


@given(rng=seeds(), size=SIZES, driver=st.sampled_from([None, "gelsy", "gels", "gelsd", "gelss"]), one=st.booleans())
def test_lstsq_is_numpys_and_the_driver_decides_what_else_is_told(rng, size, driver, one):
    m, n = size
    a, b = rng.normal(size=(m, n)), rng.normal(size=(m,) if one else (m, 2))
    solution, residuals, rank, values = np.linalg.lstsq(a, b)
    found = linalg.lstsq(ag.tensor(a), ag.tensor(b), driver=driver)
    if not one or m != 2:
        close(found.solution, solution)
    if driver == "gels":
        assert found.rank.numel() == 0
    else:
        assert found.rank.item() == rank
    if driver in ("gelsd", "gelss"):
        close(found.singular_values, values)
    else:
        assert found.singular_values.numel() == 0
    if m > n and driver not in (None, "gelsy"):
        close(found.residuals.reshape(-1), residuals)
    else:
        assert found.residuals.numel() == 0


@given(rng=seeds(), batch=BATCHES, size=SIZES)
def test_the_parts_of_a_decomposition_multiply_to_the_matrix(rng, batch, size):
    m, n = size
    a = rng.normal(size=(*batch, m, n))
    x = ag.tensor(a)
    p, lower, upper = linalg.lu(x)
    close(p @ lower @ upper, a)
    close(lower.tril(), lower.numpy())
    close(upper.triu(), upper.numpy())
    q, r = linalg.qr(x, "complete")
    close(q @ r, a)
    close(q.mT @ q, np.broadcast_to(np.eye(m), q.shape))
    empty, r = linalg.qr(x, "r")
    assert empty.numel() == 0 and r.shape == (*batch, min(m, n), n)
    packed, pivots = linalg.lu_factor(x)
    close(packed.triu()[..., : min(m, n), :], upper.numpy())
    rows = np.broadcast_to(np.arange(m), (*batch, m)).copy()
    for place in np.ndindex(*batch):
        for i, j in enumerate(pivots.numpy()[place] - 1):  # the rows i and j change places
            rows[place][[i, j]] = rows[place][[j, i]]
    close((lower @ upper), np.take_along_axis(a, rows[..., None], -2))


@given(rng=seeds(), batch=BATCHES, n=st.integers(1, 4))
def test_eigenvectors_are_only_scaled_by_the_matrix(rng, batch, n):
    a = rng.normal(size=(*batch, n, n))
    w, v = linalg.eig(ag.tensor(a))
    np.testing.assert_allclose(a @ v.numpy(), v.numpy() * w.numpy()[..., None, :], atol=1e-8)
    assert w.dtype == ag.complex128 and linalg.eigvals(ag.tensor(a)).dtype == ag.complex128
    np.testing.assert_allclose(np.prod(w.numpy(), -1), np.linalg.det(a), atol=1e-8)
    with pytest.raises(RuntimeError, match="eig has no derivative here"):
        linalg.eig(ag.tensor(a, requires_grad=True))


@given(rng=seeds(), batch=BATCHES, n=st.integers(1, 3))
def test_the_pseudo_inverse_of_a_hermitian_matrix_reads_the_lower_triangle(rng, batch, n):
    a = rng.normal(size=(*batch, n, n))
    lower = np.tril(a)
    close(linalg.pinv(ag.tensor(a), hermitian=True), np.linalg.pinv(lower + np.swapaxes(np.tril(a, -1), -1, -2)))


@given(rng=seeds(), size=SIZES, rank=st.integers(1, 3))
def test_the_rank_is_how_many_columns_the_factors_have(rng, size, rank):
    m, n = size
    a = ag.tensor(rng.normal(size=(m, rank)) @ rng.normal(size=(rank, n)))
    assert linalg.matrix_rank(a).item() == min(m, n, rank)
    assert linalg.matrix_rank(a, atol=1e3).item() == linalg.matrix_rank(a, 1e3, False).item() == 0


def test_an_absolute_tolerance_stands_for_the_relative_one():
    a = ag.tensor(np.diag([1e20, 1.0, 0.25]))
    assert linalg.matrix_rank(a).item() == linalg.matrix_rank(a, atol=0.0).item() == 1  # 1 is less than eps * 1e20
    assert linalg.matrix_rank(a, atol=0.5).item() == 2 and linalg.matrix_rank(a, atol=0.1).item() == 3


# Norms ----------------------------------------------------------------------------------------------------------------

VECTOR_ORDERS = [2, 1, 3, 0, math.inf, -math.inf]
MATRIX_ORDERS = ["fro", "nuc", 1, -1, 2, -2, math.inf, -math.inf]


@given(x=arrays(shapes(min_dims=1)), ord=st.sampled_from(VECTOR_ORDERS), keepdim=st.booleans(), data=st.data())
def test_norms_of_vectors_are_numpys(x, ord, keepdim, data):
    dim = data.draw(st.integers(-x.ndim, x.ndim - 1))
    expected = np.linalg.norm(x, ord, dim, keepdim)
    close(linalg.vector_norm(ag.tensor(x), ord, dim, keepdim), expected)
    close(linalg.norm(ag.tensor(x), ord, dim, keepdim), expected)
    found = linalg.vector_norm(ag.tensor(x), ord, dim, keepdim, dtype=ag.float32)
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-5)
    assert found.dtype == ag.float32


@given(x=arrays(shapes(min_dims=2)), ord=st.sampled_from(MATRIX_ORDERS), keepdim=st.booleans(), data=st.data())
def test_norms_of_matrices_are_numpys_over_any_two_dims(x, ord, keepdim, data):
    dim = tuple(data.draw(st.permutations(range(x.ndim)))[:2])
    expected = np.linalg.norm(x, ord, dim, keepdim)
    close(linalg.matrix_norm(ag.tensor(x), ord, dim, keepdim), expected)
    close(linalg.norm(ag.tensor(x), ord, dim, keepdim), expected)
    assert linalg.matrix_norm(ag.tensor(x), ord, dim, dtype=ag.float32).dtype == ag.float32


@given(x=arrays(shapes()))
def test_a_norm_without_ord_and_dim_is_that_of_all_elements(x):
    close(linalg.norm(ag.tensor(x)), np.linalg.norm(x.reshape(-1)))


@pytest.mark.parametrize("p", [None, 1, "fro", 2])
def test_the_condition_of_singular_matrices_is_infinite(p):
    a = np.stack([np.eye(2), np.ones((2, 2)), 2 * np.eye(2) + 1])
    found = linalg.cond(ag.tensor(a), p).numpy()
    np.testing.assert_allclose(found[[0, 2]], np.linalg.cond(a[[0, 2]], p))
    assert found[1] > 1e15


# Products -------------------------------------------------------------------------------------------------------------


@given(rng=seeds(), dim=st.sampled_from([-1, 0]))
def test_products_along_a_dim(rng, dim):
    x, y = rng.normal(size=(2, 3, 3))
    inputs = [ag.tensor(a, requires_grad=True) for a in (x, y)]
    close(linalg.vecdot(*inputs, dim=dim), (x * y).sum(dim))
    close(linalg.cross(*inputs, dim=dim), np.cross(x, y, axis=dim))
    close(linalg.diagonal(inputs[0], offset=1), np.diagonal(x, 1))
    assert gradcheck(lambda a, b: (linalg.vecdot(a, b, dim=dim), linalg.cross(a, b, dim=dim)), inputs)


A = ag.ones(2, 2)
ERRORS = [
    (lambda: linalg.qr(A, "full"), "mode must be .* not 'full'"),
    (lambda: linalg.matrix_norm(A, 3), "ord must be .* not 3"),
    (lambda: linalg.matrix_norm(A, dim=(0, 0)), "it needs two dims"),
    (lambda: linalg.norm(ag.ones(2, 2, 2), 2), "pass dim= for ord 2"),
    (lambda: linalg.norm(ag.ones(2), "fro"), "ord 'fro' is for matrices"),
    (lambda: linalg.inv(ag.zeros(2, 2)), r"inv of shape \(2, 2\): Singular matrix"),
]


@pytest.mark.parametrize(("call", "match"), ERRORS, ids=range(len(ERRORS)))
def test_what_makes_no_sense_is_named(call, match):
    with pytest.raises((RuntimeError, ShapeError), match=match):
        call()

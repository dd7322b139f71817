"""Functions of matrices and statistics under torch's older names, against NumPy."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd as ag
from autograd import gradcheck
from autograd.errors import ShapeError
from autograd.testing import seeds
from tests.properties.calls import examples


def close(found, expected):
    np.testing.assert_allclose(found.detach().numpy(), expected, rtol=1e-9, atol=1e-9)


@examples(20)
@given(rng=seeds(), n=st.integers(1, 4), upper=st.booleans())
def test_cholesky_factors_solve(rng, n, upper):
    root, b = rng.normal(size=(n, n)), rng.normal(size=(n, 2))
    a = root @ root.T + np.eye(n)
    factor = ag.cholesky(ag.tensor(a), upper)
    close(factor.mT @ factor if upper else factor @ factor.mT, a)
    close(ag.cholesky_solve(ag.tensor(b), factor, upper), np.linalg.solve(a, b))
    close(ag.cholesky_inverse(factor, upper), np.linalg.inv(a))
    root = factor.detach().requires_grad_()
    assert gradcheck(lambda f: ag.cholesky_inverse(f.triu() if upper else f.tril(), upper), root)
    inputs = [ag.tensor(x, requires_grad=True) for x in (b, factor.numpy())]
    assert gradcheck(lambda b, f: ag.cholesky_solve(b, f.triu() if upper else f.tril(), upper), inputs)


@examples(20)
@given(rng=seeds(), n=st.integers(1, 4), upper=st.booleans(), bad=st.integers(0, 4))
def test_a_factorisation_says_which_minor_has_none(rng, n, upper, bad):
    root = rng.normal(size=(2, n, n))
    good, bad = root @ root.swapaxes(-1, -2) + np.eye(n), min(bad, n)
    a = good.copy()
    if bad:
        a[1, bad - 1, bad - 1] = -1.0
    x = ag.tensor(a, requires_grad=True)
    found, info = ag.linalg.cholesky_ex(x, upper=upper)
    assert info.tolist() == [0, bad] and info.dtype == ag.int32
    inside = slice(bad - 1 if bad else n)
    expected = np.zeros_like(a)
    expected[0], expected[1, inside, inside] = np.linalg.cholesky(a[0]), np.linalg.cholesky(a[1, inside, inside])
    close(found, expected.swapaxes(-1, -2) if upper else expected)
    out = ag.zeros_like(x.detach()), ag.zeros(2, dtype=ag.int32)
    assert ag.linalg.cholesky_ex(x.detach(), upper=upper, out=out)[0] is out[0] and out[0].equal(found.detach())
    assert gradcheck(lambda x: ag.linalg.cholesky_ex((x + x.mT) / 2, upper=upper).L, x)
    if bad:
        with pytest.raises(ag.linalg.LinAlgError):
            ag.linalg.cholesky_ex(x, check_errors=True)


@examples(20)
@given(rng=seeds(), n=st.integers(0, 4), bad=st.integers(0, 4))
def test_an_inverse_says_whether_there_is_none(rng, n, bad):
    a, bad = rng.normal(size=(2, n, n)), min(bad, n)
    if bad:
        a[1, :, bad - 1] = 0.0
    x = ag.tensor(a, requires_grad=True)
    found, info = ag.linalg.inv_ex(x)
    assert info.tolist() == [0, bad] and info.dtype == ag.int32
    close(found[0], np.linalg.inv(a[0]))
    assert (
        np.isnan(found[1].detach().numpy()).all() if bad else np.allclose(a[1] @ found[1].detach().numpy(), np.eye(n))
    )
    (found[0] ** 2).sum().backward()
    close(x.grad[0], ag.grad((ag.linalg.inv(x[0]) ** 2).sum(), x)[0][0])
    if bad:
        with pytest.raises(ag.linalg.LinAlgError):
            ag.linalg.inv_ex(x, check_errors=True)


@examples(20)
@given(rng=seeds(), n=st.integers(1, 4), flags=st.tuples(*[st.booleans()] * 3))
def test_triangles_solve_under_the_older_name(rng, n, flags):
    upper, transpose, unit = flags
    a, b = rng.normal(size=(2, n, n)) + 3 * np.eye(n), rng.normal(size=(2, n, 3))
    triangle = np.triu(a, 1) if upper else np.tril(a, -1)
    triangle = triangle + (np.eye(n) if unit else a * np.eye(n))
    found, copy = ag.triangular_solve(ag.tensor(b), ag.tensor(a), *flags)
    close(found, np.linalg.solve(triangle.swapaxes(-1, -2) if transpose else triangle, b))
    close(copy, a)


@examples(20)
@given(rng=seeds(), m=st.integers(1, 4), n=st.integers(1, 4), some=st.booleans())
def test_svd_and_qr_of_the_older_names(rng, m, n, some):
    a = rng.normal(size=(m, n))
    u, s, v = ag.svd(ag.tensor(a), some)
    k = min(m, n)
    close((u[:, :k] * s) @ v[:, :k].mT, a)
    assert u.shape == (m, k if some else m) and v.shape == (n, k if some else n)
    zeros, values, more = ag.svd(ag.tensor(a), compute_uv=False)
    close(values, np.linalg.svd(a, compute_uv=False))
    assert not zeros.numpy().any() and not more.numpy().any()
    q, r = ag.qr(ag.tensor(a), some)
    close(q @ r, a)
    assert q.shape == (m, k if some else m)
    assert ag.norm(ag.tensor(a), "nuc").item() == pytest.approx(values.sum().item())
    assert ag.norm(ag.tensor(a), "nuc", keepdim=True).shape == (1, 1)


@pytest.mark.filterwarnings("ignore:overflow")
def test_a_norm_is_computed_in_the_dtype_that_is_asked_for():
    x = ag.full((3,), 60000.0, dtype=ag.float16, requires_grad=True)
    assert x.norm().isinf() and x.norm(dtype=ag.float32).item() == pytest.approx(float(x[0]) * 3**0.5)
    ag.norm(x, 2, 0, True, dtype=ag.float64).backward()
    close(x.grad, np.full(3, np.float16(3**-0.5)))


def test_determinants_that_are_negative_or_0():
    a = ag.tensor([[0.0, 1.0], [1.0, 0.0]])
    assert np.isnan(ag.logdet(a).item()) and ag.slogdet(ag.zeros(2, 2)) == (0.0, -np.inf)
    singular = ag.tensor([[1.0, 2.0], [2.0, 4.0]], dtype=ag.float64, requires_grad=True)
    ag.det(singular).backward()
    close(singular.grad, [[4.0, -2.0], [-2.0, 1.0]])  # the cofactors


def test_the_exponential_of_half_precision_is_that_of_float32():
    x = ag.tensor([[0.0, 1.0], [-1.0, 0.0]], dtype=ag.float16)
    out = ag.matrix_exp(x)
    assert out.dtype == ag.float16
    np.testing.assert_allclose(out.numpy(), [[np.cos(1), np.sin(1)], [-np.sin(1), np.cos(1)]], rtol=1e-3)


@given(rng=seeds(), n=st.integers(1, 4), size=st.sampled_from([1e-3, 1.0, 30.0, 200.0]))
def test_the_exponential_of_large_matrices_is_that_of_their_eigenvalues(rng, n, size):
    q, _ = np.linalg.qr(rng.normal(size=(n, n)))
    values = size * rng.uniform(-1, 1, size=n)
    expected = (q * np.exp(values)) @ q.T
    found = ag.matrix_exp(ag.tensor((q * values) @ q.T)).numpy()
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-10 * np.abs(expected).max())


# Statistics -----------------------------------------------------------------------------------------------------------


@given(rng=seeds(), unbiased=st.booleans(), dim=st.sampled_from([None, 0, 1]), keepdim=st.booleans())
def test_spreads_come_with_the_mean(rng, unbiased, dim, keepdim):
    x = rng.normal(size=(3, 4))
    for name, numpys in (("var_mean", np.var), ("std_mean", np.std)):
        spread, mean = getattr(ag, name)(ag.tensor(x), dim=dim, unbiased=unbiased, keepdim=keepdim)
        close(spread, numpys(x, dim, ddof=int(unbiased), keepdims=keepdim))
        close(mean, np.mean(x, dim, keepdims=keepdim))
    spread, _ = ag.var_mean(ag.tensor(x), unbiased)
    close(spread, np.var(x, ddof=int(unbiased)))


@given(rng=seeds(), along=st.booleans(), weighted=st.booleans())
def test_distinct_elements_and_their_counts(rng, along, weighted):
    x = rng.integers(0, 3, (4, 2) if along else (6,))
    dim = 0 if along else None
    for a, b in zip(ag.unique(ag.tensor(x), True, True, True, dim), np.unique(x, False, True, True, dim), strict=True):
        np.testing.assert_array_equal(a.numpy(), b)
    flat, weights = x.reshape(-1), rng.uniform(size=x.size) if weighted else None
    found = ag.bincount(ag.tensor(flat), None if weights is None else ag.tensor(weights), 5)
    np.testing.assert_allclose(found.numpy(), np.bincount(flat, weights, 5))


def test_the_median_of_what_has_nan_is_nan_and_the_greater_of_two_is_elementwise():
    x = ag.tensor([[3.0, float("nan"), 1.0], [2.0, 5.0, 4.0]])
    values, indices = ag.median(x, 1)
    assert np.isnan(values[0].item()) and indices[0].item() == 1 and values[1].item() == 4.0
    assert ag.median(ag.tensor(2.0)).item() == 2.0
    assert ag.max(x[1], ag.tensor([3.0, 3.0, 3.0])).tolist() == [3.0, 5.0, 4.0]
    assert ag.min(x[1], other=ag.tensor([3.0, 3.0, 3.0])).tolist() == [2.0, 3.0, 3.0]


A = ag.ones(2, 2)
ERRORS = [
    (lambda: ag.det(ag.ones(2, 3)), r"det needs square matrices, got the shape \(2, 3\)"),
    (lambda: ag.inverse(A.long()), "inv is for float32 and float64, not int64"),
    (lambda: ag.inverse(A), r"inv of shape \(2, 2\): Singular matrix"),
    (lambda: ag.matrix_power(ag.ones(2, 3), 2), "matrix_power needs square matrices"),
    (lambda: ag.qr(ag.ones(3, 2, requires_grad=True), False), "derivative only with mode='reduced'"),
    (lambda: ag.linalg.solve(A, ag.ones(3, 1)), r"must have the same number of rows"),
    (lambda: ag.norm(A, "max"), "p must be a number, .* not 'max'"),
    (lambda: ag.max(ag.ones(2, 0), 1), r"dim 1 of the shape \(2, 0\) is empty"),
    (lambda: ag.median(ag.ones(2, 0), 1), "it has no median"),
]


@pytest.mark.parametrize(("call", "match"), ERRORS, ids=range(len(ERRORS)))
def test_what_makes_no_sense_is_named(call, match):
    with pytest.raises((RuntimeError, ShapeError, IndexError), match=match):
        call()


@pytest.mark.parametrize("equation", ["aij,ajk->aik", "ij,jk->ki", "ij,jk->ik", "ij->ji", "aij,ajk->ika"])
def test_the_result_of_an_einsum_of_tensors_lies_row_major(equation):
    sizes = {"a": 1, "i": 2, "j": 3, "k": 4}
    out = ag.einsum(equation, *[ag.rand(*[sizes[i] for i in part]) for part in equation.split("->")[0].split(",")])
    assert out.is_contiguous()


@pytest.mark.parametrize("equation", ["ij,ij->i", "ij,ij->j", "ij,ij->ij", "ij,jk->ik", "ij,ij->", "ij,jj->i"])
@examples(5)
@given(rng=seeds(), first=st.sampled_from([(3, 1), (1, 4), (1, 1), (3, 4)]))
def test_a_size_of_1_is_stretched_in_an_einsum(equation, rng, first):
    second = {"jk": (4, 2), "jj": (4, 4)}.get(equation[3:5], (3, 4))
    x, y = (ag.tensor(rng.normal(size=shape), requires_grad=True) for shape in (first, second))
    sizes = dict(zip(equation[:2] + equation[3:5], (*first, *second)))
    whole = np.broadcast_to(x.detach().numpy(), [max(n, sizes[i]) for i, n in zip(equation, first)])
    expected = np.einsum(equation, whole, y.detach().numpy())
    np.testing.assert_allclose(ag.einsum(equation, x, y).detach().numpy(), expected, atol=1e-12)
    assert ag.gradcheck(lambda x, y: ag.einsum(equation, x, y), (x, y))

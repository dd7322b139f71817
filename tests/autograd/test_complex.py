"""Complex numbers: dtypes, printing, what refuses them. Their derivatives are among the properties."""

import numpy as np
import pytest

import autograd as ag

Z = np.array([[1 + 2j, -0.5j], [3, 0.25 - 1j]])


def test_pythons_complex_numbers_become_complex64_and_an_ndarray_keeps_its_own():
    assert ag.tensor([1j]).dtype == ag.complex64 == ag.cfloat
    assert ag.tensor(Z).dtype == ag.complex128 == ag.cdouble


def test_floats_with_complex_numbers_are_complex_and_as_wide_as_the_wider():
    z = ag.tensor(Z.astype(np.complex64))
    assert (z * ag.ones(2)).dtype == (z + ag.arange(2)).dtype == (ag.ones(2) * 2j).dtype == ag.complex64
    assert (z * ag.ones(2, dtype=ag.float64)).dtype == ag.complex128
    assert z.abs().dtype == z.real.dtype == z.imag.dtype == ag.float32


def test_a_complex_number_is_printed_as_torch_prints_it():
    assert str(ag.tensor([0.5 - 2j])) == "tensor([0.5000-2.j])"


@pytest.mark.parametrize(
    "f",
    [ag.relu, lambda z: z < z, ag.sort, ag.max, lambda z: z.clamp(0, 1), ag.var],
)
def test_what_is_not_there_for_complex_numbers_says_so(f):
    with pytest.raises(TypeError, match="does not support complex numbers, got complex128"):
        f(ag.tensor(Z))


@pytest.mark.parametrize("f", [ag.linalg.qr, ag.linalg.svd, ag.linalg.cholesky, ag.linalg.slogdet, ag.linalg.pinv])
def test_decompositions_that_are_not_there_for_complex_numbers_say_so(f):
    with pytest.raises(TypeError, match="does not support complex numbers, got complex128"):
        f(ag.tensor(Z @ Z.conj().T))


def test_the_logarithm_of_a_running_sum_begins_at_what_is_nothing():
    z = np.array([-np.inf, -np.inf + 1j, 0.5 + 3j, -np.inf, 700 - 2j])
    out = ag.logcumsumexp(ag.tensor(z), 0)
    assert np.isneginf(out[:2].real.numpy()).all()
    np.testing.assert_allclose(out[2:].numpy(), [0.5 + 3j, 0.5 + 3j, 700 - 2j])
    assert ag.logcumsumexp(ag.zeros(2, 0, dtype=ag.complex64), 1).shape == (2, 0)


def test_truth_values_of_complex_numbers():
    z = ag.tensor([0, 1j, 2])
    assert z.any() and not z.all() and z.count_nonzero() == 2 and z.logical_not().tolist() == [True, False, False]
    assert ag.logical_and(z, z.real).tolist() == [False, False, True]


def test_backward_starts_at_a_real_number():
    z = ag.tensor(Z, requires_grad=True)
    with pytest.raises(RuntimeError, match="or take a real function of them"):
        z.sum().backward()
    (z * z.conj()).sum().real.backward()
    np.testing.assert_allclose(z.grad.numpy(), 2 * Z)


def test_a_real_tensor_gets_the_real_part_of_a_gradient():
    x = ag.tensor([1.0, 2.0], requires_grad=True)
    (x * ag.tensor([1 + 1j, 3j])).sum().real.backward()
    assert x.grad.dtype == ag.float32 and x.grad.tolist() == [1, 0]


def test_views_of_complex_numbers_share_memory():
    x = ag.zeros(3, 2)
    ag.view_as_complex(x)[1] = 2 + 3j
    assert x.tolist() == [[0, 0], [2, 3], [0, 0]]
    z = ag.zeros(2, dtype=ag.complex64)
    z.imag.fill_(5)
    assert z.tolist() == [5j, 5j]


def test_eigenvalues_of_any_matrix_are_complex_and_have_no_derivative():
    a = np.random.default_rng(0).normal(size=(2, 4, 4))
    w, v = ag.linalg.eig(ag.tensor(a))
    np.testing.assert_allclose((ag.tensor(a + 0j) @ v).numpy(), (v * w[:, None]).numpy(), atol=1e-12)
    assert ag.linalg.eigvals(ag.tensor(a, dtype=ag.float32)).dtype == ag.complex64
    with pytest.raises(RuntimeError, match="eig has no derivative here"):
        ag.linalg.eig(ag.tensor(a, requires_grad=True))


@pytest.mark.parametrize("f", [np.real, np.imag, np.conjugate, np.abs])
def test_the_parts_that_numpy_gives_are_those_of_its_arrays(f):
    np.testing.assert_allclose(f(ag.tensor(Z)).numpy(), f(Z))

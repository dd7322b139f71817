"""A batch in shares gives the gradient of the whole batch."""

import numpy as np
import pytest

import autograd
import nn
from autograd import kernels
from autograd.kernels import blas
from autograd.kernels.blas import blas_threads
from nn import functional as F
from nn.parallel import backward, shares, value_and_grads


def setting(dropout=0.0):
    autograd.manual_seed(1)
    model = nn.Sequential(nn.Linear(6, 16), nn.GELU(), nn.Dropout(dropout), nn.Linear(16, 3))
    rng = np.random.default_rng(2)
    x, y = rng.standard_normal((7, 6)).astype(np.float32), rng.integers(0, 3, 7)
    return model, (lambda x, y: F.cross_entropy(model(x), y)), (x, y)


@pytest.mark.parametrize("threads", [1, 2, 3, 20])
def test_the_shares_sum_to_the_gradient_of_the_whole(threads):
    model, loss, batch = setting()
    whole = loss(*map(autograd.as_tensor, batch))
    whole.backward()
    value, grads = value_and_grads(loss, list(model.parameters()), batch, threads)
    assert value == pytest.approx(whole.item(), rel=1e-6)
    for parameter, g in zip(model.parameters(), grads, strict=True):
        np.testing.assert_allclose(g.numpy(), parameter.grad.numpy(), rtol=1e-5, atol=1e-7)


def test_backward_adds_to_what_is_there():
    model, loss, batch = setting()
    parameters = list(model.parameters())
    backward(loss, parameters, batch, 2)
    once = [p.grad.numpy().copy() for p in parameters]
    backward(loss, parameters, batch, 2)
    for p, g in zip(parameters, once, strict=True):
        np.testing.assert_allclose(p.grad.numpy(), 2 * g, rtol=1e-6)


def test_a_parameter_that_is_not_used_gets_zeros():
    model, loss, batch = setting()
    spare = nn.Parameter(autograd.ones(2))
    assert value_and_grads(loss, [spare], batch, 2)[1][0].tolist() == [0, 0]


def test_dropout_draws_the_same_for_the_same_seed_and_number_of_threads():
    results = []
    for _ in range(2):
        model, loss, batch = setting(dropout=0.5)
        results.append([g.numpy() for g in value_and_grads(loss, list(model.parameters()), batch, 3)[1]])
    for a, b in zip(*results, strict=True):
        np.testing.assert_array_equal(a, b)


def test_within_a_worker_thread_the_shares_are_taken_one_after_the_other():
    model, loss, batch = setting()
    found = []

    def body(start, stop):
        found.append([g.numpy() for g in value_and_grads(loss, list(model.parameters()), batch, 2)[1]])

    body(0, 1)
    kernels.parallel_for(body, 2, threads=2)
    assert len(found) == 3
    for a, b, c in zip(*found, strict=True):
        np.testing.assert_array_equal(a, b)
        np.testing.assert_array_equal(a, c)


def test_shares_are_nearly_equal_and_never_empty():
    x = np.zeros((7, 2), np.float32)
    assert [len(part[0]) for part in shares((x,), 3)] == [2, 2, 3]
    assert [len(part[0]) for part in shares((x[:2],), 3)] == [1, 1]


def test_parts_of_different_lengths_are_refused():
    with pytest.raises(ValueError, match="one length"):
        shares((np.zeros(3), np.zeros(4)), 2)


def test_an_error_in_a_share_is_raised():
    model, _, (x, y) = setting()

    def loss(x, y):
        if y[-1].item() == last:
            raise RuntimeError("in the last share")
        return F.cross_entropy(model(x), y)

    last = 77
    with pytest.raises(RuntimeError, match="in the last share"):
        value_and_grads(loss, list(model.parameters()), (x, np.append(y[:-1], 77)), 2)


def test_blas_threads_are_as_before_afterwards():
    libraries = [library for library in (blas.openblas(), blas.mkl()) if library is not None]
    if not libraries:
        pytest.skip("neither NumPy's own OpenBLAS nor MKL is here")
    before = [library.threads() for library in libraries]
    with blas_threads(1):
        assert [library.threads() for library in libraries] == [1] * len(libraries)
    assert [library.threads() for library in libraries] == before

"""A batch split over threads has the loss and the gradient of the whole batch."""

import numpy as np
import pytest

import autograd
import nn
from autograd import kernels
from autograd.kernels import blas
from autograd.kernels.blas import blas_threads
from nn import functional as F
from nn.parallel import data_parallel, split_batch


def setting(dropout=0.0):
    autograd.manual_seed(1)
    model = nn.Sequential(nn.Linear(6, 16), nn.GELU(), nn.Dropout(dropout), nn.Linear(16, 3))
    rng = np.random.default_rng(2)
    return model, (rng.standard_normal((7, 6)).astype(np.float32), rng.integers(0, 3, 7))


def loss(model, batch):
    x, y = batch
    return F.cross_entropy(model(x), y)


@pytest.mark.parametrize("threads", [1, 2, 3, 20])
def test_the_chunks_have_the_loss_and_the_gradient_of_the_whole(threads):
    model, batch = setting()
    parameters = list(model.parameters())
    whole = loss(model, tuple(map(autograd.as_tensor, batch)))
    split = data_parallel(loss, threads)(model, batch)
    assert split.item() == pytest.approx(whole.item(), rel=1e-6)
    for a, b in zip(autograd.grad(split / 3, parameters), autograd.grad(whole / 3, parameters), strict=True):
        np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-5, atol=1e-7)


def test_backward_adds_to_what_is_there():
    model, batch = setting()
    parallel_loss = data_parallel(loss, 2)
    parallel_loss(model, batch).backward()
    once = [p.grad.numpy().copy() for p in model.parameters()]
    parallel_loss(model, batch).backward()
    for p, g in zip(model.parameters(), once, strict=True):
        np.testing.assert_allclose(p.grad.numpy(), 2 * g, rtol=1e-6)


def test_a_parameter_that_is_not_used_gets_zeros_and_a_frozen_one_nothing():
    model, batch = setting()
    model.spare, model[0].weight.requires_grad = nn.Parameter(autograd.ones(2)), False
    data_parallel(lambda model, batch: loss(model[:4], batch), 2)(model, batch).backward()
    assert model.spare.grad.tolist() == [0, 0] and model[0].weight.grad is None and model[0].bias.grad is not None


def test_dropout_draws_the_same_for_the_same_seed_and_number_of_threads():
    results = []
    for _ in range(2):
        model, batch = setting(dropout=0.5)
        data_parallel(loss, 3)(model, batch).backward()
        results.append([p.grad.numpy() for p in model.parameters()])
    for a, b in zip(*results, strict=True):
        np.testing.assert_array_equal(a, b)


def test_within_a_worker_thread_the_chunks_are_taken_one_after_the_other():
    model, batch = setting(dropout=0.5)
    found = []

    def body(start, stop):
        for _ in range(start, stop):
            autograd.manual_seed(3)
            found.append(autograd.grad(data_parallel(loss, 2)(model, batch), list(model.parameters())))

    body(0, 1)
    kernels.parallel_for(lambda start, stop: body(0, 1) if start else None, 2, threads=2)
    assert len(found) == 2
    for a, b in zip(*found, strict=True):
        np.testing.assert_array_equal(a.numpy(), b.numpy())


def test_chunks_are_nearly_equal_and_never_empty():
    x = np.zeros((7, 2), np.float32)
    assert [len(part[0]) for part in split_batch((x,), 3)] == [2, 2, 3]
    assert [len(part[0]) for part in split_batch((x[:2],), 3)] == [1, 1]


def test_tensors_of_different_lengths_are_refused():
    with pytest.raises(ValueError, match="one length"):
        split_batch((np.zeros(3), np.zeros(4)), 2)


def test_an_error_in_a_chunk_is_raised():
    model, (x, y) = setting()

    def fails(model, batch):
        if batch[1][-1].item() == y[-1]:
            raise RuntimeError("in the last chunk")
        return loss(model, batch)

    y[-1] = 77
    with pytest.raises(RuntimeError, match="in the last chunk"):
        data_parallel(fails, 2)(model, (x, y))


def test_blas_threads_are_as_before_afterwards():
    libraries = [library for library in (blas.openblas(), blas.mkl()) if library is not None]
    if not libraries:
        pytest.skip("neither NumPy's own OpenBLAS nor MKL is here")
    before = [library.threads() for library in libraries]
    with blas_threads(1):
        assert [library.threads() for library in libraries] == [1] * len(libraries)
    assert [library.threads() for library in libraries] == before

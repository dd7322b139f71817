"""svd_lowrank and pca_lowrank beside the whole decomposition."""

import numpy as np
import pytest

import autograd as torch


def of_rank(rank, *shape):
    torch.manual_seed(0)
    *batch, m, n = shape
    return torch.randn(*batch, m, rank, dtype=torch.float64) @ torch.randn(*batch, rank, n, dtype=torch.float64)


@pytest.mark.parametrize("shape", [(20, 8), (8, 20), (3, 10, 9)])
def test_a_matrix_of_low_rank_is_the_product_of_the_three(shape):
    x = of_rank(4, *shape)
    for found, whole in (
        (torch.svd_lowrank(x), x),
        (torch.svd_lowrank(x + 1, M=torch.ones_like(x), niter=0), x),
        (torch.pca_lowrank(x, center=False), x),
        (torch.pca_lowrank(x + 1, q=4), x - x.mean(-2, keepdim=True)),
    ):
        u, s, v = found
        np.testing.assert_allclose((u @ torch.diag_embed(s) @ v.mT).numpy(), whole.numpy(), atol=1e-9)
        expected = torch.linalg.svdvals(whole)
        np.testing.assert_allclose(s[..., :4].numpy(), expected[..., :4].numpy())
        for part in (u, v):
            np.testing.assert_allclose(
                (part.mT @ part).numpy(), np.broadcast_to(np.eye(s.shape[-1]), (*s.shape, s.shape[-1])), atol=1e-9
            )


def test_the_first_singular_values_of_any_matrix_are_near():
    x = torch.randn(30, 20, dtype=torch.float64)
    _, s, v = torch.svd_lowrank(x, q=10, niter=8)
    np.testing.assert_allclose(s[:3].numpy(), torch.linalg.svdvals(x)[:3].numpy(), rtol=1e-3)
    assert v.shape == (20, 10)


def test_the_sum_of_the_singular_values_has_a_gradient():
    x = of_rank(2, 6, 5).requires_grad_()
    (g,) = torch.autograd.grad(torch.svd_lowrank(x, q=2)[1].sum(), x)
    (expected,) = torch.autograd.grad(torch.linalg.svdvals(x)[:2].sum(), x)
    np.testing.assert_allclose(g.numpy(), expected.numpy(), atol=1e-8)


def test_too_many_directions_are_an_error():
    with pytest.raises(ValueError, match=r"pca_lowrank: q must be from 0 to 3, the lesser size of \(3, 5\), got 4"):
        torch.pca_lowrank(torch.ones(3, 5), q=4)

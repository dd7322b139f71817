"""Matrices that programs give by the elements that are not 0."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd as torch
from autograd.testing import arrays, shapes


@given(st.integers(1, 5), st.integers(1, 5), st.integers(0, 8), st.integers(0, 2**32 - 1))
def test_elements_at_repeated_indices_add_up_and_have_the_gradient_of_their_place(rows, columns, n, seed):
    rng = np.random.default_rng(seed)
    at = np.stack([rng.integers(rows, size=n), rng.integers(columns, size=n)])
    values = torch.tensor(rng.standard_normal(n), requires_grad=True)
    expected = np.zeros((rows, columns))
    np.add.at(expected, tuple(at), values.detach().numpy())
    x, g = torch.tensor(rng.standard_normal((columns, 3))), rng.standard_normal((rows, 3))
    matrix = torch.sparse_coo_tensor(torch.tensor(at), values, (rows, columns)).coalesce()
    np.testing.assert_array_equal(matrix.detach().to_dense().numpy(), expected)
    for multiply in (torch.spmm, torch.dsmm, torch.sparse.mm):
        product = multiply(matrix.to_sparse(), x)
        np.testing.assert_allclose(product.detach().numpy(), expected @ x.numpy(), atol=1e-12)
    product.backward(torch.tensor(g))
    np.testing.assert_allclose(values.grad.numpy(), (g @ x.numpy().T)[tuple(at)], atol=1e-12)


@given(shapes(min_dims=1).flatmap(arrays), st.integers(0, 2**32 - 1))
def test_indices_and_values_are_those_of_the_elements_that_are_not_0_and_make_the_tensor_again(array, seed):
    array = array * np.random.default_rng(seed).integers(0, 2, array.shape)
    matrix = torch.tensor(array, requires_grad=True)
    indices, values = matrix.coalesce().indices(), matrix._values()
    np.testing.assert_array_equal(indices, np.stack(array.nonzero()))
    np.testing.assert_array_equal(values.detach(), array[array.nonzero()])
    assert matrix._nnz() == len(values) and matrix._indices().equal(indices) and matrix.values().equal(values)
    made = torch.sparse_coo_tensor(indices, values, matrix.shape)
    assert made.equal(matrix)
    made.sum().backward()
    np.testing.assert_array_equal(matrix.grad, array != 0)


def test_without_a_size_the_largest_indices_say_it():
    made = torch.sparse.FloatTensor([[0, 2], [1, 0]], [[1.0, 2.0], [3.0, 4.0]])
    assert made.shape == (3, 2, 2) and made[0, 1].tolist() == [1, 2] and made.sum() == 10
    leaf = torch.sparse_coo_tensor([[0, 0]], [1, 2], (2,), dtype=torch.float64, requires_grad=True)
    assert leaf.is_leaf and leaf.requires_grad and leaf.tolist() == [3, 0]


@pytest.mark.parametrize("end", [-3, 10, 2.6])
def test_range_includes_its_end(end):
    step = -1 if end < 0 else 1
    assert torch.range(0, end, step).tolist() == [float(i) for i in range(0, int(end) + step, step)]
    assert torch.range(end, end).tolist() == [torch.tensor(float(end)).item()]

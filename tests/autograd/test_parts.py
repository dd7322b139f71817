"""Parts of a tensor that are taken one by one: their gradients are added in place, in one array."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd as ag
from autograd.ops.indexing import getitem
from autograd.testing import arrays, indices, shapes
from tests.properties.calls import examples


@st.composite
def uses(draw):
    """An array, and what is used of it one after the other: an index, or None for all of it."""
    x = draw(arrays(draw(shapes(min_dims=1))))
    return x, draw(st.lists(st.none() | indices(x.shape), min_size=1, max_size=5))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("leaf", [True, False])
@given(case=uses(), data=st.data())
@examples(50)
def test_the_gradients_of_parts_and_of_the_whole_add_up(leaf, dtype, case, data):
    values, used = case
    x = ag.tensor(values.astype(dtype), requires_grad=True)
    y = x if leaf else x * 1
    parts = [y if index is None else getitem(y, index=index) for index in used]
    seeds = [data.draw(arrays(part.shape)).astype(dtype) for part in parts]
    expected = np.zeros(values.shape)
    for index, seed in zip(used, seeds):
        if index is None:
            expected += seed
        else:
            np.add.at(expected, index, seed)
    kept = [seed.copy() for seed in seeds]
    for _ in range(2):
        (found,) = ag.grad(parts, [y], list(map(ag.as_tensor, seeds)), retain_graph=True)
        assert found.dtype == x.dtype
        np.testing.assert_allclose(found.numpy(), expected, rtol=1e-5, atol=1e-5)
        found.zero_()
    ag.backward(parts, list(map(ag.as_tensor, seeds)))
    np.testing.assert_allclose(x.grad.numpy(), expected, rtol=1e-5, atol=1e-5)
    for seed, before in zip(seeds, kept):
        np.testing.assert_array_equal(seed, before)


def test_a_gradient_that_a_hook_keeps_is_not_added_to():
    x = ag.ones(3, requires_grad=True)
    y = x * 2
    seen = []
    y.register_hook(seen.append)
    (y + x).sum().backward(retain_graph=True)
    first = seen[0].numpy().copy()
    (y[0] * 5 + y.sum() + x[1]).backward()
    np.testing.assert_array_equal(seen[0].numpy(), first)
    np.testing.assert_array_equal(x.grad.numpy(), [3 + 12, 3 + 3, 3 + 2])


def test_the_gradient_of_a_number_takes_that_of_its_parts():
    x = ag.tensor(2.0, requires_grad=True)
    y = x * x
    (y + y[None].sum() + y[()] * 3).backward()
    assert x.grad.item() == 20


@pytest.mark.parametrize("take", [lambda x, i: x[i], lambda x, i: x[:, i], lambda x, i: x.narrow(0, i, 1)])
def test_a_loop_over_parts_allocates_one_gradient_not_one_a_step(take):
    n = 200
    x = ag.ones(n, n, requires_grad=True)
    total = sum(take(x, i).sum() for i in range(n))
    zeros, made = np.zeros, []

    def counted(shape, *args, **kwargs):
        made.append(shape)
        return zeros(shape, *args, **kwargs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(np, "zeros", counted)
        total.backward()
    assert made.count((n, n)) == 1
    np.testing.assert_array_equal(x.grad.numpy(), np.ones((n, n)))


def test_wide_windows_far_apart_are_added_window_by_window():
    x = ag.arange(40.0).requires_grad_()
    windows = x.unfold(0, 12, 7)
    weights = ag.randn(*windows.shape)
    (windows * weights).sum().backward()
    expected = np.zeros(40)
    for i, row in enumerate(weights.numpy()):
        expected[7 * i : 7 * i + 12] += row
    np.testing.assert_allclose(x.grad.numpy(), expected, rtol=1e-5, atol=1e-6)


def test_a_part_of_what_was_copied_has_second_derivatives():
    x = ag.tensor([-1.54, 2.0], dtype=ag.float64, requires_grad=True)
    y = x.index_select(0, ag.tensor([0, 1]))
    y.copy_(x)  # y's own elements are gone: their gradient is 0, and has no history
    (first,) = ag.grad((y * y).sin().sum(), [x], create_graph=True)
    (second,) = ag.grad(first.sum(), [x])
    v = x.detach().numpy()
    np.testing.assert_allclose(second.numpy(), 2 * np.cos(v * v) - 4 * v * v * np.sin(v * v))

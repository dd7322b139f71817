"""Sums of float32 and float16 are as exact as their dtype allows, over any dims of arrays in any memory layout."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd as ag
from autograd.summation import cumulative_sum, sum_over
from tests.properties.calls import examples

SIZES = st.sampled_from([0, 1, 2, 3, 127, 128, 129, 300, 1025])


@st.composite
def laid_out(draw):
    """An array of numbers of one sign, so that no digits cancel, in row-major order or not."""
    shape = tuple(draw(st.lists(SIZES, min_size=1, max_size=3)))
    shape = tuple(min(n, 40) for n in shape[:-1]) + shape[-1:] if np.prod(shape) > 1e6 else shape
    x = np.random.default_rng(draw(st.integers(0, 99))).uniform(0.5, 1.5, draw(st.permutations(shape)))
    x = x.transpose(draw(st.permutations(range(x.ndim))))
    return x[draw(st.sampled_from([..., np.s_[::-1], np.s_[..., ::2]]))]


@examples(60)
@given(x=laid_out(), data=st.data())
def test_sums_of_float32_have_six_digits(x, data):
    x = x.astype(np.float32)
    axes = tuple(data.draw(st.lists(st.integers(0, x.ndim - 1), unique=True)))
    keepdims = data.draw(st.booleans())
    found = sum_over(x, axes, keepdims)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, x.sum(axes, np.float64, keepdims=keepdims), rtol=2e-6, strict=False)
    assert np.shape(found) == np.sum(x, axes, keepdims=keepdims).shape


@examples(40)
@given(x=laid_out(), data=st.data())
def test_running_sums_of_float32_have_six_digits(x, data):
    x = x.astype(np.float32)
    axis = data.draw(st.integers(-x.ndim, x.ndim - 1))
    found = cumulative_sum(x, axis)
    assert found.dtype == np.float32
    assert found.shape == x.shape
    np.testing.assert_allclose(found, np.cumsum(x, axis, np.float64), rtol=5e-6)


TENTH = np.float32(0.1).astype(float)


@pytest.mark.parametrize(
    ("sums", "expected"),
    [
        (lambda: ag.full((4_000_000, 2), 0.1).mean(0), [TENTH, TENTH]),
        (lambda: ag.full((2, 1_000_000), 0.1).t().sum(0), [1e6 * TENTH] * 2),
        (lambda: ag.full((1000, 3, 1000), 0.1).mean((0, 2)), [TENTH] * 3),
        (lambda: ag.full((1_000_000,), 0.1).cumsum(0)[-1], 1e6 * TENTH),
        (lambda: ag.zeros(1_000_000, 2).add(0.1).logsumexp(0), [0.1 + np.log(1e6)] * 2),
        (lambda: ag.full((1_000_000, 2), 0.1).norm(dim=0), [1000 * TENTH] * 2),
    ],
)
def test_a_million_numbers_lose_few_digits(sums, expected):
    np.testing.assert_allclose(sums().numpy(), expected, rtol=3e-6)


@pytest.mark.parametrize("layer", [lambda x, b: x + b, lambda x, b: ag.ops.linear(x, ag.zeros(2, 1), b)])
def test_the_gradient_of_what_was_broadcast_loses_few_digits(layer):
    bias = ag.zeros(2, requires_grad=True)
    out = layer(ag.zeros(1_000_000, 1), bias)
    out.backward(ag.full((1_000_000, 2), 0.1))
    np.testing.assert_allclose(bias.grad.numpy(), [1e6 * TENTH] * 2, rtol=3e-6)


def test_float16_is_added_in_float32():
    x = ag.tensor([[60000.0, 60000.0, -60000.0]] * 2).half()
    assert x.sum(1).tolist() == [60000.0] * 2
    assert x.cumsum(1)[:, -1].tolist() == [60000.0] * 2
    assert x[:, :2].mean(1).tolist() == [60000.0] * 2
    assert ag.full((1000,), 300.0).half().norm().item() == pytest.approx(300 * 1000**0.5, rel=1e-3)
    assert ag.tensor([300.0, -300.0]).half().std(correction=0).item() == 300.0


@pytest.mark.parametrize("offset", [1e4, 1e5, -1e5, 1e6, -1e6])
def test_the_variance_of_numbers_far_from_0_keeps_its_digits(offset):
    numbers = (offset + np.random.default_rng(0).standard_normal((3, 500))).astype(np.float32)
    x = ag.tensor(numbers, requires_grad=True)
    exact = numbers.astype(float)
    found = x.var(1)
    np.testing.assert_allclose(found.detach().numpy(), exact.var(1, ddof=1), rtol=1e-6)
    (g,) = ag.grad(found.sum(), x)
    np.testing.assert_allclose(g.numpy(), 2 / 499 * (exact - exact.mean(1, keepdims=True)), rtol=1e-4, atol=1e-7)
    assert ag.full((3, 1000), offset + 0.1).var(1).tolist() == [0, 0, 0]

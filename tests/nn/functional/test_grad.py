"""The gradients of convolutions as functions: what a backward through the convolution gives."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import autograd as ag
from nn import functional as F
from tests.properties.calls import examples

NUMBERS = st.integers(1, 2)


@pytest.mark.parametrize("dims", [1, 2, 3])
@examples(15)
@given(stride=NUMBERS, padding=st.integers(0, 2), dilation=NUMBERS, groups=NUMBERS, size=st.integers(5, 8))
def test_the_gradients_of_a_convolution_are_those_of_a_backward(dims, stride, padding, dilation, groups, size):
    assume(dilation * dims < size + 2 * padding)  # the largest kernel has dims + 1 elements
    moves = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
    x = ag.randn(2, 2 * groups, *[size] * dims, dtype=ag.float64, requires_grad=True)
    weight = ag.randn(2 * groups, 2, *range(2, 2 + dims)[::-1], dtype=ag.float64, requires_grad=True)
    out = getattr(F, f"conv{dims}d")(x, weight, **moves)
    g = ag.randn(*out.shape, dtype=ag.float64)
    by_x, by_weight = ag.grad([out], [x, weight], [g])
    assert getattr(F.grad, f"conv{dims}d_input")(x.shape, weight, g, **moves).allclose(by_x)
    assert getattr(F.grad, f"conv{dims}d_weight")(x, weight.shape, g, **moves).allclose(by_weight)


def test_settings_may_be_given_by_position_and_one_for_each_dim():
    g, weight = ag.randn(1, 1, 2, 3), ag.randn(1, 1, 2, 2)
    found = F.grad.conv2d_input((1, 1, 4, 4), weight, g, (2, 1), (0, 0))
    assert found.allclose(F.conv_transpose2d(g, weight, stride=(2, 1)))
    with pytest.raises(ag.ShapeError, match=r"conv2d: stride must be a number or 2 of them, got \(1, 2, 3\)"):
        F.grad.conv2d_weight(ag.ones(1, 1, 4, 4), (1, 1, 2, 2), g, stride=(1, 2, 3))

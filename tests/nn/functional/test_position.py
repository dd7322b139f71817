import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd as ag
import nn
import nn.functional as F
from autograd.errors import ShapeError


@pytest.mark.parametrize("dim", [6, 5])
def test_sinusoidal_encoding_equals_the_paper(dim):
    table = F.sinusoidal_encoding(9, dim).numpy()
    for pos in range(9):
        for i in range(dim):
            angle = pos / 10000 ** (2 * (i // 2) / dim)
            assert table[pos, i] == pytest.approx(math.cos(angle) if i % 2 else math.sin(angle), abs=1e-12)


@given(seed=st.integers(0, 2**32 - 1), shift=st.integers(0, 5))
def test_rotary_keeps_lengths_and_products_depend_on_distance_alone(seed, shift):
    q, k = (ag.tensor(a) for a in np.random.default_rng(seed).normal(size=(2, 1, 6)))
    cos, sin = F.rotary_table(16, 6)

    def at(x, position):
        return F.rotary(x, cos[position : position + 1], sin[position : position + 1]).numpy()[0]

    assert np.linalg.norm(at(q, 3)) == pytest.approx(np.linalg.norm(q.numpy()))
    assert at(q, 3 + shift) @ at(k, 1 + shift) == pytest.approx(at(q, 3) @ at(k, 1))
    np.testing.assert_allclose(at(q, 0), q.numpy()[0])


def test_rotary_turns_each_pair_by_its_angle():
    x = np.arange(1.0, 5.0)
    out = F.rotary(ag.tensor(x[None]), *(t[2:3] for t in F.rotary_table(3, 4, base=100.0))).numpy()[0]
    for i, angle in enumerate([2.0, 2.0 / 10]):
        turned = (x[i] + 1j * x[i + 2]) * np.exp(1j * angle)
        assert out[i] + 1j * out[i + 2] == pytest.approx(turned)


def test_rotary_gradient():
    cos, sin = F.rotary_table(3, 4)
    x = ag.tensor(np.random.default_rng(0).normal(size=(2, 3, 4)), requires_grad=True)
    assert ag.gradcheck(lambda x: F.rotary(x, cos, sin), (x,))


def test_an_odd_rotary_dimension_is_an_error():
    with pytest.raises(ValueError, match="even, got 5"):
        F.rotary_table(3, 5)


@pytest.mark.parametrize(
    "layer",
    [nn.LearnedPositionalEncoding(8, 4), nn.SinusoidalPositionalEncoding(8, 4), nn.RotaryEmbedding(4, 8)],
    ids=lambda layer: type(layer).__name__,
)
def test_layers_take_an_offset_and_refuse_positions_they_do_not_know(layer):
    x = ag.randn(2, 5, 4)
    whole = layer(x).detach().numpy()
    np.testing.assert_allclose(layer(x[:, 3:], offset=3).detach().numpy(), whole[:, 3:], rtol=1e-6)
    assert whole.dtype == np.float32
    with pytest.raises(ShapeError, match="has 8 positions, the input needs 9"):
        layer(x, offset=4)
    assert type(layer).__name__ in repr(layer)


def test_rotary_layer_refuses_another_head_size():
    with pytest.raises(ShapeError, match="heads of size 6"):
        nn.RotaryEmbedding(4, 8)(ag.ones(1, 2, 6))


def test_fixed_tables_are_not_saved_and_learned_ones_are():
    assert not nn.SinusoidalPositionalEncoding(8, 4).state_dict() and not nn.RotaryEmbedding(4, 8).state_dict()
    learned = nn.LearnedPositionalEncoding(8, 4)
    learned(ag.zeros(3, 4)).sum().backward()
    assert learned.weight.grad.numpy().sum(1).tolist() == [4, 4, 4, 0, 0, 0, 0, 0]

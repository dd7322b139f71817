"""The block is its equations, and a stack may be given its tokens in pieces."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd as ag
import nn
from models.block import Block, Stack
from models.cache import KVCache
from models.config import ACTIVATIONS, CHOICES, GPTConfig
from nn import functional as F

SMALL = {"vocab_size": 11, "block_size": 6, "n_layer": 2, "n_head": 2, "n_embd": 8}


def random(module, seed=0):
    """The module in float64, with weights large enough for every part to matter."""
    ag.manual_seed(seed)
    for parameter in module.double().parameters():
        parameter.data = parameter.data + 0.3 * ag.randn(*parameter.shape, dtype=ag.float64)
    return module


@pytest.mark.parametrize("cross", [False, True])
@pytest.mark.parametrize("norm", CHOICES["norm"])
def test_pre_and_post_norm_are_what_they_say(norm, cross):
    x, memory = ag.randn(2, 3, 8, dtype=ag.float64), ag.randn(2, 4, 8, dtype=ag.float64)
    for norm_first in (True, False):
        config = GPTConfig(**SMALL, norm=norm, norm_first=norm_first)
        b, y = random(Block(config, nn.Identity(), cross=cross)), x
        branches = [(b.ln_1, b.attn), (b.ln_2, b.mlp)]
        if cross:
            branches.insert(1, (b.ln_cross, lambda h: b.cross(h, memory)))  # noqa: B023
        for ln, f in branches:
            y = y + f(ln(y)) if norm_first else ln(y + f(y))
        np.testing.assert_allclose(b(x, memory=memory).detach().array, y.detach().array, atol=1e-12)


@pytest.mark.parametrize("activation", CHOICES["activation"])
def test_the_mlp_is_its_formula(activation):
    x = ag.randn(3, 8, dtype=ag.float64)
    mlp = random(Block(GPTConfig(**SMALL, activation=activation, n_hidden=5), nn.Identity()).mlp)
    f = ACTIVATIONS[activation]
    hidden = F.silu(mlp.c_gate(x)) * mlp.c_fc(x) if activation == "swiglu" else f(mlp.c_fc(x))
    np.testing.assert_allclose(mlp(x).detach().array, mlp.c_proj(hidden).detach().array, atol=1e-14)
    names = ["c_gate"] * (activation == "swiglu") + ["c_fc", "c_proj"]
    assert [name.partition(".")[0] for name, _ in mlp.named_parameters()][::2] == names


def test_dropout_drops_the_branches_not_the_residual_stream():
    block = Block(GPTConfig(**SMALL, dropout=1 - 1e-12), nn.Identity(), cross=True)
    x = ag.randn(1, 3, 8)
    np.testing.assert_array_equal(block(x, memory=x).detach().array, x.array)


@settings(max_examples=25, deadline=None)
@given(position=st.sampled_from(CHOICES["position"]), cut=st.integers(1, 5), seed=st.integers(0, 999))
def test_a_decoder_with_a_cache_gives_what_it_gives_without(position, cut, seed):
    stack = random(Stack(GPTConfig(**SMALL, position=position), cross=True), seed)
    idx, memory, cache = ag.randint(0, 11, (2, 6)), ag.randn(2, 4, 8, dtype=ag.float64), KVCache(2, 6)
    mask = ag.tensor(np.random.default_rng(seed).random((2, 1, 1, 4)) < 0.7)
    with ag.no_grad():
        whole = stack(idx, memory=memory, memory_mask=mask)
        pieces = [stack(part, cache=cache, memory=memory, memory_mask=mask) for part in (idx[:, :cut], idx[:, cut:])]
    np.testing.assert_allclose(ag.cat(pieces, 1).array, whole.array, atol=1e-12)


def test_only_a_stack_that_is_not_causal_looks_ahead():
    idx, changed = ag.tensor([[1, 2, 3, 4]]), ag.tensor([[1, 2, 3, 5]])
    for causal in (True, False):
        stack = random(Stack(GPTConfig(**SMALL), causal=causal))
        same = stack(idx).detach().array == stack(changed).detach().array
        assert same[:, :3].all() == causal


@settings(max_examples=25, deadline=None)
@given(heads=st.sampled_from([(4, 1), (4, 2), (6, 3)]), position=st.sampled_from(CHOICES["position"]))
def test_heads_of_keys_that_serve_several_queries_are_such_heads_repeated(heads, position):
    H, KV = heads
    sizes = {"vocab_size": 11, "block_size": 6, "n_layer": 2, "n_head": H, "n_embd": 4 * H, "position": position}
    grouped = random(Stack(GPTConfig(**sizes, n_kv_head=KV)))
    whole = Stack(GPTConfig(**sizes)).double()
    state = grouped.state_dict()
    for name in [name for name in state if "c_attn" in name]:
        q, k, v = state[name].split([4 * H, 4 * KV, 4 * KV])
        k, v = (t.reshape(KV, 4, -1).repeat_interleave(H // KV, 0).reshape(4 * H, *t.shape[1:]) for t in (k, v))
        state[name] = ag.cat([q, k, v])
    whole.load_state_dict(state)
    idx = ag.randint(0, 11, (2, 6))
    np.testing.assert_allclose(grouped(idx).detach().array, whole(idx).detach().array, atol=1e-12)
    cache = KVCache(2, 6)
    with ag.no_grad():
        pieces = [grouped(part, cache=cache).array for part in (idx[:, :4], idx[:, 4:])]
    np.testing.assert_allclose(np.concatenate(pieces, 1), grouped(idx).detach().array, atol=1e-12)
    assert cache[0].keys.shape == (2, KV, 6, 4)

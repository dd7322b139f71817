"""What the inspection of a GPT shows is what the model computes, and looking changes no model."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd as ag
from demos.inspection import Part, costs, divergence, guesses, head_steps, log_probabilities, look, parts, without
from models.config import CHOICES, GPTConfig
from models.gpt import GPT

configs = st.builds(
    GPTConfig,
    vocab_size=st.integers(2, 13),
    block_size=st.integers(2, 7),
    n_layer=st.integers(1, 3),
    n_head=st.sampled_from([1, 2]),
    n_embd=st.sampled_from([4, 8]),
    norm_first=st.booleans(),
    tie=st.booleans(),
    bias=st.booleans(),
    **{name: st.sampled_from(choices) for name, choices in CHOICES.items()},
)


def made(config: GPTConfig, seed: int = 0) -> tuple[GPT, np.ndarray]:
    """A model whose weights are large enough for its attention to be uneven, and as many tokens as it sees."""
    ag.manual_seed(seed)
    model = GPT(config)
    for parameter in model.parameters():
        if parameter.ndim == 2:
            parameter.array[...] *= 10
    return model, np.random.default_rng(seed).integers(0, config.vocab_size, config.block_size)


SMALL = GPTConfig(11, 6, n_layer=2, n_head=2, n_embd=8)


# Looking --------------------------------------------------------------------------------------------------------------


@settings(max_examples=40, deadline=None)
@given(config=configs, seed=st.integers(0, 999), masked=st.booleans(), data=st.data())
def test_the_steps_of_a_head_end_in_what_the_model_gives_to_w_o(config, seed, masked, data):
    model, ids = made(config, seed)
    found = look(model, ids, [] if masked else [Part("mask")])
    layer, head, i = (data.draw(st.integers(0, n - 1)) for n in found.attention.shape[:3])
    steps = head_steps(found, layer, head, i)
    np.testing.assert_allclose(steps.out, steps.model_out, rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(steps.weights, found.attention[layer, head, i], rtol=1e-5, atol=1e-6)
    assert steps.weights.sum() == pytest.approx(1) and not steps.weights[~steps.seen].any()
    assert steps.seen.sum() == (i + 1 if masked else len(ids))


@settings(max_examples=30, deadline=None)
@given(config=configs, seed=st.integers(0, 999))
def test_the_last_guess_is_the_models_own_and_the_logits_are_those_of_a_plain_call(config, seed):
    model, ids = made(config, seed)
    with ag.no_grad():
        plain = model.eval()(ag.tensor(ids[None])).numpy()[0]
    found = look(model, ids)
    assert (found.logits == plain).all()
    every = guesses(found)
    assert every.shape == (config.n_layer + 1, *plain.shape) and (every[-1] == plain).all()
    np.testing.assert_allclose(guesses(found, slice(1, 2)), every[:, 1:2], rtol=1e-4, atol=1e-5)


def test_the_first_guess_knows_nothing_but_the_token_and_its_place():
    model, ids = made(SMALL)
    other = ids.copy()
    other[0] = (ids[0] + 1) % SMALL.vocab_size
    one, two = (guesses(look(model, row)) for row in (ids, other))
    assert (one[0, 1:] == two[0, 1:]).all() and (one[1, 1:] != two[1, 1:]).any()


# Switching off --------------------------------------------------------------------------------------------------------


@settings(max_examples=30, deadline=None)
@given(config=configs, seed=st.integers(0, 999), data=st.data())
def test_a_part_that_is_off_leaves_the_stream_as_the_equations_say(config, seed, data):
    model, ids = made(config, seed)
    part = data.draw(st.sampled_from(parts(model)))
    found = look(model, ids, [part])
    if part.kind == "mask":
        assert (found.attention > 0).sum() >= look(model, ids).attention.astype(bool).sum()
        assert ids.size == 1 or np.triu(found.attention[0, 0], 1).any()
        return
    block, x = found.model.transformer.h[part.layer], found.stream[part.layer]
    with ag.no_grad():
        x = ag.tensor(x)
        reference = model.eval().transformer.h[part.layer]
        if part.kind == "attention":
            added = ag.zeros_like(x)
        else:
            joined = np.concatenate(found.heads[part.layer], axis=-1)
            if part.kind == "head":
                D = config.head_size
                joined[:, part.head * D : (part.head + 1) * D] = 0
            added = reference.attn.c_proj(ag.tensor(joined))
        y = x + added if config.norm_first else reference.ln_1(x + added)
        if part.kind == "mlp":
            out = y if config.norm_first else reference.ln_2(y)
        else:
            out = y + reference.mlp(reference.ln_2(y)) if config.norm_first else reference.ln_2(y + reference.mlp(y))
    assert block is not reference
    np.testing.assert_allclose(found.stream[part.layer + 1], out.numpy(), rtol=1e-5, atol=1e-5)


def test_all_heads_off_is_the_attention_off_where_w_o_has_no_bias():
    model, ids = made(GPTConfig(11, 6, n_layer=2, n_head=4, n_embd=8, bias=False))
    heads = look(model, ids, [Part("head", 1, head) for head in range(4)])
    assert (heads.logits == look(model, ids, [Part("attention", 1)]).logits).all()


def test_looks_from_many_threads_with_and_without_parts_are_those_of_one_alone():
    model, ids = made(SMALL)
    weights = {name: tensor.numpy().copy() for name, tensor in model.state_dict().items()}
    asked = [[], *[[part] for part in parts(model)], [Part("mask"), Part("mlp", 0), Part("head", 1, 1)]] * 4
    alone = [look(model, ids, off).logits for off in asked]
    assert len({logits.tobytes() for logits in alone}) == len(asked) / 4
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(lambda off: look(model, ids, off).logits, asked))
    for one, other in zip(alone, together, strict=True):
        assert (one == other).all()
    assert model.training and not any(m._forward_hooks or m._forward_pre_hooks for m in model.modules())
    for name, tensor in model.state_dict().items():
        assert (tensor.numpy() == weights[name]).all()


def test_a_copy_shares_every_weight_and_ties_what_is_tied():
    model, _ = made(SMALL)
    copied = without(model)
    for (name, ours), (other, theirs) in zip(model.named_parameters(), copied.named_parameters(), strict=True):
        assert name == other and ours is theirs
    assert copied.lm_head.weight is copied.transformer.wte.weight
    assert not {id(module) for module in model.modules()} & {id(module) for module in copied.modules()}


@pytest.mark.parametrize(
    ("part", "message"),
    [
        (Part("heads"), "must be one of mask, attention, mlp, head, got 'heads'"),
        (Part("attention", 2), "layer must be a whole number from 0 to 1, got 2"),
        (Part("head", 0, -1), "head must be a whole number from 0 to 1, got -1"),
        (Part("head", 0, True), "head must be a whole number from 0 to 1, got True"),
        (Part("mlp", "0"), "layer must be a whole number from 0 to 1, got '0'"),
    ],
)
def test_a_part_that_is_not_there_is_named(part, message):
    with pytest.raises(ValueError, match=message):
        without(made(SMALL)[0], [part])


@pytest.mark.parametrize(("place", "name"), [((2, 0, 0), "layer"), ((0, 2, 0), "head"), ((0, 0, 6), "position")])
def test_a_head_or_a_position_that_is_not_there_is_named(place, name):
    with pytest.raises(ValueError, match=f"{name} must be a whole number from 0"):
        head_steps(look(*made(SMALL)), *place)


# Distributions --------------------------------------------------------------------------------------------------------


@given(seed=st.integers(0, 999), scale=st.sampled_from([0.1, 1, 1000]))
def test_the_divergence_is_that_of_the_distributions(seed, scale):
    a, b = np.random.default_rng(seed).normal(0, scale, (2, 3, 5))
    p, q = np.exp(log_probabilities(a)), np.exp(log_probabilities(b))
    np.testing.assert_allclose(p.sum(-1), 1)
    assert (divergence(a, a) == 0).all()
    assert np.isfinite(divergence(a, b)).all()  # also where a probability is 0 in floating point
    if scale <= 1:
        np.testing.assert_allclose(divergence(a, b), (p * np.log(p / q)).sum(-1), rtol=1e-9, atol=1e-12)


def test_the_cost_of_a_part_is_the_divergence_without_it():
    model, ids = made(SMALL)
    found, plain = costs(model, ids, 3, parts(model)), look(model, ids).logits[3]
    assert list(found) == parts(model) and len(found) == 1 + 2 * (2 + 2)
    part = Part("head", 1, 0)
    assert found[part] == divergence(plain, look(model, ids, [part]).logits[3]) > 0

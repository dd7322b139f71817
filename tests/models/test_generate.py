import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd as ag
from autograd.errors import ShapeError
from models.cache import KVCache
from models.config import CHOICES, GPTConfig
from models.generate import draw, generate, generate_text, next_probabilities, stream, stream_text
from models.gpt import GPT
from models.tokenizers import BPETokenizer, CharTokenizer


def small(seed=0, **changes):
    sizes = {"vocab_size": 11, "block_size": 8, "n_layer": 2, "n_head": 2, "n_embd": 8}
    ag.manual_seed(seed)
    model = GPT(GPTConfig(**{**sizes, **changes}))
    for parameter in model.parameters():  # GPT-2's initialisation is so small that every token is about as likely
        parameter.data = parameter.data + 0.3 * ag.randn(*parameter.shape)
    return model


kinds = st.fixed_dictionaries({name: st.sampled_from(choices) for name, choices in CHOICES.items()})


@settings(max_examples=40, deadline=None)
@given(kind=kinds, norm_first=st.booleans(), cuts=st.lists(st.integers(1, 7), max_size=3), seed=st.integers(0, 999))
def test_logits_with_a_cache_are_those_without(kind, norm_first, cuts, seed):
    model = small(seed, norm_first=norm_first, **kind).double()
    idx = ag.randint(0, 11, (2, 8))
    stops = sorted({*cuts, 8})
    cache = KVCache(2, 8)
    with ag.no_grad():
        pieces = [model(idx[:, start:end], cache) for start, end in zip([0, *stops], stops)]
        whole = model(idx)
    np.testing.assert_allclose(ag.cat(pieces, 1).numpy(), whole.numpy(), atol=1e-12)
    assert cache.length == 8


@pytest.mark.parametrize("position", CHOICES["position"])
@pytest.mark.parametrize(
    "choice", [{"temperature": 0}, {"seed": 5}, {"seed": 5, "top_k": 3}, {"seed": 5, "top_p": 0.7}]
)
def test_the_cache_changes_no_text_also_when_the_window_slides(position, choice):
    model = small(position=position).double()
    for prompt in ([1, 2, 3], [[1], [7]], list(range(11)) * 2):
        texts = [generate(model, prompt, 12, cache=cache, **choice).tolist() for cache in (True, False)]
        assert texts[0] == texts[1]
        assert len(texts[0][0]) == np.shape(prompt)[-1] + 12


def test_each_token_is_predicted_from_the_last_block_size_tokens():
    model = small()
    ids = generate(model, list(range(11)), 6, temperature=0)
    for end in range(11, 17):
        with ag.no_grad():
            assert model(ids[:, end - 8 : end])[0, -1].argmax().item() == ids[0, end].item()


def test_one_seed_one_text_and_the_default_generator_without():
    model = small()
    assert generate(model, [1], 20, seed=3).tolist() == generate(model, [1], 20, seed=3).tolist()
    assert generate(model, [1], 20, seed=3).tolist() != generate(model, [1], 20, seed=4).tolist()
    ag.manual_seed(3)
    assert generate(model, [1], 20).tolist() == generate(model, [1], 20, seed=3).tolist()


def test_a_batch_is_greedy_row_by_row():
    model = small().double()
    rows = [[1, 2], [3, 4], [10, 0]]
    together = generate(model, rows, 9, temperature=0).tolist()
    assert together == [generate(model, row, 9, temperature=0).tolist()[0] for row in rows]


def test_streaming_gives_one_token_at_a_time():
    model = small()
    tokens = stream(model, [1, 2], 1000, seed=0)
    first = [int(next(tokens)[0]) for _ in range(3)]
    assert [1, 2, *first] == generate(model, [1, 2], 3, seed=0).tolist()[0]
    assert ag.is_grad_enabled()  # also while the stream is open


def test_a_row_stops_at_its_stop_token_and_the_batch_when_all_have():
    model = small(2).double()
    rows = [[1, 2], [3, 4]]
    free = generate(model, rows, 30, seed=1).numpy()[:, 2:]
    end = int(free[0, 0])
    ids = generate(model, rows, 30, seed=1, stop=[end]).numpy()[:, 2:]
    assert (ids[0] == end).all() and ids.shape[1] == 1 + list(free[1]).index(end)


def test_generation_is_without_dropout_and_leaves_the_mode():
    model = small(dropout=0.5)
    texts = [generate(model, [1], 10, temperature=0, seed=seed).tolist() for seed in range(4)]
    assert model.training and all(text == texts[0] for text in texts)
    assert generate(model.eval(), [1], 3, temperature=0).shape == (1, 4) and not model.training


rows_of_logits = st.lists(st.lists(st.floats(-30, 30), min_size=5, max_size=5), min_size=1, max_size=3).map(np.array)


@given(rows_of_logits, st.floats(0.05, 5))
def test_probabilities_are_the_softmax_of_logits_over_temperature(logits, temperature):
    p = next_probabilities(logits, temperature)
    expected = ag.tensor(logits / temperature).softmax(-1).numpy()
    np.testing.assert_allclose(p, expected, rtol=1e-9, atol=1e-300)


@given(rows_of_logits, st.integers(1, 7), st.floats(0.01, 1))
def test_top_k_and_top_p_keep_the_likeliest_in_proportion(logits, k, nucleus):
    whole = next_probabilities(logits)
    for p, enough in (
        (next_probabilities(logits, top_k=k), lambda kept, row: len(kept) == min(k, 5)),
        (next_probabilities(logits, top_p=nucleus), lambda kept, row: row[kept].sum() >= nucleus - 1e-9),
    ):
        np.testing.assert_allclose(p.sum(-1), 1)
        for row, got in zip(whole, p):
            kept = np.flatnonzero(got)
            assert row[kept].min() >= np.delete(row, kept).max(initial=0)  # none that is dropped is likelier
            np.testing.assert_allclose(got[kept], row[kept] / row[kept].sum(), rtol=1e-9)
            assert enough(kept, row)


@given(rows_of_logits, st.floats(0.01, 0.99))
def test_top_p_keeps_no_token_too_many(logits, nucleus):
    whole = next_probabilities(logits)
    for row, got in zip(whole, next_probabilities(logits, top_p=nucleus)):
        kept = np.sort(row[np.flatnonzero(got)])
        assert kept[1:].sum() < nucleus + 1e-9  # without the least likely of them it would not be enough


def test_top_p_stops_where_the_probability_is_reached_exactly():
    logits = np.log([[0.25, 0.5, 0.25]])
    assert next_probabilities(logits, top_p=0.5).tolist() == [[0, 1, 0]]
    assert next_probabilities(logits, top_p=0.75).tolist() == pytest.approx(np.array([[1 / 3, 2 / 3, 0]]))


def test_greedy_takes_the_first_of_equals():
    assert next_probabilities(np.array([[1.0, 2.0, 2.0]]), temperature=0).tolist() == [[0, 1, 0]]


def test_tokens_are_drawn_as_often_as_they_are_likely():
    p = np.array([0.5, 0.0, 0.3, 0.2])
    drawn = draw(np.tile(p, (20_000, 1)), np.random.default_rng(0))
    np.testing.assert_allclose(np.bincount(drawn, minlength=4) / 20_000, p, atol=0.015)
    assert not (drawn == 1).any()


@pytest.mark.parametrize(
    ("prompt", "setting", "error", "words"),
    [
        ([], {}, ValueError, "prompt is empty"),
        ([[]], {}, ValueError, "prompt is empty"),
        ([[1], [2, 3]], {}, ShapeError, "one length"),
        ([0.5], {}, TypeError, "whole numbers"),
        ([11], {}, ValueError, "token 11.*0 to 10"),
        ([-1], {}, ValueError, "token -1"),
        ([1], {"temperature": -1}, ValueError, "temperature.*-1"),
        ([1], {"top_k": 0}, ValueError, "top_k.*0"),
        ([1], {"top_p": 1.5}, ValueError, "top_p.*1.5"),
    ],
)
def test_what_cannot_be_generated_is_an_error_with_the_reason(prompt, setting, error, words):
    with pytest.raises(error, match=words):
        generate(small(), prompt, 3, **setting)


def test_weights_that_are_not_finite_are_an_error():
    model = small()
    with ag.no_grad():
        model.transformer.wte.weight[0, 0] = float("nan")
    with pytest.raises(ValueError, match="not finite"):
        generate(model, [0], 3)


def test_a_cache_refuses_what_it_cannot_hold():
    cache = KVCache(2, 4)
    with pytest.raises(RuntimeError, match="no_grad"):
        small()(ag.zeros(1, 2, dtype=ag.long), cache)
    with ag.no_grad(), pytest.raises(ShapeError, match="4 positions"):
        small()(ag.zeros(1, 5, dtype=ag.long), cache)


def test_text_is_what_follows_the_prompt_up_to_the_stop():
    tokenizer = CharTokenizer("abcdefghij.")
    model = small(1)
    text = generate_text(model, tokenizer, "ab", 40, seed=2)
    ids = generate(model, tokenizer.encode("ab"), 40, seed=2).tolist()[0]
    assert text == tokenizer.decode(ids[2:]) and "".join(stream_text(model, tokenizer, "ab", 40, seed=2)) == text
    stop = text[5]
    assert generate_text(model, tokenizer, "ab", 40, seed=2, stop=[stop]) == text[: text.index(stop)]
    with pytest.raises(ValueError, match="prompt is empty"):
        generate_text(model, tokenizer, "", 3)
    with pytest.raises(ValueError, match="'ab' is 2 tokens"):
        generate_text(model, tokenizer, "a", 3, stop=["ab"])


def test_a_special_token_stops_a_text_though_the_same_text_in_a_prompt_is_ordinary():
    tokenizer = BPETokenizer.train("abab cdcd", 260, special=["<|end|>"])
    model = GPT(GPTConfig(tokenizer.vocab_size, 8, 1, 1, 8))
    model.lm_head.weight.array[:] = 0  # every token is as likely as any other, and the first of equals is taken
    assert generate_text(model, tokenizer, "ab", 3, temperature=0, stop=["<|end|>"]) == "!!!"
    model.transformer.ln_f.bias.array[:] = 1
    model.lm_head.weight.array[tokenizer.special["<|end|>"]] = 1
    assert generate_text(model, tokenizer, "ab", 3, temperature=0, stop=["<|end|>"]) == ""
    assert len(tokenizer.encode("<|end|>")) > 1


def test_a_character_of_several_tokens_is_shown_when_it_is_whole():
    tokenizer = BPETokenizer.train("abc", vocab_size=256)
    euro = tokenizer.encode("a€b")
    assert len(euro) == 5

    class Fixed:
        """Predicts the bytes of "a€b", one after another."""

        config, training = GPTConfig(vocab_size=256, block_size=8, n_layer=1, n_head=1, n_embd=2), False

        def next_logits(self, idx, cache):
            return 100.0 * ag.eye(256)[euro[idx.shape[1]]][None]

        def train(self, mode):
            pass

        eval = lambda self: None  # noqa: E731

    assert list(stream_text(Fixed(), tokenizer, "a", 4, temperature=0, cache=False)) == ["€", "b"]

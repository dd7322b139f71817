"""The encoder-decoder: what a position may see, what padding may change, and the loss against its formula."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd as ag
from autograd.errors import ShapeError
from models.transformer import Transformer, TransformerConfig, padded

START, STOP = 1, 2


def small(seed=0, **changes):
    ag.manual_seed(seed)
    sizes = {"source_vocab": 11, "target_vocab": 7, "d_model": 8, "num_heads": 2, "num_layers": 2, "d_ff": 16}
    return Transformer(TransformerConfig(**{**sizes, "max_len": 12, "dropout": 0.0, **changes})).double()


def ids(rng, *shape, high):
    """Random ids without padding."""
    return ag.as_tensor(rng.integers(1, high, shape))


@given(st.booleans(), st.integers(2, 6), st.integers(0, 2**20), st.data())
def test_a_target_token_changes_no_logit_before_it(norm_first, T, seed, data):
    model, rng = small(norm_first=norm_first), np.random.default_rng(seed)
    source, target = ids(rng, 2, 5, high=11), ids(rng, 2, T, high=7)
    at = data.draw(st.integers(1, T - 1))
    changed = target.clone()
    changed.array[:, at] = changed.array[:, at] % 6 + 1
    before, after = model(source, target).array, model(source, changed).array
    assert np.array_equal(before[:, :at], after[:, :at])
    assert not np.array_equal(before[:, at], after[:, at])


@given(st.integers(0, 4), st.integers(0, 3))
def test_every_source_token_reaches_every_logit(s, t):
    model, rng = small(), np.random.default_rng(3)
    source, target = ids(rng, 1, 5, high=11), ids(rng, 1, 4, high=7)
    changed = source.clone()
    changed.array[:, s] = changed.array[:, s] % 10 + 1
    assert not np.array_equal(model(source, target).array[:, t], model(changed, target).array[:, t])


@given(st.booleans(), st.integers(1, 4), st.integers(1, 4), st.integers(0, 2**20))
def test_padding_changes_nothing_for_the_tokens_beside_it(norm_first, more_source, more_target, seed):
    model, rng = small(norm_first=norm_first), np.random.default_rng(seed)
    source, target = ids(rng, 1, 4, high=11), ids(rng, 1, 5, high=7)
    alone = model(source, target).array
    wide = (np.pad(source.array, ((0, 0), (0, more_source))), np.pad(target.array, ((0, 0), (0, more_target))))
    other = (rng.integers(1, 11, wide[0].shape), rng.integers(1, 7, wide[1].shape))  # a full row below
    together = model(*(ag.as_tensor(np.concatenate(rows)) for rows in zip(wide, other, strict=True))).array
    np.testing.assert_allclose(together[:1, :5], alone, rtol=1e-12, atol=1e-12)


def test_padding_adds_nothing_to_the_loss_or_to_its_gradient():
    model, rng = small(), np.random.default_rng(0)
    source, target = ids(rng, 2, 4, high=11), ids(rng, 2, 5, high=7)
    losses, gradients = [], []
    for more in (0, 3):
        model.zero_grad()
        wide = (ag.as_tensor(np.pad(t.array, ((0, 0), (0, more)))) for t in (source, target))
        loss = model.loss(*wide)
        loss.backward()
        losses.append(loss.item())
        gradients.append([p.grad.array.copy() for p in model.parameters()])
    assert losses[0] == pytest.approx(losses[1], rel=1e-12)
    for one, two in zip(*gradients, strict=True):
        np.testing.assert_allclose(one, two, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_the_loss_is_the_smoothed_cross_entropy_of_what_is_no_padding(smoothing):
    model, rng = small(), np.random.default_rng(5)
    source = ids(rng, 2, 4, high=11)
    target = padded([[1, 3, 4, 2], [1, 5, 2]])
    logits = model(source, target[:, :-1]).array
    surprises = []
    for row, words in enumerate([[3, 4, 2], [5, 2]]):
        for t, word in enumerate(words):
            minus_log_p = math.log(sum(math.exp(z) for z in logits[row, t])) - logits[row, t]
            surprises.append((1 - smoothing) * minus_log_p[word] + smoothing * sum(minus_log_p) / 7)
    assert model.loss(source, target, smoothing).item() == pytest.approx(sum(surprises) / 5, rel=1e-12)


def test_the_embedding_of_the_target_is_the_output_matrix():
    model = small()
    assert sum(p.shape == (7, 8) for p in model.parameters()) == 1
    memory, pad = model.encode(ag.tensor([[1, 2]]))
    logits = model.decode(ag.tensor([[1]]), memory, pad)
    model.decoder.wte.weight.array[:] *= 0
    assert np.any(logits.array) and not np.any(model.decode(ag.tensor([[1]]), memory, pad).array)


class Scripted(Transformer):
    """Its most probable tokens are written down beforehand, a list a row."""

    def script(self, rows):
        self.rows = rows
        return self

    def decode(self, target, memory, source_pad):
        logits = np.zeros((*target.shape, self.config.target_vocab))
        for row, words in enumerate(self.rows):
            logits[row, -1, words[target.shape[1] - 1]] = 1
        return ag.as_tensor(logits)


def test_translation_stops_at_the_stop_token_or_at_the_longest():
    model = Scripted(small().config).script([[3, STOP, 4, 4], [4, 4, 5, STOP], [5, 5, 5, 5]])
    source = ag.tensor([[1], [2], [3]])
    assert model.translate(source, START, STOP, 4) == [[3], [4, 4, 5], [5, 5, 5, 5]]
    assert model.translate(source, START, STOP, 2) == [[3], [4, 4], [5, 5]]


def test_a_batch_is_translated_row_by_row():
    model = small(seed=4)
    rows = [[3, 4, 5, 6], [7, 8], [9]]
    together = model.translate(padded(rows), START, STOP, 6)
    assert together == [model.translate(padded([row]), START, STOP, 6)[0] for row in rows]
    assert any(together)


def test_translation_is_without_dropout_and_leaves_the_mode():
    model = small(dropout=0.5)
    source = ag.tensor([[3, 4, 5]])
    assert len({str(model.translate(source, START, STOP, 6)) for _ in range(5)}) == 1
    assert model.training
    model.eval().translate(source, START, STOP, 2)
    assert not model.training


def test_it_learns_to_copy():
    model, rng = small(d_model=16, dropout=0.0), np.random.default_rng(0)
    words = rng.integers(3, 7, (16, 3))
    source, target = ag.as_tensor(words), ag.as_tensor(np.pad(words, ((0, 0), (1, 1)), constant_values=(START, STOP)))
    target.array[:, 0], target.array[:, -1] = START, STOP
    optimizer = ag.optim.Adam(model.parameters(), lr=1e-2)
    for _ in range(100):
        optimizer.zero_grad()
        model.loss(source, target).backward()
        optimizer.step()
    assert model.translate(source, START, STOP, 5) == words.tolist()


def test_rows_are_filled_up_to_the_longest():
    assert padded([[1, 2, 3], [4]], pad=9).tolist() == [[1, 2, 3], [4, 9, 9]]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"num_heads": 3}, "d_model=8 is not divisible by num_heads=3"),
        ({"dropout": 1.5}, "dropout must be a probability below 1, got 1.5"),
        ({"max_len": 0}, "max_len must be a whole number of at least 1, got 0"),
        ({"num_heads": 0}, "num_heads must be a whole number of at least 1, got 0"),
        ({"source_vocab": 0}, "source_vocab must be a whole number of at least 1"),
        ({"activation": "step"}, "activation must be one of"),
        ({"pad": 7}, "pad must be a token of both vocabularies, got 7"),
    ],
)
def test_what_cannot_be_a_model_is_an_error_with_the_reason(changes, reason):
    with pytest.raises(ValueError, match=reason):
        small(**changes)


def test_a_longer_source_than_the_longest_is_an_error_with_both_lengths():
    with pytest.raises(ShapeError, match=r"T from 1 to 12 .* got \(1, 13\)"):
        small()(ag.tensor([[1] * 13]), ag.tensor([[1]]))

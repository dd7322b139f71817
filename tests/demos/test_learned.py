"""What is said of a trained calculator is what its weights and its answers show."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd as ag
from demos import learned
from demos.calculator import OPERATIONS, Calculator, tokenizer
from demos.data.numbers import Example, number_to_words
from demos.inspection import Part, without
from demos.learned import (
    ROLES,
    NumberLine,
    confidences,
    looks,
    rank_correlation,
    right,
    roles,
    show_confidence,
    show_learned,
    spread_evenly,
)
from demos.pictures.attention import attention_of
from demos.report import Report
from models.config import GPTConfig
from models.gpt import GPT

WORDS = [number_to_words(n) for n in (*range(20), *range(20, 100, 10))]
EXAMPLES = [
    Example("two plus three", "five"),
    Example("forty two plus one", "forty three"),
    Example("sixty minus two", "fifty eight"),
    *(Example(f"{WORDS[a]} times {WORDS[a + 1]}", number_to_words(a * (a + 1))) for a in range(2, 6)),
]


@pytest.fixture
def calculator():
    ag.manual_seed(0)
    model = GPT(GPTConfig(36, block_size=16, n_layer=2, n_head=2, n_embd=16)).double()
    for parameter in model.parameters():  # so that not all heads look at all words alike
        parameter.array *= 8 if parameter.ndim == 2 else 1
    return Calculator(model.eval(), tokenizer())


def test_each_word_of_a_question_has_a_role():
    assert [ROLES[i] for i in roles("forty two plus one")] == [ROLES[0], ROLES[0], *ROLES[1:]]


def test_looks_are_the_mean_attention_to_all_words_of_a_role(calculator):
    model, tokens = calculator
    expected = np.zeros((2, 2, 2, 4))
    for example in EXAMPLES:
        attention = attention_of(model, ag.tensor([tokens.encode(f"{example.question} <is>")]))[:, 0]
        found = np.array(roles(example.question))
        for place, at in enumerate((1, 3)):
            row = attention[:, :, np.flatnonzero(found == at)[-1]]
            expected[place] += np.stack([row[..., found == role].sum(-1) for role in range(4)], -1) / len(EXAMPLES)
    np.testing.assert_allclose([looks(calculator, EXAMPLES, role) for role in (1, 3)], expected, atol=1e-12)
    np.testing.assert_allclose(expected.sum(-1), 1)
    assert not expected[0, ..., 2:].any()  # "plus" cannot see what follows


def test_a_look_at_all_words_alike_counts_the_words_of_each_role():
    assert spread_evenly(EXAMPLES[:2]).tolist() == pytest.approx([(1 / 4 + 2 / 5) / 2, *[(1 / 4 + 1 / 5) / 2] * 3])


@given(st.lists(st.tuples(*[st.integers(-5, 5)] * 2), min_size=3, max_size=12))
def test_the_rank_correlation_is_that_of_scipy(pairs):
    stats = pytest.importorskip("scipy.stats")
    a, b = np.array(pairs, float).T
    if len({*a}) > 1 and len({*b}) > 1:
        assert rank_correlation(a, b) == pytest.approx(stats.spearmanr(a, b).statistic)


def test_the_plane_has_the_variance_of_the_two_largest_directions_and_each_rises_with_the_values(calculator):
    line = NumberLine.of(calculator, WORDS)
    variances = np.linalg.eigvalsh(np.cov(line.embeddings.T))[::-1]
    np.testing.assert_allclose(line.points.var(0, ddof=1), variances[:2])
    np.testing.assert_allclose(line.shares, variances[:2] / variances.sum())
    assert line.correlations(slice(None))[0] >= 0 and line.correlations(slice(None))[1] >= 0
    assert line.distance("two", "three") > line.distance("two", "two") == 0


@pytest.mark.parametrize("shape", ["line", "ring"])
def test_numbers_on_a_line_and_digits_on_a_ring_are_told_apart(calculator, shape):
    weight, ids = calculator.model.transformer.wte.weight, calculator.tokens.encode(" ".join(WORDS[:20]))
    for value, at in enumerate(ids):
        angle = 2 * np.pi * value / 10
        weight.array[at, :2] = [9 * value, 0] if shape == "line" else [99 * np.cos(angle), 99 * np.sin(angle)]
    _, _, row, ring = NumberLine.of(calculator, WORDS).correlations(slice(20))
    assert (ring if shape == "ring" else row) > 0.97 and (ring > row) == (shape == "ring")


def test_the_confidence_in_an_answer_is_the_product_of_the_probabilities_of_its_words_and_its_end(calculator):
    model, tokens = calculator
    for example, found in zip(EXAMPLES, confidences(calculator, EXAMPLES), strict=True):
        ids, p = tokens.encode(f"{example.question} <is>"), 1.0
        for word in tokens.encode(f"{example.answer} <end>"):
            p *= model(ag.tensor([ids]))[0, -1].softmax(-1).array[word]
            ids.append(word)
        assert found == pytest.approx(p)


def test_all_is_shown_with_the_figures_of_the_model(calculator, tmp_path, capsys):
    model = calculator.model
    before = [parameter.array.copy() for parameter in model.parameters()]
    given = calculator.answers([example.question for example in EXAMPLES])
    report = Report("r")
    show_learned(report, calculator, EXAMPLES[-1:], EXAMPLES, given, OPERATIONS, tmp_path)
    out = capsys.readouterr().out
    assert len(report.headings) == 5 and (tmp_path / "numbers.png").read_bytes().startswith(b"\x89PNG")
    assert all(np.array_equal(a, parameter.array) for a, parameter in zip(before, model.parameters(), strict=True))
    rows = calculator.rows(EXAMPLES).rows(slice(None))
    for layer, head in np.ndindex(2, 2):
        loss = without(model, [Part("head", layer, head)]).loss(*rows).item()
        assert re.search(rf"layer\s{layer + 1}, head\s{head + 1} +{loss:.3f} ", out)
    products = EXAMPLES[3:]
    hardest = [products[i].question for i in np.argsort(confidences(calculator, products))[:2]]
    shown = out.split("learned with factors swapped")[1].splitlines()[1:3]
    assert all(line.strip().startswith(question) for line, question in zip(shown, hardest, strict=True))
    assert f"{int((~right(calculator, products)).sum())} are answered wrongly" in out


@pytest.mark.parametrize(("answer", "side"), [("five", "less"), ("six", "more")])
def test_a_model_is_more_or_less_sure_than_right(calculator, answer, side, capsys):
    show_confidence(Report("r"), calculator, EXAMPLES[:1], [answer])
    assert f"the model is {side} sure than right" in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize(
    ("row", "ring", "words"),
    [(0.1, 0.2, "neither"), (0.5, 0.6, "a ring of digits rather"), (0.6, 0.5, "a row of numbers rather")],
)
def test_a_row_or_a_ring_is_claimed_only_where_distances_follow_it(
    row, ring, words, calculator, tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr(NumberLine, "correlations", lambda self, some: (0.0, 0.0, row, ring))
    learned.show_number_line(Report("r"), calculator, tmp_path / "numbers.png")
    assert words in " ".join(capsys.readouterr().out.split())

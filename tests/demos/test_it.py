"""The demo about "it": only what follows tells, a GPT cannot see it in time, and what is hidden is hidden."""

from collections import Counter

import numpy as np
import pytest

import autograd as ag
from demos.data.pronouns import SHOWN, corpus
from demos.it import (
    FREE,
    MASKED,
    Lessons,
    answers,
    asked_at,
    lessons_of,
    main,
    new_model,
    right_shares,
    tokenizer,
    train,
)
from demos.pictures.attention import attention_of

KINDS = corpus()
TOKENS = tokenizer(KINDS)


@pytest.fixture(scope="module")
def lessons() -> dict[str, Lessons]:
    rng = np.random.default_rng(0)
    return {kind: lessons_of(sentences, TOKENS, rng) for kind, sentences in KINDS.items()}


def model_of(causal):
    ag.manual_seed(0)
    model = new_model(TOKENS.vocab_size, causal).eval()
    for parameter in model.parameters():
        if parameter.ndim == 2:
            parameter.detach().mul_(20)  # as large as after a training
    return model


@pytest.mark.parametrize("kind", KINDS)
def test_what_stands_before_it_tells_nothing(kind):
    beginnings = Counter((sentence.text.partition(" it ")[0], sentence.which) for sentence in KINDS[kind])
    assert len(set(beginnings.values())) == 1  # each beginning as often with either answer
    assert {which for _, which in beginnings} == {0, 1} and len(beginnings) % 2 == 0
    texts = [sentence.text for sentence in KINDS[kind]]
    assert len(set(texts)) == len(texts)
    assert all(sentence.answer in sentence.text.split() for sentence in KINDS[kind])


def test_each_animal_is_as_often_the_first_and_meant():
    counts = Counter((animal, i, s.which) for s in KINDS["animals"] for i, animal in enumerate(s.things))
    assert len(set(counts.values())) == 1


def test_the_sentences_that_are_shown_are_held_out(lessons):
    for kind, texts in SHOWN.items():
        assert lessons[kind].held_out[lessons[kind].rows(texts)].all()
        assert 0.1 < lessons[kind].held_out.mean() < 0.3


@pytest.mark.parametrize("kind", KINDS)
def test_a_gpt_cannot_tell_at_it_and_the_other_model_can(lessons, kind):
    rows = lessons[kind].rows(SHOWN[kind])
    (at_it, after), (free, _) = (
        np.abs(np.diff(answers(model_of(causal), lessons[kind], rows), axis=0)[0]).max(axis=-1)
        for causal in (True, False)
    )
    assert at_it < 1e-6 and after > 1e-4 and free > 1e-4


@pytest.mark.parametrize("causal", [True, False])
def test_a_word_that_is_hidden_has_no_effect_on_the_answer(lessons, causal):
    kind = lessons["animals"]
    rows, model = kind.rows(SHOWN["animals"]), model_of(causal)
    told = range(kind.ids.shape[1])[kind.following]
    seen, hidden = (answers(model, kind, rows, places) for places in ((), told))
    assert np.abs(seen[0] - seen[1]).max() > 1e-4
    assert np.allclose(hidden[0], hidden[1], atol=1e-6)


def test_in_the_first_block_two_things_are_looked_at_in_one_ratio_whatever_follows(lessons):
    kind = lessons["animals"]
    rows = kind.rows(SHOWN["animals"])
    attention = attention_of(model_of(False), ag.tensor(kind.ids[rows]))[:, :, :, kind.it]  # (L, 2, H, T)
    dog, cat = (kind.ids[rows[0]].tolist().index(thing) for thing in kind.things[rows[0]])
    ratios = attention[..., dog] / attention[..., cat]  # (L, 2, H)
    assert np.allclose(ratios[0, 0], ratios[0, 1], rtol=1e-4)
    assert not np.allclose(ratios[1, 0], ratios[1, 1], rtol=1e-4)


def test_without_a_mask_it_is_learned_and_holds_for_what_was_not_seen(lessons):
    ag.manual_seed(0)
    model = new_model(TOKENS.vocab_size, causal=False)
    train(model, [*lessons.values()], 200, np.random.default_rng(0))
    for kind in lessons.values():
        assert right_shares(model, kind)[0] > 0.95
        told = range(kind.ids.shape[1])[kind.following]
        assert right_shares(model, kind, told)[0] < 0.7


def test_the_page_has_every_step_and_both_pictures(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    models = main(["--steps", "2"])
    assert [*models] == [MASKED, FREE]
    page = (tmp_path / "out/it/latest/it.html").read_text(encoding="utf-8")
    assert page.count("<h2") == 6 and page.count("data:image/png") == 2
    assert "with shares that differ by" in capsys.readouterr().out


def test_each_model_is_asked_where_it_can_know(lessons):
    kind = lessons["kitchen"]
    assert (asked_at(MASKED, kind), asked_at(FREE, kind)) == (-1, kind.it)
    assert TOKENS.tokens[kind.ids[0, kind.it]] == TOKENS.tokens[kind.ids[0, -1]] == "it"

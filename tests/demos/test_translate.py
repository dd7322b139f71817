"""The translation demo: what is drawn how often, how answers are counted, and what people get who ask."""

from collections import Counter

import pytest

import autograd as ag
from demos import translate
from demos.data.numbers import Example, translation_examples
from demos.translate import exact, frequencies, new_translator, parts, reply, show_figures
from nn import optim

TINY = {"d_model": 16, "num_heads": 2, "num_layers": 1, "d_ff": 32, "max_len": 32, "dropout": 0.1}


@pytest.fixture
def translator(monkeypatch):
    monkeypatch.setattr(translate, "SIZES", TINY)
    ag.manual_seed(0)
    return new_translator()


def test_every_number_fits_into_the_model(translator):
    examples = translation_examples()
    source = translator.source([example.question for example in examples])
    target = translator.target([example.answer for example in examples])
    config = translator.model.config
    assert source.shape[1] <= config.max_len and target.shape[1] == translate.LONGEST_ANSWER + 1
    assert source.array.max() < config.source_vocab and target.array.max() < config.target_vocab
    assert config.pad == translator.words.special["<pad>"] == translator.digits.encode(translate.PAD)[0]


def test_a_target_is_the_digits_between_start_and_stop(translator):
    target = translator.target(["407", "9"])
    assert [translator.digits.decode(row) for row in target.tolist()] == ["<407>", "<9>__"]


def test_numbers_of_each_number_of_digits_are_drawn_equally_often_and_short_ones_among_them_oftener():
    examples = translation_examples()
    often = frequencies(examples)
    assert often.sum() == pytest.approx(1)
    kinds = [(len(example.answer), len(example.question.split())) for example in examples]
    counts, shares = Counter(kinds), dict.fromkeys(kinds, 0.0)
    for kind, share in zip(kinds, often, strict=True):
        shares[kind] += share
    for digits in (1, 2, 3, 4):
        found = {kind: share for kind, share in shares.items() if kind[0] == digits}
        assert sum(found.values()) == pytest.approx(1 / 4)
        roots = {kind: counts[kind] ** 0.5 for kind in found}
        assert found == pytest.approx({kind: root / sum(roots.values()) / 4 for kind, root in roots.items()})


@pytest.mark.parametrize("seed", range(3))
def test_the_numbers_of_one_word_are_learned_and_a_fifth_of_the_others_is_held_out(seed):
    trained, held_out = parts(translation_examples(), seed)
    assert sorted(trained + held_out) == sorted(translation_examples()) and len(held_out) == round(9972 / 5)
    assert {example.answer for example in trained if " " not in example.question} == {
        *map(str, [*range(20), *range(20, 100, 10)])
    }
    assert all(" " in example.question for example in held_out)


def test_exact_is_the_share_of_answers_right_to_the_last_digit():
    examples = [Example("seven", "7"), Example("seventy", "70")]
    assert exact(examples, ["7", "7"]) == 0.5 and exact(examples, ["7", "70"]) == 1


def test_a_model_that_learned_a_few_numbers_translates_them(translator):
    examples = [Example("four hundred and seven", "407"), Example("nine", "9"), Example("ninety one", "91")]
    source = translator.source([example.question for example in examples])
    target = translator.target([example.answer for example in examples])
    optimizer = optim.Adam(translator.model.parameters(), lr=1e-2)
    for _ in range(60):
        optimizer.zero_grad()
        translator.model.loss(source, target, 0.0).backward()
        optimizer.step()
    assert translator.translate([example.question for example in examples]) == ["407", "9", "91"]
    assert reply(translator, "Four HUNDRED and seven") == "407"
    assert reply(translator, "ninety-one") == "91"


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ("four hundred and pizza", "unknown word 'pizza'"),
        ("407", "unknown word '407'"),
        ("seven hundred four hundred", "is not a number in English words"),
        ("...", "is not a number in English words"),
    ],
)
def test_what_is_no_number_is_an_error_that_says_why(translator, question, words):
    with pytest.raises(ValueError, match=words):
        reply(translator, question)


def test_a_wrong_answer_is_said_to_be_wrong(translator):
    assert reply(translator, "four hundred and seven").endswith("(wrong: it is 407)")


def test_the_figures_count_by_the_number_of_digits(capsys):
    held_out = [Example("one", "1"), Example("ten", "10"), Example("twenty", "20"), Example("one thousand", "1000")]
    assert show_figures(translate.Report(""), held_out, ["1", "10", "2", "1000"]) == 0.75
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["1", "digit", "1", "1", "100.00%"] in lines and ["2", "digits", "2", "1", "50.00%"] in lines
    assert ["all", "4", "3", "75.00%"] in lines and ["twenty", "20", "2"] in lines

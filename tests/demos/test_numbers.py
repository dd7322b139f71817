"""English number words and the examples made of them."""

import pytest

from demos.data.numbers import (
    calculator_examples,
    number_to_words,
    split_examples,
    translation_examples,
    words_to_number,
)


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (0, "zero"),
        (13, "thirteen"),
        (20, "twenty"),
        (42, "forty two"),
        (100, "one hundred"),
        (407, "four hundred and seven"),
        (1000, "one thousand"),
        (1001, "one thousand and one"),
        (1100, "one thousand one hundred"),
        (2024, "two thousand and twenty four"),
        (9999, "nine thousand nine hundred and ninety nine"),
    ],
)
def test_numbers_are_written_as_in_english(number: int, words: str) -> None:
    assert number_to_words(number) == words


def test_every_number_comes_back_from_its_words() -> None:
    for n in range(10_000):
        words = number_to_words(n)
        assert words_to_number(words) == n
        assert words_to_number(words.replace(" and ", " ")) == n


def test_words_are_read_in_any_case_with_hyphens_and_spaces() -> None:
    assert words_to_number("  Four HUNDRED and\tforty-two ") == 442


@pytest.mark.parametrize("words", ["", "and", "four and", "seven four", "one hundred and", "ten thousand", "42"])
def test_what_is_no_number_is_an_error_that_quotes_it(words: str) -> None:
    with pytest.raises(ValueError, match="is not a number in English words") as caught:
        words_to_number(words)
    assert repr(words) in str(caught.value)


@pytest.mark.parametrize("number", [-1, 10_000])
def test_numbers_out_of_range_are_an_error(number: int) -> None:
    with pytest.raises(ValueError, match=f"0 to 9999; got {number}"):
        number_to_words(number)


def test_there_are_15722_calculator_examples_and_all_are_true() -> None:
    examples = calculator_examples()
    operations = {"plus": int.__add__, "minus": int.__sub__, "times": int.__mul__}
    counts = dict.fromkeys(operations, 0)
    for question, answer in examples:
        name = next(word for word in question.split() if word in operations)
        left, right = (words_to_number(part) for part in question.split(f" {name} "))
        assert 0 <= left <= 99 and 0 <= right <= 99
        assert operations[name](left, right) == words_to_number(answer)
        counts[name] += 1
    assert counts == {"plus": 10_000, "minus": 5_050, "times": 672}
    assert len({question for question, _ in examples}) == len(examples) == 15_722


def test_translation_examples_are_all_numbers() -> None:
    examples = translation_examples()
    assert len(examples) == 10_000
    assert all(words_to_number(question) == int(answer) == n for n, (question, answer) in enumerate(examples))


def test_a_split_is_a_partition_decided_by_its_seed() -> None:
    examples = calculator_examples()
    training, held_out = split_examples(examples, seed=3)
    assert len(held_out) == 3144  # a fifth of 15,722, rounded
    assert sorted(training + held_out) == sorted(examples)
    assert split_examples(examples, seed=3) == (training, held_out)
    assert split_examples(examples, seed=4)[1] != held_out
    assert {"plus", "minus", "times"} <= {word for question, _ in held_out for word in question.split()}


@pytest.mark.parametrize("seed", range(6))
def test_a_question_that_is_to_be_held_out_takes_the_place_of_one_that_was_drawn(seed: int) -> None:
    examples = calculator_examples()[:50]
    parts = split_examples(examples, seed=seed, question="zero plus three")
    free = split_examples(examples, seed=seed)
    assert "zero plus three" in {example.question for example in parts[1]}
    assert sorted(parts[0] + parts[1]) == sorted(examples) and len(parts[1]) == len(free[1])
    assert len({*parts[1]} ^ {*free[1]}) in (0, 2)
    assert split_examples(examples, seed=seed, question="no such question") == free


@pytest.mark.parametrize("share", [0.0, 1.0, -0.5, 1e-9])
def test_a_split_with_an_empty_part_is_an_error(share: float) -> None:
    with pytest.raises(ValueError, match="empty"):
        split_examples(translation_examples(), held_out=share)

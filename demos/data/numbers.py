"""English number words from 0 to 9999, and the examples that the calculator and translation demos learn from."""

from __future__ import annotations

import operator
import random
from functools import cache
from typing import NamedTuple, SupportsIndex

LARGEST = 9999
UNITS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen"
).split()
TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()


class Example(NamedTuple):
    question: str
    answer: str


def number_to_words(n: SupportsIndex) -> str:
    """407 as "four hundred and seven": lower-case words, one space between them, no hyphens.

    Raises ValueError if n is not in 0 .. 9999.
    """
    n = operator.index(n)
    if not 0 <= n <= LARGEST:
        raise ValueError(f"number words go from 0 to {LARGEST}; got {n}")
    if n < 20:
        return UNITS[n]
    thousands, hundreds, rest = n // 1000, n // 100 % 10, n % 100
    words = []
    if thousands:
        words += [UNITS[thousands], "thousand"]
    if hundreds:
        words += [UNITS[hundreds], "hundred"]
    if rest and words:
        words.append("and")
    if rest >= 20:
        words.append(TENS[rest // 10 - 2])
        rest %= 10
    if rest:
        words.append(UNITS[rest])
    return " ".join(words)


def words_to_number(words: str) -> int:
    """The number that `words` name, in any case, "forty-two" as "forty two", with or without its "and".

    Raises ValueError if they are anything else.
    """
    number = _numbers().get(" ".join(words.lower().replace("-", " ").split()))
    if number is None:
        raise ValueError(f"{words!r} is not a number in English words from zero to {number_to_words(LARGEST)}")
    return number


@cache
def _numbers() -> dict[str, int]:
    """Every way of writing every number."""
    table = {number_to_words(n): n for n in range(LARGEST + 1)}
    return table | {words.replace(" and ", " "): n for words, n in table.items()}


def calculator_examples() -> list[Example]:
    """All 15,722 questions like ("two plus three", "five"), whose operands are ordered pairs from 0 to 99.

    10,000 sums, 5,050 differences that are not negative, and 672 products that are at most 99. Factors may be 0 and
    1, and 2 times 3 and 3 times 2 are two products: 199 of them have a factor 0, 473 have none.
    """
    word = [number_to_words(n) for n in range(199)]
    pairs = [(a, b) for a in range(100) for b in range(100)]
    sums = [Example(f"{word[a]} plus {word[b]}", word[a + b]) for a, b in pairs]
    differences = [Example(f"{word[a]} minus {word[b]}", word[a - b]) for a, b in pairs if a >= b]
    products = [Example(f"{word[a]} times {word[b]}", word[a * b]) for a, b in pairs if a * b <= 99]
    return sums + differences + products


def translation_examples() -> list[Example]:
    """All numbers from 0 to 9999, like ("four hundred and seven", "407")."""
    return [Example(number_to_words(n), str(n)) for n in range(LARGEST + 1)]


def split_examples(
    examples: list[Example], *, held_out: float = 0.2, seed: int = 0, question: str = ""
) -> tuple[list[Example], list[Example]]:
    """(training, held out): the share `held_out` of `examples` is drawn at random, both parts keep their order.

    The same seed gives the same parts. `question`, if there is such an example, is held out in any case, in the place
    of one that was drawn. Raises ValueError if a part would be empty.
    """
    count = round(held_out * len(examples))
    if not 0 < count < len(examples):
        raise ValueError(f"held_out={held_out} of {len(examples)} examples leaves one of the two parts empty")
    first, *others = random.Random(seed).sample(range(len(examples)), count)
    wanted = {i for i, example in enumerate(examples) if example.question == question}
    drawn = {*others, *(wanted - {*others} or {first})}
    training = [example for i, example in enumerate(examples) if i not in drawn]
    return training, [example for i, example in enumerate(examples) if i in drawn]

"""Sentences in which "it" stands for one of two things, and only the rest of the sentence tells which."""

from __future__ import annotations

import itertools
from typing import NamedTuple

ANIMALS = ("dog", "cat", "mouse", "fox", "horse", "cow", "pig", "goat")
VERBS = ("chased", "followed", "hunted")
# "the A VERB the B because it was WORD": of whom it is said, in these sentences
OF_ANIMALS = {"first": ("fast", "hungry", "strong", "angry"), "second": ("slow", "weak", "lost", "afraid")}
FOODS = ("pizza", "bread", "cake", "pie", "pudding", "tart")
PLACES = ("oven", "pan", "pot", "dish", "tin", "fire")
# "the FOOD came out of the PLACE and it WORDS"
OF_FOODS = {
    "first": ("tasted good", "was eaten", "tasted burnt", "was sliced"),
    "second": ("felt empty", "was cleaned", "felt greasy", "was filled"),
}
# The sentences that the demo shows, which are never learned from
SHOWN = {
    "animals": ("the dog chased the cat because it was fast .", "the dog chased the cat because it was slow ."),
    "kitchen": (
        "the pizza came out of the oven and it tasted good .",
        "the pizza came out of the oven and it felt empty .",
    ),
}


class Sentence(NamedTuple):
    """Its words up to the end, the two things that "it" may be, and which of them it is, 0 or 1."""

    text: str
    things: tuple[str, str]
    which: int

    @property
    def answer(self) -> str:
        """What "it" is."""
        return self.things[self.which]


def chase(a: str, verb: str, b: str, word: str, which: int) -> Sentence:
    """A sentence of animals, ten words long."""
    return Sentence(f"the {a} {verb} the {b} because it was {word} .", (a, b), which)


def kitchen(food: str, place: str, words: str, which: int) -> Sentence:
    """A sentence of the kitchen, twelve words long."""
    return Sentence(f"the {food} came out of the {place} and it {words} .", (food, place), which)


def corpus() -> dict[str, list[Sentence]]:
    """All sentences of each kind."""
    of_animals, of_foods = (
        [(words, which) for which, side in enumerate(ends.values()) for words in side]
        for ends in (OF_ANIMALS, OF_FOODS)
    )
    pairs = itertools.permutations(ANIMALS, 2)
    return {
        "animals": [chase(a, verb, b, *end) for (a, b), verb, end in itertools.product(pairs, VERBS, of_animals)],
        "kitchen": [kitchen(food, place, *end) for food, place, end in itertools.product(FOODS, PLACES, of_foods)],
    }

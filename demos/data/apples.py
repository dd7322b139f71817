"""Sentences in which an apple is a fruit or a company, which the demo of the heads learns from."""

import itertools

import numpy as np

from models.tokenizers import WordTokenizer

# "the WHO VERB the KIND apple END": only WHO tells the senses apart before the word, and only END after it.
WHO = {"fruit": ("cook", "farmer", "child", "baker"), "company": ("trader", "banker", "lawyer", "investor")}
VERBS = ("bought", "liked", "wanted", "chose")
KINDS = ("new", "first", "good", "big")
ENDS = {
    "fruit": ("for the cake", "from the tree", "with a knife", "in the garden"),
    "company": ("shares at noon", "phone for work", "laptop for school", "stock for profit"),
}
SENSES = ("fruit", "company")
APPLE = 5  # the place of the word


def sentence(sense: str, who: int, verb: int, kind: int, end: int) -> str:
    """One of the 512 sentences, all of ten words."""
    return f"the {WHO[sense][who]} {VERBS[verb]} the {KINDS[kind]} apple {ENDS[sense][end]} ."


def corpus() -> list[str]:
    """All sentences."""
    return [sentence(sense, *choice) for sense in SENSES for choice in itertools.product(range(4), repeat=4)]


def contexts(tokens: WordTokenizer) -> np.ndarray:
    """All beginnings up to apple as ids (2, 4, 16, 6): sense, who, verb and kind."""
    ids = [
        tokens.encode(sentence(sense, who, verb, kind, 0))[: APPLE + 1]
        for sense in SENSES
        for who, verb, kind in itertools.product(range(4), repeat=3)
    ]
    return np.array(ids).reshape(2, 4, 16, APPLE + 1)

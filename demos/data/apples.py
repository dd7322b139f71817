"""Sentences in which an apple is a fruit or a company, which the demo of the heads learns from."""

import itertools

import numpy as np

from models.tokenizers import WordTokenizer

# "the WHO VERB the KIND apple END": WHO tells the senses apart before the word, however it is written, and END after
# it. Of a person who tells nothing, three in four who speak of an apple mean the fruit, and of an Apple the company.
WHO = {"fruit": ("cook", "farmer", "child", "baker"), "company": ("trader", "banker", "lawyer", "investor")}
ANYBODY = ("woman", "man")
FORMS = ("apple", "Apple")
VERBS = ("bought", "liked", "wanted", "chose")
KINDS = ("new", "first", "good", "big")
ENDS = {
    "fruit": ("for the cake", "from the tree", "with a knife", "in the garden"),
    "company": ("shares at noon", "phone for work", "laptop for school", "stock for profit"),
}
SENSES = ("fruit", "company")
APPLE = 5  # the place of the word


def sentence(sense: str, who: int, verb: int, kind: int, end: int, *, form: str = "apple") -> str:
    """One of the sentences of ten words in which the person tells the sense."""
    return f"{beginning(WHO[sense][who], verb, kind, form)} {ENDS[sense][end]} ."


def beginning(who: str, verb: int, kind: int, form: str) -> str:
    """The first six words of a sentence."""
    return f"the {who} {VERBS[verb]} the {KINDS[kind]} {form}"


def corpus() -> list[str]:
    """The 512 sentences with apple and the same with Apple, then 1,024 in which only that spelling is a hint."""
    choices = [*itertools.product(range(4), repeat=4)]
    told = [sentence(sense, *choice, form=form) for form in FORMS for sense in SENSES for choice in choices]
    hinted = [
        f"{beginning(who, verb, kind, form)} {ENDS[sense][end]} ."
        for who in ANYBODY
        for form, likely in zip(FORMS, SENSES)
        for verb, kind, end in itertools.product(range(4), repeat=3)
        for sense in SENSES
        for _ in range(3 if sense == likely else 1)
    ]
    return told + hinted


def contexts(tokens: WordTokenizer) -> np.ndarray:
    """All beginnings up to apple as ids (2, 4, 16, 6): sense, who, verb and kind."""
    ids = [
        tokens.encode(sentence(sense, who, verb, kind, 0))[: APPLE + 1]
        for sense in SENSES
        for who, verb, kind in itertools.product(range(4), repeat=3)
    ]
    return np.array(ids).reshape(2, 4, 16, APPLE + 1)

"""The markers: for each exercise the properties that a right answer has, and two hints.

A marker is a function of the learner's module that raises `Wrong` if the answer is not right. It tries shapes at
random, small ones first, so that a message is about a case that one can follow by hand.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple


class Marker(NamedTuple):
    """What marks an exercise, and its hints, from the lighter to the one that nearly tells."""

    check: Callable[[Any], None]
    hints: tuple[str, str]


MARKERS: dict[str, Marker] = {}  # by the name of the exercise's file, without .py


def marks(name: str, *hints: str) -> Callable[[Callable[[Any], None]], Callable[[Any], None]]:
    """Decorate the marker of an exercise."""
    first, second = hints

    def enter(check: Callable[[Any], None]) -> Callable[[Any], None]:
        MARKERS[name] = Marker(check, (first, second))
        return check

    return enter

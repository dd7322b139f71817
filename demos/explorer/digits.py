"""The page on which one draws a digit, and the questions that it asks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from demos.explorer.asked import Asked
from demos.explorer.explorer import Explorer

TITLE = "Digits"

QUESTIONS: dict[str, Callable[[Explorer, Asked], dict[str, Any]]] = {}

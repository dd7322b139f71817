"""The page on which a GPT learns before one's eyes, and the questions that it asks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from demos.explorer.asked import Asked
from demos.explorer.explorer import Explorer

TITLE = "Training"

QUESTIONS: dict[str, Callable[[Explorer, Asked], dict[str, Any]]] = {}

"""What a request asks for, checked: each value has the type, the range and the shape that the page's code expects."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

SHOWN = 60  # characters of a wrong value that an error repeats


class Asked:
    """The members of a JSON object. Each method raises ValueError, with the member's name, for what it cannot take."""

    def __init__(self, members: dict[str, Any]) -> None:
        self.members = members

    @classmethod
    def read(cls, body: bytes) -> Asked:
        """The JSON object in the body of a request."""
        try:
            members = json.loads(body or b"{}", parse_constant=_refuse)
        except (ValueError, RecursionError) as error:
            raise ValueError(f"the request is not JSON: {error}") from error
        if not isinstance(members, dict):
            raise ValueError(f"the request must be a JSON object, got {_short(members)}")
        return cls(members)

    def number(self, name: str, low: float, high: float, default: float | None = None) -> float:
        """A number from `low` to `high`."""
        value = self._get(name, default)
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not low <= value <= high:
            raise ValueError(f"{name!r} must be a number from {low:g} to {high:g}, got {_short(value)}")
        return float(value)

    def whole(self, name: str, low: int, high: int, default: int | None = None) -> int:
        """A whole number from `low` to `high`."""
        value = self._get(name, default)
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise ValueError(f"{name!r} must be a whole number from {low} to {high}, got {_short(value)}")
        return value

    def flag(self, name: str, default: bool | None = None) -> bool:
        """true or false."""
        value = self._get(name, default)
        if not isinstance(value, bool):
            raise ValueError(f"{name!r} must be true or false, got {_short(value)}")
        return value

    def text(self, name: str, longest: int, default: str | None = None) -> str:
        """A string of at most `longest` characters."""
        value = self._get(name, default)
        if not isinstance(value, str):
            raise ValueError(f"{name!r} must be a string, got {_short(value)}")
        if len(value) > longest:
            raise ValueError(f"{name!r} has {len(value):,} characters, and at most {longest:,} are accepted")
        return value

    def choice(self, name: str, choices: Sequence[str], default: str | None = None) -> str:
        """One of these strings."""
        value = self._get(name, default)
        if value not in choices:
            raise ValueError(f"{name!r} must be one of {', '.join(choices)}, got {_short(value)}")
        return str(value)

    def array(self, name: str, shape: tuple[int, ...], low: float, high: float) -> np.ndarray:
        """A nest of lists of numbers from `low` to `high`, in float32, with this shape."""
        value = self._get(name, None)
        try:
            with np.errstate(over="ignore"):  # what is too large for float32 is out of range, too
                found = np.array(value, np.float32)
        except (TypeError, ValueError) as error:
            raise ValueError(f"{name!r} must be an array of numbers, got {_short(value)}") from error
        if found.shape != shape:
            raise ValueError(f"{name!r} must have the shape {shape}, got {found.shape}")
        if not ((low <= found) & (found <= high)).all():
            raise ValueError(f"{name!r} must have only numbers from {low:g} to {high:g}")
        return found

    def _get(self, name: str, default: Any) -> Any:
        value = self.members.get(name, default)
        if value is None:
            raise ValueError(f"{name!r} is missing")
        return value


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not a number in JSON")


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}..."


def plain(value: Any) -> Any:
    """The value in what JSON has: tensors and arrays as nested lists, floats with six digits, null for nan and inf."""
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if hasattr(value, "tolist"):
        return plain(value.tolist())
    if isinstance(value, float):
        return float(f"{value:.6g}") if math.isfinite(value) else None
    return value

"""Data that a page or a file of results holds, which may be damaged: read, and held to the form that it should have."""

from __future__ import annotations

import json
from reprlib import repr as short
from typing import Any

NUMBER = (int, float)


def parse(text: str, form: Any) -> Any:
    """A value of JSON that has a form. Raises ValueError, with the place and what is there, for anything else.

    A form is a type or a tuple of types; a list with the form of all items; a dict with the forms of some members, or
    with that of all members under the key `str`. Numbers must be finite, and below 2^53.
    """
    try:
        value = json.loads(text)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    _check(value, form, "")
    return value


def _check(value: Any, form: Any, place: str) -> None:
    kinds = type(form) if isinstance(form, (list, dict)) else form
    where = place[:200] or "its content"
    if not isinstance(value, kinds):
        names = " or ".join(kind.__name__ for kind in (kinds if isinstance(kinds, tuple) else (kinds,)))
        raise ValueError(f"{where} should be {names}, and is {short(value)}")
    if isinstance(value, NUMBER) and not abs(value) < 1 << 53:
        raise ValueError(f"{where} is {short(value)}, which is no number of a result")
    if isinstance(form, list):
        for i, item in enumerate(value):
            _check(item, form[0], f"{place}[{i}]")
    elif isinstance(form, dict):
        for name, part in (dict.fromkeys(value, form[str]) if str in form else form).items():
            if name not in value:
                raise ValueError(f"{where} lacks {name!r}")
            _check(value[name], part, f"{place}[{name!r:.50}]")

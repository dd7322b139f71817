"""Tensors as text, in torch's form."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from autograd import dtypes

_PROFILES: dict[str, dict[str, Any]] = {
    "default": {"precision": 4, "threshold": 1000, "edgeitems": 3, "linewidth": 80},
    "short": {"precision": 2, "threshold": 1000, "edgeitems": 2, "linewidth": 80},
    "full": {"precision": 4, "threshold": math.inf, "edgeitems": 3, "linewidth": 80},
}
_options: dict[str, Any] = {**_PROFILES["default"], "sci_mode": None}


def set_printoptions(
    precision: int | None = None,
    threshold: float | None = None,
    edgeitems: int | None = None,
    linewidth: int | None = None,
    profile: str | None = None,
    sci_mode: bool | None = None,
) -> None:
    """Choose how tensors are printed. None leaves an option as it is; `sci_mode=None` lets the numbers decide.

    `precision` is the number of digits after the point. Of a tensor of more than `threshold` elements the first and
    last `edgeitems` of each dim are shown. `profile` sets all of them: "default", "short" or "full".
    """
    given = {"precision": precision, "threshold": threshold, "edgeitems": edgeitems, "linewidth": linewidth}
    _options.update(_PROFILES[profile] if profile is not None else {})
    _options.update({name: value for name, value in given.items() if value is not None}, sci_mode=sci_mode)


def get_printoptions() -> dict[str, Any]:
    """The options of printing, by the names of the arguments of `set_printoptions`."""
    return dict(_options)


def tensor_text(name: str, array: np.ndarray, history: str, default_dtype: np.dtype) -> str:
    """`name(...)`, with what is not usual about it: its dtype, its shape if it is empty, and its history."""
    suffixes = []
    known = (dtypes.int64, dtypes.bool, np.result_type(default_dtype, np.complex64))
    usual = array.dtype == default_dtype or (array.size and array.dtype in known)
    if array.ndim != 1 if not array.size else not _options["edgeitems"]:
        suffixes.append(f"size={array.shape}")
    if not usual:
        suffixes.append(f"dtype=torch.{array.dtype}")
    indent = len(name) + 1
    text = f"{name}({_elements(array, indent) if array.size else '[]'}"
    room = _options["linewidth"] - (len(text) - text.rfind("\n") + 1)
    for suffix in [*suffixes, *([history] if history else [])]:
        if len(suffix) + 2 > room:
            text += f",\n{' ' * indent}{suffix}"
            room = _options["linewidth"] - indent - len(suffix)
        else:
            text += ", " + suffix
            room -= len(suffix) + 2
    return text + ")"


def _elements(array: np.ndarray, indent: int) -> str:
    """The elements between nested brackets, which begin in this column."""
    edge = _options["edgeitems"] if array.size > _options["threshold"] else None
    shown = array
    for dim, size in enumerate(array.shape):
        if edge is not None and size > 2 * edge:
            shown = np.take(shown, [*range(edge), *range(size - edge, size)], dim)
    show, width = _formatter(shown.ravel())
    return _nested(array, show, width, edge, indent)


def _nested(array: np.ndarray, show: Callable[[Any], str], width: int, edge: int | None, indent: int) -> str:
    if not array.ndim:
        return show(array.item())
    left_out = edge is not None and len(array) > 2 * edge
    parts = [array[:edge], array[len(array) - edge :]] if left_out else [array]  # type: ignore[operator]
    if array.ndim == 1:
        first, *last = [[show(value) for value in part.tolist()] for part in parts]
        items = first + ([" ..." if edge else "...", *last[0]] if left_out else [])
        count = max(1, (_options["linewidth"] - indent) // (width + 2))
        lines = [", ".join(items[i : i + count]) for i in range(0, len(items), count)]
        return "[" + f",\n{' ' * (indent + 1)}".join(lines) + "]"
    first, *last = [[_nested(row, show, width, edge, indent + 1) for row in part] for part in parts]
    rows = first + (["...", *last[0]] if left_out else [])
    return "[" + f",{chr(10) * (array.ndim - 1)}{' ' * (indent + 1)}".join(rows) + "]"


def _formatter(numbers: np.ndarray) -> tuple[Callable[[Any], str], int]:
    """How one number is shown among these, and in how many characters: complex ones by their parts."""
    if numbers.dtype.kind != "c":
        show, counted = _form(numbers)
        width = max([len(show(value)) for value in counted.tolist()], default=1)
        return lambda value: show(value).rjust(width), width
    (real, before), (imag, behind) = map(_formatter, (numbers.real, numbers.imag))

    def both(value: complex) -> str:
        text = imag(value.imag).lstrip()
        return f"{real(value.real)}{'+' * (text[0] != '-')}{text}j"

    return both, before + behind + 1


def _form(numbers: np.ndarray) -> tuple[Callable[[Any], str], np.ndarray]:
    """The form of one number among these, and those that choose the width: of floats neither 0, nan nor infinity.

    Whole floats have a point and no digits after it, a wide range of floats is in scientific notation.
    """
    if numbers.dtype.kind != "f":
        return str, numbers
    finite = numbers[np.isfinite(numbers) & (numbers != 0)].astype(np.float64)
    whole = bool((finite == np.ceil(finite)).all())
    sizes = np.abs(finite)
    wide = bool(sizes.size) and (sizes.max() / sizes.min() > 1000 or sizes.max() > 1e8 or sizes.min() < 1e-4)
    if finite.size and (wide if _options["sci_mode"] is None else _options["sci_mode"]):
        return f"{{:.{_options['precision']}e}}".format, finite
    if whole:
        return lambda value: f"{value:.0f}." if math.isfinite(value) else f"{value:.0f}", finite
    return f"{{:.{_options['precision']}f}}".format, finite

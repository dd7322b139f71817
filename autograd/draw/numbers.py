"""The numbers of an array as a page shows them: a few as they are, many as a range, a histogram and a heat map."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autograd.base import TensorBase
from autograd.scalar import Value

FEW = 12  # numbers that are shown one by one
BARS = 24  # of a histogram
SAMPLE = 50_000  # numbers, at even distances, that a histogram is made of
SHADES, ZERO = 800, 1100  # of a heat map, on each side of 0, and the character that is 0: two bytes each in UTF-8


def plain(x: float) -> float | str:
    """A number as JSON has it; nan and infinities as text."""
    return float(f"{x:.6g}") if math.isfinite(x) else str(x)


def numbers(data: Any, side: int) -> dict[str, Any] | None:
    """The numbers of a small array; of a large one what sums them up, and a heat map of at most `side` rows."""
    if data is None:
        return None
    array = np.asarray(float(data) if isinstance(data, Value) else data.array if isinstance(data, TensorBase) else data)
    if array.dtype.kind == "c":
        array = np.abs(array)
    flat = array.ravel()
    if array.size <= FEW:
        return {
            "numbers": [plain(float(x)) for x in flat.tolist()],
            "columns": array.shape[-1] if array.ndim > 1 else 0,
        }
    sample = flat[:: -(-array.size // SAMPLE)].astype(np.float64)
    finite = np.isfinite(sample)
    strange = int((~finite).sum())
    sample = sample[finite] if strange else sample
    found: dict[str, Any] = {"strange": strange, "map": _heat_map(array, side)}
    if len(sample):
        lowest, highest = float(flat.min()), float(flat.max())
        if not math.isfinite(lowest + highest):
            lowest, highest = float(sample.min()), float(sample.max())
        found |= {"min": plain(lowest), "max": plain(highest), "mean": plain(float(sample.mean()))}
        found["norm"] = plain(float(np.linalg.norm(sample)) * math.sqrt(array.size / len(sample)))
        found["bars"] = np.histogram(sample, BARS, (lowest, highest))[0].tolist()
        found["of"] = f"{len(sample):,} of {array.size:,}" if len(sample) < array.size else f"{array.size:,} numbers"
    return found


def _heat_map(array: np.ndarray, side: int) -> dict[str, Any]:
    """The corner of the first matrix in an array: its slice, its largest magnitude, and a letter for each number.

    The letter `chr(ZERO + n)` is n / SHADES of the largest magnitude; "!" is not finite.
    """
    first = (0,) * (array.ndim - 2)
    corner = np.atleast_2d(array[first])[:side, :side].astype(np.float64)
    sizes = [f":{n}" if n < whole else ":" for n, whole in zip(corner.shape[-min(array.ndim, 2) :], array.shape[-2:])]
    finite = np.isfinite(corner)
    top = float(np.abs(corner[finite]).max(initial=0.0))
    shades = np.rint(np.where(finite, corner, 0.0) / (top or 1.0) * SHADES).astype(int) + ZERO
    letters = np.where(finite, shades, ord("!"))
    return {
        "slice": f"[{', '.join([*map(str, first), *sizes])}]",
        "top": plain(top),
        "zero": ZERO,
        "shades": SHADES,
        "rows": ["".join(map(chr, row)) for row in letters.tolist()],
    }

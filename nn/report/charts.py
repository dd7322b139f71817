"""Charts as data: each function returns a dict that chart.js draws, `Page.chart` embeds and a server may send.

A chart has a title, and a caption that says in a sentence what is to be seen. What is not finite is a gap in a chart.
In a page of your own, `Charts.draw(figure, chart)` of chart.js draws such a dict into a <figure class="chart">, and
draws it anew when it is called again with other data.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

MOST = 1000  # points of a curve; of a longer one the lowest and the highest of each of 500 stretches are drawn
BINS = 48

Chart = dict[str, Any]


class Axis(NamedTuple):
    """What an axis shows, with its unit, and whether it is logarithmic."""

    label: str
    log: bool = False


class Series(NamedTuple):
    """A curve: its name, its points, and whether they are marked, or it is drawn faintly, behind the others.

    `band` is the lowest and the highest value at each point, such as those of several runs of which `y` is the mean.
    """

    name: str
    x: Sequence[float]
    y: Sequence[float]
    marked: bool = False
    faint: bool = False
    band: tuple[Sequence[float], Sequence[float]] | None = None
    tone: int | None = None  # which of the colours; by default the next one


def lines(title: str, series: Sequence[Series], x: Axis, y: Axis, caption: str = "") -> Chart:
    """Curves over a common axis."""
    curves = []
    for i, (name, xs, ys, marked, faint, band, tone) in enumerate(series):
        kept = thinned(np.asarray(ys, np.float64))
        points = {"x": plain(np.asarray(xs)[kept]), "y": plain(np.asarray(ys, np.float64)[kept])}
        edges = band and [plain(np.asarray(edge, np.float64)[kept]) for edge in band]
        looks = {"marked": marked, "faint": faint, "band": edges, "tone": i if tone is None else tone}
        curves.append({"name": name, **points, **looks})
    axes = {"x": x._asdict(), "y": y._asdict()}
    return {"kind": "lines", "title": title, "caption": caption, "series": curves, **axes}


class Histogram(NamedTuple):
    """How the numbers of an array are distributed: counts in equal bins from `low` to `high`, and a few figures.

    The bins hold the middle 99.8 % of the finite numbers, so that a single one far away does not flatten the picture.
    Of a large array they are of 8,192 elements or more, evenly spread.
    """

    low: float
    high: float
    counts: tuple[int, ...]
    figures: dict[str, float | None]  # mean, standard deviation, least, largest, and the share of zeros

    @classmethod
    def of(cls, array: np.ndarray, log: bool = False) -> Histogram:
        """The distribution of an array; `log` is that of the decimal logarithms of the magnitudes, without zeros."""
        flat = spread(array)
        finite = flat[np.isfinite(flat)].astype(np.float64)
        shown = np.log10(np.abs(finite[finite != 0])) if log else finite
        low, high = np.quantile(shown, (0.001, 0.999)) if len(shown) else (0.0, 0.0)
        if high - low <= 1e-9 * max(abs(low), abs(high)) + 1e-300:  # too little for bins of floats
            half = max(abs(low) / 2, 0.5)
            low, high = low - half, high + half
        counts = np.histogram(shown, BINS, (low, high))[0]
        figures = {"not finite": 1 - len(finite) / len(flat)} if len(finite) < len(flat) else {}
        if len(finite):
            figures |= {"mean": finite.mean(), "standard deviation": finite.std()}
            figures |= {"least": finite.min(), "largest": finite.max(), "zeros": (finite == 0).mean()}
        return cls(float(low), float(high), tuple(counts.tolist()), {k: short(v) for k, v in figures.items()})


def spread(array: np.ndarray, most: int = 8192) -> np.ndarray:
    """The elements of an array, or of a large one at least `most` of them, by a stride that meets every column."""
    flat = array.reshape(-1)
    stride = max(flat.size // most, 1)
    while stride > 1 and math.gcd(stride, array.shape[-1]) > 1:
        stride -= 1
    return flat[::stride]


def ridges(
    title: str, rows: Sequence[tuple[str, Sequence[Any]]], names: Sequence[str], x: Axis, caption: str = ""
) -> Chart:
    """Histograms (or their dicts) below one another on one axis: each row has one for each of `names`, or None."""
    lines = [
        {"name": name, "histograms": [h._asdict() if isinstance(h, Histogram) else h for h in found]}
        for name, found in rows
    ]
    return {"kind": "ridges", "title": title, "caption": caption, "rows": lines, "names": [*names], "x": x._asdict()}


def heat(
    title: str,
    values: Any,
    rows: Sequence[str],
    columns: Sequence[str],
    value: Axis,
    limits: tuple[float, float] | None = None,
    caption: str = "",
    axes: tuple[str, str] = ("", ""),
) -> Chart:
    """A matrix as coloured cells. `value` is what they show, `axes` what rows and columns are.

    Colours reach from the first of the `limits` to the second; where the first is below 0 and the scale is not
    logarithmic, 0 has no colour and the signs have two. Charts that are to be compared need the same limits.
    """
    array = np.asarray(values, np.float64)
    if array.shape != (len(rows), len(columns)):
        raise ValueError(f"{title}: {len(rows)} rows and {len(columns)} columns for values of shape {array.shape}")
    usable = array[np.isfinite(array) & ((array > 0) | (not value.log))]
    if limits is None:
        low, high = (usable.min(), usable.max()) if usable.size else (0.0, 1.0)
        limits = (low, high) if value.log else (min(low, 0.0), max(high, 0.0))
        limits = (-max(-limits[0], limits[1]), max(-limits[0], limits[1])) if limits[0] < 0 else limits
    cells = {"values": [plain(line) for line in array], "rows": [*rows], "columns": [*columns]}
    scale = {"value": value._asdict(), "limits": plain(np.array(limits)), "axes": [*axes]}
    return {"kind": "heat", "title": title, "caption": caption, **cells, **scale}


def thinned(y: np.ndarray) -> np.ndarray:
    """The indices of the values of a curve that are drawn: all, or of many the ends and the extremes of stretches."""
    if len(y) <= MOST:
        return np.arange(len(y))
    kept = [np.array([0, len(y) - 1]), np.flatnonzero(~np.isfinite(y))[:MOST]]
    for part in np.array_split(np.arange(len(y)), MOST // 2):
        finite = part[np.isfinite(y[part])]
        if len(finite):
            kept.append(finite[[y[finite].argmin(), y[finite].argmax()]])
    return np.unique(np.concatenate(kept))


def plain(array: np.ndarray) -> list[float | int | None]:
    """The numbers of an array for JSON, which has none that are not finite: six digits, None for what is not finite."""
    if array.dtype.kind in "iu":
        return array.tolist()
    return [short(x) for x in array.tolist()]


def short(x: float) -> float | None:
    """A number with six digits; None where it is not finite."""
    return float(f"{x:.6g}") if math.isfinite(x) else None

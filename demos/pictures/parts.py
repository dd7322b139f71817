"""Parts of pictures: saving them, matrices as coloured cells, arrows."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from demos.common import number, pyplot


def save(figure: Any, file: Path) -> None:
    """The figure as a PNG, and its memory back."""
    figure.savefig(file)
    pyplot().close(figure)


def heatmap(
    axes: Any,
    array: Any,
    rows: Sequence[str],
    columns: Sequence[str],
    title: str,
    digits: int = 2,
    limit: float | None = None,
) -> None:
    """A matrix as coloured cells with their numbers: blue positive, red negative, white 0, masked cells grey.

    Panels that are to be compared need the same `limit`, the size that has the full colour; without it that is the
    largest number of the matrix.
    """
    values = np.asarray(getattr(array, "array", array), float)
    full = limit or np.abs(values[np.isfinite(values)]).max(initial=0.0) or 1.0
    axes.set_facecolor("lightgrey")
    axes.imshow(np.ma.masked_invalid(values), cmap="RdBu", vmin=-1.3 * full, vmax=1.3 * full, aspect="auto")
    axes.set_xticks(range(len(columns)), columns, rotation=90 if max(map(len, columns)) > 6 else 0)
    axes.set_yticks(range(len(rows)), rows)
    axes.set_title(title)
    axes.grid(False)
    axes.tick_params(length=0)
    for i, j in np.ndindex(values.shape) if values.size <= 400 else ():
        ink = "white" if np.isfinite(values[i, j]) and abs(values[i, j]) > 0.8 * full else "black"
        axes.text(j, i, number(values[i, j], digits), ha="center", va="center", fontsize=9, color=ink)


def plain_ticks(axis: Any) -> None:
    """Numbers such as 0.2, 0.5 and 1 at a logarithmic axis, in place of 2 × 10⁻¹."""
    axis.set_major_locator(pyplot().LogLocator(subs=(1, 2, 5)))
    axis.set_major_formatter("{x:g}")
    axis.set_minor_locator(pyplot().NullLocator())


def arrow(axes: Any, start: Any, end: Any, color: str) -> None:
    """An arrow from one point of the plane to another."""
    shape = {"arrowstyle": "-|>", "color": color, "linewidth": 1.8, "shrinkA": 4, "shrinkB": 4}
    axes.annotate("", xy=tuple(end), xytext=tuple(start), arrowprops=shape)


def names(axes: Any, points: Any, texts: Sequence[str]) -> None:
    """A name beside each point of the plane, where it covers the fewest points and other names."""
    from matplotlib.patheffects import withStroke

    axes.figure.draw_without_rendering()  # which settles where the points are
    places = axes.transData.transform(np.asarray(points))
    sides = [(7, 0, "left", "center"), (-7, 0, "right", "center"), (0, 7, "center", "bottom"), (0, -7, "center", "top")]
    sides += [(5, 5, "left", "bottom"), (5, -5, "left", "top"), (-5, 5, "right", "bottom"), (-5, -5, "right", "top")]
    taken: list[Any] = []
    for point, text in zip(points, texts, strict=True):
        found: list[tuple] = []
        for x, y, horizontal, vertical in sides:
            label = axes.annotate(text, point, xytext=(x, y), textcoords="offset points")
            label.set(horizontalalignment=horizontal, verticalalignment=vertical)
            box = label.get_window_extent()
            found.append((box.count_contains(places) + box.count_overlaps(taken), len(found), label, box))
        _, _, best, box = min(found, key=lambda one: one[:2])
        for *_, label, _ in found:
            if label is not best:
                label.remove()
        best.set_path_effects([withStroke(linewidth=3, foreground="white")])
        taken.append(box)

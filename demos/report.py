"""What a demo shows step by step: numbered steps, formulas and named tables, printed and kept as one page of HTML."""

from __future__ import annotations

import base64
import html
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from demos.common import pyplot

STYLE = """body{font:16px/1.5 sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#222}
table{border-collapse:collapse;font:14px monospace;margin:.6rem 0}td,th{padding:.15rem .7rem;text-align:right}
th{font-weight:normal;color:#666}code{background:#eef;padding:.15rem .5rem}img{max-width:100%}"""


def number(value: Any, digits: int = 3) -> str:
    """A float with `digits` decimals and never as "-0.000"; anything else as it is."""
    if isinstance(value, (float, np.floating)):
        text = f"{value:.{digits}f}"
        return text.removeprefix("-") if float(text) == 0 else text
    return str(value)


class Report:
    """Prints each part as it is added, and saves all of them as a page that needs no other file."""

    def __init__(self, title: str) -> None:
        self.title = title
        self.parts: list[str] = []
        self.steps = 0

    def step(self, title: str, formula: str = "") -> None:
        """Begin the next step, which has a number, a title and often a formula."""
        self.steps += 1
        heading = f"{self.steps}. {title}"
        print(f"\n{heading}\n{'-' * len(heading)}")
        self.parts.append(f"<h2>{html.escape(heading)}</h2>")
        if formula:
            print(f"    {formula}")
            self.parts.append(f"<p><code>{html.escape(formula)}</code></p>")

    def say(self, text: str) -> None:
        """A paragraph."""
        print(text)
        self.parts.append(f"<p>{html.escape(text)}</p>")

    def table(self, columns: Sequence[str], rows: Sequence[Sequence[Any]], digits: int = 3, name: str = "") -> None:
        """Rows below the names of their columns; the first column is left-aligned, the others right-aligned."""
        cells = [[number(value, digits) for value in row] for row in rows]
        self._grid(name, columns, cells, [[None] * len(columns)] * len(cells), indent=2)

    def matrix(
        self, name: str, array: Any, rows: Sequence[str], columns: Sequence[str], digits: int = 3, note: str = ""
    ) -> None:
        """A matrix with named rows and columns; on the page its cells are coloured by sign and size."""
        values = np.asarray(getattr(array, "array", array))
        title = f"{name} ({' × '.join(map(str, values.shape))}){note and ', ' + note}"
        cells = [[row, *(number(v, digits) for v in line)] for row, line in zip(rows, values, strict=True)]
        self._grid(title, ["", *columns], cells, [[None, *colours] for colours in _colours(values)], indent=4)

    def _grid(
        self,
        title: str,
        columns: Sequence[str],
        cells: list[list[str]],
        colours: Sequence[Sequence[str | None]],
        indent: int,
    ) -> None:
        """Print the cells below the names of their columns, and add them to the page, each with its colour."""
        widths = [max(map(len, column)) for column in zip(columns, *cells, strict=True)]
        print(f"\n  {title}" if title else "")
        for line in ([*columns], *cells):
            aligned = [f"{cell:{'>' if i else '<'}{width}}" for i, (cell, width) in enumerate(zip(line, widths))]
            print((" " * indent + "  ".join(aligned)).rstrip())
        head = "".join(f"<th>{html.escape(c)}</th>" for c in columns)
        lines = []
        for line, shades in zip(cells, colours, strict=True):
            styles = [f' style="background:{shade}"' if shade else "" for shade in shades]
            lines.append("".join(f"<td{s}>{html.escape(c)}</td>" for c, s in zip(line, styles, strict=True)))
        body = "".join(f"<tr>{line}</tr>" for line in lines)
        self.parts.append(f"<table><caption>{html.escape(title)}</caption><tr>{head}</tr>{body}</table>")

    def picture(self, file: Path, what: str) -> None:
        """A picture that was saved as PNG."""
        print(f"{file}: {what}")
        data = base64.b64encode(file.read_bytes()).decode()
        self.parts.append(f'<p><img alt="{html.escape(what)}" src="data:image/png;base64,{data}"></p>')

    def save(self, file: Path) -> None:
        """The page, with its pictures within it."""
        head = f'<!doctype html><meta charset="utf-8"><title>{html.escape(self.title)}</title><style>{STYLE}</style>'
        file.write_text(f"{head}<h1>{html.escape(self.title)}</h1>{''.join(self.parts)}", encoding="utf-8")
        print(f"{file}: all of this as one page")


def _colours(values: np.ndarray) -> list[list[str | None]]:
    """Blue for positive and red for negative, the paler the nearer to 0."""
    finite = np.where(np.isfinite(values), values, 0.0).astype(float)
    shares = finite / (np.abs(finite).max(initial=0.0) or 1.0)
    return [[f"rgba({'40,110,200' if s >= 0 else '210,70,50'},{0.6 * abs(s):.2f})" for s in row] for row in shares]


def heatmap(axes: Any, array: Any, rows: Sequence[str], columns: Sequence[str], title: str, digits: int = 2) -> None:
    """A matrix as coloured cells with their numbers: blue positive, red negative, white 0, masked cells grey."""
    values = np.asarray(getattr(array, "array", array), float)
    limit = np.abs(values[np.isfinite(values)]).max(initial=0.0) or 1.0
    shown = np.ma.masked_invalid(values)
    axes.set_facecolor("lightgrey")
    axes.imshow(shown, cmap="RdBu", vmin=-1.3 * limit, vmax=1.3 * limit, aspect="auto")
    axes.set_xticks(range(len(columns)), columns, rotation=90 if max(map(len, columns)) > 6 else 0)
    axes.set_yticks(range(len(rows)), rows)
    axes.set_title(title)
    for i, j in np.ndindex(values.shape) if values.size <= 400 else ():
        dark = np.isfinite(values[i, j]) and abs(values[i, j]) > 0.8 * limit
        text = number(values[i, j], digits).replace("-inf", "−∞")
        axes.text(j, i, text, ha="center", va="center", fontsize=8, color="white" if dark else "black")


def save(figure: Any, file: Path) -> None:
    """The figure as a PNG, and its memory back."""
    figure.savefig(file, dpi=110)
    pyplot().close(figure)

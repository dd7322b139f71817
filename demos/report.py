"""What a demo shows step by step: numbered steps, formulas and named tables, printed and kept as one page of HTML."""

from __future__ import annotations

import base64
import html
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from demos.common import number
from demos.data.published import Published

STYLE = """body{font:16px/1.5 sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#222}
div{overflow-x:auto}table{border-collapse:collapse;font:14px monospace;margin:.6rem 0}
td,th{padding:.15rem .7rem;text-align:right}th{font-weight:normal;color:#555;vertical-align:bottom}
.text,caption{text-align:left}caption{white-space:nowrap;color:#555}
code{background:#eef;padding:.15rem .5rem}img{max-width:100%}
figure{margin:1rem 0}figcaption{color:#555}nav{columns:24rem;margin:1rem 0}nav ol{margin:0}h2{margin-top:2.2rem}"""
NUMBER = re.compile(r"[+\u2212-]?[\d,.]+(e[+-]?\d+)?%?|[\u2212-]?∞|")


class Report:
    """Prints each part as it is added, and saves all of them as a page that needs no other file."""

    def __init__(self, title: str) -> None:
        self.title = title
        self.parts: list[str] = []
        self.steps: list[str] = []

    def step(self, title: str, formula: str = "") -> None:
        """Begin the next step, which has a number, a title and often a formula."""
        self.steps.append(title)
        heading = f"{len(self.steps)}. {title}"
        print(f"\n{heading}\n{'-' * len(heading)}")
        self.parts.append(f"<h2 id=step-{len(self.steps)}>{html.escape(heading)}</h2>")
        if formula:
            print(f"    {formula}")
            self.parts.append(f"<p><code>{html.escape(formula)}</code></p>")

    def say(self, text: str) -> None:
        """A paragraph."""
        print(text)
        self.parts.append(f"<p>{html.escape(text)}</p>")

    def table(self, columns: Sequence[str], rows: Sequence[Sequence[Any]], digits: int = 3, name: str = "") -> None:
        """Rows below the names of their columns; columns of numbers are right-aligned, those of text left-aligned."""
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

    def published(self, source: str, rows: Sequence[Published], here: Mapping[str, str], **figures: Any) -> None:
        """What an article says beside what is computed here, and why they differ, with the figures of the reasons."""
        self.say(f"Published in {source}.")
        lines = [(row.what, row.text, here[row.what], row.why.format(**figures)) for row in rows]
        self.table(["what", "published", "here", "why they differ"], lines)

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
        texts = [i == 0 or not all(NUMBER.fullmatch(line[i]) for line in cells) for i in range(len(columns))]
        print(f"\n  {title}" if title else "")
        for line in ([*columns], *cells):
            aligned = [f"{cell:{'<' if text else '>'}{width}}" for cell, width, text in zip(line, widths, texts)]
            print((" " * indent + "  ".join(aligned)).rstrip())
        classes = [" class=text" if text else "" for text in texts]
        head = "".join(f"<th{kind}>{html.escape(c)}</th>" for c, kind in zip(columns, classes))
        lines = []
        for line, shades in zip(cells, colours, strict=True):
            styles = [f' style="background:{shade}"' if shade else "" for shade in shades]
            parts = zip(line, classes, styles, strict=True)
            lines.append("".join(f"<td{kind}{style}>{html.escape(cell)}</td>" for cell, kind, style in parts))
        body = "".join(f"<tr>{line}</tr>" for line in lines)
        caption = title and f"<caption>{html.escape(title)}</caption>"
        self.parts.append(f"<div><table>{caption}<tr>{head}</tr>{body}</table></div>")

    def picture(self, file: Path, what: str) -> None:
        """A picture that was saved as PNG, and what it shows."""
        print(f"{file}: {what}")
        data = base64.b64encode(file.read_bytes()).decode()
        text = html.escape(what)
        image = f'<img alt="{text}" src="data:image/png;base64,{data}">'
        self.parts.append(f"<figure>{image}<figcaption>{text}</figcaption></figure>")

    def save(self, file: Path) -> None:
        """The page: contents, then all parts, with the pictures within it."""
        title, screen = html.escape(self.title), '<meta name="viewport" content="width=device-width">'
        head = f'<!doctype html><html lang="en"><meta charset="utf-8">{screen}<title>{title}</title>'
        entries = [f"<li><a href=#step-{n}>{html.escape(step)}</a>" for n, step in enumerate(self.steps, 1)]
        contents = f"<nav aria-label=contents><ol>{''.join(entries)}</ol></nav>"
        page = f"{head}<style>{STYLE}</style><h1>{title}</h1>{contents}{''.join(self.parts)}"
        file.write_text(page, encoding="utf-8")
        print(f"{file}: all of this as one page")


def _colours(values: np.ndarray) -> list[list[str | None]]:
    """Blue for positive and red for negative, the paler the nearer to 0."""
    finite = np.where(np.isfinite(values), values, 0.0).astype(float)
    shares = finite / (np.abs(finite).max(initial=0.0) or 1.0)
    return [[f"rgba({'40,110,200' if s >= 0 else '210,70,50'},{0.6 * abs(s):.2f})" for s in row] for row in shares]

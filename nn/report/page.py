"""A page of one file: headings, paragraphs, tables, matrices, pictures and charts, in one style, light and dark.

    page = Page("The calculator", "Learns sums")
    page.heading("Training")
    page.chart(charts.lines("Loss", [Series("training", steps, losses)], Axis("step"), Axis("nats")))
    page.table(["question", "answer"], rows)
    page.save("calculator.html")

Text that it is given is text: what looks like HTML in it is shown as it is. A page asks for no other file. What a page
of another kind needs is in `style()`, the style sheet, and in `script()`, which defines `Charts` (see charts.py).
"""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from autograd.draw.html import fill
from autograd.files import replacing
from nn.report.charts import Chart
from nn.report.style import colours

FOLDER = Path(__file__).parent / "page"
SCRIPTS = ("parts.js", "lines.js", "ridges.js", "heat.js", "chart.js")
NUMBER = re.compile(r"[+\u2212-]?[\d,.]+(e[+-]?\d+)?(%| [kMG]?B)?|[\u2212-]?∞|nan|-|")


class Page:
    """Gathers parts, and saves them as one page."""

    def __init__(self, title: str, subtitle: str = "") -> None:
        self.title, self.subtitle = title, subtitle
        self.parts: list[str] = []
        self.headings: list[str] = []

    def heading(self, title: str) -> None:
        """Begin a section, which the contents list."""
        self.headings.append(title)
        self.parts.append(f'<h2 id="part-{len(self.headings)}">{html.escape(title)}</h2>')

    def say(self, text: str) -> None:
        """A paragraph."""
        self.parts.append(f"<p>{html.escape(text)}</p>")

    def code(self, text: str) -> None:
        """A formula, a command or a program."""
        self.parts.append(f"<pre><code>{html.escape(text)}</code></pre>")

    def table(self, columns: Sequence[str], rows: Sequence[Sequence[Any]], digits: int = 3, name: str = "") -> None:
        """Rows below the names of their columns; columns of numbers are right-aligned, those of text left-aligned."""
        cells = [[number(value, digits) for value in row] for row in rows]
        self.grid(name, columns, cells, [[None] * len(columns)] * len(cells))

    def matrix(
        self, name: str, array: Any, rows: Sequence[str], columns: Sequence[str], digits: int = 3, note: str = ""
    ) -> None:
        """A matrix with named rows and columns, whose cells are coloured by sign and size."""
        values = np.asarray(getattr(array, "array", array))
        title = f"{name} ({' × '.join(map(str, values.shape))}){note and ', ' + note}"
        cells = [[row, *(number(v, digits) for v in line)] for row, line in zip(rows, values, strict=True)]
        self.grid(title, ["", *columns], cells, [[None, *shades] for shades in _shades(values)])

    def grid(
        self, title: str, columns: Sequence[str], cells: list[list[str]], shades: Sequence[Sequence[float | None]]
    ) -> None:
        """Cells of text below the names of their columns; the shade of a cell is from -1 to 1."""
        classes = [' class="text"' if text else "" for text in are_text(columns, cells)]
        head = "".join(f'<th scope="col"{kind}>{html.escape(c)}</th>' for c, kind in zip(columns, classes))
        lines = []
        for line, tints in zip(cells, shades, strict=True):
            parts = [
                f"<td{kind}{_tinted(tint)}>{html.escape(cell)}</td>"
                for cell, kind, tint in zip(line, classes, tints, strict=True)
            ]
            lines.append(f"<tr>{''.join(parts)}</tr>")
        caption = title and f"<caption>{html.escape(title)}</caption>"
        table = f"<table>{caption}<thead><tr>{head}</tr></thead><tbody>{''.join(lines)}</tbody></table>"
        label = html.escape(title or ", ".join(filter(None, columns)) or "table")
        self.parts.append(f'<div class="scroll" tabindex="0" role="group" aria-label="{label}">{table}</div>')

    def picture(self, file: Path, what: str) -> None:
        """A picture that was saved as PNG, and what it shows."""
        data, text = base64.b64encode(file.read_bytes()).decode(), html.escape(what)
        image = f'<img alt="{text}" src="data:image/png;base64,{data}">'
        scrolled = f'<div class="scroll" tabindex="0" role="group" aria-label="{text}">{image}</div>'
        self.parts.append(f"<figure>{scrolled}<figcaption>{text}</figcaption></figure>")

    def chart(self, chart: Chart) -> None:
        """A chart of charts.py."""
        self.parts.append(
            f'<figure class="chart {chart["kind"]}"><script type="application/json">{as_json(chart)}</script></figure>'
        )

    @contextmanager
    def side_by_side(self, width: str = "26rem") -> Iterator[None]:
        """What is added within it stands side by side, each at least so wide, where the screen has the room."""
        self.parts.append(f'<div class="beside" style="--width:{html.escape(width)}">')
        yield
        self.parts.append("</div>")

    def shaded(self, pieces: Sequence[tuple[str, float, str]]) -> None:
        """A text in pieces, each with a shade from -1 to 1 and a note that the pointer shows."""
        spans = (
            f'<span{_tinted(shade)} title="{html.escape(note)}">{html.escape(text)}</span>'
            for text, shade, note in pieces
        )
        self.parts.append(f'<p class="shaded">{"".join(spans)}</p>')

    def html(self) -> str:
        """The whole page."""
        entries = [f'<li><a href="#part-{n}">{html.escape(text)}</a></li>' for n, text in enumerate(self.headings, 1)]
        contents = f'<nav aria-label="Contents"><ol>{"".join(entries)}</ol></nav>' if entries else ""
        parts = {"title": html.escape(self.title), "subtitle": html.escape(self.subtitle), "contents": contents}
        return fill((FOLDER / "page.html").read_text("utf-8"), **parts, **assets(), body="\n".join(self.parts))

    def save(self, file: str | Path) -> Path:
        """Write the page; one that is there is replaced as a whole."""
        with replacing(file) as out:
            out.write(self.html().encode(errors="replace"))  # what UTF-8 does not have, such as of a file's name
        return Path(file)


@cache  # a process whose program is replaced meanwhile goes on with its own
def assets() -> dict[str, str]:
    """What every page has in common: `style` is CSS with the colours as variables, `script` defines Charts."""
    style = (FOLDER / "style.css").read_text("utf-8").replace("/* colours */", colours())
    body = "\n".join((FOLDER / name).read_text("utf-8") for name in SCRIPTS)
    return {
        "style": style,
        "script": f'"use strict";\nconst Charts = (() => {{\n{body}\nreturn {{ draw, all, number }};\n}})();\n',
    }


def as_json(data: Any) -> str:
    """JSON that can stand in a script element."""
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")


def number(value: Any, digits: int = 3) -> str:
    """A float with `digits` decimals and never as "-0.000"; anything else as it is."""
    if isinstance(value, (float, np.floating)):
        text = f"{value:.{digits}f}"
        return text.removeprefix("-") if float(text) == 0 else text.replace("-inf", "−∞")
    return str(value)


def are_text(columns: Sequence[str], cells: Sequence[Sequence[str]]) -> list[bool]:
    """Of each column whether it is left-aligned: the first one, and those that hold more than numbers."""
    return [i == 0 or not all(NUMBER.fullmatch(line[i]) for line in cells) for i in range(len(columns))]


def _shades(values: np.ndarray) -> list[list[float | None]]:
    """Of each number its share of the largest magnitude."""
    finite = np.where(np.isfinite(values), values, 0.0).astype(float)
    return (finite / (np.abs(finite).max(initial=0.0) or 1.0)).tolist()


def _tinted(shade: float | None) -> str:
    """Blue for positive and red for negative, the paler the nearer to 0."""
    if not shade:
        return ""
    colour, share = "var(--plus)" if shade > 0 else "var(--minus)", f"{60 * abs(shade):.0f}%"
    return f' style="background:color-mix(in srgb,{colour} {share},transparent)"'

"""What a demo shows step by step: numbered steps, formulas and named tables, printed and kept as one page of HTML."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from demos.data.published import Published, listed
from nn.report.page import Page, are_text


class Report(Page):
    """A page that prints each part as it is added."""

    def step(self, title: str, formula: str = "") -> None:
        """Begin the next step, which has a number, a title and often a formula."""
        self.heading(title)
        heading = f"{len(self.headings)}. {title}"
        print(f"\n{heading}\n{'-' * len(heading)}")
        if formula:
            print(f"    {formula}")
            self.code(formula)

    def say(self, text: str) -> None:
        """A paragraph."""
        print(text)
        super().say(text)

    def published(self, source: str, rows: Sequence[Published], here: Mapping[str, str], **figures: Any) -> None:
        """What an article says beside what is computed here, and why they differ, with the figures of the reasons."""
        self.say(f"Published in {source}.")
        lines = [(row.what, listed(row.text), listed(here[row.what]), row.why.format(**figures)) for row in rows]
        self.table(["what", "published", "here", "why they differ"], lines)

    def grid(
        self, title: str, columns: Sequence[str], cells: list[list[str]], shades: Sequence[Sequence[float | None]]
    ) -> None:
        """Cells of text below the names of their columns; a matrix, which has shades, is indented."""
        widths, texts = (
            [max(map(len, column)) for column in zip(columns, *cells, strict=True)],
            are_text(columns, cells),
        )
        indent = 4 if any(shade is not None for line in shades for shade in line) else 2
        print(f"\n  {title}" if title else "")
        for line in ([*columns], *cells):
            aligned = [f"{cell:{'<' if text else '>'}{width}}" for cell, width, text in zip(line, widths, texts)]
            print((" " * indent + "  ".join(aligned)).rstrip())
        super().grid(title, columns, cells, shades)

    def picture(self, file: Path, what: str) -> None:
        """A picture that was saved as PNG, and what it shows."""
        print(f"{file}: {what}")
        super().picture(file, what)

    def save(self, file: str | Path) -> Path:
        """The page: contents, then all parts, with the pictures within it."""
        super().save(file)
        print(f"{file}: all of this as one page")
        return Path(file)

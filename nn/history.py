"""The measurements of a training run, as numbers and as a CSV file."""

from __future__ import annotations

import csv
import io
from itertools import islice
from pathlib import Path

import numpy as np

from autograd.files import replacing

COLUMNS = ("loss", "lr", "grad_norm", "items_per_s")  # of each step; evaluations add theirs


class History:
    """The values that were measured before each step, by name and step."""

    def __init__(self, arrays: dict[str, tuple[np.ndarray, np.ndarray]] | None = None) -> None:
        found = {} if arrays is None else arrays
        self.columns = {name: dict(zip(*(array.tolist() for array in pair))) for name, pair in found.items()}

    def arrays(self) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        """The steps and the values of each column, from which another History can be made."""
        return {
            name: (np.array([*values], np.int64), np.array([*values.values()], np.float64))
            for name, values in self.columns.items()
        }

    def add(self, step: int, **values: float) -> None:
        """Record values of one step."""
        for name, value in values.items():
            self.columns.setdefault(name, {})[step] = float(value)

    def column(self, name: str) -> tuple[list[int], list[float]]:
        """The steps that have a value of this name, and the values."""
        values = self.columns.get(name, {})
        return [*values], [*values.values()]

    def z_score(self, name: str, value: float, window: int = 128) -> float:
        """How many standard deviations `value` lies above the mean of the last `window` values; before these, 0."""
        last = np.array([*islice(reversed(self.columns.get(name, {}).values()), window)])
        return float((value - last.mean()) / last.std()) if len(last) == window and last.std() else 0.0

    def save(self, path: Path) -> None:
        """Write a CSV file with a row for each step."""
        names = [*COLUMNS, *(name for name in self.columns if name not in COLUMNS)]
        columns = [self.columns.get(name, {}) for name in names]
        path.parent.mkdir(parents=True, exist_ok=True)
        text = io.StringIO(newline="")
        writer = csv.writer(text)
        writer.writerow(["step", *names])
        for step in sorted(set().union(*columns)):
            writer.writerow([step, *(column.get(step, "") for column in columns)])
        with replacing(path) as file:
            file.write(text.getvalue().encode())

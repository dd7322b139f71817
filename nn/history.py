"""What was measured in the course of a training run, as numbers, as a CSV file and as curves."""

from __future__ import annotations

import csv
import io
from itertools import islice
from pathlib import Path

import numpy as np

from autograd.errors import require
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


def plot(history: History, path: Path) -> str:
    """Draw loss, learning rate and gradient norm over the steps; returns a line that says where the curves are."""
    try:
        figure = require("matplotlib.figure", "plot").Figure(figsize=(8, 7.5), layout="constrained")
    except ImportError as error:
        return f"no curves were drawn: {error}"
    above, middle, below = figure.subplots(3, 1, sharex=True, height_ratios=[3, 1.2, 1.2])
    above.plot(*history.column("loss"), color="#0072b2", label="training", linewidth=0.8)
    steps, losses = history.column("held_out_loss")
    if steps:
        above.plot(steps, losses, "o-", color="#d55e00", markersize=4, label="held out")
    middle.plot(*history.column("lr"), color="#009e73")
    below.plot(*history.column("grad_norm"), color="#0072b2", linewidth=0.8)
    below.set(yscale="log", xlabel="step")
    below.yaxis.set_major_formatter("{x:g}")
    for axes, title in ((above, "loss"), (middle, "learning rate"), (below, "gradient norm")):
        axes.set_title(title, loc="left", fontsize=11)
        axes.grid(alpha=0.3)
        axes.spines[["top", "right"]].set_visible(False)
    above.legend(frameon=False)
    with replacing(path) as file:
        figure.savefig(file, dpi=120, format="png")
    return f"{path}: loss, learning rate and gradient norm"

"""The course of a training run: rows for a CSV file, a bar while it runs, curves at its end."""

import csv
from pathlib import Path
from typing import Any

from autograd.errors import require

Row = dict[str, float]
FIELDS = ("step", "loss", "lr", "grad_norm", "items_per_s")


class Record:
    """One row a step: what was measured with the weights before that step. `open` has it written to a file as well."""

    def __init__(self, rows: list[Row] | None = None) -> None:
        self.rows: list[Row] = [] if rows is None else rows
        self._path: Path | None = None
        self._file: Any = None
        self._writer: Any = None
        self._written = 0

    def add(self, step: int, **values: float) -> None:
        """Note values of a step, which is the last one so far or a new one."""
        if not self.rows or self.rows[-1]["step"] != step:
            self._flush()
            self.rows.append({"step": step})
        self.rows[-1].update(values)

    def column(self, name: str) -> tuple[list[float], list[float]]:
        """The steps that have a value of this name, and the values."""
        rows = [row for row in self.rows if name in row]
        return [row["step"] for row in rows], [row[name] for row in rows]

    def open(self, path: Path) -> None:
        """Write every row, those that are there already among them, to a CSV file; a row as soon as the next begins."""
        self._path = path
        self._begin()

    def close(self) -> None:
        """Write the last row."""
        self._flush()
        if self._file is not None:
            self._file.close()
            self._path = self._file = None

    def _begin(self) -> None:
        assert self._path is not None
        if self._file is not None:
            self._file.close()
        extra = dict.fromkeys(name for row in self.rows for name in row if name not in FIELDS)
        self._file = open(self._path, "w", newline="", encoding="utf-8", buffering=1)  # noqa: SIM115
        self._writer = csv.DictWriter(self._file, [*FIELDS, *extra])
        self._writer.writeheader()
        self._written = 0

    def _flush(self) -> None:
        if self._file is None:
            return
        if any(not row.keys() <= set(self._writer.fieldnames) for row in self.rows[self._written :]):
            self._begin()
        self._writer.writerows(self.rows[self._written :])
        self._written = len(self.rows)


class Progress:
    """A bar over the steps; without tqdm, some twenty plain lines."""

    def __init__(self, total: int, done: int, unit: str, quiet: bool) -> None:
        self.total, self.done, self.unit, self.quiet = total, done, unit, quiet
        self._bar: Any = None
        if not quiet:
            try:
                self._bar = require("tqdm", "plot").tqdm(total=total, initial=done, unit="step", dynamic_ncols=True)
            except ImportError:
                pass

    def update(self, loss: float, lr: float, grad_norm: float, rate: float) -> None:
        """One step more."""
        self.done += 1
        values = {
            "loss": f"{loss:.4f}",
            "lr": f"{lr:.2e}",
            "gradient": f"{grad_norm:.3f}",
            f"{self.unit}/s": f"{rate:,.0f}",
        }
        if self._bar is not None:
            self._bar.set_postfix(values, refresh=False)
            self._bar.update()
        elif self.done % max(self.total // 20, 1) == 0:
            self.line(f"step {self.done:,} of {self.total:,}: " + ", ".join(f"{k} {v}" for k, v in values.items()))

    def line(self, text: str) -> None:
        """A line of text above the bar."""
        if self._bar is not None:
            self._bar.write(text)
        elif not self.quiet:
            print(text, flush=True)

    def close(self) -> None:
        """The bar stays as it is."""
        if self._bar is not None:
            self._bar.close()


def plot(record: Record, path: Path) -> str:
    """Draw loss, learning rate and norm of the gradient over the steps; returns a line that says where they are."""
    try:
        figure = require("matplotlib.figure", "plot").Figure(figsize=(9, 7), layout="constrained")
    except ImportError as error:
        return f"no curves: {error}"
    above, middle, below = figure.subplots(3, 1, sharex=True, height_ratios=[3, 1, 1])
    above.plot(*record.column("loss"), label="training", linewidth=0.8)
    steps, losses = record.column("held_out_loss")
    if steps:
        above.plot(steps, losses, "o-", label="held out")
    middle.plot(*record.column("lr"), color="C2")
    below.plot(*record.column("grad_norm"), color="C3", linewidth=0.8)
    below.set_yscale("log")
    above.set_ylabel("loss")
    middle.set_ylabel("learning rate")
    below.set(ylabel="norm of the gradient", xlabel="step")
    above.legend()
    figure.savefig(path, dpi=120)
    return f"{path}: loss, learning rate and norm of the gradient"

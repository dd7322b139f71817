"""Runs side by side on one page: `python -m nn.report RUN RUN`, where a RUN is the folder that a Trainer wrote."""

from __future__ import annotations

import csv
import math
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from nn.history import History
from nn.report.charts import Axis, Series, lines
from nn.report.page import Page
from nn.report.record import embedded
from nn.report.run import NAME
from nn.report.sections import STEP, trailing

CHARTS = {  # the columns of a history that have a chart, with the label of the axis and whether that is logarithmic
    "loss": ("Training loss", Axis("loss, trailing mean")),
    "held_out_loss": ("Held-out loss", Axis("loss")),
    "grad_norm": ("Gradient norm", Axis("gradient norm, trailing mean", True)),
    "lr": ("Learning rate", Axis("learning rate")),
    "items_per_s": ("Throughput", Axis("items a second, trailing mean")),
}


class Run(NamedTuple):
    """A run as its folder tells of it."""

    name: str
    history: History
    settings: dict[str, str]
    samples: list[dict[str, Any]]


def read(folder: Path) -> Run:
    """The run in a folder, or of the report.html in it. Raises ValueError, with the reason, where there is none."""
    folder = folder.parent if folder.is_file() else folder
    try:
        with open(folder / "log.csv", encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        history = History()
        for row in rows:
            step = int(row.pop("step"))
            if not 0 <= step < 1 << 53:
                raise ValueError(f"its steps go up to {step}")
            history.add(step, **{name: float(value) for name, value in row.items() if value})
    except (OSError, KeyError, OverflowError, TypeError, ValueError, csv.Error) as error:
        raise ValueError(f"{folder} is not the folder of a run: its log.csv cannot be read ({error!s:.300})") from error
    data: dict[str, Any] = {}
    with suppress(OSError, ValueError):  # without a page, or with a damaged one, there are the curves
        data, _ = embedded(folder / NAME)
    settings = {
        f"{part}: {name}": value for part, values in data.get("settings", {}).items() for name, value in values.items()
    }
    return Run(folder.name, history, settings, data.get("samples", []))


def compare(*folders: str | Path) -> Page:
    """A page of these runs, each a colour: their curves, their results, the settings in which they differ, samples."""
    runs = [read(Path(folder)) for folder in folders]
    names = [run.name for run in runs]
    if len(set(names)) < len(names):  # run-1 of two demos
        names = [str(Path(folder)) for folder in folders]
    page = Page("Runs side by side", ", ".join(names))
    page.heading("Results")
    page.table(*results(names, runs))
    differing = [key for key in _keys(run.settings for run in runs) if len({run.settings.get(key) for run in runs}) > 1]
    page.heading("Settings that differ")
    if differing:
        page.table(["setting", *names], [(key, *(run.settings.get(key, "") for run in runs)) for key in differing])
    else:
        page.say("None: these runs had the same settings.")
    page.heading("Curves")
    with page.side_by_side():
        for column in _keys(run.history.columns for run in runs):
            label = column.removeprefix("held_out_").replace("_", " ")
            title, axis = CHARTS.get(column, (f"Held-out {label}", Axis(label)))
            if column != "skipped":
                page.chart(lines(title, [curve(n, r, column) for n, r in zip(names, runs)], STEP, axis))
    for name, run in zip(names, runs):
        if run.samples:
            page.heading(f"The last sample of {name}")
            page.table(["", f"after step {run.samples[-1]['step']:,}"], [*run.samples[-1]["texts"].items()])
    return page


def curve(name: str, run: Run, column: str) -> Series:
    """A column of a run; what is measured at each step is smoothed."""
    steps, values = run.history.column(column)
    if column in ("loss", "grad_norm", "items_per_s"):
        return Series(name, steps, trailing(values))
    return Series(name, steps, values, marked=column.startswith("held_out_"))


def results(names: list[str], runs: list[Run]) -> tuple[list[str], list[tuple[str, ...]]]:
    """What each run has come to, as a table."""
    figures: dict[str, Callable[[History], float | None]] = {
        "steps": lambda h: len(h.column("loss")[0]),
        "training loss at the end": lambda h: _last(trailing(h.column("loss")[1])),
        "lowest held-out loss": lambda h: min(h.column("held_out_loss")[1], default=None),
        "at step": lambda h: min(zip(*reversed(h.column("held_out_loss"))), default=(None, None))[1],
        "items a second, median": lambda h: float(np.median(h.column("items_per_s")[1] or [np.nan])),
    }
    for column in _keys(run.history.columns for run in runs):
        if column.startswith("held_out_") and column != "held_out_loss":
            figures[f"{column[9:]}, held out, last"] = partial(_last_of, column)
    rows = [(name, *(_figure(figure(run.history)) for run in runs)) for name, figure in figures.items()]
    return ["", *names], rows


def _last_of(column: str, history: History) -> float | None:
    return _last(history.column(column)[1])


def _last(values: Any) -> float | None:
    return float(values[-1]) if len(values) else None


def _figure(value: float | None) -> str:
    if value is None or not math.isfinite(value):
        return "" if value is None else str(value)
    return f"{value:,.0f}" if value == int(value) or value > 1000 else f"{value:.4f}"


def _keys(dicts: Iterable[Iterable[str]]) -> list[str]:
    return list(dict.fromkeys(key for one in dicts for key in one))

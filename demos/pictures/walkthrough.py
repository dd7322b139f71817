"""The pictures of the walkthrough: words and outputs as points of a plane, matrices, and the course of training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from demos.common import pyplot
from demos.pictures.parts import arrow, heatmap, save
from demos.pictures.style import BLUE, GREY, RED

AXES = {"xlabel": "first number", "ylabel": "second number"}


def _point(axes: Any, point: np.ndarray, name: str, color: str, offset: tuple[int, int] = (7, 5)) -> None:
    axes.plot(*point, "o", color=color)
    axes.annotate(name, point, xytext=offset, textcoords="offset points", color=color)


def words(points: np.ndarray, names: Sequence[str], file: Path) -> None:
    """The words in the plane of their two numbers."""
    figure, axes = pyplot().subplots(figsize=(8, 6.5))
    for point, name in zip(points, names, strict=True):
        _point(axes, point, name, BLUE)
    axes.set(title="Each word's embedding", **AXES)
    axes.margins(0.1)
    save(figure, file)


def head(panels: Sequence[tuple[str, np.ndarray, Sequence[str]]], rows: Sequence[str], file: Path) -> None:
    """Matrices side by side, each with the names of its columns; the rows have the same names in all."""
    figure, grid = pyplot().subplots(2, 3, figsize=(9.5, 5.5))
    for axes, (name, array, columns) in zip(grid.flat, panels, strict=True):
        heatmap(axes, array, rows, columns, name)
    save(figure, file)


def mixing(x: np.ndarray, i: np.ndarray, love: np.ndarray, output: np.ndarray, share: float, file: Path) -> None:
    """love before attention, the values of I and love, and love after attention, between them."""
    figure, axes = pyplot().subplots(figsize=(7.5, 5.5))
    axes.plot(*np.stack([love, i]).T, ":", color=GREY)
    _point(axes, i, "V of I", RED, (8, -4))
    _point(axes, love, "V of love", RED, (8, -4))
    arrow(axes, x, output, BLUE)
    _point(axes, x, f"love before attention [{x[0]:.2f}, {x[1]:.2f}]", BLUE, (-192, -4))
    _point(axes, output, f"love after attention [{output[0]:.3f}, {output[1]:.3f}]", BLUE, (10, -4))
    axes.set(title=f"love moves {share:.0%} of the way from its own value to the value of I", **AXES)
    axes.set(xlim=(-0.19, 0.51), ylim=(0.2, 0.66))
    save(figure, file)


def neighbours(points: Mapping[str, tuple[np.ndarray, np.ndarray]], file: Path) -> None:
    """Of each word its embedding and its output (2, 2), before and after training, as arrows."""
    figure, panels = pyplot().subplots(1, 2, figsize=(10, 4.6))
    for k, (axes, title) in enumerate(zip(panels, ("embeddings", "outputs of the head"))):
        for color, (name, (before, after)) in zip((BLUE, RED), points.items()):
            stays = np.array_equal(before[k], after[k])
            when = "before and after" if stays else "before"
            _point(axes, before[k], f"{name}, {when}", color, (-6, -18))
            if not stays:
                arrow(axes, before[k], after[k], color)
                _point(axes, after[k], f"{name}, after", color, (9, -4))
        axes.set(title=title, **AXES)
        axes.margins(0.35, 0.2)
    save(figure, file)


def probabilities(runs: Mapping[str, Sequence[np.ndarray]], names: Sequence[str], file: Path) -> None:
    """The probabilities of all words after each context, a row for each iteration, on one scale for all."""
    figure, grid = pyplot().subplots(len(runs), 1, figsize=(11, 5.5), sharex=True)
    limit = max(100 * np.max(run) for run in runs.values())
    for axes, (name, run) in zip(grid, runs.items(), strict=True):
        rows = [f"iteration {n}" for n in range(1, len(run) + 1)]
        heatmap(axes, 100 * np.array(run), rows, names, f"P(next word) after [{name}], %", digits=0, limit=limit)
    save(figure, file)


def training(shares: Mapping[str, Sequence[float]], file: Path) -> None:
    """P(love) after each context in each iteration, beside chance."""
    figure, axes = pyplot().subplots(figsize=(7, 4.2))
    for color, style, (name, values) in zip((BLUE, RED), ("o-", "s--"), shares.items()):
        iterations = range(1, len(values) + 1)
        axes.plot(iterations, np.multiply(100, values), style, color=color, label=f"[{name}] → love")
        axes.annotate(f"{values[-1]:.0%}", (len(values), 100 * values[-1]), xytext=(8, -4), textcoords="offset points")
    axes.axhline(100 / 22, color=GREY, linestyle="dotted", label="chance, 1/22")
    axes.set(title="Training on [I] → love alone", xlabel="iteration", ylabel="P(love), %", ylim=(0, None))
    axes.set_xticks(iterations)
    axes.legend(loc="upper left")
    save(figure, file)

"""The pictures of the digits demo."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from demos.common import pyplot
from demos.pictures.parts import plain_ticks, save
from demos.pictures.style import BLUE, INK

DIGITS = range(10)
POINTS = 200  # of a curve of losses, each the mean over its share of the steps
SURE = 0.7  # 1.2 % of the test images have no score as high, and a third of those are misread


def _image(axes: Any, image: np.ndarray) -> None:
    axes.imshow(image, cmap="gray_r", vmin=0, vmax=255)
    axes.set(xticks=[], yticks=[])
    axes.grid(False)
    for spine in axes.spines.values():
        spine.set_color("#cccccc")


def training(losses: Sequence[float], accuracies: Sequence[tuple[int, float]], epoch: int, file: Path) -> None:
    """The course of the loss, and of the accuracy on the test images; an epoch has so many steps."""
    figure, (left, right) = pyplot().subplots(1, 2, figsize=(11, 4))
    parts = np.array_split(losses, min(POINTS, max(len(losses), 1)))
    ends = np.cumsum([len(part) for part in parts]) / epoch
    left.plot(ends, [np.mean(part) if len(part) else np.nan for part in parts], color=BLUE)
    last = f": {np.mean(losses[-epoch:]):.3f} over the last epoch" if losses else ""
    left.set(title=f"Training loss{last}", xlabel="epoch", yscale="log")
    plain_ticks(left.yaxis)
    steps, shares = zip(*accuracies)
    right.plot([step / epoch for step in steps], [100 * share for share in shares], "o-", color=BLUE)
    right.set(
        title=f"Test accuracy: {shares[-1]:.2%} at the end", xlabel="epoch", ylabel="% of the test images read right"
    )
    save(figure, file)


def confusion(counts: np.ndarray, file: Path) -> None:
    """How often each digit (row) was taken for each (column); the mistakes are coloured."""
    total, wrong = counts.sum(), counts.sum() - np.trace(counts)
    figure, axes = pyplot().subplots(figsize=(7.2, 7.2))
    mistakes = np.where(np.eye(10, dtype=bool), 0, counts)
    axes.imshow(mistakes, cmap="Reds", vmin=0, vmax=1.6 * max(mistakes.max(), 1))
    for i, j in np.ndindex(counts.shape):
        if counts[i, j]:
            weight = "bold" if i == j else "normal"
            axes.text(j, i, f"{counts[i, j]:,}", ha="center", va="center", color=INK, weight=weight)
    axes.set(xticks=DIGITS, yticks=DIGITS, xlabel="read as", ylabel="the digit")
    axes.set_title(f"{wrong:,} of {total:,} test images read wrong ({wrong / total:.2%})")
    axes.tick_params(length=0)
    axes.grid(False)
    save(figure, file)


def mistakes(images: np.ndarray, labels: np.ndarray, scores: np.ndarray, score: str, file: Path) -> None:
    """The 25 wrong answers that were given with the highest score, the highest first."""
    guesses, confidence = scores.argmax(-1), scores.max(-1)
    wrong = np.flatnonzero(guesses != labels)
    worst = wrong[np.argsort(-confidence[wrong], kind="stable")][:25]
    figure, grid = pyplot().subplots(5, 5, figsize=(7.5, 9))
    figure.suptitle(f"The {len(worst)} most confident of {len(wrong):,} mistakes, with the {score}")
    for axes in grid.flat:
        axes.axis("off")
    for axes, i in zip(grid.flat, worst):
        axes.axis("on")
        _image(axes, images[i])
        axes.set_title(f"{labels[i]} read as {guesses[i]}\n{confidence[i]:.1%}", fontsize=10, color=INK)
    save(figure, file)


def first_layer(weight: np.ndarray, file: Path, most: int = 64) -> None:
    """The weights (neurons, pixels) of the neurons with the largest ones, each as a square with a scale of its own."""
    side = math.isqrt(weight.shape[1])
    strongest = weight[np.argsort(-np.linalg.norm(weight, axis=1), kind="stable")[:most]]
    scaled = np.clip(strongest / np.quantile(np.abs(strongest), 0.995, axis=1, keepdims=True), -1, 1)
    columns = int(np.ceil(np.sqrt(len(scaled))))
    rows = -(-len(scaled) // columns)
    tiles = np.full((rows * columns, side + 2, side + 2), np.nan)  # a white frame around each
    tiles[: len(scaled), 1:-1, 1:-1] = scaled.reshape(-1, side, side)
    mosaic = tiles.reshape(rows, columns, *tiles.shape[1:]).swapaxes(1, 2).reshape(rows * (side + 2), -1)

    figure, axes = pyplot().subplots(figsize=(columns, rows + 0.6))
    axes.imshow(mosaic, cmap="RdBu", vmin=-1, vmax=1, interpolation="nearest")
    axes.axis("off")
    what = f"{len(strongest)} strongest of {len(weight)}" if len(strongest) < len(weight) else f"{len(weight)}"
    colours = "blue: ink there excites it, red: ink there inhibits it"
    axes.set_title(f"First layer: the {what} neurons\n{colours}", fontsize=11)
    save(figure, file)


def verdict(scores: np.ndarray, score: str) -> str:
    """The digit with the highest of the ten scores, or, where that is below SURE, that the network is unsure."""
    digit, highest = scores.argmax(), scores.max()
    name = f"an {digit}" if digit == 8 else f"a {digit}"
    if highest >= SURE:
        return f"{name}, {score} {highest:.1%}"
    return f"unsure, perhaps {name} ({score} {highest:.1%}): is it one digit, drawn large on plain paper?"


def prediction(image: np.ndarray, scores: np.ndarray, score: str, file: Path) -> None:
    """What the network saw, beside its ten scores, under the verdict."""
    figure, (seen, bars) = pyplot().subplots(1, 2, figsize=(8.5, 4), width_ratios=[1, 1.2])
    _image(seen, image)
    seen.set_title("what the network saw")
    best = int(scores.argmax())
    drawn = bars.barh(DIGITS, scores, color=[BLUE if digit == best else "#b0b8c0" for digit in DIGITS])
    bars.bar_label(drawn, [f"{share:.1%}" for share in scores], padding=4, fontsize=9)
    bars.set(yticks=DIGITS, xlim=(0, 1.18), xticks=[], xlabel=score)
    figure.suptitle(verdict(scores, score), fontsize=11)
    bars.invert_yaxis()
    bars.tick_params(length=0)
    bars.grid(False)
    bars.spines[["top", "right", "bottom"]].set_visible(False)
    save(figure, file)

"""The pictures of the training demo: the course of the blame, the gradient at the softmax, W_Q before and after."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from demos.common import pyplot
from demos.pictures.parts import save
from demos.pictures.style import BLUE, CYCLE, INK, RED


def blame(
    stages: Sequence[str], losses: Sequence[float], shares: Sequence[Sequence[float]], file: Path, window: int = 9
) -> None:
    """The shares as bands, each step the mean of those around it, below the loss."""
    figure, (top, bottom) = pyplot().subplots(2, 1, figsize=(9, 6), sharex=True, height_ratios=[1, 2])
    top.plot(losses, color=INK)
    top.set(ylabel="loss, nats a character", ylim=(0, None), title="Training")
    around = np.ones(min(len(losses), window))
    counts = np.convolve(np.ones(len(losses)), around, "same")
    smooth = np.array([100 * np.convolve(share, around, "same") / counts for share in zip(*shares)])
    bottom.stackplot(range(len(losses)), smooth, colors=CYCLE, alpha=0.9)
    last = max(len(losses) - 1, 1)
    for name, top_edge, share in zip(stages, np.cumsum(smooth[:, -1]), smooth[:, -1]):
        bottom.annotate(name, (last, top_edge - share / 2), xytext=(6, -4), textcoords="offset points")
    bottom.set(ylabel="share of the gradient's norm, %", xlabel="step", ylim=(0, 100), xlim=(0, last))
    save(figure, file)


def softmax(before: np.ndarray, after: np.ndarray, target: int, tokens: Sequence[str], file: Path) -> None:
    """The eight largest entries of P − onehot, before and after training, each panel with its own scale."""
    figure, panels = pyplot().subplots(1, 2, figsize=(10, 4.2))
    for axes, p, when in zip(panels, (before, after), ("before", "after")):
        gradient = p - np.eye(len(p))[target]
        order = np.argsort(-np.abs(gradient), kind="stable")[:8][::-1]
        shown, limit = gradient[order], 1.35 * np.abs(gradient).max()
        bars = axes.barh(range(len(order)), shown, color=[RED if g > 0 else BLUE for g in shown])
        axes.bar_label(bars, [f"{g:+.4f}" for g in shown], padding=3, fontsize=9)
        axes.set_yticks(range(len(order)), [repr(tokens[i]) for i in order], family="monospace")
        axes.axvline(0, color=INK, linewidth=0.8)
        axes.set(
            xlabel="P − onehot", xlim=(-limit, limit), title=f"{when} training: blue is pulled up, red pushed down"
        )
        axes.tick_params(axis="y", length=0)
    save(figure, file)


def structure(before: np.ndarray, after: np.ndarray, values: Sequence[np.ndarray], file: Path) -> None:
    """A matrix before and after training, on one scale, and its singular values."""
    figure, (left, middle, right) = pyplot().subplots(1, 3, figsize=(12, 4), width_ratios=[1, 1, 1])
    limit = np.quantile(np.abs(after), 0.99)
    for axes, matrix, when in ((left, before, "before"), (middle, after, "after")):
        image = axes.imshow(matrix, cmap="RdBu", vmin=-limit, vmax=limit, interpolation="nearest")
        axes.set(title=f"W_Q {when} training", xlabel="from channel", ylabel="to query channel")
        axes.grid(False)
    figure.colorbar(image, ax=[left, middle], shrink=0.75, label="weight")
    for value, when, style in zip(values, ("before", "after"), ("s--", "o-")):
        right.plot(range(1, len(value) + 1), value, style, markersize=3.5, label=f"{when} training")
    right.set(title="Singular values", xlabel="direction, the strongest first", ylabel="size", ylim=(0, None))
    right.legend()
    save(figure, file)

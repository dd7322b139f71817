"""Pictures of how many questions are answered right, and which."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from demos.common import pyplot
from demos.pictures.parts import names, plain_ticks, save
from demos.pictures.style import BLUE, INK, ORANGE, RED, SKY
from nn.history import History

# not asked, then (trained, held out) that is wrong, then the same that is right
COLOURS = ["white", ORANGE, INK, "#cfe0f3", BLUE]
MEANINGS = ["trained on, wrong", "held out, wrong", "trained on, right", "held out, right"]


def learning(history: History, shares: Mapping[str, str], file: Path) -> None:
    """The loss, and the shares of exact answers (columns of the history, each with its label) on held-out questions."""
    figure, (left, right) = pyplot().subplots(1, 2, figsize=(10, 4))
    left.plot(*history.column("loss"), color=SKY, linewidth=0.8, label="training")
    left.plot(*history.column("held_out_loss"), "o-", color=RED, markersize=3, label="held out")
    left.set(title="Loss on the answers", xlabel="step", ylabel="nats a token", yscale="log")
    plain_ticks(left.yaxis)
    left.legend()
    for name, label in shares.items():
        steps, values = history.column(name)
        last = f": {values[-1]:.2%} at the end" if values else ""
        right.plot(steps, [100 * value for value in values], "o-", markersize=3, label=label + last)
    right.set(title="Held-out questions answered exactly", xlabel="step", ylabel="%", ylim=(-2, 102))
    right.legend(loc="best")
    save(figure, file)


def operands(maps: Mapping[str, np.ndarray], file: Path) -> None:
    """For each operation a map (100, 100) over its operands: 0 not asked, else 1 + held out + 2 right."""
    plt = pyplot()
    from matplotlib.colors import ListedColormap
    from matplotlib.patches import Patch

    figure, panels = plt.subplots(1, len(maps), figsize=(5 * len(maps), 5.6), squeeze=False)
    for axes, (name, codes) in zip(panels[0], maps.items(), strict=True):
        axes.imshow(codes, cmap=ListedColormap(COLOURS), vmin=-0.5, vmax=4.5, origin="lower", interpolation="nearest")
        wrong_a, wrong_b = np.nonzero((codes == 1) | (codes == 2))
        axes.scatter(wrong_b, wrong_a, s=60, facecolors="none", edgecolors=INK, linewidths=1)  # a cell is small
        held_out, right = (codes == 2) | (codes == 4), codes == 4
        wrong = int(held_out.sum() - right.sum())
        axes.set_title(f"a {name} b: {wrong} of {held_out.sum():,} held-out answers wrong")
        axes.set(xlabel="b", ylabel="a")
        axes.grid(False)
    patches = [Patch(color=colour, label=text) for colour, text in zip(COLOURS[1:], MEANINGS)]
    figure.legend(handles=patches, loc="outside lower center", ncols=4, frameon=False)
    save(figure, file)


def plane(points: np.ndarray, words: Sequence[str], shares: Sequence[float], file: Path) -> None:
    """Number words at their points (words, 2): the first twenty and those for tens, each joined in their order.

    `shares` are those of the variance that the two axes have.
    """
    figure, axes = pyplot().subplots(figsize=(9, 6.5))
    groups = {"zero to nineteen": (slice(20), "o-", BLUE), "twenty to ninety": (slice(20, None), "s-", RED)}
    for label, (some, style, colour) in groups.items():
        axes.plot(*points[some].T, style, color=colour, linewidth=0.7, alpha=0.8, label=label)
    first, second = (f"component {i}, {share:.0%} of the variance" for i, share in enumerate(shares, 1))
    axes.set(title="Number words by the first components of their embeddings", xlabel=first, ylabel=second)
    axes.margins(0.1)
    figure.legend(loc="outside lower center", ncols=2)
    names(axes, points, words)
    save(figure, file)

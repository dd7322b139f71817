"""The pictures of the neurons demo: a digit as numbers, the course of learning, the weights of ten neurons."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from demos.common import pyplot
from demos.pictures.parts import save


def numbers(image: np.ndarray, label: int, file: Path) -> None:
    """A picture, and the numbers of its pixels."""
    figure, axes = pyplot().subplots(figsize=(8.5, 8.5))
    axes.imshow(image, cmap="gray_r", vmin=0, vmax=255)
    for (i, j), value in np.ndenumerate(image):
        ink = "white" if value > 128 else "black"
        axes.text(j, i, str(value), ha="center", va="center", fontsize=6.5, color=ink)
    axes.set(title=f"A {label} as {image.size} numbers from 0 to 255", xlabel="column", ylabel="row")
    axes.grid(False)
    save(figure, file)


def courses(found: Mapping[str, Sequence[float]], of: int, file: Path) -> None:
    """The accuracy of each network, epoch by epoch."""
    figure, axes = pyplot().subplots(figsize=(7.5, 4.2))
    for style, (name, shares) in zip(("o-", "s--"), found.items()):
        axes.plot(np.multiply(100, shares), style, markersize=4, label=f"{name}: {shares[-1]:.0%} at the end")
    axes.set(title="Reading digits", xlabel="epoch", ylabel=f"read right of {of} test pictures, %", ylim=(0, 100))
    axes.legend(loc="lower right")
    save(figure, file)


def weights(matrix: np.ndarray, file: Path) -> None:
    """The weights (10, 784) of ten neurons, each as a picture, all on one scale."""
    figure, grid = pyplot().subplots(2, 5, figsize=(9.5, 4.4))
    limit = np.quantile(np.abs(matrix), 0.995)
    for digit, (axes, row) in enumerate(zip(grid.flat, matrix, strict=True)):
        image = axes.imshow(row.reshape(28, 28), cmap="RdBu", vmin=-limit, vmax=limit)
        axes.set(title=f"neuron {digit}", xticks=[], yticks=[])
        axes.grid(False)
    figure.colorbar(image, ax=grid, shrink=0.8, label="weight: ink there speaks for (blue) or against (red)")
    save(figure, file)

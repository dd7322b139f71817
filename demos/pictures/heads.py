"""The pictures of the heads demo: how far apart two senses of a word are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from demos.common import pyplot
from demos.pictures.parts import heatmap, save
from demos.pictures.style import BLUE, GREY, RED


def distances(
    values: np.ndarray, outputs: np.ndarray, streams: Mapping[str, tuple[np.ndarray, np.ndarray]], file: Path
) -> None:
    """Distances between the senses by block and head, of V and of A V, and of the stream layer by layer."""
    figure, (left, middle, right) = pyplot().subplots(1, 3, figsize=(13, 4.2))
    for axes, found, name in ((left, values, "V of apple"), (middle, outputs, "A V of apple")):
        blocks, heads = ([f"{what} {n}" for n in range(size)] for what, size in zip(("block", "head"), found.shape))
        heatmap(axes, found, blocks, heads, f"{name}: fruit from company", limit=2.0)
    places = ["embedding", *(f"block {n}" for n in range(len(values)))]
    for (when, (across, within)), color in zip(streams.items(), (BLUE, GREY)):
        right.plot(places, across, "o-", color=color, label=f"{when}: fruit from company")
        right.plot(places, within, "s--", color=color, label=f"{when}: within a sense", markerfacecolor="white")
    right.set(title="The stream at apple", ylabel="distance: 0 equal, 2 opposite", ylim=(-0.05, 2.2))
    right.legend(loc="center right", bbox_to_anchor=(1.0, 0.35))
    save(figure, file)


def senses(stream: np.ndarray, names: Sequence[str], file: Path) -> None:
    """A word in all its contexts (L, N, C), half of them of each sense, on the two axes of their largest spread.

    The second axis is stretched: along it the points spread much less.
    """
    figure, panels = pyplot().subplots(1, len(stream), figsize=(3.2 * len(stream), 3.6), sharex=True, sharey=True)
    for n, (axes, points) in enumerate(zip(panels, stream)):
        centred = points - points.mean(axis=0)
        plane = centred @ np.linalg.svd(centred, full_matrices=False)[2][:2].T
        for name, half, marker, color in zip(names, np.split(plane, len(names)), "os", (BLUE, RED)):
            axes.scatter(*half.T, s=45, alpha=0.6, label=name, marker=marker, color=color, edgecolors="none")
        axes.set(title=f"after block {n - 1}" if n else "embedding", xlabel="first axis of spread")
        axes.margins(0.25, 0.25)
    panels[0].set_ylabel("second axis, stretched")
    panels[0].legend(loc="upper left")
    save(figure, file)

"""The picture of the demo about "it": what each head looks at from there."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from demos.common import pyplot
from demos.pictures.parts import heatmap, save

Panel = tuple[str, np.ndarray, Sequence[str]]  # a title, the attention (heads, T), the words


def looks(panels: Sequence[Panel], heads: Sequence[str], file: Path) -> None:
    """One panel below the other: a row of each shows how a head divides its attention among the words."""
    width = 0.75 * max(len(words) for *_, words in panels) + 1.8
    figure, axes = pyplot().subplots(len(panels), 1, figsize=(width, 2.1 * len(panels)), squeeze=False)
    for (title, attention, words), ax in zip(panels, axes[:, 0]):
        heatmap(ax, attention, heads, words, title, limit=1.0)
        ax.set_xticks(range(len(words)), words, rotation=0)
    save(figure, file)

"""Pictures of who looks at whom."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from autograd import Tensor, no_grad
from demos.common import pyplot
from demos.pictures.parts import save
from demos.watch import attention_of_calls, watch
from nn import Module


@no_grad()
def attention_of(model: Module, *inputs: Tensor, kind: str = "attn") -> np.ndarray:
    """The attention weights (L, B, H, T, S) of the model on these inputs, as `attention_of_calls` gives them."""
    with watch(model) as calls:
        model(*inputs)
    return attention_of_calls(model, calls, kind)


def draw_attention(
    weights: np.ndarray, rows: Sequence[str], columns: Sequence[str], title: str, file: Path, cell: float = 0.27
) -> None:
    """Weights (L, H, T, S) as a grid of L rows and H panels: each row of a panel is a token, which looks at columns."""
    layers, heads = weights.shape[:2]
    size = (heads * (cell * len(columns) + 0.35) + 1.2, layers * (cell * len(rows) + 0.5) + 1.5)
    figure, grid = pyplot().subplots(layers, heads, figsize=size, sharex=True, sharey=True, squeeze=False)
    for (i, j), axes in np.ndenumerate(grid):
        image = axes.imshow(weights[i, j], cmap="Blues", vmin=0, vmax=1, aspect="auto")
        axes.set_title(f"layer {i + 1}, head {j + 1}", fontsize=9)
        axes.set_xticks(range(len(columns)), columns, rotation=90, fontsize=9)
        axes.set_yticks(range(len(rows)), rows, fontsize=9)
        axes.tick_params(length=0)
        axes.grid(False)
    figure.suptitle(title)
    figure.colorbar(image, ax=grid, shrink=0.7, label="share of the attention of a row", pad=0.01)
    save(figure, file)


def positions(table: np.ndarray, file: Path) -> None:
    """Positional encodings (T, D) as coloured cells, and some of their columns as waves."""
    figure, (left, right) = pyplot().subplots(1, 2, figsize=(11, 4.2), width_ratios=[3, 2])
    image = left.imshow(table, cmap="RdBu", vmin=-1, vmax=1, aspect="auto")
    left.set(title="Each row is added to the word at that position", xlabel="dimension", ylabel="position")
    left.grid(False)
    figure.colorbar(image, ax=left, label="value")
    width = table.shape[1]
    for column, style in zip((0, 1, width // 4, width // 2), ("o-", "s--", "^-", "d:")):
        right.plot(table[:, column], style, markersize=3.5, linewidth=1.2, label=f"dimension {column}")
    right.set(title="The waves of four dimensions", xlabel="position", ylabel="value", ylim=(-1.15, 1.7))
    right.legend(loc="upper right", ncols=2)
    save(figure, file)

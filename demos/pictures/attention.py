"""Pictures of who looks at whom."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from autograd import Tensor, no_grad
from demos.common import pyplot
from demos.watch import watch
from nn import Module


@no_grad()
def attention_of(model: Module, *inputs: Tensor, kind: str = "attn") -> np.ndarray:
    """The attention weights (L, B, H, T, S) of every layer while the model computes `inputs`.

    `kind` is what the blocks call that attention: "attn" or "cross".
    """
    with watch(model) as calls:
        model(*inputs)
    layers = [(m, calls[path]) for path, m in model.named_modules() if path.endswith(f".{kind}.attention")]
    return np.stack([attention.weights(*call.args).array for attention, call in layers])


def draw_attention(
    weights: np.ndarray, rows: Sequence[str], columns: Sequence[str], title: str, file: Path, cell: float = 0.27
) -> None:
    """Weights (L, H, T, S) as a grid of L rows and H panels: each row of a panel is a token, which looks at columns."""
    layers, heads = weights.shape[:2]
    size = (heads * (cell * len(columns) + 0.35) + 1.2, layers * (cell * len(rows) + 0.5) + 1.5)
    figure, grid = pyplot().subplots(
        layers, heads, figsize=size, sharex=True, sharey=True, squeeze=False, layout="constrained"
    )
    for (i, j), axes in np.ndenumerate(grid):
        image = axes.imshow(weights[i, j], cmap="Blues", vmin=0, vmax=1, aspect="auto")
        axes.set_title(f"layer {i + 1}, head {j + 1}", fontsize=9)
        axes.set_xticks(range(len(columns)), columns, rotation=90, fontsize=9)
        axes.set_yticks(range(len(rows)), rows, fontsize=9)
        axes.tick_params(length=0)
    figure.suptitle(title)
    figure.colorbar(image, ax=grid, shrink=0.7, label="share of the attention of a row", pad=0.01)
    figure.savefig(file, dpi=120)
    pyplot().close(figure)

"""The chart: for each row, every contender's time over ours."""

from pathlib import Path
from typing import Any

import matplotlib
import numpy as np

matplotlib.use("Agg")
from matplotlib import pyplot as plt  # noqa: E402

OURS = {"numpy": "chainrule, NumPy only", "fast": "chainrule, with numba"}


def draw(records: list[dict[str, Any]], path: Path) -> None:
    """Horizontal bars in a panel a row, the shortest the fastest; a thin line spans the quartiles."""
    panels = [r for r in records if any("median" in c for c in r["contenders"].values())]
    if not panels:
        return
    columns = min(3, len(panels))
    rows = -(-len(panels) // columns)
    figure, axes = plt.subplots(rows, columns, figsize=(5.2 * columns, 2.4 * rows), squeeze=False, layout="constrained")
    for axis in axes.flat[len(panels) :]:
        axis.remove()
    for axis, panel in zip(axes.flat, panels):
        found = {name: c for name, c in panel["contenders"].items() if "median" in c}
        values = np.array([c["median"] for c in found.values()]) / panel["per"]
        spread = np.array([c["quartiles"] for c in found.values()]).T / panel["per"]
        names = [OURS.get(name, name) for name in found]
        colours = ["tab:blue" if name == "fast" else "lightblue" if name == "numpy" else "silver" for name in found]
        axis.barh(names, values, color=colours)
        axis.errorbar(values, names, xerr=np.abs(spread - values), fmt="none", ecolor="black", elinewidth=0.8)
        axis.invert_yaxis()
        axis.set_title(panel["row"], fontsize=10)
        axis.set_xlabel(panel["unit"] or "exponent")
        axis.spines[["top", "right"]].set_visible(False)
        for i, (value, upper) in enumerate(zip(values, spread[1])):  # beside the quartiles, not through them
            axis.annotate(f" {value:.3g}", (max(value, upper), i), va="center", fontsize=8)
        axis.margins(x=0.15)
    figure.savefig(path, dpi=120)
    plt.close(figure)

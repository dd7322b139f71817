"""The chart: for each row of the table, the median and quartiles of every contender, the smaller the better."""

from pathlib import Path
from typing import Any

import matplotlib
import numpy as np

matplotlib.use("Agg")
from matplotlib import pyplot as plt  # noqa: E402

from nn.report.style import BLUE, SKY  # noqa: E402

OURS = {"numpy": ("chainrule, NumPy alone", SKY), "fast": ("chainrule, extra fast", BLUE)}
GROWTH = "exponent k in time ~ size^k"
BAR, AROUND = 0.26, 0.85  # inches of a bar, and of what stands above and below the bars of a panel


def draw(records: list[dict[str, Any]], path: Path) -> None:
    """Horizontal bars, a panel for each row of the table; a thin line spans the quartiles."""
    panels = []
    for record in records:
        if found := {name: c for name, c in record["contenders"].items() if "median" in c}:
            panels.append((record, found))
    if not panels:
        return
    columns = min(3, len(panels))
    lines = [panels[i : i + columns] for i in range(0, len(panels), columns)]
    bars = [max(len(found) for _, found in line) for line in lines]  # all of a line have room for as many
    heights = [BAR * count + AROUND for count in bars]
    figure, axes = plt.subplots(
        len(lines),
        columns,
        figsize=(5.2 * columns, sum(heights) + 0.4),
        height_ratios=heights,
        squeeze=False,
        layout="constrained",
    )
    figure.suptitle("Medians; thin lines span the quartiles. The shorter a bar, the better.", fontsize=11)
    for axis in axes.flat[len(panels) :]:
        axis.remove()
    for i, (axis, (record, found)) in enumerate(zip(axes.flat, panels)):
        panel(axis, record, found)
        axis.set_ylim(bars[i // columns] - 0.5, -0.5)
    figure.savefig(path, dpi=120)
    plt.close(figure)


def panel(axis: Any, record: dict[str, Any], found: dict[str, dict[str, Any]]) -> None:
    """Bars for the contenders of one row, which have been measured."""
    values = np.array([c["median"] for c in found.values()]) / record["per"]
    spread = np.array([c["quartiles"] for c in found.values()]).T / record["per"]
    named = [OURS.get(name, (name, "silver")) for name in found]
    names, colours = zip(*named)
    axis.barh(names, values, color=colours)
    axis.errorbar(values, names, xerr=np.abs(spread - values), fmt="none", ecolor="black", elinewidth=0.8)
    axis.set_title(record["row"], fontsize=10)
    axis.set_xlabel(record["unit"] or GROWTH)
    axis.xaxis.set_major_formatter("{x:,g}")
    axis.spines[["top", "right"]].set_visible(False)
    for i, (value, upper) in enumerate(zip(values, spread[1])):  # beside the quartiles, not through them
        text = f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
        axis.annotate(f" {text}", (max(value, upper), i), va="center", fontsize=9)
    axis.margins(x=0.15)

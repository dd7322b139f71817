"""The one style of the pictures of all demos, in the colours of the pages."""

from typing import Any

from nn.report.style import BLUE, CYCLE, GREEN, GREY, INK, ORANGE, PINK, RED, SKY

__all__ = ["BLUE", "CYCLE", "GREEN", "GREY", "INK", "ORANGE", "PINK", "RC", "RED", "SKY"]

RC: dict[str, Any] = {  # what matplotlib calls its settings
    "figure.dpi": 110,
    "savefig.dpi": 110,
    "figure.constrained_layout.use": True,
    "font.size": 11,
    "axes.titlesize": 11.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.alpha": 0.3,
    "legend.frameon": False,
    "legend.fontsize": 10,
    "lines.linewidth": 1.8,
    "lines.markersize": 5,
}

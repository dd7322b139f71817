"""The one style of the pictures of all demos, in colours that the colour-blind tell apart."""

from typing import Any

# M. Okabe and K. Ito, Color Universal Design (2008), without yellow, which is pale on white
BLUE, ORANGE, GREEN, RED, SKY, PINK = "#0072b2", "#e69f00", "#009e73", "#d55e00", "#56b4e9", "#cc79a7"
CYCLE = (BLUE, ORANGE, GREEN, RED, SKY, PINK)
GREY, INK = "#8a8a8a", "#222222"

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

"""The colours of curves in all pages and pictures, which the colour-blind tell apart; the rest is in style.css."""

from __future__ import annotations

# M. Okabe and K. Ito, Color Universal Design (2008), without yellow, which is pale on white
BLUE, ORANGE, GREEN, RED, SKY, PINK = "#0072b2", "#e69f00", "#009e73", "#d55e00", "#56b4e9", "#cc79a7"
CYCLE = (BLUE, ORANGE, GREEN, RED, SKY, PINK)
DARK_CYCLE = ("#2c8bc3", "#e7a30b", "#0aa67b", "#dd6510", "#9dd3f2", "#da9ebf")  # the same on a dark page
GREY, INK = "#8a8a8a", "#222222"


def colours() -> str:
    """The colours as CSS variables, --series-0 and so on, each for a light and for a dark page."""
    pairs = enumerate(zip(CYCLE, DARK_CYCLE, strict=True))
    return " ".join(f"--series-{i}: light-dark({light}, {dark});" for i, (light, dark) in pairs)

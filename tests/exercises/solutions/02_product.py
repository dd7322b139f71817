"""A right answer."""

import numpy as np


def product_rule(g: np.ndarray, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The gradients by x and by y; all four arrays have one shape."""
    return g * y, g * x

"""A right answer."""

import numpy as np


def tanh_rule(g: np.ndarray, out: np.ndarray) -> np.ndarray:
    """The gradient with respect to x; g and out have the shape of x."""
    return g * (1 - out**2)

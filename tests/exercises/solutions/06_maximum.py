"""A right answer."""

import numpy as np


def maximum_rule(g: np.ndarray, out: np.ndarray, x: np.ndarray) -> np.ndarray:
    """The gradient with respect to x (N, M); g and out are (N, 1)."""
    won = x == out
    return g * won / won.sum(axis=-1, keepdims=True)

"""A right answer."""

import numpy as np


def matmul_rule(g: np.ndarray, a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The gradients by a and by b."""
    return g @ np.swapaxes(b, -1, -2), np.swapaxes(a, -1, -2) @ g

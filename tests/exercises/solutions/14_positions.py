"""A right answer."""

import numpy as np


def sinusoids(T: int, D: int) -> np.ndarray:
    """The positional encodings (T, D)."""
    angles = np.arange(T)[:, None] / 10000 ** (np.arange(0, D, 2) / D)
    table = np.zeros((T, D))
    table[:, 0::2] = np.sin(angles)
    table[:, 1::2] = np.cos(angles)
    return table

"""A right answer."""

import numpy as np


def causal_mask(T: int, S: int) -> np.ndarray:
    """A mask (T, S) of booleans: True where a query may look at a key."""
    return np.arange(S)[None, :] <= np.arange(T)[:, None] + S - T

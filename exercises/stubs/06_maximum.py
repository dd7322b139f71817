"""The rule of a maximum, with ties.

out = x.max(axis=-1, keepdims=True) picks the largest number of each row. If that number grows a little, so does the
maximum; if any other does, nothing happens. So the whole gradient goes to the largest number.

If several numbers of a row tie for the largest, there is no derivative: the function has a kink. NumPy does not care,
but a rule must decide. Share the gradient equally among those that tie, as this library and PyTorch do.
"""

import numpy as np


def maximum_rule(g: np.ndarray, out: np.ndarray, x: np.ndarray) -> np.ndarray:
    """The gradient with respect to x (N, M); g and out are (N, 1)."""
    raise NotImplementedError

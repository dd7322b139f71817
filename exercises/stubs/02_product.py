"""Both sides of a product.

An operation with two inputs has two rules. For z = x · y, number by number, how much does the loss change when x
changes a little, and how much when y does? As before, g is the gradient of the loss by the result z.
"""

import numpy as np


def product_rule(g: np.ndarray, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The gradients by x and by y; all four arrays have one shape."""
    raise NotImplementedError

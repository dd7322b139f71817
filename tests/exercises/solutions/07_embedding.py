"""A right answer."""

import numpy as np


def embedding_rule(g: np.ndarray, ids: np.ndarray, table: np.ndarray) -> np.ndarray:
    """The gradient with respect to the table (V, C), of which the rows `ids` (T,) were taken; g is (T, C)."""
    grad = np.zeros_like(table)
    np.add.at(grad, ids, g)
    return grad

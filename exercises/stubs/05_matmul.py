"""The rule of a matrix product.

Almost all the work of a transformer is products of matrices, and so is almost all the work of its backward pass. For
c = a @ b, with a (N, K) and b (K, M), write the gradients by a and by b. The shapes almost tell you the answer: there
is one simple product of g, which is (N, M), with b that has the shape of a.

Then let the rule work for stacks of matrices as well: a (..., N, K) and b (..., K, M), with the same leading axes.
"""

import numpy as np


def matmul_rule(g: np.ndarray, a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The gradients by a and by b."""
    raise NotImplementedError

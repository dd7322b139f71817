"""The rule of attention.

    S = q kᵀ / √D        how well each query meets each key
    A = softmax(S)       each row of scores as shares of 1
    out = A v            the values, mixed by the shares

Write the gradients by q, k and v. Go back one line at a time, as the engine would: first through the product with v,
then through softmax, whose rule is A ⊙ (gA − Σ gA ⊙ A) with the sum taken over each row, then through the scores. You
may compute S and A again.
"""

import numpy as np


def attention_rule(
    g: np.ndarray, q: np.ndarray, k: np.ndarray, v: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The gradients by q (T, D), k (S, D) and v (S, E); g is (T, E)."""
    raise NotImplementedError

"""The rule of layer norm.

    μ = mean(x)    σ = √(mean((x − μ)²) + ε)    x̂ = (x − μ) / σ    out = γ ⊙ x̂ + β

for each row of x by itself. Every number of a row moves the mean and the deviation of its row, and with them all
other numbers of the row: that is the hard part of this rule. γ and β are shared by all rows: that is the easy part.

Write the gradients by x, γ and β.
"""

import numpy as np


def layer_norm_rule(
    g: np.ndarray, x: np.ndarray, gamma: np.ndarray, beta: np.ndarray, eps: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The gradients by x (N, C), gamma (C,) and beta (C,); g is (N, C)."""
    raise NotImplementedError

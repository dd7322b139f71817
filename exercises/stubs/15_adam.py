"""A step of Adam.

Adam (Kingma and Ba 2015) keeps two running means for each weight: m of its gradients, and v of their squares. Both
start at 0, so that they are too small at first; m̂ and v̂ correct that. With step t = 1, 2, 3, ...:

    m ← β₁ m + (1 − β₁) g          m̂ = m / (1 − β₁ᵗ)
    v ← β₂ v + (1 − β₂) g²         v̂ = v / (1 − β₂ᵗ)
    w ← w − η m̂ / (√v̂ + ε)

Write one step. Return new arrays and leave those that you are given as they are.
"""

import numpy as np


def adam_step(
    w: np.ndarray,
    g: np.ndarray,
    m: np.ndarray,
    v: np.ndarray,
    t: int,
    lr: float = 1e-3,
    beta1: float = 0.9,
    beta2: float = 0.999,
    eps: float = 1e-8,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The new w, m and v."""
    raise NotImplementedError

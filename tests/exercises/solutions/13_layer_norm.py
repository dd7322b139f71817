"""A right answer."""

import numpy as np


def layer_norm_rule(
    g: np.ndarray, x: np.ndarray, gamma: np.ndarray, beta: np.ndarray, eps: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The gradients by x (N, C), gamma (C,) and beta (C,); g is (N, C)."""
    sigma = np.sqrt(x.var(axis=1, keepdims=True) + eps)
    hat = (x - x.mean(axis=1, keepdims=True)) / sigma
    ghat = g * gamma
    gx = (ghat - ghat.mean(axis=1, keepdims=True) - hat * (ghat * hat).mean(axis=1, keepdims=True)) / sigma
    return gx, (g * hat).sum(axis=0), g.sum(axis=0)

"""A right answer."""

import numpy as np


def logsumexp(x: np.ndarray) -> np.ndarray:
    """log Σ exp(x) over the last axis: x (N, M) to (N,)."""
    m = x.max(axis=-1, keepdims=True)
    m = np.where(np.isfinite(m), m, 0.0)
    return (m + np.log(np.exp(x - m).sum(axis=-1, keepdims=True)))[:, 0]

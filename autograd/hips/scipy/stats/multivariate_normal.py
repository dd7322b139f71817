"""The normal distribution of vectors."""

from __future__ import annotations

import math
from typing import Any

import numpy as np


def logpdf(x: Any, mean: Any, cov: Any) -> Any:
    """The logarithm of the density; cov is a matrix, or a number for independent elements of that variance."""
    centred = x - mean
    size = np.shape(centred)[-1] if np.ndim(centred) else 1
    matrix = cov if np.ndim(cov) == 2 else cov * np.eye(size)
    squares = (
        np.sum(np.dot(centred, np.linalg.inv(matrix)) * centred, axis=-1) if np.ndim(centred) else centred**2 / cov
    )
    return -0.5 * (squares + np.linalg.slogdet(matrix)[1] + size * math.log(2 * math.pi))


def pdf(x: Any, mean: Any, cov: Any) -> Any:
    """The density."""
    return np.exp(logpdf(x, mean, cov))


def entropy(mean: Any, cov: Any) -> Any:
    """The differential entropy."""
    return 0.5 * (np.shape(cov)[0] * (1 + math.log(2 * math.pi)) + np.linalg.slogdet(cov)[1])

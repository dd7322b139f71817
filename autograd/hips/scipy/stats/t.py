"""Student's t distribution."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autograd.hips.scipy.special import gammaln


def logpdf(x: Any, df: Any, loc: Any = 0.0, scale: Any = 1.0) -> Any:
    """The logarithm of the density with df degrees of freedom."""
    z = (x - loc) / scale
    norm = gammaln((df + 1) / 2) - gammaln(df / 2) - 0.5 * np.log(df * math.pi) - np.log(scale)
    return norm - (df + 1) / 2 * np.log1p(z * z / df)


def pdf(x: Any, df: Any, loc: Any = 0.0, scale: Any = 1.0) -> Any:
    """The density with df degrees of freedom."""
    return np.exp(logpdf(x, df, loc, scale))

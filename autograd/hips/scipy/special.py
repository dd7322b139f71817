"""SciPy's special functions: those with a derivative take tensors."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autograd.errors import require
from autograd.hips.extend import defvjp, primitive

_special = require("scipy.special", "scipy")


def __getattr__(name: str) -> Any:
    return getattr(_special, name)


def _derived(name: str, rule: Any) -> Any:
    """SciPy's function, with the derivative that `rule` gives from its result and argument."""
    function = primitive(getattr(_special, name))
    defvjp(function, lambda ans, x: lambda g: g * rule(ans, x))
    return function


polygamma: Any = primitive(_special.polygamma)
defvjp(polygamma, None, lambda ans, n, x: lambda g: g * polygamma(n + 1, x))
psi = digamma = _derived("psi", lambda ans, x: polygamma(1, x))
expit = _derived("expit", lambda ans, x: ans * (1 - ans))
logit = _derived("logit", lambda ans, x: 1 / (x * (1 - x)))
erf = _derived("erf", lambda ans, x: 2 / math.sqrt(math.pi) * np.exp(-x * x))
erfc = _derived("erfc", lambda ans, x: -2 / math.sqrt(math.pi) * np.exp(-x * x))
erfinv = _derived("erfinv", lambda ans, x: math.sqrt(math.pi) / 2 * np.exp(ans * ans))
gammaln = _derived("gammaln", lambda ans, x: psi(x))
gamma = _derived("gamma", lambda ans, x: ans * psi(x))


def logsumexp(a: Any, axis: Any = None, b: Any = None, keepdims: bool = False) -> Any:
    """log of the sum of b e^a over an axis: finite for any finite a."""
    top = np.max(getattr(a, "array", a), axis=axis, keepdims=True)
    top = np.where(np.isfinite(top), top, 0)
    weights = 1.0 if b is None else b
    out = np.log(np.sum(weights * np.exp(a - top), axis=axis, keepdims=True)) + top
    return out if keepdims else np.squeeze(out, axis=axis)

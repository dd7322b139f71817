"""Exponentials, logarithms, roots, trigonometric and hyperbolic functions, elementwise."""

from __future__ import annotations

import math

import numpy as np

from autograd import kernels
from autograd.ops.elementwise import as_floats, of_numpy, sigmoid
from autograd.ops.table import op

__all__ = ["exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "logaddexp", "sqrt", "rsqrt", "sin", "cos"]
__all__ += ["tan", "asin", "acos", "atan", "atan2", "sinh", "cosh", "tanh", "asinh", "acosh", "atanh", "erf"]

exp = of_numpy("exp", "e^x.", np.exp, x=lambda g, out: g * out)
exp2 = of_numpy("exp2", "2^x.", np.exp2, x=lambda g, out: g * (out * math.log(2)))
expm1 = of_numpy("expm1", "e^x - 1, accurate near 0.", np.expm1, x=lambda g, out: g * (out + 1))
log = of_numpy("log", "The natural logarithm.", np.log, x=lambda g, x: g / x)
log2 = of_numpy("log2", "The logarithm to base 2.", np.log2, x=lambda g, x: g / (x * math.log(2)))
log10 = of_numpy("log10", "The logarithm to base 10.", np.log10, x=lambda g, x: g / (x * math.log(10)))
log1p = of_numpy("log1p", "log(1 + x), accurate near 0.", np.log1p, x=lambda g, x: g / (x + 1))


@op(np.logaddexp, x=lambda g, x, y: g * sigmoid(x - y), y=lambda g, x, y: g * sigmoid(y - x))
def logaddexp(x, y):
    """log(e^x + e^y), finite where x and y are."""
    return np.logaddexp(x, y)


sqrt = of_numpy("sqrt", "The square root; its derivative at 0 is infinite.", np.sqrt, x=lambda g, out: g / (2 * out))


@op(inplace=True, x=lambda g, out: g * (-0.5 * out * out * out))
def rsqrt(x):
    """1 / sqrt(x)."""
    return 1 / np.sqrt(x)


sin = of_numpy("sin", "The sine; x in radians.", np.sin, x=lambda g, x: g * np.cos(x))
cos = of_numpy("cos", "The cosine; x in radians.", np.cos, x=lambda g, x: -g * np.sin(x))
tan = of_numpy("tan", "The tangent; x in radians.", np.tan, x=lambda g, out: g * (1 + out * out))
asin = of_numpy("asin", "The arc sine, in radians.", np.arcsin, x=lambda g, x: g / np.sqrt(1 - x * x))
acos = of_numpy("acos", "The arc cosine, in radians.", np.arccos, x=lambda g, x: -g / np.sqrt(1 - x * x))
atan = of_numpy("atan", "The arc tangent, in radians.", np.arctan, x=lambda g, x: g / (1 + x * x))


def _over_square(part, y, x):
    square = x * x + y * y
    return part / np.where(np.equal(square, 0), np.ones_like(square), square)


@op(np.arctan2, inplace=True, y=lambda g, y, x: g * _over_square(x, y, x), x=lambda g, y, x: -g * _over_square(y, y, x))
def atan2(y, x):
    """The angle of the point (x, y), in radians; at the origin its gradients are 0."""
    return np.arctan2(y, x)


sinh = of_numpy("sinh", "The hyperbolic sine.", np.sinh, x=lambda g, x: g * np.cosh(x))
cosh = of_numpy("cosh", "The hyperbolic cosine.", np.cosh, x=lambda g, x: g * np.sinh(x))
tanh = of_numpy("tanh", "The hyperbolic tangent.", np.tanh, x=lambda g, out: g * (1 - out * out))
asinh = of_numpy("asinh", "The inverse hyperbolic sine.", np.arcsinh, x=lambda g, x: g / np.sqrt(x * x + 1))
acosh = of_numpy("acosh", "The inverse hyperbolic cosine.", np.arccosh, x=lambda g, x: g / np.sqrt(x * x - 1))
atanh = of_numpy("atanh", "The inverse hyperbolic tangent.", np.arctanh, x=lambda g, x: g / (1 - x * x))


@op(inplace=True, x=lambda g, x: g * (2 / math.sqrt(math.pi) * np.exp(-x * x)))
def erf(x):
    """The error function, 2/sqrt(pi) times the integral of e^(-t^2) from 0 to x."""
    return kernels.erf(as_floats(x))

"""Exponentials, logarithms, roots, trigonometric and hyperbolic functions, elementwise."""

from __future__ import annotations

import math

import numpy as np

from autograd import kernels
from autograd.ops.elementwise import as_floats, sigmoid
from autograd.ops.table import op

__all__ = ["exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "logaddexp", "sqrt", "rsqrt", "sin", "cos"]
__all__ += ["tan", "asin", "acos", "atan", "atan2", "sinh", "cosh", "tanh", "asinh", "acosh", "atanh", "erf"]

# Exponentials and logarithms ------------------------------------------------------------------------------------------


@op(np.exp, inplace=True, x=lambda g, out: g * out)
def exp(x):
    """e^x."""
    return np.exp(x)


@op(np.exp2, inplace=True, x=lambda g, out: g * (out * math.log(2)))
def exp2(x):
    """2^x."""
    return np.exp2(x)


@op(np.expm1, inplace=True, x=lambda g, out: g * (out + 1))
def expm1(x):
    """e^x - 1, accurate near 0."""
    return np.expm1(x)


@op(np.log, inplace=True, x=lambda g, x: g / x)
def log(x):
    """The natural logarithm."""
    return np.log(x)


@op(np.log2, inplace=True, x=lambda g, x: g / (x * math.log(2)))
def log2(x):
    """The logarithm to base 2."""
    return np.log2(x)


@op(np.log10, inplace=True, x=lambda g, x: g / (x * math.log(10)))
def log10(x):
    """The logarithm to base 10."""
    return np.log10(x)


@op(np.log1p, inplace=True, x=lambda g, x: g / (x + 1))
def log1p(x):
    """log(1 + x), accurate near 0."""
    return np.log1p(x)


@op(np.logaddexp, x=lambda g, x, y: g * sigmoid(x - y), y=lambda g, x, y: g * sigmoid(y - x))
def logaddexp(x, y):
    """log(e^x + e^y), finite where x and y are."""
    return np.logaddexp(x, y)


@op(np.sqrt, inplace=True, x=lambda g, out: g / (2 * out))
def sqrt(x):
    """The square root; its derivative at 0 is infinite."""
    return np.sqrt(x)


@op(inplace=True, x=lambda g, out: g * (-0.5 * out * out * out))
def rsqrt(x):
    """1 / sqrt(x)."""
    return 1 / np.sqrt(x)


# Trigonometric and hyperbolic -----------------------------------------------------------------------------------------


@op(np.sin, inplace=True, x=lambda g, x: g * np.cos(x))
def sin(x):
    """The sine; x in radians."""
    return np.sin(x)


@op(np.cos, inplace=True, x=lambda g, x: -g * np.sin(x))
def cos(x):
    """The cosine; x in radians."""
    return np.cos(x)


@op(np.tan, inplace=True, x=lambda g, out: g * (1 + out * out))
def tan(x):
    """The tangent; x in radians."""
    return np.tan(x)


@op(np.arcsin, inplace=True, x=lambda g, x: g / np.sqrt(1 - x * x))
def asin(x):
    """The arc sine, in radians."""
    return np.arcsin(x)


@op(np.arccos, inplace=True, x=lambda g, x: -g / np.sqrt(1 - x * x))
def acos(x):
    """The arc cosine, in radians."""
    return np.arccos(x)


@op(np.arctan, inplace=True, x=lambda g, x: g / (1 + x * x))
def atan(x):
    """The arc tangent, in radians."""
    return np.arctan(x)


def _over_square(part, y, x):
    square = x * x + y * y
    return part / np.where(np.equal(square, 0), np.ones_like(square), square)


@op(np.arctan2, inplace=True, y=lambda g, y, x: g * _over_square(x, y, x), x=lambda g, y, x: -g * _over_square(y, y, x))
def atan2(y, x):
    """The angle of the point (x, y), in radians; at the origin its gradients are 0."""
    return np.arctan2(y, x)


@op(np.sinh, inplace=True, x=lambda g, x: g * np.cosh(x))
def sinh(x):
    """The hyperbolic sine."""
    return np.sinh(x)


@op(np.cosh, inplace=True, x=lambda g, x: g * np.sinh(x))
def cosh(x):
    """The hyperbolic cosine."""
    return np.cosh(x)


@op(np.tanh, inplace=True, x=lambda g, out: g * (1 - out * out))
def tanh(x):
    """The hyperbolic tangent."""
    return np.tanh(x)


@op(np.arcsinh, inplace=True, x=lambda g, x: g / np.sqrt(x * x + 1))
def asinh(x):
    """The inverse hyperbolic sine."""
    return np.arcsinh(x)


@op(np.arccosh, inplace=True, x=lambda g, x: g / np.sqrt(x * x - 1))
def acosh(x):
    """The inverse hyperbolic cosine."""
    return np.arccosh(x)


@op(np.arctanh, inplace=True, x=lambda g, x: g / (1 - x * x))
def atanh(x):
    """The inverse hyperbolic tangent."""
    return np.arctanh(x)


@op(inplace=True, x=lambda g, x: g * (2 / math.sqrt(math.pi) * np.exp(-x * x)))
def erf(x):
    """The error function, 2/sqrt(pi) times the integral of e^(-t^2) from 0 to x."""
    return kernels.erf(as_floats(x))

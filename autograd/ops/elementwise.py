"""Elementwise operations and their derivatives. Subgradients at kinks are PyTorch's."""

from __future__ import annotations

import math

import numpy as np

from autograd import kernels
from autograd.ops.table import op

# Arithmetic -----------------------------------------------------------------------------------------------------------


@op(np.add, x=lambda g: g, y=lambda g: g)
def add(x, y):
    """x + y."""
    return x + y


@op(np.subtract, x=lambda g: g, y=lambda g: -g)
def sub(x, y):
    """x - y."""
    return x - y


@op(np.multiply, x=lambda g, y: g * y, y=lambda g, x: g * x)
def mul(x, y):
    """x * y."""
    return x * y


@op(np.divide, x=lambda g, y: g / y, y=lambda g, y, out: -g * out / y)
def div(x, y):
    """x / y."""
    return np.true_divide(x, y)


@op(np.negative, x=lambda g: -g)
def neg(x):
    """-x."""
    return -x


def _pow_base(g, x, y):
    """d(x^y)/dx = y x^(y-1), and 0 where y is 0, also at x = 0."""
    if not np.ndim(y):
        return g * (y * x ** (y - 1)) if y != 0 else np.zeros_like(g)
    zero = y == 0
    return g * (y * x ** np.where(zero, np.ones_like(y), y - 1))


def _pow_exponent(g, x, y, out):
    """d(x^y)/dy = x^y log x, and 0 where x is 0 and y is not negative (the limit)."""
    at_zero = np.logical_and(np.equal(x, 0), np.greater_equal(y, 0))
    return g * np.where(at_zero, np.zeros_like(out), out * np.log(np.where(at_zero, np.ones_like(out), x)))


@op(np.power, x=_pow_base, y=_pow_exponent)
def pow(x, y):
    """x to the power y."""
    return x**y


@op(np.square, x=lambda g, x: g * (2 * x))
def square(x):
    """x * x."""
    return x * x


@op(np.reciprocal, x=lambda g, out: -g * out * out)
def reciprocal(x):
    """1 / x."""
    return 1 / x


@op(np.remainder, np.mod, x=lambda g: g, y=lambda g, x, y: -g * np.floor(x / y))
def remainder(x, y):
    """x - y floor(x / y): the remainder with the sign of y, as Python's %."""
    return np.remainder(x, y)


@op(np.fmod, x=lambda g: g, y=lambda g, x, y: -g * np.trunc(x / y))
def fmod(x, y):
    """x - y trunc(x / y): the remainder with the sign of x, as C's fmod."""
    return np.fmod(x, y)


@op(
    start=lambda g, weight: g * (1 - weight),
    end=lambda g, weight: g * weight,
    weight=lambda g, start, end: g * (end - start),
)
def lerp(start, end, weight):
    """start + weight (end - start)."""
    return start + weight * (end - start)


# Exponentials and logarithms ------------------------------------------------------------------------------------------


@op(np.exp, x=lambda g, out: g * out)
def exp(x):
    """e^x."""
    return np.exp(x)


@op(np.exp2, x=lambda g, out: g * (out * math.log(2)))
def exp2(x):
    """2^x."""
    return np.exp2(x)


@op(np.expm1, x=lambda g, out: g * (out + 1))
def expm1(x):
    """e^x - 1, accurate near 0."""
    return np.expm1(x)


@op(np.log, x=lambda g, x: g / x)
def log(x):
    """The natural logarithm."""
    return np.log(x)


@op(np.log2, x=lambda g, x: g / (x * math.log(2)))
def log2(x):
    """The logarithm to base 2."""
    return np.log2(x)


@op(np.log10, x=lambda g, x: g / (x * math.log(10)))
def log10(x):
    """The logarithm to base 10."""
    return np.log10(x)


@op(np.log1p, x=lambda g, x: g / (x + 1))
def log1p(x):
    """log(1 + x), accurate near 0."""
    return np.log1p(x)


def _share(x, out):
    """exp(x - out), 0 where x is minus infinity: what x has of exp(out)."""
    return np.exp(np.minimum(x - np.where(np.isfinite(out), out, np.zeros_like(out)), 0))


@op(np.logaddexp, x=lambda g, x, out: g * _share(x, out), y=lambda g, y, out: g * _share(y, out))
def logaddexp(x, y):
    """log(e^x + e^y), finite where x and y are."""
    return np.logaddexp(x, y)


@op(np.sqrt, x=lambda g, out: g / (2 * out))
def sqrt(x):
    """The square root; its derivative at 0 is infinite."""
    return np.sqrt(x)


@op(x=lambda g, out: g * (-0.5 * out * out * out))
def rsqrt(x):
    """1 / sqrt(x)."""
    return 1 / np.sqrt(x)


# Trigonometric and hyperbolic -----------------------------------------------------------------------------------------


@op(np.sin, x=lambda g, x: g * np.cos(x))
def sin(x):
    """The sine; x in radians."""
    return np.sin(x)


@op(np.cos, x=lambda g, x: -g * np.sin(x))
def cos(x):
    """The cosine; x in radians."""
    return np.cos(x)


@op(np.tan, x=lambda g, out: g * (1 + out * out))
def tan(x):
    """The tangent; x in radians."""
    return np.tan(x)


@op(np.arcsin, x=lambda g, x: g / np.sqrt(1 - x * x))
def asin(x):
    """The arc sine, in radians."""
    return np.arcsin(x)


@op(np.arccos, x=lambda g, x: -g / np.sqrt(1 - x * x))
def acos(x):
    """The arc cosine, in radians."""
    return np.arccos(x)


@op(np.arctan, x=lambda g, x: g / (1 + x * x))
def atan(x):
    """The arc tangent, in radians."""
    return np.arctan(x)


@op(np.arctan2, y=lambda g, y, x: g * (x / (x * x + y * y)), x=lambda g, y, x: -g * (y / (x * x + y * y)))
def atan2(y, x):
    """The angle of the point (x, y), in radians."""
    return np.arctan2(y, x)


@op(np.sinh, x=lambda g, x: g * np.cosh(x))
def sinh(x):
    """The hyperbolic sine."""
    return np.sinh(x)


@op(np.cosh, x=lambda g, x: g * np.sinh(x))
def cosh(x):
    """The hyperbolic cosine."""
    return np.cosh(x)


@op(np.tanh, x=lambda g, out: g * (1 - out * out))
def tanh(x):
    """The hyperbolic tangent."""
    return np.tanh(x)


@op(np.arcsinh, x=lambda g, x: g / np.sqrt(x * x + 1))
def asinh(x):
    """The inverse hyperbolic sine."""
    return np.arcsinh(x)


@op(np.arccosh, x=lambda g, x: g / np.sqrt(x * x - 1))
def acosh(x):
    """The inverse hyperbolic cosine."""
    return np.arccosh(x)


@op(np.arctanh, x=lambda g, x: g / (1 - x * x))
def atanh(x):
    """The inverse hyperbolic tangent."""
    return np.arctanh(x)


# Nonlinearities -------------------------------------------------------------------------------------------------------


@op(x=lambda g, out: g * (out * (1 - out)))
def sigmoid(x):
    """1 / (1 + e^-x), from e^-|x|, which cannot overflow."""
    e = np.exp(-np.abs(x))
    return np.where(x >= 0, 1, e) / (1 + e)


@op(x=lambda g, out: g * (out > 0))
def relu(x):
    """max(x, 0); its derivative at 0 is 0."""
    return np.maximum(x, 0)


@op(x=lambda g, x, negative_slope: g * np.where(x > 0, np.ones_like(x), np.full_like(x, negative_slope)))
def leaky_relu(x, *, negative_slope=0.01):
    """x where it is positive, else negative_slope x; the derivative at 0 is negative_slope."""
    return np.where(x > 0, x, x * negative_slope)


@op(x=lambda g, x, alpha: g * np.where(x > 0, np.ones_like(x), alpha * np.exp(np.minimum(x, 0))))
def elu(x, *, alpha=1.0):
    """x where it is positive, else alpha (e^x - 1)."""
    return np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0)))


@op(x=lambda g, x: g * sigmoid(x))
def softplus(x):
    """log(1 + e^x), finite at any x."""
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


@op(x=lambda g, x: g * (2 / math.sqrt(math.pi) * np.exp(-x * x)))
def erf(x):
    """The error function, 2/sqrt(pi) times the integral of e^(-t^2) from 0 to x."""
    return kernels.erf(x)


# Kinks and steps ------------------------------------------------------------------------------------------------------


@op(np.abs, np.fabs, x=lambda g, x: g * np.sign(x))
def abs(x):
    """|x|; its derivative at 0 is 0."""
    return np.abs(x)


def _split(g, x, y, chosen):
    """The gradient of the argument that was `chosen`; half of it where both are equal."""
    return g * np.where(np.equal(x, y), np.full_like(g, 0.5), chosen.astype(g.dtype))


@op(np.maximum, np.fmax, x=lambda g, x, y: _split(g, x, y, x > y), y=lambda g, x, y: _split(g, x, y, x < y))
def maximum(x, y):
    """The greater of x and y; equal ones share the gradient."""
    return np.maximum(x, y)


@op(np.minimum, np.fmin, x=lambda g, x, y: _split(g, x, y, x < y), y=lambda g, x, y: _split(g, x, y, x > y))
def minimum(x, y):
    """The smaller of x and y; equal ones share the gradient."""
    return np.minimum(x, y)


def _inside(g, x, min, max):
    inside = True if min is None else np.greater_equal(x, min)
    return g * (inside if max is None else np.logical_and(inside, np.less_equal(x, max)))


@op(x=_inside)
def clip(x, *, min=None, max=None):
    """x kept between the numbers min and max; the derivative on a bound is 1."""
    return np.clip(x, min, max)


@op(
    np.where,
    x=lambda g, condition: np.where(condition, g, np.zeros_like(g)),
    y=lambda g, condition: np.where(condition, np.zeros_like(g), g),
)
def where(condition, x, y):
    """x where the condition holds, else y."""
    return np.where(condition, x, y)


@op(
    x=lambda g, mask: np.where(mask, np.zeros_like(g), g),
    value=lambda g, mask: np.where(mask, g, np.zeros_like(g)),
)
def masked_fill(x, mask, value):
    """x with `value` where the mask is true."""
    return np.where(mask, np.asarray(value, x.dtype), x)


@op(x=lambda g: g)
def cast(x, *, dtype):
    """x in another dtype; the walk brings the gradient back to that of x."""
    return x.astype(dtype)


@op(np.copy, x=lambda g: g)
def clone(x):
    """A copy of x, in row-major order."""
    return np.array(x, order="C")


def _flat(g):
    """The derivative of a function of steps: 0 wherever there is one."""
    return np.zeros_like(g)


@op(np.sign, x=_flat)
def sign(x):
    """-1, 0 or 1; its derivative is 0."""
    return np.sign(x)


@op(np.floor, x=_flat)
def floor(x):
    """The greatest integer that is not above x; its derivative is 0."""
    return np.floor(x)


@op(np.ceil, x=_flat)
def ceil(x):
    """The smallest integer that is not below x; its derivative is 0."""
    return np.ceil(x)


@op(np.trunc, x=_flat)
def trunc(x):
    """The integer part of x; its derivative is 0."""
    return np.trunc(x)


@op(np.round, np.rint, x=_flat)
def round(x, *, decimals=0):
    """x rounded to `decimals`, halves to even; its derivative is 0."""
    return np.round(x, decimals)


# Comparison and logic: no derivative ----------------------------------------------------------------------------------


def _plain(function, doc):
    """An op without derivative, whose forward is NumPy's function."""

    def of_one(x):
        return function(x)

    def of_two(x, y):
        return function(x, y)

    forward = of_one if function.nin == 1 else of_two
    forward.__name__ = forward.__qualname__ = {"equal": "eq", "not_equal": "ne", "less": "lt", "less_equal": "le"}.get(
        function.__name__, {"greater": "gt", "greater_equal": "ge"}.get(function.__name__, function.__name__)
    )
    forward.__doc__ = doc
    return op(function)(forward)


eq = _plain(np.equal, "Whether x equals y, elementwise.")
ne = _plain(np.not_equal, "Whether x differs from y, elementwise.")
lt = _plain(np.less, "Whether x is less than y, elementwise.")
le = _plain(np.less_equal, "Whether x is at most y, elementwise.")
gt = _plain(np.greater, "Whether x is greater than y, elementwise.")
ge = _plain(np.greater_equal, "Whether x is at least y, elementwise.")
isnan = _plain(np.isnan, "Whether x is not a number, elementwise.")
isinf = _plain(np.isinf, "Whether x is infinite, elementwise.")
isfinite = _plain(np.isfinite, "Whether x is finite, elementwise.")
logical_not = _plain(np.logical_not, "Whether x is false, elementwise.")
logical_and = _plain(np.logical_and, "Whether x and y are both true, elementwise.")
logical_or = _plain(np.logical_or, "Whether x or y is true, elementwise.")
logical_xor = _plain(np.logical_xor, "Whether just one of x and y is true, elementwise.")
bitwise_not = _plain(np.invert, "The complement of the bits (of truth values: not).")
bitwise_and = _plain(np.bitwise_and, "The bits (or truth values) that x and y share.")
bitwise_or = _plain(np.bitwise_or, "The bits (or truth values) that x or y has.")
bitwise_xor = _plain(np.bitwise_xor, "The bits (or truth values) that just one of x and y has.")
floor_divide = _plain(np.floor_divide, "x / y rounded down; no derivative.")

"""Arithmetic, nonlinearities, kinks and steps, elementwise. Subgradients at kinks are PyTorch's."""

from __future__ import annotations

import numpy as np

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

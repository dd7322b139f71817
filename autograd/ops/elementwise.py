"""Arithmetic, nonlinearities, kinks and steps, elementwise. Subgradients at kinks are PyTorch's."""

from __future__ import annotations

import numpy as np

from autograd.dtypes import default_dtype
from autograd.ops.table import alias, function, op

__all__ = ["add", "sub", "mul", "div", "neg", "pow", "square", "reciprocal", "remainder", "fmod", "lerp", "addcmul"]
__all__ += [
    "addcdiv",
    "multiply",
    "subtract",
    "divide",
    "true_divide",
    "floor_divide",
    "sigmoid",
    "relu",
    "clone",
    "abs",
]
__all__ += ["sign", "floor", "ceil", "trunc", "round", "maximum", "minimum", "clamp", "clip", "where", "masked_fill"]
__all__ += ["nan_to_num", "fmax", "fmin"]

# Arithmetic -----------------------------------------------------------------------------------------------------------


@op(np.add, inplace=True, x=lambda g: g, y=lambda g, alpha: g if alpha == 1 else g * alpha)
def add(x, y, *, alpha=1):
    """x + alpha y."""
    return x + y if alpha == 1 else x + y * alpha


@op(np.subtract, inplace=True, x=lambda g: g, y=lambda g, alpha: g * -alpha)
def sub(x, y, *, alpha=1):
    """x - alpha y."""
    return x - y if alpha == 1 else x - y * alpha


@op(np.multiply, inplace=True, x=lambda g, y: g * y, y=lambda g, x: g * x)
def mul(x, y):
    """x y."""
    return x * y


@op(method=False, x=lambda g: g, y=lambda g, shape: np.zeros(shape, g.dtype))
def constant_in(x, y):
    """x, recorded as a function of y too, by which its derivative is 0: not missing, where a rule gives it."""
    return x


def select(condition, g, x=None):
    """g where the condition holds, else 0, also where g is infinite or nan and `g * condition` would be nan.

    With `x`, the result is `constant_in(x)`. The bits of an array are multiplied by 0 or 1: as fast as that product,
    where `np.where` takes up to ten times as long.
    """
    if type(g) is not np.ndarray or type(condition) is not np.ndarray:
        chosen = np.where(condition, g, 0)
        return chosen if x is None else constant_in(chosen, x)
    return (g.view(_INTEGERS[g.itemsize]) * condition).view(g.dtype)


_INTEGERS = {n: np.dtype(f"i{n}") for n in (2, 4, 8)}


def _flat(g):
    """The derivative of a function of steps: 0 wherever there is one."""
    return np.zeros_like(g)


def _is_whole(x):
    return x.dtype.kind != "f" if hasattr(x, "dtype") else not isinstance(x, float)


def _check_divisor(x, y):
    """Raise RuntimeError where whole numbers are divided by 0, as torch does; that of floats is infinite or nan."""
    if _is_whole(x) and _is_whole(y) and not np.all(y):
        raise RuntimeError("a whole number cannot be divided by 0: convert the tensors with .float() for inf and nan")


def _trunc_divide(x, y):
    if not (_is_whole(x) and _is_whole(y)):
        return np.trunc(np.true_divide(x, y))
    down = floor_divide(x, y)
    return down + ((down < 0) & (down * y != x))


@op(
    np.divide,
    inplace=True,
    x=lambda g, y, rounding_mode: _flat(g) if rounding_mode else g / y,
    y=lambda g, y, out, rounding_mode: _flat(g) if rounding_mode else -g * out / y,
)
def div(x, y, *, rounding_mode=None):
    """x / y; with `rounding_mode` "floor" or "trunc" it is rounded, and its derivative is 0."""
    if rounding_mode is None:
        return np.true_divide(x, y)
    if rounding_mode not in ("floor", "trunc"):
        raise RuntimeError(f'div: rounding_mode must be None, "floor" or "trunc", not {rounding_mode!r}')
    return floor_divide(x, y) if rounding_mode == "floor" else _trunc_divide(x, y)


@op(np.floor_divide, inplace=True, x=_flat, y=_flat)
def floor_divide(x, y):
    """x / y rounded down; its derivative is 0."""
    _check_divisor(x, y)
    return np.floor_divide(x, y)


multiply = alias(mul, "multiply")
subtract = alias(sub, "subtract")
divide = true_divide = alias(div, "divide", "true_divide")


@op(np.negative, inplace=True, x=lambda g: -g)
def neg(x):
    """-x."""
    return -x


def _pow_base(g, x, exponent):
    """d(x^y)/dx = y x^(y-1), and 0 where y is 0, also at x = 0."""
    y = exponent
    if not np.ndim(y):
        return g * (y * x ** (y - 1)) if y != 0 else np.zeros_like(g)
    zero = np.equal(y, 0)
    return select(np.logical_not(zero), g * (y * x ** np.where(zero, 1, y - 1)))


def _pow_exponent(g, x, exponent, out):
    """d(x^y)/dy = x^y log x, and 0 where x is 0 and y is not negative (the limit)."""
    at_zero = np.logical_and(np.equal(x, 0), np.greater_equal(exponent, 0))
    return g * np.where(at_zero, np.zeros_like(out), out * np.log(np.where(at_zero, np.ones_like(out), x)))


@op(np.power, inplace=True, x=_pow_base, exponent=_pow_exponent)
def pow(x, exponent):
    """x to the power `exponent`; truth values to that of a whole number are int64."""
    if not isinstance(exponent, np.ndarray) and x.dtype == np.bool_:
        x = x.astype(np.int64)
    return x**exponent


@op(np.square, inplace=True, x=lambda g, x: g * (2 * x))
def square(x):
    """x x; of truth values an int64."""
    return x * x if x.dtype != np.bool_ else x.astype(np.int64)


@op(np.reciprocal, inplace=True, x=lambda g, out: -g * out * out)
def reciprocal(x):
    """1 / x."""
    return 1 / x


@op(np.remainder, np.mod, inplace=True, x=lambda g: g, y=lambda g, x, y: -g * div(x, y, rounding_mode="floor"))
def remainder(x, y):
    """x - y floor(x / y): the remainder with the sign of y, as Python's %."""
    _check_divisor(x, y)
    return np.remainder(x, y)


@op(np.fmod, inplace=True, x=lambda g: g, y=lambda g, x, y: -g * div(x, y, rounding_mode="trunc"))
def fmod(x, y):
    """x - y trunc(x / y): the remainder with the sign of x, as C's fmod."""
    _check_divisor(x, y)
    return np.fmod(x, y)


@op(
    inplace=True,
    x=lambda g, weight: g * (1 - weight),
    end=lambda g, weight: g * weight,
    weight=lambda g, x, end: g * (end - x),
)
def lerp(x, end, weight):
    """x + weight (end - x)."""
    return x + weight * (end - x)


@function(inplace=True)
def addcmul(input, tensor1, tensor2, *, value=1):
    """input + value tensor1 tensor2."""
    return add(input, tensor1 * tensor2, alpha=value)


@function(inplace=True)
def addcdiv(input, tensor1, tensor2, *, value=1):
    """input + value tensor1 / tensor2."""
    return input + value * (tensor1 / tensor2)


# Nonlinearities -------------------------------------------------------------------------------------------------------


def as_floats(x):
    """x itself, whole numbers and truth values in the default dtype."""
    return x if x.dtype.kind == "f" else x.astype(default_dtype())


@op(inplace=True, x=lambda g, out: g * (out * (1 - out)))
def sigmoid(x):
    """1 / (1 + e^-x), from e^-|x|, which cannot overflow."""
    x = as_floats(x)
    e = np.exp(-np.abs(x))
    return np.where(x >= 0, 1, e) / (1 + e)


@op(inplace=True, x=lambda g, out: select(out != 0, g, out))
def relu(x):
    """max(x, 0), nan where x is; its derivative at 0 is 0."""
    return np.maximum(x, 0)


# Kinks and steps ------------------------------------------------------------------------------------------------------


@op(np.abs, np.fabs, inplace=True, x=lambda g, x: g * np.sign(x))
def abs(x):
    """|x|; its derivative at 0 is 0."""
    return np.abs(x)


def _unless(lost, g, x, y):
    """The gradient of an argument of `maximum`: 0 where it `lost`, half of g where x and y are equal."""
    return select(np.logical_not(lost), np.where(np.equal(x, y), g * 0.5, g))


@op(
    np.maximum,
    x=lambda g, x, y: _unless(x < y, g, x, y),
    y=lambda g, x, y: _unless(y < x, g, x, y),
)
def maximum(x, y):
    """The greater of x and y, nan where one is; equal ones share the gradient."""
    return np.maximum(x, y)


@op(
    np.minimum,
    x=lambda g, x, y: _unless(y < x, g, x, y),
    y=lambda g, x, y: _unless(x < y, g, x, y),
)
def minimum(x, y):
    """The smaller of x and y, nan where one is; equal ones share the gradient."""
    return np.minimum(x, y)


@function(np.fmax)
def fmax(input, other):
    """The greater of both, the number where one is nan; of equal ones the first has the gradient."""
    return where(np.logical_or(np.greater_equal(input, other), np.isnan(other)), input, other)


@function(np.fmin)
def fmin(input, other):
    """The smaller of both, the number where one is nan; of equal ones the first has the gradient."""
    return where(np.logical_or(np.less_equal(input, other), np.isnan(other)), input, other)


def _inside(x, min, max):
    low = True if min is None else np.greater_equal(x, min)
    return low if max is None else np.logical_and(low, np.less_equal(x, max))


def _clamped_low(x, min, max):
    return np.less(x, min) if max is None else np.logical_and(np.less(x, min), np.less(min, max))


def _clamped_high(x, min, max):
    return np.greater(x, max) if min is None else np.logical_or(np.greater(x, max), np.less(max, min))


@op(
    inplace=True,
    x=lambda g, x, min, max: select(_inside(x, min, max), g),
    min=lambda g, x, min, max: select(_clamped_low(x, min, max), g),
    max=lambda g, x, min, max: select(_clamped_high(x, min, max), g),
)
def clamp(x, min=None, max=None):
    """x kept between min and max, which are numbers or tensors; the derivative by x on a bound is 1."""
    if min is None and max is None:
        raise RuntimeError("clamp needs min, max or both")
    return np.clip(x, min, max)


clip = alias(clamp, "clip")


@op(
    np.where,
    method=False,
    x=lambda g, condition: select(condition, g),
    y=lambda g, condition: select(np.logical_not(condition), g),
)
def where(condition, x=None, y=None):
    """x where the condition holds, else y; without them, the indices where it holds, one tensor a dim."""
    return np.nonzero(condition) if x is None else np.where(condition, x, y)


@op(inplace=True, x=lambda g, mask: select(np.logical_not(mask), g), value=lambda g, mask: select(mask, g))
def masked_fill(x, mask, value):
    """x with `value` where the mask is true."""
    return np.where(mask, np.asarray(value, x.dtype), x)


@op(inplace=True, x=lambda g, x: select(np.isfinite(x), g))
def nan_to_num(x, *, nan=0.0, posinf=None, neginf=None):
    """x with numbers in the place of nan and the infinities; without others, the greatest and the smallest."""
    return np.nan_to_num(x, nan=nan, posinf=posinf, neginf=neginf)


@op(x=lambda g: g)
def cast(x, *, dtype):
    """x in another dtype; the walk brings the gradient back to that of x."""
    return x.astype(dtype)


@op(np.copy, x=lambda g: g)
def clone(x, *, memory_format=None):
    """A copy of x, with its dims in the same order in memory; in row-major order with a memory_format."""
    return np.array(x, order="K" if memory_format is None and 0 not in x.strides else "C")


@op(np.sign, inplace=True, x=_flat)
def sign(x):
    """-1, 0 or 1; its derivative is 0."""
    return np.sign(x) if x.dtype != np.bool_ else x.copy()


@op(np.floor, inplace=True, x=_flat)
def floor(x):
    """The greatest integer that is not above x; its derivative is 0."""
    return np.floor(x)


@op(np.ceil, inplace=True, x=_flat)
def ceil(x):
    """The smallest integer that is not below x; its derivative is 0."""
    return np.ceil(x)


@op(np.trunc, inplace=True, x=_flat)
def trunc(x):
    """The integer part of x; its derivative is 0."""
    return np.trunc(x)


@op(np.round, np.rint, inplace=True, x=_flat)
def round(x, *, decimals=0):
    """x rounded to `decimals`, halves to even; its derivative is 0."""
    return np.round(x, decimals)

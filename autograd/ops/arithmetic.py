"""Arithmetic, elementwise: sums, products, quotients, powers and remainders."""

from __future__ import annotations

import numpy as np

from autograd.grad_mode import mode
from autograd.ops.elementwise import flat, select
from autograd.ops.table import alias, function, op

__all__ = ["add", "sub", "mul", "div", "neg", "pow", "square", "reciprocal", "remainder", "fmod", "lerp", "addcmul"]
__all__ += ["addcdiv", "multiply", "subtract", "divide", "true_divide", "floor_divide"]


def _factor(alpha, y):
    """alpha as a factor of y: modulo 256 for uint8, which NumPy refuses to make of a negative number."""
    return np.asarray(alpha).astype(np.uint8) if np.result_type(y) == np.uint8 else alpha


def _factors(name, y, alpha):
    """y and alpha, where alpha is a tensor: of no dims it is a number, otherwise the order is torch's older one."""
    if mode.grad and alpha.requires_grad:
        raise TypeError(
            f"the factor of {name} has no derivative, and must be a number: write {name}(tensor, alpha=number)"
        )
    return (alpha.array, y) if alpha.ndim else (y, number(alpha))


def number(alpha):
    """alpha, where it is a tensor of no dims its only element."""
    return alpha.item() if hasattr(alpha, "item") else alpha


@op(np.add, inplace=True, x=lambda g: g, y=lambda g, alpha: g if alpha == 1 else g * number(alpha))
def add(x, y, *, alpha=1):
    """x + alpha y."""
    if type(alpha) is not int and hasattr(alpha, "array"):
        y, alpha = _factors("add", y, alpha)
    return x + y if alpha == 1 else x + y * _factor(alpha, y)


@op(np.subtract, inplace=True, x=lambda g: g, y=lambda g, alpha: g * -number(alpha))
def sub(x, y, *, alpha=1):
    """x - alpha y."""
    if type(alpha) is not int and hasattr(alpha, "array"):
        y, alpha = _factors("sub", y, alpha)
    return x - y if alpha == 1 else x - y * _factor(alpha, y)


@op(np.multiply, inplace=True, x=lambda g, y: g * y, y=lambda g, x: g * x)
def mul(x, y):
    """x y."""
    return x * y


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
    x=lambda g, y, rounding_mode: flat(g) if rounding_mode else g / y,
    y=lambda g, x, y, rounding_mode: flat(g) if rounding_mode else -g * (x / y / y),
)
def div(x, y, *, rounding_mode=None):
    """x / y; with `rounding_mode` "floor" or "trunc" it is rounded, and its derivative is 0."""
    if rounding_mode is None:
        return np.true_divide(x, y)
    if rounding_mode not in ("floor", "trunc"):
        raise RuntimeError(f'div: rounding_mode must be None, "floor" or "trunc", not {rounding_mode!r}')
    return floor_divide(x, y) if rounding_mode == "floor" else _trunc_divide(x, y)


@op(np.floor_divide, inplace=True, x=flat, y=flat)
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
    """x to the power `exponent`; booleans to the power of an integer give int64.

    An integer to a negative power is truncated to an integer, if the exponent is a tensor.
    """
    if not isinstance(exponent, np.ndarray):
        if x.dtype == np.bool_:
            x = x.astype(np.int64)
        if type(exponent) is int and exponent < 0 and x.dtype.kind in "iu":
            raise RuntimeError(f"integers to the negative power {exponent} are fractions: convert them to floats first")
    if isinstance(exponent, np.ndarray) and exponent.dtype.kind == "i" and np.result_type(x).kind in "iu":
        powers = x ** np.maximum(exponent, 0)
        inverse = np.where(np.abs(x) == 1, x ** np.abs(exponent), 0)  # 1 / x^n is not a fraction for 1 and -1 alone
        return np.where(exponent < 0, inverse, powers).astype(powers.dtype)
    return x**exponent


@op(np.square, inplace=True, x=lambda g, x: g * (2 * x))
def square(x):
    """x squared; int64 for booleans."""
    return x * x if x.dtype != np.bool_ else x.astype(np.int64)


@op(np.reciprocal, inplace=True, x=lambda g, out: -g * (out * out))
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
def addcmul(input, tensor1, tensor2, *older, value=1):
    """input + value tensor1 tensor2. In torch's older order the number comes before the tensors."""
    if older:
        value, tensor1, tensor2 = tensor1, tensor2, older[0]
    return add(input, tensor1 * tensor2, alpha=value)


@function(inplace=True)
def addcdiv(input, tensor1, tensor2, *older, value=1):
    """input + value tensor1 / tensor2. In torch's older order the number comes before the tensors."""
    if older:
        value, tensor1, tensor2 = tensor1, tensor2, older[0]
    return input + value * (tensor1 / tensor2)

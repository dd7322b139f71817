"""Nonlinearities, kinks and steps, elementwise. Subgradients at kinks are PyTorch's."""

from __future__ import annotations

import sys

import numpy as np

from autograd.dtypes import default_dtype
from autograd.errors import ShapeError
from autograd.naming import named
from autograd.ops.table import alias, function, op

__all__ = ["sigmoid", "relu", "clone", "abs", "sign", "floor", "ceil", "trunc", "round", "maximum", "minimum", "fmax"]
__all__ += ["fmin", "clamp", "clip", "where", "masked_fill", "nan_to_num"]

# What rules are made of -----------------------------------------------------------------------------------------------


@op(method=False, x=lambda g: g, y=lambda g, shape: np.zeros(shape, g.dtype))
def constant_in(x, y):
    """x, recorded as a function of y too, by which its derivative is 0: not missing, where a rule gives it."""
    return np.array(x)


def select(condition, g, x=None):
    """g where the condition holds, else 0, also where g is infinite or nan and `g * condition` would be nan.

    With `x`, the result is `constant_in(x)`. The bits of an array are multiplied by 0 or 1: as fast as that product,
    where `np.where` takes up to ten times as long.
    """
    if type(g) is not np.ndarray or type(condition) is not np.ndarray or g.itemsize not in _INTEGERS:
        chosen = np.where(condition, g, 0)
        return chosen if x is None else constant_in(chosen, x)
    return (g.view(_INTEGERS[g.itemsize]) * condition).view(g.dtype)


_INTEGERS = {n: np.dtype(f"i{n}") for n in (2, 4, 8)}


def flat(g):
    """The derivative of a function of steps: 0 wherever there is one."""
    return np.zeros_like(g)


def of_numpy(name, doc, ufunc, *others, inplace=True, **rules):
    """The op whose forward is one of NumPy's functions, of x or of x and y; it serves `others` of NumPy's as well."""

    def of_one(x):
        return ufunc(x)

    def of_two(x, y):
        return ufunc(x, y)

    forward = of_one if ufunc.nin == 1 else of_two
    forward.__module__ = sys._getframe(1).f_globals["__name__"]  # where the op is defined
    return op(ufunc, *others, inplace=inplace, **rules)(named(forward, name, doc))


def as_floats(x):
    """x itself, whole numbers and truth values in the default dtype."""
    return x if x.dtype.kind in "fc" else x.astype(default_dtype())


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


def _abs_rule(g, x):
    return g * (np.sign(x) if x.dtype.kind != "c" else x / np.where(x == 0, 1, np.abs(x)))


abs = of_numpy("abs", "|x|; its derivative at 0 is 0.", np.abs, np.fabs, x=_abs_rule)


def _unless(lost, g, x, y):
    """The gradient of an argument of `maximum`: 0 where it `lost`, half of g where x and y are equal."""
    return select(np.logical_not(lost), np.where(np.equal(x, y), g * 0.5, g))


@op(np.maximum, x=lambda g, x, y: _unless(x < y, g, x, y), y=lambda g, x, y: _unless(y < x, g, x, y))
def maximum(x, y):
    """The greater of x and y, nan where one is; equal ones share the gradient."""
    return np.maximum(x, y)


@op(np.minimum, x=lambda g, x, y: _unless(y < x, g, x, y), y=lambda g, x, y: _unless(x < y, g, x, y))
def minimum(x, y):
    """The smaller of x and y, nan where one is; equal ones share the gradient."""
    return np.minimum(x, y)


@function(np.fmax)
def fmax(input, other):
    """The greater of x and y, and the number where one is nan; of equal ones the first gets the gradient."""
    return where(np.logical_or(np.greater_equal(input, other), np.isnan(other)), input, other)


@function(np.fmin)
def fmin(input, other):
    """The smaller of x and y, and the number where one is nan; of equal ones the first gets the gradient."""
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
    """x limited to [min, max], which are numbers or tensors; where x is equal to a bound, its derivative is 1."""
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
    """x with `value`, a number or a tensor of 0 dims, where the mask is true."""
    if np.ndim(value):
        raise ShapeError(f"masked_fill: value must have 0 dims, got the shape {value.shape}; see where()")
    return np.where(mask, np.asarray(value, x.dtype), x)


@op(inplace=True, x=lambda g, x: select(np.isfinite(x), g))
def nan_to_num(x, *, nan=0.0, posinf=None, neginf=None):
    """Replace nan (by 0) and the infinities (by the largest and smallest finite number), or by the numbers given."""
    return np.nan_to_num(x, nan=nan, posinf=posinf, neginf=neginf)


@op(x=lambda g: g)
def cast(x, *, dtype):
    """x in another dtype; the walk brings the gradient back to that of x."""
    return x.astype(dtype, _order_of(x))


def _order_of(x):
    """How a copy of x lies in memory, as `order` says it to NumPy, which would put expanded dims last."""
    return "C" if 0 in x.strides else "K"


@op(np.copy, x=lambda g: g)
def clone(x, *, memory_format=None):
    """A copy of x, with its dims in the same order in memory; in row-major order with a memory_format."""
    return np.array(x, order=_order_of(x) if memory_format in (None, "preserve_format") else "C")


@op(np.sign, inplace=True, x=flat)
def sign(x):
    """-1, 0 or 1; its derivative is 0."""
    return np.sign(x) if x.dtype != np.bool_ else x.copy()


floor = of_numpy("floor", "The greatest integer that is not above x; its derivative is 0.", np.floor, x=flat)
ceil = of_numpy("ceil", "The smallest integer that is not below x; its derivative is 0.", np.ceil, x=flat)
trunc = of_numpy("trunc", "The integer part of x; its derivative is 0.", np.trunc, x=flat)


@op(np.round, np.rint, inplace=True, x=flat)
def round(x, *, decimals=0):
    """x rounded to `decimals`, halves to even; its derivative is 0."""
    return np.round(x, decimals)

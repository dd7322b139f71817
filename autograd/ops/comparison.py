"""Comparison and logic, elementwise: operations without a derivative."""

from __future__ import annotations

import numpy as np

from autograd.ops.table import function, op

__all__ = ["eq", "ne", "lt", "le", "gt", "ge", "isnan", "isinf", "isfinite", "isclose", "allclose", "equal"]
__all__ += ["logical_not", "logical_and", "logical_or", "logical_xor", "bitwise_not", "bitwise_and", "bitwise_or"]
__all__ += ["bitwise_xor"]


def without_derivative(name, ufunc, doc, inplace=False):
    """An op that records nothing, whose forward is NumPy's function."""

    def of_one(x):
        return ufunc(x)

    def of_two(x, y):
        return ufunc(x, y)

    forward = of_one if ufunc.nin == 1 else of_two
    forward.__name__ = forward.__qualname__ = name
    forward.__doc__ = doc
    return op(ufunc, inplace=inplace)(forward)


eq = without_derivative("eq", np.equal, "Whether x equals y, elementwise.", True)
ne = without_derivative("ne", np.not_equal, "Whether x differs from y, elementwise.", True)
lt = without_derivative("lt", np.less, "Whether x is less than y, elementwise.", True)
le = without_derivative("le", np.less_equal, "Whether x is at most y, elementwise.", True)
gt = without_derivative("gt", np.greater, "Whether x is greater than y, elementwise.", True)
ge = without_derivative("ge", np.greater_equal, "Whether x is at least y, elementwise.", True)
isnan = without_derivative("isnan", np.isnan, "Whether x is not a number, elementwise.")
isinf = without_derivative("isinf", np.isinf, "Whether x is infinite, elementwise.")
isfinite = without_derivative("isfinite", np.isfinite, "Whether x is finite, elementwise.")
logical_not = without_derivative("logical_not", np.logical_not, "Whether x is false, elementwise.", True)
logical_and = without_derivative("logical_and", np.logical_and, "Whether x and y are both true, elementwise.", True)
logical_or = without_derivative("logical_or", np.logical_or, "Whether x or y is true, elementwise.", True)
logical_xor = without_derivative("logical_xor", np.logical_xor, "Whether one of x and y alone is true.", True)
bitwise_not = without_derivative("bitwise_not", np.invert, "The complement of the bits; of truth values, not.", True)
bitwise_and = without_derivative("bitwise_and", np.bitwise_and, "The bits (or truth values) that both have.", True)
bitwise_or = without_derivative("bitwise_or", np.bitwise_or, "The bits (or truth values) that x or y has.", True)
bitwise_xor = without_derivative("bitwise_xor", np.bitwise_xor, "The bits that one of x and y alone has.", True)


@op()
def isclose(x, y, *, rtol=1e-5, atol=1e-8, equal_nan=False):
    """Whether |x - y| <= atol + rtol |y|, elementwise."""
    if rtol < 0 or atol < 0:
        raise RuntimeError(f"isclose: rtol and atol must not be negative, got {rtol} and {atol}")
    return np.isclose(x, y, rtol, atol, equal_nan)


@function()
def allclose(input, other, rtol=1e-5, atol=1e-8, equal_nan=False):
    """Whether |input - other| <= atol + rtol |other| everywhere."""
    return bool(isclose(input, other, rtol=rtol, atol=atol, equal_nan=equal_nan).all())


@function()
def equal(input, other):
    """Whether both have the same shape and the same elements."""
    return np.shape(input) == np.shape(other) and bool(eq(input, other).all())

"""Comparison and logic, elementwise: operations without a derivative."""

from __future__ import annotations

import numpy as np

from autograd.ops.elementwise import of_numpy
from autograd.ops.table import function, op

__all__ = ["eq", "ne", "lt", "le", "gt", "ge", "isnan", "isinf", "isfinite", "isclose", "allclose", "equal"]
__all__ += ["logical_not", "logical_and", "logical_or", "logical_xor", "bitwise_not", "bitwise_and", "bitwise_or"]
__all__ += ["bitwise_xor"]


eq = of_numpy("eq", "Whether x equals y, elementwise.", np.equal)
ne = of_numpy("ne", "Whether x differs from y, elementwise.", np.not_equal)
lt = of_numpy("lt", "Whether x is less than y, elementwise.", np.less)
le = of_numpy("le", "Whether x is at most y, elementwise.", np.less_equal)
gt = of_numpy("gt", "Whether x is greater than y, elementwise.", np.greater)
ge = of_numpy("ge", "Whether x is at least y, elementwise.", np.greater_equal)
isnan = of_numpy("isnan", "Whether x is not a number, elementwise.", np.isnan, inplace=False)
isinf = of_numpy("isinf", "Whether x is infinite, elementwise.", np.isinf, inplace=False)
isfinite = of_numpy("isfinite", "Whether x is finite, elementwise.", np.isfinite, inplace=False)
logical_not = of_numpy("logical_not", "Whether x is false, elementwise.", np.logical_not)
logical_and = of_numpy("logical_and", "Whether x and y are both true, elementwise.", np.logical_and)
logical_or = of_numpy("logical_or", "Whether x or y is true, elementwise.", np.logical_or)
logical_xor = of_numpy("logical_xor", "Whether exactly one of x and y is true, elementwise.", np.logical_xor)
bitwise_not = of_numpy("bitwise_not", "The bitwise complement of integers; the logical not of booleans.", np.invert)
bitwise_and = of_numpy("bitwise_and", "The bitwise and of integers; the logical and of booleans.", np.bitwise_and)
bitwise_or = of_numpy("bitwise_or", "The bitwise or of integers; the logical or of booleans.", np.bitwise_or)
bitwise_xor = of_numpy("bitwise_xor", "The bits that one of x and y alone has.", np.bitwise_xor)


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

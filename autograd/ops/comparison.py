"""Comparison, logic and whole-number division, elementwise: operations without a derivative."""

from __future__ import annotations

import numpy as np

from autograd.ops.table import op


def _plain(name, function, doc):
    """An op without derivative, whose forward is NumPy's function."""

    def of_one(x):
        return function(x)

    def of_two(x, y):
        return function(x, y)

    forward = of_one if function.nin == 1 else of_two
    forward.__name__ = forward.__qualname__ = name
    forward.__doc__ = doc
    return op(function)(forward)


eq = _plain("eq", np.equal, "Whether x equals y, elementwise.")
ne = _plain("ne", np.not_equal, "Whether x differs from y, elementwise.")
lt = _plain("lt", np.less, "Whether x is less than y, elementwise.")
le = _plain("le", np.less_equal, "Whether x is at most y, elementwise.")
gt = _plain("gt", np.greater, "Whether x is greater than y, elementwise.")
ge = _plain("ge", np.greater_equal, "Whether x is at least y, elementwise.")
isnan = _plain("isnan", np.isnan, "Whether x is not a number, elementwise.")
isinf = _plain("isinf", np.isinf, "Whether x is infinite, elementwise.")
isfinite = _plain("isfinite", np.isfinite, "Whether x is finite, elementwise.")
logical_not = _plain("logical_not", np.logical_not, "Whether x is false, elementwise.")
logical_and = _plain("logical_and", np.logical_and, "Whether x and y are both true, elementwise.")
logical_or = _plain("logical_or", np.logical_or, "Whether x or y is true, elementwise.")
logical_xor = _plain("logical_xor", np.logical_xor, "Whether just one of x and y is true, elementwise.")
bitwise_not = _plain("bitwise_not", np.invert, "The complement of the bits (of truth values: not).")
bitwise_and = _plain("bitwise_and", np.bitwise_and, "The bits (or truth values) that x and y share.")
bitwise_or = _plain("bitwise_or", np.bitwise_or, "The bits (or truth values) that x or y has.")
bitwise_xor = _plain("bitwise_xor", np.bitwise_xor, "The bits (or truth values) that just one of x and y has.")
floor_divide = _plain("floor_divide", np.floor_divide, "x / y rounded down; no derivative.")

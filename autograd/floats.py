"""Functions of Python's floats that give what NumPy gives, inf and nan, where Python itself raises.

They take any other number that computes for itself as well, a nested Value above all.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

_PLAIN = (float, int, np.number)
FUNCTIONS: dict[str, Callable[..., float]] = {
    "exp": math.exp,
    "log": math.log,
    "sqrt": math.sqrt,
    "sin": math.sin,
    "cos": math.cos,
    "tanh": math.tanh,
    "erf": math.erf,
    "sigmoid": lambda x: 1.0 / (1.0 + math.exp(-x)) if x > -700 else math.exp(x),
    "relu": lambda x: 0.0 if x <= 0 else x,
    "sign": lambda x: float((x > 0) - (x < 0)),
    "maximum": lambda x, y: x if x >= y or x != x else y,
    "minimum": lambda x, y: x if x <= y or x != x else y,
}


def apply(name: str, x: Any, *rest: Any) -> Any:
    """One of FUNCTIONS of plain numbers; of any other, its method of that name."""
    if isinstance(x, _PLAIN):
        if not rest or isinstance(rest[0], _PLAIN):
            try:
                return FUNCTIONS[name](x, *rest)
            except (ArithmeticError, ValueError):
                return _ieee(name, x, *rest)
        x, rest = rest[0], (x,)  # maximum and minimum, which alone have two arguments, are symmetric
    return getattr(x, name)(*rest)


def divide(x: Any, y: Any) -> Any:
    """x / y, by zero too."""
    try:
        return x / y
    except ZeroDivisionError:
        return _ieee("divide", x, y)


def power(x: Any, y: Any) -> Any:
    """x to the power y, nan where that is no real number."""
    if not (isinstance(x, _PLAIN) and isinstance(y, _PLAIN)):
        return x**y
    try:
        return math.pow(x, y)
    except (ArithmeticError, ValueError):
        return _ieee("power", x, y)


def _ieee(name: str, *numbers: Any) -> float:
    """What NumPy gives where Python raises."""
    with np.errstate(all="ignore"):
        return float(getattr(np, name)(*numbers))

"""What makes numbers infinite or nan: the likely cause, in words, and the remedy, by the operation and its inputs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np


class Cause(NamedTuple):
    """Why numbers stopped being finite, and what to do about it."""

    reason: str
    remedy: str


class _Case(NamedTuple):
    """A condition on the arguments of an operation (arrays, in order) under which it has this cause."""

    holds: Callable[..., Any]
    reason: str
    remedy: str
    backward: bool = False  # in the gradient alone


_POSITIVE = "keep the argument above 0, as .clamp(min=1e-8) does"
_LOG = f"{_POSITIVE}; instead of the log of a softmax or a sigmoid, use log_softmax, cross_entropy or "
_LOG += "binary_cross_entropy_with_logits, which are finite for all logits"
_DIVISOR = "add a small number to the divisor, or keep it away from 0 with .clamp(min=1e-8)"
_SMALLER = "try a lower learning rate, a longer warm-up or gradient clipping; normalise inputs and activations"
_EXP = "subtract the maximum before exp, as softmax, log_softmax and logsumexp do, or compute with logarithms"
_INSIDE = "keep the argument within (-1, 1), as .clamp(-1 + 1e-6, 1 - 1e-6) does"
_ROOT = "add a small number under the root: (x + 1e-8).sqrt()"


def _some(condition: Any) -> bool:
    return bool(np.any(condition))


def _overflows(x: Any) -> bool:
    """Whether e^x is too large for the dtype of x."""
    return _some(np.abs(x) > np.log(np.finfo(x.dtype).max))


def _log(shift: int = 0) -> list[_Case]:
    zero, less = ("0", "a negative number") if not shift else (f"1 + ({-shift})", f"1 + a number below {-shift}")
    return [
        _Case(lambda x: x < -shift, f"the logarithm of {less} is nan", _LOG),
        _Case(lambda x: x == -shift, f"the logarithm of {zero} is -inf, and its derivative there is infinite", _LOG),
    ]


_EXPONENTIAL = [_Case(_overflows, "exp overflows: {dtype} holds e^x up to x = {limit:.4g}", _EXP)]
_QUOTIENT = [
    _Case(lambda x, y: (np.asarray(y) == 0) & (np.asarray(x) == 0), "0 / 0 is nan", _DIVISOR),
    _Case(lambda x, y: np.asarray(y) == 0, "a division by 0", _DIVISOR),
]
_ARC = [
    _Case(lambda x: np.abs(x) > 1, "the argument lies outside of [-1, 1]", _INSIDE),
    _Case(lambda x: np.abs(x) == 1, "the derivative at -1 and 1 is infinite", _INSIDE),
]
_ALL_MASKED = [
    _Case(
        lambda x, *_: np.isneginf(x).any(),
        "a row of softmax is -inf everywhere: it is masked out entirely",
        "leave at least one element of each row unmasked, or mask with a large negative number such as -1e9",
    )
]
_CASES: dict[str, list[_Case]] = {
    "log": _log(),
    "log2": _log(),
    "log10": _log(),
    "log1p": _log(1),
    "sqrt": [
        _Case(lambda x: x < 0, "the square root of a negative number is nan", _POSITIVE),
        _Case(lambda x: x == 0, "the derivative of sqrt at 0, 1 / (2 sqrt(0)), is infinite", _ROOT, backward=True),
    ],
    "rsqrt": [_Case(lambda x: x <= 0, "1 / sqrt(x) has no finite value at or below 0", _ROOT)],
    "reciprocal": [_Case(lambda x: x == 0, "1 / 0 is infinite", _DIVISOR)],
    **dict.fromkeys(("div", "floor_divide", "remainder", "fmod"), _QUOTIENT),
    **dict.fromkeys(("exp", "exp2", "expm1", "sinh", "cosh"), _EXPONENTIAL),
    "pow": [
        _Case(
            lambda x, y: (np.asarray(x) < 0) & (np.asarray(y) % 1 != 0),
            "a negative number to a fractional power is nan",
            _POSITIVE,
        ),
        _Case(lambda x, y: (np.asarray(x) == 0) & (np.asarray(y) < 0), "0 to a negative power is infinite", _POSITIVE),
        _Case(
            lambda x, y: (np.asarray(x) == 0) & (np.asarray(y) < 1),
            "the derivative of x^p at 0 is infinite for p < 1",
            "add a small number to the base: (x + 1e-8) ** p",
            backward=True,
        ),
    ],
    **dict.fromkeys(("asin", "acos", "atanh"), _ARC),
    "acosh": [_Case(lambda x: x <= 1, "acosh is defined above 1, and its derivative at 1 is infinite", _POSITIVE)],
    **dict.fromkeys(("softmax", "log_softmax"), _ALL_MASKED),
    **dict.fromkeys(
        ("var", "std"),
        [_Case(lambda x: x.size <= 1, "the variance of one number is 0 / 0", "say correction=0, or give more numbers")],
    ),
    "mean": [_Case(lambda x: x.size == 0, "the mean of no numbers is 0 / 0", "check the sizes of the batch")],
}


def likely_cause(name: str, arguments: Mapping[str, Any], backward: bool, kind: str) -> Cause:
    """The cause for which the operation `name` gave nan or an infinity, in its gradient (`backward`) or its output."""
    numbers = {k: v for k, v in arguments.items() if isinstance(v, (float, int, np.ndarray, np.generic)) and np.size(v)}
    arrays = [v for v in numbers.values() if isinstance(v, np.ndarray) and v.dtype.kind == "f"]
    for case in _CASES.get(name, ()):
        if (backward or not case.backward) and len(numbers) >= case.holds.__code__.co_argcount:
            if _some(case.holds(*list(numbers.values())[: case.holds.__code__.co_argcount])):
                limit = np.finfo(arrays[0].dtype) if arrays else np.finfo(np.float32)
                return Cause(case.reason.format(dtype=limit.dtype, limit=np.log(limit.max)), case.remedy)
    for argument, value in numbers.items():
        if not np.isfinite(value).all():
            found = "nan" if np.isnan(value).any() else "inf"
            return Cause(
                f"{argument} contains {found} already: data, or a parameter that an earlier update made so",
                f"check the data with isfinite(); for a parameter, {_SMALLER}",
            )
    most = max((float(np.abs(a).max()) for a in arrays), default=0.0)
    limit = np.finfo(arrays[0].dtype if arrays else np.float32)
    if kind == "inf" or most > float(limit.max) ** 0.25:
        what = "gradient" if backward else "result"
        return Cause(
            f"the {what} exceeds the largest {limit.dtype}, {limit.max:.2g}, with inputs up to {most:.2g}: numbers of "
            "that size come of weights that a high learning rate has made grow, or of data that is not normalised",
            _SMALLER,
        )
    return Cause(f"the rule of {name} is not defined for these inputs", "look at the inputs above, and at the line")


def text_of_range(name: str, value: Any) -> str:
    """An argument in a line: its shape, its dtype, its range, and how many of its numbers are special; "" for none."""
    array = np.asarray(getattr(value, "array", value))
    if array.dtype.kind not in "fiu" or not array.size:
        return ""
    if array.ndim == 0:
        return f"{name}: {array[()]:.6g}"
    finite = array[np.isfinite(array)]
    text = f"{name}: {array.dtype} of shape {array.shape}"
    if finite.size:
        text += f", from {finite.min():.4g} to {finite.max():.4g}"
    for word, where in (("0", array == 0), ("nan", np.isnan(array)), ("infinite", np.isinf(array))):
        if n := np.count_nonzero(where):
            text += f"; {n:,} of {array.size:,} {'is' if n == 1 else 'are'} {word}"
    return text

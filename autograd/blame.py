"""What makes numbers infinite or nan: the likely cause, in words, and the remedy."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from autograd.graph import Node


class Cause(NamedTuple):
    """Why numbers stopped being finite, and what to do about it."""

    reason: str
    remedy: str


class Reach(NamedTuple):
    """The leaf with the largest number of all leaves, in words, that number, and the largest number of the data."""

    leaf: str
    of_leaf: float
    of_data: float


def reach_of(node: Node) -> Reach:
    """How large the numbers are that the operation at a node, or those before it, begin with."""
    found, leaves, data = [node], {"": 0.0}, 0.0
    seen = set(found)
    for earlier in found:
        inputs = earlier.record.inputs if earlier.record else ()
        for operand, value in zip(earlier.operands, getattr(earlier.op, "numbers", inputs)):
            if operand is None or operand.op is None:
                array = np.abs(value) if isinstance(value, (np.ndarray, np.floating)) else np.zeros(0)
                largest = float(np.max(array, initial=0, where=np.isfinite(array)))
                if operand is None:
                    data = max(data, largest)
                else:
                    name = earlier.record.names.get(operand)
                    leaf = (
                        f"the parameter {name}"
                        if name
                        else f"a leaf of shape {operand.shape}"
                        if operand.shape
                        else "a leaf"
                    )
                    leaves[leaf] = max(largest, leaves.get(leaf, 0.0))
            elif operand not in seen:
                seen.add(operand)
                found.append(operand)
    leaf = max(leaves, key=lambda name: leaves[name])
    return Reach(leaf, leaves[leaf], data)


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
_AGAIN = "start again with a lower learning rate, a longer warm-up or gradient clipping"
_EXP = "subtract the maximum before exp, as softmax, log_softmax and logsumexp do, or compute with logarithms"
_INSIDE = "keep the argument within (-1, 1), as .clamp(-1 + 1e-6, 1 - 1e-6) does"
_ABOVE_1 = "keep the argument above 1, as .clamp(min=1 + 1e-6) does"
_ROOT = "add a small number under the root: (x + 1e-8).sqrt()"


def _some(condition: Any) -> bool:
    return bool(np.any(condition))


def _overflows(x: Any) -> bool:
    """Whether e^x is too large for the dtype of x."""
    return _some(np.abs(x) > np.log(np.finfo(np.asarray(x).dtype).max))


def _log(shift: int = 0) -> list[_Case]:
    zero, less = ("0", "a negative number") if not shift else (f"1 + ({-shift})", f"1 + a number below {-shift}")
    return [
        _Case(lambda x: x < -shift, f"the logarithm of {less} is nan", _LOG),
        _Case(lambda x: x == -shift, f"the logarithm of {zero} is -inf, and its derivative there is infinite", _LOG),
    ]


_EXPONENTIAL = [_Case(_overflows, "exp overflows: {dtype} can hold e^x up to x = {limit:.4g}", _EXP)]
_QUOTIENT = [
    _Case(lambda x, y: (np.asarray(y) == 0) & (np.asarray(x) == 0), "0 / 0 is nan", _DIVISOR),
    _Case(lambda x, y: np.asarray(y) == 0, "a division by 0", _DIVISOR),
]
_ARC = [
    _Case(lambda x: np.abs(x) > 1, "the argument lies outside of [-1, 1]", _INSIDE),
    _Case(lambda x: np.abs(x) == 1, "the derivative at -1 and 1 is infinite", _INSIDE),
]
_POLES = [
    _Case(
        lambda x: (x <= 0) & (x % 1 == 0), "the argument is a pole of the function: 0 or a negative integer", _POSITIVE
    )
]
_ALL_MASKED = [
    _Case(
        lambda x: np.isneginf(x),
        "a row is -inf everywhere: it is masked out entirely",
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
    "acosh": [_Case(lambda x: x <= 1, "acosh is defined above 1, and its derivative at 1 is infinite", _ABOVE_1)],
    "erfinv": [_Case(lambda x: np.abs(x) >= 1, "erfinv has no finite value at -1, at 1, or beyond", _INSIDE)],
    **dict.fromkeys(("lgamma", "digamma", "polygamma_of"), _POLES),
    **dict.fromkeys(("softmax", "log_softmax", "logsumexp"), _ALL_MASKED),
    **dict.fromkeys(
        ("var", "std"),
        [_Case(lambda x: x.size <= 1, "the variance of one number is 0 / 0", "say correction=0, or give more numbers")],
    ),
    "mean": [_Case(lambda x: x.size == 0, "the mean of no numbers is 0 / 0", "check the sizes of the batch")],
}


def likely_cause(name: str, arguments: Mapping[str, Any], backward: bool, kind: str, reach: Reach) -> Cause:
    """The cause for which the operation `name` gave nan or an infinity, in its gradient (`backward`) or its output."""
    numbers = {k: v for k, v in arguments.items() if isinstance(v, (float, int, np.ndarray, np.generic))}
    arrays = [v for v in numbers.values() if isinstance(v, np.ndarray) and v.dtype.kind == "f"]
    for case in _CASES.get(name, ()):
        if (backward or not case.backward) and len(numbers) >= case.holds.__code__.co_argcount:
            if _some(case.holds(*list(numbers.values())[: case.holds.__code__.co_argcount])):
                limit = np.finfo(arrays[0].dtype if arrays else np.float64)
                return Cause(case.reason.format(dtype=limit.dtype, limit=np.log(limit.max)), case.remedy)
    for argument, value in numbers.items():
        if not np.isfinite(value).all():
            found = "nan" if np.isnan(value).any() else "inf"
            return _given(argument, found)
    most = max((float(np.abs(v).max(initial=0)) for v in numbers.values()), default=0.0)
    limit = np.finfo(arrays[0].dtype if arrays else np.float64)
    if kind == "inf" or most > float(limit.max) ** 0.25:
        what = "gradient" if backward else "result"
        return too_large(f"the {what} is larger than the largest {limit.dtype}, {limit.max:.2g}", reach)
    return Cause(f"the rule of {name} is not defined for these inputs", "look at the inputs above, and at the line")


def _given(argument: str, found: str) -> Cause:
    """The cause where an argument is not finite already; `argument` says what it is."""
    if "(data)" in argument:
        return Cause(f"{argument} contains {found} already", "check the data with isfinite() before training")
    if "(a leaf)" in argument:
        reason = f"{argument} contains {found} already: it is data, or a parameter that an earlier update has made so"
        return Cause(reason, f"check data with isfinite(); for a parameter, {_AGAIN}")
    if argument.endswith(")"):
        return Cause(f"{argument} contains {found} already: an earlier update has made it so", _AGAIN)
    if found == "inf":
        return Cause(f"{argument} is infinite in places, as masked elements are", _ALL_MASKED[0].remedy)
    return Cause(f"{argument} is {found}", f"find out where {argument} comes from")


GROWN = 100.0  # larger than any parameter at the beginning of training, and than data that was normalised


def too_large(what: str, reach: Reach) -> Cause:
    """Why numbers are too large, and the remedy."""
    if reach.of_leaf > max(GROWN, reach.of_data):
        grown = f"{reach.leaf} has grown to {reach.of_leaf:.2g}"
        return Cause(f"{what}; {grown}, as happens when the learning rate is too high", _AGAIN)
    if reach.of_data > GROWN:
        return Cause(f"{what}; the data reaches {reach.of_data:.2g}", "normalise the data to mean 0 and variance 1")
    return Cause(
        f"{what}; the numbers grow on the way, from layer to layer or from step to step",
        "normalise activations (nn.LayerNorm, nn.BatchNorm1d), start from smaller weights, or clip gradients",
    )


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

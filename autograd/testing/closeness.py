"""`assert_close`, with torch's tolerances and messages."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from autograd.creation import tensor
from autograd.tensor import Tensor

_TOLERANCES = {"float16": (1e-3, 1e-5), "float32": (1.3e-6, 1e-5), "float64": (1e-7, 1e-7)}  # relative, absolute
_OLDER_TOLERANCES = {"float16": (1e-3, 1e-3), "float32": (1e-4, 1e-5), "float64": (1e-5, 1e-8)}


def assert_close(
    actual: Any,
    expected: Any,
    *,
    allow_subclasses: bool = True,
    rtol: float | None = None,
    atol: float | None = None,
    equal_nan: bool = False,
    check_device: bool = True,
    check_dtype: bool = True,
    check_layout: bool = True,
    check_stride: bool = False,
    msg: str | Callable[[str], str] | None = None,
) -> None:
    """AssertionError unless |actual - expected| <= atol + rtol |expected| in every element.

    Both are tensors, ndarrays, numbers, or sequences and mappings of them. Without tolerances, those of the wider dtype
    are taken; whole numbers must be equal. `msg` is the message, or makes one of the usual.
    """
    found = _difference(actual, expected, (rtol, atol, equal_nan, check_dtype, check_stride), ())
    if found is not None:
        raise AssertionError(msg(found) if callable(msg) else found if msg is None else msg)


def assert_allclose(
    actual: Any, expected: Any, rtol: Any = None, atol: Any = None, equal_nan: bool = True, msg: str = ""
) -> None:
    """`assert_close` in its older form: numbers and lists are tensors, dtypes may differ, and nan is close to nan."""
    actual = actual if isinstance(actual, Tensor) else tensor(actual)
    expected = expected if isinstance(expected, Tensor) else tensor(expected, dtype=actual.dtype)
    if rtol is None and atol is None:
        rtol, atol = np.max([_OLDER_TOLERANCES.get(str(x.dtype), (0.0, 0.0)) for x in (actual, expected)], 0).tolist()
    assert_close(actual, expected, rtol=rtol, atol=atol, equal_nan=equal_nan, check_dtype=False, msg=msg or None)


def _difference(actual: Any, expected: Any, options: tuple, item: tuple) -> str | None:
    """What is not close about two structures, or None; `item` is where in the whole they are."""
    pair = actual, expected
    if all(isinstance(x, Mapping) for x in pair):
        missing, more = sorted(expected.keys() - actual.keys()), sorted(actual.keys() - expected.keys())
        if missing or more:
            found = (
                f"The keys of the mappings do not match:\nMissing keys in the actual mapping: {missing}\n"
                f"Additional keys in the actual mapping: {more}"
            )
            raise AssertionError(_at(found, item))
        pairs: Any = [(key, actual[key], expected[key]) for key in expected]
    elif all(isinstance(x, Sequence) and not isinstance(x, str) for x in pair):
        if len(actual) != len(expected):
            found = f"The length of the sequences mismatch: {len(actual)} != {len(expected)}"
            raise AssertionError(_at(found, item))
        pairs = list(zip(range(len(actual)), actual, expected, strict=True))
    else:
        difference = _leaf_difference(actual, expected, options, item)
        return None if difference is None else _at(difference, item)
    inner = [_difference(a, e, options, (*item, key)) for key, a, e in pairs]
    return next((text for text in inner if text is not None), None)


def _at(message: str, item: tuple) -> str:
    return message + ("\n\nThe failure occurred for item " + "".join(f"[{i!r}]" for i in item) if item else "")


def _leaf_difference(actual: Any, expected: Any, options: tuple, item: tuple) -> str | None:
    """What is not close about two tensors, arrays or numbers, or None."""
    pair = actual, expected
    if actual is None or expected is None:
        return None if actual is expected else f"None mismatch: {actual} is not {expected}"
    if all(isinstance(x, (bool, np.bool_)) for x in pair):
        return None if actual == expected else f"Booleans mismatch: {actual} is not {expected}"
    rtol, atol, equal_nan, check_dtype, check_stride = options
    numbers = all(isinstance(x, (int, float, complex, np.number)) for x in pair)
    if not numbers and not any(all(isinstance(x, kind) for x in pair) for kind in (Tensor, np.ndarray)):
        raise TypeError(f"No comparison pair was able to handle inputs of type {type(actual)} and {type(expected)}.")
    if (rtol is None) != (atol is None):
        missing = "rtol" if rtol is None else "atol"
        message = f"Both 'rtol' and 'atol' must be either specified or omitted, but got no {missing}."
        raise ValueError(_at(message, item))
    if numbers and check_dtype and type(actual) is not type(expected):
        return f"The (d)types do not match: {type(actual)} != {type(expected)}."
    a, e = (x.array if isinstance(x, Tensor) else np.asarray(x) for x in pair)
    if a.shape != e.shape:
        return f"The values for attribute 'shape' do not match: {_size(a.shape)} != {_size(e.shape)}."
    if check_stride and a.strides != e.strides:
        return f"The values for attribute 'stride()' do not match: {actual.stride()} != {expected.stride()}."
    if check_dtype and a.dtype != e.dtype:
        return f"The values for attribute 'dtype' do not match: torch.{a.dtype} != torch.{e.dtype}."
    if rtol is None:
        rtol, atol = np.max([_TOLERANCES.get(str(x.dtype), (0.0, 0.0)) for x in (a, e)], axis=0).tolist()
    common = np.result_type(a, e)
    a, e = (x.astype(np.int64 if common == np.bool_ else common) for x in (a, e))
    close = np.isclose(a, e, rtol, atol, equal_nan)
    if close.all():
        return None
    return _message(a, e, close, rtol, atol, "Scalars" if a.ndim == 0 else "Tensor-likes")


def _message(a: np.ndarray, e: np.ndarray, close: np.ndarray, rtol: float, atol: float, what: str) -> str:
    """How far they differ, and where most."""
    exact = rtol == atol == 0
    lines = [f"{what} are not {'equal' if exact else 'close'}!", ""]
    allowed = ["" if exact else f" (up to {tolerance} allowed)" for tolerance in (atol, rtol)]
    if a.ndim == 0:
        actual, expected = a.item(), e.item()
        difference = abs(actual - expected)
        relative = difference / abs(expected) if expected else math.inf
        lines.append(f"Expected {expected} but got {actual}.")
        lines.append(f"Absolute difference: {difference}{allowed[0]}")
        lines.append(f"Relative difference: {relative}{allowed[1]}")
        return "\n".join(lines)
    with np.errstate(all="ignore"):
        differences = np.where(close, 0, np.abs(a - e)).astype(a.dtype)
        ratios = np.where(close, 0, differences / np.abs(e).astype(a.dtype if a.dtype.kind == "f" else np.float32))
    count = int((~close).sum())
    lines.append(f"Mismatched elements: {count} / {a.size} ({count / a.size:.1%})")
    for name, sizes, allow in (("absolute", differences, allowed[0]), ("relative", ratios, allowed[1])):
        sizes = sizes if a.dtype.kind == "f" or name == "absolute" else sizes.astype(np.float32)
        at = np.unravel_index(int(sizes.argmax()), sizes.shape)
        lines.append(f"Greatest {name} difference: {sizes[at].item()} at index {tuple(map(int, at))}{allow}")
    return "\n".join(lines)


def _size(shape: tuple[int, ...]) -> str:
    return f"torch.Size({list(shape)})"

"""Arguments that no program should pass: of the wrong kind, shape or dtype, empty, huge, or in an odd memory layout."""

from __future__ import annotations

import decimal
import fractions
from collections.abc import Callable, Sequence
from copy import copy
from typing import Any

import numpy as np
from hypothesis import strategies as st

import autograd as ag
from autograd.base import TensorBase

# The same values as a plain array, in another form --------------------------------------------------------------------


class Subclass(np.ndarray):
    """An array whose products are not those of its elements."""

    def __mul__(self, other: Any) -> Any:
        return np.ndarray.__add__(self, other)


def read_only(a: np.ndarray) -> np.ndarray:
    a = a.copy()
    a.flags.writeable = False
    return a


def strided(a: np.ndarray) -> np.ndarray:
    """Every second element of a larger array, in reverse order."""
    wide = np.full([2 * n for n in a.shape], 77, a.dtype)
    view = wide[(..., *[slice(None, None, -2) for _ in a.shape])]
    view[...] = a
    return view


def unaligned(a: np.ndarray) -> np.ndarray:
    memory = np.zeros(a.nbytes + 1, np.uint8)[1:].view(a.dtype).reshape(a.shape)
    memory[...] = a
    return memory


FORMS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "read-only": read_only,
    "in columns": lambda a: np.array(a, order="F"),
    "strided": strided,
    "unaligned": unaligned,
    "of the other byte order": lambda a: a.astype(a.dtype.newbyteorder("S")),
    "of a subclass": lambda a: a.copy().view(Subclass),
    "masked": lambda a: np.ma.masked_array(a.copy(), np.zeros(a.shape, bool)),
    "a matrix": lambda a: np.asmatrix(a.copy()) if a.ndim == 2 else a.copy(),
    "in shared memory": lambda a: np.broadcast_to(a, a.shape),
}

# Values ---------------------------------------------------------------------------------------------------------------

SHAPES = st.sampled_from([(), (0,), (1,), (3,), (7,), (0, 3), (3, 0), (2, 3), (2, 3, 4), (1, 2, 3, 4), (2, 0, 3, 4, 5)])
NUMBERS = {
    "f": [0.0, -0.0, 1.0, -1.5, 2.0, 1e4, -1e4, np.nan, np.inf, -np.inf],
    "i": [0, 1, 2, -1, -2, 5, 100, -100],
}
LARGE = [2**31 - 1, 2**31, -(2**31), 2**62, -(2**63)]


@st.composite
def odd_arrays(draw: Any, forms: Sequence[str] = tuple(FORMS)) -> np.ndarray:
    """An array of few elements of any dtype that a tensor can have, in any layout."""
    dtype = np.dtype(draw(st.sampled_from("f4 f4 f8 f2 i8 i8 i4 u1 ? c8".split())))
    shape = draw(SHAPES)
    pool = NUMBERS["f" if dtype.kind in "fc" else "i"] + (LARGE if dtype == np.int64 else [])
    n = int(np.prod(shape))
    numbers = draw(st.lists(st.sampled_from(pool), min_size=min(n, 4), max_size=4)) if n else []
    with np.errstate(all="ignore"):
        a = np.resize(np.array(numbers), shape).astype(dtype) if n else np.zeros(shape, dtype)
    return FORMS[draw(st.sampled_from(forms))](a)


NUMBERS_ALONE = [None, True, False, 0, 1, -1, 2, 7, -100, 10**6, 2**31, 2**62, -(2**63), 2**64, 10**40, 1j]
NUMBERS_ALONE += [0.0, 0.5, -1.5, 1e300, float("nan"), float("inf"), -float("inf"), np.int64(2), np.float64("nan")]
NUMBERS_ALONE += [fractions.Fraction(1, 3), decimal.Decimal("0.1"), np.bool_(True), np.longdouble(1.5), ag.Value(2.0)]
TEXTS = ["", "mean", "sum", "none", "no such thing", "float32", "U5", "cpu", "cuda", "\0", b"bytes"]
SIZES = [(), (0,), (-1,), (1, 1), (0, 0), (2, 3), (-1, -1), (5, 6), (2**62, 2**62), (10**40,), range(3)]
LISTS = [[], [1], [1.5, 2.5], [0, 1], [[1, 2], [3]], [None], ["a", "b"], [[1, 2], [3, 4]], {}, {"a": 1}, {0: 1}, set()]
ARRAYS = [
    np.array(["a", "b"]),
    np.array([None, 1]),
    np.array(["2020-01-01"], "datetime64[D]"),
    np.ones(3, np.longdouble),
]
ARRAYS += [np.zeros(2, [("a", "f4"), ("b", "i4")]), np.ma.masked_array([1.0, 2.0], [True, False])]
THINGS = [object(), object, lambda *args: None, slice(None), slice(1, 10**30, 0), ..., np.float32]
THINGS += [np.dtype(object), ag.device("cuda"), ag.Generator()]


def as_tensor(a: np.ndarray, requires_grad: bool = False) -> Any:
    return ag.as_tensor(a).requires_grad_(requires_grad and a.dtype.kind in "fc")


TENSORS = st.builds(as_tensor, odd_arrays([f for f in FORMS if f != "masked"]), st.booleans())
OBJECTS = st.sampled_from([*NUMBERS_ALONE, *TEXTS, *SIZES, *LISTS, *ARRAYS, *THINGS]).map(copy)
HOSTILE = TENSORS | odd_arrays() | OBJECTS | st.builds(iter, st.just([1, 2])) | st.lists(TENSORS, max_size=3)


def shown(value: Any) -> str:
    """An argument in a few words."""
    array = value.array if isinstance(value, TensorBase) else value
    if isinstance(array, np.ndarray):
        kind = "tensor" if array is not value else type(value).__name__
        return f"{kind}({str(array.tolist())[:60]}, {array.dtype.str}, {array.shape}, strides {array.strides})"
    if isinstance(value, (list, tuple)):
        return f"{type(value).__name__}({', '.join(map(shown, value))})"
    return repr(value)[:80]

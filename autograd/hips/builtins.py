"""HIPS autograd's `builtins`: nests of tensors are Python's own lists, tuples and dicts here."""

from __future__ import annotations

import builtins
from builtins import dict as dict
from builtins import list as list
from builtins import tuple as tuple
from typing import Any

from autograd.tensor import Tensor


def isinstance(value: Any, kind: Any) -> bool:
    """`isinstance`, by which a tensor is also what it stands for: an ndarray, or a number of NumPy's."""
    return builtins.isinstance(value, kind) or (
        builtins.isinstance(value, Tensor) and builtins.isinstance(value.array[()], kind)
    )


def type(value: Any) -> Any:
    """`type`, which of a tensor gives that of what it stands for."""
    return builtins.type(value.array[()] if builtins.isinstance(value, Tensor) else value)

"""HIPS autograd's `tracer`: what a function that is derived gets to see."""

from __future__ import annotations

from typing import Any

from autograd.hips.extend import Box as Box
from autograd.hips.extend import notrace_primitive as notrace_primitive
from autograd.hips.extend import primitive as primitive
from autograd.ops.numpy_names import strip
from autograd.tensor import Tensor


def isbox(value: Any) -> bool:
    """Whether `value` stands for an array or number in a function that is derived."""
    return isinstance(value, Tensor)


def getval(value: Any) -> Any:
    """The array or number that `value` stands for."""
    return strip(value)[()] if isinstance(value, Tensor) else value

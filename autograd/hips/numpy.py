"""NumPy, whose functions take tensors: `import autograd.numpy as np` in programs written for HIPS autograd.

Tensors serve NumPy's dispatch themselves; here stands what NumPy does not dispatch: functions of lists.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as _np

from autograd.ops.joining import stack as _stack
from autograd.tensor import Tensor as _Tensor

__all__ = _np.__all__


def __getattr__(name: str) -> Any:
    return getattr(_np, name)


def _holds_tensors(value: Any) -> Any:
    return isinstance(value, _Tensor) or (isinstance(value, (list, tuple)) and True in map(_holds_tensors, value))


def array(object: Any, dtype: Any = None, **kwargs: Any) -> Any:
    """An array of anything; what tensors are in it are recorded."""
    if not _holds_tensors(object):
        return _np.array(object, dtype, **kwargs)
    if not isinstance(object, _Tensor):
        parts = [array(part) for part in object]
        object = _stack([part if isinstance(part, _Tensor) else _Tensor.wrap(part.astype(float)) for part in parts])
    return object if dtype is None else object.astype(dtype)


asarray = array


def _of_lists(function: Callable) -> Callable:
    """A function of NumPy that takes a list of tensors for an array, too."""

    def of_list(a: Any, *args: Any, **kwargs: Any) -> Any:
        return function(array(a) if _holds_tensors(a) else a, *args, **kwargs)

    return of_list


sum, mean, std, var = _of_lists(_np.sum), _of_lists(_np.mean), _of_lists(_np.std), _of_lists(_np.var)


def full(shape: Any, fill_value: Any, dtype: Any = None, **kwargs: Any) -> Any:
    """One value in a shape."""
    if isinstance(fill_value, _Tensor):
        return _np.full_like(fill_value.new_zeros(shape), fill_value, dtype)
    return _np.full(shape, fill_value, dtype, **kwargs)

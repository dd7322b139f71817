"""NumPy's functions on tensors: their op, or, where no gradient is wanted, the function itself on the arrays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from autograd.grad_mode import mode
from autograd.graph import Traced
from autograd.ops.table import NUMPY

_CONSTANT = (np.ndim, np.shape, np.size, np.zeros_like, np.ones_like, np.full_like, np.empty_like, np.array_equal)


def strip(value: Any) -> Any:
    """The array of a tensor; tuples and lists with those of the tensors in them; anything else as it is."""
    if isinstance(value, (tuple, list)):
        items = [strip(item) for item in value]
        return tuple(items) if isinstance(value, tuple) else items
    return value.array if isinstance(value, Traced) else value


def _has_history(value: Any) -> bool:
    if isinstance(value, (tuple, list)):
        return any(_has_history(item) for item in value)
    return isinstance(value, Traced) and value.node is not None


def dispatch(wrap: Callable, function: Any, args: tuple, kwargs: dict) -> Any:
    """The result of one of NumPy's functions on tensors; TypeError where it has no rule and a gradient is wanted."""
    own = NUMPY.get(function)
    if own is not None:
        return own(*args, **kwargs)
    constant = function in _CONSTANT
    if not constant and mode.grad and (_has_history(args) or _has_history(tuple(kwargs.values()))):
        raise TypeError(
            f"np.{function.__name__} has no derivative rule here: use tensor.detach(), or enter it with autograd.op"
        )
    result = function(*strip(args), **{name: strip(value) for name, value in kwargs.items()})
    return result if constant or not isinstance(result, np.ndarray) else wrap(result)


class NumpyProtocols(Traced):
    """What lets NumPy's own functions take tensors and give tensors."""

    def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray:
        if self.node is not None:
            raise RuntimeError("a tensor that requires grad becomes an ndarray only as tensor.detach().numpy()")
        array = self.array
        return np.array(array, dtype) if copy or (dtype is not None and dtype != array.dtype) else array

    def __array_ufunc__(self, ufunc: Any, method: str, *args: Any, **kwargs: Any) -> Any:
        if kwargs.get("out") is not None:
            raise TypeError(f"np.{ufunc.__name__} cannot write a tensor into an ndarray: assign the result instead")
        if method != "__call__":
            raise TypeError(f"np.{ufunc.__name__}.{method} is not there for tensors: use the tensor's own methods")
        return dispatch(self.wrap, ufunc, args, kwargs)

    def __array_function__(self, function: Any, kinds: Any, args: tuple, kwargs: dict) -> Any:
        return dispatch(self.wrap, function, args, kwargs)

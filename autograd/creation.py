"""New tensors: of given numbers, of one value, of ranges; and tensors to and from files."""

from __future__ import annotations

import os
import pickle
from typing import Any

import numpy as np

from autograd import dtypes, ops
from autograd.ops.table import default_dtype
from autograd.random import sizes
from autograd.tensor import Tensor, leaf, to_array


def _made(array: Any, dtype: Any, device: Any, requires_grad: bool) -> Tensor:
    if device is not None:
        dtypes.device(device)
    array = np.asarray(array)
    if dtype is not None:
        array = array.astype(dtypes.checked_dtype(dtype), copy=False)
    return Tensor.wrap(array, leaf(array) if requires_grad else None)


def tensor(data: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """A tensor of a copy of `data`: numbers, nested lists, an ndarray, tensors. Whole numbers stay whole."""
    return _made(to_array(data, dtype), dtype, device, requires_grad)


def as_tensor(data: Any, dtype: Any = None, device: Any = None) -> Tensor:
    """`data` as a tensor, sharing its memory where it is an ndarray; a tensor stays what it is."""
    if isinstance(data, Tensor):
        return data.to(dtype=dtype, device=device)
    return _made(data if isinstance(data, np.ndarray) else to_array(data, dtype), dtype, device, False)


def from_numpy(array: np.ndarray) -> Tensor:
    """A tensor that shares the memory of an ndarray."""
    if not isinstance(array, np.ndarray):
        raise TypeError(f"from_numpy needs an ndarray, got {type(array).__name__}; tensor() takes anything")
    return as_tensor(array)


def empty(*size: Any, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """A tensor whose elements are not set."""
    return _made(np.empty(sizes(size), dtype or default_dtype()), None, device, requires_grad)


def zeros(*size: Any, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """A tensor of zeros."""
    return _made(np.zeros(sizes(size), dtype or default_dtype()), None, device, requires_grad)


def ones(*size: Any, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """A tensor of ones."""
    return _made(np.ones(sizes(size), dtype or default_dtype()), None, device, requires_grad)


def full(size: Any, fill_value: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """A tensor of one value."""
    value = to_array(fill_value)
    return _made(np.full(sizes((size,)), value, dtype or value.dtype), None, device, requires_grad)


def zeros_like(x: Tensor, *, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """Zeros in the shape and dtype of x."""
    return _made(np.zeros(x.shape, dtype or x.dtype), None, device, requires_grad)


def ones_like(x: Tensor, *, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """Ones in the shape and dtype of x."""
    return _made(np.ones(x.shape, dtype or x.dtype), None, device, requires_grad)


def full_like(
    x: Tensor, fill_value: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """One value in the shape and dtype of x."""
    return _made(np.full(x.shape, fill_value, dtype or x.dtype), None, device, requires_grad)


def empty_like(x: Tensor, *, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """A tensor in the shape and dtype of x whose elements are not set."""
    return _made(np.empty(x.shape, dtype or x.dtype), None, device, requires_grad)


def arange(
    start: Any, end: Any = None, step: Any = 1, *, dtype: Any = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """The numbers from start (0 where only end is given) up to but without end, `step` apart."""
    start, end = (0, start) if end is None else (start, end)
    start, end, step = (getattr(n, "array", n) for n in (start, end, step))
    array = np.arange(start, end, step)
    return _made(array, dtype or (default_dtype() if array.dtype.kind == "f" else dtypes.int64), device, requires_grad)


def linspace(
    start: float, end: float, steps: int, *, dtype: Any = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """`steps` numbers evenly from start to end, both included."""
    return _made(np.linspace(start, end, steps), dtype or default_dtype(), device, requires_grad)


def eye(n: int, m: int | None = None, *, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """The identity matrix (n, n), or ones on the diagonal of (n, m)."""
    return _made(np.eye(n, m, dtype=dtype or default_dtype()), None, device, requires_grad)


def meshgrid(*tensors: Any, indexing: str = "ij") -> tuple[Tensor, ...]:
    """The coordinates of a grid: tensor i repeated along all dims but i."""
    axes = tensors[0] if len(tensors) == 1 and isinstance(tensors[0], (tuple, list)) else tensors
    shape = tuple(axis.shape[0] for axis in axes)
    grids = [
        ops.expand(axis.view(*(-1 if i == d else 1 for i in range(len(axes)))), shape) for d, axis in enumerate(axes)
    ]
    return tuple(grid.transpose(0, 1) for grid in grids) if indexing == "xy" and len(axes) > 1 else tuple(grids)


def is_tensor(value: Any) -> bool:
    """Whether this is a Tensor."""
    return isinstance(value, Tensor)


def get_default_dtype() -> np.dtype:
    """The dtype of new tensors made from Python numbers."""
    return default_dtype()


def set_default_dtype(dtype: Any) -> None:
    """Choose the dtype of new tensors made from Python numbers: a float."""
    if np.dtype(dtype).kind != "f":
        raise TypeError(f"the default dtype must be a float, not {np.dtype(dtype)}")
    default_dtype(dtype)


def save(value: Any, path: Any) -> None:
    """Write anything that can be pickled (tensors, a state_dict) to a file; a file that is there is replaced whole."""
    draft = f"{os.fspath(path)}.part"
    with open(draft, "wb") as file:
        pickle.dump(value, file, protocol=5)
    os.replace(draft, path)


def load(path: Any, map_location: Any = None, weights_only: bool = True) -> Any:
    """Read what `save` wrote. With weights_only, it reads tensors, arrays, numbers, strings and containers alone."""
    if map_location is not None:
        dtypes.device(map_location)
    with open(path, "rb") as file:
        return _WeightsOnly(file).load() if weights_only else pickle.load(file)


class _WeightsOnly(pickle.Unpickler):
    """A pickle may run any code; this one makes tensors and arrays alone."""

    _MODULES = (
        "autograd.tensor",
        "nn.module",
        "numpy",
        "numpy.core.multiarray",
        "numpy._core.multiarray",
        "numpy._core.numeric",
    )
    _BUILTINS = ("complex", "set", "frozenset", "slice", "range", "bytearray")

    def find_class(self, module: str, name: str) -> Any:
        allowed = (
            (
                module in self._MODULES
                and name
                in ("_rebuild", "Tensor", "Parameter", "ndarray", "dtype", "scalar", "_reconstruct", "_frombuffer")
            )
            or (module, name) == ("collections", "OrderedDict")
            or (module == "builtins" and name in self._BUILTINS)
        )
        if not allowed:
            raise pickle.UnpicklingError(
                f"the file holds a {module}.{name}, which is no weight: load(path, weights_only=False) reads it, but "
                "runs what the file says, so only if you trust where it came from"
            )
        return super().find_class(module, name)

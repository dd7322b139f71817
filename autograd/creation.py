"""New tensors: from given numbers, from one value, from ranges."""

from __future__ import annotations

import math
import operator
from contextlib import suppress
from typing import Any

import numpy as np

from autograd import dtypes
from autograd.dtypes import default_dtype
from autograd.dtypes import sizes as to_sizes
from autograd.errors import ShapeError
from autograd.ops.complaints import explain_all
from autograd.ops.shape import expand
from autograd.ops.table import function
from autograd.tensor import Tensor, leaf, to_array

__all__ = ["arange", "as_tensor", "empty", "empty_like", "eye", "from_dlpack", "from_numpy", "full", "full_like"]
__all__ += ["get_default_dtype", "is_floating_point", "is_tensor", "linspace", "meshgrid", "numel", "ones", "ones_like"]
__all__ += ["finfo", "set_default_dtype", "tensor", "zeros", "zeros_like"]


def made(array: Any, dtype: Any, device: Any, requires_grad: bool) -> Tensor:
    """A tensor of this array, in another dtype if one is given; the device is checked."""
    if device is not None:
        dtypes.checked_device(device)
    array = dtypes.plain(np.asanyarray(array))
    if dtype is not None or array.dtype.kind not in "fiubc":
        array = array.astype(dtypes.checked_dtype(array.dtype if dtype is None else dtype), copy=False)
    return Tensor.wrap(array, leaf(array) if requires_grad else None)


def tensor(
    data: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False, pin_memory: bool = False
) -> Tensor:
    """A tensor with a copy of `data`: numbers, nested lists, an ndarray, tensors. Integers stay integers."""
    return made(to_array(data, dtype), dtype, device, requires_grad)


def as_tensor(data: Any, dtype: Any = None, device: Any = None) -> Tensor:
    """`data` as a tensor: an ndarray shares its memory with it, and a tensor is returned as it is."""
    if isinstance(data, Tensor):
        return data.to(dtype=dtype, device=device)
    return made(data if isinstance(data, np.ndarray) else to_array(data, dtype), dtype, device, False)


def from_numpy(array: np.ndarray) -> Tensor:
    """A tensor that shares the memory of an ndarray; a tensor, which NumPy's functions make of tensors, as it is."""
    if not isinstance(array, (np.ndarray, Tensor)):
        raise TypeError(f"from_numpy needs an ndarray, got {type(array).__name__}: use tensor() for other data")
    return as_tensor(array)


class _Capsule:
    """What `to_dlpack` gave, as the object that NumPy asks for it.

    Such a capsule is of memory that may be written to, and NumPy's array of it may not: `writable` is one that may.
    """

    def __init__(self, capsule: Any) -> None:
        self.capsule = capsule

    def __dlpack__(self, **_: Any) -> Any:
        return self.capsule

    def __dlpack_device__(self) -> tuple[int, int]:
        return 1, 0  # the CPU

    def writable(self) -> np.ndarray:
        """An array of the memory of the capsule."""
        self.array = np.from_dlpack(self)
        self.__array_interface__ = self.array.__array_interface__ | {"data": (self.array.ctypes.data, False)}
        return np.asarray(self)


def from_dlpack(ext_tensor: Any, *, device: Any = None, copy: bool | None = None) -> Tensor:
    """A tensor that shares the memory of another library's array (or capsule); a copy of it with `copy=True`."""
    array = np.from_dlpack(ext_tensor) if hasattr(ext_tensor, "__dlpack__") else _Capsule(ext_tensor).writable()
    if not array.flags.writeable and not np.from_dlpack(np.empty(0)).flags.writeable:
        with suppress(BufferError):  # before 2.3 NumPy says so of any memory; a capsule can only be had of writable one
            array = _Capsule(ext_tensor.__dlpack__()).writable()
    return made(array.copy() if copy else array, None, device, False)


@function(method=False)
def empty(
    *sizes: Any, size: Any = None, dtype: Any = None, layout: Any = None, device: Any = None,
    requires_grad: bool = False, pin_memory: bool = False, memory_format: Any = None,
) -> Tensor:  # fmt: skip
    """A tensor whose elements are not initialised."""
    return made(np.empty(to_sizes(sizes, size), dtype or default_dtype()), None, device, requires_grad)


@function(method=False)
def zeros(
    *sizes: Any, size: Any = None, dtype: Any = None, layout: Any = None, device: Any = None,
    requires_grad: bool = False, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """A tensor of zeros."""
    return made(np.zeros(to_sizes(sizes, size), dtype or default_dtype()), None, device, requires_grad)


@function(method=False)
def ones(
    *sizes: Any, size: Any = None, dtype: Any = None, layout: Any = None, device: Any = None,
    requires_grad: bool = False, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """A tensor of ones."""
    return made(np.ones(to_sizes(sizes, size), dtype or default_dtype()), None, device, requires_grad)


@function(method=False)
def full(
    size: Any, fill_value: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """A tensor filled with one value."""
    value = to_array(fill_value, dtype)
    return made(np.full(to_sizes((size,)), value, dtype or value.dtype), None, device, requires_grad)


def zeros_like(
    input: Tensor, *, dtype: Any = None, device: Any = None, requires_grad: bool = False, memory_format: Any = None,
    pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """Zeros, in the shape and dtype of x."""
    return made(np.zeros(input.shape, dtype or input.dtype), None, device, requires_grad)


def ones_like(
    input: Tensor, *, dtype: Any = None, device: Any = None, requires_grad: bool = False, memory_format: Any = None,
    pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """Ones, in the shape and dtype of x."""
    return made(np.ones(input.shape, dtype or input.dtype), None, device, requires_grad)


def full_like(
    input: Tensor, fill_value: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False,
    memory_format: Any = None, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """A tensor of the shape and dtype of x, filled with one value."""
    dtype = dtype or input.dtype
    return made(np.full(input.shape, to_array(fill_value, dtype), dtype), None, device, requires_grad)


def empty_like(
    input: Tensor, *, dtype: Any = None, device: Any = None, requires_grad: bool = False, memory_format: Any = None,
    pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """A tensor of the shape and dtype of x whose elements are not initialised."""
    return made(np.empty(input.shape, dtype or input.dtype), None, device, requires_grad)


def _number(value: Any, whole: bool) -> Any:
    """A number, or a tensor of one, without a history; cut off to a whole one where that is asked for."""
    value = value.item() if isinstance(value, Tensor) else value
    if np.ndim(value):
        raise RuntimeError(f"start, end and step must be numbers or tensors of 0 dims, got the shape {np.shape(value)}")
    return int(value) if whole else value


@function(method=False)
def arange(
    start: Any = None,
    end: Any = None,
    step: Any = 1,
    *,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """The numbers from start (0 if only end is given) up to, but not including, end, in steps of `step`.

    For an integer dtype, start and step are truncated to integers; for int64 so is end, as in PyTorch.
    """
    start, end = (0, start) if end is None else (0 if start is None else start, end)
    whole = dtype is not None and np.dtype(dtype).kind != "f"
    start, end, step = (_number(n, whole and np.dtype(dtype) == dtypes.int64) for n in (start, end, step))
    if not step or (end - start) * step < 0:
        raise RuntimeError(f"arange: step={step} does not lead from {start} to {end}")
    if whole:
        array = int(start) + int(step) * np.arange(math.ceil((end - start) / step))
    else:
        array = np.arange(start, end, step)
    return made(array, dtype or (default_dtype() if array.dtype.kind == "f" else dtypes.int64), device, requires_grad)


@function(method=False)
def linspace(
    start: float, end: float, steps: int, *, dtype: Any = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """`steps` evenly spaced numbers from start to end, both included; for an integer dtype they are truncated."""
    if operator.index(steps) < 0:
        raise RuntimeError(f"linspace: steps must not be negative, got {steps}")
    whole = dtype is not None and np.dtype(dtype).kind != "f"
    start, end = _number(start, whole), _number(end, whole)
    step = (end - start) / max(steps - 1, 1)
    i = np.arange(steps)
    numbers = np.where(i < max(steps // 2, 1), start + step * i, end - step * (steps - 1 - i))
    return made(numbers, dtype or default_dtype(), device, requires_grad)


@function(method=False)
def eye(n: int, m: int | None = None, *, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """The identity matrix (n, n), or ones on the diagonal of (n, m)."""
    return made(np.eye(n, m, dtype=dtype or default_dtype()), None, device, requires_grad)


def meshgrid(*tensors: Any, indexing: str = "ij") -> tuple[Tensor, ...]:
    """The coordinates of a grid: tensor i repeated along all dims but i."""
    axes = tensors[0] if len(tensors) == 1 and isinstance(tensors[0], (tuple, list)) else tensors
    if any(axis.ndim > 1 for axis in axes):
        raise ShapeError(f"meshgrid needs tensors of 0 or 1 dims, got {[tuple(axis.shape) for axis in axes]}")
    shape = tuple(axis.array.size for axis in axes)
    grids = [expand(axis.view(*(-1 if i == d else 1 for i in range(len(axes)))), shape) for d, axis in enumerate(axes)]
    return tuple(grid.transpose(0, 1) for grid in grids) if indexing == "xy" and len(axes) > 1 else tuple(grids)


def is_tensor(value: Any) -> bool:
    """Whether this is a Tensor."""
    return isinstance(value, Tensor)


def is_floating_point(input: Tensor) -> bool:
    """Whether the dtype of a tensor is a floating-point one."""
    return input.is_floating_point()


def numel(input: Tensor) -> int:
    """The number of elements of a tensor."""
    return input.array.size


def get_default_dtype() -> dtypes.dtype:
    """The dtype of new tensors made from Python numbers."""
    return dtypes.dtype(default_dtype())


def finfo(type: Any = None) -> Any:
    """NumPy's limits of a dtype of real or complex numbers; without one, of the default dtype."""
    return getattr(type, "limits", None) or np.finfo(default_dtype() if type is None else type)


def set_default_dtype(dtype: Any) -> None:
    """Choose the dtype, a floating-point one, of tensors that are made from Python numbers."""
    if np.dtype(dtype).kind != "f":
        raise TypeError(f"the default dtype must be a floating-point dtype, not {np.dtype(dtype)}")
    default_dtype(dtype)


explain_all(__name__)

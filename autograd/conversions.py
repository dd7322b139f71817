"""Tensors in other dtypes, and new tensors that are made from one."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd import dtypes
from autograd.base import TensorBase, wrap
from autograd.storage import Storage


def _in_dtype(dtype: Any) -> Any:
    """The method that gives a tensor in one dtype."""

    def convert(self: Any, memory_format: Any = None) -> Any:
        return self.to(dtype)

    convert.__doc__ = f"In {dtype}."
    return convert


def _new_filled(make: Any) -> Any:
    """The method that gives a new tensor of a given size, made by `np.zeros` or its like."""

    def new(
        self: Any, *sizes: Any, size: Any = None, dtype: Any = None, device: Any = None, requires_grad: Any = False
    ) -> Any:
        return self._new(make(dtypes.sizes(sizes, size)), dtype, device, requires_grad)

    new.__doc__ = f"A tensor of the given size, filled as `np.{make.__name__}` does."
    return new


def asked_of_to(args: tuple, device: Any, dtype: Any) -> tuple[Any, Any]:
    """The device and the dtype that the arguments of `to` ask for, where a tensor stands for its own; else None."""
    for arg in args:
        if isinstance(arg, TensorBase):
            device, dtype = dtypes.CPU, arg.array.dtype
        elif isinstance(arg, dtypes.device) or (isinstance(arg, str) and arg.partition(":")[0] in dtypes.DEVICES):
            device = arg
        elif not isinstance(arg, bool):
            dtype = arg
    return device, dtype


class Conversions(Storage):
    """A tensor in other dtypes, and new tensors in the dtype of one."""

    def to(
        self, *args: Any, dtype: Any = None, device: Any = None, non_blocking: bool = False, copy: bool = False,
        memory_format: Any = None,
    ) -> Any:  # fmt: skip
        """In another dtype (given as such or as a tensor that has it); the device can only be the CPU."""
        device, dtype = asked_of_to(args, device, dtype)
        if device is not None:
            dtypes.checked_device(device)
        if dtype is None or self.array.dtype == dtype:
            return self.clone() if copy else self
        return self.cast(dtype=dtypes.checked_dtype(dtype))

    def type(self, dtype: Any = None) -> Any:
        """In another dtype, by whatever names it: "torch.LongTensor", or Tensor, the default; without one, its name."""
        if dtype is None:
            names = (f"torch.{name}" for name, own in dtypes.TENSOR_TYPES.items() if own == self.array.dtype)
            return next(names, str(self.array.dtype))
        if isinstance(dtype, type) and issubclass(dtype, TensorBase):
            dtype = dtypes.default_dtype()
        return self.to(dtypes.TENSOR_TYPES.get(str(dtype).removeprefix("torch."), getattr(dtype, "dtype", dtype)))

    def type_as(self, other: Any) -> Any:
        """In the dtype of other."""
        if not isinstance(other, TensorBase):
            raise TypeError(f"type_as takes a tensor, got {type(other).__name__}")
        return self.to(other.dtype)

    astype = to

    float, double, half = map(_in_dtype, (dtypes.float32, dtypes.float64, dtypes.float16))
    long, int, short, byte = map(_in_dtype, (dtypes.int64, dtypes.int32, dtypes.int16, dtypes.uint8))
    bool, char, bfloat16 = map(_in_dtype, (dtypes.bool, dtypes.int8, dtypes.bfloat16))
    cfloat, cdouble = map(_in_dtype, (dtypes.cfloat, dtypes.cdouble))

    # New tensors, in this one's dtype unless another is given ---------------------------------------------------------

    def new_tensor(self, data: Any, *, dtype: Any = None, device: Any = None, requires_grad: Any = False) -> Any:
        """A tensor of a copy of `data`."""
        return self._new(np.array(getattr(data, "array", data)), dtype, device, requires_grad)

    def new_full(
        self, size: Any, fill_value: Any, *, dtype: Any = None, device: Any = None, requires_grad: Any = False
    ) -> Any:
        """A tensor filled with one value."""
        return self._new(np.full(dtypes.sizes((size,)), fill_value), dtype, device, requires_grad)

    new_zeros, new_ones, new_empty = map(_new_filled, (np.zeros, np.ones, np.empty))

    def _new(self, array: np.ndarray, dtype: Any, device: Any, requires_grad: Any) -> Any:
        if device is not None:
            dtypes.checked_device(device)
        array = array.astype(self.array.dtype if dtype is None else dtypes.checked_dtype(dtype), copy=False)
        return wrap(array).requires_grad_(requires_grad)

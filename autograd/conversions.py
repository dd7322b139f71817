"""A tensor in another dtype, as numbers, as a new tensor of its kind."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd import dtypes
from autograd.errors import ShapeError
from autograd.methods import Methods

_DEVICES = ("cpu", "cuda", "mps", "xpu", "xla", "meta")


class Conversions(Methods):
    """The methods that give numbers, lists, arrays, and tensors of other dtypes."""

    # numbers
    def item(self) -> Any:
        """The one element, as a Python number."""
        if self.array.size != 1:
            raise ShapeError(f"item() needs a tensor of one element, this one has the shape {self.array.shape}")
        return self.array.item()

    def tolist(self) -> Any:
        """The elements as nested lists of Python numbers."""
        return self.array.tolist()

    def numpy(self, *, force: bool = False) -> np.ndarray:
        """The ndarray itself, not a copy; of a tensor that requires grad only after detach() (or with force)."""
        if self.node is not None and not force:
            raise RuntimeError("a tensor that requires grad gives its array only as tensor.detach().numpy()")
        return self.array

    def __bool__(self) -> bool:
        if self.array.size != 1:
            raise ShapeError(f"the truth of a tensor of shape {self.array.shape} is ambiguous: use .any() or .all()")
        return bool(self.array.item())

    def __int__(self) -> int:
        return int(self.item())

    def __float__(self) -> float:
        return float(self.item())

    def __complex__(self) -> complex:
        return complex(self.item())

    def __index__(self) -> int:
        if self.array.dtype.kind not in "iub":
            raise TypeError(f"only a whole number can be an index, this tensor holds {self.array.dtype}")
        return int(self.item())

    def __format__(self, spec: str) -> str:
        if self.array.size == 1 and (spec or not self.array.ndim):
            return format(self.item(), spec)
        if spec:
            raise TypeError(f"the format {spec!r} is for one number, this tensor has the shape {self.array.shape}")
        return str(self)

    # dtypes
    def to(self, *args: Any, dtype: Any = None, device: Any = None, copy: bool = False, **_: Any) -> Any:
        """In another dtype (given as such or as a tensor that has it); the device can only be the CPU."""
        for arg in args:
            if isinstance(arg, Conversions):
                dtype = arg.array.dtype
            elif isinstance(arg, dtypes.device) or (isinstance(arg, str) and arg.partition(":")[0] in _DEVICES):
                device = arg
            elif not isinstance(arg, bool):
                dtype = arg
        if device is not None:
            dtypes.device(device)
        if dtype is None or self.array.dtype == dtype:
            return self.clone() if copy else self
        return self.cast(dtype=dtypes.checked_dtype(dtype))

    def type(self, dtype: Any = None) -> Any:
        """In another dtype; without one, the name of the dtype."""
        return str(self.array.dtype) if dtype is None else self.to(dtype)

    def type_as(self, other: Any) -> Any:
        """In the dtype of other."""
        return self.to(other.dtype)

    astype = to

    def float(self) -> Any:
        """In float32."""
        return self.to(dtypes.float32)

    def double(self) -> Any:
        """In float64."""
        return self.to(dtypes.float64)

    def half(self) -> Any:
        """In float16."""
        return self.to(dtypes.float16)

    def long(self) -> Any:
        """In int64."""
        return self.to(dtypes.int64)

    def int(self) -> Any:
        """In int32."""
        return self.to(dtypes.int32)

    def short(self) -> Any:
        """In int16."""
        return self.to(dtypes.int16)

    def byte(self) -> Any:
        """In uint8."""
        return self.to(dtypes.uint8)

    def bool(self) -> Any:
        """As truth values."""
        return self.to(dtypes.bool)

    def cpu(self) -> Any:
        """Itself: it is there already."""
        return self

    def contiguous(self) -> Any:
        """Itself where its elements lie in row-major order, else a copy in which they do."""
        return self if self.array.flags.c_contiguous else self.clone()

    # new tensors, in this one's dtype unless told otherwise
    def new_tensor(self, data: Any, *, dtype: Any = None, device: Any = None, requires_grad: Any = False) -> Any:
        """A tensor of a copy of `data`."""
        return self._new(np.array(getattr(data, "array", data)), dtype, device, requires_grad)

    def new_full(
        self, size: Any, fill_value: Any, *, dtype: Any = None, device: Any = None, requires_grad: Any = False
    ) -> Any:
        """A tensor of one value."""
        return self._new(np.full(dtypes.sizes((size,)), fill_value), dtype, device, requires_grad)

    def new_zeros(
        self, *sizes: Any, size: Any = None, dtype: Any = None, device: Any = None, requires_grad: Any = False
    ) -> Any:
        """A tensor of zeros."""
        return self._new(np.zeros(dtypes.sizes(sizes, size)), dtype, device, requires_grad)

    def new_ones(
        self, *sizes: Any, size: Any = None, dtype: Any = None, device: Any = None, requires_grad: Any = False
    ) -> Any:
        """A tensor of ones."""
        return self._new(np.ones(dtypes.sizes(sizes, size)), dtype, device, requires_grad)

    def new_empty(
        self, *sizes: Any, size: Any = None, dtype: Any = None, device: Any = None, requires_grad: Any = False
    ) -> Any:
        """A tensor whose elements are not set."""
        return self._new(np.empty(dtypes.sizes(sizes, size)), dtype, device, requires_grad)

    def _new(self, array: np.ndarray, dtype: Any, device: Any, requires_grad: Any) -> Any:
        if device is not None:
            dtypes.device(device)
        array = array.astype(self.array.dtype if dtype is None else dtypes.checked_dtype(dtype), copy=False)
        return self.wrap(array).requires_grad_(requires_grad)

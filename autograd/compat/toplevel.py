"""What programs written for PyTorch ask of `torch` itself, beside tensors and operations."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd import dtypes
from autograd.compat.amp import autocast
from autograd.compat.version import __version__
from autograd.creation import set_default_dtype
from autograd.func import vmap
from autograd.tensor import Tensor

__all__ = ["BoolTensor", "ByteTensor", "CharTensor", "DoubleTensor", "FloatTensor", "HalfTensor", "IntTensor"]
__all__ += ["LongTensor", "ShortTensor", "__version__", "autocast", "channels_last", "channels_last_3d"]
__all__ += ["contiguous_format", "dtype", "preserve_format", "set_default_tensor_type", "vmap"]

dtype = np.dtype
preserve_format, contiguous_format = "preserve_format", "contiguous_format"
channels_last, channels_last_3d = "channels_last", "channels_last_3d"


class _TensorType(type):
    """A type of tensors by their dtype: it makes them as `Tensor` does, and knows those that have the dtype."""

    dtype: np.dtype

    def __call__(cls, *data: Any, device: Any = None) -> Tensor:
        return Tensor(*data, dtype=cls.dtype)

    def __instancecheck__(cls, value: Any) -> bool:
        return isinstance(value, Tensor) and value.dtype == cls.dtype


def _tensor_type(name: str) -> Any:
    found = dtypes.TENSOR_TYPES[name]
    return _TensorType(name, (), {"dtype": found, "__doc__": f"Tensors of {found}.", "__module__": "torch"})


FloatTensor, DoubleTensor, HalfTensor = map(_tensor_type, ("FloatTensor", "DoubleTensor", "HalfTensor"))
LongTensor, IntTensor, ShortTensor = map(_tensor_type, ("LongTensor", "IntTensor", "ShortTensor"))
CharTensor, ByteTensor, BoolTensor = map(_tensor_type, ("CharTensor", "ByteTensor", "BoolTensor"))


def set_default_tensor_type(kind: Any) -> None:
    """Choose the dtype of new tensors by a type of tensors, or its name."""
    set_default_dtype(dtypes.TENSOR_TYPES.get(str(kind).removeprefix("torch."), kind))

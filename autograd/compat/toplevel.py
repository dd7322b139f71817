"""What programs written for PyTorch ask of `torch` and `torch.autograd` beside tensors and operations."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any, NamedTuple, NoReturn

import numpy as np

from autograd import dtypes, linalg
from autograd.anomaly import (
    detect_anomaly,
    is_anomaly_check_nan_enabled,
    is_anomaly_enabled,
    set_anomaly_enabled,
    set_detect_anomaly,
)
from autograd.compat.amp import GradScaler, autocast
from autograd.compat.cuda import Stream
from autograd.compat.futures import Future
from autograd.compat.jit import ScriptModule
from autograd.compat.sparse import dsmm, sparse_coo_tensor, spmm
from autograd.compat.version import __version__
from autograd.creation import arange, as_tensor, set_default_dtype
from autograd.func import vmap
from autograd.generator import default_generator, initial_seed, numpy_rng
from autograd.ops.complaints import explained
from autograd.storage import UntypedStorage
from autograd.tensor import Tensor
from nn import functional as F

__all__ = ["BoolTensor", "ByteStorage", "ByteTensor", "CharTensor", "DoubleTensor", "FloatTensor", "Future"]
__all__ += ["GradScaler", "HalfTensor", "IntTensor", "LongTensor", "PyTorchFileReader", "ScriptModule", "ShortTensor"]
__all__ += ["Stream", "UntypedStorage", "Variable", "__version__", "_assert", "_assert_async"]
__all__ += ["_softmax_backward_data", "adaptive_avg_pool1d", "alpha_dropout", "asarray", "autocast", "avg_pool1d"]
__all__ += ["bilinear", "celu", "celu_", "chalf", "channels_last", "channels_last_3d", "complex32", "constant_pad_nd"]
__all__ += ["contiguous_format", "cosine_similarity", "detect_anomaly", "dropout", "dsmm", "embedding", "frombuffer"]
__all__ += ["group_norm", "is_anomaly_check_nan_enabled", "is_anomaly_enabled", "layer_norm", "lu_solve"]
__all__ += ["max_pool1d", "max_pool2d", "max_pool3d", "memory_format", "pairwise_distance", "pdist", "pixel_shuffle"]
__all__ += ["pixel_unshuffle", "poisson", "prelu", "preserve_format", "relu_", "rms_norm", "rrelu", "rrelu_", "seed"]
__all__ += ["selu", "selu_", "set_anomaly_enabled", "set_default_tensor_type", "set_detect_anomaly"]
__all__ += ["sparse_coo_tensor", "spmm", "strided", "threshold_", "triangular_solve", "typename", "vmap"]

# Functions of `nn.functional` that torch has on the top, too, with the same arguments.
celu, selu, prelu, rrelu, dropout, cosine_similarity = F.celu, F.selu, F.prelu, F.rrelu, F.dropout, F.cosine_similarity
layer_norm, group_norm, rms_norm, pairwise_distance = F.layer_norm, F.group_norm, F.rms_norm, F.pairwise_distance
max_pool1d, max_pool2d, max_pool3d, avg_pool1d = F.max_pool1d, F.max_pool2d, F.max_pool3d, F.avg_pool1d
relu_, selu_, celu_, rrelu_, threshold_ = F.relu_, F.selu_, F.celu_, F.rrelu_, F.threshold_
pixel_shuffle, pixel_unshuffle = F.pixel_shuffle, F.pixel_unshuffle
adaptive_avg_pool1d, bilinear, pdist, alpha_dropout = F.adaptive_avg_pool1d, F.bilinear, F.pdist, F.alpha_dropout

# Methods that torch has as functions, too.
_METHODS = frozenset(
    """
    abs_ acos_ acosh_ arccos_ arccosh_ arcsin_ arcsinh_ arctan_ arctanh_ asin_ asinh_ atan_ atanh_ ceil_ clamp_ clip_
    clamp_max_ clamp_min_ cos_ cosh_ deg2rad_ detach detach_ erf_ erfc_ exp2_ exp_ expm1_ fill_ fix_ floor_ frac_
    get_device index_put_ log10_ log1p_ log2_ log_ logit_ nan_to_num_ neg_ negative_ rad2deg_ reciprocal_ resize_as_
    round_ rsqrt_ sigmoid_ sin_ sinc_ sinh_ sqrt_ square_ tan_ tanh_ trunc_ xlogy_ zero_
    """.split()
)


def __getattr__(name: str) -> Any:
    if name in _METHODS:
        return getattr(Tensor, name)
    if name.startswith("_foreach_") and hasattr(Tensor, _FOREACH.get(name[9:], name[9:])):
        return _foreach(name[9:])
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


# Types and formats ----------------------------------------------------------------------------------------------------

memory_format = str
preserve_format, contiguous_format = "preserve_format", "contiguous_format"
channels_last, channels_last_3d = "channels_last", "channels_last_3d"  # accepted; all layouts are row-major
layout, strided = str, Tensor.layout
sparse_coo, sparse_csr, sparse_csc, sparse_bsr, sparse_bsc = (
    f"torch.sparse_{name}" for name in "coo csr csc bsr bsc".split()
)
complex32 = chalf = "torch.complex32"  # programs compare a dtype with it; no tensor has it


class _TensorType(type):
    """A type of tensors by their dtype: it makes them as `Tensor` does, and knows those that have the dtype."""

    dtype: dtypes.dtype

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


class PyTorchFileReader:
    """PyTorch's reader of its files; making one raises RuntimeError."""

    def __init__(self, *_: Any) -> NoReturn:
        raise RuntimeError("torch.PyTorchFileReader: load(file) reads the tensors of a file")


class ByteStorage:
    """The memory of a tensor of bytes."""

    @staticmethod
    def from_buffer(buffer: Any) -> Tensor:
        """A copy of the bytes, as a tensor, from which `ByteTensor` makes one."""
        return frombuffer(bytearray(buffer), dtype=dtypes.uint8)


def frombuffer(buffer: Any, *, dtype: Any, count: int = -1, offset: int = 0, requires_grad: bool = False) -> Tensor:
    """A vector of the numbers that the bytes of a buffer are, whose memory it shares."""
    return as_tensor(np.frombuffer(buffer, dtype, count, offset)).requires_grad_(requires_grad)


class _VariableType(type):
    def __instancecheck__(cls, value: Any) -> bool:
        return isinstance(value, Tensor)


class Variable(metaclass=_VariableType):
    """The older name of a tensor: `Variable(x)` is a view of x, which may require a gradient."""

    def __new__(cls, data: Tensor, requires_grad: bool = False, volatile: bool = False) -> Any:
        """A tensor that shares the memory of `data`."""
        return data.detach().requires_grad_(requires_grad)


def set_default_tensor_type(kind: Any) -> None:
    """Choose the dtype of new tensors by a type of tensors, or its name."""
    set_default_dtype(dtypes.TENSOR_TYPES.get(str(kind).removeprefix("torch."), kind))


def asarray(obj: Any, *, dtype: Any = None, device: Any = None, copy: Any = None, requires_grad: Any = None) -> Tensor:
    """`obj` as a tensor, which shares its memory where it can unless `copy`; a tensor keeps its history if it may."""
    found = as_tensor(obj, dtype, device)
    found = found.clone() if copy else found
    return found if requires_grad in (None, found.requires_grad) else found.detach().requires_grad_(requires_grad)


def lu_solve(b: Any, LU_data: Any, LU_pivots: Any) -> Any:
    """X with A X = b, where `lu` gave A."""
    return linalg.lu_solve(LU_data, LU_pivots, b)


def constant_pad_nd(input: Tensor, pad: Any, value: float = 0) -> Tensor:
    """`F.pad` with a constant."""
    return F.pad(input, pad, value=value)


@explained
def poisson(input: Tensor, generator: Any = None) -> Tensor:
    """Random whole numbers from the Poisson distributions of these rates."""
    if (input.array < 0).any():
        raise RuntimeError("poisson needs rates of at least 0")
    return Tensor.wrap(np.asarray(numpy_rng(generator).poisson(input.array), input.dtype))


class _TriangularSolve(NamedTuple):
    solution: Any
    cloned_coefficient: Any


def triangular_solve(b: Any, A: Any, upper: bool = True, transpose: bool = False, unitriangular: bool = False) -> Any:
    """(X, A) with A X = b, or A^T X = b, for a triangle of A: the older form of `linalg.solve_triangular`."""
    given, upper = (A.mT, not upper) if transpose else (A, upper)
    return _TriangularSolve(linalg.solve_triangular(given, b, upper=upper, unitriangular=unitriangular), A.clone())


def _foreach(name: str) -> Callable:
    """`_foreach_add_` and its kin: the method after `_foreach_`, of each tensor of a list, with what stands there."""
    method = getattr(Tensor, _FOREACH.get(name, name))

    def each(self: Any, *args: Any, **options: Any) -> Any:
        columns = (self, *args)
        sizes = {len(column) for column in columns if isinstance(column, (list, tuple))}
        if len(sizes) != 1:
            raise RuntimeError(f"_foreach_{name} needs lists of tensors of one length, got the lengths {sorted(sizes)}")
        rows = zip(
            *(column if isinstance(column, (list, tuple)) else itertools.repeat(column, *sizes) for column in columns)
        )
        # A fourth argument is the factor of `addcdiv` and `addcmul`.
        results = tuple(method(*row[:3], **dict(zip(["value"], row[3:])), **options) for row in rows)
        return self if name.endswith("_") else results

    return each


_FOREACH = {"maximum": "clamp_min", "maximum_": "clamp_min_", "minimum": "clamp_max", "minimum_": "clamp_max_"}


def _assert(condition: Any, message: str) -> None:
    """An assert statement as a function."""
    assert condition, message


def _assert_async(input: Tensor, assert_msg: str = "Expected Tensor with single nonzero value, but got zero") -> None:
    """RuntimeError for the number 0."""
    if not input:
        raise RuntimeError(assert_msg)


def embedding(
    weight: Tensor, indices: Tensor, padding_idx: int = -1, scale_grad_by_freq: bool = False, sparse: bool = False
) -> Tensor:
    """`F.embedding` with the table first; a negative padding_idx stands for none."""
    padding = padding_idx if padding_idx >= 0 else None
    return F.embedding(indices, weight, padding, scale_grad_by_freq=scale_grad_by_freq, sparse=sparse)


def _softmax_backward_data(grad_output: Tensor, output: Tensor, dim: int, input_dtype: Any = None) -> Tensor:
    """The gradient of a softmax by its input, from that by its output."""
    return output * (grad_output - (grad_output * output).sum(dim, keepdim=True))


def typename(obj: Any) -> str:
    """The name of a type, as torch writes it: that of a tensor says its dtype."""
    if isinstance(obj, Tensor):
        return obj.type()
    kind = obj if isinstance(obj, type) or hasattr(obj, "__qualname__") else type(obj)
    return f"{kind.__module__}.{kind.__qualname__}".removeprefix("builtins.")


def seed() -> int:
    """Start the default generator from a seed that the system makes up, and return it."""
    default_generator.seed()
    return initial_seed()


def range(start: Any, end: Any = None, step: Any = 1, *, dtype: Any = None, **options: Any) -> Tensor:  # noqa: A001
    """The older form of arange, with the end included, of floats unless a dtype is given."""
    start, end = (0, start) if end is None else (start, end)
    n = int((end - start) / step) + 1
    return start + step * arange(n, dtype=dtype or dtypes.default_dtype(), **options)

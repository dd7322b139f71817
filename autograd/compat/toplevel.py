"""What programs written for PyTorch ask of `torch` and `torch.autograd` beside tensors and operations."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any, NamedTuple, NoReturn

import numpy as np

from autograd import dtypes, kernels, linalg
from autograd.anomaly import (
    detect_anomaly,
    is_anomaly_check_nan_enabled,
    is_anomaly_enabled,
    set_anomaly_enabled,
    set_detect_anomaly,
)
from autograd.compat.amp import GradScaler, autocast
from autograd.compat.constant import always
from autograd.compat.cuda import Stream
from autograd.compat.futures import Future
from autograd.compat.jit import ScriptModule
from autograd.compat.sparse import dsmm, sparse_coo_tensor, spmm
from autograd.compat.version import __version__
from autograd.creation import arange, as_tensor, set_default_dtype
from autograd.func import vmap
from autograd.generator import default_generator, initial_seed, numpy_rng
from autograd.grad_mode import mode
from autograd.ops.complaints import explained
from autograd.storage import UntypedStorage
from autograd.tensor import Tensor
from nn import functional as F

__all__ = ["BoolTensor", "ByteTensor", "CharTensor", "DoubleTensor", "FloatTensor", "GradScaler", "HalfTensor"]
__all__ += ["IntTensor", "LongTensor", "ShortTensor", "Variable", "__version__", "_assert", "_assert_async"]
__all__ += ["are_deterministic_algorithms_enabled", "autocast", "celu", "channels_last", "channels_last_3d", "compile"]
__all__ += ["contiguous_format", "cosine_similarity", "detect_anomaly", "dropout", "get_default_device"]
__all__ += ["get_float32_matmul_precision", "get_num_interop_threads", "get_num_threads", "group_norm"]
__all__ += ["is_anomaly_check_nan_enabled", "is_anomaly_enabled", "is_autocast_enabled", "is_inference_mode_enabled"]
__all__ += ["is_storage", "layer_norm", "max_pool1d", "max_pool2d", "memory_format", "pairwise_distance", "prelu"]
__all__ += ["preserve_format", "rms_norm", "rrelu", "seed", "selu", "set_anomaly_enabled", "set_default_device"]
__all__ += ["set_default_tensor_type", "set_detect_anomaly", "set_float32_matmul_precision", "set_flush_denormal"]
__all__ += ["set_num_interop_threads", "set_num_threads", "set_warn_always", "typename", "use_deterministic_algorithms"]
__all__ += ["vmap", "adaptive_avg_pool1d", "alpha_dropout", "avg_pool1d", "bilinear", "celu_"]
__all__ += ["max_pool3d", "pdist", "pixel_shuffle", "pixel_unshuffle", "relu_", "rrelu_", "selu_", "threshold_"]
__all__ += ["_softmax_backward_data", "asarray", "dsmm", "lu_solve", "sparse_coo_tensor", "spmm"]
__all__ += ["ByteStorage", "Future", "OutOfMemoryError", "chalf", "complex32", "frombuffer"]
__all__ += ["constant_pad_nd", "get_autocast_cpu_dtype", "get_autocast_dtype"]
__all__ += ["get_autocast_gpu_dtype", "has_cuda", "has_mps", "is_autocast_cpu_enabled", "strided"]
__all__ += ["PyTorchFileReader", "ScriptModule", "Stream", "UntypedStorage", "embedding", "poisson", "triangular_solve"]

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


# Devices and threads --------------------------------------------------------------------------------------------------


get_num_interop_threads = always(1, "1: ops run one after the other.")


def get_default_device() -> dtypes.device:
    """The CPU; within `device("meta")`, that."""
    return dtypes.device.current


def set_default_device(device: Any) -> None:
    """Accepts the CPU; RuntimeError for another device."""
    if device is not None:
        dtypes.checked_device(device)


class _Threads:
    blas: Any = None


def get_num_threads() -> int:
    """How many threads share the work of an op."""
    return kernels.thread_count()


def set_num_threads(num: int) -> None:
    """Let as many threads share the work of an op, and of a matrix product."""
    if num < 1:
        raise RuntimeError(f"set_num_threads needs a number of at least 1, got {num}")
    kernels.thread_count(num)
    if _Threads.blas is not None:
        _Threads.blas.__exit__(None, None, None)
    _Threads.blas = kernels.blas_threads(num)
    _Threads.blas.__enter__()


# What may be said, and changes nothing --------------------------------------------------------------------------------


def compile(model: Callable | None = None, **_: Any) -> Any:
    """The function or module itself; called with options alone, a decorator that gives it back."""
    return model if model is not None else lambda model: model


set_float32_matmul_precision = set_num_interop_threads = always(None, "Accepted: there is one way to compute.")
set_warn_always = use_deterministic_algorithms = set_float32_matmul_precision
get_float32_matmul_precision = always("highest", 'Always "highest".')
are_deterministic_algorithms_enabled = always(True, "Always: the same program gives the same numbers.")
is_autocast_enabled = is_autocast_cpu_enabled = is_storage = set_flush_denormal = always(False, "Never.")
get_autocast_gpu_dtype = always(dtypes.float16, "The dtype of autocast on a GPU, of which there is none.")
get_autocast_cpu_dtype = always(dtypes.bfloat16, "The dtype of autocast on the CPU, where it has no effect.")
has_cuda = has_mps = False  # older forms of cuda.is_available and mps.is_available
OutOfMemoryError = MemoryError


def is_inference_mode_enabled() -> bool:
    """Whether ops are not recorded now."""
    return not mode.grad


def get_autocast_dtype(device_type: str) -> Any:
    """The dtype of autocast on such a device."""
    return (get_autocast_cpu_dtype if device_type == "cpu" else get_autocast_gpu_dtype)()


def seed() -> int:
    """Start the default generator from a seed that the system makes up, and return it."""
    default_generator.seed()
    return initial_seed()


def range(start: Any, end: Any = None, step: Any = 1, *, dtype: Any = None, **options: Any) -> Tensor:  # noqa: A001
    """The older form of arange, with the end included, of floats unless a dtype is given."""
    start, end = (0, start) if end is None else (start, end)
    n = int((end - start) / step) + 1
    return start + step * arange(n, dtype=dtype or dtypes.default_dtype(), **options)

"""What libraries take from the inside of PyTorch: its parser of arguments, its iterators, modes that count or watch."""

from __future__ import annotations

from contextlib import nullcontext
from enum import Enum
from functools import partial
from typing import Any, NoReturn

from autograd import Tensor, dtypes
from autograd.compat import reduction
from autograd.compat.constant import always
from autograd.conversions import asked_of_to
from nn import functional as F
from nn.data.workers import WorkerIterator as _MultiProcessingDataLoaderIter

__all__ = ["FlopCounterMode", "ProfilerAction", "TorchFunctionMode", "kineto_available"]

_BaseDataLoaderIter = _MultiProcessingDataLoaderIter  # without workers, batches come from a generator
_TensorMeta = type(Tensor)
_Reduction = reduction
_disabled_torch_function_impl = None  # what a subclass that is not asked about calls has: none is
_EXTRA_STATE_KEY_SUFFIX = "_extra_state"  # of the entries of a state dict that no module has here
_device, _dtype, _size = dtypes.device, dtypes.dtype, tuple[int, ...]


def _parse_to(*args: Any, **kwargs: Any) -> tuple[Any, Any, bool, Any]:
    """What the arguments of `to` ask for: a device, a dtype, non_blocking, memory_format; None for what they do not."""
    device, dtype = asked_of_to(args, kwargs.get("device"), kwargs.get("dtype"))
    dtype = None if dtype is None else dtypes.dtype(dtype)
    device = None if device is None else dtypes.device(str(device))
    return device, dtype, kwargs.get("non_blocking", False), kwargs.get("memory_format")


has_torch_function = has_torch_function_unary = has_torch_function_variadic = always(
    False, "Never: calls are not passed on."
)

is_in_onnx_export = is_fake = is_traceable_wrapper_subclass = always(False, "Never: nothing is traced or exported.")


def handle_torch_function(public_api: Any, relevant_args: Any, *args: Any, **kwargs: Any) -> Any:
    """What the function returns: there is nothing else that could be called for it."""
    return public_api(*args, **kwargs)


max_pool1d_with_indices, max_pool2d_with_indices, max_pool3d_with_indices = [
    partial(pool, return_indices=True) for pool in (F.max_pool1d, F.max_pool2d, F.max_pool3d)
]


class TorchFunctionMode:
    """A context in which PyTorch asks an object about every call: entering it raises RuntimeError."""

    def __enter__(self) -> NoReturn:
        raise RuntimeError("torch.overrides: calls cannot be replaced here; autograd.tracing shows them")

    def __exit__(self, *_: object) -> None:
        pass


class FlopCounterMode:
    """A context in which PyTorch counts operations: entering it raises RuntimeError, and before that there are none."""

    def __init__(self, *_: Any, **__: Any) -> None:
        pass

    def __enter__(self) -> NoReturn:
        raise RuntimeError("torch.utils.flop_counter: operations are not counted so; nn.summary(model) counts them")

    def __exit__(self, *_: object) -> None:
        pass

    def get_total_flops(self) -> int:
        """0."""
        return 0

    def get_flop_counts(self) -> dict[str, Any]:
        """Nothing."""
        return {}


class ProfilerAction(Enum):
    """What PyTorch's profiler does in a step."""

    NONE, WARMUP, RECORD, RECORD_AND_SAVE = range(4)


def kineto_available() -> bool:
    """Never: there is no profiler."""
    return False


DisableTorchFunctionSubclass = nullcontext  # subclasses are not asked about calls

"""What programs set, and ask, of devices, threads and ways to compute. Only the number of threads changes anything."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from autograd import dtypes, kernels
from autograd.compat.constant import always
from autograd.grad_mode import mode

__all__ = ["OutOfMemoryError", "are_deterministic_algorithms_enabled", "compile", "get_autocast_cpu_dtype"]
__all__ += ["get_autocast_dtype", "get_autocast_gpu_dtype", "get_default_device", "get_float32_matmul_precision"]
__all__ += ["get_num_interop_threads", "get_num_threads", "has_cuda", "has_mps", "is_autocast_cpu_enabled"]
__all__ += ["is_autocast_enabled", "is_inference_mode_enabled", "is_storage", "set_default_device"]
__all__ += ["set_float32_matmul_precision", "set_flush_denormal", "set_num_interop_threads", "set_num_threads"]
__all__ += ["set_warn_always", "use_deterministic_algorithms"]

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

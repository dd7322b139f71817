"""`torch.cuda`, `torch.accelerator`, `torch.mps`, `torch.xpu`: there is no GPU here, and what asks is told so."""

from __future__ import annotations

from contextlib import ContextDecorator
from typing import Any

from autograd.compat.constant import always
from autograd.compat.refused import refusing

is_available = is_initialized = is_built = is_bf16_supported = is_current_stream_capturing = always(False, "Never.")
device_count, current_accelerator = always(0, "None."), always(None, "There is none.")
memory_allocated = max_memory_allocated = memory_reserved = always(0, "The bytes in use on a GPU: 0.")
max_memory_reserved = memory_cached = memory_allocated
memory_summary = always("no GPU", "That there is no GPU.")
synchronize = empty_cache = ipc_collect = init = always(
    None, "Nothing to wait for: an op has finished when it returns."
)
reset_peak_memory_stats = reset_max_memory_allocated = reset_accumulated_memory_stats = synchronize
OutOfMemoryError = MemoryError
manual_seed = manual_seed_all = set_rng_state_all = always(None, "There is no generator to seed.")


def memory_stats(device: Any = None) -> dict[str, int]:
    """No figures."""
    return {}


def get_rng_state_all() -> list:
    """There is no generator that would have a state."""
    return []


_initialized = False  # public programs read it before they save the states of generators


class Stream(ContextDecorator):
    """A queue of work on a GPU, of which there is none: what is done within it is done at once."""

    def __init__(self, *_: Any, **__: Any) -> None:
        pass

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def synchronize(self) -> None:
        """Nothing to wait for."""

    wait_stream = wait_event = record_event = lambda self, *_: None


stream = current_stream = StreamContext = device = device_index = device_of = Stream


def _refuse(name: str) -> Any:
    hint = "chainrule computes on the CPU; ask is_available() first, and pass device='cpu'"
    return refusing(name, f"{name}: there is no GPU here, {hint}")


current_device, set_device, get_device_name = map(_refuse, ("current_device", "set_device", "get_device_name"))
get_device_capability, get_device_properties = map(_refuse, ("get_device_capability", "get_device_properties"))
Event, CUDAGraph, graph, mem_get_info = map(_refuse, ("Event", "CUDAGraph", "graph", "mem_get_info"))
get_rng_state, set_rng_state = map(_refuse, ("get_rng_state", "set_rng_state"))
current_device_index, set_device_index = map(_refuse, ("current_device_index", "set_device_index"))


class _TensorType(type):
    """A type of tensors on a GPU, of which there are none."""

    __call__ = _refuse("a type of tensors on a GPU")

    def __instancecheck__(cls, value: Any) -> bool:
        return False


FloatTensor, DoubleTensor, HalfTensor, BFloat16Tensor, LongTensor, IntTensor, ShortTensor, CharTensor, ByteTensor = (
    _TensorType(f"{name}Tensor", (), {"__module__": "torch.cuda", "__doc__": "There are none: there is no GPU."})
    for name in ("Float", "Double", "Half", "BFloat16", "Long", "Int", "Short", "Char", "Byte")
)

"""`torch.profiler`: names of regions are accepted; a profile of Python's own, `python -m cProfile`, shows the ops."""

from __future__ import annotations

from contextlib import ContextDecorator
from enum import Enum
from typing import Any


class record_function(ContextDecorator):  # noqa: N801 - torch's name
    """A context and decorator that names a region of the program; it changes nothing."""

    def __init__(self, name: str, args: Any = None) -> None:
        self.name = name

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *_: object) -> None:
        pass


class ProfilerActivity(Enum):
    """What PyTorch's profiler can watch."""

    CPU, CUDA, XPU = range(3)


def profile(enabled: Any = True, *_: Any, **__: Any) -> record_function:
    """A context without effect if it is not enabled, else RuntimeError: there is no profiler of our own."""
    if enabled is False:
        return record_function("profile")
    raise RuntimeError("there is no torch.profiler here: python -m cProfile -s tottime FILE.py shows where time goes")


schedule = tensorboard_trace_handler = emit_nvtx = EventList = profile

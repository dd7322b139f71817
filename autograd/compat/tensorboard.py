"""`torch.utils.tensorboard`: the writer of the package tensorboardX, given arrays."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from autograd.tensor import Tensor


class SummaryWriter:
    """tensorboardX's SummaryWriter; its methods take tensors. ImportError where that package is not installed."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        try:
            writer = import_module("tensorboardX").SummaryWriter
        except ImportError as error:
            raise ImportError("SummaryWriter needs the package 'tensorboardX': pip install tensorboardX") from error
        self._writer = writer(*args, **kwargs)

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._writer, name)
        if not callable(found):
            return found
        return lambda *args, **kwargs: found(*map(_array, args), **{key: _array(v) for key, v in kwargs.items()})

    def __enter__(self) -> SummaryWriter:
        return self

    def __exit__(self, *_: object) -> None:
        self._writer.close()


def _array(value: Any) -> Any:
    """A tensor's array, also in the values of a dict (`add_scalars`)."""
    if isinstance(value, dict):
        return {key: _array(v) for key, v in value.items()}
    return value.detach().numpy() if isinstance(value, Tensor) else value

"""`torch.nn.parallel`: a module on all devices, of which there is one; and a layer that only there is another."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from autograd.compat.distributed import get_world_size
from nn.layers import Linear as NonDynamicallyQuantizableLinear
from nn.module import Module

__all__ = ["DataParallel", "DistributedDataParallel", "NonDynamicallyQuantizableLinear", "data_parallel"]


class DataParallel(Module):
    """The module, called with whole batches on the one device. Its parameters' names begin with `module.`."""

    def __init__(self, module: Module, device_ids: Any = None, output_device: Any = None, dim: int = 0) -> None:
        super().__init__()
        self.module = module

    def forward(self, *inputs: Any, **kwargs: Any) -> Any:
        """What the module makes of the inputs."""
        return self.module(*inputs, **kwargs)


class DistributedDataParallel(DataParallel):
    """The module, in the one process that there is; ValueError before `init_process_group`."""

    def __init__(self, module: Module, device_ids: Any = None, output_device: Any = None, dim: int = 0, **_: Any):
        get_world_size()
        super().__init__(module)
        self.require_backward_grad_sync = True

    @contextmanager
    def no_sync(self) -> Iterator[None]:
        """A context in which gradients are not averaged over processes: they never are."""
        yield


def data_parallel(module: Module, inputs: Any, *_: Any, module_kwargs: Any = None, **__: Any) -> Any:
    """`module(*inputs)`."""
    return module(*(inputs if isinstance(inputs, tuple) else (inputs,)), **(module_kwargs or {}))

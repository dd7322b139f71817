"""`torch.nn.parallel` and what is used with it: all devices are one, and lists of tensors are one flat tensor."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from autograd import Tensor, cat
from autograd.compat.distributed import get_world_size
from nn.layers import Linear as NonDynamicallyQuantizableLinear
from nn.layers import LocalResponseNorm as CrossMapLRN2d
from nn.layers.batch_norm import _BatchNorm
from nn.module import Module
from nn.utils import parameters_to_vector

__all__ = ["Broadcast", "CrossMapLRN2d", "DataParallel", "DistributedDataParallel", "Gather"]
__all__ += ["NonDynamicallyQuantizableLinear", "Scatter"]
__all__ += ["ReduceAddCoalesced", "SyncBatchNorm", "data_parallel", "gather", "parallel_apply", "replicate", "scatter"]
__all__ += ["scatter_kwargs"]


class DataParallel(Module):
    """The module, called with whole batches on the one device. Its parameters' names begin with `module.`."""

    def __init__(self, module: Module, device_ids: Any = None, output_device: Any = None, dim: int = 0) -> None:
        super().__init__()
        self.module = module
        self.device_ids: list[int] = []  # which subclasses ask before they divide a batch

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


class SyncBatchNorm(_BatchNorm):
    """BatchNorm in any number of dims, by the statistics of all processes, of which there is one."""

    allowed = (2, 3, 4, 5)

    def __init__(
        self, num_features: int, eps: float = 1e-5, momentum: float | None = 0.1, affine: bool = True,
        track_running_stats: bool = True, process_group: Any = None, device: Any = None, dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__(num_features, eps, momentum, affine, track_running_stats, device, dtype)

    @classmethod
    def convert_sync_batchnorm(cls, module: Module, process_group: Any = None) -> Module:
        """The module itself: with one process, its BatchNorm layers are synchronous."""
        return module


def data_parallel(module: Module, inputs: Any, *_: Any, module_kwargs: Any = None, **__: Any) -> Any:
    """`module(*inputs)`."""
    return module(*(inputs if isinstance(inputs, tuple) else (inputs,)), **(module_kwargs or {}))


def scatter(inputs: Any, target_gpus: Any, dim: int = 0) -> list:
    """What each device gets: the one has all."""
    return [inputs]


def scatter_kwargs(inputs: tuple, kwargs: dict | None, target_gpus: Any, dim: int = 0) -> tuple[tuple, tuple]:
    """What each device gets of the arguments, and of those by keyword."""
    return (inputs,), (kwargs or {},)


def _broadcast_coalesced_reshape(tensors: Sequence[Tensor], devices: Any, detach: bool = False) -> list:
    """The tensors on each device."""
    return [list(tensors)]


def replicate(network: Module, devices: Sequence, detach: bool = False) -> list[Module]:
    """The module, once for each device."""
    return [network] * len(devices)


def parallel_apply(modules: Sequence[Module], inputs: Sequence, kwargs_tup: Any = None, devices: Any = None) -> list:
    """What each module makes of its inputs, one after the other."""
    pairs = zip(modules, inputs, kwargs_tup or [{}] * len(modules))
    return [module(*(given if isinstance(given, tuple) else (given,)), **kwargs) for module, given, kwargs in pairs]


def gather(outputs: Sequence[Tensor], target_device: Any, dim: int = 0) -> Tensor:
    """The outputs of all devices, joined."""
    return cat(list(outputs), dim)


class Broadcast:
    """Tensors on all devices."""

    @staticmethod
    def apply(target_gpus: Any, *inputs: Tensor) -> tuple[Tensor, ...]:
        """The tensors themselves."""
        return inputs


class Scatter:
    """A tensor divided among all devices."""

    @staticmethod
    def apply(target_gpus: Any, chunk_sizes: Any, dim: int, input: Tensor) -> tuple[Tensor]:
        """The whole tensor, for the one device."""
        return (input,)


class Gather:
    """The tensors of all devices, joined."""

    @staticmethod
    def apply(target_device: Any, dim: int, *inputs: Tensor) -> Tensor:
        """What `gather` makes of them."""
        return gather(inputs, target_device, dim)


class ReduceAddCoalesced:
    """The sums of tensors over all devices."""

    @staticmethod
    def apply(destination: Any, num_inputs: int, *inputs: Tensor) -> tuple[Tensor, ...]:
        """The sum of each tensor with those that stand any number of times `num_inputs` places after it."""
        return tuple(sum(inputs[i::num_inputs][1:], inputs[i]) for i in range(num_inputs))


_flatten_dense_tensors = parameters_to_vector


def _unflatten_dense_tensors(flat: Tensor, tensors: Sequence[Tensor]) -> tuple[Tensor, ...]:
    """The parts of a flat tensor, with the shapes of these tensors."""
    parts = flat.split([tensor.numel() for tensor in tensors])
    return tuple(part.view_as(tensor) for part, tensor in zip(parts, tensors))

"""`torch.distributed` for the one process that there is: a group of one, in which every collective is an identity."""

from __future__ import annotations

import os
from contextlib import nullcontext
from datetime import timedelta
from enum import Enum
from typing import Any, NoReturn

from autograd.compat.constant import always


class ProcessGroup:
    """The type of a group of processes, for annotations."""


class Backend(str):
    """The name of a library of collectives."""

    GLOO, MPI, NCCL, UCC = "gloo", "mpi", "nccl", "ucc"


class ReduceOp(Enum):
    """How the tensors of all processes become one."""

    SUM, AVG, PRODUCT, MIN, MAX = "sum", "avg", "product", "min", "max"
    BAND, BOR, BXOR = "band", "bor", "bxor"


reduce_op = ReduceOp  # its older name
ReduceOp.RedOpType = ReduceOp  # type: ignore[attr-defined] # what PyTorch calls the type of its values
default_pg_timeout = timedelta(minutes=30)  # how long a collective waits, where there are others


class Work:
    """A collective that has finished."""

    def wait(self, timeout: Any = None) -> bool:
        """At once."""
        return True

    is_completed = is_success = wait


class Join(nullcontext):
    """A context in which processes wait for those that have more batches: there are no others."""

    def __init__(self, joinables: Any, enable: bool = True, throw_on_early_termination: bool = False, **_: Any) -> None:
        super().__init__()


class DTensor:
    """A tensor that is distributed over processes: what `isinstance` asks for. No tensor is one."""


class Replicate:
    """The placement of a DTensor that every process has."""


class Partial:
    """The placement of a DTensor that is the sum of those of all processes."""

    def __init__(self, reduce_op: str = "sum") -> None:
        self.reduce_op = reduce_op


class Shard:
    """The placement of a DTensor that is divided along a dim."""

    def __init__(self, dim: int) -> None:
        self.dim = dim


class ZeroRedundancyOptimizer:
    """The optimizer, of which each process would keep a part: the one process keeps all of it."""

    def __new__(
        cls, params: Any, optimizer_class: Any, process_group: Any = None, parameters_as_bucket_view: bool = False,
        overlap_with_ddp: bool = False, **defaults: Any,
    ) -> Any:  # fmt: skip
        return optimizer_class(params, **defaults)


class _World:
    backend: str | None = None  # that of the group of one, while there is one


class group:  # noqa: N801 - torch's name
    """The groups of processes: the one of all, and what stands for one that this process is not in."""

    WORLD, NON_GROUP_MEMBER = _World, -100


GroupMember = group


is_available = is_gloo_available = always(True, "Always, for one process.")
is_nccl_available = is_mpi_available = is_torchelastic_launched = always(False, "Never: it needs GPUs, or others.")
get_default_backend_for_device = always("gloo", "The backend of the CPU.")


def init_process_group(
    backend: str | None = None, init_method: str | None = None, timeout: Any = None, world_size: int = -1,
    rank: int = -1, store: Any = None, group_name: str = "", pg_options: Any = None, device_id: Any = None,
) -> None:  # fmt: skip
    """Make this process a group of one; RuntimeError where there are to be more."""
    size = world_size if world_size >= 0 else int(os.environ.get("WORLD_SIZE", 1))
    if size != 1:
        raise RuntimeError(
            f"a group of {size} processes was asked for: chainrule trains in one process; run one, without torchrun, "
            "with world_size=1 (nn.train.Trainer(threads=) uses all cores)"
        )
    _World.backend = backend or "gloo"


def destroy_process_group(group: Any = None) -> None:
    """Undo `init_process_group`."""
    _World.backend = None


def is_initialized() -> bool:
    """Whether there is a group, from `init_process_group` on."""
    return _World.backend is not None


def get_backend(group: Any = None) -> str:
    """The backend that `init_process_group` was given; ValueError before it was called."""
    if _World.backend is None:
        raise ValueError("there is no process group: call init_process_group() first")
    return _World.backend


def get_world_size(group: Any = None) -> int:
    """1; ValueError before `init_process_group`."""
    get_backend()
    return 1


def get_rank(group: Any = None) -> int:
    """0; ValueError before `init_process_group`."""
    get_backend()
    return 0


def get_global_rank(group: Any, group_rank: int) -> int:
    """The rank among all processes of one of a group: the same."""
    return group_rank


def get_process_group_ranks(group: Any = None) -> list[int]:
    """The ranks of all processes of a group; ValueError before `init_process_group`."""
    return list(range(get_world_size()))


def new_group(ranks: Any = None, *_: Any, **__: Any) -> Any:
    """The group of one; ValueError before `init_process_group`."""
    get_backend()
    return _World


def _identity(*_: Any, async_op: bool = False, **__: Any) -> Work | None:
    """Leave the tensor as it is, which is the result in a group of one; ValueError before `init_process_group`."""
    get_backend()
    return Work() if async_op else None


all_reduce = reduce = broadcast = barrier = broadcast_object_list = _identity


def _copy(output: Any, input: Any, *_: Any, async_op: bool = False, **__: Any) -> Work | None:
    """Copy input into output, each a tensor or a list of one; ValueError before `init_process_group`."""
    to, source = (x[0] if isinstance(x, list) else x for x in (output, input))
    to.copy_(source.view(to.shape))
    return _identity(async_op=async_op)


all_gather = all_gather_into_tensor = reduce_scatter = reduce_scatter_tensor = scatter = _copy
all_to_all = all_to_all_single = _all_gather_base = _reduce_scatter_base = _copy


def gather(
    tensor: Any, gather_list: Any = None, dst: int = 0, group: Any = None, async_op: bool = False
) -> Work | None:
    """Copy the tensor into the one of the list."""
    return _copy(gather_list or [tensor], tensor, async_op=async_op)


def all_gather_object(object_list: list[Any], obj: Any, group: Any = None) -> None:
    """Put the object into the list of one."""
    object_list[:] = [obj]
    _identity()


def send(*_: Any, **__: Any) -> NoReturn:
    """Raises RuntimeError: there is no other process."""
    raise RuntimeError("there is no other process to send to or to receive from: chainrule trains in one")


recv = isend = irecv = send

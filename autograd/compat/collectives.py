"""`torch.distributed.nn`: collectives that have a derivative. Among one process they change nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from autograd.tensor import Tensor


def all_reduce(tensor: Tensor, op: Any = None, group: Any = None) -> Tensor:
    """The tensor itself, which is the sum over one process."""
    return tensor


def all_gather(tensor: Tensor, group: Any = None) -> tuple[Tensor, ...]:
    """The tensor of each process: of this one."""
    return (tensor,)


def broadcast(tensor: Tensor, src: int, group: Any = None) -> Tensor:
    """The tensor of process src, which must be 0."""
    if src:
        raise RuntimeError(f"src must be 0, the rank of the only process, not {src}")
    return tensor


def scatter(tensors: Sequence[Tensor], src: int = 0, group: Any = None) -> Tensor:
    """The part of this process."""
    return broadcast(tensors[0], src)


reduce, gather = all_reduce, all_gather

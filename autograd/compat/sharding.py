"""`torch.distributed.fsdp` and `device_mesh` for the one process that there is: it has the whole module."""

from __future__ import annotations

import math
from contextlib import AbstractContextManager, nullcontext
from enum import Enum
from typing import Any

from autograd import Tensor
from autograd.compat.constant import always
from autograd.compat.distributed import get_world_size, group
from autograd.compat.parallel import DistributedDataParallel
from nn.module import Module
from nn.utils import clip_grad_norm_

StateDictType = Enum("StateDictType", "FULL_STATE_DICT LOCAL_STATE_DICT SHARDED_STATE_DICT")
ShardingStrategy = Enum("ShardingStrategy", "FULL_SHARD SHARD_GRAD_OP NO_SHARD HYBRID_SHARD _HYBRID_SHARD_ZERO2")
BackwardPrefetch = Enum("BackwardPrefetch", "BACKWARD_PRE BACKWARD_POST")
CheckpointImpl = Enum("CheckpointImpl", "REENTRANT NO_REENTRANT")


class Settings:
    """How parameters would be divided, cast, moved and saved: accepted, without effect."""

    def __init__(self, *_: Any, **settings: Any) -> None:
        self.__dict__.update(settings)


MixedPrecision = MixedPrecisionPolicy = CPUOffload = CPUOffloadPolicy = OffloadPolicy = Settings
FullStateDictConfig = ShardedStateDictConfig = FullOptimStateDictConfig = ShardedOptimStateDictConfig = Settings
ModuleWrapPolicy = Settings
implicit_replication = nullcontext
transformer_auto_wrap_policy = size_based_auto_wrap_policy = always(False, "Never: a module stays whole.")


class FullyShardedDataParallel(DistributedDataParallel):
    """The module, in the one process that there is; ValueError before `init_process_group`."""

    def __init__(self, module: Module, *_: Any, **__: Any) -> None:
        super().__init__(module)

    def clip_grad_norm_(self, max_norm: float, norm_type: float = 2.0) -> Tensor:
        """`nn.utils.clip_grad_norm_` of all parameters."""
        return clip_grad_norm_(self.parameters(), max_norm, norm_type)

    @staticmethod
    def summon_full_params(module: Module, *_: Any, **__: Any) -> AbstractContextManager:
        """A context in which the parameters are whole, as they are."""
        return nullcontext()

    state_dict_type = summon_full_params

    @staticmethod
    def optim_state_dict(model: Module, optim: Any, *_: Any, **__: Any) -> dict[str, Any]:
        """The state of the optimizer."""
        return optim.state_dict()


class FSDPModule:
    """What `isinstance` asks for: no module is one, as none is divided."""


def fully_shard(module: Any, **_: Any) -> Any:
    """The module; ValueError before `init_process_group`."""
    get_world_size()
    return module


def checkpoint_wrapper(module: Module, *_: Any, **__: Any) -> Module:
    """The module, which keeps what its backward needs; `utils.checkpoint` computes that again."""
    return module


apply_activation_checkpointing = always(None, "Leaves the module as it is.")


class DeviceMesh:
    """The one process as a mesh of any number of dims; a part of it is the same mesh."""

    def __init__(self, device_type: str, mesh: Any = (0,), *, mesh_dim_names: Any = None) -> None:
        self.device_type, self.mesh_dim_names = device_type, mesh_dim_names

    def __getitem__(self, names: Any) -> DeviceMesh:
        return self

    size = always(1, "1.")
    get_local_rank = get_rank = always(0, "0.")
    get_group = always(group.WORLD, "The group of one.")


def init_device_mesh(device_type: str, mesh_shape: tuple[int, ...], *, mesh_dim_names: Any = None) -> DeviceMesh:
    """The mesh of one process; RuntimeError for a mesh of more."""
    if (size := math.prod(mesh_shape)) != 1:
        raise RuntimeError(f"a mesh of {size} processes was asked for: chainrule trains in one process")
    return DeviceMesh(device_type, mesh_dim_names=mesh_dim_names)

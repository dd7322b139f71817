"""`torch.distributed.fsdp`: it can be imported, and refuses: the one process holds all parameters."""

from __future__ import annotations

from typing import Any, NoReturn

__all__ = ["BackwardPrefetch", "CPUOffload", "CPUOffloadPolicy", "FSDPModule", "FullStateDictConfig", "fully_shard"]
__all__ += ["FullyShardedDataParallel", "MixedPrecision", "MixedPrecisionPolicy", "ModuleWrapPolicy", "StateDictType"]
__all__ += ["ShardingStrategy", "implicit_replication", "size_based_auto_wrap_policy", "transformer_auto_wrap_policy"]


class FSDPModule:
    """A module of which a process holds a part: `isinstance` says that none is one. Making one raises RuntimeError."""

    def __init__(self, *_: Any, **__: Any) -> NoReturn:
        raise RuntimeError("torch.distributed.fsdp: there is one process, which holds all parameters: use the module")


FullyShardedDataParallel = fully_shard = MixedPrecision = MixedPrecisionPolicy = CPUOffload = FSDPModule
CPUOffloadPolicy = BackwardPrefetch = ShardingStrategy = StateDictType = FullStateDictConfig = FSDPModule
ModuleWrapPolicy = size_based_auto_wrap_policy = transformer_auto_wrap_policy = implicit_replication = FSDPModule

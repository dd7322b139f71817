"""`torch.multiprocessing`: Python's, and `spawn`.

A process that is started shares the tensors that `share_memory_` was called of. Others are copied, as are all that are
sent through a queue or a pipe.
"""

from __future__ import annotations

import multiprocessing
import sys
from collections.abc import Callable
from multiprocessing import *  # noqa: F403
from multiprocessing.context import get_spawning_popen
from multiprocessing.reduction import ForkingPickler
from typing import Any

import numpy as np

from autograd.base import wrap
from autograd.compat.constant import always
from autograd.versions import memory_of


def spawn(
    fn: Callable, args: tuple = (), nprocs: int = 1, join: bool = True, daemon: bool = False, start_method: str = ""
) -> Any:
    """Call `fn(i, *args)` in `nprocs` processes; RuntimeError if one fails. Without `join`, the list of processes."""
    as_torch = "torch" in sys.modules and "fork" in multiprocessing.get_all_start_methods()
    context: Any = multiprocessing.get_context(start_method or ("fork" if as_torch else "spawn"))
    processes = [context.Process(target=fn, args=(i, *args), daemon=daemon) for i in range(nprocs)]
    for process in processes:
        process.start()
    if not join:
        return processes
    for i, process in enumerate(processes):
        process.join()
        if process.exitcode:
            raise RuntimeError(f"process {i}, started by spawn(), ended with exit code {process.exitcode}")
    return None


set_sharing_strategy = always(None, "Accepted: there is one way.")


def _reduced(array: np.ndarray) -> Any:
    """How the arguments of a process that is spawned are pickled: shared memory as such, other arrays as copies."""
    if get_spawning_popen() is None or not wrap(array).is_shared():
        return array.__reduce__()
    memory: Any = memory_of(array).base
    start = array.ctypes.data - memory_of(array).ctypes.data
    return np.ndarray, (array.shape, array.dtype, memory, start, array.strides)


ForkingPickler.register(np.ndarray, _reduced)

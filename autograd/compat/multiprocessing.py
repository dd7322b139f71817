"""`torch.multiprocessing`: Python's, and `spawn`. A tensor that is sent to another process is copied, not shared."""

from __future__ import annotations

import multiprocessing
import sys
from collections.abc import Callable
from multiprocessing import *  # noqa: F403
from typing import Any

from autograd.compat.constant import always


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


set_sharing_strategy = always(None, "Accepted: nothing is shared.")

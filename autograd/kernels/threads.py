"""The threads that share work: how many there are, and the pool that they wait in."""

from __future__ import annotations

import os
from functools import cache
from typing import Any


@cache
def thread_count() -> int:
    """CHAINRULE_THREADS, or OMP_NUM_THREADS, or as many as there are cores for this process."""
    for name in ("CHAINRULE_THREADS", "OMP_NUM_THREADS"):
        if os.environ.get(name, "").isdigit():
            return max(int(os.environ[name]), 1)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@cache
def pool(size: int) -> Any:
    """A pool of `size` threads, made once: they wait beside the one that asks."""
    from concurrent.futures import ThreadPoolExecutor

    return ThreadPoolExecutor(size, "chainrule")

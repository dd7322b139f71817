"""How many threads there are, the pool that they wait in, and the loops that share work among them."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any

GRAIN_SIZE = 1 << 18  # elements of a simple loop that are worth a thread: to wake one takes some 50 µs


class _Chosen:
    threads: int | None = None


def thread_count(count: int | None = None) -> int:
    """How many threads share the work; given a number, it becomes that.

    At first it is CHAINRULE_THREADS, or OMP_NUM_THREADS, or as many as there are cores for this process.
    """
    if count is not None:
        _Chosen.threads = max(int(count), 1)
    return _Chosen.threads or _threads_of_environment()


@cache
def _threads_of_environment() -> int:
    for name in ("CHAINRULE_THREADS", "OMP_NUM_THREADS"):
        if os.environ.get(name, "").isdigit():
            return max(int(os.environ[name]), 1)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class _ThreadLocal(threading.local):
    in_worker = False


_local = _ThreadLocal()


def _initialize_worker() -> None:
    _local.in_worker = True


@cache
def thread_pool(size: int) -> ThreadPoolExecutor:
    """The pool of `size` worker threads, made once; the thread that submits work to it is not among them."""
    return ThreadPoolExecutor(size, "chainrule", _initialize_worker)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=thread_pool.cache_clear)  # threads do not live on in a forked process


def parallel_for(
    body: Callable[[int, int], object], size: int, grain_size: int = 1, threads: int | None = None
) -> None:
    """Call `body(start, stop)` on consecutive ranges that make up range(size), one a thread (of all, or of `threads`).

    Each range has at least `grain_size` indices unless it is the only one. A call from within a worker thread runs
    there as one range: a pool that waits for itself would wait forever. All threads are done when it returns or raises.
    """
    count = 1 if _local.in_worker else max(min(threads or thread_count(), size // grain_size), 1)
    stops = [size * i // count for i in range(count + 1)]
    futures = [thread_pool(count - 1).submit(body, *bounds) for bounds in zip(stops[1:], stops[2:])]
    try:
        body(0, stops[1])
    finally:
        for future in futures:
            future.exception()  # waits
    for future in futures:
        future.result()


def parallel_map(function: Callable[..., Any], *lists: Sequence[Any], threads: int | None = None) -> list[Any]:
    """`list(map(function, *lists))` on `threads` threads, or on all if the first list's arrays are large enough."""
    calls = list(zip(*lists, strict=True))
    results: list[Any] = [None] * len(calls)

    def body(start: int, stop: int) -> None:
        for i in range(start, stop):
            results[i] = function(*calls[i])

    grain_size = 1
    if threads is None:
        elements = sum(array.size for array in lists[0])
        grain_size = max(len(calls) * GRAIN_SIZE // max(elements, 1), 1)
    parallel_for(body, len(calls), grain_size, threads)
    return results

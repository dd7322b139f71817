"""The threads that share work: how many there are, and the pool that they wait in."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any

WORTH_A_THREAD = 1 << 18  # elements of a simple loop: to wake a thread takes some 50 µs


@cache
def thread_count() -> int:
    """CHAINRULE_THREADS, or OMP_NUM_THREADS, or as many as there are cores for this process."""
    for name in ("CHAINRULE_THREADS", "OMP_NUM_THREADS"):
        if os.environ.get(name, "").isdigit():
            return max(int(os.environ[name]), 1)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class _Aside(threading.local):
    working = False


_aside = _Aside()


def _mark() -> None:
    _aside.working = True


@cache
def pool(size: int) -> ThreadPoolExecutor:
    """A pool of `size` threads, made once: they wait beside the one that asks."""
    return ThreadPoolExecutor(size, "chainrule", _mark)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=pool.cache_clear)  # threads do not live on in a forked process


def side_by_side(work: Callable[[int, int], object], size: int, least: int) -> None:
    """`work(start, stop)` on pieces of range(size), one a thread, of at least `least` each; all at once if it is small.

    Within a thread of the pool, everything is done there: it might wait for itself.
    """
    count = 1 if _aside.working else max(min(thread_count(), size // least), 1)
    stops = [size * i // count for i in range(count + 1)]
    waiting = [pool(count - 1).submit(work, *piece) for piece in zip(stops[1:], stops[2:])]
    work(0, stops[1])
    for future in waiting:
        future.result()


def each(work: Callable[..., Any], *lists: Sequence[Any]) -> list[Any]:
    """`work` of the first arrays of the lists, of the second ones and so on, on all threads where they are large."""
    sets = list(zip(*lists, strict=True))
    results: list[Any] = [None] * len(sets)

    def piece(start: int, stop: int) -> None:
        for i in range(start, stop):
            results[i] = work(*sets[i])

    elements = sum(first.size for first in lists[0])
    side_by_side(piece, len(sets), max(len(sets) * WORTH_A_THREAD // max(elements, 1), 1))
    return results

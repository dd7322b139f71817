"""Keep freed memory for the next array, where the C library is glibc.

A training step makes and frees the same arrays each time. Left to itself, glibc gives every large one back to the
system and takes it anew, cleared page by page: a fifth of the time of a small GPT's step (docs/performance.md).
"""

import ctypes
import os
import sys

TRIM_THRESHOLD, TOP_PAD, MMAP_THRESHOLD = -1, -2, -3  # of <malloc.h>
LARGEST = 1 << 25  # bytes: glibc takes no higher threshold; larger arrays still come from the system each time


def keep_freed_memory() -> None:
    """Tell malloc to keep what is freed, on Linux, unless the environment has MALLOC_ settings of its own."""
    if not sys.platform.startswith("linux") or any(name.startswith("MALLOC_") for name in os.environ):
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(MMAP_THRESHOLD, LARGEST)
        mallopt(TRIM_THRESHOLD, 1 << 30)
        mallopt(TOP_PAD, 1 << 24)

"""How many threads NumPy's matrix products use: its own OpenBLAS is asked directly, threadpoolctl where it has another.

OpenBLAS spins while its threads wait for each other. Where several Python threads multiply at once, one BLAS thread
each is what serves them best.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

_FOLDERS = ("../numpy.libs", ".dylibs")  # where the wheels of Linux and Windows, and of macOS, keep their libraries
_NAMES = ("scipy_openblas_{}_num_threads64_", "scipy_openblas_{}_num_threads", "openblas_{}_num_threads")


@cache
def _openblas() -> tuple[Callable[[], int], Callable[[int], Any]] | None:
    """Functions that get and set the number of threads of the OpenBLAS in NumPy's wheel."""
    here = Path(np.__file__).parent
    for path in [path for folder in _FOLDERS for path in sorted((here / folder).glob("*openblas*"))]:
        try:
            library = ctypes.CDLL(str(path))
        except OSError:
            continue
        for name in _NAMES:
            if hasattr(library, name.format("get")):
                return getattr(library, name.format("get")), getattr(library, name.format("set"))
    return None


@contextmanager
def blas_threads(count: int) -> Iterator[None]:
    """Within it, NumPy's matrix products use `count` threads, in every thread of the process.

    Where neither NumPy's own OpenBLAS nor threadpoolctl is found, the number stays what OPENBLAS_NUM_THREADS (or
    MKL_NUM_THREADS) says.
    """
    openblas = _openblas()
    if openblas is None:
        try:
            from threadpoolctl import threadpool_limits
        except ImportError:
            yield
        else:
            with threadpool_limits(count, "blas"):
                yield
        return
    get, set_ = openblas
    before = get()
    if before != count:
        set_(count)
    try:
        yield
    finally:
        if before != count:
            set_(before)

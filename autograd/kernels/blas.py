"""The BLAS libraries of this process: NumPy's own OpenBLAS, and Intel's MKL where the extra `fast` brought it.

Compiled kernels call a function of theirs by its address, without Python. Both libraries spin while their threads wait
for each other: where several Python threads multiply at once, one BLAS thread each is what serves them best.
"""

from __future__ import annotations

import ctypes
import importlib.util
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

_FOLDERS = ("../numpy.libs", ".dylibs")  # where the wheels of Linux and Windows, and of macOS, keep their libraries
_NAMES = ("scipy_openblas_{}_num_threads64_", "scipy_openblas_{}_num_threads", "openblas_{}_num_threads")
_INTEL_THREADS = 0  # of <mkl_service.h>


class Library(NamedTuple):
    """One BLAS: how many threads it uses, and addresses (0 where there is none) of its cblas_sgemm with integers of
    64 bits, and of a function that sets the number of threads for the calling thread alone and gives the one before."""

    threads: Callable[[], int]
    use_threads: Callable[[int], Any]
    sgemm: int
    use_threads_here: int


def _address(library: ctypes.CDLL, name: str) -> int:
    function = getattr(library, name, None)
    return ctypes.cast(function, ctypes.c_void_p).value or 0 if function else 0


@cache
def openblas() -> Library | None:
    """The OpenBLAS in NumPy's wheel."""
    here = Path(np.__file__).parent
    for path in [path for folder in _FOLDERS for path in sorted((here / folder).glob("*openblas*"))]:
        try:
            library = ctypes.CDLL(str(path))
        except OSError:
            continue
        for name in _NAMES:
            if hasattr(library, name.format("get")):
                threads, use = getattr(library, name.format("get")), getattr(library, name.format("set"))
                return Library(threads, use, _address(library, "scipy_cblas_sgemm64_"), 0)
    return None


@cache
def mkl() -> Library | None:
    """The MKL of PyPI's package `mkl`, told to use as many threads as the environment allows any BLAS.

    Its threads wait for the next product for 10 ms (KMP_BLOCKTIME), not for the 200 that are their default:
    they would take a core from whatever the program does next.
    """
    try:
        package = metadata.distribution("mkl")
    except metadata.PackageNotFoundError:
        return None
    for file in package.files or ():
        if not file.name.startswith(("libmkl_rt.so", "mkl_rt.")) or file.suffix == ".lib":
            continue
        try:
            library = ctypes.CDLL(str(package.locate_file(file)))
        except OSError:
            continue
        sgemm = _address(library, "cblas_sgemm_64")
        if sgemm:
            os.environ.setdefault("KMP_BLOCKTIME", "10")
            library.MKL_Set_Threading_Layer(_INTEL_THREADS)
            if "MKL_NUM_THREADS" not in os.environ and os.environ.get("OPENBLAS_NUM_THREADS", "").isdigit():
                library.MKL_Set_Num_Threads(int(os.environ["OPENBLAS_NUM_THREADS"]))
            here = _address(library, "MKL_Set_Num_Threads_Local")
            return Library(library.MKL_Get_Max_Threads, library.MKL_Set_Num_Threads, sgemm, here)
    return None


@cache
def fastest() -> Library | None:
    """The library whose cblas_sgemm compiled code calls: MKL, else OpenBLAS."""
    return next((library for library in (mkl(), openblas()) if library is not None and library.sgemm), None)


def _loaded() -> list[Library]:
    libraries = (openblas(), mkl() if mkl.cache_info().currsize else None)
    return [library for library in libraries if library is not None]


@contextmanager
def blas_threads(count: int) -> Iterator[None]:
    """Within it, matrix products use `count` threads, in every thread of the process.

    Where NumPy has another BLAS than its own OpenBLAS, threadpoolctl sets the number for it; without that, it stays
    what the environment says.
    """
    with ExitStack() as stack:
        for library in _loaded():
            threads = library.threads()
            if threads != count:
                library.use_threads(count)
                stack.callback(library.use_threads, threads)
        if openblas() is None and importlib.util.find_spec("threadpoolctl"):
            from threadpoolctl import threadpool_limits

            stack.enter_context(threadpool_limits(count, "blas"))
        yield

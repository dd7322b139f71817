"""The BLAS libraries of this process: NumPy's own OpenBLAS, and Intel's MKL where the extra `fast` brought it.

Compiled kernels call a function of theirs by its address, without Python. Both libraries spin while their threads wait
for each other: where several Python threads multiply at once, one BLAS thread each is what serves them best.
"""

from __future__ import annotations

import ctypes
import importlib.util
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from autograd.errors import warn

_FOLDERS = ("../numpy.libs", ".dylibs")  # where the wheels of Linux and Windows, and of macOS, keep their libraries
_NAMES = ("scipy_openblas_{}_num_threads64_", "scipy_openblas_{}_num_threads", "openblas_{}_num_threads")
_GNU_THREADS = 3  # of <mkl_service.h>
_ROW_MAJOR = (101, 111, 111)  # of <cblas.h>: no matrix is transposed


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


def _load_mkl() -> Library | None:
    """The MKL of PyPI's package `mkl`, told to use as many threads as the environment allows any BLAS.

    Which OpenMP it uses is left to MKL and MKL_THREADING_LAYER. By itself it takes Intel's, but GNU's in a process that
    has loaded a libgomp for all to see, as PyTorch does. Told to take Intel's there, it would get omp_get_thread_num
    from libgomp: each of its threads would take itself for the first, and all would add the same products.

    Intel's threads wait for the next product for 10 ms (KMP_BLOCKTIME), not for the 200 that are their default:
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
            if "MKL_NUM_THREADS" not in os.environ and os.environ.get("OPENBLAS_NUM_THREADS", "").isdigit():
                library.MKL_Set_Num_Threads(int(os.environ["OPENBLAS_NUM_THREADS"]))
            here = _address(library, "MKL_Set_Num_Threads_Local")
            library.MKL_Get_Max_Threads()  # loads the layer of threads
            if hasattr(os, "register_at_fork") and library.mkl_sdl_get_threading_layer() == _GNU_THREADS:
                os.register_at_fork(after_in_child=_give_up_mkl)  # libgomp would wait there for threads that are gone
            return Library(library.MKL_Get_Max_Threads, library.MKL_Set_Num_Threads, sgemm, here)
    return None


def _multiplies(library: Library) -> bool:
    """Whether a product that two threads share is NumPy's."""
    n = 320  # the side of the matrices: large enough to be shared
    x = np.sin(np.arange(n * n, dtype=np.float32)).reshape(n, n)
    out = np.empty_like(x)
    number, matrix = ctypes.c_float, [ctypes.c_void_p, ctypes.c_int64]
    arguments: list[Any] = [*[ctypes.c_int] * 3, *[ctypes.c_int64] * 3, number, *matrix, *matrix, number, *matrix]
    sgemm = ctypes.CFUNCTYPE(None, *arguments)(library.sgemm)
    use_threads = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int)(library.use_threads_here)
    before = use_threads(2)
    sgemm(*_ROW_MAJOR, n, n, n, 1, x.ctypes.data, n, x.ctypes.data, n, 0, out.ctypes.data, n)
    use_threads(before)
    return np.allclose(out, x @ x, rtol=0, atol=1e-2)


class _Checked:
    """MKL, if its products were right when there were so many modules."""

    mkl: Library | None = None
    modules = 0


def _check_mkl() -> None:
    if not _Checked.modules:
        _Checked.mkl = _load_mkl()
    _Checked.modules = len(sys.modules)
    if _Checked.mkl is not None and not _multiplies(_Checked.mkl):
        _give_up_mkl()
        warn(
            "MKL gives wrong matrix products in this process, probably because of MKL_THREADING_LAYER and the OpenMP "
            "libraries that are loaded: products are NumPy's from now on",
            RuntimeWarning,
        )


def _give_up_mkl() -> None:
    _Checked.mkl = None


def mkl() -> Library | None:
    """MKL, or None where it is not installed or was found to multiply wrongly.

    Its products are compared with NumPy's when it is loaded, and again when modules were imported since then: they may
    have brought another library of threads.
    """
    if len(sys.modules) != _Checked.modules:
        _check_mkl()
    return _Checked.mkl


def fastest() -> Library | None:
    """The library whose cblas_sgemm compiled code calls: MKL, else OpenBLAS."""
    return next((library for library in (mkl(), openblas()) if library is not None and library.sgemm), None)


@contextmanager
def blas_threads(count: int) -> Iterator[None]:
    """Within it, matrix products use `count` threads, in every thread of the process.

    Where NumPy has another BLAS than its own OpenBLAS, threadpoolctl sets the number for it; without that, it stays
    what the environment says.
    """
    with ExitStack() as stack:
        for library in (openblas(), _Checked.mkl):
            if library is not None and (threads := library.threads()) != count:
                library.use_threads(count)
                stack.callback(library.use_threads, threads)
        if openblas() is None and importlib.util.find_spec("threadpoolctl"):
            from threadpoolctl import threadpool_limits

            stack.enter_context(threadpool_limits(count, "blas"))
        yield

"""The hot loops behind the fused ops: NumPy always, Numba where it is installed (the extra `fast`).

`kernels.NAME` is the function of that name of the backend in use. The environment's CHAINRULE_KERNELS=numpy|numba, or
`kernels.use("numpy")`, chooses one; without either it is Numba's where that is installed, from the first call on.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
from types import ModuleType
from typing import Any

from autograd.errors import require
from autograd.kernels.memory import keep_freed_memory

_BACKENDS = ("numpy", "numba")


class _State:
    module: ModuleType | None = None


def use(name: str) -> ModuleType:
    """Take the kernels of this backend from now on, in all threads: 'numpy' or 'numba'."""
    if name not in _BACKENDS:
        raise ValueError(f"there are kernels for {' and '.join(_BACKENDS)}, not for {name!r}")
    if name == "numba":
        require("numba", "fast")
    keep_freed_memory()
    _State.module = importlib.import_module(f"autograd.kernels.{name}_kernels")
    return _State.module


def backend() -> ModuleType:
    """The module of kernels in use; the first call chooses it."""
    if _State.module is None:
        there = importlib.util.find_spec("numba") and importlib.util.find_spec("autograd.kernels.numba_kernels")
        return use(os.environ.get("CHAINRULE_KERNELS") or ("numba" if there else "numpy"))
    return _State.module


def __getattr__(name: str) -> Any:
    if name.startswith("_"):
        raise AttributeError(name)
    return getattr(backend(), name)

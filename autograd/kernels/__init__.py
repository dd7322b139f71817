"""The hot loops behind the fused ops and the optimisers: NumPy always, Numba where it is installed (the extra `fast`).

`kernels.NAME` is the function of that name of the backend in use, and the only way by which other packages reach one.
The environment's CHAINRULE_KERNELS=numpy|numba, or `kernels.use("numpy")`, chooses the backend; without either it is
Numba's where that is installed, from the first call on. What Numba's module lacks is taken from NumPy's. `adam`, which
NumPy's lacks, is then None, and the formula in nn.optim does the step.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
from types import ModuleType
from typing import Any

from autograd.errors import require
from autograd.kernels.memory import keep_freed_memory

_BACKENDS = ("numpy", "numba")
KERNELS = (
    *("gelu", "gelu_backward", "silu", "silu_backward", "erf"),
    *("softmax", "softmax_backward", "log_softmax", "log_softmax_backward", "cross_entropy", "cross_entropy_backward"),
    *("layer_norm", "layer_norm_backward", "rms_norm", "rms_norm_backward"),
    *("matmul", "prepacked", "attention", "attention_backward", "rotary", "embedding_backward"),
    *("correlate", "correlate_weight"),
    *("max_pool", "unpool", "channel_statistics", "batch_norm", "batch_norm_backward"),
    *("lstm_step", "lstm_step_backward", "gru_step", "gru_step_backward"),
    *("adam", "squared_norm"),
    *("parallel_for", "parallel_map", "thread_count", "blas_threads"),
)


class _State:
    module: ModuleType | None = None


def use(name: str) -> ModuleType:
    """Take the kernels of this backend from now on, in all threads: 'numpy' or 'numba'."""
    if name not in _BACKENDS:
        raise RuntimeError(f"CHAINRULE_KERNELS must be {' or '.join(_BACKENDS)}, not {name!r}")
    if name == "numba":
        require("numba", "fast")
    keep_freed_memory()
    reference, module = (importlib.import_module(f"autograd.kernels.{which}_kernels") for which in ("numpy", name))
    # as attributes of this module, or each use of a kernel would first fail to find it here
    vars(sys.modules[__name__]).update({k: getattr(module, k, getattr(reference, k, None)) for k in KERNELS})
    _State.module = module
    return module


def backend() -> ModuleType:
    """The module of kernels in use; the first call chooses it."""
    if _State.module is None:
        return use(os.environ.get("CHAINRULE_KERNELS") or ("numba" if importlib.util.find_spec("numba") else "numpy"))
    return _State.module


def __getattr__(name: str) -> Any:
    if name not in KERNELS:
        raise AttributeError(f"module {__name__!r} has no kernel {name!r}")
    backend()
    return vars(sys.modules[__name__])[name]

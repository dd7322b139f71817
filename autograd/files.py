"""Tensors to and from files."""

from __future__ import annotations

import os
import pickle
from typing import Any

from autograd import dtypes


def save(value: Any, path: Any) -> None:
    """Write anything that can be pickled (tensors, a state_dict) to a path or to an open binary file.

    A file that is there is replaced whole, so that it is never half written.
    """
    if hasattr(path, "write"):
        pickle.dump(value, path, protocol=5)
        return
    draft = f"{os.fspath(path)}.part"
    with open(draft, "wb") as file:
        pickle.dump(value, file, protocol=5)
    os.replace(draft, path)


def load(path: Any, map_location: Any = None, weights_only: bool = True) -> Any:
    """Read what `save` wrote, from a path or an open binary file.

    With weights_only, it reads tensors, arrays, numbers, strings and containers alone: a pickle may run any code.
    """
    if map_location is not None:
        dtypes.device(map_location)
    if not hasattr(path, "read"):
        with open(path, "rb") as file:
            return load(file, weights_only=weights_only)
    return _WeightsOnly(path).load() if weights_only else pickle.load(path)


class _WeightsOnly(pickle.Unpickler):
    """An unpickler that makes tensors, arrays and plain containers, and nothing else."""

    _ARRAYS = ("numpy", "numpy.core.multiarray", "numpy._core.multiarray", "numpy._core.numeric")
    _ALLOWED = {
        "autograd.tensor": ("Tensor", "_rebuild"),
        "nn.parameter": ("Parameter",),
        "collections": ("OrderedDict",),
        "builtins": ("complex", "set", "frozenset", "slice", "range", "bytearray"),
        **dict.fromkeys(_ARRAYS, ("ndarray", "dtype", "scalar", "_reconstruct", "_frombuffer")),
    }

    def find_class(self, module: str, name: str) -> Any:
        if name not in self._ALLOWED.get(module, ()):
            raise pickle.UnpicklingError(
                f"the file holds a {module}.{name}, which is no weight: load(path, weights_only=False) reads it, but "
                "runs what the file says, so only if you trust where it came from"
            )
        return super().find_class(module, name)

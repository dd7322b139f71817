"""`torch.utils.cpp_extension`: it can be imported, by programs that also work without what they build; it refuses."""

from __future__ import annotations

from typing import Any, NoReturn

__all__ = ["BuildExtension", "CUDAExtension", "CUDA_HOME", "CppExtension", "FileBaton"]
__all__ += ["include_paths", "load", "load_inline"]

CUDA_HOME = None


def load(*_: Any, **__: Any) -> NoReturn:
    """Raises RuntimeError: operations are added in Python."""
    raise RuntimeError("torch.utils.cpp_extension: C++ is not built here; an op is added in Python (CONTRIBUTING.md)")


load_inline = include_paths = CppExtension = CUDAExtension = BuildExtension = FileBaton = load

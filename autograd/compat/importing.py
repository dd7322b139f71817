"""The importer: `import autograd.nn.functional`, and `import torch` in a program that was told to run with us."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.abc import Loader
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

from autograd import compat


class _Standing(Loader):
    """Lets a module that there is already stand under another name."""

    def __init__(self, module: ModuleType) -> None:
        self.module = module

    def create_module(self, spec: ModuleSpec) -> None:
        """The usual empty module, which `exec_module` replaces."""

    def exec_module(self, module: ModuleType) -> None:
        """Put the module in its place."""
        sys.modules[module.__name__] = self.module


def find_spec(name: str) -> ModuleSpec:
    """How to import `autograd.PATH` or `torch.PATH`, for a path of torch's.

    Raises ModuleNotFoundError where there is nothing of that path.
    """
    path = name.partition(".")[2]
    module = compat.namespace(path) if path in compat.TABLE else compat.engine_module(path)
    if module is None:
        raise ModuleNotFoundError(compat.missing(path))
    return ModuleSpec(name, _Standing(module), is_package=True)


class TorchFinder:
    """Finds `torch` and all below it here."""

    def find_spec(self, name: str, path: Sequence[str] | None = None, target: Any = None) -> ModuleSpec | None:
        """What `import torch` and `import torch.PATH` find."""
        return find_spec(name) if name == "torch" or name.startswith("torch.") else None


def serve_torch() -> None:
    """From now on `import torch` gives what is here, unless PyTorch itself was imported before."""
    if "torch" in sys.modules and not isinstance(sys.modules["torch"], compat.Namespace):
        raise ImportError("PyTorch has been imported already: its name cannot stand for autograd as well")
    sys.meta_path.insert(0, TorchFinder())

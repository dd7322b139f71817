"""The importer: `import autograd.nn.functional`, and `import torch` in a program that was told to run with us."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.abc import Loader
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import Any

from autograd import compat, dtypes, ops
from autograd.compat.refused import reason, refusing


class _Standing(Loader):
    """Lets a module that there is already stand under another name."""

    def __init__(self, module: ModuleType) -> None:
        self.module = module

    def create_module(self, spec: ModuleSpec) -> None:
        """The usual empty module, which `exec_module` replaces."""

    def exec_module(self, module: ModuleType) -> None:
        """Put the module in its place."""
        sys.modules[module.__name__] = self.module


class _Followed(Loader):
    """Loads a module as its own loader does, and then imports another."""

    def __init__(self, loader: Any, then: str) -> None:
        self.loader, self.then = loader, then

    def create_module(self, spec: ModuleSpec) -> Any:
        """The module of its own loader."""
        return self.loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        """Load it, then import the other."""
        self.loader.exec_module(module)
        import_module(self.then)


# Modules of torchvision that register operations in C++, which its other modules do without.
_REGISTERING = "extension _meta_registrations _autograd_registrations ops._register_onnx_ops models.quantization"
# Modules of others that know nothing of our tensors, and those of ours which tell them.
_FOLLOWED = {
    "einops._backends": "autograd.compat.einops_backend",
    "safetensors.torch": "autograd.compat.safetensors_sizes",
}
_TORCHVISION = {f"torchvision.{name}" for name in _REGISTERING.split()}


def find_spec(name: str, where: Any = None) -> ModuleSpec | None:
    """How to import `autograd.PATH` or `torch.PATH`, for a path of torch's, and what others have for its tensors.

    Raises ModuleNotFoundError where torch has such a path, perhaps, and there is nothing here.
    """
    if name in _FOLLOWED:
        spec = PathFinder.find_spec(name, where)
        if spec is not None:
            spec.loader = _Followed(spec.loader, _FOLLOWED[name])
        return spec
    if name == "einops.layers.autograd":
        return ModuleSpec(name, _Standing(import_module("autograd.compat.einops_layers")))
    path = name.partition(".")[2]
    module = compat.namespace(path) if path in compat.TABLE or reason(path) else compat.engine_module(path)
    if module is None:
        raise ModuleNotFoundError(compat.missing(path))
    return ModuleSpec(name, _Standing(module), is_package=True)


class TorchFinder:
    """Finds `torch` and all below it here, and what torchvision has for PyTorch alone."""

    def find_spec(self, name: str, path: Sequence[str] | None = None, target: Any = None) -> ModuleSpec | None:
        """What `import torch` and `import torch.PATH` find."""
        if name in _TORCHVISION:
            return ModuleSpec(name, _Standing(import_module("autograd.compat.torchvision_ops")))
        ours = name == "torch" or name.startswith("torch.") or name in _FOLLOWED
        return find_spec(name, path) if ours else None


def serve_torch() -> None:
    """From now on `import torch` gives what is here, unless PyTorch itself was imported before."""
    if "torch" in sys.modules and not isinstance(sys.modules["torch"], compat.Namespace):
        raise ImportError("PyTorch has been imported already, so `import torch` cannot give autograd in this process")
    dtypes.PREFIX = "torch."
    vars(ops)["aten"] = refusing("aten", "torch.ops.aten is not here: call operations by their public names")
    sys.meta_path.insert(0, TorchFinder())

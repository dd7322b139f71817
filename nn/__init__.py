"""Layers, losses, initialisers, optimisers and data loading, under PyTorch's names.

The parts are imported when they are first asked for, so that `import nn` costs next to nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

import autograd as _engine

if not hasattr(_engine, "Tensor"):
    raise ImportError(
        f"the package autograd at {_engine.__path__[0]} is not chainrule's: HIPS autograd has the same import name, "
        "and Python finds it first. The two cannot share an environment: pip uninstall autograd, then "
        "pip install --force-reinstall --no-deps chainrule"
    )

if TYPE_CHECKING:
    from nn import data as data
    from nn import functional as functional
    from nn import init as init
    from nn import optim as optim
    from nn import utils as utils
    from nn.layers import *
    from nn.linter import lint as lint
    from nn.summarize import summary as summary
else:
    _PARTS = ("data", "functional", "init", "optim", "utils")
    _FUNCTIONS = {"lint": "nn.linter", "summary": "nn.summarize"}  # and the module that each is in

    def __getattr__(name: str) -> Any:
        if name in _PARTS:
            return import_module(f"nn.{name}")
        if name in _FUNCTIONS:
            return getattr(import_module(_FUNCTIONS[name]), name)
        layers = {n: value for n, value in vars(import_module("nn.layers")).items() if isinstance(value, type)}
        if name == "__all__":
            return [*layers, *_PARTS, *_FUNCTIONS]
        if name in layers:
            return layers[name]
        return import_module("autograd.compat").attribute("nn", name)  # `nn.modules`, `nn.DataParallel`, and the like

    def __dir__() -> list[str]:
        return sorted(__getattr__("__all__"))

"""The errors of the engine."""

from __future__ import annotations

import importlib
import os
from types import ModuleType


class ShapeError(RuntimeError, ValueError):
    """Shapes that do not fit. PyTorch raises RuntimeError for them and NumPy ValueError, so this is both."""


class GraphError(RuntimeError):
    """A backward pass that is impossible: the graph was freed, an array it needs was changed, or there is no graph."""


def require(module: str, extra: str) -> ModuleType:
    """The optional package `module`; where it is missing, an ImportError that names the pip command."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise ImportError(f'this needs the package {module!r}: pip install "chainrule[{extra}]"') from error


def check_not_overwritten(file: str) -> None:
    """Raise ImportError where files of HIPS autograd, which has our import name, lie beside `file`, one of ours."""
    folder = os.path.dirname(file)
    if os.path.exists(os.path.join(folder, "tracer.py")):
        raise ImportError(
            f"{folder} holds files of HIPS autograd among those of chainrule: both were installed into one "
            "environment, under the same import name. pip uninstall autograd, then "
            "pip install --force-reinstall --no-deps chainrule"
        )

"""The errors of the engine, and the one message about a missing extra."""

from __future__ import annotations

import importlib
from types import ModuleType


class ShapeError(RuntimeError, ValueError):
    """Shapes that do not fit: torch raises RuntimeError here and NumPy ValueError, so this is both."""


class GraphError(RuntimeError):
    """A backward walk that cannot be done: a freed graph, a saved array that was changed in place, no graph at all."""


def require(module: str, extra: str) -> ModuleType:
    """The optional package `module`; where it is missing, an ImportError that names the pip command."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise ImportError(f'this needs the package {module!r}: pip install "chainrule[{extra}]"') from error

"""The errors and warnings of the engine, and the line of the user's program that they are about."""

from __future__ import annotations

import importlib
import os
import sys
import warnings
from types import FrameType, ModuleType

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
_LIBRARY = tuple(os.path.join(ROOT, package, "") for package in ("autograd", "nn", "models"))


class ShapeError(RuntimeError, ValueError):
    """Shapes that do not fit. PyTorch raises RuntimeError for them and NumPy ValueError, so this is both."""


class GraphError(RuntimeError):
    """A backward pass that is impossible: the graph was freed, an array it needs was changed, or there is no graph."""


def frame_of_user(frame: FrameType | None) -> FrameType | None:
    """The nearest frame of the user's program: the first, from this one on to its callers, outside of the library."""
    while frame is not None and frame.f_code.co_filename.startswith(_LIBRARY):
        frame = frame.f_back
    return frame


def warn(message: str, category: type[Warning] = UserWarning) -> None:
    """A warning about the line of the user's program that is running."""
    frame = frame_of_user(sys._getframe(1)) or sys._getframe(1)
    names = frame.f_globals
    once = names.setdefault("__warningregistry__", {})  # what was said before, as warnings.warn keeps it
    warnings.warn_explicit(message, category, frame.f_code.co_filename, frame.f_lineno, names.get("__name__"), once)


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

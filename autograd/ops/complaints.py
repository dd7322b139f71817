"""What NumPy and Python say of arguments that do not fit, said again with the function's name and what it was given."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from functools import update_wrapper
from opcode import opmap
from reprlib import repr as short
from types import FunctionType
from typing import Any

import numpy as np

from autograd.base import TensorBase
from autograd.errors import ShapeError

# The kinds of errors that are raised again, and as what: a shape that NumPy finds wrong is a ShapeError.
_KINDS: dict[type[Exception], type[Exception]] = {AttributeError: TypeError, KeyError: ValueError}
_KINDS |= {OverflowError: RuntimeError, ZeroDivisionError: RuntimeError, np.exceptions.AxisError: IndexError}
_KINDS |= {kind: kind for kind in (TypeError, ValueError, IndexError, MemoryError)}


def explained(function: Callable, name: str | None = None) -> Callable:
    """`function`, whose complaints about arguments say what was called with what."""

    def call(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except Exception as error:
            explain_call(function, args, kwargs, error, name)
            raise

    return update_wrapper(call, function)


def explain_all(module: str, decorate: Callable = explained) -> None:
    """Have the public functions and constructors of a module, or of a package, explain what does not fit.

    Its last line calls this; `decorate` is what functions get. Of a package they are those that it exports. A module
    that imported one of them before calls it as it was: then the function that the user called explains what does not
    fit.
    """
    names = vars(sys.modules[module])
    for name, value in list(names.items()):
        if name[0] == "_" or not f"{getattr(value, '__module__', '')}.".startswith(f"{module}."):
            continue
        made = value.__init__ if isinstance(value, type) else value  # type: ignore[misc]
        if not isinstance(made, FunctionType) or hasattr(made, "__wrapped__"):
            continue
        if isinstance(value, type):
            value.__init__ = explained(made, name)  # type: ignore[misc]
        else:
            names[name] = decorate(value)
            setattr(sys.modules[value.__module__], name, names[name])  # where it is looked up to be pickled


def explain_call(function: Callable, args: tuple, kwargs: dict, error: Exception, name: str | None = None) -> None:
    """`explain` for a call of a Python function, or of a method under the `name` of its class."""
    names: tuple[str, ...] = ()
    if (code := getattr(function, "__code__", None)) is not None:
        names = code.co_varnames[: code.co_argcount]
        if code.co_flags & 0x04:
            rest = code.co_varnames[code.co_argcount + code.co_kwonlyargcount]
            names += tuple(f"{rest}[{i}]" for i in range(len(args)))
    if names[:1] == ("self",):
        names, args = names[1:], args if hasattr(function, "__self__") else args[1:]
    explain(name or function.__name__, {**dict(zip(names, args)), **kwargs}, error)


def explain(name: str, arguments: Mapping[str, Any], error: Exception) -> None:
    """Raise an error of NumPy's or Python's own again, with the function's name and all arguments.

    Returns where a raise statement of this program, or of its user, said what is wrong already.
    """
    kind = next((_KINDS[k] for k in type(error).__mro__ if k in _KINDS), None)
    if kind is None or isinstance(error, (np.linalg.LinAlgError, ShapeError)) or not _is_of_numpy_or_python(error):
        return
    if isinstance(error, AttributeError):
        for n, value in arguments.items():
            if value is error.obj and not isinstance(value, (TensorBase, np.ndarray)):
                raise TypeError(must_be_tensor(name, n, value)) from None
    if kind is ValueError and _shapes_differ(arguments.values()):
        kind = ShapeError
    given = ", ".join(f"{n} {_described(value, kind is TypeError)}" for n, value in arguments.items())
    said = str(error) or ("out of memory" if kind is MemoryError else type(error).__name__)
    raise kind(f"{name}({given}): {said}") from None


def must_be_tensor(function: str, name: str, value: Any) -> str:
    """The message about an argument that is no tensor."""
    hint = f": pass tensor({name})" * isinstance(value, (list, tuple, int, float, complex))
    return f"{function}: {name} must be a tensor, got {type(value).__name__}{hint}"


def _is_of_numpy_or_python(error: BaseException) -> bool:
    """Whether no raise statement made the error but one of NumPy's, in a function of NumPy's or of this program."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return True
    frame = trace.tb_frame
    package = frame.f_globals.get("__name__", "").partition(".")[0]
    raised = frame.f_code.co_code[trace.tb_lasti] == opmap["RAISE_VARARGS"]
    return package in ("numpy", "collections") or (package in ("autograd", "nn") and not raised)


def _described(value: Any, with_dtype: bool) -> str:
    if isinstance(value, (TensorBase, np.ndarray)):
        shape = tuple(value.shape)
        return f"{value.dtype} {shape}" if with_dtype else f"{shape}"
    return short(value)


def _shapes_differ(values: Any) -> bool:
    """Whether arrays among `values` cannot be broadcast together."""
    try:
        np.broadcast_shapes(*[np.shape(v) for v in values if isinstance(v, np.ndarray)])
    except ValueError:
        return True
    return False

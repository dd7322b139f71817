"""`torch.jit`, `torch.compiler`, `torch.fx.wrap`: functions stay as they are, and run as Python."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from typing import Any, Final, NoReturn

from autograd.compat.constant import always
from autograd.compat.refused import Refused
from nn.module import Module

__all__ = ["Final", "ScriptModule", "allow_in_graph", "annotate", "disable", "export", "ignore", "is_compiling"]
__all__ += ["cache_size_limit", "interface", "is_scripting", "is_tracing", "reset", "script", "trace", "unused", "wrap"]
__all__ += ["TracerWarning", "script_if_tracing", "load", "optimized_execution", "save"]
__all__ += ["_jit_set_profiling_mode", "_jit_set_profiling_executor", "_jit_override_can_fuse_on_cpu"]
__all__ += ["_get_tracing_state", "_jit_override_can_fuse_on_gpu", "_log_api_usage_once", "_overload_method"]
__all__ += ["BroadcastingList1", "BroadcastingList2", "BroadcastingList3", "_script_if_tracing", "is_compile_supported"]
__all__ += ["GraphModule", "OptimizedModule", "Value"]

optimized_execution = TransformGetItemToIndex = nullcontext
cache_size_limit = 8  # of torch._dynamo.config: how often a function is compiled again


class ScriptModule(Module):
    """The base that a program may give its modules; no other module is one, as `isinstance` tells."""


def script(obj: Any, *_: Any, **__: Any) -> Any:
    """The function, module or class itself."""
    return obj


def trace(func: Any, example_inputs: Any = None, **_: Any) -> Any:
    """The function or module itself."""
    return func


class Value:
    """What a trace computes, and (`OptimizedModule`) what `compile` makes of a module: nothing is one."""


OptimizedModule = Value


class GraphModule(Refused, Module):
    """A module made from a traced program, of which libraries derive classes: making one raises RuntimeError."""

    message = "torch.fx.GraphModule is not here: modules are Python programs"


class TracerWarning(Warning):
    """What a trace would warn of; programs filter it. It is never issued."""


def load(f: Any, map_location: Any = None, _extra_files: Any = None) -> NoReturn:
    """Raises RuntimeError: what `jit.save` wrote is compiled code."""
    raise RuntimeError(f"torch.jit.load: {f} cannot be read, nothing is compiled here: load a state_dict")


def save(m: Any, f: Any, _extra_files: Any = None) -> NoReturn:
    """Raises RuntimeError: nothing is compiled."""
    raise RuntimeError("torch.jit.save: nothing is compiled here: torch.save the state_dict of the module")


def annotate(the_type: Any, the_value: Any) -> Any:
    """The value."""
    return the_value


def disable(fn: Callable | None = None, **_: Any) -> Any:
    """The function itself; called without one, a decorator that gives it back."""
    return fn if callable(fn) else lambda fn: fn


ignore = interface = unused = export = script_if_tracing = allow_in_graph = wrap = script_method = disable
assume_constant_result = _copy_to_script_wrapper = _script_if_tracing = _overload = _overload_method = disable


is_scripting = is_tracing = is_compiling = _get_tracing_state = always(False, "Never: nothing is compiled.")
is_exporting = is_compiling
is_compile_supported = always(True, "What would be compiled runs as it is.")
BroadcastingList1 = BroadcastingList2 = BroadcastingList3 = list
reset = always(None, "There is nothing to forget.")
_jit_set_profiling_mode = _jit_set_profiling_executor = always(None, "Nothing is compiled, so nothing is chosen.")
_log_api_usage_once = always(None, "Nobody is told what is used.")
_jit_override_can_fuse_on_cpu = _jit_override_can_fuse_on_gpu = _jit_set_profiling_mode

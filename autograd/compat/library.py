"""`torch.library`: operations that a program defines in Python, and calls as `torch.ops.NAMESPACE.NAME` as well."""

from __future__ import annotations

from collections.abc import Callable
from inspect import signature
from operator import attrgetter
from types import SimpleNamespace
from typing import Any, NoReturn

from autograd import ops
from autograd.function import Function

__all__ = ["CustomOpDef", "custom_op", "register_autograd", "register_fake"]


class CustomOpDef:
    """An operation of a program: a function of tensors, whose gradient is what `register_autograd` is given."""

    def __init__(self, name: str, fn: Callable) -> None:
        def backward(*_: Any) -> NoReturn:
            raise RuntimeError(f"{name} has no gradient: give its backward to torch.library.register_autograd")

        self.name, self.signature = name, signature(fn)
        self.forward = lambda *values: fn(**dict(zip(self.signature.parameters, values)))
        self.register_autograd(backward)

    default = property(lambda self: self, doc="The operation: there are no overloads of it.")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        bound = self.signature.bind(*args, **kwargs)
        bound.apply_defaults()
        return self.function.apply(*bound.arguments.values())

    def register_autograd(self, backward: Callable, /, *, setup_context: Callable | None = None) -> None:
        """Let it have a gradient: see `Function`, whose methods these are."""
        setup_context = setup_context or (lambda ctx, inputs, output: None)
        methods = {"forward": self.forward, "setup_context": setup_context, "backward": backward}
        self.function: Any = type(self.name, (Function,), {name: staticmethod(f) for name, f in methods.items()})

    def register_fake(self, fn: Callable, /) -> Callable:
        """Accepted: nothing is traced without numbers."""
        return fn


def custom_op(name: str, fn: Callable | None = None, /, **_: Any) -> Any:
    """The operation NAMESPACE::NAME that computes what fn does; without fn, a decorator that makes it of one."""
    if fn is None:
        return lambda fn: custom_op(name, fn)
    namespace, short = name.split("::")
    op = CustomOpDef(name, fn)
    setattr(vars(ops).setdefault(namespace, SimpleNamespace()), short, op)
    return op


def register_autograd(
    op: Any, backward: Callable, /, *, setup_context: Callable | None = None, lib: Any = None
) -> None:  # fmt: skip
    """Let an operation, or the one of this name, have a gradient."""
    op = attrgetter(op.replace("::", "."))(ops) if isinstance(op, str) else op
    op.register_autograd(backward, setup_context=setup_context)


def register_fake(op: Any, fn: Callable | None = None, /, **_: Any) -> Any:
    """Accepted: nothing is traced without numbers."""
    return fn or (lambda fn: fn)

"""Watching a model at work: what its modules are called with and return."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, NamedTuple

from nn import Module


class Call(NamedTuple):
    """The arguments of a call of a module, and what it returned."""

    args: tuple[Any, ...]
    out: Any


@contextmanager
def watch(model: Module) -> Iterator[dict[str, Call]]:
    """Within it, forward hooks note the last call of every module of the model, by the module's dotted path."""
    calls: dict[str, Call] = {}

    def note(path: str, module: Module, args: tuple[Any, ...], out: Any) -> None:
        calls[path] = Call(args, out)

    handles = [module.register_forward_hook(partial(note, path)) for path, module in model.named_modules()]
    try:
        yield calls
    finally:
        for handle in handles:
            handle.remove()

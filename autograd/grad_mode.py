"""Grad mode: whether the operations of this thread are recorded, and the context managers that change it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial
from typing import Any


class Mode(threading.local):
    """The state of this thread: whether ops are recorded, the trace that wishes to see them, if any, and the walk that
    takes the place of `graph.backward_walk`."""

    grad = True
    trace: Any = None
    walk: Any = None


mode = Mode()


class _GradContext:
    """A context and decorator that sets the grad mode to `enabled` within."""

    enabled = False
    before: list[bool]

    def __new__(cls, function: Callable | None = None) -> Any:
        self = super().__new__(cls)
        self.before = []
        return self if function is None or isinstance(function, bool) else self(function)

    def __enter__(self) -> Any:
        self.before.append(mode.grad)
        mode.grad = self.enabled
        return self

    def __exit__(self, *_: object) -> None:
        mode.grad = self.before.pop()

    def __call__(self, function: Callable) -> Callable:
        context = enable_grad if self.enabled else no_grad
        if not callable(function):
            raise TypeError(
                f"{context.__name__} is a context manager or decorates functions, not {type(function).__name__}"
            )

        def within(*args: Any, **kwargs: Any) -> Any:
            with context():
                return function(*args, **kwargs)

        def stepwise(*args: Any, **kwargs: Any) -> Any:
            steps = function(*args, **kwargs)
            step: Callable = partial(next, steps)
            try:
                while True:
                    with context():
                        try:
                            item = step()
                        except StopIteration as stop:
                            return stop.value
                    try:
                        step = partial(steps.send, (yield item))
                    except Exception as error:  # one that the caller throws into the generator
                        step = partial(steps.throw, error)
            finally:
                with context():
                    steps.close()

        is_generator = getattr(function, "__code__", None) is not None and function.__code__.co_flags & 0x20
        wrapper: Callable = stepwise if is_generator else within
        for name in ("__module__", "__name__", "__qualname__", "__doc__"):
            setattr(wrapper, name, getattr(function, name, None))
        wrapper.__wrapped__ = function  # type: ignore[attr-defined]
        return wrapper


class no_grad(_GradContext):
    """A context manager and decorator (of generators, too) within which no operation is recorded."""


class inference_mode(_GradContext):
    """The same as `no_grad`: there is no faster mode to enter. With `mode=False`, the same as `enable_grad`."""

    def __new__(cls, mode: Any = True) -> Any:
        return enable_grad() if mode is False else super().__new__(cls, mode)


class enable_grad(_GradContext):
    """A context manager and decorator within which operations are recorded, also inside `no_grad`."""

    enabled = True


class set_grad_enabled(_GradContext):
    """Record operations or not, in this thread: a context, a decorator, or a plain call that lasts."""

    lasts: bool

    def __new__(cls, enabled: bool = True) -> Any:
        self = super().__new__(cls)
        self.enabled = bool(enabled)
        self.before.append(mode.grad)
        mode.grad = self.enabled
        self.lasts = True
        return self

    def __enter__(self) -> Any:
        if self.lasts:  # the call itself has set the mode, and noted the one before
            self.lasts = False
            mode.grad = self.enabled
            return self
        return super().__enter__()

    def __call__(self, function: Callable) -> Callable:
        mode.grad = self.before.pop()
        return super().__call__(function)


def is_grad_enabled() -> bool:
    """Whether this thread records operations now."""
    return mode.grad

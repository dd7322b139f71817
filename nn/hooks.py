"""Hooks: functions that a module calls before and after its forward, its backward, and when its state moves."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from autograd import Function, Tensor
from autograd.walks import RemovableHandle

Hook = Callable[..., Any]


class Hooks:
    """What a Module has of hooks. Each register holds functions by number; a call runs them in the order of numbers."""

    _forward_pre_hooks: dict[int, Hook]
    _forward_hooks: dict[int, Hook]
    _backward_hooks: dict[int, Hook]
    _state_hooks: dict[str, dict[int, Hook]]
    forward: Callable[..., Any]

    def __init__(self) -> None:
        self._forward_pre_hooks, self._forward_hooks, self._backward_hooks = {}, {}, {}
        self._state_hooks = {}

    def register_forward_pre_hook(
        self, hook: Hook, *, prepend: bool = False, with_kwargs: bool = False
    ) -> RemovableHandle:
        """Call `hook(module, args)` before every forward; what it returns, if not None, replaces the arguments.

        `with_kwargs`: `hook(module, args, kwargs)`, which returns both or None.
        """
        return register(self._forward_pre_hooks, partial(_before, hook, with_kwargs), prepend)

    def register_forward_hook(self, hook: Hook, *, prepend: bool = False, with_kwargs: bool = False) -> RemovableHandle:
        """Call `hook(module, args, output)` after every forward; what it returns, if not None, replaces the output.

        `with_kwargs`: `hook(module, args, kwargs, output)`.
        """
        return register(self._forward_hooks, partial(_after, hook, with_kwargs), prepend)

    def _call_with_hooks(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        for hook in tuple(self._forward_pre_hooks.values()):
            args, kwargs = hook(self, args, kwargs)
        watch = _BackwardWatch(self, args) if self._backward_hooks else None
        out = self.forward(*(watch.args if watch else args), **kwargs)
        for hook in tuple(self._forward_hooks.values()):
            out = hook(self, args, kwargs, out)
        return watch.watched(out) if watch else out

    def register_full_backward_hook(self, hook: Hook, prepend: bool = False) -> RemovableHandle:
        """Call `hook(module, grad_input, grad_output)` in backward; it may return a new grad_input.

        Both are tuples: of the gradients of the arguments given by position, and of the results.
        """
        return register(self._backward_hooks, _BackwardHook(hook, before=False), prepend)

    register_backward_hook = register_full_backward_hook

    def register_full_backward_pre_hook(self, hook: Hook, prepend: bool = False) -> RemovableHandle:
        """Call `hook(module, grad_output)` before the backward; it may return a new grad_output."""
        return register(self._backward_hooks, _BackwardHook(hook, before=True), prepend)

    def _register_state(self, when: str, hook: Hook) -> RemovableHandle:
        return RemovableHandle(self._state_hooks.setdefault(when, {}), hook)

    def _run_state_hooks(self, when: str, *args: Any) -> None:
        for hook in tuple(self._state_hooks.get(when, {}).values()):
            hook(*args)

    def register_state_dict_pre_hook(self, hook: Hook) -> RemovableHandle:
        """Call `hook(module, prefix, keep_vars)` before the module's tensors are put into a state_dict."""
        return self._register_state("save_pre", hook)

    def register_state_dict_post_hook(self, hook: Hook) -> RemovableHandle:
        """Call `hook(module, state_dict, prefix, local_metadata)` when they are in it, to change it in place."""
        return self._register_state("save_post", hook)

    _register_state_dict_hook = register_state_dict_post_hook

    def register_load_state_dict_pre_hook(self, hook: Hook) -> RemovableHandle:
        """Call `hook(module, state_dict, prefix, local_metadata, strict, missing_keys, unexpected_keys, error_msgs)`
        before a state_dict is loaded; it may change a copy of it in place."""
        return self._register_state("load_pre", hook)

    def _register_load_state_dict_pre_hook(self, hook: Hook, with_module: bool = False) -> RemovableHandle:
        """The same for a hook that is not given the module."""
        return self._register_state("load_pre", hook if with_module else partial(_without_module, hook))

    def register_load_state_dict_post_hook(self, hook: Hook) -> RemovableHandle:
        """Call `hook(module, incompatible_keys)` when a state_dict was loaded."""
        return self._register_state("load_post", hook)


# A hook that is a method of a module goes with it when the module is copied or pickled, as no closure would.


def _before(hook: Hook, with_kwargs: bool, module: Any, args: tuple, kwargs: dict) -> tuple[tuple, dict]:
    changed = hook(module, args, kwargs) if with_kwargs else hook(module, args)
    if changed is None:
        return args, kwargs
    if with_kwargs:
        return changed
    return (changed if isinstance(changed, tuple) else (changed,)), kwargs


def _after(hook: Hook, with_kwargs: bool, module: Any, args: tuple, kwargs: dict, output: Any) -> Any:
    changed = hook(module, args, kwargs, output) if with_kwargs else hook(module, args, output)
    return output if changed is None else changed


def _without_module(hook: Hook, module: Any, *args: Any) -> Any:
    return hook(*args)


class _BackwardHook:
    """A backward hook, and whether it runs before the backward of the module."""

    def __init__(self, hook: Hook, before: bool) -> None:
        self.hook, self.before = hook, before

    def __call__(self, *args: Any) -> Any:
        return self.hook(*args)


def register(hooks: dict[int, Hook], hook: Hook, first: bool = False) -> RemovableHandle:
    """Add a hook to a register, as the last or the `first`."""
    others = dict(hooks) if first else {}
    if first:
        hooks.clear()
    handle = RemovableHandle(hooks, hook)
    hooks.update(others)
    return handle


def _passing(change: Callable[[tuple], tuple]) -> type[Function]:
    """A Function that passes tensors on, and their gradients through `change`."""

    class Passing(Function):
        @staticmethod
        def forward(ctx: Any, *tensors: Any) -> Any:
            return tuple(tensor.detach() for tensor in tensors)

        @staticmethod
        def backward(ctx: Any, *grads: Any) -> Any:
            return change(grads)

    return Passing


class _BackwardWatch:
    """Steps in the graph before and after a module, which see the gradients that pass: those of its results, then
    those of its arguments."""

    def __init__(self, module: Any, args: tuple) -> None:
        self.module, self.hooks = module, tuple(module._backward_hooks.values())
        self.grad_output: tuple = ()
        self.places = [i for i, arg in enumerate(args) if isinstance(arg, Tensor) and arg.requires_grad]
        self.args = list(args)
        if self.places:
            passed = _passing(self._by_arguments).apply(*[args[i] for i in self.places])
            for i, tensor in zip(self.places, passed, strict=True):
                self.args[i] = tensor

    def watched(self, out: Any) -> Any:
        """The result of the module, with the step after it."""
        outs = out if isinstance(out, (tuple, list)) else (out,)
        if not all(isinstance(o, Tensor) for o in outs) or not any(o.requires_grad for o in outs):
            return out
        passed = _passing(self._by_results).apply(*outs)
        return type(out)(passed) if isinstance(out, (tuple, list)) else passed[0]

    def _by_results(self, grads: tuple) -> tuple:
        for hook in self.hooks:
            if hook.before and (changed := hook(self.module, grads)) is not None:
                grads = changed if isinstance(changed, tuple) else (changed,)
        self.grad_output = grads
        if not self.places:
            self._call((None,) * len(self.args))
        return grads

    def _by_arguments(self, grads: tuple) -> tuple:
        grad_input: list = [None] * len(self.args)
        for i, g in zip(self.places, grads, strict=True):
            grad_input[i] = g
        changed = self._call(tuple(grad_input))
        return tuple(changed[i] for i in self.places)

    def _call(self, grad_input: tuple) -> tuple:
        for hook in self.hooks:
            changed = None if hook.before else hook(self.module, grad_input, self.grad_output)
            if changed is not None:
                grad_input = changed if isinstance(changed, tuple) else (changed,)
        return grad_input

"""Hooks: functions that a module calls before and after its forward, its backward, and when its state moves."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from autograd import Function, Tensor
from autograd.nests import leaves, rebuilt
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
        for hook in (*of_all._forward_pre_hooks.values(), *self._forward_pre_hooks.values()):
            args, kwargs = hook(self, args, kwargs)
        backward = (*of_all._backward_hooks.values(), *self._backward_hooks.values())
        watch = _BackwardWatch(self, backward, args) if backward else None
        out = self.forward(*(watch.args if watch else args), **kwargs)
        for hook in (*of_all._forward_hooks.values(), *self._forward_hooks.values()):
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


class _OfAll(Hooks):
    """The hooks of all modules, which run before those of one."""

    def __init__(self) -> None:
        super().__init__()
        self.registers = self._forward_pre_hooks, self._forward_hooks, self._backward_hooks


of_all = _OfAll()
register_module_forward_pre_hook = of_all.register_forward_pre_hook
register_module_forward_hook = of_all.register_forward_hook
register_module_backward_hook = register_module_full_backward_hook = of_all.register_full_backward_hook
register_module_full_backward_pre_hook = of_all.register_full_backward_pre_hook


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


def _insert_step(values: list, change: Callable[[tuple], tuple]) -> bool:
    """Put a step into the graph behind those of the values that have a gradient, and say whether there are any.

    It passes the gradients of all values, None for the others, through `change`.
    """
    places = [i for i, value in enumerate(values) if isinstance(value, Tensor) and value.requires_grad]
    numbers = range(len(values))

    class Step(Function):
        @staticmethod
        def forward(ctx: Any, *tensors: Any) -> Any:
            return tuple(tensor.detach() for tensor in tensors)

        @staticmethod
        def backward(ctx: Any, *grads: Any) -> Any:
            found = dict(zip(places, grads, strict=True))
            changed = change(tuple(map(found.get, numbers)))
            return tuple(changed[i] for i in places)

    for i, tensor in zip(places, Step.apply(*[values[i] for i in places]) if places else (), strict=True):
        values[i] = tensor
    return bool(places)


class _BackwardWatch:
    """Steps in the graph before and after a module, which see the gradients that pass: those of its results, then
    those of its arguments."""

    def __init__(self, module: Any, hooks: tuple[Any, ...], args: tuple) -> None:
        self.module, self.hooks, self.args = module, hooks, list(args)
        self.grad_output: tuple = ()
        self.by_arguments = _insert_step(self.args, self._by_arguments)

    def watched(self, out: Any) -> Any:
        """The result of the module, with the step after its tensors, which may be in a dict, list or tuple."""
        outs = leaves(out)
        return rebuilt(out, outs) if _insert_step(outs, self._by_results) else out

    def _by_results(self, grads: tuple) -> tuple:
        self.grad_output = grads = self._changed("grad_output", grads)
        if not self.by_arguments and any(g is not None for g in self._by_arguments((None,) * len(self.args))):
            raise RuntimeError("a backward hook returned a grad_input, but no input of the module requires a gradient")
        return grads

    def _by_arguments(self, grads: tuple) -> tuple:
        return self._changed("grad_input", grads, self.grad_output)

    def _changed(self, name: str, grads: tuple, *more: Any) -> tuple:
        """The gradients of this name as the hooks change them, one after the other."""
        for hook in self.hooks:
            changed = hook(self.module, grads, *more) if hook.before == (name == "grad_output") else None
            if changed is not None:
                changed = changed if isinstance(changed, tuple) else (changed,)
                if len(changed) != len(grads):
                    raise RuntimeError(f"a backward hook returned {len(changed)} of {name}, but expected {len(grads)}")
                grads = changed
        return grads

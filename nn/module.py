"""Module: a tree of parameters and buffers with a `forward`.

A Module keeps no registers of its parameters and children: they are its attributes, in the order of assignment.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import Any, Self, TypeVar

from autograd import Tensor
from autograd.grad_mode import mode
from autograd.ops.complaints import explain_call
from nn.conversions import Conversions
from nn.hooks import Hooks
from nn.parameter import Buffer, Parameter
from nn.state import State, registered, remember_buffers

T = TypeVar("T")


def _forward_missing(self: Module, *args: Any, **kwargs: Any) -> Any:
    """The `forward` of a subclass that defines none."""
    raise NotImplementedError(f'{type(self).__name__} is missing the required "forward" function')


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


class Module(Hooks, State, Conversions):
    """Base of every layer and model.

    A subclass calls `super().__init__()`, assigns Parameters and Modules to attributes and defines `forward`.
    """

    training: bool
    _names_of_none: frozenset[str] = frozenset()  # they keep their place
    forward: Callable[..., Any] = _forward_missing

    def __init__(self) -> None:
        super().__init__()
        self.training = True
        self._buffer_persistence: dict[str, bool] = {}  # the names of the buffers: is it part of the state_dict?

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Take the attributes of the module that was copied or pickled. A subclass may add what an older one lacks."""
        self.__dict__.update(state)

    # -- calling ------------------------------------------------------------------------------------------------

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        try:
            if self._forward_hooks or self._forward_pre_hooks or self._backward_hooks or mode.trace is not None:
                return self._call_watched(args, kwargs)
            return self.forward(*args, **kwargs)
        except Exception as error:
            explain_call(self.forward, args, kwargs, error, type(self).__name__)
            raise

    def _call_watched(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """The call with its hooks; the trace, if there is one, is told which module is running."""
        if (trace := mode.trace) is None:
            return self._call_with_hooks(args, kwargs)
        trace.enter(self)
        try:
            return self._call_with_hooks(args, kwargs)
        finally:
            trace.leave()

    # -- attributes ---------------------------------------------------------------------------------------------

    def __setattr__(self, name: str, value: Any) -> None:
        current = self.__dict__.get(name)
        if isinstance(value, (Parameter, Module, Buffer)):
            if "_buffer_persistence" not in self.__dict__:
                raise AttributeError(
                    f"cannot assign {type(value).__name__} {name!r} before Module.__init__() call: "
                    f"begin {type(self).__name__}.__init__ with super().__init__()"
                )
            self._buffer_persistence.pop(name, None)
            self._add_part(name)
            of_class = getattr(type(self), name, None)
            if callable(of_class) or isinstance(of_class, property):  # as in PyTorch, that is what the name finds
                self.__dict__.pop(name, None)
                self.__dict__.setdefault("_hidden_by_class", {})[name] = value
                return
        elif value is None and isinstance(current, (Parameter, Module)):
            self._names_of_none |= {name}
        if value is not None and current is not None:
            self._check_kind(name, current, value)
        kinds = (Parameter, Module)
        if isinstance(value, kinds) and not isinstance(current, kinds) and name not in self._names_of_none:
            self.__dict__.pop(name, None)  # so that it comes after the parameters and children that there are
        object.__setattr__(self, name, value)
        if isinstance(value, Buffer):
            self._buffer_persistence[name] = value.persistent

    def _check_kind(self, name: str, current: Any, value: Any) -> None:
        """Raise TypeError where `value` would silently replace a parameter, child or buffer of the module."""
        if name in self._buffer_persistence:
            if not isinstance(value, (Tensor, Module)):
                raise TypeError(f"cannot assign {type(value).__name__!r} as buffer {name!r} (Tensor or None expected)")
        elif isinstance(current, Parameter):
            if not isinstance(value, Parameter):
                raise TypeError(
                    f"cannot assign {type(value).__name__!r} as parameter {name!r} (Parameter or None expected): "
                    f"to change its values use `with no_grad(): {name}.copy_(value)`"
                )
        elif isinstance(current, Module):
            if not isinstance(value, (Module, Parameter)):
                raise TypeError(f"cannot assign {type(value).__name__!r} as child module {name!r} (Module expected)")

    def __getattr__(self, name: str) -> Any:
        if name in self.__dict__:  # some programs call this method themselves
            return self.__dict__[name]
        hint = ""
        if "_buffer_persistence" not in self.__dict__:
            hint = f": {type(self).__name__}.__init__ did not call super().__init__()"
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}{hint}")

    def __delattr__(self, name: str) -> None:
        if self.__dict__.get("_hidden_by_class", {}).pop(name, None) is None:
            object.__delattr__(self, name)
        self._buffer_persistence.pop(name, None)

    def _check_free(self, name: str, kind: type) -> None:
        if not name or "." in name:
            raise KeyError(f"a name in a module must not be empty and must have no dot, got {name!r}")
        current = getattr(self, name, None)
        if current is not None and not isinstance(current, kind):
            raise KeyError(f"attribute {name!r} already exists in {type(self).__name__}")

    def register_buffer(self, name: str, tensor: Tensor | None, persistent: bool = True) -> None:
        """Assign a tensor that is state but is not trained; a persistent buffer is part of the state_dict."""
        self._check_free(name, Tensor)
        if tensor is not None and not isinstance(tensor, Tensor):
            raise TypeError(f"buffer {name!r} must be a Tensor or None, got {type(tensor).__name__}")
        setattr(self, name, tensor)
        self._buffer_persistence[name] = persistent

    def register_parameter(self, name: str, param: Parameter | None) -> None:
        """Assign a Parameter to an attribute whose name is given as a string."""
        self._check_free(name, Parameter)
        if param is not None and not isinstance(param, Parameter):
            raise TypeError(f"parameter {name!r} must be a Parameter or None, got {type(param).__name__}")
        setattr(self, name, param)
        if param is None:
            self._names_of_none |= {name}

    def add_module(self, name: str, module: Module | None) -> None:
        """Assign a child module to an attribute whose name is given as a string."""
        self._check_free(name, Module)
        if module is not None and not isinstance(module, Module):
            raise TypeError(f"{type(module).__name__} is not a Module")
        setattr(self, name, module)
        if module is None:
            self._names_of_none |= {name}

    register_module = add_module

    _parameters = registered("_own_parameters", "The parameters that are attributes of this very module, by name.")
    _buffers = registered("_own_buffers", "The buffers of this very module, by name.")
    _modules = registered("_own_children", "The children of this module, by name.")

    # -- walking ------------------------------------------------------------------------------------------------

    def _own(self, kind: type[T]) -> list[tuple[str, T]]:
        own = chain(self.__dict__.items(), self.__dict__.get("_hidden_by_class", {}).items())
        return [(name, value) for name, value in own if isinstance(value, kind) and name in self._names_of_parts]

    def _own_parameters(self) -> list[tuple[str, Parameter]]:
        others, buffers = self.__dict__.get("_tensors_as_parameters", ()), self._buffer_persistence
        own: list[tuple[str, Any]] = self._own(Tensor)
        return [(n, v) for n, v in own if (isinstance(v, Parameter) or n in others) and n not in buffers]

    def _own_buffers(self) -> list[tuple[str, Tensor]]:
        return [(name, value) for name in self._buffer_persistence if (value := self.__dict__.get(name)) is not None]

    _remember_buffers = remember_buffers

    def _own_children(self) -> list[tuple[str, Module]]:
        return self._own(Module)

    def named_modules(
        self, memo: set[Module] | None = None, prefix: str = "", remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Module]]:
        """Yield (dotted path, module) for this module and all below it, parents first."""
        memo = set() if memo is None else memo
        if remove_duplicate:
            if self in memo:
                return
            memo.add(self)
        yield prefix, self
        for name, child in self._own_children():
            yield from child.named_modules(memo, _join(prefix, name), remove_duplicate)

    def _named_members(
        self,
        get_members_fn: Callable[[Module], Iterable[tuple[str, Any]]],
        prefix: str = "",
        recurse: bool = True,
        remove_duplicate: bool = True,
    ) -> Iterator[tuple[str, Any]]:
        """Yield (dotted path, member) of all that `get_members_fn` gives for this module and those below it."""
        seen: set[int] = set()
        modules = self.named_modules(None, prefix, remove_duplicate) if recurse else iter([(prefix, self)])
        for path, module in modules:
            for name, value in get_members_fn(module):
                if remove_duplicate:
                    if id(value) in seen:
                        continue
                    seen.add(id(value))
                yield _join(path, name), value

    def named_parameters(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Parameter]]:
        """Yield (dotted path, parameter); a parameter that has two names (tied) comes once, under the first."""
        return self._named_members(Module._own_parameters, prefix, recurse, remove_duplicate)

    def parameters(self, recurse: bool = True) -> Iterator[Parameter]:
        """Yield every parameter once."""
        return (parameter for _, parameter in self.named_parameters(recurse=recurse))

    def named_buffers(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Tensor]]:
        """Yield (dotted path, buffer) for all buffers, persistent or not."""
        return self._named_members(Module._own_buffers, prefix, recurse, remove_duplicate)

    def buffers(self, recurse: bool = True) -> Iterator[Tensor]:
        """Yield every buffer once."""
        return (buffer for _, buffer in self.named_buffers(recurse=recurse))

    def modules(self, remove_duplicate: bool = True) -> Iterator[Module]:
        """Yield this module and all below it, parents first, each once."""
        return (module for _, module in self.named_modules(remove_duplicate=remove_duplicate))

    def named_children(self) -> Iterator[tuple[str, Module]]:
        """Yield (name, module) of the direct children, each once."""
        seen: set[Module] = set()
        for name, child in self._own_children():
            if child not in seen:
                seen.add(child)
                yield name, child

    def children(self) -> Iterator[Module]:
        """Yield the direct children, each once."""
        return (child for _, child in self.named_children())

    def get_submodule(self, target: str) -> Module:
        """The module at a dotted path, `""` for this one; AttributeError names the step that fails."""
        module: Module = self
        for name in target.split(".") if target else ():
            found = module.__dict__.get(name)
            if not isinstance(found, Module):
                raise AttributeError(f"{type(module).__name__} has no submodule {name!r} (looking for {target!r})")
            module = found
        return module

    def get_parameter(self, target: str) -> Parameter:
        """The parameter at a dotted path."""
        path, _, name = target.rpartition(".")
        found = self.get_submodule(path).__dict__.get(name)
        if not isinstance(found, Parameter):
            raise AttributeError(f"{type(self).__name__} has no parameter {target!r}")
        return found

    # -- modes --------------------------------------------------------------------------------------------------

    def train(self, mode: bool = True) -> Self:
        """Put this module and all below it into training mode, in which dropout is active."""
        self.training = mode
        for child in self.children():
            child.train(mode)
        return self

    def eval(self) -> Self:
        """Put this module and all below it into evaluation mode."""
        return self.train(False)

    def apply(self, fn: Callable[[Module], Any]) -> Self:
        """Call `fn` on every module below this one, children first, then on this one."""
        for child in self.children():
            child.apply(fn)
        fn(self)
        return self

    # -- show ---------------------------------------------------------------------------------------------------

    def extra_repr(self) -> str:
        """The settings of a layer, as its repr shows them in brackets."""
        return ""

    def _get_name(self) -> str:
        return type(self).__name__

    def _child_lines(self) -> list[str]:
        return [f"({name}): {child!r}" for name, child in self._own_children()]

    def __repr__(self) -> str:
        extra, lines = self.extra_repr(), [line.replace("\n", "\n  ") for line in self._child_lines()]
        if lines or "\n" in extra:
            extra = "\n  " + "\n  ".join([*extra.splitlines(), *lines]) + "\n"
        return f"{self._get_name()}({extra})"

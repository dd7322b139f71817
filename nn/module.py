"""Module: a tree of parameters and buffers with a `forward`.

As in PyTorch, a Module has three registers, dicts by name in the order of assignment: `_parameters`, `_buffers` and
`_modules`. What is assigned to an attribute goes into the register of its type; the other attributes are in `__dict__`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Self

from autograd import Tensor
from autograd.grad_mode import mode
from autograd.ops.complaints import explain_call
from nn.conversions import Conversions
from nn.hooks import Hooks, of_all
from nn.parameter import Buffer, Parameter
from nn.state import State, remember_buffers


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
    forward: Callable[..., Any] = _forward_missing

    def __init__(self) -> None:
        super().__init__()
        self._parameters: dict[str, Any] = {}
        self._buffers: dict[str, Any] = {}
        self._modules: dict[str, Any] = {}
        self._non_persistent_buffers_set: set[str] = set()  # those that are no part of the state_dict
        self.training = True

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Take the attributes of the module that was copied or pickled. A subclass may add what an older one lacks."""
        if (persistent := state.get("_buffer_persistence")) is None:
            self.__dict__.update(state)
            return
        Module.__init__(self)  # pickled when parameters, buffers and children were plain attributes
        for name, value in state.items():
            if name in persistent:
                self.register_buffer(name, value, persistent[name])
            elif name != "_buffer_persistence":
                setattr(self, name, value)

    # -- calling ------------------------------------------------------------------------------------------------

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        try:
            own = self._forward_hooks or self._forward_pre_hooks or self._backward_hooks
            if own or mode.trace is not None or any(of_all.registers):
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
        register = self._register_of(name)
        if isinstance(value, (Parameter, Module, Buffer)):
            if "_modules" not in self.__dict__:
                raise AttributeError(
                    f"cannot assign {type(value).__name__} {name!r} before Module.__init__() call: "
                    f"begin {type(self).__name__}.__init__ with super().__init__()"
                )
            self._check_kind(register, name, value)
            new = next(r for r, (_, kind, _) in _REGISTERS.items() if isinstance(value, kind))
            self._put(new, name, value, not isinstance(value, Buffer) or value.persistent)
        elif register is not None:
            self._check_kind(register, name, value)
            self.__dict__[register][name] = value
        else:
            object.__setattr__(self, name, value)

    def _register_of(self, name: str) -> str | None:
        """The register in which there is this name."""
        return next((register for register in _REGISTERS if name in self.__dict__.get(register, ())), None)

    def _put(self, register: str, name: str, value: Any, persistent: bool = True) -> None:
        """Put it into this register: in its place, if the name is there, and else at the end, and nowhere else."""
        for other in (self.__dict__, *(self.__dict__[r] for r in _REGISTERS if r != register)):
            other.pop(name, None)
        self.__dict__[register][name] = value
        (self._non_persistent_buffers_set.discard if persistent else self._non_persistent_buffers_set.add)(name)

    def _check_kind(self, register: str | None, name: str, value: Any) -> None:
        """Raise TypeError where `value` would silently replace what this register has under the name."""
        if value is None or register is None:
            return
        what, kind, allowed = _REGISTERS[register]
        if not isinstance(value, allowed):
            expected = kind.__name__ if register == "_modules" else f"{kind.__name__} or None"
            hint = f": to change its values use `with no_grad(): {name}.copy_(value)`" if kind is Parameter else ""
            raise TypeError(f"cannot assign {type(value).__name__!r} as {what} {name!r} ({expected} expected){hint}")

    def __getattr__(self, name: str) -> Any:
        own = self.__dict__
        if "_modules" in own:
            for register in (own["_parameters"], own["_modules"], own["_buffers"], own):  # some programs call this
                if name in register:
                    return register[name]
        hint = "" if "_modules" in own else f": {type(self).__name__}.__init__ did not call super().__init__()"
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}{hint}")

    def __delattr__(self, name: str) -> None:
        if (register := self._register_of(name)) is None:
            object.__delattr__(self, name)
        else:
            del self.__dict__[register][name]
            self._non_persistent_buffers_set.discard(name)

    def __dir__(self) -> list[str]:
        names = {*object.__dir__(self), *(name for register in _REGISTERS for name in self.__dict__[register])}
        return sorted(name for name in names if not name[0].isdigit())

    def _register(self, register: str, name: str, value: Any, persistent: bool = True) -> None:
        """Put a value, or None, under a name that is free or is in this register."""
        what, kind, _ = _REGISTERS[register]
        if not name or "." in name:
            raise KeyError(f"a name in a module must not be empty and must have no dot, got {name!r}")
        if getattr(self, name, None) is not None and name not in self.__dict__[register]:
            raise KeyError(f"attribute {name!r} already exists in {type(self).__name__}")
        if value is not None and not isinstance(value, kind):
            raise TypeError(f"{what} {name!r} must be a {kind.__name__} or None, got {type(value).__name__}")
        self._put(register, name, value, persistent)

    def register_buffer(self, name: str, tensor: Tensor | None, persistent: bool = True) -> None:
        """Assign a tensor that is state but is not trained; a persistent buffer is part of the state_dict."""
        self._register("_buffers", name, tensor, persistent)

    def register_parameter(self, name: str, param: Parameter | None) -> None:
        """Assign a Parameter to an attribute whose name is given as a string."""
        self._register("_parameters", name, param)

    def add_module(self, name: str, module: Module | None) -> None:
        """Assign a child module to an attribute whose name is given as a string."""
        self._register("_modules", name, module)

    register_module = add_module

    # -- walking ------------------------------------------------------------------------------------------------

    def _own(self, *registers: str) -> list[tuple[str, Any]]:
        """What these registers hold, by name, without what is None."""
        own = [item for register in registers for item in self.__dict__[register].items()]
        return [(name, value) for name, value in own if value is not None]

    _remember_buffers = remember_buffers

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
        for name, child in self._own("_modules"):
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
                if value is None:
                    continue
                if remove_duplicate:
                    if id(value) in seen:
                        continue
                    seen.add(id(value))
                yield _join(path, name), value

    def named_parameters(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Parameter]]:
        """Yield (dotted path, parameter); a parameter that has two names (tied) comes once, under the first."""
        return self._named_members(lambda m: m._parameters.items(), prefix, recurse, remove_duplicate)

    def parameters(self, recurse: bool = True) -> Iterator[Parameter]:
        """Yield every parameter once."""
        return (parameter for _, parameter in self.named_parameters(recurse=recurse))

    def named_buffers(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Tensor]]:
        """Yield (dotted path, buffer) for all buffers, persistent or not."""
        return self._named_members(lambda m: m._buffers.items(), prefix, recurse, remove_duplicate)

    def buffers(self, recurse: bool = True) -> Iterator[Tensor]:
        """Yield every buffer once."""
        return (buffer for _, buffer in self.named_buffers(recurse=recurse))

    def modules(self, remove_duplicate: bool = True) -> Iterator[Module]:
        """Yield this module and all below it, parents first, each once."""
        return (module for _, module in self.named_modules(remove_duplicate=remove_duplicate))

    def named_children(self) -> Iterator[tuple[str, Module]]:
        """Yield (name, module) of the direct children, each once."""
        seen: set[Module] = set()
        for name, child in self._own("_modules"):
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
            found = getattr(module, name, None)
            if not isinstance(found, Module):
                raise AttributeError(f"{type(module).__name__} has no submodule {name!r} (looking for {target!r})")
            module = found
        return module

    def get_parameter(self, target: str) -> Parameter:
        """The parameter at a dotted path."""
        path, _, name = target.rpartition(".")
        found = getattr(self.get_submodule(path), name, None)
        if not isinstance(found, Parameter):
            raise AttributeError(f"{type(self).__name__} has no parameter {target!r}")
        return found

    # -- modes --------------------------------------------------------------------------------------------------

    def train(self, mode: bool = True) -> Self:
        """Put this module and all below it into training mode, in which dropout is active."""
        if not isinstance(mode, bool):
            raise ValueError(f"train(mode) takes True or False, got {type(mode).__name__}")
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
        return [f"({name}): {child!r}" for name, child in self._own("_modules")]

    def __repr__(self) -> str:
        extra, lines = self.extra_repr(), [line.replace("\n", "\n  ") for line in self._child_lines()]
        if lines or "\n" in extra:
            extra = "\n  " + "\n  ".join([*extra.splitlines(), *lines]) + "\n"
        return f"{self._get_name()}({extra})"


# What each register is for: how messages call it, what it takes (a Parameter goes into the first), and what may take
# the place of that.
_REGISTERS: dict[str, tuple[str, Any, Any]] = {
    "_parameters": ("parameter", Parameter, Parameter),
    "_modules": ("child module", Module, (Module, Parameter)),
    "_buffers": ("buffer", Tensor, (Tensor, Module)),
}

"""Modules that hold modules, and the ones that only reshape."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, MutableMapping
from typing import Any, Self

from autograd import Tensor
from nn.module import Module
from nn.parameter import Parameter

__all__ = ["Flatten", "Identity", "ModuleDict", "ModuleList", "ParameterDict", "ParameterList", "Sequential"]
__all__ += ["Unflatten"]


class _Numbered(Module):
    """A register with the names "0", "1", ... used as a list; None may stand for one."""

    _kind: type = Module
    _of_kind = "_modules"  # the register

    def _entries(self) -> list[tuple[str, Any]]:
        return list(getattr(self, self._of_kind).items())

    def _items(self) -> list[Any]:
        return [value for _, value in self._entries()]

    def _refill(self, items: list[Any]) -> None:
        for name, _ in self._entries():
            delattr(self, name)
        for i, item in enumerate(items):
            self._register(self._of_kind, str(i), item)

    def _check(self, item: Any) -> None:
        if item is not None and not isinstance(item, self._kind):
            hint = ": unpack it with *" if isinstance(item, (list, tuple)) else ""
            raise TypeError(f"{type(self).__name__} holds {self._kind.__name__}s, got {type(item).__name__}{hint}")

    def _name(self, index: int) -> str:
        entries = self._entries()
        if not -len(entries) <= index < len(entries):
            raise IndexError(f"index {index} is out of range for a {type(self).__name__} of {len(entries)}")
        return entries[index][0]

    def __len__(self) -> int:
        return len(self._items())

    def __iter__(self) -> Iterator[Any]:
        return iter(self._items())

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return self._of(self._items()[index])
        return dict(self._entries())[self._name(index)]

    def _of(self, items: list[Any]) -> _Numbered:
        return type(self)(items)  # type: ignore[call-arg]

    def __setitem__(self, index: int, item: Any) -> None:
        self._check(item)
        self._register(self._of_kind, self._name(index), item)

    def __delitem__(self, index: Any) -> None:
        items = self._items()
        del items[index]
        if all(name.isdigit() for name, _ in self._entries()):
            self._refill(items)
        else:
            delattr(self, self._name(index))

    def append(self, item: Any) -> Self:
        """Add one at the end."""
        self._check(item)
        self._register(self._of_kind, str(len(self)), item)
        return self

    def extend(self, items: Iterable[Any]) -> Self:
        """Add several at the end."""
        for item in list(items):
            self.append(item)
        return self

    def insert(self, index: int, item: Any) -> Self:
        """Add one before position `index`."""
        self._check(item)
        items = self._items()
        items.insert(index, item)
        self._refill(items)
        return self

    def __add__(self, other: Iterable[Any]) -> Any:
        return self._of(self._items()).extend(other)

    def __iadd__(self, other: Iterable[Any]) -> Self:
        return self.extend(other)

    def pop(self, index: int = -1) -> Any:
        """Take out and return one."""
        item = self[index]
        del self[index]
        return item

    def _child_lines(self) -> list[str]:
        """Equal neighbours share a line: (0-11): 12 x Block(...)."""
        runs: list[tuple[int, int, str]] = []
        for i, child in enumerate(self._items()):
            text = repr(child)
            if runs and runs[-1][2] == text:
                runs[-1] = (runs[-1][0], i, text)
            else:
                runs.append((i, i, text))
        return [f"({a}): {text}" if a == b else f"({a}-{b}): {b - a + 1} x {text}" for a, b, text in runs]


class Sequential(_Numbered):
    """Modules applied one after another; takes modules, or one dict of named modules."""

    def __init__(self, *modules: Any) -> None:
        super().__init__()
        named = modules[0] if len(modules) == 1 and isinstance(modules[0], Mapping) else None
        for name, module in named.items() if named is not None else enumerate(modules):
            self._check(module)
            self.add_module(str(name), module)

    def _of(self, items: list[Module]) -> Sequential:
        named = {name: child for name, child in self._entries() if any(child is item for item in items)}
        return Sequential(named)

    def _child_lines(self) -> list[str]:
        return Module._child_lines(self)

    def forward(self, input: Any) -> Any:
        """The output of the last module."""
        for module in self._items():
            input = module(input)
        return input


class ModuleList(_Numbered):
    """A list whose modules are found by `parameters()` and the like."""

    def __init__(self, modules: Iterable[Module] | None = None) -> None:
        super().__init__()
        if modules is not None:  # a subclass may have an `extend` of its own
            self.extend(modules)


def _described(parameter: Tensor) -> str:
    return f"Parameter containing: [{parameter.dtype} of size {'x'.join(map(str, parameter.shape))}]"


class ParameterList(_Numbered):
    """A list of Parameters; a Tensor that is put in becomes one."""

    _kind, _of_kind = Parameter, "_parameters"

    def __init__(self, values: Iterable[Tensor] | None = None) -> None:
        super().__init__()
        if values is not None:  # a subclass may have an `extend` of its own
            self.extend(values)

    def append(self, item: Tensor) -> Self:
        """Add one at the end."""
        return super().append(item if isinstance(item, Parameter) else Parameter(item))

    def __setitem__(self, index: int, item: Tensor) -> None:
        super().__setitem__(index, item if isinstance(item, Parameter) else Parameter(item))

    def _child_lines(self) -> list[str]:
        return [f"({name}): {_described(parameter)}" for name, parameter in self._entries()]


class _Named(Module):
    """A register used as a dict, in the order of insertion."""

    _kind: type = Module
    _of_kind = "_modules"  # the register

    def _entries(self) -> dict[str, Any]:
        return getattr(self, self._of_kind)

    def __getitem__(self, key: str) -> Any:
        found = self._entries().get(key)
        if not isinstance(found, self._kind):
            raise KeyError(f"{key!r} is not in the {type(self).__name__}: it has {list(self)}")
        return found

    def __setitem__(self, key: str, value: Any) -> None:
        if not isinstance(value, self._kind):
            raise TypeError(f"{type(self).__name__} holds {self._kind.__name__}s, got {type(value).__name__}")
        self._register(self._of_kind, key, value)

    def __delitem__(self, key: str) -> None:
        self[key]
        delattr(self, key)

    def __len__(self) -> int:
        return len(self._entries())

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries())

    def __contains__(self, key: str) -> bool:
        return key in self._entries()

    keys, values, items = MutableMapping.keys, MutableMapping.values, MutableMapping.items
    update, clear, get = MutableMapping.update, MutableMapping.clear, MutableMapping.get
    pop, popitem, setdefault = MutableMapping.pop, MutableMapping.popitem, MutableMapping.setdefault


class ModuleDict(_Named):
    """A dict whose modules are found by `parameters()` and the like."""

    def __init__(self, modules: Mapping[str, Module] | Iterable[tuple[str, Module]] | None = None) -> None:
        super().__init__()
        if modules is not None:  # a subclass may have an `update` of its own
            self.update(modules)


class ParameterDict(_Named):
    """A dict of Parameters; a Tensor that is put in becomes one."""

    _kind, _of_kind = Parameter, "_parameters"

    def __init__(self, parameters: Any = None) -> None:
        super().__init__()
        if parameters is not None:  # a subclass may have an `update` of its own
            self.update(parameters)

    def __setitem__(self, key: str, value: Tensor) -> None:
        made = isinstance(value, Tensor) and not isinstance(value, Parameter)
        super().__setitem__(key, Parameter(value) if made else value)

    def _child_lines(self) -> list[str]:
        return [f"({name}): {_described(parameter)}" for name, parameter in self._entries().items()]


class Identity(Module):
    """Returns its input; it ignores all other arguments, so that it can stand in for any layer."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__()

    def forward(self, input: Any, *args: Any, **kwargs: Any) -> Any:
        """The input."""
        return input


class Flatten(Module):
    """Joins dimensions `start_dim` to `end_dim` into one."""

    def __init__(self, start_dim: int = 1, end_dim: int = -1) -> None:
        super().__init__()
        self.start_dim, self.end_dim = start_dim, end_dim

    def forward(self, input: Tensor) -> Tensor:
        """(N, a, b, ...) as (N, a b ...)."""
        return input.flatten(self.start_dim, self.end_dim)

    def extra_repr(self) -> str:
        return f"start_dim={self.start_dim}, end_dim={self.end_dim}"


class Unflatten(Module):
    """Splits dimension `dim` into `unflattened_size`."""

    def __init__(self, dim: int, unflattened_size: Iterable[int]) -> None:
        super().__init__()
        self.dim, self.unflattened_size = dim, tuple(unflattened_size)

    def forward(self, input: Tensor) -> Tensor:
        """(N, a b) as (N, a, b)."""
        dim = self.dim % input.ndim
        return input.reshape(*input.shape[:dim], *self.unflattened_size, *input.shape[dim + 1 :])

    def extra_repr(self) -> str:
        return f"dim={self.dim}, unflattened_size={self.unflattened_size}"

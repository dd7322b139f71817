"""The state of a module as a dict of tensors: saved, loaded, cast; and what it knows of its own parts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping
from typing import TYPE_CHECKING, Any, NamedTuple

from autograd import Tensor, writing, zeros_like
from nn.parameter import Parameter

if TYPE_CHECKING:
    from nn.module import Module


class LoadResult(NamedTuple):
    """What loading without `strict` passed over."""

    missing_keys: list[str]
    unexpected_keys: list[str]


class Register(MutableMapping):
    """The parameters, buffers or children of a module by name: they are its attributes, and are changed with them."""

    def __init__(self, module: Module, own: list[tuple[str, Any]], kind: type) -> None:
        self.module, self.own, self.kind = module, dict(own), kind

    def __getitem__(self, name: str) -> Any:
        """What has this name; None where it was set to None, as the bias of a layer without one."""
        return None if self.module.__dict__.get(name, self) is None else self.own[name]

    def __setitem__(self, name: str, value: Any) -> None:
        if self.kind is Tensor:
            self.module.register_buffer(name, value)
        else:
            object.__setattr__(self.module, name, value)
        self.own[name] = value

    def __delitem__(self, name: str) -> None:
        del self.own[name]
        delattr(self.module, name)

    def __iter__(self) -> Iterator[str]:
        return iter(list(self.own))

    def __len__(self) -> int:
        return len(self.own)

    def __repr__(self) -> str:
        return repr(self.own)


def remember_buffers(module: Module) -> Callable[[], None]:
    """A function that gives all buffers of a module the numbers back that they have now."""
    before = [(m, name, b, b.array.copy()) for m in module.modules() for name, b in m._own_buffers()]

    def put_back() -> None:
        for m, name, buffer, array in before:
            buffer.array[...] = array
            setattr(m, name, buffer)

    return put_back


def load(
    name: str, own: Mapping[str, Tensor], given: Mapping[str, Any], strict: bool, assign_to: Module | None = None
) -> LoadResult:
    """Copy `given` into the memory of `own`, key by key; nothing is changed if anything does not fit.

    With `assign_to` the given tensors themselves become the parameters and buffers of this module.

    Raises one RuntimeError that lists every mis-shaped key and, if `strict`, every missing and unexpected one.
    """
    missing = [key for key in own if key not in given]
    unexpected = [key for key in given if key not in own]
    problems = []
    if strict and missing:
        problems.append("Missing key(s) in state_dict: " + ", ".join(map(repr, missing)) + ".")
    if strict and unexpected:
        problems.append("Unexpected key(s) in state_dict: " + ", ".join(map(repr, unexpected)) + ".")
    for key, tensor in own.items():
        if key in given and (shape := tuple(given[key].shape)) != tuple(tensor.shape):
            problems.append(f"size mismatch for {key}: state_dict has {shape}, the module {tuple(tensor.shape)}.")
    if problems:
        raise RuntimeError(f"Error(s) in loading state_dict for {name}:\n\t" + "\n\t".join(problems))
    for key, tensor in own.items():
        if key not in given:
            continue
        value = given[key]
        if assign_to is not None:
            _assign(assign_to, key, value)
        else:
            with writing(tensor) as [array]:
                array[...] = value.array if isinstance(value, Tensor) else value
    return LoadResult(missing, unexpected)


def _assign(module: Module, key: str, value: Any) -> None:
    path, _, name = key.rpartition(".")
    owner = module.get_submodule(path)
    old = getattr(owner, name)
    if isinstance(old, Parameter) and not isinstance(value, Parameter):
        value = Parameter(value, requires_grad=old.requires_grad)
    setattr(owner, name, value)


def cast(tensor: Tensor, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    """Replace the elements of a floating-point tensor, and of its gradient, by what `Tensor.to` makes of them."""
    converted, grad = tensor.detach().to(*args, **kwargs), tensor.grad
    if tensor.array.dtype.kind != "f":
        return
    if converted.array.dtype.kind != "f":
        raise TypeError(f"Module.to takes a floating-point dtype, got {converted.dtype}")
    tensor.data = converted
    if grad is not None:
        tensor.grad = grad.detach().to(*args, **kwargs)


def zero_grads(tensors: Iterable[Tensor], set_to_none: bool) -> None:
    """Set the gradients to None, or to zeros."""
    for tensor in tensors:
        if set_to_none:
            tensor.grad = None
        elif tensor.grad is not None:
            tensor.grad = zeros_like(tensor.grad)

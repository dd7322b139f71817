"""Parametrizations: a parameter of a module that is a function of others, which are trained in its place."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from autograd import Tensor, no_grad
from nn.layers.containers import ModuleDict, ModuleList
from nn.module import Module
from nn.parameter import Parameter

_cache: dict[tuple[int, str], Tensor] = {}
_depth = 0  # of `cached` contexts


@contextmanager
def cached() -> Iterator[None]:
    """Within it, each parametrized tensor is computed once."""
    global _depth
    _depth += 1
    try:
        yield
    finally:
        _depth -= 1
        if not _depth:
            _cache.clear()


class ParametrizationList(ModuleList):
    """The parametrizations of one tensor, applied one after the other to `original` (or original0, original1, ...)."""

    def __init__(self, modules: list[Module], original: Tensor) -> None:
        super().__init__(modules)
        parts: Any = original
        with no_grad():
            for module in reversed(modules):
                parts = module.right_inverse(parts) if hasattr(module, "right_inverse") else parts
        self.is_tensor = isinstance(parts, Tensor)
        self.names = ["original"] if self.is_tensor else [f"original{i}" for i in range(len(parts))]
        trained = isinstance(original, Parameter)
        for name, part in zip(self.names, [parts] if self.is_tensor else parts, strict=True):
            if not trained:
                self.register_buffer(name, part)
            elif self.is_tensor and part is original:
                self.register_parameter(name, original)
            else:
                self.register_parameter(name, Parameter(part.detach().clone(), original.requires_grad))

    def right_inverse(self, value: Any) -> None:
        """Set the originals so that the result becomes `value`; every parametrization needs a `right_inverse`."""
        with no_grad():
            for module in reversed(list(self)):
                if not hasattr(module, "right_inverse"):
                    raise RuntimeError(
                        f"{type(module).__name__} has no right_inverse, so its result cannot be assigned"
                    )
                value = module.right_inverse(value)
            for name, part in zip(self.names, [value] if self.is_tensor else value, strict=True):
                getattr(self, name).data = part.detach().clone()

    def forward(self) -> Tensor:
        first, *others = self
        out = first(*[getattr(self, name) for name in self.names])
        for module in others:
            out = module(out)
        return out


def _make_property(name: str) -> property:
    def get(self: Any) -> Tensor:
        if not _depth:
            return self.parametrizations[name]()
        key = (id(self), name)
        if key not in _cache:
            _cache[key] = self.parametrizations[name]()
        return _cache[key]

    return property(get, lambda self, value: self.parametrizations[name].right_inverse(value))


def register_parametrization(
    module: Module, tensor_name: str, parametrization: Module, *, unsafe: bool = False
) -> Module:
    """Make `module.tensor_name` what `parametrization` computes from the tensor that is there now.

    A `right_inverse` of the parametrization gives the original (or several) from the tensor. Without `unsafe`, a result
    of another shape or dtype is a ValueError.
    """
    parametrization.train(module.training)
    if is_parametrized(module, tensor_name):
        before, modules = module.parametrizations[tensor_name], []
        modules = [*before, parametrization]
        original = getattr(module, tensor_name)
        if hasattr(parametrization, "right_inverse"):
            before.right_inverse(parametrization.right_inverse(original.detach()))
        before.append(parametrization)
    else:
        original = (module._parameters | module._buffers).get(tensor_name)
        if not isinstance(original, Tensor):
            raise ValueError(f"{type(module).__name__} has no parameter or buffer {tensor_name!r} to parametrize")
        if "parametrizations" not in module._modules:
            kind = type(module)
            module.__class__ = type(f"Parametrized{kind.__name__}", (kind,), {"_unparametrized": kind})
            module.parametrizations = ModuleDict()
        modules = [parametrization]
        made = ParametrizationList(modules, original)
        delattr(module, tensor_name)
        setattr(type(module), tensor_name, _make_property(tensor_name))
        module.parametrizations[tensor_name] = made
    found = getattr(module, tensor_name)
    if not unsafe and (found.shape, found.dtype) != (original.shape, original.dtype):
        kinds = f"{tuple(original.shape)} {original.dtype} into {tuple(found.shape)} {found.dtype}"
        raise ValueError(f"a parametrization must keep shape and dtype, unless unsafe=True; this one makes {kinds}")
    return module


def is_parametrized(module: Module, tensor_name: str | None = None) -> bool:
    """Whether a tensor of the module (any, without a name) is parametrized."""
    lists = module._modules.get("parametrizations")
    if not isinstance(lists, ModuleDict):
        return False
    return len(lists) > 0 if tensor_name is None else tensor_name in lists


def remove_parametrizations(module: Module, tensor_name: str, leave_parametrized: bool = True) -> Module:
    """Make the tensor a parameter of its own again: with the value computed last, or, if not `leave_parametrized`, the
    original."""
    if not is_parametrized(module, tensor_name):
        raise ValueError(f"{type(module).__name__}.{tensor_name} is not parametrized")
    made = module.parametrizations[tensor_name]
    if not leave_parametrized and not made.is_tensor:
        raise ValueError("a tensor made of several originals has no single original: pass leave_parametrized=True")
    original = getattr(made, made.names[0])
    if leave_parametrized:
        with no_grad():
            value = getattr(module, tensor_name).detach().clone()
        if made.is_tensor:
            original.data = value
        else:
            original = Parameter(value, original.requires_grad) if isinstance(original, Parameter) else value
    del module.parametrizations[tensor_name]
    delattr(type(module), tensor_name)
    if not len(module.parametrizations):
        del module.parametrizations
        module.__class__ = type(module)._unparametrized  # type: ignore[attr-defined]
    if isinstance(original, Parameter):
        module.register_parameter(tensor_name, original)
    else:
        module.register_buffer(tensor_name, original)
    return module


def type_before_parametrizations(module: Module) -> type:
    """The class that the module had."""
    return getattr(type(module), "_unparametrized", type(module))

"""What modules and optimisers do to tensors in place: load, cast, and clear gradients."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from autograd import Tensor, writing, zeros_like


class LoadResult(NamedTuple):
    """What loading without `strict` passed over."""

    missing_keys: list[str]
    unexpected_keys: list[str]


def load(name: str, own: Mapping[str, Tensor], given: Mapping[str, Any], strict: bool) -> LoadResult:
    """Copy `given` into the memory of `own`, key by key; nothing is changed if anything does not fit.

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
        if key in given:
            value = given[key]
            with writing(tensor) as [array]:
                array[...] = value.array if isinstance(value, Tensor) else value
    return LoadResult(missing, unexpected)


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

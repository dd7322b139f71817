"""Nests: dicts, lists and tuples, in each other to any depth, with something else (a tensor, say) as their leaves."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

# How to take objects of other classes apart, into parts and a context, and how to make one of them: `register`.
REGISTERED: dict[type, tuple[Callable[[Any], Any], Callable[[Any, Any], Any]]] = {}


def register(cls: type, flatten_fn: Callable[[Any], Any], unflatten_fn: Callable[[Any, Any], Any], **_: Any) -> None:
    """Let objects of a class be nests as well.

    flatten_fn(nest) gives the parts and a context, from which unflatten_fn(parts, context) makes the object again.
    """
    REGISTERED[cls] = flatten_fn, unflatten_fn


def leaves(nest: Any, is_leaf: Callable[[Any], bool] | None = None) -> list[Any]:
    """The leaves of a nest, dicts in their own order. Anything that is no dict, list or tuple is a leaf itself.

    So is a part of which `is_leaf` says so; an object of a registered class is not.
    """
    if is_leaf is not None and is_leaf(nest):
        return [nest]
    if type(nest) in REGISTERED:
        nest = list(REGISTERED[type(nest)][0](nest)[0])
    if not isinstance(nest, (dict, list, tuple)):
        return [nest]
    return [leaf for part in (nest.values() if isinstance(nest, dict) else nest) for leaf in leaves(part, is_leaf)]


def rebuilt(nest: Any, new: Iterable[Any], is_leaf: Callable[[Any], bool] | None = None) -> Any:
    """A nest of the same form, with `new` leaves in the order of `leaves(nest, is_leaf)`."""
    return _filled(nest, iter(new), is_leaf)


def _filled(nest: Any, new: Iterator[Any], is_leaf: Callable[[Any], bool] | None) -> Any:
    if is_leaf is not None and is_leaf(nest):
        return next(new)
    if type(nest) in REGISTERED:
        flatten, unflatten = REGISTERED[type(nest)]
        inner, context = flatten(nest)
        return unflatten([_filled(part, new, is_leaf) for part in inner], context)
    if isinstance(nest, dict):
        parts: Any = {key: _filled(part, new, is_leaf) for key, part in nest.items()}
        return parts if type(nest) is dict else _of_kind(nest, parts)
    if isinstance(nest, (list, tuple)):
        parts = [_filled(part, new, is_leaf) for part in nest]
        if hasattr(nest, "_fields"):  # a named tuple
            return type(nest)(*parts)
        return parts if type(nest) is list else tuple(parts) if type(nest) is tuple else _of_kind(nest, parts)
    return next(new)


def _of_kind(nest: Any, parts: Any) -> Any:
    """The parts in a subclass of dict, list or tuple; a plain one where it cannot be made of them."""
    try:
        return type(nest)(parts)
    except TypeError:
        return parts


def mapped(function: Callable, nest: Any, *others: Any, is_leaf: Callable[[Any], bool] | None = None) -> Any:
    """A nest of the same form, whose leaves `function` makes of those of `nest` and of `others` of the same form.

    Raises ValueError where one of the others has another number of leaves.
    """
    columns = [leaves(of, is_leaf) for of in (nest, *others)]
    if len({len(column) for column in columns}) > 1:
        raise ValueError(f"all nests must have the same form, got {[len(column) for column in columns]} leaves")
    return rebuilt(nest, [function(*row) for row in zip(*columns, strict=True)], is_leaf)


def spread(prefix: Any, nest: Any) -> list[Any]:
    """For each leaf of `nest`, what `prefix` says of it: one thing for all, or a nest that begins in the same form.

    Raises ValueError where the form of the prefix is another.
    """
    if isinstance(nest, dict) and isinstance(prefix, dict) and prefix.keys() == nest.keys():
        return [said for key in nest for said in spread(prefix[key], nest[key])]
    if isinstance(prefix, (list, tuple)) and isinstance(nest, (list, tuple)) and len(prefix) == len(nest):
        return [said for part, inner in zip(prefix, nest, strict=True) for said in spread(part, inner)]
    if isinstance(prefix, (dict, list, tuple)):
        raise ValueError(f"{prefix!r} does not have the form of the arguments it is for")
    return [prefix] * len(leaves(nest))

"""`torch.nn.modules.utils`: settings of a layer as tuples, a number a dim; names without the prefix of a wrapper."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

__all__ = ["_ntuple", "_pair", "_quadruple", "_single", "_triple", "consume_prefix_in_state_dict_if_present"]


def _tuple_of(n: int, x: Any) -> tuple:
    return tuple(x) if isinstance(x, Iterable) else (x,) * n


def _ntuple(n: int, name: str = "parse") -> Callable[[Any], tuple]:
    """A function that gives an iterable as a tuple, and anything else n times."""
    return partial(_tuple_of, n)


_single, _pair, _triple, _quadruple = map(_ntuple, (1, 2, 3, 4))


def consume_prefix_in_state_dict_if_present(state_dict: Any, prefix: str) -> None:
    """Take a prefix, such as the "module." of DataParallel, in place from all keys that have it."""
    for names, whole in ((state_dict, prefix), (getattr(state_dict, "_metadata", {}), prefix.rstrip("."))):
        for name in list(names):
            if name.startswith(prefix) or name == whole:
                names[name[len(prefix) :]] = names.pop(name)

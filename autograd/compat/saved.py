"""`torch.autograd.graph`: hooks that put something else in the place of what operations save for their backward."""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence
from typing import Any

import numpy as np

from autograd.base import TensorBase, wrap
from autograd.grad_mode import mode, no_grad
from autograd.graph import Node

__all__ = ["save_on_cpu", "saved_tensors_hooks"]

_PACKED = np.zeros(0)  # what was packed is a tuple that begins with it: a walk lets go of that as of other arrays


class saved_tensors_hooks:  # noqa: N801 - PyTorch's name
    """Within it, a node keeps `pack_hook(tensor)` of each tensor that it saves.

    Its backward gets `unpack_hook` of that, which must be a tensor of the same shape. A context manager.
    """

    def __init__(self, pack_hook: Callable[[Any], Any], unpack_hook: Callable[[Any], Any]) -> None:
        self.pack, self.unpack = pack_hook, unpack_hook

    def __enter__(self) -> None:
        self.outer, mode.trace = mode.trace, self

    def __exit__(self, *_: object) -> None:
        mode.trace = self.outer

    def note(self, node: Node, out: np.ndarray, values: Sequence[Any]) -> None:
        """Pack what a new node saved; of several outputs, one node has it for all."""
        outer = self.outer
        while isinstance(outer, saved_tensors_hooks):  # the innermost hooks alone apply
            outer = outer.outer
        if outer is not None:
            outer.note(node, out, values)
        node = node if node.index is None else node.parents[0]  # type: ignore[assignment]
        found = {name: value for name, value in (node.saved or {}).items() if _arrays(value)}
        if found and not isinstance(node.op, _Unpacking):
            with no_grad():
                packed = {name: [self.pack(wrap(a)) for a in _arrays(value)] for name, value in found.items()}
            node.op = _Unpacking(node.op, self.unpack, found)
            node.saved |= {name: (_PACKED, *map(_boxed, parts)) for name, parts in packed.items()}  # type: ignore

    def enter(self, module: Any) -> None:
        """A module begins: a trace around the hooks is told."""
        if self.outer is not None:
            self.outer.enter(module)

    def leave(self) -> None:
        """The module that began last ends."""
        if self.outer is not None:
            self.outer.leave()


class save_on_cpu(saved_tensors_hooks):  # noqa: N801 - PyTorch's name
    """A context without effect: what is saved is in the memory of the CPU."""

    def __init__(self, pin_memory: bool = False, device_type: str = "cuda") -> None:
        super().__init__(lambda x: x, lambda x: x)


class _Unpacking:
    """The operation of a node of which these arrays, or tuples of them, were packed."""

    def __init__(self, op: Any, unpack: Callable[[Any], Any], packed: dict[Any, Any]) -> None:
        self.op, self.unpack = op, unpack
        self.like = {name: (type(value), [a.shape for a in _arrays(value)]) for name, value in packed.items()}

    def __getattr__(self, name: str) -> Any:
        return getattr(self.op, name)

    def vjp(self, node: Node, g: Any, needed: Container[Node | None] | None, create_graph: bool) -> Sequence[Any]:
        """That of the operation, with the arrays in their places again."""
        packed: Any = node.saved
        saved = dict(packed)
        with no_grad():
            for name, (kind, shapes) in self.like.items():
                arrays = tuple(map(self._array, packed[name][1:], shapes))
                saved[name] = arrays if kind is tuple else arrays[0]
        node.saved = saved
        try:
            return self.op.vjp(node, g, needed, create_graph)
        finally:
            node.saved = packed

    def _array(self, packed: Any, shape: tuple) -> np.ndarray:
        tensor = self.unpack(wrap(packed) if isinstance(packed, np.ndarray) else packed[0])
        if not isinstance(tensor, TensorBase) or tensor.array.shape != shape:
            found = tuple(tensor.shape) if isinstance(tensor, TensorBase) else type(tensor).__name__
            raise RuntimeError(f"unpack_hook must return a tensor of shape {shape} for {self.op.name!r}, got {found}")
        return tensor.array


def _arrays(value: Any) -> tuple:
    """The arrays of one thing that a node saved: none of an index that has other things in it."""
    arrays = value if type(value) is tuple else (value,)
    return arrays if all(isinstance(a, np.ndarray) for a in arrays) else ()


def _boxed(packed: Any) -> Any:
    """A tensor as its array, whose changes in place are noticed; anything else in a tuple."""
    return packed.array if isinstance(packed, TensorBase) else (packed,)

"""How the gradients of a backward walk are added up: in the shape and dtype of each node, in place where it may be.

Which array may be written to is decided here, and nowhere else: one that nobody but the walk holds.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from autograd.errors import ShapeError
from autograd.summation import sum_over

if TYPE_CHECKING:
    from autograd.graph import Node


class Part(NamedTuple):
    """The gradient of an array of which only a part was taken: `add(out, g)` adds it to those elements of `out`."""

    g: np.ndarray
    add: Callable[[np.ndarray, np.ndarray], None]
    shape: None = None  # that of no array, so that `Gradients.accumulate` sees at no cost that this is none
    base: None = None

    def whole(self, shape: tuple[int, ...], dtype: Any) -> np.ndarray:
        """The gradient with its zeros."""
        whole = np.zeros(shape, dtype)
        self.add(whole, self.g)
        return whole

    def conjugate(self) -> Part:
        """The complex conjugate, which 0 is of itself."""
        return Part(self.g.conjugate(), self.add)


class Gradients(dict["Node", Any]):
    """The gradients of a walk that are not complete yet, by node."""

    __slots__ = ("owned", "create_graph")

    def __init__(self, create_graph: bool) -> None:
        self.owned: set[Node] = set()  # the nodes whose gradient nobody else holds
        self.create_graph = create_graph

    def accumulate(self, node: Node, g: Any, user: Node, references: int) -> None:
        """Add what the rule of `user` gave to the gradient of `node`, in the shape and the dtype of the node.

        `references` are those to `g` in the walk: of more than usual, somebody else holds one.
        """
        fresh = references <= _REFERENCES and not self.create_graph and g.base is None
        if g.shape != node.shape:
            if type(g) is Part:
                if not self.create_graph:
                    return self.accumulate_part(node, g)
                summed = g.whole(node.shape, node.dtype)
            else:
                summed = unbroadcast(g, node.shape, user.name)
                fresh = fresh or not (self.create_graph or np.may_share_memory(g, summed))
            g = summed
        if g.dtype is not node.dtype and g.dtype != node.dtype:
            g = g.real if g.dtype.kind == "c" != node.dtype.kind else g
            g, fresh = g.astype(node.dtype), not self.create_graph
        total = self.get(node)
        if total is None:
            self[node] = g
            if fresh and node.op is None:
                self.owned.add(node)
        elif node in self.owned:
            total += g
            self[node] = total
        elif self.create_graph:
            self[node] = total + g
        else:
            self[node] = np.add(total, g, out=g) if fresh and type(g) is np.ndarray else total + g
            self.owned.add(node)

    def accumulate_part(self, node: Node, part: Part) -> None:
        """Add a gradient that is 0 outside of a part: a loop over the rows of an array costs a row a step."""
        total = self.get(node)
        if total is None:
            self[node] = part.whole(node.shape, node.dtype)
        else:
            self[node] = total = np.asarray(total) if node in self.owned else np.array(total)
            part.add(total, part.g)
        self.owned.add(node)

    def accumulate_output(self, node: Node, g: Any) -> None:
        """Add the gradient of one of several outputs in its place: a rule of the op may have used that output, too."""
        (joint,) = node.parents
        parts = self.setdefault(joint, [None] * len(joint.outputs))  # type: ignore[union-attr, arg-type]
        earlier = parts[node.index]
        parts[node.index] = g if earlier is None else earlier + g

    def exclusive(self, node: Node, g: Any) -> Any:
        """The complete gradient of a target, as an array that whoever takes it may write to."""
        if type(g) is not np.ndarray or (node.op is None and node in self.owned and not node.hooks):
            return g
        return g.copy()


def _references(contributions: Sequence[Any]) -> int:
    """How many references the loop of the walk counts to an array that nobody but the result of a rule holds."""
    return [sys.getrefcount(contribution) for _, contribution in zip((None,), contributions)][0]


_REFERENCES = _references([np.zeros(1)])


def unbroadcast(g: Any, shape: tuple[int, ...], name: str) -> Any:
    """The gradient `g` of an array that was broadcast, summed back to the `shape` that the array had.

    Raises ShapeError, with the name of the op whose rule gave `g`, where no broadcasting leads from `shape` to it.
    """
    extra = g.ndim - len(shape)
    if extra > 0 and g.shape[extra:] == shape:
        return _sum(g, tuple(range(extra)))
    if extra < 0 or any(n not in (1, size) for n, size in zip(shape, g.shape[extra:])):
        raise ShapeError(f"a rule of {name!r} gave a gradient of shape {g.shape} for an argument of shape {shape}")
    broadcast = tuple(extra + i for i, n in enumerate(shape) if n == 1 and g.shape[extra + i] != 1)
    axes = (*range(extra), *broadcast)
    return (_sum(g, axes) if axes else g).reshape(shape)


def _sum(g: Any, axes: tuple[int, ...]) -> Any:
    """The sum over `axes`, recorded where g is a tensor."""
    return sum_over(g, axes) if isinstance(g, np.ndarray) else g.sum(axes)

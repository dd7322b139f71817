"""The computation graph: nodes, and the one backward walk, which is the chain rule.

Nothing here knows of tensors or of any particular operation. A node has `parents` and `order`, a counter that grows
with creation, so that "reachable nodes, newest first" is a topological order and no walk needs recursion.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from operator import attrgetter
from typing import Any, Protocol, TypeVar

import numpy as np

from autograd.accumulation import Gradients
from autograd.errors import GraphError
from autograd.versions import changed_since, clock, latest, tick

FREED: dict = {"freed": True}

N = TypeVar("N")


class Operation(Protocol):
    """What the graph asks of the operation at a node: a name, and the vector-Jacobian product of that node."""

    name: str

    def vjp(self, node: Node, g: Any, needed: Container[Node | None] | None, create_graph: bool) -> Sequence[Any]:
        """The gradient of each parent of `node`, given the gradient `g` of its output.

        It may be None for a parent that is not in `needed`, which is None itself where all are needed. Of an operation
        with several outputs `g` is a list with the gradient of each, None where there is none. With `create_graph` the
        gradients are tensors, and the rule must be recorded itself.
        """


class Node:
    """One recorded operation (or, where `op` is None, a leaf): the edges of the graph join these, not tensors.

    An operation with several outputs has a node that joins them, whose `outputs` are their (shape, dtype), and one
    node for each output, whose only parent is that node and whose `index` is the place of the output.
    """

    __slots__ = (
        "op",
        "parents",
        "saved",
        "shape",
        "dtype",
        "order",
        "index",
        "outputs",
        "grad",
        "retains_grad",
        "hooks",
        "record",
        "__weakref__",
    )

    def __init__(
        self,
        op: Operation | None,
        parents: tuple[Node | None, ...],
        saved: dict | None,
        shape: tuple[int, ...],
        dtype: Any,
        index: int | None = None,
        outputs: tuple | None = None,
    ) -> None:
        self.op: Any = op
        self.parents = parents
        self.saved = saved
        self.shape = shape
        self.dtype = dtype
        self.index = index
        self.outputs = outputs
        self.grad: Any = None
        self.retains_grad = False
        self.hooks: dict[int, Callable[[Any], Any]] | None = None
        self.record: Any = None
        self.order = tick()

    @property
    def name(self) -> str:
        """The name of the op, or "leaf"."""
        return self.op.name if self.op is not None else "leaf"

    @property
    def operands(self) -> tuple[Node | None, ...]:
        """The nodes of the arguments of the operation, None for one without a gradient."""
        return self.parents if self.index is None else self.parents[0].parents  # type: ignore[union-attr]

    next_functions = property(lambda self: tuple([(node, getattr(node, "index", 0) or 0) for node in self.operands]))

    def __repr__(self) -> str:
        return f"<Node {self.order} {self.name} {self.shape}>"


def output_node(joint: Node, index: int) -> Node:
    """A node for one output of the operation whose outputs `joint` joins."""
    shape, dtype = joint.outputs[index]  # type: ignore[index]
    return Node(joint.op, (joint,), None, shape, dtype, index)


def output_nodes(op: Operation, parents: tuple, saved: dict | None, arrays: Sequence[np.ndarray]) -> list[Node | None]:
    """A node for each output of an operation that has several; None for one that holds no floats."""
    joint = Node(op, parents, saved, (), None, outputs=tuple([(a.shape, a.dtype) for a in arrays]))
    return [output_node(joint, i) if array.dtype.kind in "fc" else None for i, array in enumerate(arrays)]


class Identity:
    """The operation of a node that passes its gradient on: a copy, in another shape or dtype if it was broadcast."""

    name = "copy"

    @staticmethod
    def vjp(node: Node, g: Any, needed: Container[Node | None] | None, create_graph: bool) -> Sequence[Any]:
        """g itself: `Gradients.accumulate` brings it to the shape and dtype of the parent."""
        return (g,)


def of_outputs(node: Node, g: Any) -> tuple:
    """The upstream gradients of all outputs of a node that has several: zeros for those that none came to."""
    return tuple([np.zeros(*like) if part is None else part for part, like in zip(g, node.outputs)])  # type: ignore[arg-type]


def step_behind(node: Node, shape: tuple[int, ...], dtype: Any) -> Node:
    """A node of its own for elements that were copied from those of `node`."""
    return Node(Identity(), (node,), None, shape, dtype)


# The order of a walk --------------------------------------------------------------------------------------------------

_order = attrgetter("order")


def newest_first(roots: Iterable[N]) -> list[N]:
    """Every Node (or Value) that the roots reach through `parents`, newest first, which is a topological order."""
    found = list(dict.fromkeys(roots))
    seen: set = {None, *found}
    for node in found:
        for parent in node.parents:  # type: ignore[attr-defined]
            if parent not in seen:
                seen.add(parent)
                found.append(parent)
    found.sort(key=_order, reverse=True)
    return found


def depending_on(nodes: Sequence[Node], targets: Iterable[Node]) -> set[Node]:
    """The `targets`, and those of `nodes` (newest first) that depend on one of them."""
    found = set(targets)
    for node in reversed(nodes):
        if not found.isdisjoint(node.parents):
            found.add(node)
    return found


# The walk -------------------------------------------------------------------------------------------------------------


def backward_walk(
    roots: Sequence[Node],
    upstream: Sequence[Any],
    targets: Iterable[Node] | None = None,
    create_graph: bool = False,
    retain_graph: bool = False,
) -> Iterator[tuple[Node, Any]]:
    """Walk back from `roots`, whose upstream gradients are given, and yield each target with its gradient.

    Without `targets` these are the leaves; with them, only what depends on a target is walked. Nodes that retain their
    gradient are yielded, too. Gradients are ndarrays or, with `create_graph`, tensors: then the rules run on tensors
    and are recorded themselves. Raises GraphError where an array that a rule needs was changed in place, or freed.
    """
    nodes = newest_first(roots)
    chosen = None if targets is None else set(targets)
    needed = None if chosen is None else depending_on(nodes, chosen)
    gradients = Gradients(create_graph)
    accumulate = gradients.accumulate
    for root, g in zip(roots, upstream, strict=True):
        if root in gradients:
            accumulate(root, g, root, sys.getrefcount(g))
        else:
            gradients[root] = g
    for node in nodes:
        g = gradients.pop(node, None)
        if g is None or (needed is not None and node not in needed):
            continue
        if node.hooks:
            g = run_hooks(node, g)
        if node.record is not None:
            node.record.grad = g
        if node.retains_grad or (node in chosen if chosen is not None else node.op is None):
            yield node, gradients.exclusive(node, g)
        if node.index is not None:
            gradients.accumulate_output(node, g)
        elif node.op is not None and (needed is None or not needed.isdisjoint(node.parents)):
            if node.order < clock.last or node.saved is FREED:
                check_saved(node)
            for parent, contribution in zip(node.parents, node.op.vjp(node, g, needed, create_graph)):
                if contribution is not None and parent is not None:
                    references = sys.getrefcount(contribution)
                    accumulate(parent, contribution, node, references)
            if not retain_graph and node.saved:
                release(node)


def run_hooks(node: Node, g: Any) -> Any:
    """The gradient that the hooks of a node make of `g`, one after the other."""
    for hook in tuple(node.hooks.values()):  # type: ignore[union-attr]
        g = hook(g)
    return g


# What a node saved ----------------------------------------------------------------------------------------------------


def check_saved(node: Node) -> None:
    """Raise GraphError where an array that the node saved was changed in place since, or was freed already.

    In the place of one that was a tensor's comes what that tensor was given since as its `data`.
    """
    saved = node.saved or {}
    if saved is FREED:
        raise GraphError(
            f"the graph behind {node.name!r} was freed by an earlier backward pass; to walk it twice, pass "
            "retain_graph=True to the first"
        )
    for name, value in saved.items():
        if clock.replaced and name not in getattr(node.op, "apart", ()):
            saved[name] = value = latest(value, node.order)
        for array in value if isinstance(value, tuple) else (value,):
            if changed_since(array, node.order):
                raise GraphError(
                    f"{name!r}, which {node.name!r} saved for its backward (shape {array.shape}), was changed in "
                    "place since; clone() it before the change, or make the change out of place"
                )


def release(node: Node) -> None:
    """Let go of the arrays that a node saved. Shapes and dims alone are kept: such a node may be walked again."""
    for value in node.saved.values():  # type: ignore[union-attr]
        kind = type(value)
        if kind is np.ndarray or (kind is tuple and value and type(value[0]) is np.ndarray):
            node.saved = FREED
            return

"""The computation graph: nodes, the one backward walk, and what was changed in place.

Nothing here knows of operations or tensors. A node has `parents` and `order`, a counter that grows with creation,
so that "reachable nodes, newest first" is a topological order and no walk needs recursion.
"""

from __future__ import annotations

import itertools
import weakref
from collections.abc import Callable, Iterable, Sequence
from operator import attrgetter
from typing import Any, TypeVar

import numpy as np

from autograd.errors import GraphError, ShapeError

tick = itertools.count(1).__next__
FREED: dict = {"freed": True}


N = TypeVar("N")


class Node:
    """One recorded operation (or, where `op` is None, a leaf): the edges of the graph join these, not tensors."""

    __slots__ = (
        "op",
        "parents",
        "saved",
        "shape",
        "dtype",
        "order",
        "grad",
        "retains",
        "hooks",
        "record",
        "__weakref__",
    )

    def __init__(self, op: Any, parents: tuple, saved: dict | None, shape: tuple, dtype: Any) -> None:
        self.op = op
        self.parents = parents
        self.saved = saved
        self.shape = shape
        self.dtype = dtype
        self.grad: Any = None
        self.retains = False
        self.hooks: dict | None = None
        self.record: Any = None
        self.order = tick()

    @property
    def name(self) -> str:
        """The name of the op, or 'leaf'."""
        return self.op.name if self.op is not None else "leaf"

    def __repr__(self) -> str:
        return f"<Node {self.order} {self.name} {self.shape}>"


class Traced:
    """An ndarray and its Node (None where no gradient is wanted): what ops take and give, and Tensor's base."""

    __slots__ = ("array", "node")

    array: np.ndarray
    node: Node | None

    @staticmethod
    def wrap(array: np.ndarray, node: Node | None = None) -> Any:
        """A new tensor of this array and node, with nothing copied or checked."""
        raise NotImplementedError


# Changes in place -----------------------------------------------------------------------------------------------------


class _Mutations:
    """When each array was last changed in place, on the clock of `Node.order`: one comparison tells that none was."""

    __slots__ = ("last", "stamps")

    def __init__(self) -> None:
        self.last = 0
        self.stamps: dict[int, tuple[int, weakref.ref]] = {}


mutations = _Mutations()


def owner(array: np.ndarray) -> np.ndarray:
    """The array that owns the memory of this one."""
    while isinstance(array.base, np.ndarray):
        array = array.base
    return array


def mutated(array: np.ndarray) -> None:
    """Note that the memory of `array` was changed in place: whoever writes to `tensor.array` directly calls this."""
    memory = owner(array)
    key = id(memory)
    known = mutations.stamps.get(key)
    reference = known[1] if known else weakref.ref(memory, lambda _: mutations.stamps.pop(key, None))
    stamp = tick()
    mutations.stamps[key] = (stamp, reference)
    mutations.last = stamp


def changed_since(array: Any, order: int) -> bool:
    """Whether the memory of `array` was changed in place after the node with this `order` was made."""
    known = mutations.stamps.get(id(owner(array))) if isinstance(array, np.ndarray) else None
    return known is not None and known[0] > order


def check_fresh(user: str, tensor: Traced, node: Node) -> None:
    """Raises GraphError where the elements of `tensor` are no longer those that its `node` gave."""
    if changed_since(tensor.array, node.order):
        raise GraphError(
            f"an input of {user!r} (shape {tensor.array.shape}, made by {node.name!r}) shares memory with a tensor "
            "that was changed in place since; take clone() before the change, or use the changed tensor"
        )


def check_saved(node: Node) -> None:
    """Raises GraphError where an array that the node saved was changed in place since, or was freed already."""
    saved = node.saved
    if saved is FREED:
        raise GraphError(
            f"the graph behind {node.name!r} was freed by an earlier backward; say retain_graph=True in that call "
            "to walk it twice"
        )
    if saved and node.order < mutations.last:
        for name, value in saved.items():
            for array in value if isinstance(value, tuple) else (value,):
                if changed_since(array, node.order):
                    raise GraphError(
                        f"{name!r}, which {node.name!r} saved for its backward (shape {array.shape}), was changed in "
                        "place since; clone() it before the change, or make the change out of place"
                    )


# The walk -------------------------------------------------------------------------------------------------------------

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


def leading_to(nodes: Sequence[Node], targets: Iterable[Node]) -> set[Node]:
    """Those of `nodes` (newest first) from which a target is reached, the targets among them."""
    leads = set(targets)
    for node in reversed(nodes):
        for parent in node.parents:
            if parent in leads:
                leads.add(node)
                break
    return leads


def unbroadcast(g: Any, shape: tuple[int, ...], name: str) -> Any:
    """The gradient `g` of a broadcast array, summed back to the `shape` that the array had; `name` is the op's."""
    extra = g.ndim - len(shape)
    if extra > 0 and g.shape[extra:] == shape:
        return g.sum(tuple(range(extra)))
    if extra < 0 or any(n not in (1, spread) for n, spread in zip(shape, g.shape[extra:])):
        raise ShapeError(f"a rule of {name!r} gave a gradient of shape {g.shape} for an argument of shape {shape}")
    spread = tuple(extra + i for i, n in enumerate(shape) if n == 1 and g.shape[extra + i] != 1)
    axes = (*range(extra), *spread)
    return (g.sum(axes) if axes else g).reshape(shape)


def walk(
    roots: Sequence[Node],
    seeds: Sequence[Any],
    targets: Sequence[Node] | None,
    wrap: Callable[[Any, Node | None], Any],
    create_graph: bool = False,
    retain_graph: bool = False,
) -> dict[Node, Any]:
    """One backward walk from `roots` with upstream gradients `seeds`.

    Without `targets`, gradients add up in the `.grad` of leaves and of nodes that retain theirs. With `targets`, only
    what leads to them is walked, and their gradients are returned. `seeds` are ndarrays, or, with `create_graph`,
    tensors: then the rules run on tensors and are recorded themselves.
    """
    nodes = newest_first(roots)
    leads = None if targets is None else leading_to(nodes, targets)
    wanted = set(targets or ())
    results: dict[Node, Any] = {}
    grads: dict[Node, Any] = {}
    for root, seed in zip(roots, seeds, strict=True):
        grads[root] = grads[root] + seed if root in grads else seed
    summed: set[Node] = set()  # nodes whose entry in `grads` is a sum made here, to which more may be added in place
    for node in nodes:
        g = grads.pop(node, None)
        if g is None:
            continue
        op = node.op
        if node.hooks:
            g = _run_hooks(node, g, wrap, create_graph)
        if node.record is not None:
            node.record.grad = g
        if targets is None:
            if op is None or node.retains:
                g_leaf = wrap(g.array.copy(), g.node) if create_graph else wrap(g if op is None else g.copy(), None)
                node.grad = g_leaf if node.grad is None else node.grad + g_leaf
        elif node in wanted:
            results[node] = g if create_graph or op is None else g.copy()
        if op is None or (leads is not None and node not in leads):
            continue
        if node.saved is FREED or node.order < mutations.last:
            check_saved(node)
        contributions = op.pull(node, g, leads, wrap, create_graph)
        for parent, c in zip(node.parents, contributions):
            if c is None or parent is None or (leads is not None and parent not in leads):
                continue
            if c.shape != parent.shape:
                c = unbroadcast(c, parent.shape, node.name)
            if c.dtype is not parent.dtype and c.dtype != parent.dtype:
                c = c.astype(parent.dtype)
            if parent not in grads:
                if parent.op is None and not create_graph:
                    c = c.copy() if _is_shared(c, g, contributions, node.saved) else c
                    summed.add(parent)
                grads[parent] = c
            elif parent in summed:
                grads[parent] += c
            elif create_graph:
                grads[parent] = grads[parent] + c
            else:
                own = type(c) is np.ndarray and not _is_shared(c, g, contributions, node.saved)
                grads[parent] = np.add(grads[parent], c, out=c) if own else grads[parent] + c
                summed.add(parent)
        contributions = c = None
        if not retain_graph and node.saved and _holds_arrays(node.saved):
            node.saved = FREED
    return results


def _holds_arrays(saved: dict) -> bool:
    """Whether it is worth freeing: shapes and dims are not, and a graph of them alone may be walked again."""
    for value in saved.values():
        kind = type(value)
        if kind is np.ndarray or (kind is tuple and value and type(value[0]) is np.ndarray):
            return True
    return False


def _is_shared(c: np.ndarray, g: np.ndarray, contributions: Sequence[Any], saved: dict | None) -> bool:
    """Whether someone else holds the memory of `c` too, so that a leaf must not keep it as its own gradient."""
    return (
        c is g
        or c.base is not None
        or not c.flags.writeable
        or sum(other is c for other in contributions) > 1
        or any(value is c for value in (saved or {}).values())
    )


def _run_hooks(node: Node, g: Any, wrap: Callable, create_graph: bool) -> Any:
    for hook in tuple(node.hooks.values()):  # type: ignore[union-attr]
        replaced = hook(g if create_graph else wrap(g, None))
        if replaced is not None:
            g = replaced if create_graph else replaced.array
    return g

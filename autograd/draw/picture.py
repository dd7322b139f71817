"""From a graph to a list of boxes and edges, which is all that a drawing needs to know of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np

from autograd.graph import Node, Traced, newest_first
from autograd.scalar import Value


class Box(NamedTuple):
    """One shape of a picture: its fields from left to right, and what it stands for."""

    id: str
    kind: str  # "leaf", "value" (computed), "op", or "note"
    fields: tuple[str, ...]
    tip: str = ""  # shown where the pointer rests on it


class Edge(NamedTuple):
    """An arrow between two boxes, by their ids."""

    tail: str
    head: str


class Picture(NamedTuple):
    """What there is to draw, inputs before what was computed from them."""

    boxes: list[Box]
    edges: list[Edge]


def picture(root: Any, names: Mapping[str, Any] | None = None, max_nodes: int = 1000) -> Picture:
    """The graph behind a Value or a Tensor: a box for each of its nodes, with a circle before it for its operation.

    `names` labels Values or Tensors, as `dict(model.named_parameters())` does. Of a graph of more than `max_nodes` the
    newest are shown, with a note that says how many are not.
    """
    if max_nodes < 1:
        raise ValueError(f"max_nodes must be at least 1, got {max_nodes}")
    node = _node(root)
    if node is None:
        return Picture([Box("n0", "leaf", _tensor_fields(root.array.shape, root.array.dtype, root.array, None))], [])
    labels = {_node(thing): name for name, thing in (names or {}).items()}
    arrays = {_node(t): t.array for t in (root, *(names or {}).values()) if isinstance(t, Traced)}

    nodes = newest_first([node])
    shown = set(nodes[:max_nodes])
    cut = len(nodes) - len(shown)
    boxes: list[Box] = []
    edges: list[Edge] = []
    if cut:
        boxes.append(Box("cut", "note", (f"… {cut:,} older nodes, not drawn (max_nodes={max_nodes:,})",)))
    for node in reversed(nodes[:max_nodes]):
        fields = _value_fields(node) if isinstance(node, Value) else _node_fields(node, arrays.get(node))
        fields = (labels[node], *fields) if node in labels else fields
        tip, op = _tip(getattr(node, "record", None)), _op(node)
        if op:
            circle = f"op{node.order}"
            boxes.append(Box(circle, "op", (op,), tip))
            edges.extend(Edge(tail, circle) for tail in _tails(node.parents, shown))
            edges.append(Edge(circle, f"n{node.order}"))
        boxes.append(Box(f"n{node.order}", "value" if op else "leaf", fields, tip))
    return Picture(boxes, edges)


def _node(thing: Any) -> Any:
    if isinstance(thing, Value):
        return thing
    if isinstance(thing, Traced):
        return thing.node
    raise TypeError(f"only a Value or a Tensor has a graph to draw, not a {type(thing).__name__}")


def _op(node: Any) -> str:
    """The name of the operation that made the node, empty for a leaf."""
    if isinstance(node, Value):
        return node.op
    return "" if node.op is None else node.name


def _tails(parents: Iterable[Any], shown: set) -> list[str]:
    """Where the arrows into an operation start, each once: at its parents, or at the note for those that are cut."""
    return list(dict.fromkeys(f"n{p.order}" if p in shown else "cut" for p in parents if p is not None))


def _value_fields(value: Value) -> tuple[str, ...]:
    return f"data {number(value.data)}", f"grad {number(value.grad)}"


def _node_fields(node: Node, array: np.ndarray | None) -> tuple[str, ...]:
    record, grad = node.record, node.grad
    if record is not None:
        array = record.out if array is None else array
        grad = record.grad if grad is None else grad
    return _tensor_fields(node.shape, node.dtype, array, grad)


def _tensor_fields(shape: tuple, dtype: Any, array: Any, grad: Any) -> tuple[str, ...]:
    fields = [f"{shape} {dtype}"]
    for name, numbers in (("data", array), ("grad", grad)):
        if numbers is not None:
            fields.append(f"{name} {summary(numbers.array if isinstance(numbers, Traced) else numbers)}")
    return tuple(fields)


def _tip(record: Any) -> str:
    """Where in the user's program the node was made, as far as a trace knows."""
    places = (getattr(record, "module", None), getattr(record, "source", None))
    return "\n".join(str(place) for place in places if place)


def number(x: Any) -> str:
    """Four digits after the point, or an exponent where they would not show the number."""
    x = float(x)
    return f"{x:.4f}" if x == 0 or 1e-3 <= abs(x) < 1e6 else f"{x:.3e}"


def summary(array: np.ndarray) -> str:
    """The numbers of a small array, the smallest and the largest of a big one."""
    array = np.asarray(array)
    if array.size == 1:
        return number(array.item())
    if array.size <= 4:
        return "[" + ", ".join(number(x) for x in array.ravel().tolist()) + "]"
    return f"{number(array.min())} … {number(array.max())}"

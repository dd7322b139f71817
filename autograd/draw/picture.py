"""From a graph to a list of boxes and edges, which is all that a drawing needs to know of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from autograd.base import TensorBase
from autograd.graph import Node, newest_first
from autograd.scalar import Value


class Box(NamedTuple):
    """One shape of a picture: its fields from left to right, and what it stands for."""

    id: str
    kind: str  # "leaf", "input" (one without a gradient), "value" (computed), "op", or "note"
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
    newest are shown, with a note that says how many are not. Nodes that were made within `trace()` show their data,
    their gradient, and those inputs of their operation that have none.
    """
    if max_nodes < 1:
        raise ValueError(f"max_nodes must be at least 1, got {max_nodes}")
    root_node = _node(root)
    if root_node is None:
        return Picture([Box("n0", "input", _tensor_fields(root.array.shape, root.array.dtype, root.array, None))], [])
    labels = {_key(thing): name for name, thing in (names or {}).items()}
    arrays = {_node(t): t.array for t in (root, *(names or {}).values()) if isinstance(t, TensorBase)}

    nodes = [node for node in newest_first([root_node]) if getattr(node, "outputs", None) is None]
    drawn = dict.fromkeys(reversed(nodes[:max_nodes]))
    boxes: dict[str, Box] = {}
    edges: dict[Edge, None] = {}  # a set that keeps its order: an operand that comes twice has one arrow
    if cut := len(nodes) - len(drawn):
        boxes["cut"] = Box("cut", "note", (f"… {cut:,} older nodes, not drawn (max_nodes={max_nodes:,})",))
    for node in drawn:
        id_, op, tip = f"n{node.order}", _op(node), _tip(getattr(node, "record", None))
        if op:
            circle = f"op{node.order}"
            inputs = _inputs(node, labels)
            boxes |= {box.id: box for box in inputs} | {circle: Box(circle, "op", (op,), tip)}
            operands = node.parents if isinstance(node, Value) else node.operands
            tails = [f"n{parent.order}" if parent in drawn else "cut" for parent in operands if parent is not None]
            edges |= {Edge(tail, circle): None for tail in (*tails, *(box.id for box in inputs))}
            edges[Edge(circle, id_)] = None
        fields = _value_fields(node) if isinstance(node, Value) else _node_fields(node, arrays.get(node))
        fields = (labels[node], *fields) if node in labels else fields
        boxes[id_] = Box(id_, "value" if op else "leaf", fields, tip)
    return Picture(list(boxes.values()), list(edges))


def _node(thing: Any) -> Any:
    if isinstance(thing, Value):
        return thing
    if isinstance(thing, TensorBase):
        return thing.node
    raise TypeError(f"only a Value or a Tensor has a graph to draw, not a {type(thing).__name__}")


def _key(thing: Any) -> Any:
    """What is known of a named thing when it is met in the graph: its node, or for data without one its array."""
    node = _node(thing)
    return id(thing.array) if node is None else node


def _op(node: Any) -> str:
    """The name of the operation that made the node, empty for a leaf."""
    if isinstance(node, Value):
        return node.op
    return "" if node.op is None else node.name


def _inputs(node: Any, labels: Mapping[Any, str]) -> list[Box]:
    """The arguments of a traced operation that are not in the graph: data, targets, plain numbers."""
    record = getattr(node, "record", None)
    boxes = []
    for i, (parent, data) in enumerate(zip(node.operands, record.inputs) if record else ()):
        if parent is None and isinstance(data, np.ndarray):
            fields = _tensor_fields(data.shape, data.dtype, data, None)
            fields = (labels[id(data)], *fields) if id(data) in labels else fields
            boxes.append(Box(f"in{id(data)}", "input", fields))
        elif parent is None and data is not None:
            boxes.append(Box(f"in{node.order}_{i}", "input", (str(data),)))
    return boxes


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
            fields.append(f"{name} {summary(numbers.array if isinstance(numbers, TensorBase) else numbers)}")
    return tuple(fields)


def _tip(record: Any) -> str:
    """Where in the user's program the node was made, as far as a trace knows."""
    places = (getattr(record, "module", None), getattr(record, "source", None))
    return "\n".join(str(place) for place in places if place)


def number(x: Any) -> str:
    """Four digits after the point, or an exponent where they would not show the number; integers as they are."""
    if isinstance(x, int):
        return str(x)
    x = float(x)
    return f"{x:.4f}" if x == 0 or 1e-3 <= abs(x) < 1e6 else f"{x:.3e}"


def summary(array: np.ndarray) -> str:
    """The numbers of a small array, the smallest and the largest of a big one."""
    array = np.asarray(array)
    if array.size == 1:
        return number(array.item())
    if array.size <= 4:
        return "[" + ", ".join(number(x) for x in array.ravel().tolist()) + "]"
    return f"{number(array.min().item())} … {number(array.max().item())}"

"""The graph of a Value as nodes: what explains and checks the gradients of tensors does so for those of Values, too."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Container, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from autograd.costs import Cost
from autograd.draw.words import called
from autograd.graph import Node, newest_first
from autograd.scalar import Value
from autograd.tracing import Record, Source

_NAMES = {"+": "add", "-": "sub", "*": "mul", "/": "div", "**": "pow"}  # of the same operations on tensors


class Partials:
    """The operation at a Value: its vector-Jacobian product is the upstream gradient times each partial derivative."""

    def __init__(self, value: Value) -> None:
        power = value.op.startswith("**")
        self.name = "pow" if power else _NAMES.get(value.op, value.op)
        self.partials = [float(partial) for partial in value.partials]
        self.numbers = [np.float64(parent) for parent in value.parents]
        if value.op in ("sum", "dot"):
            self.args = ("weights", "inputs") if value.op == "dot" else ("values",)
            self.inputs: tuple = tuple(np.array_split(np.array(self.numbers), len(self.args)))
        else:
            self.args = ("x", "y")
            exponent = [np.float64(value.op[2:])] if power and value.op != "**" else []
            self.inputs = (*self.numbers, *exponent)

    def vjp(self, node: Node, g: Any, needed: Container[Node | None] | None, create_graph: bool) -> Sequence[Any]:
        """g times each partial derivative."""
        return [g * partial for partial in self.partials]


def nodes_of(root: Value, sources: Mapping[int, Source | None]) -> dict[Value, Node]:
    """A node for each Value that `root` was computed from, the oldest first, with a record of its numbers.

    `sources` are the lines that made them, by the `order` of a Value, as far as they are known.
    """
    nodes: dict[Value, Node] = {}
    for value in reversed(newest_first([root])):
        op = Partials(value) if value.parents else None
        nodes[value] = node = Node(op, tuple([nodes[p] for p in value.parents]), None, (), np.dtype(np.float64))
        if op is not None:
            node.record = Record(np.array(float(value)), op.inputs, None, {}, Cost.total(()))
            node.record.source = sources.get(value.order)
    return nodes


def parts_of(name: str) -> list[str]:
    """The variable, and the attributes and indices behind it: of w.a[0] these are w, .a and [0]."""
    return re.split(r"(?=[.\[])", name)


def homes_of(names: Iterable[str]) -> dict[str, str]:
    """What holds each of the leaves of these names: the outermost list or object that has some of them itself."""
    parts = {name: parts_of(name) for name in names}
    holders = {"".join(part[:-1]) for part in parts.values()} - {""}
    return {
        name: next((h for i in range(1, len(part)) if (h := "".join(part[:i])) in holders), "")
        for name, part in parts.items()
    }


def home_of(node: Node, places: Mapping[Any, str], known: Mapping[Any, str], homes: Mapping[str, str]) -> str:
    """What holds most of the leaves that an operation on Values takes; else where its operand is; else its name."""
    own = [home for parent in node.parents if (home := homes.get(known.get(parent, ""), ""))]
    if own:
        home, times = Counter(own).most_common(1)[0]
        common = "".join(os.path.commonprefix([parts_of(home) for home in own]))
        return home if 2 * times >= len(own) or not common else common
    before = next((places[parent] for parent in node.parents if parent in places), "")
    is_home = before and any(home.startswith(before) for home in homes.values())
    return before if is_home else called(node.name)

"""From a graph to a list of steps: one for each leaf, input and operation, with what there is to say of it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from autograd.base import TensorBase
from autograd.batching_rules import ELEMENTWISE
from autograd.costs import Cost
from autograd.draw.code import Code
from autograd.draw.words import called, fitted
from autograd.graph import FREED, newest_first
from autograd.scalar import Value
from autograd.tracing import Call

Path = tuple[Call, ...]


class Step:
    """One node of the graph as people see it.

    `kind` is "leaf", "input" (an array that needs no gradient), "op" or, where a tensor is opened, "others" (the
    elements that are not shown); `name` is a variable's or a parameter's, ""
    without one; `title` is the operation in the user's terms, and `path` the calls of modules and functions that it is
    part of. `operands` are the numbers of the steps whose values it takes. `data` and `grad` are None where they
    are not known.
    """

    __slots__ = (
        "kind", "name", "title", "text", "says", "path", "shape", "axes", "dtype", "data", "grad", "saved", "operands",
        "node",
    )  # fmt: skip

    def __init__(self, kind: str, node: Any, name: str = "", title: str = "", path: Path = ()) -> None:
        self.kind = kind
        self.node = node
        self.name = name
        self.title = title
        self.path = path
        self.text = ""  # the expression in the program, where the program is the user's
        self.says: tuple[str, ...] = ()  # what else there is to say of it
        self.shape: tuple[int, ...] = ()
        self.axes: tuple[str, ...] = ()  # their names, "" for one without a name; empty where none is known
        self.dtype: Any = None
        self.data: Any = None
        self.grad: Any = None
        self.saved: dict[str, np.ndarray] = {}
        self.operands: list[int] = []

    @property
    def record(self) -> Any:
        """What a trace keeps of it, None without one."""
        return getattr(self.node, "record", None)

    @property
    def joint(self) -> Any:
        """The node of its operation, which of several results is not that of one."""
        return self.node if self.node is None or self.node.index is None else self.node.parents[0]

    @property
    def bytes(self) -> int:
        """The size of its value in memory."""
        return math.prod(self.shape) * self.dtype.itemsize if self.dtype is not None else 8

    @property
    def cost(self) -> Cost:
        """What its operation computes and keeps, as its trace saw it; without one, the size of what it saved."""
        record = self.record if self.dtype is not None else None
        return record.cost if record is not None else Cost(0, 0, sum(array.nbytes for array in self.saved.values()))


def steps_behind(root: Any, names: Mapping[str, Any]) -> list[Step]:
    """The steps of the graph behind a Value or a Tensor, oldest first."""
    return _Collection(names).collect(root)


def node_of(thing: Any) -> Any:
    """The place in the graph of a Value or a Tensor; None for data."""
    if isinstance(thing, Value):
        return thing
    if isinstance(thing, TensorBase):
        return thing.node
    raise TypeError(f"only a Value or a Tensor has a graph to draw, not a {type(thing).__name__}")


class _Collection:
    def __init__(self, names: Mapping[str, Any]) -> None:
        self.code = Code()
        self.steps: list[Step] = []
        self.place: dict[Any, int] = {}  # of nodes, and of the ids of arrays without one
        self.labels: dict[Any, str] = {}
        self.arrays: dict[Any, np.ndarray] = {}
        for name, thing in names.items():
            node = node_of(thing)
            key = id(thing.array) if node is None else node
            self.labels.setdefault(key, name)
            if isinstance(thing, TensorBase):
                self.arrays[key] = thing.array

    def collect(self, root: Any) -> list[Step]:
        node = node_of(root)
        if node is None:
            self._add_array(root.array)
            return self.steps
        if isinstance(root, TensorBase):
            self.arrays[node] = root.array
        nodes = [n for n in reversed(newest_first([node])) if getattr(n, "outputs", None) is None]
        known: dict[int, None] = {}
        for record, operands in ((n.record, n.operands) for n in nodes if getattr(n, "record", None) is not None):
            if id(record.names) not in known:
                known[id(record.names)] = None
                self.labels = record.names | self.labels
            for parent, data in zip(operands, record.inputs):
                if parent is not None:
                    self.arrays.setdefault(parent, data)
        for n in nodes:
            if isinstance(n, Value):
                self._add_value(n)
            else:
                self._add_node(n)
        _place_leaves(self.steps)
        _unwrap_single_calls(self.steps)
        return self.steps

    def _add(self, key: Any, step: Step) -> int:
        self.place[key] = len(self.steps)
        self.steps.append(step)
        return self.place[key]

    def _add_value(self, value: Value) -> None:
        step = Step("op" if value.op else "leaf", value, self.labels.get(value, ""), called(value.op))
        step.data, step.grad = value.data, value.grad
        step.operands = [self.place[parent] for parent in value.parents]
        self._add(value, step)

    def _add_array(self, array: np.ndarray) -> int:
        step = Step("input", None, self.labels.get(id(array), ""))
        step.shape, step.dtype, step.data = array.shape, array.dtype, array
        return self._add(id(array), step)

    def _add_node(self, node: Any) -> None:
        record = node.record
        step = Step("leaf" if node.op is None else "op", node, self.labels.get(node, ""))
        step.shape, step.dtype, step.grad = node.shape, node.dtype, node.grad
        step.data = self.arrays.get(node)
        if record is not None:
            step.data = record.out if step.data is None else step.data
            step.grad = record.grad if step.grad is None else step.grad
            step.path = record.calls
        if node.op is not None:
            step.title = called(node.name)
            saved = record.saved if record is not None else step.joint.saved
            if saved is not FREED:
                step.saved = dict(_arrays(saved or {}))
            inputs = record.inputs if record is not None else (None,) * len(node.operands)
            if record is not None:
                self._say(step, record)
                step.axes = record.axes
            for parent, data in zip(node.operands, inputs):
                if parent is not None:
                    step.operands.append(self.place[parent])
                elif isinstance(data, np.ndarray):
                    known = self.place.get(id(data))
                    step.operands.append(self._add_array(data) if known is None else known)
            step.axes = step.axes or _axes_of_result(step, [self.steps[i] for i in step.operands])
        self._add(node, step)

    def _say(self, step: Step, record: Any) -> None:
        """Give a traced step the words of the program."""
        if record.written is not None and record.written == record.source:
            step.text = fitted(self.code.expression(record.written))
        if not step.name and (targets := self.code.names(record.written)):
            index = step.node.index or 0
            step.name = targets[index if len(targets) > 1 and index < len(targets) else 0]


_KEEP_AXES = {"layer_norm", "rms_norm", "softmax", "log_softmax", "dropout", "gelu", "silu", "fused_attention"}


def _axes_of_result(step: Step, operands: list[Step]) -> tuple[str, ...]:
    """The names of the axes of a result where its operation keeps those of an operand."""
    name, op = step.node.name, step.node.op
    named = [x for x in operands if x.axes]
    if name in _KEEP_AXES or getattr(getattr(op, "forward", None), "__module__", "") in ELEMENTWISE:
        return next((x.axes for x in named if x.shape == step.shape), ())
    if name == "linear" and operands[0].axes:
        return (*operands[0].axes[:-1], "")
    if name == "merge_heads" and named:
        return (*named[0].axes[:-3], named[0].axes[-2], "")
    return ()


def _arrays(saved: Mapping[str, Any]) -> Iterable[tuple[str, np.ndarray]]:
    for name, value in saved.items():
        if isinstance(value, np.ndarray):
            yield name, value
        elif isinstance(value, tuple):
            yield from ((f"{name}[{i}]", part) for i, part in enumerate(value) if isinstance(part, np.ndarray))


def _place_leaves(steps: list[Step]) -> None:
    """Put each leaf and input into the innermost module that has all its users."""
    homes: dict[int, Path] = {}
    for step in steps:
        if step.kind == "op":
            modules = tuple([call for call in step.path if call.kind != "function"])
            for i in step.operands:
                homes[i] = _common(homes[i], modules) if i in homes else modules
    for i, home in homes.items():
        if steps[i].kind != "op":
            steps[i].path = home


def _common(a: Path, b: Path) -> Path:
    return next((a[:i] for i, (x, y) in enumerate(zip(a, b)) if x != y), min(a, b, key=len))


def _unwrap_single_calls(steps: list[Step]) -> None:
    """A function that records one operation is that operation, under the name of the function."""
    members: dict[Path, list[Step]] = {}
    for step in steps:
        if step.path and step.path[-1].kind == "function":
            members.setdefault(step.path, []).append(step)
    for path, inside in members.items():
        operations = {step.node if step.node.index is None else step.node.parents[0] for step in inside}
        if len(operations) == 1:
            for step in inside:
                step.path, step.title = path[:-1], called(path[-1].name)
        else:
            for step in inside[:-1]:
                step.name = ""

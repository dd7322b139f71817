"""`with trace():` each node also keeps its values, its gradient, the module and the source line that made it."""

from __future__ import annotations

import linecache
import os
import sys
from collections import Counter
from collections.abc import Sequence
from types import CodeType
from typing import Any, NamedTuple

import numpy as np

from autograd.costs import Cost, Costs
from autograd.errors import ROOT, ShapeError, frame_of_user
from autograd.grad_mode import mode
from autograd.graph import Node

_FUNCTIONS = tuple(os.path.join(ROOT, *parts, "") for parts in (("autograd",), ("nn", "functional")))


class Source(NamedTuple):
    """A line of a program, and the instruction of its code that was running."""

    file: str
    line: int
    function: str
    code: CodeType | None = None
    instruction: int = 0

    def __str__(self) -> str:
        return f"{os.path.basename(self.file)}:{self.line} in {self.function}"

    @property
    def text(self) -> str:
        """What the line says; "" where its file is not to be had."""
        return linecache.getline(self.file, self.line).strip()


class Call(NamedTuple):
    """One call of a module or a function: its name there, what it is, and how many of that name came before it."""

    name: str
    kind: str  # the type of a module, or "function"
    number: int = 0


class Record:
    """What a trace keeps of one node.

    `out` and `inputs` are the values of its operation, `grad` is its gradient after a walk, and `saved` what the
    operation saved. `source` is the line of the user's program, `written` that of whatever called the operation or the
    function, if any, that `calls` ends with; before it come the modules that were running. `names` has the names of the
    parameters of these modules, `cost` what the operation computes and keeps, `axes` the names of the axes of `out`.
    """

    __slots__ = ("out", "inputs", "grad", "saved", "calls", "source", "written", "names", "cost", "axes")

    def __init__(self, out: np.ndarray, inputs: tuple, saved: dict | None, names: dict[Node, str], cost: Cost) -> None:
        self.out = out
        self.inputs = inputs
        self.grad: Any = None
        self.saved = saved
        self.names = names
        self.cost = cost
        self.axes: tuple[str, ...] = ()
        self.calls: tuple[Call, ...] = ()
        self.source: Source | None = None
        self.written: Source | None = None

    @property
    def module(self) -> str:
        """The path of the module that was running, from its root; "" outside of all modules."""
        return ".".join([call.name for call in self.calls if call.kind != "function"])


class trace:  # noqa: N801 - a context, as no_grad is
    """Within it every op that is recorded leaves a Record at its node; `nodes` lists them in order."""

    def __init__(self) -> None:
        self.nodes: list[Node] = []
        self.path: list[tuple[Any, Call, Counter[str]]] = []  # with how often each name was called within the call
        self.names: dict[Node, str] = {}
        self._counts: Counter[str] = Counter()
        self._costs = Costs()
        self._children: dict[int, tuple[Any, dict[int, str]]] = {}
        self._frame: Any = None  # of the function that called the last op: held, so that no other one has its id
        self._call: Call | None = None

    def __enter__(self) -> trace:
        self.outer, mode.trace = mode.trace, self
        return self

    def __exit__(self, *_: object) -> None:
        mode.trace = self.outer
        self._frame = None
        self._children.clear()

    def enter(self, module: Any) -> None:
        """A module begins its forward: its name is the one that it has in the module around it."""
        kind = type(module).__name__
        name = (self._names_within(self.path[-1][0]).get(id(module)) if self.path else None) or kind
        if not self.path:
            for parameter, tensor in module.named_parameters():
                self.names.setdefault(tensor.node, parameter)
        self.path.append((module, self._numbered(name, kind), Counter()))

    def leave(self) -> None:
        """The module that began last ends."""
        self.path.pop()

    def forget_calls(self) -> None:
        """Count the calls outside of all modules from 0 again, for a trace that runs for long."""
        self._counts.clear()

    def note(self, node: Node, out: np.ndarray, values: Sequence[Any]) -> None:
        """Keep a record of a node that was just made."""
        saved = (node if node.index is None else node.parents[0]).saved  # type: ignore[union-attr]
        cost = self._costs.of(node, out, values)
        node.record = record = Record(np.array(out), tuple(values), saved, self.names, cost)
        record.calls = tuple([call for _, call, _ in self.path])
        self._note_source(record)
        self.nodes.append(node)

    def _numbered(self, name: str, kind: str) -> Call:
        counts = self.path[-1][2] if self.path else self._counts
        counts[name] += 1
        return Call(name, kind, counts[name] - 1)

    def _names_within(self, module: Any) -> dict[int, str]:
        """The names of the modules in a module, by their ids."""
        if id(module) not in self._children:
            names = {id(m): name for name, m in module.named_modules() if name}
            self._children[id(module)] = module, names  # held: no other one has its id
        return self._children[id(module)][1]

    def _note_source(self, record: Record) -> None:
        """Find the function that called the op, who called that, and the line of the user's program."""
        frame: Any = sys._getframe(2)
        function = None
        while frame is not None and frame.f_code.co_filename.startswith(_FUNCTIONS):
            name = frame.f_code.co_name
            if name[0] not in "_<" and name not in _WRAPPERS:
                function = frame
            frame = frame.f_back
        record.written = frame and _source(frame)
        if function is not None:
            if function is not self._frame:
                in_nn = function.f_code.co_filename.startswith(_FUNCTIONS[1])
                name = ("F." if in_nn else "") + function.f_code.co_name
                self._frame, self._call = function, self._numbered(name, "function")
            if self._call is not None:
                record.calls += (self._call,)
        record.source = line_of_user(frame)


def name_axes(names: str, *tensors: Any) -> None:
    """Name the axes of tensors for pictures, as `name_axes("B T C", x)` does; outside of a trace it does nothing.

    Elementwise operations, norms and linear layers hand the names on. Raises ShapeError for another number of axes.
    """
    if mode.trace is None:
        return
    axes = tuple(names.split())
    for tensor in tensors:
        if len(axes) != tensor.ndim:
            raise ShapeError(f"{names!r} names {len(axes)} axes, but the tensor has the shape {tuple(tensor.shape)}")
        if tensor.node is not None and tensor.node.record is not None:
            tensor.node.record.axes = axes


_WRAPPERS = frozenset(["call", "several", "note", "decorate", "in_place", "apply"])


def line_of_user(frame: Any = None) -> Source | None:
    """The nearest line of the user's program: that of the first caller, from `frame` on, outside of the library."""
    frame = frame_of_user(frame or sys._getframe(1))
    return frame and _source(frame)


def _source(frame: Any) -> Source:
    code = frame.f_code
    return Source(code.co_filename, frame.f_lineno, code.co_name, code, frame.f_lasti)

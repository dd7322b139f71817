"""`with trace():` each node also keeps its values, its gradient, the module and the source line that made it."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from autograd.grad_mode import mode
from autograd.graph import Node

_OWN = os.path.dirname(os.path.abspath(__file__))


class Source(NamedTuple):
    """A line of a program."""

    file: str
    line: int
    function: str

    def __str__(self) -> str:
        return f"{os.path.basename(self.file)}:{self.line} in {self.function}"


class Record:
    """What a trace keeps of one node: its output, its inputs, its gradient after a walk, its module and its source."""

    __slots__ = ("out", "inputs", "grad", "module", "source")

    def __init__(self, out: np.ndarray, inputs: tuple, module: str, source: Source | None) -> None:
        self.out = out
        self.inputs = inputs
        self.grad: Any = None
        self.module = module
        self.source = source


class trace:  # noqa: N801 - a context, as no_grad is
    """Within it every op that is recorded leaves a Record at its node; `nodes` lists them in order."""

    def __init__(self) -> None:
        self.nodes: list[Node] = []
        self.path: list[tuple[Any, str]] = []

    def __enter__(self) -> trace:
        self.outer, mode.trace = mode.trace, self
        return self

    def __exit__(self, *_: object) -> None:
        mode.trace = self.outer

    def enter(self, module: Any) -> None:
        """A module begins its forward: its name is the one that it has in the module around it."""
        name = type(module).__name__
        if self.path:
            around = dict(self.path[-1][0].named_modules())
            name = next((n for n, m in around.items() if m is module and n), name)
        self.path.append((module, name))

    def leave(self) -> None:
        """The module that began last ends."""
        self.path.pop()

    def note(self, node: Node, out: np.ndarray, values: Sequence[Any]) -> None:
        """Keep a record of a node that was just made."""
        module = ".".join(name for _, name in self.path)
        node.record = Record(np.array(out), tuple(values), module, _source())
        self.nodes.append(node)


def _source() -> Source | None:
    """The nearest caller that is not of the engine."""
    frame: Any = sys._getframe(2)
    while frame is not None and frame.f_code.co_filename.startswith(_OWN):
        frame = frame.f_back
    return frame and Source(frame.f_code.co_filename, frame.f_lineno, frame.f_code.co_name)

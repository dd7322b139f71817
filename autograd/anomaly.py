"""`detect_anomaly`: which operation made the first nan or infinity, in which line, of which inputs, and why.

Within it operations are traced, and each step of a backward walk is checked. A loss that is not finite is followed back
to the operation whose own inputs were finite; a gradient, to the rule that made it of a finite upstream gradient.
Infinities that do no harm, as those of a mask before softmax, are left alone.
"""

from __future__ import annotations

import sys
import threading
from collections import OrderedDict
from collections.abc import Container, Iterable, Iterator, Sequence
from copy import copy
from typing import Any, NamedTuple

import numpy as np

from autograd import scalar
from autograd.blame import Cause, likely_cause, reach_of, text_of_range
from autograd.grad_mode import mode
from autograd.graph import Node, Operation, backward_walk, newest_first
from autograd.scalar_nodes import nodes_of
from autograd.tracing import Source, line_of_user, trace
from autograd.versions import tick

__all__ = ["AnomalyError", "detect_anomaly", "is_anomaly_check_nan_enabled", "is_anomaly_enabled"]
__all__ += ["set_anomaly_enabled", "set_detect_anomaly"]


MOST_LINES = 1_000_000  # that are remembered of Values
_OUTSIDE = "it was given to backward(), or made by a hook or by adding large gradients"


class Origin(NamedTuple):
    """Where numbers stopped being finite: in the "output" or the "gradient" of an operation."""

    what: str
    kind: str  # "nan" or "inf"
    node: Node
    module: str  # the dotted path of the module, which begins with the class of the outermost
    source: Source | None
    inputs: tuple[str, ...]  # each with its shape, dtype and range
    cause: Cause

    @property
    def layer(self) -> str:
        """The path of the module within the outermost, "" for what is computed outside of all."""
        return self.module.partition(".")[2]

    def __str__(self) -> str:
        place = self.layer or self.module
        lines = [f"{self.kind} first appears in the {self.what} of {self.node.name}"]
        lines[0] += f", in the module {place}" if place else ""
        if self.source is not None:
            lines.append(f"  line: {self.source}" + (f": {self.source.text}" if self.source.text else ""))
        lines += [f"  {text}" for text in self.inputs]
        return "\n".join([*lines, f"  likely cause: {self.cause.reason}", f"  remedy: {self.cause.remedy}"])


class AnomalyError(ArithmeticError, RuntimeError):
    """A number is not finite; `origin` says where that began, and None where it is not known."""

    def __init__(self, message: str, origin: Origin | None = None) -> None:
        super().__init__(message)
        self.origin = origin


# The contexts ---------------------------------------------------------------------------------------------------------


class _Records(trace):
    """A trace that leaves records at the nodes, and holds on to none of them."""

    def note(self, node: Node, out: np.ndarray, values: Sequence[Any]) -> None:
        super().note(node, out, values)
        self.nodes.clear()
        if node.index is not None:  # the rule runs at the node that joins the outputs
            node.parents[0].record = copy(node.record)  # type: ignore[union-attr]

    def leave(self) -> None:
        super().leave()
        if not self.path:
            self.forget_calls()


class detect_anomaly:  # noqa: N801 - torch's name
    """Within it `backward`, of Tensors and Values, raises AnomalyError at the first number that is not finite.

    With `check_nan=False` operations are traced and nothing is checked. As in torch it makes everything slower; a
    forward outside of it is checked, too, but its lines and inputs are not known.
    """

    def __init__(self, check_nan: bool = True) -> None:
        self.wanted = True, check_nan
        self.before: list[tuple[Any, Any]] = []

    def _set(self) -> None:
        self.before.append((mode.trace, mode.walk))
        enabled, check_nan = self.wanted
        if not enabled:
            mode.trace = None if isinstance(mode.trace, _Records) else mode.trace
            mode.walk = None
        else:
            mode.trace = _Records() if mode.trace is None else mode.trace
            mode.walk = checked_walk if check_nan else backward_walk
        _scalars.begin_or_end()

    def __enter__(self) -> None:
        self._set()

    def __exit__(self, *_: object) -> None:
        mode.trace, mode.walk = self.before.pop()
        _scalars.begin_or_end()


class _Scalars(threading.local):
    """Looks at the Values that this thread makes within `detect_anomaly`, and at their backward walks."""

    threads: set[int] = set()  # of all threads, those that do so

    def __init__(self) -> None:
        self.lines: OrderedDict[int, Source | None] = OrderedDict()  # by the order of a Value, the newest of them

    def begin_or_end(self) -> None:
        """Look from now on, or no more, as the mode of this thread says."""
        (self.threads.add if is_anomaly_check_nan_enabled() else self.threads.discard)(threading.get_ident())
        scalar.observe(self if self.threads else None)
        self.lines.clear()

    def order(self) -> int:
        """The number of a new Value, whose line is noted."""
        number = tick()
        if threading.get_ident() in self.threads:
            self.lines[number] = line_of_user(sys._getframe(2))
            if len(self.lines) > MOST_LINES:
                self.lines.popitem(last=False)
        return number

    def walk(self, root: scalar.Value) -> None:
        """Raise AnomalyError where a number on the way back is not finite."""
        if threading.get_ident() in self.threads:
            nodes = [*nodes_of(root, self.lines).values()]
            for _ in checked_walk([nodes[-1]], [np.ones(())], None, False, False):
                pass


_scalars = _Scalars()


class set_detect_anomaly(detect_anomaly):  # noqa: N801 - torch's name
    """Check from now on, or no more, in this thread; as a context, until its end."""

    def __init__(self, mode: bool, check_nan: bool = True) -> None:
        super().__init__(check_nan)
        self.wanted = bool(mode), check_nan
        self._set()

    def __enter__(self) -> None:
        pass


def set_anomaly_enabled(mode: bool, check_nan: bool = True) -> None:
    """The same as a function."""
    set_detect_anomaly(mode, check_nan)


def is_anomaly_enabled() -> bool:
    """Whether this thread traces operations to find anomalies."""
    return mode.walk is not None


def is_anomaly_check_nan_enabled() -> bool:
    """Whether this thread checks backward walks."""
    return mode.walk is checked_walk


# The walk -------------------------------------------------------------------------------------------------------------


def checked_walk(
    roots: Sequence[Node], upstream: Sequence[Any], targets: Any, create_graph: bool, retain_graph: bool
) -> Iterator[tuple[Node, Any]]:
    """`backward_walk`, which raises AnomalyError at the first number that is not finite."""
    for root in roots:
        if (origin := forward_origin([root])) is not None:
            raise _error("output", origin, kind_of(origin.record.out))
    operations = [(node, node.op) for node in newest_first(roots) if node.op is not None]
    try:
        for node, op in operations:
            node.op = _Checked(op)
        yield from backward_walk(roots, upstream, targets, create_graph, retain_graph)
    finally:
        for node, op in operations:
            node.op = op


class _Checked:
    """The operation of a node, whose rules must give finite numbers."""

    def __init__(self, op: Operation) -> None:
        self.op, self.name = op, op.name

    def __getattr__(self, name: str) -> Any:
        return getattr(self.op, name)

    def vjp(self, node: Node, g: Any, needed: Container[Node | None] | None, create_graph: bool) -> Sequence[Any]:
        """The gradients of the parents, all of them finite."""
        if kind := max(map(kind_of, g if isinstance(g, list) else [g])):  # "nan" comes after "inf" and ""
            raise AnomalyError(f"the gradient that comes to the operation {node.name} contains {kind}: {_OUTSIDE}")
        found = self.op.vjp(node, g, needed, create_graph)
        for parent, contribution in zip(node.parents, found):
            if parent is not None and (kind := kind_of(contribution)):
                if (origin := forward_origin([node, *node.operands])) is not None:
                    raise _error("output", origin, kind_of(origin.record.out))
                raise _error("gradient", node, kind, g)
        return found


def kind_of(value: Any) -> str:
    """What a tensor, array or number contains that is not finite: "nan" if there is one, else "inf", "" for nothing."""
    array = getattr(value, "array", value)
    array = np.asarray(getattr(array, "g", array))  # the gradient of a part of an array
    if array.dtype.kind not in "fc" or np.isfinite(array).all():
        return ""
    return "nan" if np.isnan(array).any() else "inf"


def _recorded(nodes: Iterable[Node | None]) -> Iterator[Node]:
    """The nodes themselves, or, in the place of one that has no record, the nearest ones before it that have one."""
    found = [node for node in nodes if node is not None]
    for node in found:
        if node.record is not None:
            yield node
        else:
            found += [parent for parent in node.parents if parent is not None and parent not in found]


def forward_origin(nodes: Iterable[Node | None]) -> Node | None:
    """The operation that made of finite inputs what is not finite in the outputs of `nodes`, or came before these.

    None where all outputs are finite, or infinite by intent, or where that operation was not traced.
    """
    origin = None
    while found := next((n for n in _recorded(nodes) if kind_of(n.record.out) and not _intended(n)), None):
        origin, nodes = found, found.operands
    if origin is not None:
        inputs = zip(origin.record.inputs, origin.operands)
        if any(kind_of(value) for value, node in inputs if node is not None and node.op and not node.record):
            return None
    return origin


def _intended(node: Node) -> bool:
    """Whether an output is infinite because a constant of the operation is, as in a mask."""
    constants = [value for value, parent in zip(node.record.inputs, node.operands) if parent is None]
    numbers = [value for value in constants if isinstance(value, (float, np.ndarray, np.generic))]
    return kind_of(node.record.out) == "inf" and "inf" in map(kind_of, numbers)


def _error(what: str, node: Node, kind: str, g: Any = None) -> AnomalyError:
    """The error for an operation of whose finite inputs came an output or a gradient that is not finite."""
    arguments = _arguments(node)
    record = node.record
    upstream = [part for part in (g if isinstance(g, list) else [g]) if part is not None]
    shown = [*arguments.items(), *[("upstream gradient", part) for part in upstream]]
    ranges = [text_of_range(name, value) for name, value in shown]
    cause = likely_cause(node.name, arguments, what == "gradient", kind, reach_of(node))
    if hasattr(node.op, "partials"):  # a Value has no clamp
        cause = cause._replace(remedy=cause.remedy.replace(".clamp(min=1e-8)", ".maximum(1e-8)"))
    module, source = ("", None) if record is None else (record.module, record.source)
    origin = Origin(what, kind, node, module, source, tuple(filter(None, ranges)), cause)
    return AnomalyError(str(origin), origin)


def _arguments(node: Node) -> dict[str, Any]:
    """The arguments of an operation by name: all that a record has, or else those that were saved for the backward."""
    if node.record is None:
        return {str(name): value for name, value in (node.saved or {}).items() if isinstance(value, np.ndarray)}
    names, found = getattr(node.op, "args", ()), {}
    for i, value in enumerate(node.record.inputs):
        name, operand = names[i] if i < len(names) else f"argument {i}", (*node.operands, None)[i]
        if operand in node.record.names:
            name += f" (the parameter {node.record.names[operand]})"
        elif operand is not None and operand.op is None and not hasattr(node.op, "partials"):
            name += " (a leaf)"
        elif operand is None and isinstance(value, np.ndarray) and value.ndim:
            name += " (data)"
        found[name] = value
    return found

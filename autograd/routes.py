"""`explain(loss, W[3, 5])`: the routes by which one number moves the loss, each with its share of the gradient."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from textwrap import wrap
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from autograd.base import apply_view, base_of, current_node
from autograd.differences import Ran, of_element, of_value
from autograd.draw import _all_names
from autograd.errors import GraphError
from autograd.flows import Flow, Step, joined, within
from autograd.generator import default_generator
from autograd.grad_mode import enable_grad
from autograd.graph import Node, newest_first
from autograd.scalar import Value
from autograd.scalar_nodes import home_of, homes_of, nodes_of, parts_of
from autograd.tensor import Tensor
from autograd.why import page_of, table_of

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Explanation", "Route", "explain"]

PRECISE = 10_000_000  # numbers in a graph, up to which the finite difference of float32 is computed in float64
HINT = "\nFor the modules on the way, and a finite difference, give the loss as a function: explain(lambda: ..., ...)"


class Route(NamedTuple):
    """A way from the number to the loss: the modules on it, in this order, and what it contributes."""

    steps: tuple[str, ...]
    contribution: float

    def __str__(self) -> str:
        return " → ".join(self.steps)


@dataclass(frozen=True, repr=False)
class Explanation:
    """How one number moves the loss. The contributions of `routes` and `others` add up to `gradient`.

    As text it is a table; `save("why.html")` makes a page of it.
    """

    name: str  # of the number
    gradient: float
    numeric: float | None  # by a central difference, where the loss was given as a function
    resolution: float  # the rounding error of that
    routes: list[Route]  # the largest first
    others: float  # what all other routes contribute together
    unfollowed: int  # how many bundles of routes that is
    modules: dict[str, float]  # what all routes that enter each module contribute, as often as they do
    visits: list[str] = field(default_factory=list)  # the number, and the modules in the order of the forward pass
    flows: dict[tuple[int, int], float] = field(default_factory=dict)  # what flows from one visit to another
    features: dict[str, np.ndarray] = field(default_factory=dict)  # what leaves a module by each of its features
    loss: str = "loss"  # its name

    @property
    def rows(self) -> list[Route]:
        """The routes, and the others as one."""
        count = f"all other routes, in {self.unfollowed:,} bundle{'s' * (self.unfollowed != 1)}"
        return [*self.routes, Route((count,), self.others)] if self.unfollowed else self.routes

    @property
    def derivative(self) -> str:
        """What the gradient is the derivative of, and by what."""
        return f"∂{self.loss}/∂{self.name}"

    @property
    def heading(self) -> str:
        """The gradient, with the finite difference beside it."""
        text = f"{self.derivative} = {self.gradient:.6g}"
        if self.numeric is not None:
            text += f"; by finite differences {self.numeric:.6g}"
        return text + (f" ± {self.resolution:.1g}" if self.resolution > 1e-5 * abs(self.gradient) else "")

    def share(self, contribution: float) -> str:
        """A contribution in per cent of the gradient; "" if that is 0."""
        return f"{round(100 * contribution / self.gradient, 1) + 0:.1f}%" if self.gradient else ""

    def places(self) -> list[tuple[str, float]]:
        """Each module, with the features by which the most leaves it, and its contribution."""
        found = []
        for name, value in self.modules.items():
            out = self.features.get(name, np.zeros(1))
            largest = [i for i in np.argsort(-np.abs(out))[:3].tolist() if out[i] and len(out) > 1]
            shares = ", ".join(f"{i} ({self.share(out[i])})" for i in largest if self.gradient)
            text = f"{name}: feature{'s' * (len(largest) > 1)} {shares} of {len(out):,}"
            found.append((text if shares else name, value))
        return found

    def __repr__(self) -> str:
        lines = [self.heading, "", f"{'contribution':>14} {'share':>8}  route"]
        lines += [self._line(route.contribution, str(route)) for route in self.rows]
        if not self.modules:
            return "\n".join(lines + [HINT] * (self.numeric is None))
        lines += ["", f"{'contribution':>14} {'share':>8}  all routes through"]
        return "\n".join([*lines, *[self._line(value, text) for text, value in self.places()]])

    def _line(self, value: float, text: str) -> str:
        return f"{value:14.6g} {self.share(value):>8}  " + f"\n{' ' * 27}".join(wrap(text, 93))

    def _repr_html_(self) -> str:
        return f"<p><strong>{self.heading}</strong></p>{table_of(self)}"

    def save(self, path: str | Path) -> Path:
        """Write a page (.html), which shows how the derivative flows through the modules, or the text (.txt)."""
        from pathlib import Path

        path = Path(path)
        if path.suffix not in (".html", ".txt"):
            raise ValueError(f"{path}: an explanation is saved as a page (.html) or as text (.txt)")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(page_of(self) if path.suffix == ".html" else f"{self}\n", encoding="utf-8")
        return path


def explain(
    loss: Callable[[], Any] | Tensor | Value, element: Tensor | Value, *, routes: int = 10, depth: int | None = None,
    max_steps: int | None = None, names: Mapping[str, Any] | None = None,
) -> Explanation:  # fmt: skip
    """How `element`, one element of a tensor such as `W[3, 5]`, or a Value, moves the loss.

    `loss` is a function that computes it; or the loss itself, if a tensor then computed within `tracing.trace()`
    (without a trace, or outside of modules, a route has no names), with a graph that was not freed. Routes are told
    apart by the modules that they pass, and by whether they enter attention as q, k or v. The paths of modules are cut
    to `depth` names; without it, behind the first that follows a number, as that of an attention or a norm in a block
    does. A Value has no modules: its place is its name in `names`, or in the caller's variables; or what holds the
    parameters that it is computed with, as `model.layers[0].neurons[3]`; or else its operation.

    The routes with the largest contributions are followed first, until `routes` of them are known or `max_steps` rules
    were applied (2,000, of Values 200,000; one on large arrays, or with the products of large matrices, counts as
    several). Random numbers, buffers and the element are afterwards as they were. Raises GraphError where the loss does
    not depend on the element.
    """
    names = _all_names(names)
    if not isinstance(element, (Tensor, Value)):
        raise TypeError(
            f"explain takes one element of a tensor, as W[3, 5], or a Value, not a {type(element).__name__}"
        )
    if not isinstance(loss, (Tensor, Value)) and not callable(loss):
        raise TypeError(f"the loss is a Tensor, a Value or a function that computes one, not a {type(loss).__name__}")
    if isinstance(element, Value):
        return _explain_value(loss, element, names, routes, depth, 200_000 if max_steps is None else max_steps)
    base, index = _place_of(element)
    function, state, ran = loss, default_generator.get_state(), Ran()
    if not isinstance(loss, Tensor):
        with enable_grad(), ran:
            loss = loss()  # type: ignore[operator]
    if not isinstance(loss, Tensor) or loss.numel() != 1:
        found = f"a tensor of shape {tuple(loss.shape)}" if isinstance(loss, Tensor) else f"a {type(loss).__name__}"
        raise ValueError(f"the loss must be one number, got {found}")
    nodes, start = newest_first(filter(None, [current_node(loss)])), current_node(base)
    if start is None or start not in nodes:
        raise GraphError("the loss does not depend on this element: it belongs to another tensor, or was detached")
    flow = Flow(nodes, start, index, lambda node, places: _module_of(node, places, depth))
    numeric, resolution, size = None, 0.0, sum(math.prod(node.shape) for node in nodes)
    if function is not loss:
        try:
            modules = ran.modules if size < PRECISE else None
            numeric, resolution = of_element(function, base, index, state, modules)  # type: ignore[arg-type]
        finally:
            default_generator.set_state(state)
            ran.restore_buffers()
    name = next((name for name, tensor in names.items() if tensor is base), None)
    name = name or next((n.record.names[start] for n in nodes if n.record and start in n.record.names), "")
    text = (name or "w") + (f"[{', '.join(map(str, index))}]" if index else "")
    return _explanation(flow, text, numeric, resolution, routes, 2000 if max_steps is None else max_steps)


def _explain_value(
    loss: Any, element: Value, names: Mapping[str, Any], routes: int, depth: int | None, max_steps: int
) -> Explanation:
    root = loss if isinstance(loss, Value) else loss()
    if not isinstance(root, Value):
        raise ValueError(f"the loss must be one Value, got a {type(root).__name__}")
    nodes = nodes_of(root, {})
    if element not in nodes or element is root:
        raise GraphError("the loss does not depend on this Value")
    known = {nodes[value]: name for name, value in names.items() if isinstance(value, Value) and value in nodes}
    homes = homes_of(name for node, name in known.items() if node.op is None)

    def place(node: Node, places: Mapping[Any, str]) -> str:
        if node in known and node.op is not None:
            return known[node]
        found = "" if node is nodes[root] else home_of(node, places, known, homes)
        return "".join(parts_of(found)[:depth]) if found in homes.values() else found

    flow = Flow([*reversed(nodes.values())], nodes[element], (), place)
    numeric, resolution = None, 0.0
    if loss is not root and not isinstance(element.data, Value):
        numeric, resolution = of_value(loss, element)
    found = _explanation(flow, known.get(nodes[element], "w"), numeric, resolution, routes, max_steps)
    return replace(found, loss=known.get(nodes[root], "loss"))


def _explanation(
    flow: Flow, name: str, numeric: float | None, resolution: float, routes: int, max_steps: int
) -> Explanation:
    found, rest = flow.follow(routes, max_steps)
    gradient, flows, features = flow.total()
    outermost = {node.record.module for node in flow.newest_first if node.record}  # through these run all routes
    modules = {place: 0.0 for place in flow.visits if place and place not in outermost}
    for (tail, head), value in flows.items():
        for module in modules:
            if within(flow.visits[head], module) and not within(flow.visits[tail], module):
                modules[module] += value
    ways = [Route(tuple(map(_text, steps)), value) for steps, value in found]
    visits, flows = joined(flow.visits, flows)
    return Explanation(
        name, gradient, numeric, resolution, ways, sum(rest), len(rest), modules, visits, flows, features
    )


def _text(step: Step) -> str:
    place, argument = step
    return f"{place or 'loss'} ({argument})" if argument else place or "loss"


def _module_of(node: Node, places: Mapping[Any, str], depth: int | None) -> str:
    """The path of the module that a node belongs to, within the outermost; "" outside of all.

    A node without a record is where the one before it is.
    """
    if node.record is None:
        return next((places[parent] for parent in node.parents if parent in places), "")
    outermost, *names = node.record.module.split(".")
    if depth is None:
        depth = next((i + 2 for i, name in enumerate(names) if name.isdigit()), len(names))
    return ".".join(names[:depth]) or outermost


def _place_of(element: Tensor) -> tuple[Tensor, tuple]:
    """The tensor that an element was taken from, and the index of the element in it."""
    if element.numel() != 1 or not (element._base is not None or element.is_leaf):
        raise ValueError(
            f"explain takes one element of a tensor, as W[3, 5], got a tensor of shape {tuple(element.shape)}"
            + (" that an operation computed" if element.numel() == 1 else "")
        )
    base = base_of(element)
    if base.array.flags.c_contiguous:  # a view lies in the memory of its base
        start, here = (x.array.__array_interface__["data"][0] for x in (base, element))
        return base, tuple(map(int, np.unravel_index((here - start) // base.array.itemsize, base.array.shape)))
    numbers = np.arange(base.numel()).reshape(base.shape)
    place = apply_view(element._view_fn, numbers) if element._base is not None else numbers
    return base, tuple(map(int, np.unravel_index(int(np.asarray(place).item()), base.array.shape)))

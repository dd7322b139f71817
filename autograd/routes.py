"""`explain(loss, W[3, 5])`: the routes by which one number moves the loss, each with its share of the gradient.

Let t be the derivative of a node by the number, and u that of the loss by the node, both along some routes only. Then
<u, t> is what these routes contribute to the derivative of the loss by the number, and the vector-Jacobian product at
the node divides it among its parents with nothing left over. docs/derivations.md says why this adds up.
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Callable, Container, Iterator
from dataclasses import dataclass
from itertools import count
from typing import Any, NamedTuple

import numpy as np

from autograd.base import apply_view, current_node
from autograd.errors import GraphError
from autograd.generator import default_generator
from autograd.grad_mode import enable_grad, no_grad
from autograd.graph import Node, Part, check_saved, depending_on, newest_first, unbroadcast
from autograd.linearized import products
from autograd.tensor import Tensor, gradients
from autograd.tracing import trace

__all__ = ["Explanation", "Route", "explain"]

Step = tuple[str, str]  # the path of a module, and the argument of attention by which it is entered, if it is
_HEADS = {1: "q", 2: "kv", 3: "qkv"}  # what `split_heads` makes, by the number of its outputs


class Route(NamedTuple):
    """A way from the number to the loss: the modules on it, in this order, and what it contributes."""

    steps: tuple[str, ...]
    contribution: float

    def __str__(self) -> str:
        return " → ".join(self.steps)


@dataclass(frozen=True, repr=False)
class Explanation:
    """How one number moves the loss. The contributions of `routes` and `others` add up to `gradient`."""

    gradient: float
    numeric: float | None  # by a central difference, where the loss was given as a function
    resolution: float  # the rounding error of that: in float32 it is often larger than a small gradient
    routes: list[Route]  # the largest first
    others: float  # what all other routes contribute together
    unfollowed: int  # how many bundles of routes that is
    modules: dict[str, float]  # what all routes that enter each module contribute

    def __repr__(self) -> str:
        measured = "" if self.numeric is None else f", by finite differences {self.numeric:.6g}"
        if self.resolution > 1e-5 * abs(self.gradient):
            measured += f" ± {self.resolution:.1g}"
        lines = [f"gradient {self.gradient:.6g}{measured}", "", f"{'contribution':>14} {'share':>8}  route"]
        rows = [(route.contribution, str(route)) for route in self.routes]
        if self.unfollowed:
            rows.append((self.others, f"all other routes, in {self.unfollowed:,} bundles"))
        lines += [self._line(value, text) for value, text in rows]
        lines += ["", f"{'contribution':>14} {'share':>8}  of all routes through a module"]
        return "\n".join([*lines, *[self._line(value, name) for name, value in self.modules.items()]])

    def _line(self, value: float, text: str) -> str:
        share = f"{value / self.gradient:8.1%}" if self.gradient else " " * 8
        return f"{value:14.6g} {share}  {text}"


def explain(
    loss: Callable[[], Tensor] | Tensor, element: Tensor, *, routes: int = 10, depth: int | None = None,
    max_steps: int = 2000,
) -> Explanation:  # fmt: skip
    """How `element`, one element of a tensor such as `W[3, 5]`, moves the loss.

    `loss` is a function that computes it, or a tensor that was computed within `tracing.trace()` (without a trace, or
    outside of modules, a route has no names) and whose graph was not freed. Routes are told apart by the modules that
    they pass, and by whether they enter attention as q, k or v. The paths of modules are cut to `depth` names; without
    it, behind the first that follows a number, as that of an attention or a norm in a block does. The routes with the
    largest contributions are followed first, until `routes` of them are known or `max_steps` rules were applied.
    Raises GraphError where the loss does not depend on the element.
    """
    base, index = _place_of(element)
    numeric, resolution = None, 0.0
    if not isinstance(loss, Tensor):
        state = default_generator.get_state()
        numeric, resolution = _difference(loss, base, index, state)
        default_generator.set_state(state)
        with enable_grad(), trace():
            loss = loss()
    if loss.numel() != 1:
        raise ValueError(f"the loss must be one number, got a tensor of shape {tuple(loss.shape)}")
    start, root = current_node(base), current_node(loss)
    nodes = [] if root is None else newest_first([root])
    if root is None or start is None or start not in nodes:
        raise GraphError("the loss does not depend on this element: it is of another tensor, or was detached")
    flow = _Flow(root, nodes, start, index, depth)
    (gradient,) = gradients([loss], [None], [base], retain_graph=True, create_graph=False)
    found, rest = flow.follow(routes, max_steps)
    value = float(gradient.array[index])  # type: ignore[union-attr]
    return Explanation(value, numeric, resolution, found, sum(rest), len(rest), flow.through_modules())


def _place_of(element: Tensor) -> tuple[Tensor, tuple]:
    """The tensor that an element was taken from, and the index of the element in it."""
    if element.numel() != 1 or not (element._base is not None or element.is_leaf):
        raise ValueError(
            f"explain takes one element of a tensor, as W[3, 5], got a tensor of shape {tuple(element.shape)}"
            + (" that an operation computed" if element.numel() == 1 else "")
        )
    base: Any = element if element._base is None else element._base
    numbers = np.arange(base.numel()).reshape(base.shape)
    place = apply_view(element._view_fn, numbers) if element._base is not None else numbers
    return base, tuple(int(i) for i in np.unravel_index(int(np.asarray(place).item()), base.array.shape))


def _difference(loss: Callable[[], Tensor], base: Tensor, index: tuple, state: Any) -> tuple[float, float]:
    """The derivative by a central difference, and its rounding error; the array is as it was afterwards."""
    array = base.array
    value, eps = array[index], np.finfo(array.dtype).eps ** (1 / 3) * max(1.0, abs(float(array[index])))
    try:
        ends, losses = [], []
        for end in (value + eps, value - eps):
            array[index] = end
            ends.append(float(array[index]))
            default_generator.set_state(state)
            with no_grad():
                losses.append(float(loss()))
    finally:
        array[index] = value
    step = ends[0] - ends[1]
    return (losses[0] - losses[1]) / step, float(np.finfo(array.dtype).eps) * abs(losses[0]) / step


# Products with the Jacobian of one node -------------------------------------------------------------------------------


def push(node: Node, tangents: dict[Node, Any]) -> Any:
    """J t at a node, from the tangents t of its parents: J^T u is linear in u, and J t its derivative by u along t.

    Of a node that joins several outputs this is a list, None for an output that holds no floats.
    """
    if node.index is not None:
        return tangents[node.parents[0]][node.index]  # type: ignore[index]
    check_saved(node)
    fresh = {p: Node(None, (), None, p.shape, p.dtype) for p in node.parents if p is not None}
    alone = Node(
        node.op, tuple([p and fresh[p] for p in node.parents]), node.saved, node.shape, node.dtype, None, node.outputs
    )
    shapes = [(node.shape, node.dtype)] if node.outputs is None else node.outputs
    us = [Tensor.wrap(np.zeros(*shape)).requires_grad_() if shape[1].kind == "f" else None for shape in shapes]
    with enable_grad():
        needed = {fresh[parent] for parent in fresh if parent in tangents}
        pulled = node.op.vjp(alone, us[0] if node.outputs is None else us, needed, True)
        pairs = [
            (unbroadcast(g, parent.shape, node.name), tangents[parent])
            for parent, g in zip(node.parents, pulled)
            if parent in tangents and getattr(g, "node", None) is not None  # a constant does not depend on u
        ]
    wanted = [u for u in us if u is not None]
    gs, ts = zip(*pairs) if pairs else ((), ())
    found = iter(products(gs, wanted, ts, create_graph=False))
    arrays = [None if u is None else next(found).array for u in us]
    return arrays[0] if node.outputs is None else arrays


def pull(node: Node, u: Any, needed: Container[Node | None]) -> Iterator[tuple[Node, Any, str]]:
    """J^T u at a node: each parent that is needed, its part, and the name of the argument that it is."""
    if node.index is not None:
        (joint,) = node.parents
        parts: list[Any] = [None] * len(joint.outputs)  # type: ignore[union-attr, arg-type]
        parts[node.index] = u
        yield joint, parts, ""  # type: ignore[misc]
        return
    check_saved(node)
    with no_grad():
        pulled = node.op.vjp(node, u, needed, False)
    names = getattr(node.op, "args", ())
    for i, (parent, g) in enumerate(zip(node.parents, pulled)):
        if parent is None or parent not in needed or g is None:
            continue
        if type(g) is Part:
            whole = np.zeros(parent.shape, parent.dtype)
            g.add(whole, g.g)
            g = whole
        yield parent, unbroadcast(g, parent.shape, node.name), names[i] if i < len(names) else ""


def _plus(a: Any, b: Any) -> Any:
    """The sum of two gradients, either of which may be None; of a node with several outputs they are lists."""
    if a is None or b is None:
        return b if a is None else a
    return list(map(_plus, a, b)) if isinstance(a, list) else a + b


def _inner(u: Any, t: Any) -> float:
    """<u, t>, over all outputs of a node."""
    if isinstance(u, list):
        return sum(_inner(a, b) for a, b in zip(u, t) if a is not None and b is not None)
    return float(np.sum(u * t, dtype=np.float64))


# The flow -------------------------------------------------------------------------------------------------------------


class _Flow:
    """The flow of a derivative from one element of `start` to the loss at `root`, through the nodes between them."""

    def __init__(self, root: Node, nodes: list[Node], start: Node, index: tuple, depth: int | None) -> None:
        self.on_the_way = depending_on(nodes, [start])
        self.newest_first = [node for node in nodes if node in self.on_the_way]
        self.start, self.depth = start, depth
        self.upstream = {root: np.ones(root.shape, root.dtype)}
        one = np.zeros(start.shape, start.dtype)
        one[index] = 1
        self.tangents: dict[Node, Any] = {start: one}
        self.places: dict[Node, str] = {}
        for node in reversed(self.newest_first):
            if node is not start:
                self.tangents[node] = push(node, self.tangents)
            self.places[node] = self._place(node)

    def _place(self, node: Node) -> str:
        """The path of the module that a node belongs to, within the outermost; "" outside of all.

        A node without a record is where the one before it is.
        """
        if node.record is None:
            return next((self.places[parent] for parent in node.parents if parent in self.places), "")
        outermost, *names = node.record.module.split(".")
        depth = self.depth
        if depth is None:
            depth = next((i + 2 for i, name in enumerate(names) if name.isdigit()), len(names))
        return ".".join(names[:depth]) or outermost

    def follow(self, routes: int, max_steps: int) -> tuple[list[Route], list[float]]:
        """The routes that were followed to their end, and what each bundle of the others contributes.

        A bundle holds the gradients of the nodes at which all routes with the same last steps arrive.
        """
        (root,) = self.upstream
        queue: list[tuple[float, int, tuple[Step, ...], dict[Node, Any]]] = []
        found: dict[tuple[Step, ...], float] = defaultdict(float)
        bundles: dict[tuple[Step, ...], dict[Node, Any]] = {((self.places[root], ""),): dict(self.upstream)}
        steps, number = 0, count()
        while True:
            for route, pending in bundles.items():
                heapq.heappush(queue, (-abs(self._total(pending)), next(number), route, pending))
            if not queue or len(found) >= routes or steps >= max_steps:
                break
            _, _, route, pending = heapq.heappop(queue)
            if pending.keys() == {self.start}:
                found[route] += self._total(pending)
                bundles = {}
            else:
                bundles, taken = self._spread(route, pending)
                steps += taken
        ordered = sorted(found.items(), key=lambda item: -abs(item[1]))
        names = [Route(tuple(map(_text, reversed(route))), value) for route, value in ordered]
        return names, [self._total(pending) for _, _, _, pending in queue]

    def _spread(self, route: tuple[Step, ...], pending: dict[Node, Any]) -> tuple[dict[tuple, dict[Node, Any]], int]:
        """The bundles, by route, that a bundle divides into where its routes leave the module; and how many rules."""
        bundles: dict[tuple, dict[Node, Any]] = defaultdict(dict)
        taken = 0
        while pending:
            node = max(pending, key=lambda node: node.order)
            u = pending.pop(node)
            taken += 1
            if node is self.start:
                bundles[route][node] = _plus(bundles[route].get(node), u)
                continue
            for parent, g, argument in pull(node, u, self.on_the_way):
                onward = self._onward(route, node, parent, argument)
                there = pending if onward == route else bundles[onward]
                there[parent] = _plus(there.get(parent), g)
        return bundles, taken

    def _onward(self, route: tuple[Step, ...], node: Node, parent: Node, argument: str) -> tuple[Step, ...]:
        """The route of a gradient that goes from a node to a parent of it."""
        here, there = self.places[node], self.places[parent]
        if node.name == "split_heads" and node.index is not None:
            argument = _HEADS[len(parent.outputs)][node.index]  # type: ignore[arg-type]
        if node.name in ("fused_attention", "split_heads") and argument in ("q", "k", "v"):
            route = (*route[:-1], (here, argument))
        return route if parent is self.start or there == here else (*route, (there, ""))

    def _total(self, pending: dict[Node, Any]) -> float:
        return sum(_inner(u, self.tangents[node]) for node, u in pending.items())

    def through_modules(self) -> dict[str, float]:
        """What flows into each module from outside of it, over all routes, in the order of the forward pass."""
        upstream: dict[Node, Any] = dict(self.upstream)
        flows = dict.fromkeys(filter(None, self.places.values()), 0.0)
        for node in self.newest_first:
            if node is self.start or node not in upstream:
                continue
            for parent, g, _ in pull(node, upstream.pop(node), self.on_the_way):
                upstream[parent] = _plus(upstream.get(parent), g)
                outside = "" if parent is self.start else f"{self.places[parent]}."
                for module in flows:
                    if f"{self.places[node]}.".startswith(f"{module}.") and not outside.startswith(f"{module}."):
                        flows[module] += _inner(g, self.tangents[parent])
        return flows


def _text(step: Step) -> str:
    place, argument = step
    return f"{place or 'loss'} ({argument})" if argument else place or "loss"

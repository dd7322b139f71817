"""The flow of a derivative from one number to the loss: what of it goes along each edge of the graph, and each route.

Let t be the derivative of a node by the number, and u that of the loss by the node, both along some routes only. Then
<u, t> is what these routes contribute to the derivative of the loss by the number, and the vector-Jacobian product at
the node divides it among its parents with nothing left over. docs/derivations.md says why this adds up.
"""

from __future__ import annotations

import heapq
import math
from collections import defaultdict
from collections.abc import Callable, Container, Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from itertools import count
from typing import Any

import numpy as np

from autograd.accumulation import Part, unbroadcast
from autograd.grad_mode import enable_grad, no_grad
from autograd.graph import Node, check_saved, depending_on
from autograd.linearized import products
from autograd.tensor import Tensor

Step = tuple[str, str]  # the place of a node, and the argument of attention by which it is entered, if it is
Bundle = dict[Node, Any]  # the gradients of the nodes at which routes arrive that have the same last steps
LARGE = 300_000  # numbers: a rule counts as one more for each time so many that it computes with
_HEADS = {1: "q", 2: "kv", 3: "qkv"}  # what `split_heads` makes, by the number of its outputs


# Products with the Jacobian of one node -------------------------------------------------------------------------------


def push(node: Node, tangents: Mapping[Any, Any]) -> Any:
    """J t at a node, from the tangents t of its parents: J^T u is linear in u, and J t its derivative by u along t.

    Of a node that joins several outputs this is a list, None for an output that holds no floats.
    """
    if node.index is not None:
        return tangents[node.parents[0]][node.index]
    if hasattr(node.op, "partials"):
        return sum(d * tangents[p] for p, d in zip(node.parents, node.op.partials) if p in tangents)
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
            (unbroadcast(g, parent.shape, node.name), tangents[parent])  # type: ignore[union-attr]
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
            g = g.whole(parent.shape, parent.dtype)
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


def within(place: str, module: str) -> bool:
    """Whether a place is a module, or within it."""
    return place == module or place.startswith((f"{module}.", f"{module}["))


def _by_feature(u: np.ndarray, t: np.ndarray) -> np.ndarray:
    """<u, t> for each feature: of images (N, C, H, W) for each channel, of other arrays along the last dim."""
    feature = 1 if u.ndim == 4 else u.ndim - 1
    return np.asarray(np.sum(u * t, axis=tuple([i for i in range(u.ndim) if i != feature]), dtype=np.float64))


# The flow -------------------------------------------------------------------------------------------------------------


class Flow:
    """The flow of a derivative from an element of `start` to the loss, through the `nodes` (newest first) between them.

    `place` names the place of a node, given those of the nodes before it; routes are sequences of places. Nodes
    of one place that were made one after the other are a `visit` to it. A route ends at a node behind which is nothing
    but the start: what it contributes is known there.
    """

    def __init__(
        self, nodes: list[Node], start: Node, index: tuple, place: Callable[[Node, Mapping[Any, str]], str]
    ) -> None:
        self.on_the_way = depending_on(nodes, [start])
        self.newest_first = [node for node in nodes if node in self.on_the_way]
        self.start, self.root, self.index = start, nodes[0], index
        self.ends = {n for n in self.newest_first if not self.on_the_way.intersection(n.parents) - {start}}
        one = np.zeros(start.shape, start.dtype)
        one[index] = 1
        self.tangents: dict[Node, Any] = {start: one}
        self.places: dict[Node, str] = {}
        self.visits: list[str] = [""]  # the number itself, then the places in the order in which they were visited
        self._visit = {start: 0}
        for node in reversed(self.newest_first):
            self.places[node] = here = place(node, self.places)
            if node is not start:
                self.tangents[node] = push(node, self.tangents)
                if here != self.visits[-1] or len(self.visits) == 1:
                    self.visits.append(here)
                self._visit[node] = len(self.visits) - 1

    def total(self) -> tuple[Any, dict[tuple[int, int], float], dict[str, np.ndarray]]:
        """The gradient of `start`, what flows from one visit to another, and out of a place by each of its features."""
        upstream: Bundle = {self.root: np.ones(self.root.shape, self.root.dtype)}
        flows: dict[tuple[int, int], float] = defaultdict(float)
        features: dict[str, np.ndarray] = {}
        for node in self.newest_first:
            if node is self.start or node not in upstream:
                continue
            for parent, g, _ in pull(node, upstream.pop(node), self.on_the_way):
                upstream[parent] = _plus(upstream.get(parent), g)
                if self._visit[parent] != self._visit[node]:
                    value = float(g[self.index]) if parent is self.start else _inner(g, self.tangents[parent])
                    flows[self._visit[parent], self._visit[node]] += value
                here = self.places[parent]
                if not within(self.places[node], here) and parent.outputs is None and len(parent.shape) > 1:
                    out = _by_feature(g, self.tangents[parent])
                    features[here] = out + features[here] if len(features.get(here, ())) == len(out) else out
        return upstream[self.start], flows, features

    def follow(self, routes: int, max_steps: int) -> tuple[list[tuple[list[Step], float]], list[float]]:
        """The routes followed to their end, the largest first, and what each bundle of the others contributes."""
        queue: list[tuple[float, int, tuple[Step, ...], Bundle]] = []
        found: dict[tuple[Step, ...], float] = defaultdict(float)
        one = np.ones(self.root.shape, self.root.dtype)
        bundles: dict[tuple[Step, ...], Bundle] = {((self.places[self.root], ""),): {self.root: one}}
        steps, number = 0, count()
        while True:
            for route, pending in bundles.items():
                heapq.heappush(queue, (-abs(self._contribution(pending)), next(number), route, pending))
            if not queue or len(found) >= routes or steps >= max_steps:
                break
            _, _, route, pending = heapq.heappop(queue)
            if pending.keys() <= self.ends:
                found[route] += self._contribution(pending)
                bundles = {}
            else:
                bundles, taken = self._spread(route, pending)
                steps += taken
        ordered = sorted(found.items(), key=lambda item: -abs(item[1]))
        return [([*reversed(route)], value) for route, value in ordered], [self._contribution(b) for *_, b in queue]

    def _spread(self, route: tuple[Step, ...], pending: Bundle) -> tuple[dict[tuple[Step, ...], Bundle], int]:
        """The bundles, by route, that a bundle divides into where its routes leave the place; and how many rules."""
        bundles: dict[tuple[Step, ...], Bundle] = defaultdict(dict)
        waiting = [(-node.order, node) for node in pending]
        heapq.heapify(waiting)
        taken = 0
        while waiting:
            _, node = heapq.heappop(waiting)
            u = pending.pop(node)
            taken += 1 + sum(math.prod(n.shape) for n in (node, *node.parents) if n in self.on_the_way) // LARGE
            if node in self.ends:
                bundles[route][node] = _plus(bundles[route].get(node), u)
                continue
            for parent, g, argument in pull(node, u, self.on_the_way):
                onward = self._onward(route, node, parent, argument)
                there = pending if onward == route else bundles[onward]
                if there is pending and parent not in pending:
                    heapq.heappush(waiting, (-parent.order, parent))
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

    def _contribution(self, pending: Bundle) -> float:
        return sum(_inner(u, self.tangents[node]) for node, u in pending.items())


def joined(visits: list[str], flows: dict[tuple[int, int], float]) -> tuple[list[str], dict[tuple[int, int], float]]:
    """All visits to one place as one, where no way from a place leads back to it."""
    names = [visits[0], *dict.fromkeys(visits[1:])]
    number = [0, *[names.index(name, 1) for name in visits[1:]]]
    joined: dict[tuple[int, int], float] = defaultdict(float)
    before: dict[int, set[int]] = defaultdict(set)
    for (tail, head), value in flows.items():
        if number[tail] != number[head]:
            joined[number[tail], number[head]] += value
            before[number[head]].add(number[tail])
    try:
        order = [*TopologicalSorter(before).static_order()]
    except CycleError:
        return visits, dict(flows)
    place = {old: new for new, old in enumerate(order)}
    return [names[i] for i in order], {(place[tail], place[head]): value for (tail, head), value in joined.items()}

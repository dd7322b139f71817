"""The flow of a derivative from one number to the loss: what of it goes along each edge of the graph, and each route.

Let t be the derivative of a node by the number, and u that of the loss by the node, both along some routes only. Then
<u, t> is what these routes contribute to the derivative of the loss by the number, and the vector-Jacobian product at
the node divides it among its parents with nothing left over. docs/derivations.md says why this adds up.
"""

from __future__ import annotations

import heapq
import math
from collections import defaultdict
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter
from itertools import count
from typing import Any, cast

import numpy as np

from autograd.accumulation import Part, unbroadcast
from autograd.grad_mode import enable_grad, no_grad
from autograd.graph import Node, check_saved, depending_on
from autograd.linearized import products
from autograd.tensor import Tensor

Step = tuple[str, str]  # the place of a node, and the argument of attention by which it is entered, if it is
Bundle = dict[Node, Any]  # the gradients of the nodes at which routes arrive that have the same last steps
LARGE, MANY = 300_000, 16_000_000  # a rule counts as one more for so many numbers, and multiply-adds of a product
_HEADS = {1: "q", 2: "kv", 3: "qkv"}  # what `split_heads` makes, by the number of its outputs


# Products with the Jacobian of one node -------------------------------------------------------------------------------


def push(node: Node, tangents: Sequence[Any]) -> Any:
    """J t at a node, from the tangents t of its parents, None for one that has none.

    J^T u is linear in u, and J t its derivative by u along t; a product of matrices is computed with t itself. Of a
    node that joins several outputs this is a list, None for an output that holds no floats.
    """
    if node.index is not None:
        return tangents[0][node.index]
    if hasattr(node.op, "partials"):
        return sum(d * t for t, d in zip(tangents, node.op.partials) if t is not None)
    check_saved(node)
    if node.name in ("linear", "matmul", "embedding"):
        return _push_product(node, tangents)
    fresh = [p and Node(None, (), None, p.shape, p.dtype) for p in node.parents]
    alone = Node(node.op, tuple(fresh), node.saved, node.shape, node.dtype, None, node.outputs)
    shapes = [(node.shape, node.dtype)] if node.outputs is None else node.outputs
    us = [Tensor.wrap(np.zeros(*shape)).requires_grad_() if shape[1].kind == "f" else None for shape in shapes]
    with enable_grad():
        needed = {parent for parent, t in zip(fresh, tangents) if t is not None}
        pulled = node.op.vjp(alone, us[0] if node.outputs is None else us, needed, True)
        pairs = [
            (unbroadcast(g, parent.shape, node.name), t)  # type: ignore[union-attr]
            for parent, g, t in zip(node.parents, pulled, tangents)
            if t is not None and getattr(g, "node", None) is not None  # a constant does not depend on u
        ]
    wanted = [u for u in us if u is not None]
    gs, ts = zip(*pairs) if pairs else ((), ())
    found = iter(products(gs, wanted, ts, create_graph=False))
    arrays = [None if u is None else next(found).array for u in us]
    return arrays[0] if node.outputs is None else arrays


def _push_product(node: Node, tangents: Sequence[Any]) -> Any:
    """J t at a product x y, at x y^T + bias, or at rows of x: they are linear in each of x, y and the bias."""
    x, y, *bias = tangents
    op, saved = node.op, cast(dict, node.saved)
    left, right = op.args[:2]
    out = np.zeros(node.shape, node.dtype)
    for t, factors in ((x, lambda: (x, saved[right])), (y, lambda: (saved[left], y))):
        if t is not None:
            out += op.on_arrays([*factors(), *[None for _ in bias]], {})
    return out + bias[0] if bias and bias[0] is not None else out


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
    for i, (parent, g) in enumerate(zip(node.parents, pulled)):
        if parent is None or parent not in needed or g is None:
            continue
        if type(g) is Part:
            g = g.whole(parent.shape, parent.dtype)
        yield parent, unbroadcast(g, parent.shape, node.name), _argument(node, i)


def _argument(node: Node, i: int) -> str:
    """The name of the argument that the i-th parent of a node is; "" where it has none."""
    names = getattr(node.op, "args", ())
    return names[i] if i < len(names) else ""


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
    feature = 1 if t.ndim == 4 else t.ndim - 1
    return np.asarray(np.sum(u * t, axis=tuple([i for i in range(t.ndim) if i != feature]), dtype=np.float64))


# The flow -------------------------------------------------------------------------------------------------------------


class Flow:
    """The flow of a derivative from an element of `start` to the loss, through the `nodes` (newest first) between them.

    `place` names the place of a node, given those of the nodes before it; routes are sequences of places. Nodes
    of one place that were made one after the other are a `visit` to it. A route ends at a node behind which is nothing
    but the start: what it contributes is known there. Of the gradient of `start`, which may be a large table, only the
    element is computed: along an edge from the start it is <u, t>, for the tangent t that the edge alone brings.
    """

    def __init__(
        self, nodes: list[Node], start: Node, index: tuple, place: Callable[[Node, Mapping[Any, str]], str]
    ) -> None:
        self.on_the_way = depending_on(nodes, [start])
        self.newest_first = [node for node in nodes if node in self.on_the_way]
        self.start, self.root = start, nodes[0]
        self._inner_nodes = self.on_the_way - {start}
        self.ends = {n for n in self.newest_first if self._inner_nodes.isdisjoint(n.parents)}
        self._one = np.zeros(start.shape, start.dtype)
        self._one[index] = 1
        self.tangents: dict[Node, Any] = {start: 1.0}  # by the element
        self._direct: dict[Node, list[tuple[Any, str]]] = {}  # what edges from the start bring, by argument
        self.places: dict[Node, str] = {}
        self.visits: list[str] = [""]  # the number itself, then the places in the order in which they were visited
        self._visit = {start: 0}
        for node in reversed(self.newest_first):
            self.places[node] = here = place(node, self.places)
            if node is not start:
                self.tangents[node] = self._tangent(node)
                if here != self.visits[-1] or len(self.visits) == 1:
                    self.visits.append(here)
                self._visit[node] = len(self.visits) - 1

    def _tangent(self, node: Node) -> Any:
        """The tangent of a node, from those of its parents."""
        parents, tangent = node.parents, None
        for i in [i for i, parent in enumerate(parents) if parent is self.start]:
            t = push(node, [self._one if j == i else None for j in range(len(parents))])
            self._direct.setdefault(node, []).append((t, _argument(node, i)))
            tangent = _plus(tangent, t)
        others = [None if p is self.start else self.tangents.get(p) for p in parents]  # type: ignore[arg-type]
        return tangent if all(t is None for t in others) else _plus(tangent, push(node, others))

    def _pull(self, node: Node, u: Any) -> Iterator[tuple[Node, Any, str]]:
        """J^T u at a node, as `pull` gives it; of the start the element alone."""
        if node not in self.ends:
            yield from pull(node, u, self._inner_nodes)
        for t, argument in self._direct.get(node, ()):
            yield self.start, _inner(u, t), argument

    def total(self) -> tuple[float, dict[tuple[int, int], float], dict[str, np.ndarray]]:
        """The derivative by the element, what flows from visit to visit, and out of a place by each of its features."""
        upstream: Bundle = {self.root: np.ones(self.root.shape, self.root.dtype)}
        flows: dict[tuple[int, int], float] = defaultdict(float)
        features: dict[str, np.ndarray] = {}
        for node in self.newest_first:
            if node is self.start or node not in upstream:
                continue
            for parent, g, _ in self._pull(node, upstream.pop(node)):
                upstream[parent] = _plus(upstream.get(parent), g)
                if self._visit[parent] != self._visit[node]:
                    flows[self._visit[parent], self._visit[node]] += _inner(g, self.tangents[parent])
                here = self.places[parent]
                if here and not within(self.places[node], here) and parent.outputs is None and len(parent.shape) > 1:
                    out = _by_feature(g, self._one if parent is self.start else self.tangents[parent])
                    features[here] = out + features[here] if len(features.get(here, ())) == len(out) else out
        return float(upstream[self.start]), flows, features

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
            taken += 1 + sum(math.prod(n.shape) for n in (node, *node.parents) if n in self._inner_nodes) // LARGE
            taken += node.record.cost.multiply_adds // MANY if node.record else 0
            if node in self.ends:
                bundles[route][node] = _plus(bundles[route].get(node), u)
                continue
            for parent, g, argument in self._pull(node, u):
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

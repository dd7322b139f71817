"""One number of a tensor opened into its own graph of numbers, from the loss back to it.

Let u_i be the gradient of the loss by element x_i of a tensor on the way, and t_i the derivative of x_i by the number:
u_i t_i is the part of the number's gradient that flows through x_i. The elements with the largest parts are shown, and
one step stands for the others. The local derivatives between elements are those of the rules that ran.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np

from autograd.base import TensorBase
from autograd.draw.flow import recorded
from autograd.draw.labels import short_name
from autograd.draw.steps import Step
from autograd.flows import pull, push
from autograd.graph import Node

SHOWN = 3  # elements of a tensor
SHORT = 24  # letters of an expression that names elements
NUMBERS = 800  # steps of all elements that are opened unasked
WORK = 3_000_000_000  # multiplications and results on the way to these

Index = tuple[int, ...]
Key = tuple[int, int]  # a step of the whole graph, and an element of it; -1 for all that are not shown


class Element(NamedTuple):
    """An element of a leaf, a step of the whole graph, and the steps of its own graph, oldest first."""

    leaf: int
    name: str
    gradient: float
    steps: list[Step]
    parts: list[list[tuple]]  # what each contributes, as `flow.contributions` takes it


def opened(steps: list[Step], wished: Iterable[tuple[int, Index]]) -> Iterator[Element]:
    """The elements that are asked for; then the largest gradient of each other leaf, while there is room.

    Matrices come first, and what takes too much work is passed over.
    """
    wished = list(wished)
    for leaf, index in wished:
        if (element := _open(steps, leaf, index)) is None:
            raise ValueError(
                f"open: no graph can be drawn of {steps[leaf].name}{list(index)}: its gradient is 0, or comes from "
                "several backward passes, or an operation on the way to the loss cannot be differentiated twice"
            )
        yield element
    gradients = {
        i: np.abs(g)
        for i, step in enumerate(steps)
        if step.kind == "leaf" and i not in {leaf for leaf, _ in wished} and (g := _array(step.grad)) is not None
    }
    largest = {i: int(g.argmax()) for i, g in gradients.items() if g.size and np.isfinite(g).all()}
    cost = [np.size(step.data) + step.cost.multiply_adds if step.kind == "op" else 0 for step in steps]
    behind = np.cumsum(cost[::-1], dtype=float)[::-1]  # of each step and all after it
    first_use = {operand: i for i, step in reversed([*enumerate(steps)]) for operand in step.operands}
    numbers, work = 0, 0.0
    for leaf in sorted(largest, key=lambda i: (gradients[i].ndim < 2, -gradients[i].flat[largest[i]])):
        needed = behind[first_use[leaf]] if leaf in first_use else 0.0
        if work + needed > WORK:
            continue
        work += needed
        element = _open(steps, leaf, _index(largest[leaf], gradients[leaf].shape))
        if element is not None:
            numbers += len(element.steps)
            if numbers > NUMBERS:
                return
            yield element


def _array(grad: Any) -> np.ndarray | None:
    """A gradient of real numbers as an array; None for any other."""
    array = grad.array if isinstance(grad, TensorBase) else grad
    return array if isinstance(array, np.ndarray) and array.dtype.kind == "f" else None


def _index(place: int, shape: tuple[int, ...]) -> Index:
    return tuple([int(i) for i in np.unravel_index(place, shape)])


def _open(steps: list[Step], leaf: int, index: Index) -> Element | None:
    """The graph of an element; None where what flows to the loss is not the gradient, or is 0."""
    gradient = _array(steps[leaf].grad)
    if gradient is None or not gradient[index]:
        return None
    try:
        found = _Opening(steps, leaf, index, gradient)
        arrives = float(np.sum(found.flows.get(len(steps) - 1, 0.0), dtype=np.float64))
        return found.element() if abs(arrives - found.gradient) < 0.01 * abs(found.gradient) else None
    except RuntimeError:  # a rule that cannot be recorded
        return None


class _Opening:
    def __init__(self, steps: list[Step], leaf: int, index: Index, gradient: np.ndarray) -> None:
        self.whole, self.leaf, self.index = steps, leaf, index
        self.gradient = float(gradient[index])
        one = np.zeros(gradient.shape, gradient.dtype)
        one[index] = 1
        self.tangents: dict[Node, Any] = {steps[leaf].node: one}
        self.on_the_way: dict[Node, int] = {steps[leaf].node: leaf}
        self.twins: dict[int, Node] = {}
        self.upstream = {leaf: gradient}
        self.flows = {leaf: one * gradient}
        with np.errstate(all="ignore"):
            for i, step in enumerate(steps):
                u = _array(step.grad) if step.kind == "op" else None
                if u is not None and (twin := recorded(step)) is not None:
                    self._go_through(i, step, u, twin)
        self.shown = {i: _largest(flow) for i, flow in self.flows.items()}

    def _go_through(self, i: int, step: Step, u: np.ndarray, twin: Node) -> None:
        tangents, node, joint = self.tangents, step.node, step.joint
        if joint not in tangents:
            if not any(parent in tangents for parent in twin.parents):
                return
            tangents[joint] = push(twin, [parent and tangents.get(parent) for parent in twin.parents])
        t = tangents[joint] if joint is node else tangents[joint][node.index]
        if t is not None:
            tangents[node], self.on_the_way[node], self.twins[i] = t, i, twin
            self.upstream[i], self.flows[i] = u, u * t

    def element(self) -> Element:
        """The steps, and what each contributes to the gradients of those behind it."""
        parts: dict[Key, list[tuple[Key, float, str, float | None]]] = defaultdict(list)
        edges: dict[Key, list[Key]] = defaultdict(list)
        with np.errstate(all="ignore"):
            for i in self.twins:
                for child, u, g in self._pieces(i):
                    for parent, value, arg in self._pulled(i, g):
                        edges[child].append(parent)
                        if parent[1] >= 0:
                            parts[child].append((parent, value, arg, value / u if u else None))
        keys = sorted({*edges, *(key for operands in edges.values() for key in operands)}, key=self._order)
        place = {key: n for n, key in enumerate(keys)}
        steps = [self._step(key, [place[parent] for parent in edges[key]]) for key in keys]
        found = [[(place[parent], *part) for parent, *part in parts[key]] for key in keys]
        name = f"{self.whole[self.leaf].name or 'leaf'}{list(self.index) if self.index else ''}"
        return Element(self.leaf, name, self.gradient, steps, found)

    @staticmethod
    def _order(key: Key) -> tuple[int, float]:
        return key[0], key[1] if key[1] >= 0 else np.inf

    def _pieces(self, i: int) -> Iterator[tuple[Key, float, Any]]:
        """Each element of a step that is shown, and all others: its key, its gradient, and that alone in an array."""
        node, rest = self.whole[i].node, np.array(self.upstream[i])
        pieces: list[tuple[Key, float, np.ndarray]] = []
        for element in self.shown[i]:
            alone = np.zeros_like(rest)
            alone.flat[element] = rest.flat[element]
            rest.flat[element] = 0
            pieces.append(((i, element), float(alone.flat[element]), alone))
        if rest.any():
            pieces.append(((i, -1), 0.0, rest))
        for key, u, g in pieces:
            if node.index is None:
                yield key, u, g
            else:
                yield key, u, [g if n == node.index else None for n in range(len(node.parents[0].outputs))]

    def _pulled(self, i: int, g: Any) -> Iterator[tuple[Key, float, str]]:
        """What a gradient of step i contributes to the elements behind it that are shown; to the others, what flows."""
        for parent, part, arg in pull(self.twins[i], g, self.on_the_way):
            to = self.on_the_way[parent]
            for element in self.shown[to]:
                if value := float(part.flat[element]):
                    yield (to, element), value, arg
            flow = part * self.tangents[parent]
            flow.flat[self.shown[to]] = 0
            if flow.any():
                yield (to, -1), float(flow.sum()), arg

    def _step(self, key: Key, operands: list[int]) -> Step:
        i, element = key
        whole, flow = self.whole[i], self.flows[i]
        step = Step(whole.kind, whole.node, title=_label(whole), path=whole.path)
        step.operands = operands
        if element >= 0:
            index = _index(element, flow.shape)
            step.title += ("" if whole.name else " ") * bool(index) + (str(list(index)) if index else "")
            step.data = None if whole.data is None else whole.data[index]
            step.grad, share = float(self.upstream[i][index]), float(flow[index])
        else:
            rest = np.delete(flow, self.shown[i])
            step.kind, step.title = "others", f"{np.count_nonzero(rest):,} others of {step.title}"
            share = float(rest.sum(dtype=np.float64))
        step.says = (f"carries {share / self.gradient:.1%}",)
        return step


def _largest(flow: np.ndarray) -> list[int]:
    """The elements through which most flows, the largest first."""
    size = np.abs(flow.ravel())
    top = np.argpartition(-size, SHOWN)[:SHOWN] if size.size > SHOWN else np.arange(size.size)
    return [int(i) for i in sorted(top, key=lambda i: (-size[i], i)) if size[i] > 0]


def _label(step: Step) -> str:
    return short_name(step) or (step.text if 0 < len(step.text) <= SHORT else step.title)

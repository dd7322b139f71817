"""From steps in view to boxes, clusters and edges, which is all that a drawing needs to know of a graph."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, TypedDict

import numpy as np

from autograd.base import TensorBase
from autograd.draw.fold import Group, Tree
from autograd.draw.labels import (
    figure_lines,
    group_lines,
    group_title,
    rule_lines,
    short_name,
    step_lines,
    step_title,
    tip,
    value_lines,
)
from autograd.draw.steps import Step, node_of, steps_behind
from autograd.draw.view import View, view_of
from autograd.draw.words import norm, short
from autograd.scalar import Value

ZOOMS = ("scalars", "tensors", "modules")
COMFORTABLE = {"scalars": 100, "tensors": 120, "modules": 40}  # boxes, beyond which groups are folded
BACKWARD_OF_TENSORS = "The backward pass: each box is the gradient g of a result, and says what its operands get of it"
BACKWARD_OF_SCALARS = (
    "The backward pass: upstream gradient × local derivative, at each arrow, is added to the operand's"
)
LOOPS = 100  # steps, beyond which turns of a loop are looked for


class Box(NamedTuple):
    """One shape of a picture: its title ("" without one) and the lines below, and what it stands for."""

    id: str
    kind: str  # "leaf", "input" (one without a gradient), "op", "value" (computed), "module", "function" or "note"
    title: str
    lines: tuple[str, ...] = ()
    tip: str = ""  # shown where the pointer rests on it
    cluster: str = ""  # the id of the one that it is in


class Cluster(NamedTuple):
    """A frame around boxes: an open module, or an open turn of a loop."""

    id: str
    title: str
    cluster: str = ""  # the id of the one around it
    lines: tuple[str, ...] = ()


class Edge(NamedTuple):
    """An arrow between two boxes, by their ids; `bytes` and `gradient` are the size and gradient norm of what flows."""

    tail: str
    head: str
    bytes: int = 0
    gradient: float | None = None
    label: str = ""


class Picture(NamedTuple):
    """What there is to draw, inputs before what was computed from them."""

    boxes: list[Box]
    edges: list[Edge]
    clusters: list[Cluster]


class Options(TypedDict, total=False):
    """What a picture shows: see `picture`."""

    zoom: str | None
    depth: int | None
    unfold: Sequence[str]
    max_nodes: int
    backward: bool


def picture(
    root: Any,
    names: Mapping[str, Any] | None = None,
    *,
    zoom: str | None = None,
    depth: int | None = None,
    unfold: Sequence[str] = (),
    max_nodes: int = 400,
    backward: bool = False,
) -> Picture:
    """The graph behind a Value or a Tensor, as boxes.

    With the zoom "scalars" each value is a box behind the circle of its operation, with "tensors" each operation is
    a box, in the frames of the modules, and with "modules" these are folded where there is no room for what is in
    them; `depth` says how many modules within each other are open. Functions are one box. Identical modules in a row
    are drawn once, and so are the turns of a loop in a big graph; `unfold` names modules, as ["h.7"] does, that are
    drawn open and by themselves. Of more than `max_nodes` boxes the newest are drawn, with a note. `names` labels
    Values or Tensors, as `dict(model.named_parameters())` does. What was recorded within `trace()` shows its data, its
    gradient, the inputs that need none, and the axes that `tracing.name_axes` names. With `backward` the boxes are the
    gradients, with the rules that make them and what these saved, and the arrows lead from the root to the leaves.
    """
    zoom = checked_zoom(root, zoom)
    if max_nodes < 1:
        raise ValueError(f"max_nodes must be at least 1, got {max_nodes}")
    if depth is not None and depth < 0:
        raise ValueError(f"depth must be at least 0, got {depth}")
    tree = tree_behind(root, names or {}, unfold)
    view, folded = view_of(tree, depth, min(COMFORTABLE[zoom], max_nodes), max_nodes)
    return (_Backward if backward else _Drawing)(view, zoom, folded, max_nodes).picture()


def tree_behind(root: Any, names: Mapping[str, Any], unfold: Sequence[str]) -> Tree:
    """The steps of a graph in their groups. Raises ValueError where `unfold` names a module that there is not."""
    steps = steps_behind(root, names)
    tree = Tree(steps, len(steps) > LOOPS, unfold)
    if missing := [name for name in unfold if not any(tree.is_called(group, [name]) for group in tree.groups)]:
        raise ValueError(f"unfold: there is no module {missing[0]!r} in the graph")
    return tree


def checked_zoom(root: Any, zoom: str | None) -> str:
    """The zoom that is asked for, or the one that suits the graph. Raises ValueError for any other."""
    node = node_of(root)
    if zoom is None:
        return "scalars" if isinstance(root, Value) else "modules" if getattr(node, "record", None) else "tensors"
    if zoom not in ZOOMS:
        raise ValueError(f"zoom must be one of {', '.join(ZOOMS)}, got {zoom!r}")
    return zoom


class _Drawing:
    """The forward pass: values, from the leaves to the root."""

    def __init__(self, view: View, zoom: str, depth: int | None, max_nodes: int) -> None:
        self.view, self.tree, self.zoom, self.depth, self.max_nodes = view, view.tree, zoom, depth, max_nodes
        self.boxes: list[Box] = []
        self.notes: list[str] = []
        self.circles: dict[int, str] = {}  # of steps with a circle: what leads into them

    def picture(self) -> Picture:
        clusters = [
            Cluster(f"g{group.number}", title, self._cluster(group.parent), figure_lines(self.tree, group))
            for group in self.tree.walk()
            if group.number in self.view.open and group.foldable
            for title in [group_title(self.tree, group, is_open=True)]
        ]
        inner: list[Edge] = []
        for place in self.view.shown:
            if not self.tree.is_step(place):
                self._add_group(self.tree.group(place))
            elif self.zoom == "scalars":
                inner += self._add_scalar(place)
            else:
                self._add_tensor(place)
        if self.view.cut:
            text = f"… {len(self.view.cut):,} older nodes, not drawn (max_nodes={self.max_nodes:,})"
            self.boxes.insert(0, Box("cut", "note", text))
        if self.depth is not None:
            self.notes.append(f"{len(self.tree.steps):,} nodes, drawn folded: depth={self.depth + 1} shows more")
        if self.notes:
            self.boxes.insert(0, Box("note", "note", "\n".join(self.notes)))
        edges = [
            self._edge(
                "cut" if tail < 0 else f"n{tail}", self.circles.get(head, f"n{head}"), self.tree.steps[step]
            )._replace(label=self._label(tail, head))
            for (tail, head), step in self.view.edges.items()
        ]
        return Picture(self.boxes, edges + inner, clusters)

    def _edge(self, tail: str, head: str, step: Step) -> Edge:
        gradient = step.grad if isinstance(step.grad, (TensorBase, np.ndarray)) else None
        return Edge(tail, head, step.bytes, None if gradient is None else norm(gradient))

    def _label(self, tail: int, head: int) -> str:
        return ""

    def _cluster(self, group: Group | None) -> str:
        return f"g{group.number}" if group is not None and group.foldable else ""

    def _add_box(self, place: int, kind: str, title: str, lines: tuple[str, ...]) -> None:
        self.boxes.append(Box(f"n{place}", kind, title, lines, tip(self.tree.steps[place]), self._cluster_of(place)))

    def _cluster_of(self, place: int) -> str:
        return self._cluster(self.tree.parents[place])

    def _add_tensor(self, place: int) -> None:
        step = self.tree.steps[place]
        self._add_box(place, step.kind, step_title(step), step_lines(step))

    def _add_scalar(self, place: int) -> list[Edge]:
        """A value behind the circle of its operation."""
        step = self.tree.steps[place]
        if step.kind != "op":
            self._add_box(place, step.kind, short_name(step), value_lines(step))
            return []
        circle = self.circles[place] = f"op{place}"
        self.boxes.append(Box(circle, "circle", step.title, (), tip(step), self._cluster_of(place)))
        self._add_box(place, "value", short_name(step), value_lines(step))
        return [self._edge(circle, f"n{place}", step)]

    def _add_group(self, group: Group) -> None:
        kind = "function" if group.call.kind == "function" else "module"
        title, lines = group_title(self.tree, group), group_lines(self.tree, group)
        place = f"n{group.number}"
        self.boxes.append(Box(place, kind, title, lines, tip(self._last(group)), self._cluster(group.parent)))

    def _last(self, group: Group) -> Step:
        return self.tree.steps[max(self.tree.steps_in(group))]


class _Backward(_Drawing):
    """The backward pass: gradients, from the root to the leaves."""

    def picture(self) -> Picture:
        """The same boxes without inputs, and the arrows turned round."""
        self.notes.append(BACKWARD_OF_SCALARS if self.zoom == "scalars" else BACKWARD_OF_TENSORS)
        drawn = super().picture()
        note, *rest = drawn.boxes
        boxes = [note, *[box for box in reversed(rest) if box.kind != "input"]]
        there = {box.id for box in boxes}
        edges = [edge._replace(tail=edge.head, head=edge.tail) for edge in reversed(drawn.edges) if edge.tail in there]
        return Picture(boxes, edges, drawn.clusters)

    def _add_tensor(self, place: int) -> None:
        step = self.tree.steps[place]
        self._add_box(place, step.kind, f"∂ {short_name(step) or step_title(step)}", rule_lines(step))

    def _label(self, tail: int, head: int) -> str:
        """The local derivative of one number by another."""
        node = self.tree.steps[head].node if self.tree.is_step(head) else None
        if not isinstance(node, Value) or not 0 <= tail < len(self.tree.steps):
            return ""
        operand = self.tree.steps[tail].node
        return " + ".join([f"× {short(d)}" for parent, d in zip(node.parents, node.partials) if parent is operand])

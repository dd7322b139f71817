"""From steps in view to boxes, clusters and edges, which is all that a drawing needs to know of a graph."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from autograd.base import TensorBase
from autograd.draw.fold import Group, Tree, stack_name
from autograd.draw.steps import Step, node_of, steps_behind
from autograd.draw.view import View, view_of
from autograd.draw.words import byte_count, norm, number, short, summary
from autograd.scalar import Value

ZOOMS = ("scalars", "tensors", "modules")
COMFORTABLE = {"scalars": 100, "tensors": 120, "modules": 40}  # boxes, beyond which groups are folded
ASSIGNS_IN_PLACE = re.compile(r"[\w.\[\]]+ [-+*/@%&|^]{1,2}= ")
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


class Edge(NamedTuple):
    """An arrow between two boxes, by their ids; `bytes` and `gradient` are the size and gradient norm of what flows."""

    tail: str
    head: str
    bytes: int = 0
    gradient: float | None = None


class Picture(NamedTuple):
    """What there is to draw, inputs before what was computed from them."""

    boxes: list[Box]
    edges: list[Edge]
    clusters: list[Cluster]


def picture(
    root: Any,
    names: Mapping[str, Any] | None = None,
    *,
    zoom: str | None = None,
    depth: int | None = None,
    max_nodes: int = 400,
) -> Picture:
    """The graph behind a Value or a Tensor, as boxes.

    With the zoom "scalars" each value is a box behind the circle of its operation, with "tensors" each operation is
    a box, in the frames of the modules, and with "modules" these are folded where there is no room for what is in
    them; `depth` says how many modules within each other are open. Functions are one box. Identical modules in a row
    are drawn once, and so are the turns of a loop in a big graph. Of more than `max_nodes` boxes the newest are
    drawn, with a note. `names` labels Values or Tensors, as `dict(model.named_parameters())` does. What was
    recorded within `trace()` shows its data, its gradient and the inputs that need none.
    """
    zoom = checked_zoom(root, zoom)
    if max_nodes < 1:
        raise ValueError(f"max_nodes must be at least 1, got {max_nodes}")
    if depth is not None and depth < 0:
        raise ValueError(f"depth must be at least 0, got {depth}")
    steps = steps_behind(root, names or {})
    tree = Tree(steps, loops=len(steps) > LOOPS)
    view, folded = view_of(tree, depth, min(COMFORTABLE[zoom], max_nodes), max_nodes)
    return _Drawing(view, zoom, folded, max_nodes).picture()


def checked_zoom(root: Any, zoom: str | None) -> str:
    """The zoom that is asked for, or the one that suits the graph. Raises ValueError for any other."""
    node = node_of(root)
    if zoom is None:
        return "scalars" if isinstance(root, Value) else "modules" if getattr(node, "record", None) else "tensors"
    if zoom not in ZOOMS:
        raise ValueError(f"zoom must be one of {', '.join(ZOOMS)}, got {zoom!r}")
    return zoom


class _Drawing:
    def __init__(self, view: View, zoom: str, depth: int | None, max_nodes: int) -> None:
        self.view, self.tree, self.zoom, self.depth, self.max_nodes = view, view.tree, zoom, depth, max_nodes
        self.boxes: list[Box] = []
        self.circles: dict[int, str] = {}  # of steps with a circle: what leads into them

    def picture(self) -> Picture:
        clusters = [
            Cluster(f"g{group.number}", group_title(self.tree, group, is_open=True), self._cluster(group.parent))
            for group in self.tree.walk()
            if group.number in self.view.open and group.foldable
        ]
        inner: list[Edge] = []
        for place in self.view.shown:
            if not self.tree.is_step(place):
                self._add_group(self.tree.group(place))
            elif self.zoom == "scalars":
                inner += self._add_scalar(place)
            else:
                step = self.tree.steps[place]
                self._add_box(place, step.kind, step_title(step), step_lines(step))
        if self.view.cut:
            text = f"… {len(self.view.cut):,} older nodes, not drawn (max_nodes={self.max_nodes:,})"
            self.boxes.insert(0, Box("cut", "note", text))
        if self.depth is not None:
            text = f"{len(self.tree.steps):,} nodes, drawn folded: depth={self.depth + 1} shows more"
            self.boxes.insert(0, Box("folded", "note", text))
        edges = [
            self._edge("cut" if tail < 0 else f"n{tail}", self.circles.get(head, f"n{head}"), self.tree.steps[step])
            for (tail, head), step in self.view.edges.items()
        ]
        return Picture(self.boxes, edges + inner, clusters)

    def _edge(self, tail: str, head: str, step: Step) -> Edge:
        gradient = step.grad if isinstance(step.grad, (TensorBase, np.ndarray)) else None
        return Edge(tail, head, step.bytes, None if gradient is None else norm(gradient))

    def _cluster(self, group: Group | None) -> str:
        return f"g{group.number}" if group is not None and group.foldable else ""

    def _add_box(self, place: int, kind: str, title: str, lines: tuple[str, ...]) -> None:
        self.boxes.append(Box(f"n{place}", kind, title, lines, tip(self.tree.steps[place]), self._cluster_of(place)))

    def _cluster_of(self, place: int) -> str:
        return self._cluster(self.tree.parents[place])

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


def group_title(tree: Tree, group: Group, is_open: bool = False) -> str:
    """What a group is: its variable or attribute, its kind, and how often it is there."""
    name = stack_name(tree, group)
    kind = "" if group.call.kind in ("function", "loop", group.call.name) else f": {group.call.kind}"
    name = f"{group.name} = {name}" if group.name else name
    if len(group.stack) == 1:
        return f"{name}{kind}"
    shown = f" ({'the last turn' if group.call.kind == 'loop' else group.call.name} is shown)" if is_open else ""
    return f"{name}{kind} × {len(group.stack):,}{shown}"


def group_lines(tree: Tree, group: Group) -> tuple[str, ...]:
    """How many operations are in a group, its parameters, and the shape of what comes out."""
    steps = [tree.steps[i] for i in sorted(tree.steps_in(group))]
    count, times = sum(step.kind == "op" for step in steps), len(group.stack)
    sizes = [np.prod(step.shape, dtype=float) for step in steps if step.kind == "leaf" and step.dtype is not None]
    saved = sum(step.saved_bytes for step in steps)
    each = " each" if times > 1 else ""
    lines = [] if group.call.kind == "function" else [f"{count:,} operation{'s' * (count != 1)}{each}"]
    if sizes:
        lines.append(f"{int(sum(sizes)):,} parameters{each}")
    if steps[-1].dtype is not None:
        lines += [shape_line(steps[-1]), *data_lines(steps[-1])]
    return (*lines, *([f"saved {byte_count(saved)}{each}"] if saved else []))


def shape_line(step: Step) -> str:
    """The shape and the dtype of a tensor."""
    return f"{tuple(step.shape)} {step.dtype}"


def data_lines(step: Step) -> list[str]:
    """The range of the numbers of a tensor, and the norm of its gradient."""
    lines = [] if step.data is None or not np.size(step.data) else [f"data {summary(step.data)}"]
    if step.grad is not None:
        size = np.size(step.grad.array if isinstance(step.grad, TensorBase) else step.grad)
        lines.append(f"grad {summary(step.grad)}" if size <= 4 else f"|grad| {short(norm(step.grad))}")
    return lines


def step_title(step: Step) -> str:
    """The variable and the operation, in the user's terms."""
    what = step.text or step.title
    if step.kind != "op" or not step.name or ASSIGNS_IN_PLACE.match(step.text):
        return what or short_name(step)
    return f"{step.name} = {what if any(map(str.isalnum, what)) else f'… {what} …'}"


def short_name(step: Step) -> str:
    """A variable's name, or a parameter's as it is in the module that the step is in."""
    module = ".".join([call.name for call in step.path[1:] if call.kind != "function"])
    return step.name.removeprefix(f"{module}.") if module else step.name


def step_lines(step: Step) -> tuple[str, ...]:
    """What there is to say of a step: data and gradient, and how much was saved."""
    return (*value_lines(step), *([f"saved {byte_count(step.saved_bytes)}"] if step.saved else []))


def value_lines(step: Step) -> tuple[str, ...]:
    """Data and gradient, as people know them from micrograd's notebooks; of a tensor also its shape and dtype."""
    if step.dtype is None:
        return f"data {number(step.data)}", f"grad {number(step.grad)}"
    return shape_line(step), *data_lines(step)


def tip(step: Step) -> str:
    """Where in the user's program the node was made, as far as a trace knows."""
    record = step.record
    places = (record.module, record.source) if record is not None else ()
    return "\n".join(str(place) for place in places if place)

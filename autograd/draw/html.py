"""A graph as one page, which folds, searches and plays the backward pass; it needs nothing but a browser."""

from __future__ import annotations

import html
import json
import math
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from autograd.costs import Cost
from autograd.draw.element import Element, opened
from autograd.draw.flow import contributions
from autograd.draw.fold import Group, Tree
from autograd.draw.labels import (
    figure_lines,
    group_lines,
    group_title,
    shape_line,
    short_name,
    step_lines,
    step_title,
    value_lines,
)
from autograd.draw.numbers import numbers, plain
from autograd.draw.picture import checked_zoom, tree_behind
from autograd.draw.rules import rule_of
from autograd.draw.steps import Step
from autograd.draw.view import view_of
from autograd.draw.words import byte_count, norm
from autograd.scalar import Value
from autograd.tracing import Source

Elements = Mapping[str, Sequence[tuple[int, ...]]]  # elements by the name of the leaf
FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "page")
SCRIPTS = ("view.js", "layout.js", "camera.js", "page.js", "panel.js", "numbers.js", "player.js", "listen.js")
COMFORTABLE = 20  # boxes, beyond which groups are folded at first
COMFORTABLE_NUMBERS = 64  # the same in the graph of one number
MOST = 2500  # steps that a page holds
MAPPED = 150_000  # numbers in all heat maps together


def page(
    root: Any,
    names: Mapping[str, Any],
    wished: Elements,
    *,
    depth: int | None = None,
    unfold: Sequence[str] = (),
    zoom: str | None = None,
    max_nodes: int = 0,
    backward: bool = False,
) -> str:
    """The page for the graph behind a Value or a Tensor; `wished` are the elements of leaves that it opens.

    Other options of a picture make no difference here: a page has all zooms and the backward pass, and `MOST` nodes.
    """
    checked_zoom(root, zoom)
    tree = tree_behind(root, names, unfold)
    steps = tree.steps
    whole = _Graph(tree, depth, COMFORTABLE)
    rules = {_rule_name(step): rule for step in steps if (rule := rule_of(step.node) if step.node else None)}
    graph = whole.data() | {
        "rules": {name: {"says": r.says, "words": r.words, "rules": r.rules} for name, r in rules.items()},
        "elements": [
            {"leaf": whole.number[element.leaf], "name": element.name, "graph": _element_graph(element)}
            for element in opened(steps, _places(steps, wished))
            if element.leaf in whole.number
        ],
    }
    return filled("page.html", SCRIPTS, graph, title=html.escape(graph["title"]))


def filled(template: str, scripts: Iterable[str], data: Any, **parts: str) -> str:
    """A page of this body with its style, its scripts, the data for these, and the `parts` of HTML that it names."""
    script = "\n".join(['"use strict";', *map(_read, scripts)])
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
    return fill(_read(template), style=_read("style.css"), data=text, script=script, **parts)


def fill(template: str, /, **parts: str) -> str:
    """The head that all pages share, which forbids requests, and this body, with the parts in place of {names}."""
    text, *rest = (_read("head.html") + template).split("{")
    for piece in rest:
        name, _, after = piece.partition("}")
        text += parts[name] + after
    return text


def _places(steps: list[Step], wished: Elements) -> Iterator[tuple[int, tuple[int, ...]]]:
    """The leaves that are named, and the elements of each that are asked for."""
    leaves = {step.name: i for i, step in enumerate(steps) if step.kind == "leaf" and step.dtype is not None}
    for name, indices in wished.items():
        if name not in leaves:
            known = ", ".join(filter(None, leaves)) or "none with a name"
            raise ValueError(f"open: the graph has no leaf named {name!r}; its leaves are {known}")
        shape = steps[leaves[name]].shape
        for index in indices:
            if len(index) != len(shape) or not all(-n <= i < n for i, n in zip(index, shape)):
                raise ValueError(f"open: {name}[{', '.join(map(str, index))}] is out of range for shape {tuple(shape)}")
            yield leaves[name], tuple([i % n for i, n in zip(index, shape)])


def _element_graph(element: Element) -> dict[str, Any]:
    tree = Tree(element.steps, loops=False, stacks=False)
    graph = _Graph(tree, None, COMFORTABLE_NUMBERS, element.parts.__getitem__).data()
    says = (
        f"The derivative of the loss by {element.name} is {element.gradient:.6g}; each box says what part it carries."
    )
    return graph | {"title": element.name, "summary": says}


def _read(name: str) -> str:
    with open(os.path.join(FOLDER, name), encoding="utf-8") as file:
        return file.read()


class _Graph:
    """What the scripts of the page are given. Steps and groups are numbered anew, without those that are left out."""

    def __init__(self, tree: Tree, depth: int | None, comfortable: int, parts: Callable | None = None) -> None:
        self.tree, self.parts = tree, parts
        self.sources: dict[tuple[str, str], int] = {}
        self.view, _ = view_of(tree, depth, comfortable, MOST)
        steps = range(len(tree.steps))
        kept = [*steps] if len(steps) <= MOST else [i for i in steps if tree.stand[i] == i and not self._hidden(i)]
        self.kept = kept[-MOST:]
        groups = {group.number for i in self.kept for group in self._around(i)} | {tree.root.number}
        numbers = [*self.kept, *sorted(groups)]
        self.number = {old: new for new, old in enumerate(numbers)}
        self.groups = [tree.group(number) for number in sorted(groups)]

    def _around(self, step: int) -> Iterable[Group]:
        group: Group | None = self.tree.parents[step]
        while group is not None:
            yield group
            group = group.parent

    def _hidden(self, step: int) -> bool:
        return any(group.stand_in is not None for group in self._around(step))

    def data(self) -> dict[str, Any]:
        steps = self.tree.steps
        last = steps[-1]
        leaves = sum(step.kind == "leaf" for step in steps)
        count = sum(step.kind == "op" for step in steps)
        saved = Cost.total(step.cost for step in steps).saved
        summary = f"{count:,} operations on {leaves:,} leaves" + (f", which saved {byte_count(saved)}" if saved else "")
        left_out = len(steps) - len(self.kept)
        return {
            "title": last.name or (last.path[-1].name if last.path else step_title(last)) or "graph",
            "summary": summary + ".",
            "note": f"{left_out:,} of {len(steps):,} nodes are left out: repeats, and the oldest" if left_out else "",
            "root": self.number[self.tree.root.number],
            "open": [self.number[n] for n in sorted(self.view.open) if n in self.number],
            "steps": self._steps(),
            "more": self._more_edges(),
            "groups": [self._group(group) for group in self.groups],
            "sources": [*self.sources],
        }

    def _steps(self) -> list[dict[str, Any]]:
        oldest = min((i for i in self.kept if self.tree.steps[i].kind == "op"), default=0)
        parts = contributions(self.tree.steps, oldest, self.parts)
        side = max(6, min(24, math.isqrt(MAPPED // len(self.kept))))
        made = []
        for i in self.kept:
            step, stand = self.tree.steps[i], self.tree.stand
            source = step.record.source if step.record is not None else None
            operands = dict.fromkeys(self.number.get(j, self.number.get(stand[j])) for j in step.operands)
            is_number = step.dtype is None
            found = {
                "kind": step.kind,
                "name": short_name(step),
                "title": step_title(step),
                "lines": value_lines(step) if is_number else step_lines(step),
                "where": ".".join([call.name for call in step.path]),
                "group": self.number[self.tree.parents[i].number],
                "operands": [j for j in operands if j is not None],
                "shape": "" if is_number else shape_line(step),
                "bytes": step.bytes,
                "flow": None if step.grad is None else plain(_norm_of(step.grad)),
                "data": numbers(step.data, side),
                "grad": numbers(step.grad, side),
                "saved": [[name, f"{a.shape} {a.dtype}, {byte_count(a.nbytes)}"] for name, a in step.saved.items()],
                "kept": byte_count(step.cost.saved) if step.saved else "",
                "source": self._source(source) if source is not None else None,
                "op": _rule_name(step) if step.kind == "op" else "",
                "several": True if getattr(step.node, "index", None) is not None else None,
                "parts": [self._part(part._asdict()) for part in parts[i] if part.to in self.number],
            }
            made.append({name: x for name, x in found.items() if x is not None and x != "" and x != []})
        return made

    def _source(self, source: Source) -> int:
        """The number of a line of the program, which is written down once."""
        return self.sources.setdefault((str(source), source.text), len(self.sources))

    def _more_edges(self) -> list[tuple[int, int]]:
        """Edges into steps that are left out: they lead to the steps that stand for these."""
        found: dict[tuple[int, int], None] = {}
        if len(self.kept) < len(self.tree.steps):
            for step, stand in zip(self.tree.steps, self.tree.stand):
                for operand in step.operands:
                    if operand in self.number and stand in self.number and self.tree.steps[stand] is not step:
                        found[self.number[operand], self.number[stand]] = None
        return [*found]

    def _part(self, part: dict[str, Any]) -> dict[str, Any]:
        part["to"] = self.number[part["to"]]
        part["missing"] = [self.number[i] for i in part["missing"] if i in self.number]
        return {name: plain(x) if isinstance(x, float) else x for name, x in part.items() if x is not None}

    def _group(self, group: Group) -> dict[str, Any]:
        tree, number = self.tree, self.number
        kind = group.call.kind
        own = group.call.name if kind in ("function", "loop", group.call.name) else f"{group.call.name}: {kind}"
        return {
            "own": f"turn {group.call.number + 1} of the loop" if kind == "loop" else own,
            "title": group_title(tree, group),
            "figures": figure_lines(tree, group) if group.foldable and kind not in ("function", "loop") else (),
            "kind": kind,
            "parent": None if group.parent is None else number[group.parent.number],
            "standIn": None if group.stand_in is None else number.get(group.stand_in.number),
            "count": len(group.stack),
            "complete": all(member.number in number for member in group.stack),
            "children": [number[child] for child in group.children if child in number],
            "lines": group_lines(tree, group) if group.foldable else (),
        }


def _rule_name(step: Step) -> str:
    return step.node.op if isinstance(step.node, Value) else step.node.name


def _norm_of(grad: Any) -> float:
    return abs(float(grad)) if isinstance(grad, (float, Value)) else norm(grad)

"""A graph as one page, which folds, searches and plays the backward pass; it needs nothing but a browser."""

from __future__ import annotations

import html
import json
import math
import os
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from autograd.base import TensorBase
from autograd.costs import Cost
from autograd.draw.flow import contributions
from autograd.draw.fold import Group, Tree
from autograd.draw.labels import group_lines, group_title, short_name, step_lines, step_title, value_lines
from autograd.draw.picture import LOOPS, checked_zoom
from autograd.draw.rules import rule_of
from autograd.draw.steps import Step, steps_behind
from autograd.draw.view import view_of
from autograd.draw.words import byte_count, norm
from autograd.scalar import Value

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "page")
SCRIPTS = ("view.js", "layout.js", "page.js", "panel.js", "player.js")
COMFORTABLE = 20  # boxes, beyond which groups are folded at first
MOST = 2500  # steps that a page holds
BARS = 24  # of a histogram
SAMPLE = 50_000  # numbers, at even distances, that a histogram is made of


def page(root: Any, names: Mapping[str, Any], zoom: str | None, depth: int | None) -> str:
    """The page for the graph behind a Value or a Tensor."""
    zoom = checked_zoom(root, zoom)
    steps = steps_behind(root, names)
    tree = Tree(steps, loops=len(steps) > LOOPS)
    graph = _Graph(tree, zoom, depth).data()
    files = {name: _read(name) for name in ("page.html", "style.css", *SCRIPTS)}
    data = json.dumps(graph, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
    parts = {
        "title": html.escape(graph["title"]),
        "style": files["style.css"],
        "data": data,
        "script": "\n".join(['"use strict";', *(files[name] for name in SCRIPTS)]),
    }
    text, *rest = files["page.html"].split("{")
    for piece in rest:
        name, _, after = piece.partition("}")
        text += parts[name] + after
    return text


def _read(name: str) -> str:
    with open(os.path.join(FOLDER, name), encoding="utf-8") as file:
        return file.read()


class _Graph:
    """What the scripts of the page are given. Steps and groups are numbered anew, without those that are left out."""

    def __init__(self, tree: Tree, zoom: str, depth: int | None) -> None:
        self.tree, self.zoom = tree, zoom
        self.view, _ = view_of(tree, depth, COMFORTABLE, MOST)
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
        ops = {self._rule_name(step): rule for step in steps if (rule := rule_of(step.node) if step.node else None)}
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
            "ops": {
                name: {"says": rule.says, "words": rule.words, "rules": [list(one) for one in rule.rules]}
                for name, rule in ops.items()
            },
        }

    @staticmethod
    def _rule_name(step: Step) -> str:
        return step.node.op if isinstance(step.node, Value) else step.node.name

    def _steps(self) -> list[dict[str, Any]]:
        oldest = min((i for i in self.kept if self.tree.steps[i].kind == "op"), default=0)
        parts = contributions(self.tree.steps, oldest)
        made = []
        for i in self.kept:
            step = self.tree.steps[i]
            record = step.record
            where = ".".join([call.name for call in step.path])
            source = record.source if record is not None else None
            title = step_title(step)
            stand = self.tree.stand
            operands = dict.fromkeys(self.number.get(j, self.number.get(stand[j])) for j in step.operands)
            made.append(
                {
                    "kind": step.kind,
                    "name": short_name(step),
                    "title": title,
                    "words": f"{title} {step.name} {step.title} {where}".lower(),
                    "lines": value_lines(step) if step.dtype is None else step_lines(step),
                    "where": where,
                    "group": self.number[self.tree.parents[i].number],
                    "operands": [j for j in operands if j is not None],
                    "shape": f"{tuple(step.shape)} {step.dtype}" if step.dtype is not None else "",
                    "bytes": step.bytes,
                    "flow": None if step.grad is None else _plain(_norm_of(step.grad)),
                    "data": _numbers(step.data),
                    "grad": _numbers(step.grad),
                    "saved": [[name, f"{a.shape} {a.dtype}, {byte_count(a.nbytes)}"] for name, a in step.saved.items()],
                    "source": str(source) if source else "",
                    "line": source.text if source else "",
                    "op": self._rule_name(step) if step.kind == "op" else "",
                    "parts": [self._part(part._asdict()) for part in parts[i] if part.to in self.number],
                }
            )
        return made

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
        return {name: _plain(x) if isinstance(x, float) else x for name, x in part.items() if x is not None}

    def _group(self, group: Group) -> dict[str, Any]:
        tree, number = self.tree, self.number
        kind = group.call.kind
        own = group.call.name if kind in ("function", "loop", group.call.name) else f"{group.call.name}: {kind}"
        return {
            "own": f"turn {group.call.number + 1} of the loop" if kind == "loop" else own,
            "title": group_title(tree, group),
            "opened": group_title(tree, group, is_open=True),
            "kind": kind,
            "parent": None if group.parent is None else number[group.parent.number],
            "standIn": None if group.stand_in is None else number.get(group.stand_in.number),
            "count": len(group.stack),
            "complete": all(member.number in number for member in group.stack),
            "children": [number[child] for child in group.children if child in number],
            "lines": group_lines(tree, group),
        }


def _norm_of(grad: Any) -> float:
    return abs(float(grad)) if isinstance(grad, (float, Value)) else norm(grad)


def _plain(x: float) -> float | str:
    """A number as JSON has it; nan and infinities as text."""
    return float(f"{x:.6g}") if math.isfinite(x) else str(x)


def _numbers(data: Any) -> dict[str, Any] | None:
    """The numbers of a small array, or the range, mean, norm and histogram of a large one."""
    if data is None:
        return None
    array = np.asarray(float(data) if isinstance(data, Value) else data.array if isinstance(data, TensorBase) else data)
    if array.dtype.kind == "c":
        array = np.abs(array)
    flat = array.ravel()
    if array.size <= 12:
        return {"numbers": [_plain(float(x)) for x in flat.tolist()]}
    sample = flat[:: -(-array.size // SAMPLE)].astype(np.float64)
    finite = np.isfinite(sample)
    strange = int((~finite).sum())
    sample = sample[finite] if strange else sample
    found: dict[str, Any] = {"strange": strange}
    if len(sample):
        lowest, highest = float(flat.min()), float(flat.max())
        if not math.isfinite(lowest + highest):
            lowest, highest = float(sample.min()), float(sample.max())
        found |= {"min": _plain(lowest), "max": _plain(highest), "mean": _plain(float(sample.mean()))}
        found["norm"] = _plain(float(np.linalg.norm(sample)) * math.sqrt(array.size / len(sample)))
        found["bars"] = np.histogram(sample, BARS, (lowest, highest))[0].tolist()
        found["of"] = f"{len(sample):,} of {array.size:,}" if len(sample) < array.size else f"{array.size:,} numbers"
    return found

"""What the boxes of a picture say of steps and groups."""

from __future__ import annotations

import math
import re
from textwrap import wrap

import numpy as np

from autograd.base import TensorBase
from autograd.costs import Cost
from autograd.draw.fold import Group, Tree, stack_name
from autograd.draw.rules import rule_of
from autograd.draw.steps import Step
from autograd.draw.words import LONGEST, amount, byte_count, cut, norm, number, short, summary

ASSIGNS_IN_PLACE = re.compile(r"[\w.\[\]]+ [-+*/@%&|^]{1,2}= ")


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
    """The figures of a group, how many operations are in it, and what comes out."""
    inside = tree.steps_in(group)
    count, last = sum(tree.steps[i].kind == "op" for i in inside), tree.steps[max(inside)]
    what = "number" if last.says else "operation"
    lines = [] if group.call.kind == "function" else [f"{count:,} {what}{'s' * (count != 1)}{_each(group)}"]
    computes, memory = _figures(tree, group)
    if last.dtype is not None:
        computes += [shape_line(last), *data_lines(last)]
    elif last.says and last.data is not None:
        computes += value_lines(last)
    return (*lines, *computes, *memory)


def figure_lines(tree: Tree, group: Group) -> tuple[str, ...]:
    """The parameters of a group, what its operations multiply, and what they keep, as `nn.summary` counts it."""
    computes, memory = _figures(tree, group)
    return (*computes, *memory)


def _figures(tree: Tree, group: Group) -> tuple[list[str], list[str]]:
    inside = tree.steps_in(group)
    if tree.steps[inside[-1]].dtype is None:
        return [], []  # numbers, which cost next to nothing
    leaves = {j for i in inside for j in (i, *tree.steps[i].operands) if tree.steps[j].kind == "leaf"}
    parameters = sum(math.prod(tree.steps[i].shape) for i in leaves)
    cost = Cost.total(tree.steps[i].cost for i in inside if tree.steps[i].kind == "op")
    computes = [f"{amount(n)} {what}" for n, what in ((parameters, "parameters"), (cost[0], "multiply-adds")) if n]
    memory = [f"{what} {byte_count(n)}" for what, n in zip(("activations", "saved"), cost[1:]) if n]
    return [", ".join(computes)] * bool(computes), [", ".join(memory)] * bool(memory)


def _each(group: Group) -> str:
    return " each" if len(group.stack) > 1 else ""


def shape_line(step: Step) -> str:
    """The shape of a tensor, with the names of its axes as far as they are known, and its dtype."""
    if not step.axes:
        return f"{tuple(step.shape)} {step.dtype}"
    sizes = [f"{name}={n}" if name else str(n) for name, n in zip(step.axes, step.shape)]
    return f"({', '.join(sizes)}{',' * (len(sizes) == 1)}) {step.dtype}"


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
    return (*value_lines(step), *([f"saved {byte_count(step.cost.saved)}"] if step.cost.saved else []))


def rule_lines(step: Step) -> tuple[str, ...]:
    """The gradient of a tensor, the rules that make those of its operands, and what they saved.

    Where a rule is too long for a box, a sentence says what the rules do.
    """
    lines: list[str] = []
    if step.kind == "op" and (rule := rule_of(step.node)) is not None:
        op, parents = step.joint.op, step.joint.parents
        idle = {arg for arg, parent in zip(getattr(op, "args", ()), parents) if parent is None}
        lines = [f"d {arg} = {formula}" for arg, formula in rule.rules if arg not in idle]
        if any(cut(line) != line for line in lines):
            lines = wrap(rule.words, LONGEST)
    lines += [cut(f"saved {name} {a.shape}, {byte_count(a.nbytes)}") for name, a in step.saved.items()]
    return (shape_line(step), *data_lines(step)[step.data is not None :], *lines)


def value_lines(step: Step) -> tuple[str, ...]:
    """Data and gradient, as people know them from micrograd's notebooks; of a tensor also its shape and dtype."""
    if step.dtype is None:
        pairs = (("data", step.data), ("grad", step.grad))
        return (*[f"{what} {number(x)}" for what, x in pairs if x is not None], *step.says)
    return shape_line(step), *data_lines(step)


def tip(step: Step) -> str:
    """Where in the user's program the node was made, as far as a trace knows."""
    record = step.record
    places = (record.module, record.source) if record is not None else ()
    return "\n".join(str(place) for place in places if place)

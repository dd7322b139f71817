"""What each step contributes to the gradients of its operands, in the order of a backward walk."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from autograd.base import TensorBase
from autograd.draw.steps import Step
from autograd.draw.words import norm
from autograd.errors import GraphError
from autograd.graph import FREED, Node, Part, check_saved, unbroadcast
from autograd.scalar import Value

NAMED = 8  # steps that are still to come, by name


class Contribution(NamedTuple):
    """What a step adds to the gradient of the step `to`: numbers, or norms of arrays.

    For a number it is `upstream` times `local`; these are None for arrays. `before` and `after` are the gradient
    without and with it, `later` says how many steps will add to it after this one, and `missing` which are the next.
    """

    to: int
    value: float
    upstream: float | None
    local: float | None
    before: float
    after: float
    later: int
    missing: tuple[int, ...]


def contributions(steps: list[Step], oldest: int = 0) -> list[list[Contribution]]:
    """For each step from the number `oldest` on, what it contributes; empty where that is not known."""
    found: list[list[Contribution]] = [[] for _ in steps]
    users: list[list[int]] = [[] for _ in steps]
    joints: set[Node] = set()
    for i, step in enumerate(steps):
        if getattr(step.node, "index", None) is not None:
            if step.node.parents[0] in joints:
                continue
            joints.add(step.node.parents[0])
        for operand in step.operands:  # of several outputs the oldest contributes, for all of them
            users[operand].append(i)
    totals: dict[int, Any] = {}
    outputs: dict[Node, list[Any]] = {}
    place = {step.node: i for i, step in enumerate(steps) if step.node is not None}
    for i in reversed(range(oldest, len(steps))):
        step = steps[i]
        if step.kind != "op" or step.grad is None:
            continue
        for node, g, local in _parts(step, outputs):
            to = place[node]
            users[to].pop()  # which is i: the newest come first
            before = totals.pop(to, None)
            total = g if before is None else before + g
            if users[to]:
                totals[to] = total
            upstream = float(step.grad) if local is not None else None
            missing = tuple(dict.fromkeys(users[to][: -NAMED - 1 : -1]))
            sizes = _size(g), upstream, local, _size(before), _size(total)
            found[i].append(Contribution(to, *sizes, len(users[to]), missing))
    return found


def _size(g: Any) -> float:
    """A number itself, the norm of an array."""
    if g is None:
        return 0.0
    return norm(g) if isinstance(g, np.ndarray) and g.size != 1 else float(np.real(g).item() if np.ndim(g) else g)


def _parts(step: Step, outputs: dict[Node, list[Any]]) -> list[tuple[Any, Any, float | None]]:
    """(operand, what it gets, local derivative of a number) of a step."""
    node = step.node
    if isinstance(node, Value):
        local = [float(partial) for partial in node.partials]
        return [(parent, float(node.grad) * d, d) for parent, d in zip(node.parents, local)]
    record, g = step.record, step.grad
    if record is None or record.saved is FREED:
        return []
    g = g.array if isinstance(g, TensorBase) else g
    joint = node if node.index is None else node.parents[0]
    if node.index is not None:  # the oldest output, which comes last, has them all
        gradients = outputs.setdefault(joint, [None] * len(joint.outputs))
        gradients[node.index] = g
        if any(output is None for output in gradients[: node.index]):
            return []
        g = gradients
    twin = Node(joint.op, joint.parents, record.saved, joint.shape, joint.dtype, outputs=joint.outputs)
    twin.order = joint.order
    try:
        check_saved(twin)
    except GraphError:  # changed in place since
        return []
    with np.errstate(all="ignore"):
        parts = [*zip(joint.parents, joint.op.vjp(twin, g, None, False))]
    return [(parent, _shaped(part, parent, joint.name), None) for parent, part in parts if parent and part is not None]


def _shaped(part: Any, parent: Node, name: str) -> np.ndarray:
    if isinstance(part, Part):
        total = np.zeros(parent.shape, parent.dtype)
        part.add(total, part.g)
        return total
    return unbroadcast(part, parent.shape, name)

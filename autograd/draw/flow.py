"""What each step contributes to the gradients of its operands, in the order of a backward walk."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import numpy as np

from autograd.base import TensorBase
from autograd.draw.steps import Step
from autograd.draw.words import norm
from autograd.errors import GraphError
from autograd.flows import pull
from autograd.graph import FREED, Node, check_saved
from autograd.scalar import Value

NAMED = 8  # steps that are still to come, by name


class Contribution(NamedTuple):
    """What a step adds to the gradient of the step `to`, its operand `arg`: numbers, or norms of arrays.

    For a number it is `upstream` times `local`; these are None for arrays. `before` and `after` are the gradient
    without and with it, `later` says how many steps will add to it after this one, and `missing` which are the next.
    """

    to: int
    arg: str
    value: float
    upstream: float | None
    local: float | None
    before: float
    after: float
    later: int
    missing: tuple[int, ...]


Part = tuple[int, Any, str, float | None]  # an operand, what it gets, which argument it is, and its local derivative


def contributions(
    steps: list[Step], oldest: int = 0, parts: Callable[[int], Iterable[Part]] | None = None
) -> list[list[Contribution]]:
    """For each step from the number `oldest` on, what it contributes; empty where that is not known.

    `parts` gives it for the number of a step; by default the rules of the operations are asked.
    """
    found: list[list[Contribution]] = [[] for _ in steps]
    users: list[list[int]] = [[] for _ in steps]
    joints: set[Node] = set()
    for i, step in enumerate(steps):
        if parts is None and getattr(step.node, "index", None) is not None:
            if step.node.parents[0] in joints:
                continue
            joints.add(step.node.parents[0])
        for operand in step.operands:  # of several outputs the oldest contributes, for all of them
            users[operand].append(i)
    totals: dict[int, Any] = {}
    parts = parts or _rules(steps)
    for i in reversed(range(oldest, len(steps))):
        step = steps[i]
        for to, g, arg, local in parts(i):
            users[to].pop()  # which is i: the newest come first
            before = totals.pop(to, None)
            total = g if before is None else before + g
            if users[to]:
                totals[to] = total
            upstream = float(step.grad) if local is not None else None
            missing = tuple(dict.fromkeys(users[to][: -NAMED - 1 : -1]))
            sizes = _size(g), upstream, local, _size(before), _size(total)
            found[i].append(Contribution(to, arg, *sizes, len(users[to]), missing))
    return found


def _size(g: Any) -> float:
    """A number itself, the norm of an array."""
    if g is None:
        return 0.0
    return norm(g) if isinstance(g, np.ndarray) and g.size != 1 else float(np.real(g).item() if np.ndim(g) else g)


def _rules(steps: list[Step]) -> Callable[[int], Iterable[Part]]:
    """The parts of each step as the rules of the operations give them; steps are asked newest first."""
    outputs: dict[Node, list[Any]] = {}
    place = {step.node: i for i, step in enumerate(steps) if step.node is not None}

    def parts(i: int) -> list[Part]:
        step = steps[i]
        if step.kind != "op" or step.grad is None:
            return []
        node = step.node
        if isinstance(node, Value):
            pairs = enumerate(zip(node.parents, map(float, node.partials)))
            return [(place[parent], float(node.grad) * d, "ab"[n : n + 1], d) for n, (parent, d) in pairs]
        if (joint := recorded(step)) is None:
            return []
        g = step.grad.array if isinstance(step.grad, TensorBase) else step.grad
        if node.index is not None:  # the oldest output, which comes last, has them all
            gradients = outputs.setdefault(node.parents[0], [None] * len(joint.outputs or ()))
            gradients[node.index] = g
            if any(output is None for output in gradients[: node.index]):
                return []
            g = gradients
        with np.errstate(all="ignore"):
            return [(place[parent], part, arg, None) for parent, part, arg in pull(joint, g, joint.parents)]

    return parts


def recorded(step: Step) -> Node | None:
    """The node of the operation of a step, with what its trace saw it save: a walk may have freed that since.

    None where that is not known, or was changed in place since.
    """
    if step.record is None or step.record.saved is FREED:
        return None
    node = step.joint
    twin = Node(node.op, node.parents, step.record.saved, node.shape, node.dtype, outputs=node.outputs)
    twin.order = node.order
    try:
        check_saved(twin)
    except GraphError:
        return None
    return twin

"""Finds where a nan or an infinity began, before it reaches the weights."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from autograd import Tensor
from autograd.generator import default_generator
from autograd.graph import Node
from autograd.tracing import trace
from nn.module import Module


class NonFiniteError(ArithmeticError):
    """A number in training is not finite; `step`, `layer` and `parameter` say where that began."""

    def __init__(self, finding: str, step: int, layer: str = "", parameter: str | None = None) -> None:
        advice = "Try a lower learning rate, a longer warm-up or gradient clipping"
        super().__init__(f"step {step}: {finding}. {advice}.")
        self.step, self.layer, self.parameter = step, layer, parameter


class Guard:
    """Remembers the batches of a step, to repeat it and find the operation where its numbers stopped being finite."""

    def __init__(self, model: Module, loss: Callable[[Any, Any], Tensor]) -> None:
        self.model, self.loss = model, loss
        self.seen: list[tuple[Any, Any]] = []  # each batch with the state of the random numbers that followed it

    def watch(self, batches: Iterable[Any]) -> Iterator[Any]:
        """The batches of one step, which are remembered until the next one."""
        self.seen = []
        for batch in batches:
            self.seen.append((batch, default_generator.get_state()))
            yield batch

    def check(self, step: int, loss: float, grad_norm: float) -> None:
        """Raise NonFiniteError if the loss of a step or the norm of its gradient is not finite."""
        if math.isfinite(loss) and math.isfinite(grad_norm):
            return
        for name, parameter in self.model.named_parameters():
            if kind := _kind(parameter.array):
                finding = f"the parameter {name} has contained {kind} since the last update"
                raise NonFiniteError(finding, step, name.rpartition(".")[0], name)
        for batch, state in self.seen:
            default_generator.set_state(state)
            self._repeat(step, batch)
        raise NonFiniteError("the loss or its gradient is not finite", step)

    def _repeat(self, step: int, batch: Any) -> None:
        """Compute the loss of a batch and its gradient again, and raise the error for what is not finite in them."""
        with np.errstate(all="ignore"), trace() as seen:
            loss = self.loss(self.model, batch)
            self.model.zero_grad()
            loss.backward()
        if kind := _kind(loss.array):
            what, node = "output", _forward_origin(loss.node)
        else:
            what, (node, kind) = "gradient", _backward_origin(seen.nodes)
        if node is not None:
            layer, parameter = node.record.module.partition(".")[2], self._nearest_parameter(node)
            nearest = f"; the nearest parameter is {parameter}" if parameter else ""
            place = f"{layer or 'the loss'} (operation {node.name})"
            raise NonFiniteError(f"the {what} first becomes {kind} in {place}{nearest}", step, layer, parameter)

    def _nearest_parameter(self, node: Node) -> str | None:
        """The parameter that the operation uses, or else the nearest one before it."""
        names = {parameter.node: name for name, parameter in self.model.named_parameters()}
        found = [node]
        for earlier in found:
            for parent in filter(None, earlier.parents):
                if parent in names:
                    return names[parent]
                if parent not in found:
                    found.append(parent)
        return None


def _kind(array: Any) -> str:
    """What the array contains that is not finite: "nan" if there is one, otherwise "inf", or "" for nothing."""
    if not isinstance(array, np.ndarray) or array.dtype.kind != "f" or np.isfinite(array).all():
        return ""
    return "nan" if np.isnan(array).any() else "inf"


def _recorded(node: Node) -> Iterator[Node]:
    """The node itself, or, if it has no record (as that of a Function), the nearest ones before it that have one."""
    if node.record is not None:
        yield node
    else:
        for parent in filter(None, node.parents):
            yield from _recorded(parent)


def _forward_origin(node: Node | None) -> Node | None:
    """From a result that is not finite back to the operation whose own operands are finite."""
    node = next(_recorded(node), None) if node is not None else None
    while node is not None:
        before = (found for operand in filter(None, node.operands) for found in _recorded(operand))
        earlier = next((found for found in before if _kind(found.record.out)), None)
        if earlier is None:
            break
        node = earlier
    return node


def _backward_origin(nodes: list[Node]) -> tuple[Node | None, str]:
    """The operation that made nan or an infinity of a finite upstream gradient, and "nan" or "inf"."""
    users = Counter(operand for node in nodes for operand in node.operands)
    for node in reversed(nodes):
        if node.record.grad is None or _kind(node.record.grad):
            continue
        for operand in filter(None, node.operands):
            gradients = [found.record.grad for found in _recorded(operand)]
            if operand.op is None and users[operand] == 1:  # of several users, a leaf has only the sum of the gradients
                gradients = [getattr(operand.grad, "array", None)]
            for kind in filter(None, map(_kind, gradients)):
                return node, kind
    return next(((node, kind) for node in reversed(nodes) if (kind := _kind(node.record.grad))), (None, ""))

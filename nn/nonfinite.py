"""Finds where a nan or an infinity began, before it reaches the weights."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any

import numpy as np

from autograd import Tensor
from autograd.generator import default_generator
from autograd.graph import Node
from autograd.tracing import trace
from nn.module import Module


class NonFiniteError(ArithmeticError):
    """A number in training is not finite; `step`, `layer` and `parameter` say where that began."""

    def __init__(self, message: str, step: int, layer: str, parameter: str | None) -> None:
        super().__init__(message)
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
        for batch, state in self.seen:
            default_generator.set_state(state)
            error = find(self.model, partial(self.loss, self.model, batch), step)
            if error is not None:
                raise error
        raise NonFiniteError(f"step {step}: the loss or its gradient is not finite", step, "", None)


def find(model: Module, compute_loss: Callable[[], Tensor], step: int) -> NonFiniteError | None:
    """The error for what is not finite in the model, in `compute_loss()` or in its gradients; None if all is finite."""
    names = {parameter.node: name for name, parameter in model.named_parameters()}
    for name, parameter in model.named_parameters():
        if kind := _kind(parameter.array):
            layer = name.rpartition(".")[0]
            return _error(step, f"the parameter {name} has contained {kind} since the last update", layer, name)
    with np.errstate(all="ignore"), trace() as seen:
        loss = compute_loss()
        model.zero_grad()
        loss.backward()
    if kind := _kind(loss.array):
        origin = next(_recorded(loss.node), None) if loss.node else None
        return None if origin is None else _report(step, "the output", kind, _forward_origin(origin), names)
    wrong = _backward_origin(seen.nodes)
    return None if wrong is None else _report(step, "the gradient", wrong[1], wrong[0], names)


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


def _forward_origin(node: Node) -> Node:
    """From a result that is not finite back to the operation whose own operands are finite."""
    while True:
        before = (found for operand in filter(None, node.operands) for found in _recorded(operand))
        earlier = next((found for found in before if _kind(found.record.out)), None)
        if earlier is None:
            return node
        node = earlier


def _backward_origin(nodes: list[Node]) -> tuple[Node, str] | None:
    """The operation that made an infinity or nan of a finite upstream gradient, and which of them."""
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
    return next(((node, kind) for node in reversed(nodes) if (kind := _kind(node.record.grad))), None)


def _nearest_parameter(node: Node, names: dict[Node | None, str]) -> str | None:
    """The parameter that the operation uses, or else the nearest one before it."""
    found = [node]
    for earlier in found:
        for parent in filter(None, earlier.parents):
            if parent in names:
                return names[parent]
            if parent not in found:
                found.append(parent)
    return None


def _report(step: int, what: str, kind: str, node: Node, names: dict[Node | None, str]) -> NonFiniteError:
    layer = node.record.module.partition(".")[2]
    parameter = _nearest_parameter(node, names)
    nearest = f"; the nearest parameter is {parameter}" if parameter else ""
    finding = f"{what} first becomes {kind} in {layer or 'the loss'} (operation {node.name}){nearest}"
    return _error(step, finding, layer, parameter)


def _error(step: int, finding: str, layer: str, parameter: str | None) -> NonFiniteError:
    advice = "Try a lower learning rate, a longer warm-up or gradient clipping"
    return NonFiniteError(f"step {step}: {finding}. {advice}.", step, layer, parameter)

"""Finds where a nan or an infinity began, before it reaches the weights."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from autograd import Tensor
from autograd.anomaly import AnomalyError, Origin, detect_anomaly, kind_of
from autograd.blame import Reach, too_large
from autograd.generator import default_generator
from autograd.graph import Node
from nn.module import Module


class NonFiniteError(AnomalyError):
    """A number in training is not finite; `step`, `layer` and `parameter` say where that began, `origin` all that is
    known of the operation."""

    def __init__(
        self, finding: str, step: int, layer: str = "", parameter: str | None = None, origin: Origin | None = None
    ) -> None:
        advice = (
            ""
            if origin or "remedy" in finding
            else ". Try a lower learning rate, a longer warm-up or gradient clipping."
        )
        super().__init__(f"step {step}: {finding}{advice}", origin)
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
            if kind := kind_of(parameter):
                finding = f"the parameter {name} has contained {kind} since the last update"
                raise NonFiniteError(finding, step, name.rpartition(".")[0], name)
        for batch, state in self.seen:
            default_generator.set_state(state)
            self._repeat(step, batch)
        if math.isfinite(loss):
            self._check_size(step)
        raise NonFiniteError("the loss or its gradient is not finite", step)

    def _check_size(self, step: int) -> None:
        """Raise the error for gradients that are finite, and too large for the sum of their squares."""
        gradients = {name: p.grad for name, p in self.model.named_parameters() if p.grad is not None and p.grad.numel()}
        largest = {name: float(np.abs(g.array).max()) for name, g in gradients.items()}
        if (name := max(largest, key=lambda name: largest[name], default="")) and largest[name] > 1e15:
            weights = {name: float(np.abs(p.array).max()) for name, p in self.model.named_parameters() if p.numel()}
            grown = max(weights, key=lambda name: weights[name])
            what = f"the gradient of {name} reaches {largest[name]:.2g}, too large for a norm in float32"
            cause = too_large(what, Reach(f"the parameter {grown}", weights[grown], 0.0))
            finding = f"{cause.reason}\n  remedy: {cause.remedy}"
            raise NonFiniteError(finding, step, name.rpartition(".")[0], name)

    def _repeat(self, step: int, batch: Any) -> None:
        """Compute the loss of a batch and its gradient again, and raise the error for what is not finite in them."""
        try:
            with np.errstate(all="ignore"), detect_anomaly():
                loss = self.loss(self.model, batch)
                self.model.zero_grad()
                loss.backward()
        except AnomalyError as error:
            origin = error.origin
            if origin is None:
                raise NonFiniteError(str(error), step) from error
            parameter = self._nearest_parameter(origin.node)
            nearest = f"\n  nearest parameter: {parameter}" if parameter else ""
            raise NonFiniteError(f"{origin}{nearest}", step, origin.layer, parameter, origin) from None

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

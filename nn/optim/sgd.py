"""Stochastic gradient descent."""

from __future__ import annotations

import numpy as np

from autograd import as_tensor
from nn.optim.optimizer import Group, Optimizer, Params, State, settings, with_decay

__all__ = ["SGD"]


class SGD(Optimizer):
    """param -= lr (grad + weight_decay param), or lr b with momentum, b = momentum b + (1 - dampening) grad.

    `nesterov` steps along grad + momentum b (Sutskever et al. 2013).
    """

    non_negative = ("lr", "momentum", "weight_decay")

    def __init__(
        self,
        params: Params,
        lr: float = 1e-3,
        momentum: float = 0.0,
        dampening: float = 0.0,
        weight_decay: float = 0.0,
        nesterov: bool = False,
        *,
        maximize: bool = False,
        foreach: bool | None = None,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        super().__init__(params, settings(locals()))

    def check(self, group: Group) -> None:
        """Raise ValueError for negative settings, and for nesterov without momentum or with dampening."""
        super().check(group)
        if group["nesterov"] and (group["momentum"] <= 0 or group["dampening"] != 0):
            raise ValueError("nesterov=True needs momentum above 0 and dampening=0")

    def update(self, param: np.ndarray, grad: np.ndarray, state: State, group: Group) -> None:
        """One step of one array."""
        grad = with_decay(grad, param, group["weight_decay"])
        if momentum := group["momentum"]:
            if "momentum_buffer" in state:
                buffer = state["momentum_buffer"].array
                buffer *= momentum
                buffer += (1 - group["dampening"]) * grad
            else:
                buffer = grad.copy()
                state["momentum_buffer"] = as_tensor(buffer)
            grad = grad + momentum * buffer if group["nesterov"] else buffer
        param -= group["lr"] * grad

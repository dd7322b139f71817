"""Stochastic gradient descent, its average, and Rprop."""

from __future__ import annotations

import numpy as np

from autograd import as_tensor
from nn.optim.optimizer import Group, Optimizer, Params, State, count_step, settings, slot, with_decay

__all__ = ["ASGD", "SGD", "Rprop"]


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


class ASGD(Optimizer):
    """SGD whose iterates are averaged, in the state's "ax", from step t0 on (Polyak and Juditsky 1992)."""

    non_negative = ("lr", "weight_decay")

    def __init__(
        self,
        params: Params,
        lr: float = 1e-2,
        lambd: float = 1e-4,
        alpha: float = 0.75,
        t0: float = 1e6,
        weight_decay: float = 0.0,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
        capturable: bool = False,
    ) -> None:
        super().__init__(params, settings(locals()))

    def update(self, param: np.ndarray, grad: np.ndarray, state: State, group: Group) -> None:
        lr, lambd = group["lr"], group["lambd"]
        grad = with_decay(grad, param, group["weight_decay"])
        eta, mu = (float(number) for number in (state.get("eta") or lr, state.get("mu") or 1.0))
        t, average = count_step(state), slot(state, "ax", param)
        param *= 1 - lambd * eta
        param -= eta * grad
        average += mu * (param - average)
        state["eta"] = lr / (1 + lambd * lr * t) ** group["alpha"]
        state["mu"] = 1 / max(1.0, t - group["t0"])


class Rprop(Optimizer):
    """A step size for each element, which grows while its gradient keeps its sign (Riedmiller and Braun 1993)."""

    non_negative = ("lr",)

    def __init__(
        self,
        params: Params,
        lr: float = 1e-2,
        etas: tuple[float, float] = (0.5, 1.2),
        step_sizes: tuple[float, float] = (1e-6, 50),
        *,
        capturable: bool = False,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        super().__init__(params, settings(locals()))

    def check(self, group: Group) -> None:
        """Raise ValueError unless 0 < etas[0] < 1 < etas[1]."""
        super().check(group)
        if not 0 < group["etas"][0] < 1 < group["etas"][1]:
            raise ValueError(f"etas must be a number below 1 and one above 1, got {group['etas']}")

    def update(self, param: np.ndarray, grad: np.ndarray, state: State, group: Group) -> None:
        """One step of one array; where the gradient changed its sign, none, and the next counts as the first."""
        count_step(state)
        before, size = slot(state, "prev", param), slot(state, "step_size", param, group["lr"])
        turned = np.sign(grad * before)
        size *= np.select([turned > 0, turned < 0], group["etas"][::-1], 1.0).astype(param.dtype)
        np.clip(size, *group["step_sizes"], out=size)
        before[...] = np.where(turned < 0, 0, grad)
        param -= np.sign(before) * size

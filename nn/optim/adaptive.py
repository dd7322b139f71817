"""RMSprop, Adagrad and Adadelta: each divides by an average of squared gradients."""

from __future__ import annotations

import numpy as np

from autograd import tensor
from nn.optim.optimizer import (
    Group,
    Optimizer,
    Params,
    State,
    as_real,
    count_step,
    moving_average_,
    settings,
    slot,
    with_decay,
)

__all__ = ["Adadelta", "Adagrad", "RMSprop"]


class RMSprop(Optimizer):
    """lr grad / (sqrt(average of grad^2) + eps) (Tieleman and Hinton 2012); `centered` takes the variance instead."""

    non_negative = ("lr", "alpha", "eps", "weight_decay", "momentum")

    def __init__(
        self,
        params: Params,
        lr: float = 1e-2,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        momentum: float = 0.0,
        centered: bool = False,
        capturable: bool = False,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        super().__init__(params, settings(locals()))

    def update(self, param: np.ndarray, grad: np.ndarray, state: State, group: Group) -> None:
        alpha = group["alpha"]
        count_step(state)
        grad = with_decay(grad, param, group["weight_decay"])
        square = slot(state, "square_avg", param)
        moving_average_(square, grad * grad, alpha)
        if group["centered"]:
            mean = slot(state, "grad_avg", param)
            moving_average_(mean, grad, alpha)
            root = np.sqrt(square - mean * mean)
        else:
            root = np.sqrt(square)
        step = grad / (root + group["eps"])
        if momentum := group["momentum"]:
            buffer = slot(state, "momentum_buffer", param)
            buffer *= momentum
            buffer += step
            step = buffer
        param -= group["lr"] * step


class Adagrad(Optimizer):
    """lr / (1 + (step - 1) lr_decay) times grad / (sqrt(sum of grad^2) + eps) (Duchi et al. 2011)."""

    non_negative = ("lr", "lr_decay", "eps", "weight_decay", "initial_accumulator_value")

    def __init__(
        self,
        params: Params,
        lr: float = 1e-2,
        lr_decay: float = 0.0,
        weight_decay: float = 0.0,
        initial_accumulator_value: float = 0.0,
        eps: float = 1e-10,
        foreach: bool | None = None,
        *,
        maximize: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        super().__init__(params, settings(locals()))
        for group in self.param_groups:  # as in torch, the state is there before the first step
            for param in group["params"]:
                self.state[param]["step"] = tensor(0.0)
                slot(self.state[param], "sum", as_real(param.array), group["initial_accumulator_value"])

    def update(self, param: np.ndarray, grad: np.ndarray, state: State, group: Group) -> None:
        grad = with_decay(grad, param, group["weight_decay"])
        total = slot(state, "sum", param, group["initial_accumulator_value"])
        total += grad * grad
        lr = group["lr"] / (1 + (count_step(state) - 1) * group["lr_decay"])
        param -= lr * grad / (np.sqrt(total) + group["eps"])


class Adadelta(Optimizer):
    """grad scaled by rms(earlier steps) / rms(gradients), times lr (Zeiler 2012, algorithm 1)."""

    non_negative = ("lr", "eps", "weight_decay")

    def __init__(
        self,
        params: Params,
        lr: float = 1.0,
        rho: float = 0.9,
        eps: float = 1e-6,
        weight_decay: float = 0.0,
        foreach: bool | None = None,
        *,
        capturable: bool = False,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        super().__init__(params, settings(locals()))

    def check(self, group: Group) -> None:
        """Raise ValueError unless rho is in [0, 1] and no other setting is negative."""
        super().check(group)
        if not 0 <= group["rho"] <= 1:
            raise ValueError(f"rho must be in [0, 1], got {group['rho']}")

    def update(self, param: np.ndarray, grad: np.ndarray, state: State, group: Group) -> None:
        rho, eps = group["rho"], group["eps"]
        count_step(state)
        grad = with_decay(grad, param, group["weight_decay"])
        square, steps = slot(state, "square_avg", param), slot(state, "acc_delta", param)
        moving_average_(square, grad * grad, rho)
        step = np.sqrt(steps + eps) / np.sqrt(square + eps) * grad
        moving_average_(steps, step * step, rho)
        param -= group["lr"] * step

"""Adam and its family: Adam, AdamW, SparseAdam, Adamax, NAdam, RAdam."""

from __future__ import annotations

import math

import numpy as np

from autograd import Tensor, kernels, writing
from nn.optim.optimizer import (
    Group,
    Optimizer,
    Params,
    State,
    as_real,
    check_range,
    count_step,
    moving_average_,
    settings,
    slot,
    steps_taken,
    with_decay,
)

__all__ = ["Adam", "AdamW", "Adamax", "NAdam", "RAdam", "SparseAdam"]
_SETTINGS = ("lr", "betas", "eps", "weight_decay", "decoupled_weight_decay", "maximize")  # of the compiled kernel


class _WithBetas(Optimizer):
    """Base of the family: checks the decay rates of the moving averages."""

    non_negative: tuple[str, ...] = ("lr", "eps", "weight_decay")

    def check(self, group: Group) -> None:
        """Raise ValueError unless the betas are two numbers in [0, 1) and no other setting is negative."""
        super().check(group)
        if len(group["betas"]) != 2:
            raise ValueError(f"betas must be two numbers, got {group['betas']}")
        for i, beta in enumerate(group["betas"]):
            check_range(f"betas[{i}]", beta, 0.0, 1.0)


class Adam(_WithBetas):
    """Steps of size lr along the average gradient, divided by its average magnitude (Kingma and Ba 2015).

    `weight_decay` is an L2 penalty in the gradient or, with `decoupled_weight_decay`, shrinks the parameter. `amsgrad`
    divides by the largest magnitude so far. `fused=False` computes the formula in NumPy where there is a compiled
    kernel too.
    """

    def __init__(
        self,
        params: Params,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        amsgrad: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
        decoupled_weight_decay: bool = False,
    ) -> None:
        super().__init__(params, settings(locals()))

    def update(self, param: np.ndarray, grad: np.ndarray, state: State, group: Group) -> None:
        """One step of one array: Kingma and Ba 2015, algorithm 1.

        Its last line, param -= lr m_hat / (sqrt(v_hat) + eps), is in the order of section 2, which makes two passes
        less: m_hat = m / (1 - beta1^t), v_hat = v / (1 - beta2^t), c = sqrt(1 - beta2^t). Decoupled weight decay is
        Loshchilov and Hutter 2019, algorithm 2; amsgrad is Reddi et al. 2018, algorithm 2.
        """
        lr, (beta1, beta2), eps = group["lr"], group["betas"], group["eps"]
        grad = decayed(grad, param, group)
        t = count_step(state)
        m, v = slot(state, "exp_avg", param), slot(state, "exp_avg_sq", param)
        moving_average_(m, grad, beta1)
        moving_average_(v, grad * grad, beta2)
        if group["amsgrad"]:
            largest = slot(state, "max_exp_avg_sq", param)
            v = np.maximum(largest, v, out=largest)
        c = math.sqrt(1 - beta2**t)
        param -= lr * c / (1 - beta1**t) * m / (np.sqrt(v) + c * eps)

    def update_group(self, params: list[Tensor], group: Group) -> None:
        """One step of every parameter that has a gradient: by the compiled kernel, all at once, if there is one."""
        params = [param for param in params if param.grad is not None]
        at_once = kernels.adam is not None and group["fused"] is not False and len(set(params)) == len(params)
        if not at_once or not self._update_fused(params, group):
            super().update_group(params, group)

    def _update_fused(self, params: list[Tensor], group: Group) -> bool:
        """The same step by the kernel; False, and nothing done, if it does not take these arrays."""
        states = [self.state[param] for param in params]

        def slots(name: str) -> list[np.ndarray]:
            return [slot(state, name, as_real(param.array)) for state, param in zip(states, params, strict=True)]

        with writing(*params) as arrays:
            done = kernels.adam(
                list(map(as_real, arrays)),
                [as_real(param.grad.array) for param in params],  # type: ignore[union-attr]
                slots("exp_avg"),
                slots("exp_avg_sq"),
                slots("max_exp_avg_sq") if group["amsgrad"] else None,
                steps=[steps_taken(state) + 1 for state in states],
                **{name: group[name] for name in _SETTINGS},
            )
        if done:
            for state in states:
                count_step(state)
        return done


class AdamW(Adam):
    """Adam whose weight decay shrinks the parameter itself by 1 - lr weight_decay (Loshchilov and Hutter 2019)."""

    def __init__(
        self,
        params: Params,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
        foreach: bool | None = None,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        super().__init__(params, **settings(locals()), decoupled_weight_decay=True)


class SparseAdam(_WithBetas):
    """Adam that changes, of the parameter and of its averages, only the rows whose gradient is not 0.

    For embeddings: PyTorch's takes sparse gradients, and changes the rows that these hold. Gradients are dense here.
    """

    non_negative = ("lr", "eps")

    def __init__(
        self,
        params: Params,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        maximize: bool = False,
    ) -> None:
        super().__init__(params, settings(locals()))

    def update(self, param: np.ndarray, grad: np.ndarray, state: State, group: Group) -> None:
        """One step of some rows of an array: Kingma and Ba 2015, section 2, with the bias of all steps corrected."""
        (beta1, beta2), t = group["betas"], count_step(state)
        rows = grad.any(tuple(range(1, grad.ndim)), keepdims=True)
        m, v = slot(state, "exp_avg", param), slot(state, "exp_avg_sq", param)
        np.copyto(m, beta1 * m + (1 - beta1) * grad, where=rows)
        np.copyto(v, beta2 * v + (1 - beta2) * grad * grad, where=rows)
        size = group["lr"] * math.sqrt(1 - beta2**t) / (1 - beta1**t)
        np.subtract(param, size * m / (np.sqrt(v) + group["eps"]), out=param, where=rows)


class Adamax(_WithBetas):
    """Adam with the largest recent gradient in place of the root mean square (Kingma and Ba 2015, section 7.1)."""

    def __init__(
        self,
        params: Params,
        lr: float = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        foreach: bool | None = None,
        *,
        maximize: bool = False,
        differentiable: bool = False,
        capturable: bool = False,
    ) -> None:
        super().__init__(params, settings(locals()))

    def update(self, param: np.ndarray, grad: np.ndarray, state: State, group: Group) -> None:
        """One step of one array: Kingma and Ba 2015, algorithm 2."""
        beta1, beta2 = group["betas"]
        grad = with_decay(grad, param, group["weight_decay"])
        t = count_step(state)
        m, u = slot(state, "exp_avg", param), slot(state, "exp_inf", param)
        moving_average_(m, grad, beta1)
        np.maximum(beta2 * u, np.abs(grad) + group["eps"], out=u)
        param -= group["lr"] / (1 - beta1**t) * m / u


def decayed(grad: np.ndarray, param: np.ndarray, group: Group) -> np.ndarray:
    """The gradient with the weight decay added, unless that is decoupled: then the parameter shrinks in place."""
    if group["decoupled_weight_decay"]:
        param *= 1 - group["lr"] * group["weight_decay"]
        return grad
    return with_decay(grad, param, group["weight_decay"])


class NAdam(_WithBetas):
    """Adam with Nesterov momentum that warms up (Dozat 2016)."""

    non_negative = ("lr", "eps", "weight_decay", "momentum_decay")

    def __init__(
        self,
        params: Params,
        lr: float = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        momentum_decay: float = 4e-3,
        decoupled_weight_decay: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
    ) -> None:
        super().__init__(params, settings(locals()))

    def update(self, param: np.ndarray, grad: np.ndarray, state: State, group: Group) -> None:
        """One step of one array: Dozat 2016, algorithm 2; mu_t is the momentum of step t."""
        lr, (beta1, beta2) = group["lr"], group["betas"]
        grad = decayed(grad, param, group)
        t = count_step(state)
        mu, mu_next = (beta1 * (1 - 0.5 * 0.96 ** (i * group["momentum_decay"])) for i in (t, t + 1))
        product = state["mu_product"] = float(state.get("mu_product", 1.0)) * mu
        m, v = slot(state, "exp_avg", param), slot(state, "exp_avg_sq", param)
        moving_average_(m, grad, beta1)
        moving_average_(v, grad * grad, beta2)
        m_hat = mu_next * m / (1 - product * mu_next) + (1 - mu) * grad / (1 - product)
        v_hat = v / (1 - beta2**t)
        param -= lr * m_hat / (np.sqrt(v_hat) + group["eps"])


class RAdam(_WithBetas):
    """Adam that divides by the root mean square only once enough steps tell its variance (Liu et al. 2020)."""

    def __init__(
        self,
        params: Params,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        decoupled_weight_decay: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
    ) -> None:
        super().__init__(params, settings(locals()))

    def update(self, param: np.ndarray, grad: np.ndarray, state: State, group: Group) -> None:
        """One step of one array: Liu et al. 2020, algorithm 2; rho is the length of the average of squares."""
        lr, (beta1, beta2) = group["lr"], group["betas"]
        grad = decayed(grad, param, group)
        t = count_step(state)
        m, v = slot(state, "exp_avg", param), slot(state, "exp_avg_sq", param)
        moving_average_(m, grad, beta1)
        moving_average_(v, grad * grad, beta2)
        step = m / (1 - beta1**t)
        longest = 2 / (1 - beta2) - 1
        rho = longest - 2 * t * beta2**t / (1 - beta2**t)
        if rho > 5:
            r = math.sqrt((rho - 4) * (rho - 2) * longest / ((longest - 4) * (longest - 2) * rho))
            step *= r * math.sqrt(1 - beta2**t) / (np.sqrt(v) + group["eps"])
        param -= lr * step

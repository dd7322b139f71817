"""Adam and its family: Adam, AdamW, Adamax, NAdam."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

import numpy as np

from autograd import Tensor, kernels, writing
from nn.optim.optimizer import Group, Optimizer, State, check_range, count_step, moving_average_, slot, with_decay


def _check_adam(group: Group) -> None:
    for name in ("lr", "eps", "weight_decay"):
        check_range(name, group[name])
    if len(group["betas"]) != 2:
        raise ValueError(f"betas are two numbers, got {group['betas']}")
    for i, beta in enumerate(group["betas"]):
        check_range(f"betas[{i}]", beta, 0.0, 1.0)


class Adam(Optimizer):
    """Steps of size lr along the average gradient, divided by its average magnitude (Kingma and Ba 2015).

    `weight_decay` is an L2 penalty in the gradient. `foreach` and `fused` choose between equal implementations in
    PyTorch; here there is one.
    """

    decoupled = False

    def __init__(
        self,
        params: Iterable[Tensor] | Iterable[Group],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
        foreach: bool | None = None,
        fused: bool | None = None,
    ) -> None:
        defaults = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "amsgrad": amsgrad,
            "maximize": maximize,
        }
        super().__init__(params, defaults)

    def check(self, group: Group) -> None:
        """lr, eps and weight_decay are not negative, each beta is in [0, 1)."""
        _check_adam(group)

    def update_group(self, params: list[Tensor], group: Group) -> None:
        """One step of all parameters that have taken equally many, by one kernel."""
        together: defaultdict[int, list[Tensor]] = defaultdict(list)
        for param in params:
            if param.grad is not None:
                together[count_step(self.state[param])].append(param)
        for step, some in together.items():
            self._update(some, step, group)

    def _update(self, params: list[Tensor], step: int, group: Group) -> None:
        arrays, states = [param.array for param in params], [self.state[param] for param in params]
        grads = [self.gradient(param, group) for param in params]
        shrink = 1.0
        if self.decoupled:
            shrink -= group["lr"] * group["weight_decay"]
        else:
            grads = [with_decay(g, array, group["weight_decay"]) for g, array in zip(grads, arrays, strict=True)]
        means, squares, largest = (
            [slot(state, name, array) for state, array in zip(states, arrays, strict=True)] if wanted else None
            for name, wanted in (("exp_avg", True), ("exp_avg_sq", True), ("max_exp_avg_sq", group["amsgrad"]))
        )
        settings = {name: group[name] for name in ("lr", "betas", "eps")}
        with writing(*params):
            kernels.adam(arrays, grads, means, squares, largest, step=step, shrink=shrink, **settings)


class AdamW(Adam):
    """Adam whose weight decay shrinks the parameter itself by 1 - lr weight_decay (Loshchilov and Hutter 2019)."""

    decoupled = True

    def __init__(
        self,
        params: Iterable[Tensor] | Iterable[Group],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
        foreach: bool | None = None,
        fused: bool | None = None,
    ) -> None:
        super().__init__(params, lr, betas, eps, weight_decay, amsgrad, maximize=maximize)


class Adamax(Optimizer):
    """Adam with the largest recent gradient in place of the root mean square (Kingma and Ba 2015, algorithm 2)."""

    def __init__(
        self,
        params: Iterable[Tensor] | Iterable[Group],
        lr: float = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        foreach: bool | None = None,
        *,
        maximize: bool = False,
    ) -> None:
        defaults = {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay, "maximize": maximize}
        super().__init__(params, defaults)

    def check(self, group: Group) -> None:
        """lr, eps and weight_decay are not negative, each beta is in [0, 1)."""
        _check_adam(group)

    def update(self, param: np.ndarray, grad: np.ndarray, state: State, group: Group) -> None:
        """One step of one array."""
        beta1, beta2 = group["betas"]
        grad = with_decay(grad, param, group["weight_decay"])
        mean, largest = slot(state, "exp_avg", param), slot(state, "exp_inf", param)
        moving_average_(mean, grad, beta1)
        largest *= beta2
        np.maximum(largest, np.abs(grad) + group["eps"], out=largest)
        param -= group["lr"] / (1 - beta1 ** count_step(state)) * mean / largest


class NAdam(Optimizer):
    """Adam with Nesterov momentum that warms up (Dozat 2016, algorithm 2)."""

    def __init__(
        self,
        params: Iterable[Tensor] | Iterable[Group],
        lr: float = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        momentum_decay: float = 4e-3,
        decoupled_weight_decay: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
    ) -> None:
        defaults = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "momentum_decay": momentum_decay,
            "decoupled_weight_decay": decoupled_weight_decay,
            "maximize": maximize,
        }
        super().__init__(params, defaults)

    def check(self, group: Group) -> None:
        """lr, eps, weight_decay and momentum_decay are not negative, each beta is in [0, 1)."""
        _check_adam(group)
        check_range("momentum_decay", group["momentum_decay"])

    def update(self, param: np.ndarray, grad: np.ndarray, state: State, group: Group) -> None:
        """One step of one array."""
        beta1, beta2 = group["betas"]
        lr, weight_decay = group["lr"], group["weight_decay"]
        if group["decoupled_weight_decay"]:
            param *= 1 - lr * weight_decay
        else:
            grad = with_decay(grad, param, weight_decay)
        step = count_step(state)
        mu, following = (beta1 * (1 - 0.5 * 0.96 ** (t * group["momentum_decay"])) for t in (step, step + 1))
        product = state["mu_product"] = state.get("mu_product", 1.0) * mu
        mean, square = slot(state, "exp_avg", param), slot(state, "exp_avg_sq", param)
        moving_average_(mean, grad, beta1)
        moving_average_(square, grad * grad, beta2)
        root = np.sqrt(square / (1 - beta2**step)) + group["eps"]
        param -= lr * (1 - mu) / (1 - product) * grad / root
        param -= lr * following / (1 - product * following) * mean / root

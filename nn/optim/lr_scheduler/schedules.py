"""Learning-rate schedules.

A schedule sets the rates after `self.last_epoch` steps to what its `get_lr()` gives. As in PyTorch, LambdaLR and
OneCycleLR compute them from `last_epoch` alone; the others change the rates that the groups have, so that several
schedules on one optimiser multiply.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from types import FunctionType
from typing import Any

from nn.optim.optimizer import Group, Optimizer

__all__ = ["ConstantLR", "CosineAnnealingLR", "ExponentialLR", "LRScheduler", "LambdaLR", "LinearLR", "MultiStepLR"]
__all__ += ["MultiplicativeLR", "PolynomialLR", "StepLR", "inverse_square_root", "warmup_cosine"]


def warmup_cosine(step: int, *, warmup: int, total: int, floor: float = 0.0) -> float:
    """A factor for LambdaLR: linear from 1/(warmup+1) to 1, then half a cosine down to `floor` at `total`."""
    if step < warmup:
        return (step + 1) / (warmup + 1)
    done = min((step - warmup) / max(total - warmup, 1), 1.0)
    return floor + (1 - floor) * 0.5 * (1 + math.cos(math.pi * done))


def inverse_square_root(step: int, *, d_model: int, warmup: int = 4000) -> float:
    """The rate d_model^-0.5 min(n^-0.5, n warmup^-1.5), n = step + 1 (Vaswani et al. 2017, equation 3), at lr=1."""
    n = step + 1
    return d_model**-0.5 * min(n**-0.5, n * warmup**-1.5)


def per_group(name: str, value: Any, groups: list[Group]) -> list[Any]:
    """The values of a list or tuple, one a group, or one value for all groups."""
    values = list(value) if isinstance(value, (list, tuple)) else [value] * len(groups)
    if len(values) != len(groups):
        raise ValueError(f"{name} must be one value, or one for each of {len(groups)} groups, got {len(values)} values")
    return values


def check_momentum(schedule: str, groups: list[Group]) -> None:
    """Raise ValueError where the optimiser has no momentum that this schedule could change."""
    if not any(name in groups[0] for name in ("momentum", "betas")):
        raise ValueError(f"{schedule}: this optimizer has no momentum to cycle: pass cycle_momentum=False")


def set_momentum(group: Group, momentum: float) -> None:
    """Set the momentum of a group, which of Adam and its kin is beta1."""
    group.update({"betas": (momentum, *group["betas"][1:])} if "betas" in group else {"momentum": momentum})


class LRScheduler:
    """Base of the schedules: sets the rate for `last_epoch` + 1 now, and the next one at each `step()`.

    `last_epoch` is -1 for a new run. Otherwise the groups must have their "initial_lr", as a loaded optimiser's do.
    """

    _get_lr_called_within_step = True  # which subclasses ask before they warn: here get_lr() may always be called

    def __init__(self, optimizer: Optimizer, last_epoch: int = -1) -> None:
        if not isinstance(optimizer, Optimizer):
            raise TypeError(f"{type(self).__name__} needs an Optimizer, got {type(optimizer).__name__}")
        self.optimizer = optimizer
        for i, group in enumerate(optimizer.param_groups):
            if last_epoch == -1:
                group.setdefault("initial_lr", group["lr"])
            elif "initial_lr" not in group:
                raise KeyError(f"to resume at last_epoch={last_epoch}, param_groups[{i}] needs its 'initial_lr'")
        self.base_lrs: list[float] = [group["initial_lr"] for group in optimizer.param_groups]
        self.last_epoch = last_epoch
        self._initial_step()

    def _initial_step(self) -> None:
        self._step_count, self._is_initial = 0, True
        self.step()
        self._is_initial = False

    def _restart(self) -> None:
        """Begin anew from the initial rates."""
        for group, rate in zip(self.optimizer.param_groups, self.base_lrs, strict=True):
            group["lr"] = rate
        self.last_epoch = -1
        self._initial_step()

    def get_lr(self) -> Sequence[float]:
        """The rate of each group after `last_epoch` steps."""
        raise NotImplementedError(f"{type(self).__name__} must define get_lr()")

    def get_last_lr(self) -> list[float]:
        """The rate of each group that the last step set."""
        return self._last_lr

    def _rates(self) -> list[float]:
        return [group["lr"] for group in self.optimizer.param_groups]

    def step(self, epoch: int | None = None) -> None:
        """Count one step and set the rates; with an `epoch`, as PyTorch had it first, set those after so many steps."""
        if epoch is not None:
            self._restart()
            for _ in range(epoch):
                self.step()
            return
        self._step_count += 1
        self.last_epoch += 1
        for group, rate in zip(self.optimizer.param_groups, self.get_lr(), strict=True):
            group["lr"] = rate
        self._last_lr = self._rates()

    def state_dict(self) -> dict[str, Any]:
        """Everything but the optimiser and functions."""
        return {name: value for name, value in self.__dict__.items() if name != "optimizer" and not callable(value)}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restore what `state_dict` returned; the rates themselves are restored with the optimiser."""
        self.__dict__.update(state_dict)


class LambdaLR(LRScheduler):
    """The initial rate times lr_lambda(steps); one function, or a list with one for each group."""

    def __init__(
        self,
        optimizer: Optimizer,
        lr_lambda: Callable[[int], float] | Sequence[Callable[[int], float]],
        last_epoch: int = -1,
    ) -> None:
        self.lr_lambdas = per_group("lr_lambda", lr_lambda, optimizer.param_groups)
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        return [base * f(self.last_epoch) for base, f in zip(self.base_lrs, self.lr_lambdas, strict=True)]

    def state_dict(self) -> dict[str, Any]:
        """Everything but the optimiser and the functions; of an object that is called, what its attributes hold."""
        own = [None if isinstance(f, FunctionType) else dict(getattr(f, "__dict__", {})) for f in self.lr_lambdas]
        return {**super().state_dict(), "lr_lambdas": own}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restore what `state_dict` returned; an object that is called gets its attributes back."""
        for f, own in zip(self.lr_lambdas, state_dict.get("lr_lambdas", [])):
            if own is not None:
                f.__dict__.update(own)
        super().load_state_dict({**state_dict, "lr_lambdas": self.lr_lambdas})


class MultiplicativeLR(LambdaLR):
    """The rate is multiplied by lr_lambda(steps) at every step; one function, or a list with one for each group."""

    def get_lr(self) -> list[float]:
        if self._is_initial:
            return self._rates()
        return [rate * f(self.last_epoch) for rate, f in zip(self._rates(), self.lr_lambdas, strict=True)]


class _Relative(LRScheduler):
    """A schedule that multiplies the rates of all groups by one number at each step."""

    def change(self) -> float:
        """The factor for the step to `last_epoch`."""
        raise NotImplementedError

    def get_lr(self) -> list[float]:
        change = self.change()
        return [rate * change for rate in self._rates()]


class StepLR(_Relative):
    """The rate is multiplied by `gamma` every `step_size` steps."""

    def __init__(self, optimizer: Optimizer, step_size: int, gamma: float = 0.1, last_epoch: int = -1) -> None:
        self.step_size, self.gamma = step_size, gamma
        super().__init__(optimizer, last_epoch)

    def change(self) -> float:
        """gamma at the end of a period."""
        return self.gamma if self.last_epoch and self.last_epoch % self.step_size == 0 else 1.0


class MultiStepLR(_Relative):
    """The rate is multiplied by `gamma` at each of the milestones."""

    def __init__(
        self, optimizer: Optimizer, milestones: Iterable[int], gamma: float = 0.1, last_epoch: int = -1
    ) -> None:
        self.milestones, self.gamma = sorted(milestones), gamma
        super().__init__(optimizer, last_epoch)

    def change(self) -> float:
        """gamma, as often as this step is among the milestones."""
        return self.gamma ** self.milestones.count(self.last_epoch)


class ExponentialLR(_Relative):
    """The rate is multiplied by `gamma` at every step."""

    def __init__(self, optimizer: Optimizer, gamma: float, last_epoch: int = -1) -> None:
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def change(self) -> float:
        """gamma, but 1 when the schedule is made."""
        return 1.0 if self._is_initial else self.gamma


class ConstantLR(_Relative):
    """The initial rate times `factor` for the first `total_iters` steps, then the initial rate."""

    def __init__(
        self, optimizer: Optimizer, factor: float = 1.0 / 3, total_iters: int = 5, last_epoch: int = -1
    ) -> None:
        if not 0 < factor <= 1:
            raise ValueError(f"ConstantLR: factor must be above 0 and at most 1, got {factor}")
        self.factor, self.total_iters = factor, total_iters
        super().__init__(optimizer, last_epoch)

    def change(self) -> float:
        """The factor at the start, and its inverse at the end."""
        if self.last_epoch == 0:
            return self.factor
        return 1 / self.factor if self.last_epoch == self.total_iters and not self._is_initial else 1.0


class PolynomialLR(_Relative):
    """The initial rate times (1 - steps / total_iters)^power, then 0."""

    def __init__(self, optimizer: Optimizer, total_iters: int = 5, power: float = 1.0, last_epoch: int = -1) -> None:
        self.total_iters, self.power = total_iters, power
        super().__init__(optimizer, last_epoch)

    def change(self) -> float:
        """From one point of the curve to the next."""
        if self._is_initial or self.last_epoch > self.total_iters:
            return 1.0
        before, now = (1 - n / self.total_iters for n in (self.last_epoch - 1, self.last_epoch))
        return (now / before) ** self.power


class LinearLR(_Relative):
    """From `start_factor` to `end_factor` of the initial rate in `total_iters` equal steps, then constant."""

    def __init__(
        self,
        optimizer: Optimizer,
        start_factor: float = 1.0 / 3,
        end_factor: float = 1.0,
        total_iters: int = 5,
        last_epoch: int = -1,
    ) -> None:
        if not 0 < start_factor <= 1 or not 0 <= end_factor <= 1:
            raise ValueError(
                f"LinearLR needs 0 < start_factor <= 1 and 0 <= end_factor <= 1, got {start_factor}, {end_factor}"
            )
        self.start_factor, self.end_factor, self.total_iters = start_factor, end_factor, total_iters
        super().__init__(optimizer, last_epoch)

    def change(self) -> float:
        """From one point of the straight line to the next."""
        if self.last_epoch == 0:
            return self.start_factor
        if self._is_initial or self.last_epoch > self.total_iters:
            return 1.0
        before, now = (
            self.start_factor + (self.end_factor - self.start_factor) * n / self.total_iters
            for n in (self.last_epoch - 1, self.last_epoch)
        )
        return now / before


class CosineAnnealingLR(LRScheduler):
    """Half a cosine from the initial rate to `eta_min` in `T_max` steps, then back up (Loshchilov and Hutter 2017)."""

    def __init__(self, optimizer: Optimizer, T_max: int, eta_min: float = 0.0, last_epoch: int = -1) -> None:
        if T_max <= 0:
            raise ValueError(f"CosineAnnealingLR: T_max must be positive, got {T_max}")
        self.T_max, self.eta_min = T_max, eta_min
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        """The rate of each group after `last_epoch` steps: its height above eta_min follows the cosine."""
        if self._is_initial:
            return self._rates()
        before, now = ((1 + math.cos(math.pi * n / self.T_max)) / 2 for n in (self.last_epoch - 1, self.last_epoch))
        if (self.last_epoch - 1 - self.T_max) % (2 * self.T_max) == 0:  # up again from eta_min, where before is 0
            return [rate + (base - self.eta_min) * now for rate, base in zip(self._rates(), self.base_lrs, strict=True)]
        return [self.eta_min + (rate - self.eta_min) * now / before for rate in self._rates()]

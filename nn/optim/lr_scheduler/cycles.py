"""Schedules that return to their start."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from nn.optim.lr_scheduler.schedules import LRScheduler, check_momentum, per_group, set_momentum
from nn.optim.optimizer import Optimizer

__all__ = ["CosineAnnealingWarmRestarts", "CyclicLR"]


class CosineAnnealingWarmRestarts(LRScheduler):
    """Half a cosine from the initial rate to `eta_min` in T_0 steps, then anew, each time `T_mult` times as long.

    (Loshchilov and Hutter 2017, equation 5.)
    """

    def __init__(
        self, optimizer: Optimizer, T_0: int, T_mult: int = 1, eta_min: float = 0.0, last_epoch: int = -1
    ) -> None:
        if T_0 <= 0 or T_mult < 1:
            raise ValueError(f"CosineAnnealingWarmRestarts: T_0 > 0 and T_mult >= 1 must hold, got {T_0} and {T_mult}")
        self.T_0, self.T_i, self.T_mult, self.eta_min, self.T_cur = T_0, T_0, T_mult, eta_min, float(last_epoch)
        super().__init__(optimizer, last_epoch)

    def step(self, epoch: float | None = None) -> None:
        """Count one step, or go to a moment between two, and set the rates."""
        if epoch is None and self.last_epoch >= 0:
            moment: float = self.last_epoch + 1
            self.T_cur += 1
        else:
            moment = self.T_cur = epoch or 0.0
            self.T_i = self.T_0
        while self.T_cur >= self.T_i:
            self.T_cur -= self.T_i
            self.T_i *= self.T_mult
        self._step_count += 1
        self.last_epoch = math.floor(moment)
        for group, rate in zip(self.optimizer.param_groups, self.get_lr(), strict=True):
            group["lr"] = rate
        self._last_lr = self._rates()

    def get_lr(self) -> list[float]:
        """The rate of each group, T_cur of T_i steps after the last restart."""
        share = (1 + math.cos(math.pi * self.T_cur / self.T_i)) / 2
        return [self.eta_min + (base - self.eta_min) * share for base in self.base_lrs]


class CyclicLR(LRScheduler):
    """From `base_lr` up to `max_lr` in `step_size_up` steps and down again (Smith 2017).

    The height of a cycle is the same ("triangular"), half of that before ("triangular2"), or gamma^steps
    ("exp_range"), or what `scale_fn` gives of the number of the cycle, or of the steps with `scale_mode="iterations"`.
    Momentum (or beta1) moves the other way if `cycle_momentum`.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        base_lr: float | Sequence[float],
        max_lr: float | Sequence[float],
        step_size_up: int = 2000,
        step_size_down: int | None = None,
        mode: str = "triangular",
        gamma: float = 1.0,
        scale_fn: Callable[[float], float] | None = None,
        scale_mode: str = "cycle",
        cycle_momentum: bool = True,
        base_momentum: float | Sequence[float] = 0.8,
        max_momentum: float | Sequence[float] = 0.9,
        last_epoch: int = -1,
    ) -> None:
        if mode not in ("triangular", "triangular2", "exp_range") and scale_fn is None:
            raise ValueError(
                f"CyclicLR: without scale_fn, mode must be triangular, triangular2 or exp_range, got {mode!r}"
            )
        groups = optimizer.param_groups
        if cycle_momentum:
            check_momentum("CyclicLR", groups)
        base_lrs = per_group("base_lr", base_lr, groups)
        for group, low in zip(groups, base_lrs, strict=True) if last_epoch == -1 else ():
            group["lr"] = low
        self.max_lrs = per_group("max_lr", max_lr, groups)
        self.cycle_momentum = cycle_momentum
        self.base_momentums = per_group("base_momentum", base_momentum, groups)
        self.max_momentums = per_group("max_momentum", max_momentum, groups)
        down = step_size_up if step_size_down is None else step_size_down
        self.total_size = float(step_size_up + down)
        self.step_ratio = step_size_up / self.total_size
        self.mode, self.gamma, self.scale_fn, self.scale_mode = mode, gamma, scale_fn, scale_mode
        super().__init__(optimizer, last_epoch)
        self.base_lrs = base_lrs

    def _height(self) -> float:
        """How far the rate is from base_lr on the way to max_lr."""
        cycle = math.floor(1 + self.last_epoch / self.total_size)
        x = 1 + self.last_epoch / self.total_size - cycle
        height = x / self.step_ratio if x <= self.step_ratio else (x - 1) / (self.step_ratio - 1)
        if self.scale_fn is not None:
            return height * self.scale_fn(cycle if self.scale_mode == "cycle" else self.last_epoch)
        return height * {"triangular2": 0.5 ** (cycle - 1), "exp_range": self.gamma**self.last_epoch}.get(self.mode, 1)

    def get_lr(self) -> list[float]:
        """The rate of each group; sets the momenta."""
        height, groups = self._height(), self.optimizer.param_groups
        for group, low, high in zip(groups, self.base_momentums, self.max_momentums) if self.cycle_momentum else ():
            set_momentum(group, high - (high - low) * height)
        return [low + (high - low) * height for low, high in zip(self.base_lrs, self.max_lrs, strict=True)]

    def state_dict(self) -> dict[str, Any]:
        """Everything but the optimiser and functions."""
        return {"scale_fn": None, **super().state_dict()}

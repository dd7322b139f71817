"""One cycle of the learning rate."""

from __future__ import annotations

import math
from collections.abc import Sequence

from nn.optim.lr_scheduler.schedules import LRScheduler
from nn.optim.optimizer import Optimizer


class OneCycleLR(LRScheduler):
    """Up to `max_lr`, then down to a `final_div_factor`-th of where it began (Smith and Topin 2018).

    The length is `total_steps`, or `epochs` times `steps_per_epoch`; a step beyond it is an error. The rate starts at
    max_lr / div_factor. Momentum (or beta1) moves the other way, between `base_momentum` and `max_momentum`, if
    `cycle_momentum`. With `three_phase` the way down mirrors the way up before the rest.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        max_lr: float | Sequence[float],
        total_steps: int | None = None,
        epochs: int | None = None,
        steps_per_epoch: int | None = None,
        pct_start: float = 0.3,
        anneal_strategy: str = "cos",
        cycle_momentum: bool = True,
        base_momentum: float = 0.85,
        max_momentum: float = 0.95,
        div_factor: float = 25.0,
        final_div_factor: float = 1e4,
        three_phase: bool = False,
        last_epoch: int = -1,
    ) -> None:
        total = total_steps or (epochs or 0) * (steps_per_epoch or 0)
        if total <= 0:
            raise ValueError("OneCycleLR: give total_steps, or both epochs and steps_per_epoch, as positive integers")
        if not 0 <= pct_start <= 1:
            raise ValueError(f"OneCycleLR: pct_start must be between 0 and 1, got {pct_start}")
        if anneal_strategy not in ("cos", "linear"):
            raise ValueError(f"OneCycleLR: anneal_strategy is 'cos' or 'linear', got {anneal_strategy!r}")
        groups = optimizer.param_groups
        if cycle_momentum and not any(name in groups[0] for name in ("momentum", "betas")):
            raise ValueError("OneCycleLR: this optimizer has no momentum to cycle: say cycle_momentum=False")
        peaks = [max_lr] * len(groups) if isinstance(max_lr, (int, float)) else list(max_lr)
        if len(peaks) != len(groups):
            raise ValueError(f"OneCycleLR: {len(peaks)} rates max_lr for {len(groups)} parameter groups")
        self.total_steps, self.anneal_strategy, self.cycle_momentum = total, anneal_strategy, cycle_momentum
        self.lr_points = [
            self._points(p / div_factor, p, p / div_factor / final_div_factor, three_phase) for p in peaks
        ]
        self.momentum_points = self._points(max_momentum, base_momentum, max_momentum, three_phase)
        rise = pct_start * total - 1
        self.ends = [rise, 2 * pct_start * total - 2, total - 1] if three_phase else [rise, total - 1]
        if last_epoch == -1:
            for group, points in zip(groups, self.lr_points, strict=True):
                group["initial_lr"] = group["lr"] = points[0]
        super().__init__(optimizer, last_epoch)

    @staticmethod
    def _points(low: float, high: float, final: float, three_phase: bool) -> list[float]:
        """The values at the beginning and at the end of each phase."""
        return [low, high, low, final] if three_phase else [low, high, final]

    def _at(self, points: list[float], epoch: int) -> float:
        """The value between two points, by the strategy."""
        begin = 0.0
        for phase, end in enumerate(self.ends):
            if epoch <= end or phase == len(self.ends) - 1:
                done = (epoch - begin) / (end - begin) if end != begin else 1.0
                break
            begin = end
        if self.anneal_strategy == "cos":
            done = (1 - math.cos(math.pi * done)) / 2
        return points[phase] + (points[phase + 1] - points[phase]) * done

    def get_lr(self) -> list[float]:
        """The rate of each group after `last_epoch` steps; sets the momenta."""
        if self.last_epoch > self.total_steps:  # the step after the last update is one too many, but loops take it
            raise ValueError(f"OneCycleLR: step {self.last_epoch} of a cycle of {self.total_steps} steps")
        if self.cycle_momentum:
            momentum = self._at(self.momentum_points, self.last_epoch)
            for group in self.optimizer.param_groups:
                if "betas" in group:
                    group["betas"] = (momentum, *group["betas"][1:])
                else:
                    group["momentum"] = momentum
        return [self._at(points, self.last_epoch) for points in self.lr_points]

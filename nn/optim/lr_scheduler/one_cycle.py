"""One cycle of the learning rate."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence

from nn.optim.lr_scheduler.schedules import LRScheduler, check_momentum, per_group, set_momentum
from nn.optim.optimizer import Group, Optimizer

__all__ = ["OneCycleLR"]


class OneCycleLR(LRScheduler):
    """Up to `max_lr`, then down to a `final_div_factor`-th of where it began (Smith and Topin 2018).

    The length is `total_steps`, or `epochs` times `steps_per_epoch`; a step beyond it is an error. The rate starts at
    max_lr / div_factor. Momentum (or beta1) moves the other way, between `base_momentum` and `max_momentum`, if
    `cycle_momentum`. With `three_phase` the way down mirrors the way up before the rest. The rates and momenta that it
    moves between are kept in the groups, so they are saved and loaded with the optimiser.
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
        base_momentum: float | Sequence[float] = 0.85,
        max_momentum: float | Sequence[float] = 0.95,
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
            raise ValueError(f"OneCycleLR: anneal_strategy must be 'cos' or 'linear', got {anneal_strategy!r}")
        groups = optimizer.param_groups
        if cycle_momentum:
            check_momentum("OneCycleLR", groups)
        settings = zip(
            groups,
            per_group("max_lr", max_lr, groups),
            per_group("base_momentum", base_momentum, groups),
            per_group("max_momentum", max_momentum, groups),
        )
        for group, peak, low, high in settings if last_epoch == -1 else ():
            start = peak / div_factor
            group.update(initial_lr=start, max_lr=peak, min_lr=start / final_div_factor)
            if cycle_momentum:
                group.update(base_momentum=low, max_momentum=high)
        self.total_steps, self.anneal_strategy, self.cycle_momentum = total, anneal_strategy, cycle_momentum
        # where each phase ends, and what of a group the rate and the momentum are at the start and at these ends
        rise = pct_start * total - 1
        self.ends = [rise, total - 1]
        self.lr_points = ["initial_lr", "max_lr", "min_lr"]
        self.momentum_points = ["max_momentum", "base_momentum", "max_momentum"]
        if three_phase:
            self.ends.insert(1, 2 * rise)
            self.lr_points.insert(2, "initial_lr")
            self.momentum_points.append("max_momentum")
        super().__init__(optimizer, last_epoch)

    def _at(self, group: Group, points: list[str]) -> float:
        """The value between two points, by the strategy."""
        phase = min(bisect_left(self.ends, self.last_epoch), len(self.ends) - 1)
        begin, end = self.ends[phase - 1] if phase else 0.0, self.ends[phase]
        done = (self.last_epoch - begin) / (end - begin) if end != begin else 1.0
        if self.anneal_strategy == "cos":
            done = (1 - math.cos(math.pi * done)) / 2
        return group[points[phase]] + (group[points[phase + 1]] - group[points[phase]]) * done

    def get_lr(self) -> list[float]:
        """The rate of each group after `last_epoch` steps; sets the momenta."""
        if self.last_epoch > self.total_steps:  # the step after the last update is one too many, but loops take it
            raise ValueError(f"OneCycleLR: step {self.last_epoch} is beyond the cycle of {self.total_steps} steps")
        groups = self.optimizer.param_groups
        for group in groups if self.cycle_momentum else ():
            set_momentum(group, self._at(group, self.momentum_points))
        return [self._at(group, self.lr_points) for group in groups]

"""Learning-rate schedules.

A schedule is a function of the number of steps taken: a subclass gives `get_lr()` for `self.last_epoch`, from
`self.base_lrs`. Where something else has changed the rate in the meantime, a step applies its relative change instead, so
that several schedules on one optimiser multiply.
"""

import math
from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from nn.optim.optimizer import Optimizer


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


class LRScheduler:
    """Base of the schedules: sets the rate for `last_epoch` + 1 now, and the next one at each `step()`."""

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
        # what this schedule alone would have set
        self._planned = self.base_lrs if last_epoch == -1 else list(self.get_lr())
        self._last_lr = self._rates()
        self.step()

    def get_lr(self) -> Sequence[float]:
        """The rate of each group after `last_epoch` steps."""
        raise NotImplementedError(f"{type(self).__name__} must define get_lr()")

    def get_last_lr(self) -> list[float]:
        """The rate of each group that the last step set."""
        return self._last_lr

    def _rates(self) -> list[float]:
        return [group["lr"] for group in self.optimizer.param_groups]

    def step(self) -> None:
        """Count one step and set the rates."""
        self.last_epoch += 1
        planned = list(self.get_lr())
        for group, old, new in zip(self.optimizer.param_groups, self._planned, planned, strict=True):
            group["lr"] = new if group["lr"] == old or not old else group["lr"] * new / old
        self._planned = planned
        self._last_lr = self._rates()

    def state_dict(self) -> dict[str, Any]:
        """Everything but the optimiser and functions."""
        return {name: value for name, value in self.__dict__.items() if name != "optimizer" and not callable(value)}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from what `state_dict` gave."""
        self.__dict__.update(state_dict)


class LambdaLR(LRScheduler):
    """The initial rate times lr_lambda(number of steps); one function, or one a group."""

    def __init__(
        self,
        optimizer: Optimizer,
        lr_lambda: "Callable[[int], float] | Sequence[Callable[[int], float]]",
        last_epoch: int = -1,
    ) -> None:
        groups = len(optimizer.param_groups)
        self.lr_lambdas = [lr_lambda] * groups if callable(lr_lambda) else list(lr_lambda)
        if len(self.lr_lambdas) != groups:
            raise ValueError(f"LambdaLR: {len(self.lr_lambdas)} functions for {groups} parameter groups")
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        """The rate of each group after `last_epoch` steps."""
        return [base * f(self.last_epoch) for base, f in zip(self.base_lrs, self.lr_lambdas, strict=True)]

    def state_dict(self) -> dict[str, Any]:
        """Everything but the optimiser and the functions."""
        return {name: value for name, value in super().state_dict().items() if name != "lr_lambdas"}


class _Factor(LRScheduler):
    """A schedule that is one factor for all groups."""

    def factor(self, epoch: int) -> float:
        """The rate after `epoch` steps over the initial rate."""
        raise NotImplementedError

    def get_lr(self) -> list[float]:
        """The rate of each group after `last_epoch` steps."""
        factor = self.factor(self.last_epoch)
        return [base * factor for base in self.base_lrs]


class StepLR(_Factor):
    """Times `gamma` every `step_size` steps."""

    def __init__(self, optimizer: Optimizer, step_size: int, gamma: float = 0.1, last_epoch: int = -1) -> None:
        self.step_size, self.gamma = step_size, gamma
        super().__init__(optimizer, last_epoch)

    def factor(self, epoch: int) -> float:
        """gamma to the number of whole periods."""
        return self.gamma ** (epoch // self.step_size)


class MultiStepLR(_Factor):
    """Times `gamma` at each of the milestones."""

    def __init__(
        self, optimizer: Optimizer, milestones: Iterable[int], gamma: float = 0.1, last_epoch: int = -1
    ) -> None:
        self.milestones, self.gamma = sorted(milestones), gamma
        super().__init__(optimizer, last_epoch)

    def factor(self, epoch: int) -> float:
        """gamma to the number of milestones passed."""
        return self.gamma ** bisect_right(self.milestones, epoch)


class ExponentialLR(_Factor):
    """Times `gamma` every step."""

    def __init__(self, optimizer: Optimizer, gamma: float, last_epoch: int = -1) -> None:
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def factor(self, epoch: int) -> float:
        """gamma to the number of steps."""
        return self.gamma**epoch


class LinearLR(_Factor):
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
            raise ValueError(f"LinearLR: 0 < start_factor <= 1, 0 <= end_factor <= 1, got {start_factor}, {end_factor}")
        self.start_factor, self.end_factor, self.total_iters = start_factor, end_factor, total_iters
        super().__init__(optimizer, last_epoch)

    def factor(self, epoch: int) -> float:
        """On the straight line."""
        done = min(epoch / self.total_iters, 1.0)
        return self.start_factor + (self.end_factor - self.start_factor) * done


class CosineAnnealingLR(LRScheduler):
    """Half a cosine from the initial rate to `eta_min` in `T_max` steps, then back up (Loshchilov and Hutter 2017)."""

    def __init__(self, optimizer: Optimizer, T_max: int, eta_min: float = 0.0, last_epoch: int = -1) -> None:
        if T_max <= 0:
            raise ValueError(f"CosineAnnealingLR: T_max must be positive, got {T_max}")
        self.T_max, self.eta_min = T_max, eta_min
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        """The rate of each group after `last_epoch` steps."""
        wave = (1 + math.cos(math.pi * self.last_epoch / self.T_max)) / 2
        return [self.eta_min + (base - self.eta_min) * wave for base in self.base_lrs]


class SequentialLR(LRScheduler):
    """One schedule after another: the next takes over, from its own start, at each milestone."""

    def __init__(
        self, optimizer: Optimizer, schedulers: Sequence[LRScheduler], milestones: Sequence[int], last_epoch: int = -1
    ) -> None:
        if len(schedulers) != len(milestones) + 1:
            raise ValueError(f"SequentialLR: {len(schedulers)} schedulers need one milestone less, got {len(milestones)}")
        if any(scheduler.optimizer is not optimizer for scheduler in schedulers):
            raise ValueError("SequentialLR: every scheduler must belong to this optimizer")
        self.schedulers, self.milestones = list(schedulers), list(milestones)
        for group in optimizer.param_groups:
            group["lr"] = group["initial_lr"]
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> Sequence[float]:
        """The rate of each group by the schedule whose turn it is."""
        turn = bisect_right(self.milestones, self.last_epoch)
        scheduler = self.schedulers[turn]
        scheduler.last_epoch = self.last_epoch - (self.milestones[turn - 1] if turn else 0)
        return scheduler.get_lr()

    def state_dict(self) -> dict[str, Any]:
        """Everything but the optimiser, the schedules as their own dicts."""
        return {**super().state_dict(), "schedulers": [scheduler.state_dict() for scheduler in self.schedulers]}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from what `state_dict` gave."""
        for scheduler, state in zip(self.schedulers, state_dict["schedulers"], strict=True):
            scheduler.load_state_dict(state)
        super().load_state_dict({name: value for name, value in state_dict.items() if name != "schedulers"})


class OneCycleLR(LRScheduler):
    """Up to `max_lr`, then down to a `final_div_factor`-th of where it began (Smith and Topin 2018).

    The length is `total_steps`, or `epochs` times `steps_per_epoch`; a step beyond it is an error. The rate starts at
    max_lr / div_factor. Momentum (or beta1) moves the other way, between `base_momentum` and `max_momentum`, if
    `cycle_momentum`. With `three_phase` the way down mirrors the way up before the rest.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        max_lr: "float | Sequence[float]",
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
        self.lr_points = [self._points(p / div_factor, p, p / div_factor / final_div_factor, three_phase) for p in peaks]
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
        if self.last_epoch >= self.total_steps:
            raise ValueError(f"OneCycleLR: step {self.last_epoch} of a cycle of {self.total_steps} steps")
        if self.cycle_momentum:
            momentum = self._at(self.momentum_points, self.last_epoch)
            for group in self.optimizer.param_groups:
                if "betas" in group:
                    group["betas"] = (momentum, *group["betas"][1:])
                else:
                    group["momentum"] = momentum
        return [self._at(points, self.last_epoch) for points in self.lr_points]


class ReduceLROnPlateau(LRScheduler):
    """Times `factor` when the metric given to `step` has not improved for more than `patience` steps.

    "rel" means better by the share `threshold`, "abs" by the amount. `cooldown` steps after a reduction do not count.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        mode: str = "min",
        factor: float = 0.1,
        patience: int = 10,
        threshold: float = 1e-4,
        threshold_mode: str = "rel",
        cooldown: int = 0,
        min_lr: "float | Sequence[float]" = 0.0,
        eps: float = 1e-8,
    ) -> None:
        if mode not in ("min", "max") or threshold_mode not in ("rel", "abs"):
            raise ValueError(f"mode is 'min' or 'max', threshold_mode 'rel' or 'abs', got {mode!r}, {threshold_mode!r}")
        if factor >= 1:
            raise ValueError(f"ReduceLROnPlateau: factor must be below 1, got {factor}")
        groups = len(optimizer.param_groups)
        self.optimizer = optimizer
        self.mode, self.factor, self.patience, self.cooldown, self.eps = mode, factor, patience, cooldown, eps
        self.threshold, self.threshold_mode = threshold, threshold_mode
        self.min_lrs = [min_lr] * groups if isinstance(min_lr, (int, float)) else list(min_lr)
        self.best = math.inf if mode == "min" else -math.inf
        self.num_bad_epochs = self.cooldown_counter = self.last_epoch = 0
        self._last_lr = self._rates()

    def is_better(self, value: float, best: float) -> bool:
        """Whether `value` improves on `best` by more than the threshold."""
        margin = self.threshold * (best if self.threshold_mode == "rel" else 1) if math.isfinite(best) else 0.0
        return value < best - margin if self.mode == "min" else value > best + margin

    def step(self, metrics: Any = None) -> None:
        """Count one step with this value of the metric."""
        if metrics is None:
            raise TypeError("ReduceLROnPlateau.step needs the metric: step(validation_loss)")
        value = float(metrics)
        self.last_epoch += 1
        if self.is_better(value, self.best):
            self.best, self.num_bad_epochs = value, 0
        else:
            self.num_bad_epochs += 1
        if self.cooldown_counter > 0:
            self.cooldown_counter -= 1
            self.num_bad_epochs = 0
        if self.num_bad_epochs > self.patience:
            for group, floor in zip(self.optimizer.param_groups, self.min_lrs, strict=True):
                lowered = max(group["lr"] * self.factor, floor)
                if group["lr"] - lowered > self.eps:
                    group["lr"] = lowered
            self.cooldown_counter, self.num_bad_epochs = self.cooldown, 0
        self._last_lr = self._rates()

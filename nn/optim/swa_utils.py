"""Averages of weights: AveragedModel, its schedule, and the update of batch norm that it needs."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from autograd import Tensor, no_grad, tensor
from nn.module import Module
from nn.optim.lr_scheduler.schedules import LRScheduler, per_group
from nn.optim.optimizer import Optimizer

__all__ = ["SWALR", "AveragedModel", "get_ema_avg_fn", "get_ema_multi_avg_fn", "get_swa_avg_fn"]
__all__ += ["get_swa_multi_avg_fn", "update_bn"]


def get_ema_avg_fn(decay: float = 0.999) -> Callable[..., Tensor]:
    """An exponential moving average, for `AveragedModel(avg_fn=)`."""
    if not 0 <= decay <= 1:
        raise ValueError(f"decay must be in [0, 1], got {decay}")
    return lambda average, current, count: decay * average + (1 - decay) * current


def get_swa_avg_fn() -> Callable[..., Tensor]:
    """The mean of all models, for `AveragedModel(avg_fn=)`."""
    return lambda average, current, count: average + (current - average) / (count + 1)


def _in_place(one: Callable[..., Tensor]) -> Callable[..., None]:
    def average_all(averages: Sequence[Tensor], currents: Sequence[Tensor], count: Any) -> None:
        for average, current in zip(averages, currents, strict=True):
            average.copy_(one(average, current, count))

    return average_all


def get_ema_multi_avg_fn(decay: float = 0.999) -> Callable[..., None]:
    """An exponential moving average in place, for `AveragedModel(multi_avg_fn=)`."""
    return _in_place(get_ema_avg_fn(decay))


def get_swa_multi_avg_fn() -> Callable[..., None]:
    """The mean of all models in place, for `AveragedModel(multi_avg_fn=)`."""
    return _in_place(get_swa_avg_fn())


class AveragedModel(Module):
    """A copy of a model whose parameters are the average of those that it is updated with (Izmailov et al. 2018).

    `avg_fn(average, current, count)` gives the new average of one tensor, `multi_avg_fn(averages, currents, count)`
    changes all in place; without them it is the mean. Buffers are copied, or averaged too with `use_buffers`.
    """

    n_averaged: Tensor

    def __init__(
        self,
        model: Module,
        device: Any = None,
        avg_fn: Callable[..., Tensor] | None = None,
        multi_avg_fn: Callable[..., None] | None = None,
        use_buffers: bool = False,
    ) -> None:
        super().__init__()
        if avg_fn is not None and multi_avg_fn is not None:
            raise ValueError("AveragedModel: give avg_fn or multi_avg_fn, not both")
        self.module = copy.deepcopy(model)
        self.register_buffer("n_averaged", tensor(0))
        self.avg_fn, self.multi_avg_fn, self.use_buffers = avg_fn, multi_avg_fn, use_buffers

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """What the averaged model gives."""
        return self.module(*args, **kwargs)

    def update_parameters(self, model: Module) -> None:
        """Take the parameters of `model` into the average."""
        own: list[Tensor] = list(self.module.parameters())
        count, given = int(self.n_averaged), list[Tensor](model.parameters())
        buffers = list(zip(self.module.buffers(), model.buffers(), strict=True))
        with no_grad():
            if self.use_buffers:
                own, given = [*own, *(a for a, _ in buffers)], [*given, *(b for _, b in buffers)]
            if count == 0:
                _in_place(lambda average, current, count: current)(own, given, count)
            else:
                (self.multi_avg_fn or _in_place(self.avg_fn or get_swa_avg_fn()))(own, given, self.n_averaged)
            if not self.use_buffers:
                for average, current in buffers:
                    average.copy_(current)
            self.n_averaged.add_(1)


def update_bn(loader: Iterable[Any], model: Module, device: Any = None) -> None:
    """Compute the running mean and variance of all batch norms anew, from the inputs that the loader gives."""
    norms = [m for m in model.modules() if m._buffers.get("running_mean") is not None]
    momenta, training = [norm.momentum for norm in norms], model.training
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # the plain mean
    model.train()
    with no_grad():
        for batch in loader if norms else ():
            model(batch[0] if isinstance(batch, (list, tuple)) else batch)
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
    model.train(training)


class SWALR(LRScheduler):
    """From the rate that there is to `swa_lr` in `anneal_epochs` steps, by a cosine or a line, and constant then."""

    def __init__(
        self,
        optimizer: Optimizer,
        swa_lr: float | Sequence[float],
        anneal_epochs: int = 10,
        anneal_strategy: str = "cos",
        last_epoch: int = -1,
    ) -> None:
        if anneal_strategy not in ("cos", "linear"):
            raise ValueError(f"SWALR: anneal_strategy must be 'cos' or 'linear', got {anneal_strategy!r}")
        if not isinstance(anneal_epochs, int) or anneal_epochs < 0:
            raise ValueError(f"SWALR: anneal_epochs must be an int of at least 0, got {anneal_epochs}")
        for group, rate in zip(optimizer.param_groups, per_group("swa_lr", swa_lr, optimizer.param_groups)):
            group["swa_lr"] = rate
        self.anneal_epochs, self.anneal_strategy = anneal_epochs, anneal_strategy
        super().__init__(optimizer, last_epoch)

    def _done(self, epoch: int) -> float:
        """How much of the way is behind, from 0 to 1."""
        t = max(0.0, min(1.0, epoch / max(1, self.anneal_epochs)))
        return (1 - math.cos(math.pi * t)) / 2 if self.anneal_strategy == "cos" else t

    def get_lr(self) -> list[float]:
        """The rate of each group: where it began is what the last rate tells."""
        steps = self._step_count - 1
        before, now = self._done(steps - 1), self._done(steps)
        found = []
        for group in self.optimizer.param_groups:
            end, rate = group["swa_lr"], group["lr"]
            start = (rate - before * end) / (1 - before) if before < 1 and not self._is_initial else rate
            found.append(end if before == 1 or not self.anneal_epochs else end * now + start * (1 - now))
        return found

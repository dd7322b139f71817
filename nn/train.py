"""The training loop: progress, held-out data, schedules, accumulation, clipping, a log, and going on after a stop."""

import math
import signal
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from autograd import Tensor, no_grad
from autograd.random import default_generator
from nn import checkpoint, nonfinite, parallel
from nn.batches import Batches
from nn.module import Module
from nn.optim import Optimizer
from nn.optim.lr_scheduler import LRScheduler
from nn.record import Progress, Record, plot
from nn.utils import clip_grad_norm_

Metrics = Mapping[str, float]


def decay_groups(model: Module, weight_decay: float) -> list[dict[str, Any]]:
    """Parameter groups for an optimiser: matrices decay, vectors (biases and norms) do not (Brown et al. 2020)."""
    parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]
    matrices = [parameter for parameter in parameters if parameter.ndim >= 2]
    vectors = [parameter for parameter in parameters if parameter.ndim < 2]
    groups = [{"params": matrices, "weight_decay": weight_decay}, {"params": vectors, "weight_decay": 0.0}]
    return [group for group in groups if group["params"]]


@contextmanager
def aside(model: Module) -> Iterator[None]:
    """Within it the model is in evaluation mode without a graph; afterwards mode and random numbers are as before."""
    training, state = model.training, default_generator.get_state()
    model.eval()
    try:
        with no_grad():
            yield
    finally:
        model.train(training)
        default_generator.set_state(state)


class Trainer:
    """Trains `model` for `steps` updates of `optimizer`.

    `loss(model, batch)` is the loss of a batch from `batches`, a function that draws one or an iterable; an update sees
    `accumulate` of them. With several `threads` each takes a share of a batch (nn.parallel): then a batch is a tuple of
    tensors, and the loss a mean over their first dim. `clip` bounds the norm of the gradient, `scheduler` steps after
    each update. Every `evaluate_every` updates, before the first and after the last, `evaluate()` gives the held-out
    loss, or a dict with a "loss" in it, and then `on_evaluate(trainer)` is called, for samples.

    `folder` takes log.csv, curves.png, last.ckpt and best.ckpt (the lowest held-out loss), each with `config` and
    `tokenizer`. `classes` is the number V of equally likely answers, whose log the first loss should be near; `unit` is
    what the answers are. `resume_hint` tells people how to go on after Ctrl-C.
    """

    def __init__(
        self,
        model: Module,
        optimizer: Optimizer,
        loss: Callable[[Any, Any], Tensor],
        batches: "Callable[[], Any] | Iterable[Any]",
        *,
        steps: int,
        scheduler: LRScheduler | None = None,
        accumulate: int = 1,
        threads: int = 1,
        clip: float | None = None,
        evaluate: "Callable[[], float | Metrics] | None" = None,
        evaluate_every: int | None = None,
        on_evaluate: "Callable[[Trainer], Any] | None" = None,
        folder: "str | Path | None" = None,
        config: Mapping[str, Any] | None = None,
        tokenizer: Mapping[str, Any] | None = None,
        classes: int | None = None,
        unit: str = "tokens",
        resume_hint: str = "fit(resume=True)",
        quiet: bool = False,
    ) -> None:
        every = max(steps // 10, 1) if evaluate_every is None else evaluate_every
        counts = (("steps", steps, 0), ("accumulate", accumulate, 1), ("threads", threads, 1))
        for name, value, least in (*counts, ("evaluate_every", every, 1)):
            if value < least:
                raise ValueError(f"{name} must be at least {least}, got {value}")
        self.model, self.optimizer, self.loss, self.scheduler = model, optimizer, loss, scheduler
        self.batches, self.steps = Batches(batches), steps
        self.accumulate, self.threads = accumulate, threads
        self.clip = math.inf if clip is None else clip
        self.evaluate, self.on_evaluate, self.evaluate_every = evaluate, on_evaluate, every
        self.folder = None if folder is None else Path(folder)
        self.config, self.tokenizer = config and dict(config), tokenizer
        self.classes, self.unit, self.resume_hint, self.quiet = classes, unit, resume_hint, quiet
        self.step, self.best, self.interrupted = 0, math.inf, False
        self.record = Record()
        self._evaluated = self._saved = -1  # the steps of the last evaluation and of the last save
        self._between_steps = True

    # the loop ---------------------------------------------------------------------------------------------------------

    def fit(self, resume: bool = False) -> Record:
        """Train, and return the course of it; Ctrl-C ends it after the step that is running and saves.

        Raises NonFiniteError where the loss or a gradient is not finite, before it reaches the weights.
        """
        if resume:
            self.load()
        if self.folder is not None:
            self.folder.mkdir(parents=True, exist_ok=True)
            self.record.open(self.folder / "log.csv")
        self.model.train()
        self.interrupted = False
        self.progress = Progress(self.steps, self.step, self.unit, self.quiet)
        try:
            with self._deferred_interrupt():
                self._run()
        except KeyboardInterrupt:
            self._interrupt()
        finally:
            self.progress.close()
            self.record.close()
            if self.folder is not None and len(self.record.rows) > 1:
                self.progress.line(plot(self.record, self.folder / "curves.png"))
        return self.record

    def _run(self) -> None:
        while True:
            due = self.step % self.evaluate_every == 0 or self.step >= self.steps
            if due and self._evaluated != self.step:
                self._evaluate()
            if self.interrupted:
                raise KeyboardInterrupt
            if self.step >= self.steps:
                return
            self._between_steps = False
            self._update()
            self._between_steps = True

    def _update(self) -> None:
        """One update of the weights."""
        began, seen, total, items = time.perf_counter(), [], 0.0, 0
        self.optimizer.zero_grad()
        for _ in range(self.accumulate):
            batch = self.batches.next()
            seen.append((batch, default_generator.get_state()))
            total += self._backward(batch)
            items += _count(batch)
            if not math.isfinite(total):
                self._stop(seen)
        norm = clip_grad_norm_(self.model.parameters(), self.clip).item()
        if not math.isfinite(norm):
            self._stop(seen)
        lr = self.optimizer.param_groups[0]["lr"]
        self.optimizer.step()
        if self.scheduler is not None:
            self.scheduler.step()
        rate = items / (time.perf_counter() - began)
        self.record.add(self.step, loss=total, lr=lr, grad_norm=norm, items_per_s=rate)
        if self.step == 0 and self.classes is not None:
            self.progress.line(
                f"first loss {total:.4f}; guessing among {self.classes} costs {math.log(self.classes):.4f}"
            )
        self.step += 1
        self.progress.update(total, lr, norm, rate)

    def _backward(self, batch: Any) -> float:
        """Adds the gradient of what one batch contributes to the loss of the update, and gives that."""

        def share(*parts: Any) -> Tensor:
            loss = self.loss(self.model, parts if self.threads > 1 else batch)
            return loss / self.accumulate if self.accumulate > 1 else loss

        if self.threads > 1:
            parameters = [parameter for parameter in self.model.parameters() if parameter.requires_grad]
            return parallel.backward(share, parameters, batch, self.threads)
        loss = share()
        if math.isfinite(value := loss.item()):
            loss.backward()
        return value

    def _stop(self, seen: list[tuple[Any, Any]]) -> None:
        """Raise the error that says where the numbers of this step stopped being finite."""
        now = default_generator.get_state()
        for batch, state in seen:
            default_generator.set_state(state)
            error = nonfinite.find(self.model, partial(self.loss, self.model, batch), self.step)
            if error is not None:
                raise error
        default_generator.set_state(now)
        raise nonfinite.NonFiniteError(f"step {self.step}: the loss or its gradient is not finite", self.step, "", None)

    def _evaluate(self) -> None:
        """Measure on held-out data, save, show samples; the random numbers of training go on as if nothing had been."""
        if self.evaluate is not None:
            with aside(self.model):
                result = self.evaluate()
            metrics = result if isinstance(result, Mapping) else {"loss": result}
            self.record.add(self.step, **{f"held_out_{name}": float(value) for name, value in metrics.items()})
            better = metrics["loss"] < self.best
            shown = ", ".join(f"{name} {value:.4f}" for name, value in metrics.items())
            self.progress.line(f"step {self.step:,}: held-out {shown}{' (best)' if better else ''}")
            if better:
                self.best = float(metrics["loss"])
                self._save("best.ckpt", step=self.step, held_out=dict(metrics))
        self._evaluated = self.step
        if self.step:
            self.save()
        if self.on_evaluate is not None:
            with aside(self.model):
                self.on_evaluate(self)

    # stopping and going on --------------------------------------------------------------------------------------------

    @contextmanager
    def _deferred_interrupt(self) -> Iterator[None]:
        """Within it the first Ctrl-C waits for the end of the step; a second one does not."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return

        def note(*_: Any) -> None:
            if self.interrupted:
                raise KeyboardInterrupt
            self.interrupted = True
            self.progress.line("stopping after this step; Ctrl-C once more stops at once")

        before = signal.signal(signal.SIGINT, note)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)

    def _interrupt(self) -> None:
        self.interrupted = True
        if self._between_steps:
            self.save()
        where = (
            "nothing was saved"
            if self.folder is None or self._saved < 0
            else (f"{self.folder / 'last.ckpt'} has what was learned in {self._saved:,}; go on with {self.resume_hint}")
        )
        self.progress.line(f"stopped after {self.step:,} of {self.steps:,} steps; {where}")

    def save(self) -> None:
        """Write last.ckpt, from which `fit(resume=True)` goes on as if nothing had been."""
        training = {
            "step": self.step,
            "best": self.best,
            "evaluated": self._evaluated,
            "optimizer": self.optimizer.state_dict(),
            "scheduler": self.scheduler and self.scheduler.state_dict(),
            "batches": self.batches.state(),
            "record": self.record.rows,
        }
        self._save("last.ckpt", training=training)
        self._saved = self.step

    def _save(self, name: str, **more: Any) -> None:
        if self.folder is not None:
            checkpoint.save(self.folder / name, self.model, config=self.config, tokenizer=self.tokenizer, **more)

    def load(self) -> None:
        """Take up last.ckpt: weights, optimiser, schedule, batches and random numbers."""
        if self.folder is None:
            raise ValueError("without a folder there is nothing to go on from")
        state = checkpoint.load(self.folder / "last.ckpt")
        if state["config"] != self.config:
            old, new = state["config"] or {}, self.config or {}
            differ = [
                f"{key} {old.get(key)!r} -> {new.get(key)!r}" for key in {**old, **new} if old.get(key) != new.get(key)
            ]
            raise ValueError(f"{self.folder / 'last.ckpt'} is of another model: {', '.join(differ)}")
        training = state["training"]
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(training["optimizer"])
        if self.scheduler is not None:
            self.scheduler.load_state_dict(training["scheduler"])
        self.step, self.best, self._evaluated = training["step"], training["best"], training["evaluated"]
        self._saved, self.record = self.step, Record(training["record"])
        self.batches.load_state(training["batches"])


def _count(batch: Any) -> int:
    """The answers in a batch: the size of its last tensor, tokens for a language model, samples for a classifier."""
    last = batch[-1] if isinstance(batch, (tuple, list)) else batch
    return last.numel() if isinstance(last, Tensor) else 1

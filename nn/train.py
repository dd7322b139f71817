"""The training loop: `Trainer.fit`."""

from __future__ import annotations

import math
import signal
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import KW_ONLY, dataclass
from itertools import islice
from operator import index
from pathlib import Path
from typing import Any

from autograd import Tensor, no_grad
from autograd.generator import default_generator
from nn import checkpoint
from nn.batches import Batches, count_items
from nn.checkpoint import CheckpointError
from nn.history import History
from nn.module import Module
from nn.nonfinite import Guard
from nn.optim import Optimizer
from nn.optim.lr_scheduler import LRScheduler
from nn.parallel import data_parallel
from nn.progress import DeferredInterrupt, Progress
from nn.report.run import RunReport
from nn.utils import clip_grad_norm_

Metrics = Mapping[str, float]


@dataclass(eq=False, repr=False)
class Trainer:
    """Trains a model. With a folder, `fit(resume=True)` goes on after a stop, or a crash, to the same end, bit for bit.

    The folder is that of one run. It gets report.html, which shows its course and its layers and grows with each
    evaluation, log.csv and, in files of the format .safetensors (.npz where that package is missing), a checkpoint of
    all that resuming needs at each evaluation (step-N, of which the last `keep` are kept), the weights with the lowest
    held-out loss (best), and those at the end (weights).
    """

    model: Module
    optimizer: Optimizer
    loss: Callable[[Any, Any], Tensor]  # loss(model, batch), a mean over the batch
    batches: Callable[[], Any] | Iterable[Any]  # a function that draws a batch, or an iterable that makes an epoch
    _: KW_ONLY
    steps: int  # the number of updates
    scheduler: LRScheduler | None = None  # makes a step after each update
    accumulate: int = 1  # batches whose mean gradient makes one update
    threads: int = 1  # threads that share each batch, which must then be a tuple of tensors (nn.parallel)
    clip: float | None = None  # the largest gradient norm
    evaluate: Callable[[], float | Metrics] | None = None  # the held-out loss, or metrics that include "loss"
    evaluate_every: int | None = None  # updates between two evaluations, a tenth of all by default
    on_evaluate: Callable[[Trainer], Any] | None = None  # called after each evaluation, to show samples; those that it
    # returns, a text or a dict of texts by name, are kept in the report
    skip_above: float | None = None  # in standard deviations: steps whose loss or gradient norm lies further above the
    # mean of the last 128 steps change no weight, and are logged
    folder: str | Path | None = None  # of this run alone
    keep: int = 2  # checkpoints
    report: bool | RunReport = True  # whether to write report.html, or what it shows besides
    config: Any = None  # a dataclass or a dict, kept in the checkpoints, to make the model from
    tokenizer: Mapping[str, Any] | None = None  # kept in the checkpoints
    settings: Mapping[str, Any] | None = None  # what must be the same for whoever resumes the run, the data included
    classes: int | None = None  # possible answers: the first loss is shown beside that of a uniform guess among them
    unit: str = "tokens"  # the name of what is counted per second
    resume_hint: str = "fit(resume=True)"  # how to go on after Ctrl-C
    quiet: bool = False  # print nothing

    def __post_init__(self) -> None:
        for name, least in (("steps", 0), ("accumulate", 1), ("threads", 1), ("evaluate_every", 1), ("keep", 1)):
            value = getattr(self, name)
            if value is not None and value < least:
                raise ValueError(f"{name} must be at least {least}, got {value}")
        self.stream = Batches(self.batches)
        self.history = History()
        self.step = 0  # updates made so far
        self.evaluated = -1  # the step of the last evaluation
        self.best = math.inf  # the lowest held-out loss
        self.interrupted = False  # by Ctrl-C
        self._saved: int | None = None  # the step of the last checkpoint
        report = RunReport() if self.report is True else self.report or None
        self._report = report if report and (self.folder is not None or report.file is not None) else None
        self._settings = {
            **(self.settings or {}),
            **{name: getattr(self, name) for name in ("accumulate", "threads", "clip", "skip_above")},
            "batch_size": getattr(self.batches, "batch_size", None),  # of a DataLoader
            "optimizer": type(self.optimizer).__name__,
        }
        for i, group in enumerate(self.optimizer.param_groups):
            self._settings |= {f"{name} of group {i}": value for name, value in group.items() if name != "params"}

    def fit(self, resume: bool = False) -> History:
        """Train, and return the history. After Ctrl-C the current step is finished and saved, and training ends.

        After SIGTERM, too, and then SystemExit is raised. Raises NonFiniteError if the loss or a gradient is not
        finite, before it reaches the weights, and CheckpointError, with `resume`, for a run with other settings, or,
        without it, for a folder that holds an earlier run.
        """
        if self.folder is None or resume and not checkpoint.steps(self.folder):
            return self._fit(resume)
        with checkpoint.locked(Path(self.folder)):
            return self._fit(resume)

    def _fit(self, resume: bool) -> History:
        if resume:
            self.load()
        elif self.folder is not None and self._saved is None and checkpoint.holds_run(self.folder):
            raise CheckpointError(
                f"{self.folder} holds an earlier run: choose another folder, or go on with that one: {self.resume_hint}"
            )
        model, optimizer = self.model.train(), self.optimizer
        trained = [*model.parameters(), *(param for group in optimizer.param_groups for param in group["params"])]
        parameters = [*{id(param): param for param in trained}.values()]
        compute_loss = self.loss if self.threads == 1 else data_parallel(self.loss, self.threads)
        clip = math.inf if self.clip is None else self.clip
        self._guard = guard = Guard(model, self.loss)
        with self._session():
            for step in self._remaining_steps():
                start, total, items = time.perf_counter(), 0.0, 0
                optimizer.zero_grad()
                for batch in guard.watch(islice(self.stream, self.accumulate)):
                    loss = compute_loss(model, batch)
                    if self.accumulate > 1:
                        loss = loss / self.accumulate
                    loss.backward()
                    total += loss.item()
                    items += count_items(batch)
                norm = clip_grad_norm_(parameters, clip).item()
                guard.check(step, total, norm)
                if not self._is_outlier(loss=total, grad_norm=norm):
                    optimizer.step()
                self._log(total, norm, items / (time.perf_counter() - start))
                if self.scheduler is not None:
                    self.scheduler.step()
        return self.history

    # What happens around the steps ------------------------------------------------------------------------------------

    @contextmanager
    def _session(self) -> Iterator[None]:
        """A progress bar and deferred Ctrl-C for a run; then the weights and, however the run ends, log and curves."""
        formats = {"loss": ".4f", "lr": ".2e", "gradient norm": ".3f", f"{self.unit}/s": ",.0f"}
        with Progress(self.steps, formats, self.step, self.quiet) as self.progress:
            try:
                with DeferredInterrupt(self.progress.line) as self._interrupt:
                    yield
                self.interrupted = self._interrupt.requested
                if self.interrupted:
                    self.progress.line(f"stopped after {self.step:,} of {self.steps:,} steps")
                    if self._saved is not None:
                        self.progress.line(
                            f"{self.folder} has the state after {self._saved:,} steps; to resume: {self.resume_hint}"
                        )
                self._write("weights", step=self.step)
            finally:
                if self.folder is not None and self.step > 0:
                    self.history.save(Path(self.folder, "log.csv"))
                self._write_report(last=True)
        if self._interrupt.terminated:
            raise SystemExit(128 + signal.SIGTERM)

    def _remaining_steps(self) -> Iterator[int]:
        """Count the steps. Between two of them evaluate when it is due, and after Ctrl-C save and stop."""
        every = self.evaluate_every or max(self.steps // 10, 1)
        try:
            while True:
                due = self.step % every == 0 or self.step >= self.steps
                if due and self.evaluated != self.step:
                    self._evaluate()
                self._interrupt.check()
                if self.step >= self.steps:
                    return
                with self._report.watch(self, every) if self._report else nullcontext():
                    yield self.step
                self.step += 1
        except KeyboardInterrupt:
            self.save()
            raise

    def _is_outlier(self, **values: float) -> bool:
        """Whether a value of this step lies too far above those before it, which is then said and logged."""
        limit = math.inf if self.skip_above is None else self.skip_above
        for name, value in values.items() if limit < math.inf else ():
            if (z := self.history.z_score(name, value)) > limit:
                self.progress.line(
                    f"step {self.step:,} is skipped: its {name} {value:.4f} lies {z:.1f} standard deviations above the "
                    "mean of the steps before it"
                )
                self.history.add(self.step, skipped=1)
                return True
        return False

    def _log(self, loss: float, grad_norm: float, items_per_s: float) -> None:
        """Add a step to the history and to the progress bar."""
        lr = self.optimizer.param_groups[0]["lr"]
        self.history.add(self.step, loss=loss, lr=lr, grad_norm=grad_norm, items_per_s=items_per_s)
        if self.step == 0 and self.classes is not None:
            guess = math.log(self.classes)
            self.progress.line(f"first loss {loss:.4f}; a uniform guess among {self.classes} would have {guess:.4f}")
        self.progress.update(loss, lr, grad_norm, items_per_s)

    def _evaluate(self) -> None:
        """Measure on held-out data, save, and show samples."""
        if self.evaluate is not None:
            with evaluating(self.model):
                result = self.evaluate()
            metrics = dict(result) if isinstance(result, Mapping) else {"loss": result}
            self.history.add(self.step, **{f"held_out_{name}": float(value) for name, value in metrics.items()})
            better = metrics["loss"] < self.best
            shown = ", ".join(f"{name} {value:.4f}" for name, value in metrics.items())
            self.progress.line(f"step {self.step:,}: held-out {shown}{' (best so far)' if better else ''}")
            if better:
                self.best = float(metrics["loss"])
                self._write("best", step=self.step, held_out=metrics)
        self.evaluated = self.step
        self.save()
        if self.on_evaluate is not None:
            with evaluating(self.model):
                shown = self.on_evaluate(self)
            if self._report is not None:
                self._report.record.sample(self.step, shown)
        self._write_report()

    def _write_report(self, last: bool = False) -> None:
        if self._report is not None:
            with evaluating(self.model):
                self._report.write(self, last)
            if last:
                self.progress.line(f"{self._report.path(self)}: the course of the training, open it in a browser")

    # Checkpoints ------------------------------------------------------------------------------------------------------

    def save(self) -> None:
        """Write a checkpoint, from which `fit(resume=True)` goes on, and log.csv."""
        if self.folder is not None:
            state = {"training": self.state_dict(), "settings": self._settings, **self._described()}
            checkpoint.save_step(Path(self.folder), self.step, self.keep, self.model, **state)
            self.history.save(Path(self.folder, "log.csv"))
            self._saved = self.step

    def load(self) -> None:
        """Restore the last checkpoint: weights, optimiser, schedule, batches, random numbers and history.

        One that is damaged is reported, and the one before it is taken. Raises CheckpointError where the model or the
        settings are others.
        """
        if self.folder is None:
            raise ValueError("a Trainer without a folder has nothing to resume from")
        state = checkpoint.load_newest(self.folder, lambda text: self.quiet or print(text))
        checkpoint.check_config(f"{self.folder} is the run of another model", state["config"], self.config)
        try:
            checkpoint.check_same(f"{self.folder} is a run with other settings", state["settings"], self._settings)
            self.model.load_state_dict(state["model"])
            self.load_state_dict(state["training"])
        except CheckpointError:
            raise
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError, RuntimeError) as error:
            raise CheckpointError(
                f"the run in {self.folder} cannot go on from its checkpoint: {error!s:.500}"
            ) from error
        self._saved = self.step
        if self._report is not None:
            self._report.begin(self)

    def _described(self) -> dict[str, Any]:
        return {"config": self.config, "tokenizer": self.tokenizer}

    def _write(self, name: str, **more: Any) -> None:
        if self.folder is not None:
            checkpoint.save(Path(self.folder, name), self.model, **self._described(), **more)

    def state_dict(self) -> dict[str, Any]:
        """All that resuming needs but the weights."""
        return {
            "step": self.step,
            "best": self.best,
            "evaluated": self.evaluated,
            "optimizer": self.optimizer.state_dict(),
            "scheduler": self.scheduler and self.scheduler.state_dict(),
            "batches": self.stream.state_dict(),
            "history": self.history.arrays(),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from what `state_dict` returned."""
        self.step, self.best, self.evaluated = index(state["step"]), float(state["best"]), index(state["evaluated"])
        self.history = History(state["history"])
        self.optimizer.load_state_dict(state["optimizer"])
        if self.scheduler is not None:
            self.scheduler.load_state_dict(state["scheduler"])
        self.stream.load_state_dict(state["batches"])


def decay_groups(model: Module, weight_decay: float) -> list[dict[str, Any]]:
    """Parameter groups for an optimiser: matrices decay, vectors (biases and norms) do not (Brown et al. 2020)."""
    parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]
    matrices = [parameter for parameter in parameters if parameter.ndim >= 2]
    vectors = [parameter for parameter in parameters if parameter.ndim < 2]
    groups = [{"params": matrices, "weight_decay": weight_decay}, {"params": vectors, "weight_decay": 0.0}]
    return [group for group in groups if group["params"]]


@contextmanager
def evaluating(model: Module) -> Iterator[None]:
    """Evaluation mode without gradients; afterwards the mode and the random numbers are as before."""
    training, state = model.training, default_generator.get_state()
    model.eval()
    try:
        with no_grad():
            yield
    finally:
        model.train(training)
        default_generator.set_state(state)

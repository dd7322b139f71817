"""report.html of a training run: curves, samples, what happens in each layer, the model, and how it was started."""

from __future__ import annotations

import platform
import shlex
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd import initial_seed, kernels
from nn.checkpoint import plain
from nn.report.page import Page, as_json
from nn.report.record import Record
from nn.report.sections import curves, layers, overview, samples, structure

if TYPE_CHECKING:
    from nn.train import Trainer

NAME = "report.html"
Section = Callable[[Page, "Trainer"], None]


class RunReport:
    """What a Trainer writes into its folder, at every evaluation and at the end, as report.html.

    `title` heads it. `stage` says of the name of a parameter which part of the model it belongs to; without it, parts
    are the modules. Each of `sections` is called with the page and the Trainer, in evaluation mode, and adds to it:

        def answers(page, trainer):
            page.heading("Answers")
            page.table(["question", "answer"], ask(trainer.model))

        Trainer(..., folder="runs/1", report=RunReport(sections=[answers]))

    Samples are what `on_evaluate` returns: a text, or a dict of texts by name. A Trainer without a folder needs `file`,
    the path of the page.
    """

    def __init__(
        self,
        title: str = "",
        *,
        stage: Callable[[str], str] | None = None,
        sections: Sequence[Section] = (),
        file: str | Path | None = None,
    ) -> None:
        self.title, self.sections, self.file, self.record = title, sections, file, Record(stage)
        self._written, self._took = -np.inf, 0.0

    def begin(self, trainer: Trainer) -> None:
        """Go on from the page of a run that is resumed."""
        self.record.load(self.path(trainer), trainer.step)

    @contextmanager
    def watch(self, trainer: Trainer, every: int) -> Iterator[None]:
        """A context for the next step of the training, which is watched if it is time to."""
        if not self.record.due(trainer.step, trainer.steps, every):
            yield
            return
        with self.record.watch(trainer.step, trainer.model):
            yield
        if not self.record.modules:
            self.record.structure(trainer.model, trainer.loss, trainer._guard.seen[0][0])

    def write(self, trainer: Trainer, last: bool = False) -> None:
        """Write the page, unless the last time is so short ago that this would take more than a percent of the time."""
        start = time.perf_counter()
        if last:
            self.record.release()
        elif start - self._written < 100 * self._took:
            return
        with self.record.timed():
            self.page(trainer).save(self.path(trainer))
        self._written = time.perf_counter()
        self._took = self._written - start

    def path(self, trainer: Trainer) -> Path:
        """Where the page is written."""
        return Path(self.file or Path(trainer.folder or "", NAME))

    def page(self, trainer: Trainer) -> Page:
        """The page as it is now."""
        title = self.title or f"Training of {type(trainer.model).__name__}"
        done = "finished" if trainer.step >= trainer.steps else "so far; reload this page to see more"
        page = Page(title, f"{trainer.step:,} of {trainer.steps:,} steps, {done}")
        facts = settings(trainer)
        overview(page, trainer.history, trainer)
        curves(page, trainer.history, trainer.unit, trainer.classes)
        samples(page, self.record)
        for section in self.sections:
            section(page, trainer)
        layers(page, self.record)
        structure(page, self.record)
        page.heading("How it was started")
        page.code(command())
        with page.side_by_side("20rem"):
            for part, values in facts.items():
                page.table([part, ""], [*values.items()])
        data = {"title": title, "settings": facts, **self.record.state}
        page.parts.append(f'<script type="application/json" id="run">{as_json(data)}</script>')
        return page


def settings(trainer: Trainer) -> dict[str, dict[str, str]]:
    """All that the run depends on, by what it belongs to, and the versions."""
    model, known = trainer.model, plain(trainer.config) or {}
    said = {name: value for name, value in trainer._settings.items() if name not in known and " of group " not in name}
    groups = trainer.optimizer.param_groups
    hidden = {"params"} | ({"lr"} if "initial_lr" in groups[0] else set())  # the scheduler has changed it
    count = sum(parameter.numel() for parameter in model.parameters())
    found: dict[str, dict[str, Any]] = {
        "model": {"class": type(model).__name__, "parameters": f"{count:,}", **known},
        "training": {"steps": trainer.steps, "seed": initial_seed(), **said},
        "optimiser": {name: _by_group([group[name] for group in groups]) for name in groups[0] if name not in hidden},
        "machine": {
            "Python": platform.python_version(),
            "NumPy": np.__version__,
            "kernels": kernels.backend().__name__.rpartition(".")[2].removesuffix("_kernels"),
            "processor": f"{platform.system()}, {platform.machine()}, {kernels.thread_count()} threads",
        },
    }
    return {
        part: {
            name: str(value)
            for name, value in values.items()
            if value is not None and (value, part) != (False, "optimiser")
        }
        for part, values in found.items()
    }


def _by_group(values: Sequence[Any]) -> Any:
    """A setting of an optimiser, by group where they differ."""
    if all(value == values[0] for value in values):
        return values[0]
    return ", ".join(f"{value} (group {i})" for i, value in enumerate(values))


def command() -> str:
    """The command line of this process."""
    return shlex.join([Path(sys.orig_argv[0]).name, *sys.orig_argv[1:]])

"""report.html of a training run: curves, samples, what happens in each layer, the model, and how it was started."""

from __future__ import annotations

import platform
import shlex
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence, Sized
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd import initial_seed, kernels
from nn.history import History
from nn.report.charts import Axis, Series, heat, lines, ridges
from nn.report.page import Page, as_json
from nn.report.record import Record, chosen

if TYPE_CHECKING:
    from nn.train import Trainer

NAME = "report.html"
STEP = Axis("step")
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
    model, known = trainer.model, trainer.config or {}
    said = {name: value for name, value in trainer._settings.items() if name not in known and " of group " not in name}
    groups = trainer.optimizer.param_groups
    hidden = {"params"} | ({"lr"} if "initial_lr" in groups[0] else set())  # the scheduler has changed it
    count = sum(parameter.numel() for parameter in model.parameters())
    found: dict[str, dict[str, Any]] = {
        "model": {"class": type(model).__name__, "parameters": f"{count:,}", **known},
        "training": {
            "steps": trainer.steps,
            "seed": initial_seed(),
            **said,
        },
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


# The sections of a page -----------------------------------------------------------------------------------------------


def overview(page: Page, history: History, trainer: Trainer) -> None:
    """The figures that are asked for first."""
    rows, losses = [], np.array(history.column("loss")[1])
    if len(losses):
        rows.append(("training loss, first step", f"{losses[0]:.4f}"))
        recent = losses[-window_of(losses) :]
        when = f"mean of the last {len(recent):,} steps" if len(recent) > 1 else "last step"
        rows.append((f"training loss, {when}", f"{recent.mean():.4f}"))
    steps, found = history.column("held_out_loss")
    if found:
        best = int(np.argmin(found))
        rows.append(("lowest held-out loss", f"{found[best]:.4f} at step {steps[best]:,}"))
    for name, label in metrics(history).items():
        values = history.column(name)[1]
        rows.append((f"held out, last: {label}", f"{values[-1]:.4f}"))
    if trainer.classes:
        rows.append((f"loss of a uniform guess among {trainer.classes:,}", f"{np.log(trainer.classes):.4f}"))
    if rates := history.column("items_per_s")[1]:
        rows.append((f"{trainer.unit} a second, median", f"{np.median(rates):,.0f}"))
    if rows:
        page.heading("At a glance")
        page.table(["figure", "value"], rows)


def metrics(history: History) -> dict[str, str]:
    """The columns of what was measured on held-out data beside the loss, and their names."""
    return {
        name: name[9:].replace("_", " ")
        for name in history.columns
        if name.startswith("held_out_") and name != "held_out_loss"
    }


def noisy(history: History, column: str, name: str) -> list[Series]:
    """A value of each step, faintly, and its trailing mean."""
    steps, values = history.column(column)
    window = window_of(values)
    if window == 1:
        return [Series(name, steps, values)]
    mean = Series(f"{name}, mean of {window} steps", steps, trailing(values))
    return [mean, Series("each step", steps, values, faint=True, tone=0)]


def window_of(values: Sized) -> int:
    """How many steps a mean is taken over: a fiftieth of all."""
    return max(len(values) // 50, 1)


def trailing(values: Sequence[float]) -> list[float]:
    """At each step the mean of the finite values of the last steps."""
    sums = np.cumsum([0.0, *np.nan_to_num(np.array(values, np.float64), posinf=0, neginf=0)])
    counts = np.cumsum([0, *np.isfinite(values)])
    ends = np.arange(1, len(values) + 1)
    starts = np.maximum(ends - window_of(values), 0)
    with np.errstate(invalid="ignore", divide="ignore"):
        return ((sums[ends] - sums[starts]) / (counts[ends] - counts[starts])).tolist()


def curves(page: Page, history: History, unit: str, classes: int | None) -> None:
    """The course of what was measured."""
    if not history.columns:
        return
    page.heading("The course of training")
    loss = noisy(history, "loss", "training")
    steps, values = history.column("held_out_loss")
    if values:
        loss.insert(1, Series("held out", steps, values, marked=True, tone=3))
    if classes and (all_steps := history.column("loss")[0]):
        ends, guess = [all_steps[0], all_steps[-1]], float(np.log(classes))
        loss.append(Series("uniform guess", ends, [guess, guess], tone=2))
    found = metrics(history)
    measured = [Series(label, *history.column(name), marked=True) for name, label in found.items()]
    with page.side_by_side():
        page.chart(lines("Loss", loss, STEP, Axis("loss"), LOSS))
        if measured:
            page.chart(lines("Measured on held-out data", measured, STEP, Axis("as measured"), METRICS))
        norms = noisy(history, "grad_norm", "gradient norm")
        page.chart(lines("Gradient norm", norms, STEP, Axis("norm of all gradients, before clipping", True), NORM))
        rate = [Series("learning rate", *history.column("lr"))]
        page.chart(lines("Learning rate", rate, STEP, Axis("learning rate"), RATE))
        speed = noisy(history, "items_per_s", f"{unit} a second")
        page.chart(lines("Throughput", speed, STEP, Axis(f"{unit} a second"), SPEED))


def samples(page: Page, record: Record) -> None:
    """What was shown at the evaluations, the newest first."""
    if not record.samples:
        return
    page.heading("Samples over time")
    names = list(dict.fromkeys(name for one in record.samples for name in one["texts"]))
    rows = [(f"{one['step']:,}", *(one["texts"].get(name, "") for name in names)) for one in record.samples]
    page.table(["after step", *(name or "sample" for name in names)], rows)


def layers(page: Page, record: Record) -> None:
    """Where the gradient falls, how much the weights move, and how the numbers of each layer are distributed."""
    if not record.steps:
        return
    page.heading("Layer by layer")
    with page.side_by_side():
        blame(page, record.steps)
        updates(page, record.steps)
    drawn = [one for one in record.steps if one["histograms"]]
    middle = min(drawn, key=lambda one: abs(one["step"] - drawn[-1]["step"] / 2))
    some = {f"step {one['step']:,}": one["histograms"] for one in (drawn[0], middle, drawn[-1])}
    with page.side_by_side("24rem"):
        for kind, (title, axis, caption) in HISTOGRAMS.items():
            short = shortened(dict.fromkeys(name for found in some.values() for name in found[kind]))
            rows = [(short[name], [found[kind].get(name) for found in some.values()]) for name in short]
            page.chart(ridges(title, rows, [*some], axis, caption))


def blame(page: Page, steps: list[dict[str, Any]]) -> None:
    """The share of each part of the model in the gradient, over the watched steps."""
    totals = [sum(x or 0.0 for x in one["blame"].values()) for one in steps]
    at = [one["step"] for one in steps]
    curves = [
        Series(
            part, at, [(one["blame"].get(part) or 0.0) / (total or np.nan) for one, total in zip(steps, totals)], True
        )
        for part in dict.fromkeys(part for one in steps for part in one["blame"])
    ]
    page.chart(lines("Blame: where the gradient falls", curves, STEP, Axis("share of the gradient's norm"), BLAME))


def updates(page: Page, steps: list[dict[str, Any]]) -> None:
    """The update-to-weight ratio of each matrix, over the watched steps."""
    short = shortened(steps[-1]["updates"])
    rows = chosen(list(short))
    ratios = [[np.nan if (x := one["updates"].get(name)) is None else x for one in steps] for name in rows]
    names, columns = [short[name] for name in rows], [f"{one['step']:,}" for one in steps]
    ratio, limits = Axis("‖update‖ / ‖weights‖", log=True), (1e-4, 1e-2)
    page.chart(heat("Update-to-weight ratio", ratios, names, columns, ratio, limits, UPDATES, ("", "step")))


def shortened(names: Iterable[str]) -> dict[str, str]:
    """Names without the beginning and the end that most of them have in common."""
    paths = {name: name.split(".") for name in names}
    for end, rest in ((0, slice(1, None)), (-1, slice(-1))):
        while counts := Counter(path[end] for path in paths.values() if len(path) > 1):
            ((part, count),) = counts.most_common(1)
            cut = {name: path[rest] if len(path) > 1 and path[end] == part else path for name, path in paths.items()}
            if 3 * count < 2 * len(paths) or len({*map(tuple, cut.values())}) < len(paths):
                break
            paths = cut
    return {name: ".".join(path) or "model" for name, path in paths.items()}


def structure(page: Page, record: Record) -> None:
    """The graph of the loss, and the modules."""
    if not (record.graph or record.modules or record.problem):
        return
    page.heading("The model")
    if record.graph:
        page.chart(record.graph)
    if record.modules:
        page.table(record.modules[0], record.modules[1:], name="Modules, in the first batch of the training")
    if record.problem:
        page.say(f"The graph could not be computed from the loss of a batch: {record.problem}")


# What healthy looks like ----------------------------------------------------------------------------------------------

LOSS = (
    "Healthy: both fall, fast at first and then ever slower. Where the held-out loss rises and the training loss still "
    "falls, the model learns its examples by heart; where neither leaves the uniform guess, it learns nothing."
)
METRICS = "Healthy: they rise as the held-out loss falls, and level out when there is no more to learn."
NORM = (
    "Healthy: of one order of magnitude after the first steps, with single spikes at most. Growth without end comes "
    "before nan; a norm that falls to nothing means that the gradient does not reach the weights."
)
RATE = "Healthy: it rises for the first few percent of the steps, and is close to 0 in the end, or constant by choice."
SPEED = "Healthy: level. Dips are other programs on this machine; evaluations are not counted."
BLAME = (
    "The norm of the gradient of each part, as a share of their sum, at the watched steps. Healthy: every part has a "
    "share, and none has nearly all of it."
)
UPDATES = (
    "How far one step moves each matrix, relative to its size. Healthy: about 10⁻³ for most of the training. In full "
    "colour, above 10⁻², the steps are bold, and too large if the loss does not fall; without colour, below 10⁻⁴, a "
    "layer hardly moves, as it should when the rate is low."
)
HISTOGRAMS = {
    "weights": (
        "Weights",
        Axis("weight"),
        "Healthy: the boxes or bells of the initialisation widen slowly into bells. Two bumps at the ends, or a few "
        "numbers far from the others, ask for weight decay or a lower rate.",
    ),
    "activations": (
        "Activations",
        Axis("activation"),
        "What each module returns in training. Healthy: neither ever wider from layer to layer nor all at 0; the "
        "share of zeros of a ReLU stays well below 100 %.",
    ),
    "gradients": (
        "Gradients",
        Axis("size of the gradient", True),
        "As the optimiser receives them, without zeros. Healthy: all layers within two or three orders of magnitude; "
        "they vanish where a layer lies far to the left of the others.",
    ),
}

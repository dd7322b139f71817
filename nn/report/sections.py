"""The sections of a run's report.html: figures, curves, samples, what happens in each layer, and the model."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence, Sized
from typing import TYPE_CHECKING, Any

import numpy as np

from nn.history import History
from nn.report.charts import Axis, Series, heat, lines, ridges
from nn.report.page import Page
from nn.report.record import Record, chosen

if TYPE_CHECKING:
    from nn.train import Trainer

STEP = Axis("step")


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
        if name.startswith("held_out_") and name != "held_out_loss" and history.column(name)[1]
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
    if not (drawn := [one for one in record.steps if one["histograms"]]):
        return
    page.heading("Layer by layer")
    with page.side_by_side():
        blame(page, record.steps)
        updates(page, record.steps)
    middle = min(drawn, key=lambda one: abs(one["step"] - drawn[-1]["step"] / 2))
    some = {f"step {one['step']:,}": one["histograms"] for one in (drawn[0], middle, drawn[-1])}
    with page.side_by_side("24rem"):
        for kind, (title, axis, caption) in HISTOGRAMS.items():
            short = shortened(dict.fromkeys(name for found in some.values() for name in found.get(kind, ())))
            rows = [(short[name], [found.get(kind, {}).get(name) for found in some.values()]) for name in short]
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
    if not (short := shortened(steps[-1]["updates"])):
        return
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


LOSS = (
    "Healthy: both fall, fast at first and then ever slower. Where the held-out loss rises and the training loss still "
    "falls, the model learns its examples by heart; where neither leaves the uniform guess, it learns nothing."
)
METRICS = "Healthy: they rise as the held-out loss falls, and level out when there is no more to learn."
NORM = (
    "Healthy: it stays within one order of magnitude after the first steps, with few spikes. If it grows without end, "
    "nan follows; if it falls to 0, the gradient does not reach the weights."
)
RATE = "Healthy: it rises for the first few percent of the steps, and is close to 0 in the end, or constant by choice."
SPEED = "Healthy: constant. Dips come from other programs on this machine; evaluations are not counted."
BLAME = (
    "The norm of the gradient of each part, as a share of their sum, at the watched steps. Healthy: every part has a "
    "share, and none has nearly all of it."
)
UPDATES = (
    "How far one step moves each matrix, relative to its size. Healthy: about 10⁻³ for most of the training. In full "
    "colour, above 10⁻², the steps are large, and too large if the loss does not fall; without colour, below 10⁻⁴, a "
    "layer hardly moves, as it should when the rate is low."
)
HISTOGRAMS = {
    "weights": (
        "Weights",
        Axis("weight"),
        "Healthy: the boxes or bells of the initialisation widen slowly into bells. Two bumps at the ends, or a few "
        "numbers far from the others, call for weight decay or a lower rate.",
    ),
    "activations": (
        "Activations",
        Axis("activation"),
        "What each module returns in training. Healthy: they neither widen from layer to layer nor are all 0; the "
        "share of zeros after a ReLU stays well below 100 %.",
    ),
    "gradients": (
        "Gradients",
        Axis("size of the gradient", True),
        "As the optimiser receives them, without zeros. Healthy: all layers lie within two or three orders of "
        "magnitude. In a layer far to the left of the others, gradients vanish.",
    ),
}

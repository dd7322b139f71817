"""The page of the lab, lab.html, and the same figures as a table for docs/lab.md."""

from __future__ import annotations

import inspect
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

from demos.lab.results import Results, seen
from demos.lab.variants import EXPERIMENTS, ORIGINAL, Experiment, Variant, returned
from nn.report import Axis, Page, Series, lines

COLUMNS = ("", "answered exactly", "held-out loss, nats a token", "weights that learn", "seeds")
ROOT = Path(__file__).parents[2]


def show(results: Results, missing: int, folder: Path) -> None:
    """Draw the page, and write the table."""
    page_of(results, missing).save(folder / "lab.html")
    (folder / "lab.md").write_text("\n".join(_markdown(results, missing)) + "\n", encoding="utf-8")
    print(f"{folder / 'lab.html'}: what was seen, and why; {folder / 'lab.md'}: the figures alone")


def page_of(results: Results, missing: int) -> Page:
    """The page, with a line for each variant that was trained."""
    experiments = _tried(results)
    page = Page("The lab: what if?", "One line of the calculator is changed, and it is trained beside the original")
    page.say(_about(results, missing))
    page.say(
        "Figures are the mean over the seeds and, in brackets, the smallest and the largest. A seed draws the "
        "questions that are held out, the first weights and the batches, the same for each variant as far as it has "
        "the same weights. The page says “with every seed” if the ranges do not overlap; if they do, it claims "
        "no difference. An answer counts if the model writes it word by word without a mistake; the loss is −ln P of "
        "each word of the right answer, given the words before it."
    )
    page.heading("All results")
    rows = [_row(results, variant) for variant in (ORIGINAL, *(v for e in experiments for v in e.variants))]
    page.table(COLUMNS, [row for row in rows if row])
    for experiment in experiments:
        _show_experiment(page, results, experiment)
    return page


def _tried(results: Results) -> list[Experiment]:
    return [e for e in EXPERIMENTS if any(results.of(variant.name) for variant in e.variants)]


def _about(results: Results, missing: int) -> str:
    sizes = results.settings
    options = " ".join(f"--{name} {sizes[name]}" for name in ("steps", "seeds", "batch"))
    text = (
        f"These are the results of python -m demos.lab {options}: each training has {sizes['steps']:,} steps of "
        f"{sizes['batch']} questions, and at its end every fourth held-out question is asked. "
        "python -m demos.calculator trains longer, and gets further."
    )
    return text + (f" {missing} trainings are missing: --resume makes them." if missing else "")


def _row(results: Results, variant: Variant) -> list[str] | None:
    runs = results.of(variant.name)
    if not runs:
        return None
    weights = " or ".join(f"{count:,}" for count in sorted({run["weights"] for run in runs}))
    found = (results.final(variant.name, what).text(form) for what, form in (("accuracy", ".1%"), ("loss", ".3g")))
    return [variant.name, *found, weights, str(len(runs))]


def _show_experiment(page: Page, results: Results, experiment: Experiment) -> None:
    page.heading(experiment.question)
    for variant in experiment.variants:
        changes = (f"{where}\n  − {before}\n  + {after}" for where, before, after in changed_lines(variant))
        page.code(f"{variant.name}\n" + "\n".join(changes))
    variants = (ORIGINAL, *experiment.variants)
    with page.side_by_side():
        for what, title, axis in (
            ("accuracy", "Held-out questions answered exactly", Axis("share of the questions")),
            ("loss", "Held-out loss", Axis("nats a token", log=True)),
        ):
            curves = [_curve(results, variant.name, what) for variant in variants if results.of(variant.name)]
            page.chart(lines(title, curves, Axis("step"), axis, "The mean over the seeds; the band is their range."))
    for variant in experiment.variants:
        page.say(seen(results, variant.name))
    page.say(experiment.why)


def _curve(results: Results, name: str, what: str) -> Series:
    steps, values = results.curve(name, what)
    return Series(name, steps, values.mean(0), marked=True, band=(values.min(0), values.max(0)))


def changed_lines(variant: Variant) -> Iterator[tuple[str, str, str]]:
    """Where each changed line stands, the line, and what it became, all from the source and the configs."""
    for name, before, after in variant.fields():
        yield "the config of the model", f"{name}={before!r}", f"{name}={after!r}"
    for before, after in variant.functions():
        yield place(before), returned(before), returned(after)


def place(function: Callable) -> str:
    """The file and the name of a function."""
    file = Path(inspect.getsourcefile(function) or "")
    return f"{file.relative_to(ROOT).as_posix()}, {function.__qualname__}"


def _markdown(results: Results, missing: int) -> Iterator[str]:
    yield "# The lab: what if one line were another?"
    yield ""
    page = (
        "Written by `make lab`, whose page out/lab/latest/lab.html has the curves, the changed lines and the reasons."
    )
    figures = "Figures are the mean over the seeds and, in brackets, the smallest and the largest."
    yield from textwrap.wrap(f"{page} {_about(results, missing)} {figures}", 120)
    yield ""
    yield f"| {' | '.join(COLUMNS)} |"
    yield f"|{'---|' * len(COLUMNS)}"
    yield f"| {' | '.join(_row(results, ORIGINAL) or [])} |"
    for experiment in _tried(results):
        yield f"| **{experiment.question}** |{' |' * (len(COLUMNS) - 1)}"
        yield from (f"| {' | '.join(row)} |" for variant in experiment.variants if (row := _row(results, variant)))

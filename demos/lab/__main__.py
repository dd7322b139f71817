"""The lab: change one line of the calculator's model, or of its training, and see what happens.

Each experiment is a question that readers of attention ask: no mask? no positions? SGD? The variants that answer it
are trained beside the original, on the calculator's task, with several seeds, and out/lab/latest/lab.html shows the
line that was changed, the curves and the result. All experiments together take some tens of minutes on two cores.
Each result is saved at once: --resume computes those that are missing, or only draws the page again.
"""

from __future__ import annotations

import os
import signal
from argparse import Namespace
from collections.abc import Iterator, Sequence
from contextlib import suppress
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from demos.common import Parser, at_least, checked, parser
from demos.lab.page import show
from demos.lab.recipe import Task, attempt
from demos.lab.results import FILE, Results
from demos.lab.variants import EXPERIMENTS, ORIGINAL
from demos.runs import run_folder, run_or_resume
from nn.progress import Progress

BASE = Path("out", "lab")
NAMES = [experiment.name for experiment in EXPERIMENTS]
SIZES = {"steps": 2000, "seeds": 3, "batch": 64}
QUICK = {"steps": 200, "seeds": 2, "batch": 16}


def options() -> Parser:
    """The options of the lab."""
    found, named = parser(__doc__), ", ".join(NAMES)
    kind = checked(str, NAMES.__contains__, f"one of {named}")
    found.add_argument("experiments", nargs="*", type=kind, metavar="EXPERIMENT", help=f"{named}; by default all")
    for name, what in (
        ("steps", "steps of each training"),
        ("seeds", "training runs of each variant, with seeds from --seed on"),
        ("batch", "questions in a step"),
    ):
        what += f" (default: {SIZES[name]}, or {QUICK[name]} with --quick)"
        found.add_argument(f"--{name}", type=at_least(1), help=what)
    found.add_argument(
        "--quick", action="store_true", help="a first look in a minute or two, at models that know little"
    )
    found.add_argument("--jobs", type=at_least(1), default=os.cpu_count() or 1, help="training runs at a time")
    return found


def trained(tasks: Sequence[Task], jobs: int) -> Iterator[tuple[Task, dict[str, Any] | None]]:
    """Train, `jobs` at a time, and yield each result when it is there."""
    if jobs == 1:
        yield from map(attempt, tasks)
        return
    ignored = (signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches these processes, too, which end with the pool
    with get_context("spawn").Pool(jobs, signal.signal, ignored) as pool:
        yield from pool.imap_unordered(attempt, tasks)


def fill(results: Results, tasks: Sequence[Task], jobs: int, folder: Path) -> None:
    """Train what is missing, and keep each result as it comes. Ctrl-C ends it with what is there."""
    with Progress(len(tasks), {"right": ".1%"}, unit="training") as progress, suppress(KeyboardInterrupt):
        for (name, seed, *_), run in trained(tasks, jobs):
            if run is None:
                raise KeyboardInterrupt
            results.add(name, seed, run)
            results.save(folder)
            progress.line(f"{name}, seed {seed}: {run['accuracy'][-1]:.1%} of the held-out questions right")
            progress.update(run["accuracy"][-1])


def work(args: Namespace) -> Results:
    """Do the experiments, or those that a run has not done yet, and draw the page."""
    sizes = {name: getattr(args, name) or default for name, default in (QUICK if args.quick else SIZES).items()}
    chosen = [variant for e in EXPERIMENTS if e.name in (args.experiments or NAMES) for variant in e.variants]
    names, seeds = [ORIGINAL.name, *(v.name for v in chosen)], range(args.seed, args.seed + sizes["seeds"])
    with run_folder(BASE, args, result=FILE) as folder:
        settings = {"experiments": args.experiments, "seed": args.seed, **sizes}
        results = Results.load(folder) if (folder / FILE).exists() else Results(settings)
        for name in ("steps", "batch"):
            if results.settings[name] != sizes[name]:
                raise ValueError(
                    f"{folder} was started with --{name} {results.settings[name]}: resume it with the same"
                )
        results.settings = settings
        tasks = [(name, seed, sizes["steps"], sizes["batch"]) for name in names for seed in seeds]
        fill(results, [task for task in tasks if not results.has(*task[:2])], args.jobs, folder)
        if not results.runs:
            raise KeyboardInterrupt
        show(results, sum(not results.has(*task[:2]) for task in tasks), folder)
    return results


def options_of(folder: Path) -> dict[str, Any] | None:
    """The options of a run; None where nothing is kept of it."""
    return Results.load(folder).settings if (folder / FILE).exists() else None


def main(arguments: list[str] | None = None) -> Results:
    """Train, and draw the page. Returns the results."""
    return run_or_resume(options(), arguments, work, lambda args: BASE, saved=options_of)


if __name__ == "__main__":
    main()

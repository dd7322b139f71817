"""The runs of a demo: a folder for the results of each, run-1 and so on, and `latest` beside them."""

from __future__ import annotations

import os
from argparse import Namespace
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

from demos.common import Parser, made, pyplot, run
from nn import checkpoint
from nn.train import Trainer

LATEST, WEIGHTS, BEST = "latest", "weights", "best"  # the last two are files that a Trainer leaves


def in_checkpoint(folder: Path) -> dict[str, Any] | None:
    """The options of a run, as its newest checkpoint holds them; None before the first. What it is the Trainer says."""
    if not checkpoint.steps(folder):
        return None
    settings = checkpoint.load_newest(folder, say=lambda _: None).get("settings")
    if not isinstance(settings, dict) or not all(isinstance(name, str) for name in settings):
        raise checkpoint.CheckpointError(f"{folder} is not the run of a demo: its checkpoint has no options")
    return settings


def run_or_resume(
    options: Parser,
    arguments: Sequence[str] | None,
    work: Callable[[Namespace], Any],
    base: Callable[[Namespace], Path],
    saved: Callable[[Path], dict[str, Any] | None] = in_checkpoint,
) -> Any:
    """`work` with the options of these arguments and `--resume`, as `demos.common.run` does it.

    With `--resume`, `args.run` is the folder of that run below `base(args)`, and options that are not given are those
    of the run, `saved(folder)`; without it, `args.run` is None.
    """
    options.add_argument(
        "--resume",
        nargs="?",
        const="",
        metavar="RUN",
        help="continue the newest run, or the named one, such as run-1, with its options",
    )

    def work_in_run(args: Namespace) -> Any:
        folder = None if args.resume is None else _find(base(args), args.resume)
        settings = None if folder is None else saved(folder)
        if settings is not None:
            options.set_defaults(**settings)
            args = options.parse_args(arguments)
        elif folder is not None:
            print(f"{folder} was stopped before its first checkpoint, so it starts again, with the options given here")
        args.run = folder
        return work(args)

    return run(options, arguments, work_in_run)


def run_and_draw(
    options: Parser, arguments: Sequence[str] | None, work: Callable[[Namespace, Path], Any], name: str, result: str
) -> Any:
    """`work(args, folder)` as `demos.common.run` does it: the folder is that of a new run in `out/NAME`.

    `result` is the file whose presence makes it the latest run. That there is no matplotlib is said before the work.
    """

    def work_in_folder(args: Namespace) -> Any:
        pyplot()
        args.run = None
        with run_folder(Path("out", name), args, result) as folder:
            return work(args, folder)

    return run(options, arguments, work_in_folder)


@contextmanager
def run_folder(base: Path, args: Namespace, result: str = f"{WEIGHTS}.*") -> Iterator[Path]:
    """The folder of the run that is resumed, or of a new one. When it has its result, `latest` leads to it."""
    folder = args.run or _new(base)
    try:
        yield folder
    finally:
        if not any(folder.iterdir()):
            folder.rmdir()
        elif any(folder.glob(result)) and (base / LATEST).resolve() != folder.resolve():
            draft = base / f".{LATEST}.{os.urandom(8).hex()}"
            draft.symlink_to(folder.name)
            os.replace(draft, base / LATEST)


def losses_of(trainer: Trainer) -> list[float]:
    """Train, and return the loss of every step; Ctrl-C ends it early, and before the first step it ends the demo."""
    losses = trainer.fit().column("loss")[1]
    if not losses:
        raise SystemExit("stopped before the first step of training, so there is nothing to show")
    return losses


def _runs(base: Path) -> dict[int, Path]:
    return {int(path.name[4:]): path for path in base.glob("run-*") if path.name[4:].isdecimal()}


def _new(base: Path) -> Path:
    for number in count(max(_runs(made(base)), default=0) + 1):
        try:
            (base / f"run-{number}").mkdir()
        except FileExistsError:  # another run began at the same time
            continue
        return base / f"run-{number}"
    raise AssertionError


def _find(base: Path, name: str) -> Path:
    runs = _runs(base)
    chosen = base / (base / Path(name).name).resolve().name  # also out/text/run-1, and what `latest` leads to
    if name and chosen in runs.values():
        return chosen
    if runs and not name:
        return runs[max(runs)]
    if (old := base / "last.ckpt").exists() and not name:
        raise ValueError(f"{old} is a pickle of an earlier version, which this version cannot resume: train again")
    raise ValueError(f"there is no run {name or 'to resume'} in {base}: train first, without --resume")

"""What the demos that learn to answer questions share: they train and report, or ask the saved model."""

from __future__ import annotations

import sys
import time
from argparse import Namespace
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from demos.common import at_least, parser, pyplot
from demos.data.numbers import Example
from demos.report import Report
from demos.runs import LATEST, run_folder, run_or_resume
from nn import checkpoint
from nn.history import History
from nn.train import Trainer

NOTHING = "(nothing)"


def learn_or_ask(
    name: str,
    description: str | None,
    arguments: Sequence[str] | None,
    *,
    steps: int,
    learn: Callable[[Namespace, Path], tuple[Any, Any]],
    load: Callable[[Path], Any],
    reply: Callable[[Any, str], str],
    example: str,
) -> Any:
    """Train a model and converse with it, or, with --ask, converse with the saved one.

    `learn(args, folder)` returns the model and its figures, which this function returns, too; `load(folder)` returns
    the model that was saved, and `reply(model, question)` an answer.
    """
    options, base = parser(description), Path("out", name)
    options.add_argument("--steps", type=at_least(1), default=steps, help="training steps")
    what = "let the saved model answer this instead of training; without a question, answer those that you type"
    options.add_argument("--ask", action="append", nargs="?", const="", metavar="QUESTION", help=what)

    def work(args: Namespace) -> Any:
        found = None
        if args.ask:
            try:
                model = load(base / LATEST)
            except (OSError, ValueError) as error:
                raise ValueError(f"{error}; python -m demos.{name} trains a model") from error
        else:
            pyplot()  # if it is missing, fail before the work, not after it
            with run_folder(base, args) as folder:
                model, found = learn(args, folder)
        if args.ask or sys.stdin.isatty():
            converse(lambda question: reply(model, question), [*filter(None, args.ask or ())], example)
        return found

    return run_or_resume(options, arguments, work, lambda args: base)


def settings(name: str, args: Namespace, folder: Path | None) -> dict[str, Any]:
    """What the trainers of these demos have in common."""
    return {
        "steps": args.steps,
        "evaluate_every": max(args.steps // 15, 1),
        "folder": folder,
        "settings": {"seed": args.seed, "steps": args.steps},
        "resume_hint": f"python -m demos.{name} --resume",
    }


def fit(report: Report, trainer: Trainer, folder: Path) -> History:
    """Train, from the last checkpoint in the folder if there is one, and report how long it took."""
    report.step("Training")
    wall, cpu = time.perf_counter(), time.process_time()
    history = trainer.fit(resume=bool(checkpoint.steps(folder)))
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    trainer.model.eval()
    report.say(f"This took {wall:.0f} seconds, and {cpu:.0f} seconds of processor time.")
    return history


def show_answers(
    report: Report, examples: Sequence[Example], before: Sequence[str], after: Sequence[str], which: Iterable[int]
) -> None:
    """Some of the examples with the answers before and after training."""
    report.step("Held-out questions before and after")
    rows = []
    for i in which:
        mark = "" if after[i] == examples[i].answer else f"wrong: {examples[i].answer}"
        rows.append((examples[i].question, before[i] or NOTHING, after[i] or NOTHING, mark))
    report.table(["question", "before", "after", ""], rows)


def converse(reply: Callable[[str], str], asked: Sequence[str], example: str) -> None:
    """Print the reply to each question asked, or to each that is typed; if `reply` raises ValueError, print why."""
    if not asked:
        print(f"\nAsk something like “{example}”; an empty line ends it.")
    for question in asked or _typed("> "):
        try:
            answer = reply(question)
        except ValueError as error:
            answer = f"no answer: {error}; ask something like “{example}”"
        print(f"{question} → {answer}")


def _typed(prompt: str) -> Iterator[str]:
    """Lines from the keyboard, or from a file or pipe in its place, up to an empty one."""
    try:
        while line := input(prompt if sys.stdin.isatty() else "").strip():
            yield line
    except (EOFError, KeyboardInterrupt):
        print()

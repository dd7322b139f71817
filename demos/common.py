"""What several demos share: the folder for their results, plotting without a screen, and their common options."""

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any


def out_dir(name: str) -> Path:
    """The folder `out/NAME` below the current one, made if needed."""
    folder = Path("out", name)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def pyplot() -> ModuleType:
    """matplotlib.pyplot, which draws into files and needs no screen. Raises ImportError that names the extra."""
    try:
        import matplotlib
    except ImportError as error:
        raise ImportError('the pictures need matplotlib and Pillow: pip install "chainrule[plot]"') from error
    matplotlib.use("agg")
    import matplotlib.pyplot as plt

    return plt


def _seed(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number of at least 0")
    return int(text)


def parser(description: str | None, seed: int = 0) -> argparse.ArgumentParser:
    """A parser for a demo: its docstring heads the help, each option's default is shown, `--seed` is there."""
    result = argparse.ArgumentParser(
        description=description, formatter_class=argparse.ArgumentDefaultsHelpFormatter, allow_abbrev=False
    )
    result.add_argument("--seed", type=_seed, default=seed, help="of every random number; one seed, one result")
    return result


def settings_of_run(folder: Path, resume: bool, **settings: int) -> dict[str, int]:
    """These settings, kept in settings.json; or, to resume, those that the run in this folder was begun with."""
    file = folder / "settings.json"
    if not resume:
        file.write_text(json.dumps(settings) + "\n", encoding="utf-8")
    elif not file.exists():
        raise FileNotFoundError(f"there is no run in {folder} to go on with: leave out --resume")
    return json.loads(file.read_text(encoding="utf-8"))


def _typed(prompt: str) -> Iterator[str]:
    """Lines from the keyboard, or from a file or pipe at its place, up to an empty one."""
    try:
        while line := input(prompt if sys.stdin.isatty() else "").strip():
            yield line
    except (EOFError, KeyboardInterrupt):
        print()


def converse(reply: Callable[[str], str], asked: Sequence[str], example: str) -> None:
    """Print the reply to each question asked, or to each that is typed; a ValueError of `reply` is what is printed."""
    if not asked:
        print(f"\nAsk something like “{example}”; an empty line ends it.")
    for question in asked or _typed("> "):
        try:
            answer = reply(question)
        except ValueError as error:
            answer = f"no answer: {error}; ask something like “{example}”"
        print(f"{question} → {answer}")


def learn_or_ask(
    name: str,
    options: argparse.ArgumentParser,
    arguments: Sequence[str] | None,
    *,
    learn: Callable[[argparse.Namespace, Path], tuple[Any, Any]],
    load: Callable[[Path], Any],
    reply: Callable[[Any, str], str],
    example: str,
) -> Any:
    """Train a model and converse with it, or with --ask, which is added to the options, converse with the saved one.

    `learn(args, folder)` gives the model and its figures, which are returned; `load(folder)` the model that it saved;
    `reply(model, question)` an answer. What cannot work ends with the reason, not with a traceback.
    """
    what = "answer this with the saved model instead of training; without a question, what is typed"
    options.add_argument("--ask", action="append", nargs="?", const="", metavar="QUESTION", help=what)
    args, found = options.parse_args(arguments), None
    folder, command = out_dir(name), f"python -m demos.{name}"
    try:
        if args.ask:
            model = load(folder)
        else:
            pyplot()  # what is missing is said before the work, not after it
            model, found = learn(args, folder)
    except (ArithmeticError, ImportError, OSError, ValueError) as error:
        raise SystemExit(f"{name}: {error}" + (f"\nThis trains a model: {command}" if args.ask else "")) from error
    questions = [question for question in args.ask or () if question]
    if args.ask or sys.stdin.isatty():
        converse(lambda question: reply(model, question), questions, example)
    return found

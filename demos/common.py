"""What the demos share: their options, the folder for their results, and plotting without a screen."""

from __future__ import annotations

import argparse
import errno
import math
import os
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, NoReturn

from autograd.errors import require
from demos.pictures.style import CYCLE, RC
from nn.report.page import number as number


def made(folder: Path) -> Path:
    """The folder for results, made if needed. Raises ValueError that says where to go if nothing can be written."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not os.access(folder, os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    except OSError as error:
        raise ValueError(
            f"the results cannot be written to the folder {folder} ({error.strerror}): start in another folder, "
            "where this name is free and you may write"
        ) from error
    return folder


def pyplot() -> ModuleType:
    """matplotlib.pyplot, which draws into files and needs no screen. Raises ImportError that names the extra."""
    require("matplotlib", "plot").use("agg")
    plt = require("matplotlib.pyplot", "plot")
    plt.rcParams.update(RC, **{"axes.prop_cycle": plt.cycler(color=CYCLE)})
    return plt


class Parser(argparse.ArgumentParser):
    """A parser of options whose errors are one line: "digits.py: --lr must be a finite number above 0, got 0"."""

    def parse_args(self, *args: Any, **kwargs: Any) -> Any:
        try:
            return super().parse_args(*args, **kwargs)
        except argparse.ArgumentError as error:
            own = isinstance(error.__context__, argparse.ArgumentTypeError)  # of `checked`: "must be ..."
            self.error(f"{error.argument_name or ''}{' ' if own else ': '}{error.message}")

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message}\n")


class Help(argparse.ArgumentDefaultsHelpFormatter):
    """Help that shows the defaults of options, but for those that have none."""

    def _get_help_string(self, action: argparse.Action) -> str | None:
        if action.default is None or action.default is False:
            return action.help
        return super()._get_help_string(action)


def parser(description: str | None, seed: int = 0) -> Parser:
    """A parser for a demo: its docstring heads the help, each option's default is shown, `--seed` is there."""
    program = Path(sys.argv[0])
    result = Parser(
        prog=f"python -m demos.{program.parent.name if program.stem == '__main__' else program.stem}",
        description=description,
        formatter_class=Help,
        allow_abbrev=False,
        exit_on_error=False,
    )
    result.add_argument(
        "--seed", type=at_least(0), default=seed, help="seed of all random numbers; the same seed gives the same result"
    )
    return result


def checked(kind: Callable[[str], Any], accepts: Callable[[Any], bool], what: str, name: str = "") -> Any:
    """A `type=` for options: `kind` of the text, where `accepts` holds; otherwise the error says "must be `what`".

    What is no such `kind` at all must be `name`, where that is given.
    """

    def read(text: str) -> Any:
        try:
            value = kind(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"must be {name or what}, got {text}") from None
        if accepts(value):
            return value
        raise argparse.ArgumentTypeError(f"must be {what}, got {text}")

    return read


def at_least(least: int) -> Callable[[str], Any]:
    """A `type=` for options: whole numbers of at least `least`."""
    return checked(int, lambda n: n >= least, f"at least {least}", "a whole number")


positive = checked(float, lambda x: 0 < x < math.inf, "a finite number above 0")
amount = checked(float, lambda x: 0 <= x < math.inf, "a finite number of at least 0")
share = checked(float, lambda x: 0 <= x < 1, "at least 0 and below 1")
probability = checked(float, lambda x: 0 < x <= 1, "above 0 and at most 1")


def check_heads(width: int, heads: int) -> None:
    """Raise ValueError where the heads cannot share the width equally."""
    if width % heads:
        raise ValueError(f"--heads must divide --width, which is {width}, got {heads}")


def run(options: Parser, arguments: Sequence[str] | None, work: Callable[[argparse.Namespace], Any]) -> Any:
    """`work` with the options of these arguments; if it cannot be done, one line says why, and the exit code is 2."""
    args = options.parse_args(arguments)
    try:
        return work(args)
    except KeyboardInterrupt:
        options.exit(130, "\nstopped\n")
    except BrokenPipeError:  # of what reads the output, such as `head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        options.exit(128 + signal.SIGPIPE)
    except OSError as error:
        options.error(f"{error.filename}: {error.strerror}" if error.filename else str(error))
    except (ArithmeticError, ImportError, ValueError) as error:
        options.error(str(error))

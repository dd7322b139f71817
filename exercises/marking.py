"""Marking: the exercises, what a file that answers one is worth, and a process of its own that finds it out.

`mark` runs a learner's file here. `mark_apart` does so in another process with a limit of time, so that an endless
loop, a call of `sys.exit` or a crash ends nothing but that.
"""

from __future__ import annotations

import ast
import contextlib
import faulthandler
import io
import json
import re
import subprocess
import sys
import tempfile
import traceback
from pathlib import Path
from types import ModuleType, TracebackType
from typing import NamedTuple

import numpy as np

from exercises.checks import Wrong
from exercises.markers import MARKERS, functions, layer_rules, programs, rules

STUBS = Path(__file__).parent / "stubs"
LIMIT = 20.0  # seconds that an answer may take; right ones take less than one
MEMORY = 4 << 30  # bytes that it may take, where the system has such limits
MOST_PRINTED = 10  # lines
__all__ = ["EXERCISES", "Exercise", "Verdict", "functions", "layer_rules", "mark", "mark_apart", "programs", "rules"]


class Exercise(NamedTuple):
    """An exercise: its number, the name of its file without .py, and its title."""

    number: int
    name: str
    title: str

    @property
    def stub(self) -> Path:
        """The file as a learner gets it."""
        return STUBS / f"{self.name}.py"

    @property
    def hints(self) -> tuple[str, str]:
        """The two hints, the lighter first."""
        return MARKERS[self.name].hints


class Verdict(NamedTuple):
    """What an answer is worth: "done", "open" (not begun) or "not yet", why, and what it printed."""

    state: str
    message: str = ""
    printed: str = ""


def _exercises() -> list[Exercise]:
    found = []
    for path in sorted(STUBS.glob("*.py")):
        docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
        found.append(Exercise(int(path.stem.partition("_")[0]), path.stem, docstring.partition("\n")[0].rstrip(".")))
    return found


EXERCISES = _exercises()


def mark(exercise: Exercise, path: Path) -> Verdict:
    """What the file is worth, found in this process. An error in it is told with the line that it came from."""
    printed = io.StringIO()
    try:
        with contextlib.redirect_stdout(printed), np.errstate(all="ignore"):
            answer = _load(path)
            missing = [name for name in _names(exercise.stub) if not callable(getattr(answer, name, None))]
            if missing:
                raise Wrong(f"There is no {missing[0]} in the file: keep the names that the exercise gave.")
            MARKERS[exercise.name].check(answer)
        verdict = Verdict("done")
    except Wrong as wrong:
        verdict = Verdict("not yet", str(wrong))
    except SyntaxError as error:
        where = f"line {error.lineno}" if error.filename == str(path) else str(error.filename)
        line = f":\n    {error.text.strip()}" if error.text else ""
        verdict = Verdict("not yet", f"Python cannot read {where}: {error.msg}{line}")
    except NotImplementedError as error:
        stub = _line(path, error.__traceback__)
        verdict = Verdict("open", f"Fill in {stub.name}, line {stub.lineno}." if stub else str(error))
    except (Exception, SystemExit) as error:
        verdict = Verdict("not yet", _told(path, error))
    if same_text(path, exercise.stub):
        verdict = verdict._replace(state="open")
    return verdict._replace(printed=_beginning(printed.getvalue()))


def _beginning(text: str) -> str:
    """The first lines of what was printed, and how many there are besides."""
    lines = text.splitlines()
    more = [f"({len(lines) - MOST_PRINTED} more lines)"] if len(lines) > MOST_PRINTED else []
    return "\n".join(lines[:MOST_PRINTED] + more)


def same_text(path: Path, other: Path) -> bool:
    """Whether both files hold the same."""
    return path.read_bytes().split() == other.read_bytes().split()


def _load(path: Path) -> ModuleType:
    """The learner's file as a module, made anew."""
    module = ModuleType("answer")
    code = compile(path.read_bytes(), str(path), "exec", dont_inherit=True)
    exec(code, module.__dict__)
    return module


def _names(stub: Path) -> list[str]:
    """The functions and classes that an exercise asks for."""
    tree = ast.parse(stub.read_text(encoding="utf-8"))
    return [node.name for node in tree.body if isinstance(node, (ast.FunctionDef, ast.ClassDef))]


def _line(path: Path, trace: TracebackType | None) -> traceback.FrameSummary | None:
    """The innermost line of the learner's file in a traceback."""
    return next((line for line in reversed(traceback.extract_tb(trace)) if line.filename == str(path)), None)


def _told(path: Path, error: BaseException) -> str:
    """An exception in the learner's terms: what it was, and the line of his that it came from."""
    line = _line(path, error.__traceback__)
    what = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    if isinstance(error, RecursionError):
        what = "RecursionError: a function called itself too often"
    if line is None:
        return f"What your answer returned, or how it is called, did not fit:\n{what}"
    return f"{what}\n  line {line.lineno}, in {line.name}:\n    {line.line}"


def mark_apart(exercise: Exercise, path: Path, limit: float = LIMIT) -> Verdict:
    """What the file is worth, found in a process of its own, which has `limit` seconds."""
    path = path.resolve()
    with tempfile.TemporaryDirectory() as folder:
        result = Path(folder, "verdict.json")
        command = [sys.executable, "-m", "exercises.marking", exercise.name, str(path), str(limit), str(result)]
        root = Path(__file__).parents[1]
        done = subprocess.run(command, cwd=root, stdin=subprocess.DEVNULL, capture_output=True, text=True)
        if result.exists():
            return Verdict(**json.loads(result.read_text(encoding="utf-8")))
    if done.stderr.startswith("Timeout"):
        found = re.search(rf'File "{re.escape(str(path))}", line (\d+) in (\S+)', done.stderr)
        where = f" at line {found[1]}, in {found[2]}" if found else ""
        return Verdict(
            "not yet", f"After {limit:g} seconds it was still running{where}. Is there a loop that never ends?"
        )
    return Verdict("not yet", f"The file ended Python itself, with exit code {done.returncode}, before it was marked.")


def _in_this_process(name: str, path: str, limit: str, result: str) -> None:
    """What `mark_apart` starts: the verdict goes to a file, the line of an endless loop to stderr."""
    faulthandler.dump_traceback_later(float(limit), exit=True)
    if sys.platform == "linux":
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    exercise = next(exercise for exercise in EXERCISES if exercise.name == name)
    verdict = mark(exercise, Path(path))
    faulthandler.cancel_dump_traceback_later()
    Path(result).write_text(json.dumps(verdict._asdict()), encoding="utf-8")


if __name__ == "__main__":
    _in_this_process(*sys.argv[1:])

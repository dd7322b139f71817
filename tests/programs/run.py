"""Public programs, written for PyTorch, run with either library from the same draws: do the losses agree?

`python -m tests.programs.run --checkouts DIR` runs the programs of `programs.txt` whose repositories are there, as
DIR/OWNER/NAME, and writes the scoreboard. None of their code is here. A program passes if it makes the same number of
steps with both, ends with no error, and no loss differs by more than 1e-4 of its size (or of 1e-2, if it is smaller).
Where one does, both libraries run once more in float64: what differs by rounding alone agrees there.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import random
import shlex
import shutil
import string
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from itertools import takewhile
from pathlib import Path
from typing import NamedTuple

from tqdm import tqdm

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
CLOSE = 1e-4
OTHER, FAILS = "other losses", "does not run with PyTorch"
SILENT = "runs with both, and has no loss to compare"
BOTH = "torch", "ours"
LIMIT = 600  # seconds
PICTURES = ("*.png", "*.gif", "*.jpg", "*.svg", "*.pdf", "*.mp4")  # left out of the copies


class Program(NamedTuple):
    """A line of programs.txt.

    Of its settings, steps=N is the number of backward passes, text=FILE,FILE files of made-up words to put into the
    folder, empty=NAME,NAME are modules that need not be there, and the others are variables of the environment.
    """

    repository: str
    folder: str
    settings: tuple[str, ...]
    command: tuple[str, ...]

    @property
    def name(self) -> str:
        """The whole line without its settings."""
        return f"{self.repository}: {Path(self.folder, shlex.join(self.command))}"

    @property
    def title(self) -> str:
        """How the scoreboard calls it."""
        words = self.command[self.command[0].startswith("drivers/") :]
        return f"{self.repository}: {Path(self.folder, ' '.join(words))}"[:120].replace("|", "/")


class Result(NamedTuple):
    """What came of a program: its steps, the largest relative difference of a loss, and what went wrong.

    Where the losses differ, `own` is how far PyTorch's own move when its draws change in the last digit and other
    kernels compute, and `double` is the largest difference in float64.
    """

    steps: int
    difference: float
    problem: str
    own: float = 0.0
    double: float = math.inf

    @property
    def verdict(self) -> str:
        """In words."""
        if self.problem != OTHER:
            return self.problem or "the same"
        return f"{'the same in float64' if self.double <= CLOSE else OTHER}; PyTorch's own change by {self.own:.0e}"


def listed() -> list[Program]:
    """The programs, a line each: repository, folder, perhaps settings such as steps=5, the program, its arguments."""
    lines = [line for line in (HERE / "programs.txt").read_text().splitlines() if line and line[0] != "#"]
    return [parsed(*shlex.split(line)) for line in lines]


def parsed(repository: str, folder: str, *words: str) -> Program:
    """A program from the words of its line."""
    settings = tuple(takewhile(lambda word: "=" in word, words))
    return Program(repository, folder, settings, words[len(settings) :])


def words() -> str:
    """A made-up text: a word a line."""
    draw = random.Random(0)
    letters = "aaaaeeeeiiinnooorrsst" + string.ascii_lowercase
    return "\n".join("".join(draw.choices(letters, k=draw.randint(3, 8))) for _ in range(3000)) + "\n"


def run_one(library: str, program: Program, checkout: Path, folder: Path, steps: int) -> dict:
    """The losses of one program with one library, in a copy of its checkout."""
    copy = folder / library
    shutil.copytree(checkout, copy, symlinks=True, ignore=shutil.ignore_patterns(".git", *PICTURES))
    (copy / program.folder).mkdir(parents=True, exist_ok=True)
    path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
    settings = {"PYTHONPATH": path, "PYTHONHASHSEED": "0", "MPLBACKEND": "Agg", "OPENBLAS_NUM_THREADS": "1"}
    file, *arguments = program.command
    file = str(HERE / file) if file.startswith("drivers/") else file
    settings |= {"STEPS": str(steps), **{k.upper(): v for k, v in (word.split("=") for word in program.settings)}}
    for text in filter(None, settings.get("TEXT", "").split(",")):
        (copy / program.folder / text).parent.mkdir(parents=True, exist_ok=True)
        (copy / program.folder / text).write_text(words())
    command = [sys.executable, "-P", "-m", "tests.programs.one", library, str(folder), file, *arguments]
    try:
        done = subprocess.run(
            command,
            cwd=copy / program.folder,
            env={**os.environ, **settings},
            capture_output=True,
            text=True,
            timeout=LIMIT,
            stdin=subprocess.DEVNULL,
        )
    except subprocess.TimeoutExpired:
        return {"losses": [], "error": f"stopped after {LIMIT} seconds"}
    report = folder / f"{library}.json"
    return json.loads(report.read_text()) if report.exists() else {"losses": [], "error": done.stderr}


def compare(program: Program, checkout: Path, steps: int) -> Result:
    """Run a program with both libraries, and where they differ, in float64 as well, and with PyTorch nudged."""
    with tempfile.TemporaryDirectory() as scratch:
        theirs = run_one("torch", program, checkout, Path(scratch), steps)
        ours = {} if theirs["error"] else run_one("ours", program, checkout, Path(scratch), steps)
        result = judge(theirs, ours)
        if result.problem != OTHER:
            return result
        nudged = run_one("nudged", program, checkout, Path(scratch), steps)
        double = program._replace(settings=(*program.settings, "dtype=float64"))
        exact = judge(*(run_one(library, double, checkout, Path(scratch, "double"), steps) for library in BOTH))
    own = largest_difference(nudged["losses"], theirs["losses"])
    return result._replace(own=own, double=math.inf if exact.problem else exact.difference)


def judge(theirs: dict, ours: dict) -> Result:
    """What the reports of the two runs say."""
    if theirs["error"]:
        return Result(0, 0.0, f"{FAILS}: {last_line(theirs['error'])}")
    count, difference = len(ours["losses"]), largest_difference(ours["losses"], theirs["losses"])
    problem = last_line(ours["error"]) if ours["error"] else ""
    if not problem and count != len(theirs["losses"]):
        problem = f"{count} steps, {len(theirs['losses'])} with PyTorch"
    return Result(count, difference, problem or (OTHER * (difference > CLOSE) if count else SILENT))


def largest_difference(found: list[float], expected: list[float]) -> float:
    """The largest relative difference of two losses; nan is equal to nan."""
    apart = [(a, b) for a, b in zip(found, expected) if a != b and not (math.isnan(a) and math.isnan(b))]
    return max((abs(a - b) / max(abs(b), 1e-2) for a, b in apart), default=0.0)


def last_line(error: str) -> str:
    """What an error says at its end."""
    return (error.strip().splitlines() or ["no message"])[-1][:160]


def scoreboard(results: dict[Program, Result]) -> str:
    """The results as a page."""
    ran = [result for result in results.values() if not result.problem.startswith((FAILS, SILENT))]
    passed = sum(not result.problem for result in ran)
    exact = sum(result.problem == OTHER and result.double <= CLOSE for result in ran)
    lines = [
        "# Public programs",
        "",
        f"{passed} of {len(ran)} public programs that were written for PyTorch end with PyTorch's losses to within",
        f"{CLOSE:g}, if both libraries start from the same weights, batches and dropout masks. {exact} more do if both",
        "compute in float64: in float32 their losses depend on rounding. For these, the last column says by how much",
        "PyTorch's own losses change when its random draws change in the last digit and it uses other kernels of its",
        "own. (bfloat16 is float32 in both libraries.) `make programs` writes this page; `tests/programs/` says how.",
        "",
        "| program | steps | largest difference | |",
        "|---|---|---|---|",
    ]
    lines += [f"| {p.title} | {r.steps} | {r.difference:.0e} | {r.verdict} |" for p, r in results.items()]
    return "\n".join(lines) + "\n"


def main() -> int:
    """Run what is asked for; exit code 1 where a program does not pass."""
    parser = argparse.ArgumentParser(prog="python -m tests.programs.run", description=__doc__)
    parser.add_argument("--checkouts", type=Path, required=True, help="the folder with OWNER/NAME of each repository")
    parser.add_argument("--only", default="", help="the programs whose name contains this")
    parser.add_argument("--steps", type=int, default=20, help="the number of backward passes (default: 20)")
    parser.add_argument("--jobs", type=int, default=1, help="how many programs run at once (default: 1)")
    parser.add_argument("--out", type=Path, help="where to write the scoreboard")
    options = parser.parse_args()
    programs = [p for p in listed() if options.only in p.name and (options.checkouts / p.repository).is_dir()]
    if not programs:
        parser.error(f"there is no checkout of any listed program in {options.checkouts}")

    def judged(program: Program) -> Result:
        result = compare(program, options.checkouts / program.repository, options.steps)
        tqdm.write(f"{program.name}: {result.steps} steps, {result.difference:.0e} {result.verdict}")
        return result

    with ThreadPoolExecutor(options.jobs) as pool:
        found = list(tqdm(pool.map(judged, programs), unit="program", total=len(programs)))
    results = dict(zip(programs, found))
    page = scoreboard(results)
    if options.out:
        options.out.write_text(page)
    print(*page.splitlines()[2:6], sep="\n")
    return any(result.problem not in ("", SILENT) and result.double > CLOSE for result in found)


if __name__ == "__main__":
    sys.exit(main())

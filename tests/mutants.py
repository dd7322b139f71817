"""Mutation testing of autograd/: small changes of its code, each of which some test must notice.

mutmut puts functions with other arguments in the place of ours, where the table reads a rule by the names of its
arguments; cosmic-ray runs the same tests for each change. So this is a driver of its own: it changes one place of the
syntax tree, in a copy of the tree, and runs the tests that reached the line when coverage was measured, the quickest
first. `python -m tests.mutants --cover` measures that, once.
"""

from __future__ import annotations

import argparse
import ast
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
COVERAGE = ROOT / "out" / "mutants" / "coverage"
SUITES = ["tests/properties", "tests/autograd", "tests/nn", "tests/compat"]
# Compiled code, which coverage does not see; pictures and texts, which tests compare in part; stand-ins for torch.
LEFT_OUT = ("kernels/numba_", "kernels/blas", "draw/", "compat/", "hips/", "printing", "why")
SWAPS: dict[type, list[type]] = {
    ast.Add: [ast.Sub], ast.Sub: [ast.Add], ast.Mult: [ast.Div], ast.Div: [ast.Mult], ast.FloorDiv: [ast.Mult],
    ast.Pow: [ast.Mult], ast.Mod: [ast.FloorDiv], ast.BitAnd: [ast.BitOr], ast.BitOr: [ast.BitAnd],
    ast.Lt: [ast.LtE, ast.GtE], ast.LtE: [ast.Lt, ast.Gt], ast.Gt: [ast.GtE, ast.LtE], ast.GtE: [ast.Gt, ast.Lt],
    ast.Eq: [ast.NotEq], ast.NotEq: [ast.Eq], ast.Is: [ast.IsNot], ast.IsNot: [ast.Is], ast.In: [ast.NotIn],
    ast.NotIn: [ast.In], ast.And: [ast.Or], ast.Or: [ast.And], ast.USub: [ast.UAdd], ast.Not: [ast.UAdd],
}  # fmt: skip


class Mutant(NamedTuple):
    file: str
    line: int
    before: str
    after: str
    source: str  # of the whole file


def mutants(file: Path) -> Iterator[Mutant]:
    """All mutants of a file: operators, comparisons, numbers, conditions and statements changed, one at a time."""
    text = file.read_text("utf-8")
    tree = ast.parse(text)
    outside = {id(part) for node in ast.walk(tree) for part in _not_run(node)}
    for node in ast.walk(tree):
        if id(node) in outside or not hasattr(node, "lineno"):
            continue
        before = ast.unparse(node)
        for undo in _changes(node):
            after = ast.unparse(node)
            yield Mutant(str(file.relative_to(ROOT)), node.lineno, before, after, ast.unparse(tree))
            undo()


def _not_run(node: ast.AST) -> Iterator[ast.AST]:
    """Parts whose change nothing could notice: annotations, docstrings, messages of errors."""
    parts: list = [getattr(node, "annotation", None), getattr(node, "returns", None)]
    if isinstance(node, ast.Raise):
        parts.append(node.exc)
    if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
        parts.append(node)
    for part in filter(None, parts):
        yield from ast.walk(part)


def _changes(node: ast.AST) -> Iterator:
    """Change a node in place, in each way in turn; what is yielded changes it back."""

    def setting(owner: object, name: str, value: object) -> Iterator:
        old = getattr(owner, name)
        setattr(owner, name, value)
        yield lambda: setattr(owner, name, old)

    if isinstance(node, (ast.BinOp, ast.UnaryOp, ast.BoolOp, ast.AugAssign)):
        for other in SWAPS.get(type(node.op), []):
            yield from setting(node, "op", other())
    if isinstance(node, ast.Compare):
        for other in SWAPS.get(type(node.ops[0]), []):
            yield from setting(node, "ops", [other(), *node.ops[1:]])
    if isinstance(node, ast.Constant) and type(node.value) in (int, float, bool):
        yield from setting(node, "value", not node.value if isinstance(node.value, bool) else node.value + 1)
    if isinstance(node, (ast.If, ast.IfExp, ast.While)):
        yield from setting(node, "test", ast.Constant(False))
    if isinstance(node, ast.If):
        yield from setting(node, "test", ast.Constant(True))
    if isinstance(node, ast.Return) and node.value is not None:
        yield from setting(node, "value", ast.Constant(None))
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        yield from setting(node, "value", ast.Constant(None))


# Which tests --------------------------------------------------------------------------------------------------------


def cover(suites: list[str]) -> None:
    """Run the tests once, and note which of them reach which line."""
    COVERAGE.parent.mkdir(parents=True, exist_ok=True)
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-n",
        "auto",
        "--cov=autograd",
        "--cov-context=test",
        "--cov-report=",
    ]
    subprocess.run([*command, *suites], cwd=ROOT, env=environment() | {"COVERAGE_FILE": str(COVERAGE)}, check=False)


def environment() -> dict[str, str]:
    return os.environ | {"OPENBLAS_NUM_THREADS": "1", "CHAINRULE_KERNELS": "numpy", "PYTHONDONTWRITEBYTECODE": "1"}


def tests_of(data: object, mutant: Mutant, most: int) -> list[str]:
    """The tests that reached the line of the mutant: of many, a spread over all their files."""
    lines = data.contexts_by_lineno(next(f for f in data.measured_files() if f.endswith("/" + mutant.file)))  # type: ignore[attr-defined]
    found = sorted({context.partition("|")[0] for context in lines.get(mutant.line, []) if context})
    random.Random(0).shuffle(found)
    by_file: dict[str, list[str]] = {}
    for test in found:
        by_file.setdefault(test.partition("::")[0], []).append(test)
    return [tests[i] for i in range(most) for tests in by_file.values() if i < len(tests)][:most]


# The run --------------------------------------------------------------------------------------------------------------


def killed(mutant: Mutant, tests: list[str], seconds: int) -> str:
    """How the mutant died, or "" if it lives: a test failed, or the tests took too long."""
    with tempfile.TemporaryDirectory() as folder:
        for name in ("autograd", "nn", "models", "demos", "tests", "docs", "benchmarks"):
            os.symlink(ROOT / name, Path(folder, name)) if name != "autograd" else shutil.copytree(
                ROOT / name, Path(folder, name), ignore=shutil.ignore_patterns("__pycache__")
            )
        for name in ("pyproject.toml", "setup.cfg", "README.md"):
            shutil.copy(ROOT / name, folder)
        Path(folder, mutant.file).write_text(mutant.source, "utf-8")
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-x",
            "-q",
            "-n",
            "0",
            "-p",
            "no:cacheprovider",
            "--no-header",
            *tests,
        ]
        process = subprocess.Popen(
            command, cwd=folder, env=environment() | {"PYTHONPATH": folder}, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, start_new_session=True,
        )  # fmt: skip
        try:
            out, _ = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            return "took too long"
        failed = [line for line in out.splitlines() if line.startswith(("FAILED", "ERROR", "E "))]
        return "" if process.returncode == 0 else (failed or ["a crash"])[-1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cover", action="store_true", help="measure which tests reach which line")
    parser.add_argument("--suites", nargs="*", default=SUITES)
    parser.add_argument("--coverage", type=Path, default=COVERAGE)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--tests", type=int, default=40, help="at most so many for each mutant")
    parser.add_argument("--seconds", type=int, default=300, help="after which a mutant counts as dead")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    args = parser.parse_args()
    if args.cover or not args.coverage.exists():
        cover(args.suites)
    from coverage import CoverageData

    data = CoverageData(str(args.coverage))
    data.read()
    files = [f for f in sorted((ROOT / "autograd").rglob("*.py")) if not any(part in str(f) for part in LEFT_OUT)]
    every = [
        m for f in files if any(x.endswith(str(f.relative_to(ROOT))) for x in data.measured_files()) for m in mutants(f)
    ]
    random.Random(args.seed).shuffle(every)
    reached_by = ((mutant, tests_of(data, mutant, args.tests)) for mutant in every)
    chosen = list(islice((pair for pair in reached_by if pair[1]), args.count))
    print(f"{len(every):,} mutants; {len(chosen)} of those that tests reach are tried", flush=True)
    dead, alive = 0, []
    with ThreadPoolExecutor(args.jobs) as pool:
        for (mutant, _), how in zip(chosen, pool.map(lambda c: killed(*c, args.seconds), chosen)):
            dead += bool(how)
            if not how:
                alive.append(mutant)
            before, after = (text.partition("\n")[0][:60] for text in (mutant.before, mutant.after))
            print(
                f"{'dead ' if how else 'ALIVE'} {mutant.file}:{mutant.line}: {before} -> {after}  [{how:.100}]",
                flush=True,
            )
    print(f"{dead} of {len(chosen)} mutants died ({dead / max(len(chosen), 1):.1%})")
    raise SystemExit(dead < 0.9 * len(chosen))


if __name__ == "__main__":
    main()

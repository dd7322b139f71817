"""The command, and the runs of pytest."""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import suppress
from itertools import accumulate
from pathlib import Path
from typing import Any

import tests.mutants
from tests.mutants.changes import Mutant, mutants
from tests.mutants.reached import Reached, failures

ROOT = Path(__file__).parents[2]
SUITES = [f"tests/{name}" for name in ("properties", "autograd", "compat", "nn", "models", "hostile", "parity")]
# Compiled code, which coverage does not see; what changes speed alone, which tests do not measure; pictures and pages,
# which tests compare in part; stand-ins for the names of other libraries, which are tested by programs for those; and
# a plugin, which runs in another pytest.
LEFT_OUT = ("kernels/numba_", "kernels/blas", "kernels/memory", "draw/", "why.py", "compat/", "hips/")
LEFT_OUT += ("testing/pytest_plugin",)
# At first 20 tests are run that took less than a second each, with few examples. Where they pass, the first 200 are run
# with all examples, as many as took less than half a minute in all with few. Last are the first 2,000, with few again.
FIRST, QUICK = 20, 1.0
BRIEF = "--hypothesis-profile=brief"
MORE = [([], 200, 30.0), ([BRIEF], 2000, 60.0)]
GIGABYTES = 4  # of memory for a mutant


def digest(*folders: str) -> str:
    """Of the Python files in the folders."""
    files = sorted(file for folder in folders for file in (ROOT / folder).rglob("*.py"))
    return hashlib.sha256(b"\0".join(file.read_bytes() for file in files)).hexdigest()[:12]


def measure(folder: Path, suites: list[str], jobs: int) -> None:
    """Run suites on an unchanged copy, and add which tests reach which lines to what is known of this autograd/."""
    folder.mkdir(parents=True, exist_ok=True)
    options = ["-n", str(jobs), "--dist", "worksteal", BRIEF, "--durations=0", "--durations-min=0"]
    options += "--cov=autograd --cov-context=test --cov-report= --cov-append --cov-fail-under=0".split()
    with tempfile.TemporaryDirectory() as place:
        code, out = pytest(snapshot(place), [*options, *suites], None, COVERAGE_FILE=str(folder / "coverage"))
    with open(folder / "printed.txt", "a", encoding="utf-8") as printed:
        printed.write(out)
    if code not in (0, 1):
        raise SystemExit(f"pytest ended with exit code {code} while coverage was measured:\n{out[-3000:]}")


def snapshot(folder: str) -> Path:
    """A copy of the tree as it is now, with its modules compiled."""
    for path in ROOT.iterdir():
        if path.name in ("autograd", "nn", "models", "tests"):
            shutil.copytree(path, Path(folder, path.name), ignore=shutil.ignore_patterns("__pycache__"))
        elif not path.name.startswith(".") and path.name not in ("out", "build"):
            Path(folder, path.name).symlink_to(path)
    subprocess.run([sys.executable, "-m", "compileall", "-q", "autograd"], cwd=folder, check=True)
    return Path(folder)


def pytest(folder: Path, arguments: list[str], seconds: int | None, **more: str) -> tuple[int, str]:
    """Exit code and output of pytest in a copy of the tree. `seconds` limits its processor time."""
    environment = os.environ | {"OPENBLAS_NUM_THREADS": "1", "CHAINRULE_KERNELS": "numpy", "PYTHONPATH": str(folder)}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--no-header", *arguments]

    def limit() -> None:
        if seconds is not None:
            resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 5))
            resource.setrlimit(resource.RLIMIT_AS, (GIGABYTES << 30, GIGABYTES << 30))

    process = subprocess.Popen(
        command, cwd=folder, env=environment | more, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True, errors="replace", start_new_session=True, preexec_fn=limit,
    )  # fmt: skip
    try:
        out, _ = process.communicate(timeout=seconds and 20 * seconds)  # waiting takes no processor time
    except subprocess.TimeoutExpired:
        return -signal.SIGXCPU, ""
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    return process.returncode, out


def verdict(code: int, out: str) -> tuple[str, str]:
    """Whether a mutant is dead, alive or in error by what pytest says, and why.

    Tests cannot be imported if autograd cannot: then pytest stops while it collects them (2, or 4 where the named ones
    are not found for this reason), reads conftest.py (4), or loads its plugins, of which one is ours (1, a traceback).
    """
    said = re.findall(r"^(?:E  (?!.*stopping after).*|\w*(?:Error|Exception)\b.*)$", out, re.M)
    ours = re.search(r'^  File "[^"]*(?<!/tests)/autograd/', out, re.M)
    if code == 0:
        return "alive", ""
    if code == 1 and (failed := failures(out)):
        return "dead", failed[0]
    if (code == 1 and ours) or (code in (2, 4) and re.search("ERROR collecting|while loading conftest", out)):
        return "dead", f"import: {(said or ['an error'])[-1]}"
    if code == -signal.SIGXCPU:
        return "dead", "too long"
    if code in (-signal.SIGSEGV, -signal.SIGABRT, -signal.SIGFPE, -signal.SIGBUS):
        return "dead", f"crash: signal {-code}"
    return "error", f"exit code {code}: {out[-300:]}"


def outcome(mutant: Mutant, tests: list[str], reached: Reached, tree: Path) -> dict[str, Any]:
    """What becomes of a mutant: dead, alive, or an error, with the test or the reason."""
    how, why = "alive", "" if tests else "no test reaches it"
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(tree / "autograd", Path(folder, "autograd"))
        for path in tree.iterdir():
            if path.name != "autograd":
                Path(folder, path.name).symlink_to(path)
        Path(folder, mutant.file).write_bytes(mutant.source)
        for options, batch in batches(tests, reached.seconds) if tests else ():
            seconds = 60 + 20 * int(sum(reached.seconds[test] for test in batch))
            how, why = verdict(*pytest(Path(folder), ["-x", "-n", "0", *options, *batch], seconds))
            if how != "alive":
                break
    return mutant._asdict() | {"source": "", "how": how, "why": why}


def batches(tests: list[str], seconds: Mapping[str, float]) -> Iterator[tuple[list[str], list[str]]]:
    """The tests that are run at first, and those that are run where these pass, with options for pytest."""
    yield [BRIEF], [test for test in tests if seconds[test] < QUICK][:FIRST] or tests[:1]
    done: set[str] = set()
    for options, count, limit in MORE:
        quickest = sorted(tests[:count], key=seconds.__getitem__)
        times = accumulate(seconds[test] for test in quickest)
        batch = [test for test, time in zip(quickest, times) if time < limit or test == quickest[0]]
        if new := [test for test in batch if test not in done]:
            yield options, new
        done.update(batch)


def report(results: list[dict[str, Any]], count: int) -> float:
    """Print the survivors, the errors, and the rate of each module; returns the rate of all."""
    for how in ("alive", "error"):
        for result in sorted((r for r in results if r["how"] == how), key=lambda r: (r["file"], r["line"])):
            print(describe(result))
    rows = {file: Counter(r["how"] for r in results if r["file"] == file) for file in {r["file"] for r in results}}
    total = sum(rows.values(), Counter())
    print(f"\n{'module':40} {'dead':>5} {'alive':>5} {'error':>5}")
    for name, row in [*sorted(rows.items()), ("all", total)]:
        print(f"{name:40} {row['dead']:5} {row['alive']:5} {row['error']:5}")
    rate = total["dead"] / max(1, total["dead"] + total["alive"])
    print(f"\n{len(results)} of {count} mutants tried; {rate:.1%} died (errors of the tool are not counted)")
    return rate


def describe(result: dict[str, Any]) -> str:
    before, after = (" ".join(result[name].split())[:70] for name in ("before", "after"))
    return f"{result['how']:5} {result['file']}:{result['line']}: {before} -> {after}  [{result['why'][:160]}]"


def recheck(results: list[dict[str, Any]], tree: Path) -> None:
    """Run the tests that killed mutants without any change, in as much memory. If one fails, its kills are errors."""
    killers = sorted({r["why"] for r in results if r["how"] == "dead" and "::" in r["why"]})
    if killers:
        code, out = pytest(tree, ["-n", "0", *killers], 3600)
        failed = failures(out)
        if code not in (0, 1) or (code == 1 and not failed):
            raise SystemExit(f"pytest ended with exit code {code} on the unchanged copy:\n{out[-3000:]}")
        for result in results:
            if result["how"] == "dead" and result["why"] in failed:
                result |= {"how": "error", "why": f"fails without any change, too: {result['why']}"}


def main() -> None:
    parser = argparse.ArgumentParser("python -m tests.mutants", description=tests.mutants.__doc__)
    parser.add_argument("--cover", action="store_true", help="measure what the suites reach, even if that is known")
    parser.add_argument("--suites", nargs="*", default=SUITES, help=" ".join(SUITES))
    parser.add_argument("--count", type=int, default=200, help="so many mutants are tried")
    parser.add_argument("--seed", type=int, default=0, help="chooses them")
    parser.add_argument("--only", default="", help="of files whose path contains this")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="tried at a time")
    parser.add_argument("--out", type=Path, default=ROOT / "out" / "mutants", help="where results are kept")
    args = parser.parse_args()
    out = args.out / digest("autograd")
    if args.cover or not (out / "printed.txt").exists():
        measure(out, args.suites, args.jobs)
    files = [str(path.relative_to(ROOT)) for path in sorted((ROOT / "autograd").rglob("*.py"))]
    tried = [file for file in files if args.only in file and not any(part in file for part in LEFT_OUT)]
    every = [mutant for file in tried for mutant in mutants((ROOT / file).read_bytes(), file)]
    chosen = random.Random(args.seed).sample(every, min(args.count, len(every)))
    kept = out / f"seed-{args.seed}-{digest('tests')}.jsonl"
    lines = kept.read_text("utf-8").splitlines() if kept.exists() else []
    known = {identity(result): result for result in map(json.loads, lines) if result["how"] != "error"}
    print(f"{len(every):,} mutants of {len(tried)} files; {len(chosen)} of them are tried. Results: {kept}", flush=True)
    with tempfile.TemporaryDirectory() as place:
        tree, pool = snapshot(place), ThreadPoolExecutor(args.jobs)
        reached = Reached(out)
        new = [mutant for mutant in chosen if identity(mutant._asdict()) not in known]
        work = [(mutant, reached.tests(mutant)) for mutant in new]
        try:
            futures = [pool.submit(outcome, *pair, reached, tree) for pair in work]
            for future in as_completed(futures):
                result = future.result()
                known[identity(result)] = result
                with open(kept, "a", encoding="utf-8") as file:
                    file.write(json.dumps(result) + "\n")
                print(describe(result), flush=True)
        except KeyboardInterrupt:
            print("Interrupted. The same command goes on from here.")
        finally:
            pool.shutdown(cancel_futures=True)
        results = [known[key] for mutant in chosen if (key := identity(mutant._asdict())) in known]
        recheck(results, tree)
    rate = report(results, len(chosen))
    if any(result["how"] == "error" for result in results):
        raise SystemExit(2)
    raise SystemExit(len(results) < len(chosen) or (bool(results) and rate < 0.9))


def identity(result: dict[str, Any]) -> str:
    return json.dumps([result[name] for name in ("file", "line", "column", "before", "after")])


if __name__ == "__main__":
    main()

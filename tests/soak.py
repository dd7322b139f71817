"""Kills trainings at random moments and resumes them: each must end as one that was never killed, bit for bit.

`python -m tests.soak --kills 100` does so over the demos text, digits and calculator; a short one is a test.
"""

from __future__ import annotations

import argparse
import csv
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from itertools import cycle
from pathlib import Path
from typing import Any

from nn import checkpoint, tensor_files

ROOT = Path(__file__).parents[1]
TEXT = "the cat sat on the mat and the rat sat on the cat.\n" * 40
# Accumulation, schedules, dropout, threads, evaluation and samples in between; the digits draw from a shuffling loader.
RUNS = {
    "text": "--text some.txt --steps 60 --layers 1 --heads 2 --width 16 --context 16 --batch 4 --accumulate 3 "
    "--dropout 0.2 --threads 2 --warmup 9 --evaluate-every 4 --skip-above 6 --length 5",
    "digits": "--images 900 --steps 70 --batch 64",
    "calculator": "--steps 8",
}


def start(demo: str, folder: Path, resume: bool) -> subprocess.Popen[bytes]:
    """The demo with its results below `folder`, on a run of this demo there or on a new one."""
    command = [sys.executable, "-m", f"demos.{demo}", *RUNS[demo].split(), *["--resume"] * resume]
    (folder / "some.txt").write_text(TEXT, encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OPENBLAS_NUM_THREADS": "1"}
    with open(folder / "printed.txt", "ab") as printed:
        return subprocess.Popen(
            command, cwd=folder, env=environment, stdout=printed, stderr=printed, stdin=subprocess.DEVNULL
        )


def finish(demo: str, folder: Path, resume: bool) -> float:
    """Run the demo to its end; returns the seconds that it took. Raises RuntimeError if it fails."""
    begin = time.perf_counter()
    check(start(demo, folder, resume).wait(timeout=900), demo, folder)
    return time.perf_counter() - begin


def check(code: int, demo: str, folder: Path) -> None:
    """Raise RuntimeError, with what the demo printed at last, unless the code is 0."""
    if code:
        raise RuntimeError(f"{demo} failed in {folder}: {(folder / 'printed.txt').read_text(errors='replace')[-2000:]}")


def results(demo: str, folder: Path) -> dict[str, Any]:
    """All that a run leaves but what depends on the time that it took."""
    (run,) = (folder / "out" / demo).glob("run-*")
    state = checkpoint.load_newest(run)
    del state["training"]["history"]
    for generators in (state["training"]["batches"][name] for name in ("epoch", "now")):
        del (generators or [])[1:]  # those of Python and NumPy, which no demo seeds
    plain = folder / "state.npz"
    tensor_files.write(plain, state)
    with open(run / "log.csv", newline="", encoding="utf-8") as file:
        rows = [{name: text for name, text in row.items() if name != "items_per_s"} for row in csv.DictReader(file)]
    models = {name: checkpoint.tensor_files.complete(run / name).read_bytes() for name in ("weights", "best")}
    drafts = [file.name for file in run.glob(".*.part")]
    return {"state": plain.read_bytes(), "log": rows, "drafts": drafts, **models}


def killed(demo: str, folder: Path, moment: Callable[[subprocess.Popen[bytes]], Any], most: int) -> int:
    """Run the demo, kill it when `moment` returns, `most` times at most, and go on; returns how often it was killed."""
    for kills in range(most):
        with start(demo, folder, resume=has_run(demo, folder)) as process:
            moment(process)
            process.kill()
        if process.returncode != -signal.SIGKILL:  # it has come to its end
            check(process.returncode, demo, folder)
            return kills
    finish(demo, folder, resume=has_run(demo, folder))
    return most


def has_run(demo: str, folder: Path) -> bool:
    """Whether there is something to resume: a process may be killed before it has begun."""
    return any((folder / "out" / demo).glob("run-*"))


def main() -> None:
    """Kill the demos in turn until there were as many kills as asked for; one line for each run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=100, help="over all demos")
    parser.add_argument("--seed", type=int, default=0, help="of the moments")
    args = parser.parse_args()
    moments, done = random.Random(args.seed), 0
    with tempfile.TemporaryDirectory() as base:
        expected, seconds = {}, {}
        for demo in RUNS:
            (whole := Path(base, demo)).mkdir()
            seconds[demo] = finish(demo, whole, resume=False)
            expected[demo] = results(demo, whole)
        for number, demo in enumerate(cycle(RUNS)):
            if done >= args.kills:
                break
            (folder := Path(base, f"{demo}-{number}")).mkdir()

            def moment(process: subprocess.Popen[bytes], most: float = seconds[demo]) -> None:
                with suppress(subprocess.TimeoutExpired):
                    process.wait(moments.uniform(0, most))

            kills = killed(demo, folder, moment, min(5, args.kills - done))
            done += kills
            found = results(demo, folder)
            differing = [name for name, value in expected[demo].items() if found[name] != value]
            print(f"{demo}: killed {kills} times, {done} of {args.kills} in all: ", end="")
            print(f"{', '.join(differing)} differ" if differing else "the same bits", flush=True)
            if differing:
                sys.exit(1)


if __name__ == "__main__":
    main()

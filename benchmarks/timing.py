"""Rows of the table, and how they are measured: each contender in a process of its own, by turns.

A row's module has a function for each contender. It is called once, with the row's settings, and returns `step()`,
which does the work once and returns its loss (or another number that must come out the same for all, or nan).
Where not the time is what counts, `step()` returns a pair: the number that counts, in its place, and the loss.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
OURS = ("numpy", "fast")
CLOCK = time.process_time if os.environ.get("BENCH_CLOCK") == "cpu" else time.perf_counter
THREAD_LIMITS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")


@dataclass
class Row:
    """One row: `contenders` are functions of `module`, called with `settings`; times are given per 1 / `per` of a step.

    `at_most` are the ratios, ours over theirs, that are to hold with the extra `fast`, `numpy_at_most` those with NumPy
    alone. `loss_within` is the relative difference between losses that rounding may make. `rate` names 1 / time.
    """

    name: str
    module: str
    contenders: tuple[str, ...]
    settings: dict[str, Any] = field(default_factory=dict)
    unit: str = "ms"
    per: float = 1e-3
    steps: int = 5
    turns: int = 10
    at_most: dict[str, float] = field(default_factory=dict)
    numpy_at_most: dict[str, float] = field(default_factory=dict)
    rate: str = ""
    loss_within: float | None = 1e-4


def function_of(contender: str) -> str:
    """The name of the function that makes a contender, in the module of each of its rows."""
    return "ours" if contender in OURS else contender.replace(".", "_")


@dataclass
class Result:
    """What one contender showed: seconds a step, the loss after one update, the peak memory in MB."""

    times: list[float] = field(default_factory=list)
    loss: float = float("nan")
    first: float = float("nan")
    memory: float = float("nan")
    missing: str = ""

    @property
    def median(self) -> float:
        """Seconds a step."""
        return statistics.median(self.times)

    @property
    def spread(self) -> tuple[float, float]:
        """The quartiles."""
        low, _, high = statistics.quantiles(self.times, n=4) if len(self.times) > 1 else [self.times[0]] * 3
        return low, high


class Worker:
    """A process that runs one contender and waits between its turns."""

    def __init__(self, row: Row, contender: str, threads: int) -> None:
        env = {**os.environ, **dict.fromkeys(THREAD_LIMITS, str(threads)), "BENCH_THREADS": str(threads)}
        if contender in OURS:
            env["CHAINRULE_KERNELS"] = "numba" if contender == "fast" else "numpy"
        env["PYTHONPATH"] = str(ROOT)
        peer = contender.split(".")[0]
        python = os.environ.get(f"BENCH_PYTHON_{peer.upper()}", sys.executable)
        command = [python, "-m", "benchmarks.worker", row.module, function_of(contender), json.dumps(row.settings)]
        self.contender = contender
        self.result = Result()
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT, env=env
        )
        ready = self._answer()
        self.result.missing = ready.get("missing", "")
        self.result.first, self.result.loss = (ready.get(name, float("nan")) for name in ("first", "loss"))

    def _answer(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        return json.loads(line) if line else {"missing": "it died; its message is above"}

    def turn(self, steps: int) -> None:
        """Let it do some steps."""
        assert self.process.stdin is not None
        print(steps, file=self.process.stdin, flush=True)
        answer = self._answer()
        if "missing" in answer:
            self.result.missing = answer["missing"]
            return
        self.result.times += answer["times"]
        self.result.memory = answer["memory"]

    def close(self) -> None:
        """End the process."""
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                pipe.close()
        self.process.wait()


def measure(row: Row, threads: int, turns: int, only: Iterable[str] | None = None) -> dict[str, Result]:
    """Every contender of the row, taking turns; who cannot be imported has `missing` set."""
    chosen = [c for c in row.contenders if only is None or c in only]
    workers = []
    try:
        for contender in chosen:
            workers.append(Worker(row, contender, threads))
        at_work = [w for w in workers if not w.result.missing]
        for turn in range(turns):
            first = turn % max(len(at_work), 1)
            for worker in at_work[first:] + at_work[:first]:
                if not worker.result.missing:
                    time.sleep(0.1)  # threads of the one before stop spinning
                    worker.turn(row.steps)
    finally:
        for worker in workers:
            worker.close()
    return {w.contender: w.result for w in workers}

"""One contender of one row: reads numbers of steps, answers with their times. Started by `benchmarks.timing`."""

import importlib
import json
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.timing import CLOCK

WARM_UP = 0.05


def answer(**values):
    print(json.dumps(values), flush=True)


def timed(step: Callable[[], Any]) -> tuple[float, float]:
    """How long a step took, or the number that counts in its place, and its loss."""
    before = CLOCK()
    loss = step()
    time_taken = CLOCK() - before
    if isinstance(loss, tuple):
        time_taken, loss = loss
    return time_taken, float(loss)


def main(module_name: str, function: str, settings: str) -> None:
    """Make the contender, step twice, then serve turns until standard input ends.

    A turn comes after a pause, in which a virtual machine takes away the cores: threads share one for some ten steps of
    a few milliseconds. A training does not pause, so such steps are made before those that count, for WARM_UP seconds.
    """
    module = importlib.import_module(f"benchmarks.rows.{module_name}")
    if function == "hips":  # its package has the name of our engine
        root = str(Path(__file__).resolve().parent.parent)
        sys.path[:] = [p for p in sys.path if p not in ("", root)]
    start = time.perf_counter()
    try:
        step = getattr(module, function)(**json.loads(settings))
    except ImportError as error:
        answer(missing=f"{error}")
        return
    step()
    first, start = time.perf_counter() - start, time.perf_counter()
    _, loss = timed(step)
    untimed = round(WARM_UP / (time.perf_counter() - start))
    answer(first=first, loss=loss)
    for line in sys.stdin:
        for _ in range(untimed):
            step()
        times = [timed(step)[0] for _ in range(int(line))]
        answer(times=times, memory=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


if __name__ == "__main__":
    main(*sys.argv[1:])

"""One contender of one row: reads numbers of steps, answers with their times. Started by `benchmarks.timing`."""

import importlib
import json
import resource
import sys
import time
from pathlib import Path

from benchmarks.timing import CLOCK


def answer(**values):
    print(json.dumps(values), flush=True)


def main(module_name: str, function: str, settings: str) -> None:
    """Make the contender, step once, then serve turns until standard input ends."""
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
    answer(first=time.perf_counter() - start)
    for line in sys.stdin:
        times, losses = [], []
        for _ in range(int(line)):
            before = CLOCK()
            loss = step()
            times.append(CLOCK() - before)
            if isinstance(loss, tuple):
                times[-1], loss = loss
            losses.append(float(loss))
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        answer(times=times, loss=losses[0], memory=memory)


if __name__ == "__main__":
    main(*sys.argv[1:])

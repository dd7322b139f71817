"""How the time of a GPT's training step grows with each of its sizes: k where it grows as size^k, fitted.

Layers and batch cannot grow by less than 1 once fixed costs are paid, width goes towards 2 (matrices of C x C), and the
context from 1 towards 2 (attention of T x T). A number below those means that fixed costs still weigh.
"""

import numpy as np

from benchmarks.rows import gpt
from benchmarks.timing import CLOCK, Row

BASE = {"layers": 2, "heads": 2, "width": 64, "context": 64, "batch": 4, "vocabulary": 65}
TIMES = (1, 2, 4)
ROWS = [
    Row(f"growth with {name}", "growth", ("numpy", "fast", "torch"), {"name": name}, unit="", per=1, steps=1, turns=6)
    for name in ("layers", "width", "context", "batch")
]


def _fitted(make, name):
    sizes = [BASE[name] * times for times in TIMES]
    steps = [make(**{**BASE, name: size}) for size in sizes]
    for step in steps:
        step()

    def measured():
        best = [float("inf")] * len(steps)
        for _ in range(5):
            for i, step in enumerate(steps):
                before = CLOCK()
                step()
                best[i] = min(best[i], CLOCK() - before)
        return np.polyfit(np.log(sizes), np.log(best), 1)[0], float("nan")

    return measured


def ours(name):
    return _fitted(gpt.ours, name)


def torch(name):
    return _fitted(gpt.torch, name)

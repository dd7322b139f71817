"""The peak memory of the character model's step: the process's at its highest, less what it was before the model.

Before, a tiny model of the same kind has done a step, so that libraries, threads and compilers are there already.
torch.compile is left out: it compiles anew for each size, and that takes memory of its own.
"""

import resource
import sys

from benchmarks.rows import gpt
from benchmarks.rows.gpt_model import CHARACTERS
from benchmarks.timing import Row

TINY = {"layers": 1, "heads": 1, "width": 8, "context": 4, "batch": 2, "vocabulary": 65}
ROWS = [
    Row(
        "character model's step, peak memory",
        "memory",
        ("numpy", "fast", "torch", "jax", "mygrad", "hips"),
        CHARACTERS,
        unit="MB",
        per=1,
        steps=1,
        turns=2,
        at_most={"torch": 1.0, "mygrad": 0.5, "hips": 0.5},
    )
]


def peak():
    """The highest that this process has been, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)


def _measured(make, sizes):
    make(**TINY)()
    before = peak()
    step = make(**sizes)

    def measured():
        loss = step()
        return peak() - before, loss

    return measured


def ours(**sizes):
    return _measured(gpt.ours, sizes)


def torch(**sizes):
    return _measured(gpt.torch, sizes)


def jax(**sizes):
    return _measured(gpt.jax, sizes)


def mygrad(**sizes):
    return _measured(gpt.mygrad, sizes)


def hips(**sizes):
    return _measured(gpt.hips, sizes)

"""What it takes to start Python and import the library, in a fresh process each time."""

import importlib.util
import subprocess
import sys

from benchmarks.timing import ROOT, Row

ROWS = [
    Row(
        "import, from a fresh start",
        "imports",
        ("numpy", "numpy.alone", "torch", "jax", "mygrad", "hips"),
        steps=1,
        turns=10,
        at_most={"numpy.alone": 1.3},
    )
]


def _fresh(statement, package, folder="/"):
    if importlib.util.find_spec(package) is None:
        raise ImportError(f"No module named '{package}'")

    def step():
        subprocess.run([sys.executable, "-c", statement], check=True, cwd=folder, env={})
        return float("nan")

    return step


def ours():
    return _fresh("import autograd, nn", "autograd", ROOT)


def numpy_alone():
    return _fresh("import numpy", "numpy")


def torch():
    return _fresh("import torch", "torch")


def jax():
    return _fresh("import jax, jax.numpy", "jax")


def mygrad():
    return _fresh("import mygrad", "mygrad")


def hips():
    return _fresh("import autograd.numpy", "autograd")

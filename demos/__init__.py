"""Worked examples, one runnable file each: `python -m demos` lists them."""

import os

# Before NumPy is imported. With one BLAS thread a sum has the same order on any number of cores, so one seed gives one
# result; and where other programs keep the cores busy, threads that wait for each other take ten times as long.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

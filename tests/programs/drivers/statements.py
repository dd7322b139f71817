"""Runs statements with what a folder holds: statements.py STATEMENTS, with `torch` and `np` imported."""

import sys

import numpy as np  # noqa: F401
import torch  # noqa: F401

exec(sys.argv[1])

"""Runs statements with what a folder holds: statements.py STATEMENTS, with `torch`, `np` and `fit`."""

import sys

import numpy as np  # noqa: F401
import torch


def fit(parameters, loss, steps=4, optimizer=None):
    """Make a loss smaller: a function that is called again at each step."""
    optimizer = optimizer or torch.optim.Adam(list(parameters), lr=1e-3)
    for _ in range(steps):
        optimizer.zero_grad()
        loss().backward()
        optimizer.step()


exec(sys.argv[1])

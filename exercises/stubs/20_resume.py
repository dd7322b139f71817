"""Stop and go on.

A training that was stopped after 100 of 200 steps should, when it goes on, end with exactly the weights that it would
have had without the stop: the same bits. That takes more than the weights. What else does the next step depend on?
The optimiser remembers something (Adam does, m and v), and the batches and dropout are drawn by a random generator.

Write both functions. `autograd.save(object, path)` and `autograd.load(path)` store dicts, lists, numbers and tensors;
models and optimisers have `state_dict()` and `load_state_dict(...)`, and the state of the random generator is had and
set by `autograd.get_rng_state()` and `autograd.set_rng_state(...)`.
"""

from pathlib import Path

import nn
from nn import optim


def save(path: Path, model: nn.Module, optimizer: optim.Optimizer, step: int) -> None:
    """Write all that the rest of a training depends on, after this many steps."""
    raise NotImplementedError


def resume(path: Path, model: nn.Module, optimizer: optim.Optimizer) -> int:
    """Bring a new model and a new optimiser into the state that was saved; returns the number of steps made."""
    raise NotImplementedError

"""A right answer."""

from pathlib import Path

import autograd
import nn
from nn import optim


def save(path: Path, model: nn.Module, optimizer: optim.Optimizer, step: int) -> None:
    """Write all that the rest of a training depends on, after this many steps."""
    state = {
        "model": model.state_dict(),
        "optimizer": optimizer.state_dict(),
        "step": step,
        "random": autograd.get_rng_state(),
    }
    autograd.save(state, path)


def resume(path: Path, model: nn.Module, optimizer: optim.Optimizer) -> int:
    """Bring a new model and a new optimiser into the state that was saved; returns the number of steps made."""
    state = autograd.load(path)
    model.load_state_dict(state["model"])
    optimizer.load_state_dict(state["optimizer"])
    autograd.set_rng_state(state["random"])
    return state["step"]

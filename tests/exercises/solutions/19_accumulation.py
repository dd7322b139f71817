"""A right answer."""

from collections.abc import Callable, Sequence
from typing import Any

import nn
from autograd import Tensor
from nn import optim


def accumulated_step(
    model: nn.Module,
    optimizer: optim.Optimizer,
    loss: Callable[[nn.Module, Any], Tensor],
    batches: Sequence[Any],
) -> float:
    """One update from several batches of equal size; returns the mean of their losses.

    `loss(model, batch)` is the mean loss over the examples of a batch.
    """
    optimizer.zero_grad()
    total = 0.0
    for batch in batches:
        part = loss(model, batch) / len(batches)
        part.backward()
        total += part.item()
    optimizer.step()
    return total

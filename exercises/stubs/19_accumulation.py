"""Gradient accumulation.

A batch of 64 does not fit into memory, but four of 16 do. The gradient of a mean over 64 examples is the mean of the
gradients over each 16, so one can go through the small batches one by one, let the gradients add up, and change the
weights once.

Write the step so that it does exactly what one step on the whole batch would. `backward` adds to the gradients that
are there already.
"""

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
    raise NotImplementedError

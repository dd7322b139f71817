"""A right answer."""

import autograd
import nn
from autograd import Tensor
from nn import functional as F
from nn import optim


def train(x: Tensor, y: Tensor) -> tuple[list[float], Tensor]:
    """The losses of 200 steps, and the predictions (N, 1) at the end; x (N, 2) are features, y (N, 1) prices."""
    autograd.manual_seed(0)
    x = (x - x.mean(dim=0)) / x.std(dim=0)
    model = nn.Linear(2, 1)
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    losses = []
    for _ in range(200):
        loss = F.mse_loss(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses, model(x)

"""Fix this model that learns nothing.

No error, no nan, and after 200 steps the loss is where it was. Three mistakes are in this program, each of which
everybody makes once. None of them is in the learning rate or in the sizes.

Run `autograd.lint(step)` on a step of your training when you are lost: it looks for mistakes of this kind.
"""

import nn
from autograd import Tensor
from nn import functional as F
from nn import optim


class Classifier(nn.Module):
    """Two numbers in, the logits of three classes out."""

    def __init__(self) -> None:
        super().__init__()
        self.hidden = [nn.Linear(2, 32), nn.Linear(32, 32)]
        self.output = nn.Linear(32, 3)

    def forward(self, x: Tensor) -> Tensor:
        """(N, 2) to (N, 3)."""
        for layer in self.hidden:
            x = F.relu(layer(x))
        return self.output(x).softmax(dim=-1)


def step(model: Classifier, optimizer: optim.Optimizer, x: Tensor, y: Tensor) -> float:
    """One step of training on points x (N, 2) and their classes y (N,); returns the loss."""
    loss = F.cross_entropy(model(x), y)
    loss.backward()
    optimizer.step()
    return loss.item()

"""A small convolutional network that reads digits, after LeNet-5 (LeCun et al. 1998).

Shapes: B batch, C channels.
"""

import nn
import nn.functional as F
from autograd import Tensor


class CNN(nn.Module):
    """Two convolutions with ReLU and max-pooling, and two linear layers: the logits of ten digits.

    In training `dropout` is the share of the numbers that are dropped before each linear layer.
    """

    def __init__(self, channels: tuple[int, int] = (16, 32), hidden: int = 128, dropout: float = 0.2) -> None:
        super().__init__()
        first, second = channels
        self.dropout = dropout
        self.layers = nn.ModuleList(
            [
                nn.Conv2d(1, first, 5, padding=2),
                nn.Conv2d(first, second, 5),
                nn.Linear(second * 5 * 5, hidden),
                nn.Linear(hidden, 10),
            ]
        )

    def forward(self, images: Tensor) -> Tensor:
        """(B, 1, 28, 28) to (B, 10)."""
        conv1, conv2, linear1, linear2 = self.layers
        a = F.max_pool2d(F.relu(conv1(images)), 2)  # (B, C, 14, 14)
        a = F.max_pool2d(F.relu(conv2(a)), 2)  # (B, C, 5, 5)
        a = F.dropout(a.flatten(1), self.dropout, self.training)
        a = F.dropout(F.relu(linear1(a)), self.dropout, self.training)
        return linear2(a)

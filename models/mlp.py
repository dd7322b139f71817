"""The multilayer perceptron, and two of them that read digits.

Shapes: B batch.
"""

from dataclasses import dataclass

import nn
import nn.functional as F
from autograd import Tensor

ACTIVATIONS = ("relu", "gelu", "silu", "tanh", "sigmoid")  # functions of nn.functional


@dataclass(frozen=True)
class MLPConfig:
    """`sizes` are the neurons of each layer, from the inputs to the outputs.

    `activation` follows every hidden layer and `output` the last one; both are of ACTIVATIONS, without an `output` the
    network gives logits. In training `dropout` is the share of the hidden activations that are dropped.
    """

    sizes: tuple[int, ...]
    activation: str = "relu"
    output: str | None = None
    dropout: float = 0.0

    def __post_init__(self) -> None:
        if len(self.sizes) < 2 or min(self.sizes) < 1:
            raise ValueError(
                f"sizes must be two numbers or more, none below 1 (inputs, ..., outputs), got {self.sizes}"
            )
        for name in (self.activation, self.output):
            if name is not None and name not in ACTIVATIONS:
                raise ValueError(f"no activation {name!r}: choose one of {', '.join(ACTIVATIONS)}")
        if not 0 <= self.dropout < 1:
            raise ValueError(f"dropout must be in [0, 1), got {self.dropout}")


class MLP(nn.Module):
    """Layers a ↦ σ(a wᵀ + b), each fed with the activations of the one before."""

    def __init__(self, config: MLPConfig) -> None:
        super().__init__()
        self.config = config
        self.activation = getattr(F, config.activation)
        self.output = getattr(F, config.output) if config.output else None
        self.layers = nn.ModuleList(nn.Linear(n, m) for n, m in zip(config.sizes, config.sizes[1:]))

    def forward(self, a: Tensor) -> Tensor:
        """(B, sizes[0]) to (B, sizes[-1])."""
        *hidden, last = self.layers
        for layer in hidden:
            a = self.activation(layer(a))  # (B, size)
            if self.config.dropout:
                a = F.dropout(a, self.config.dropout, self.training)
        z = last(a)
        return z if self.output is None else self.output(z)


def digits() -> MLP:
    """784-400-200-10, ReLU and dropout: the logits of the ten digits, for cross-entropy."""
    return MLP(MLPConfig((784, 400, 200, 10), dropout=0.1))


def nielsen() -> MLP:
    """784-30-10, sigmoid, for the quadratic cost; each weight and bias starts from the standard normal.

    M. Nielsen, Neural Networks and Deep Learning (2015), chapter 1.
    """
    model = MLP(MLPConfig((784, 30, 10), activation="sigmoid", output="sigmoid"))
    for parameter in model.parameters():
        nn.init.normal_(parameter)
    return model

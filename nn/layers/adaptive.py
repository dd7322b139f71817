"""The adaptive softmax: frequent classes are cheap, rare ones share clusters (Grave et al. 2017)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from autograd import Tensor, cat, where
from autograd.errors import ShapeError
from nn import functional as F
from nn.layers.containers import ModuleList, Sequential
from nn.layers.linear import Linear
from nn.module import Module

__all__ = ["AdaptiveLogSoftmaxWithLoss"]


class _Result(NamedTuple):
    output: Tensor
    loss: Tensor


class AdaptiveLogSoftmaxWithLoss(Module):
    """The log-probabilities of `n_classes` classes that are sorted by falling frequency, and their mean loss.

    The head knows the classes before cutoffs[0] and a cluster for those up to each further cutoff. A cluster is two
    matrices, between which there are in_features / div_value^i numbers for the cluster i.
    """

    def __init__(
        self, in_features: int, n_classes: int, cutoffs: Sequence[int], div_value: float = 4.0, head_bias: bool = False,
        device: Any = None, dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__()
        bounds = [0, *cutoffs, n_classes]
        if not cutoffs or any(int(high) != high or low >= high for low, high in zip(bounds, bounds[1:])):
            raise ValueError(
                f"AdaptiveLogSoftmaxWithLoss: cutoffs must be increasing whole numbers from 1 to n_classes - 1 = "
                f"{n_classes - 1}, got {list(cutoffs)}"
            )
        self.in_features, self.n_classes, self.cutoffs = in_features, n_classes, [*cutoffs, n_classes]
        self.div_value, self.head_bias = div_value, head_bias
        self.shortlist_size, self.n_clusters = cutoffs[0], len(cutoffs)
        self.head_size = self.shortlist_size + self.n_clusters
        self.head = Linear(in_features, self.head_size, head_bias, device, dtype)
        self.tail = ModuleList()
        for i, (low, high) in enumerate(zip(self.cutoffs, self.cutoffs[1:]), 1):
            inner = int(in_features // div_value**i)
            first = Linear(in_features, inner, False, device, dtype)
            self.tail.append(Sequential(first, Linear(inner, high - low, False, device, dtype)))

    def reset_parameters(self) -> None:
        """Draw all weights anew."""
        for layer in (self.head, *[layer for cluster in self.tail for layer in cluster]):
            layer.reset_parameters()

    def forward(self, input_: Tensor, target_: Tensor) -> _Result:
        """The log-probability of each row's target, and minus their mean: (N, C) and (N), or (C) and ()."""
        if target_.ndim > 1 or input_.shape[:-1] != target_.shape:
            raise ShapeError(
                f"AdaptiveLogSoftmaxWithLoss: expected an input (N, C) and a target (N), or (C) and (), got the shapes "
                f"{list(input_.shape)} and {list(target_.shape)}"
            )
        x, y = input_.reshape(-1, input_.shape[-1]), target_.reshape(-1)
        if y.numel() and not 0 <= y.min() <= y.max() < self.n_classes:
            raise RuntimeError(f"targets must be from 0 to {self.n_classes - 1}, got {int(y.min())} to {int(y.max())}")
        column = y
        for i, low in enumerate(self.cutoffs[:-1]):
            column = where(y >= low, self.shortlist_size + i, column)
        output = F.log_softmax(self.head(x), 1).gather(1, column[:, None]).squeeze(1)
        for cluster, low, high in zip(self.tail, self.cutoffs, self.cutoffs[1:]):
            rows = ((y >= low) & (y < high)).nonzero().squeeze(1)
            if rows.numel():
                inside = F.log_softmax(cluster(x[rows]), 1).gather(1, y[rows][:, None] - low)
                output = output.index_add(0, rows, inside.squeeze(1))
        output = output.reshape(target_.shape)
        return _Result(output, -output.mean())

    def log_prob(self, input: Tensor) -> Tensor:
        """The log-probabilities of all classes, (N, n_classes)."""
        head, short = F.log_softmax(self.head(input), 1), self.shortlist_size
        inside = [F.log_softmax(cluster(input), 1) + head[:, short + i, None] for i, cluster in enumerate(self.tail)]
        return cat([head[:, :short], *inside], 1)

    def predict(self, input: Tensor) -> Tensor:
        """The most probable class of each row."""
        return self.log_prob(input).argmax(1)

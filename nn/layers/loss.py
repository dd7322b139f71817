"""The losses as modules: input and target have the same shape, except for class indices, which lack C."""

from __future__ import annotations

from typing import Any

from autograd import Tensor
from nn import functional as F
from nn.functional.loss import check_reduction, reduction_of
from nn.layers.derived import FunctionLayer
from nn.module import Module

__all__ = ["BCELoss", "BCEWithLogitsLoss", "CTCLoss", "CosineEmbeddingLoss", "CosineSimilarity", "CrossEntropyLoss"]
__all__ += ["GaussianNLLLoss", "HingeEmbeddingLoss", "HuberLoss", "KLDivLoss", "L1Loss", "MSELoss", "MarginRankingLoss"]
__all__ += ["MultiLabelSoftMarginLoss", "MultiMarginLoss", "NLLLoss", "NLLLoss2d", "PairwiseDistance", "PoissonNLLLoss"]
__all__ += ["QuadraticCost", "SmoothL1Loss", "SoftMarginLoss", "TripletMarginLoss", "TripletMarginWithDistanceLoss"]


class _Loss(FunctionLayer):
    """A loss with a `reduction`, which `size_average` and `reduce` are old names for; its weight is a buffer."""

    def __init__(self, size_average: Any = None, reduce: Any = None, reduction: str = "mean") -> None:
        super().__init__()
        self.reduction = reduction_of(size_average, reduce, reduction)

    def _check_settings(self) -> None:
        """The reduction must be one of the three."""
        self.reduction = reduction_of(
            self.__dict__.get("size_average"), self.__dict__.get("reduce"), self.__dict__["reduction"]
        )
        self.__dict__.update(dict.fromkeys({"size_average", "reduce"} & self.__dict__.keys()))
        if self.reduction != "batchmean":
            check_reduction(self.reduction)

    def extra_repr(self) -> str:
        return ""


class _WeightedLoss(_Loss):
    def __init__(
        self, weight: Tensor | None = None, size_average: Any = None, reduce: Any = None, reduction: str = "mean"
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.register_buffer("weight", weight)


class MSELoss(_Loss, of=F.mse_loss, inputs=2, only="size_average reduce reduction"):
    """(x - y)^2."""


class L1Loss(_Loss, of=F.l1_loss, inputs=2, only="size_average reduce reduction"):
    """|x - y|."""


class SmoothL1Loss(_Loss, of=F.smooth_l1_loss, inputs=2):
    """d^2 / (2 beta) where |d| < beta, |d| - beta / 2 elsewhere."""


class HuberLoss(_Loss, of=F.huber_loss, inputs=2, only="reduction delta"):
    """d^2 / 2 where |d| < delta, delta (|d| - delta / 2) elsewhere."""


class QuadraticCost(Module):
    """1 / (2n) sum ||y - a||^2 over the n rows of the batch (Nielsen 2015, equation 6)."""

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return F.quadratic_cost(input, target)


class CrossEntropyLoss(_WeightedLoss, of=F.cross_entropy, inputs=2):
    """-log softmax(x)[target], for logits (N, C, ...) and class indices (N, ...) or probabilities (N, C, ...)."""


class NLLLoss(_WeightedLoss, of=F.nll_loss, inputs=2):
    """-x[target], for log-probabilities (N, C, ...) and class indices (N, ...)."""


NLLLoss2d = NLLLoss


class BCELoss(_WeightedLoss, of=F.binary_cross_entropy, inputs=2):
    """-(y log x + (1 - y) log(1 - x)), for probabilities."""


class BCEWithLogitsLoss(_Loss, of=F.binary_cross_entropy_with_logits, inputs=2):
    """BCELoss of sigmoid(x), finite for every finite x."""


class KLDivLoss(_Loss, of=F.kl_div, inputs=2):
    """target (log target - x), for log-probabilities x."""


class GaussianNLLLoss(_Loss, of=F.gaussian_nll_loss, inputs=3):
    """(log var + (x - y)^2 / var) / 2, for a mean x and a variance."""


class PoissonNLLLoss(_Loss, of=F.poisson_nll_loss, inputs=2):
    """exp(x) - y x, for the log x of a rate."""


class CTCLoss(_Loss, of=F.ctc_loss, inputs=4):
    """-log of the probability of all alignments of a sequence of labels with log-probabilities (T, N, C)."""


class MarginRankingLoss(_Loss, of=F.margin_ranking_loss, inputs=3, defaults={"margin": 0.0}):
    """max(0, margin - y (x1 - x2))."""


class HingeEmbeddingLoss(_Loss, of=F.hinge_embedding_loss, inputs=2):
    """x where y = 1, max(0, margin - x) where y = -1."""


class CosineEmbeddingLoss(_Loss, of=F.cosine_embedding_loss, inputs=3, defaults={"margin": 0.0}):
    """1 - cos(x1, x2) where y = 1, max(0, cos(x1, x2) - margin) where y = -1."""


class SoftMarginLoss(_Loss, of=F.soft_margin_loss, inputs=2):
    """log(1 + exp(-y x))."""


class MultiMarginLoss(_WeightedLoss, of=F.multi_margin_loss, inputs=2):
    """The mean over classes j of max(0, margin - x[y] + x[j])^p."""


class MultiLabelSoftMarginLoss(_WeightedLoss, of=F.multilabel_soft_margin_loss, inputs=2):
    """The mean over classes of the binary cross-entropy of logits."""


class TripletMarginLoss(_Loss, of=F.triplet_margin_loss, inputs=3, defaults={"p": 2.0}):
    """max(0, |a - p| - |a - n| + margin)."""


class TripletMarginWithDistanceLoss(_Loss, of=F.triplet_margin_with_distance_loss, inputs=3):
    """max(0, d(a, p) - d(a, n) + margin), for any distance d."""


class PairwiseDistance(FunctionLayer, of=F.pairwise_distance, inputs=2):
    """The p-norm of x1 - x2 + eps along the last dim."""

    def extra_repr(self) -> str:
        return ""


class CosineSimilarity(FunctionLayer, of=F.cosine_similarity, inputs=2):
    """x1.x2 / (|x1| |x2|) along `dim`."""

    def extra_repr(self) -> str:
        return ""

"""Distances, and losses that ask for a margin; `reduction` is that of `nn.functional.loss`."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from autograd import Tensor, as_tensor, ops
from autograd.errors import ShapeError
from nn.functional.activation import logsigmoid, relu
from nn.functional.loss import check_same, reduced, with_reduction

__all__ = ["cosine_embedding_loss", "hinge_embedding_loss", "margin_ranking_loss", "multi_margin_loss"]
__all__ += ["multilabel_soft_margin_loss", "pairwise_distance", "pdist", "soft_margin_loss", "triplet_margin_loss"]
__all__ += ["triplet_margin_with_distance_loss"]


def pairwise_distance(x1: Tensor, x2: Tensor, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False) -> Tensor:
    """The p-norm of x1 - x2 + eps along the last dim."""
    return (x1 - x2 + eps).norm(p, -1, keepdim=keepdim)


def pdist(input: Tensor, p: float = 2.0) -> Tensor:
    """The p-norm distances of all pairs of rows i < j of a matrix."""
    if input.ndim != 2:
        raise ShapeError(f"pdist needs a matrix, got {tuple(input.shape)}")
    i, j = np.triu_indices(input.shape[0], 1)
    return (input[i] - input[j]).norm(p, -1)


@with_reduction()
def margin_ranking_loss(input1: Tensor, input2: Tensor, target: Tensor, margin: float = 0) -> Tensor:
    """max(0, margin - y (x1 - x2)), y = 1 where x1 should be the greater, else -1."""
    if not input1.ndim == input2.ndim == target.ndim:
        shapes = ", ".join(str(tuple(t.shape)) for t in (input1, input2, target))
        raise ShapeError(f"margin_ranking_loss: inputs and target must have the same number of dims, got {shapes}")
    return (-target * (input1 - input2) + margin).clamp(min=0)


@with_reduction()
def hinge_embedding_loss(input: Tensor, target: Tensor, margin: float = 1.0) -> Tensor:
    """x where y = 1, max(0, margin - x) where y = -1."""
    return ops.where(target != 1, (margin - input).clamp(min=0), 0.0) + ops.where(target != -1, input, 0.0)


@with_reduction()
def cosine_embedding_loss(input1: Tensor, input2: Tensor, target: Tensor, margin: float = 0) -> Tensor:
    """1 - cos(x1, x2) where y = 1, max(0, cos(x1, x2) - margin) where y = -1."""
    if max(input1.ndim, input2.ndim) != target.ndim + 1:
        shapes = ", ".join(str(tuple(t.shape)) for t in (input1, input2, target))
        raise ShapeError(f"cosine_embedding_loss needs inputs (N, C) and targets (N), or (C) and (), got {shapes}")
    squares = ((x * x).sum(-1) + 1e-12 for x in (input1, input2))
    cos = (input1 * input2).sum(-1) / (next(squares) * next(squares)).sqrt()
    return ops.where(target == 1, 1 - cos, 0.0) + ops.where(target == -1, (cos - margin).clamp(min=0), 0.0)


@with_reduction()
def soft_margin_loss(input: Tensor, target: Tensor) -> Tensor:
    """log(1 + exp(-y x)), y = 1 or -1."""
    check_same("soft_margin_loss", input, target)
    return ops.softplus(-target * input)


@with_reduction()
def multi_margin_loss(
    input: Tensor, target: Tensor, p: int = 1, margin: float = 1.0, weight: Tensor | None = None
) -> Tensor:
    """The mean over classes of weight[y] max(0, margin - x[y] + x[j])^p, 0 for j = y; x is (N, C) or (C), p 1 or 2."""
    if p not in (1, 2):
        raise ValueError(f"multi_margin_loss: p must be 1 or 2, got {p}")
    input = input if input.ndim else input.reshape(1)
    classes, y = input.shape[-1], as_tensor(target).array
    if input.ndim > 2 or not classes or y.size != input.numel() // classes:
        raise ShapeError(
            f"multi_margin_loss needs an input (N, C) or (C) and a class for each row, got {tuple(input.shape)} and "
            f"{y.shape}"
        )
    if weight is not None and tuple(weight.shape) != (classes,):
        raise ShapeError(
            f"multi_margin_loss: weight {tuple(weight.shape)} needs one number for each class, ({classes},)"
        )
    ops.count_classes("multi_margin_loss", y, classes, -1 - classes)
    index = y.reshape(*input.shape[:-1], 1)
    loss = relu(margin - input.gather(-1, as_tensor(index)) + input) ** p
    loss = ops.where(np.arange(classes) == index, 0.0, loss if weight is None else loss * as_tensor(weight)[index])
    return loss.sum(-1) / classes


@with_reduction()
def multilabel_soft_margin_loss(input: Tensor, target: Tensor, weight: Tensor | None = None) -> Tensor:
    """The mean over classes of -(y log sigmoid(x) + (1 - y) log sigmoid(-x))."""
    loss = -(target * logsigmoid(input) + (1 - target) * logsigmoid(-input))
    return (loss if weight is None else loss * weight).sum(-1) / input.shape[-1]


def triplet_margin_with_distance_loss(
    anchor: Tensor,
    positive: Tensor,
    negative: Tensor,
    *,
    distance_function: Callable[[Tensor, Tensor], Tensor] | None = None,
    margin: float = 1.0,
    swap: bool = False,
    reduction: str = "mean",
) -> Tensor:
    """max(0, d(a, p) - d(a, n) + margin); with `swap`, d(p, n) in the place of d(a, n) where it is smaller."""
    if margin <= 0:
        raise ValueError(f"triplet_margin_loss: margin must be positive, got {margin}")
    if not anchor.ndim == positive.ndim == negative.ndim:
        shapes = ", ".join(str(tuple(t.shape)) for t in (anchor, positive, negative))
        raise ShapeError(f"triplet_margin_loss: all three inputs must have the same number of dims, got {shapes}")
    distance = distance_function or pairwise_distance
    near, far = distance(anchor, positive), distance(anchor, negative)
    if swap:
        far = ops.minimum(far, distance(positive, negative))
    return reduced((margin + near - far).clamp(min=0), reduction)


@with_reduction()
def triplet_margin_loss(
    anchor: Tensor,
    positive: Tensor,
    negative: Tensor,
    margin: float = 1.0,
    p: float = 2,
    eps: float = 1e-6,
    swap: bool = False,
) -> Tensor:
    """max(0, |a - p| - |a - n| + margin), the distances as `pairwise_distance` has them (Balntas et al. 2016)."""
    return triplet_margin_with_distance_loss(
        anchor,
        positive,
        negative,
        distance_function=lambda a, b: pairwise_distance(a, b, p, eps),
        margin=margin,
        swap=swap,
        reduction="none",
    )

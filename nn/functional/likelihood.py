"""Losses that are negative log-likelihoods, or distances of distributions; for `reduction` see loss.py."""

from __future__ import annotations

import math

from autograd import Tensor, broadcast_tensors, full_like, ops
from autograd.errors import ShapeError
from nn.functional.loss import check_same, reduced, reduction_of, with_reduction

__all__ = ["binary_cross_entropy", "binary_cross_entropy_with_logits", "gaussian_nll_loss", "kl_div"]
__all__ += ["poisson_nll_loss"]


@with_reduction()
def binary_cross_entropy(input: Tensor, target: Tensor, weight: Tensor | None = None) -> Tensor:
    """-(y log x + (1 - y) log(1 - x)) for probabilities x; each log is at least -100, so the loss stays finite."""
    check_same("binary_cross_entropy", input, target)
    if input.array.size and not (input.array.min() >= 0 and input.array.max() <= 1):
        raise ValueError(
            f"binary_cross_entropy: inputs must be probabilities, got {input.array.min()} to {input.array.max()}; "
            "for logits use binary_cross_entropy_with_logits"
        )
    loss = -(target * ops.log_or_floor(input) + (1 - target) * ops.log_or_floor(1 - input))
    return loss if weight is None else loss * weight


@with_reduction(before="pos_weight")
def binary_cross_entropy_with_logits(
    input: Tensor, target: Tensor, weight: Tensor | None = None, pos_weight: Tensor | None = None
) -> Tensor:
    """binary_cross_entropy of sigmoid(x), finite for every finite x; `pos_weight` scales the terms of the positives."""
    check_same("binary_cross_entropy_with_logits", input, target)
    if pos_weight is None:
        loss = ops.bce_with_logits(input, target)
    else:
        loss = (1 - target) * input + (1 + (pos_weight - 1) * target) * ops.softplus(-input)
    return loss if weight is None else loss * weight


def kl_div(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    log_target: bool = False,
) -> Tensor:
    """target (log target - input) for log-probabilities `input`; "batchmean" divides the sum by len(input).

    With `log_target` the target holds log-probabilities too.
    """
    batch = input.shape[0] if input.ndim else 1  # the target may have more examples, which do not count
    input, target = broadcast_tensors(input, target)
    reduction = reduction_of(size_average, reduce, reduction)
    if log_target:
        loss = target.exp() * (target - input)
    else:
        loss = target * (ops.where(target.detach() == 0, 1.0, target).log() - input)
    if reduction == "batchmean":
        return loss.sum() / batch
    return reduced(loss, reduction)


def gaussian_nll_loss(
    input: Tensor, target: Tensor, var: Tensor | float, full: bool = False, eps: float = 1e-6, reduction: str = "mean"
) -> Tensor:
    """(log var + (x - y)^2 / var) / 2, with log(2 pi) / 2 if `full`; var is at least `eps` (Nix and Weigend 1994).

    `var` has the shape of the input, or 1 in one dim, or it lacks the last dim.
    """
    variance = var if isinstance(var, Tensor) else full_like(input.detach(), var)
    if (variance.array < 0).any():
        raise ValueError(f"gaussian_nll_loss: var must not be negative, got {variance.array.min()}")
    shape, wanted = tuple(variance.shape), tuple(input.shape)
    if shape == wanted[:-1] and input.ndim:
        variance = variance.unsqueeze(-1)
    elif shape != wanted and [m for n, m in zip(wanted, shape) if n != m] != [1] * (len(shape) == len(wanted)):
        raise ShapeError(f"gaussian_nll_loss: var {shape} must have the shape of the input, {wanted}, or one dim of 1")
    bounded = variance + (variance.detach().clamp(min=eps) - variance.detach())  # the gradient passes by the bound
    loss = 0.5 * (bounded.log() + (input - target) ** 2 / bounded)
    return reduced(loss + 0.5 * math.log(2 * math.pi) if full else loss, reduction)


def poisson_nll_loss(
    input: Tensor,
    target: Tensor,
    log_input: bool = True,
    full: bool = False,
    size_average: bool | None = None,
    eps: float = 1e-8,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """exp(x) - y x, or x - y log(x + eps) unless `log_input`; with `full`, plus Stirling's log(y!) where y > 1."""
    loss = input.exp() - target * input if log_input else input - target * (input + eps).log()
    if full:
        y = ops.where(target.detach() > 1, target, 1.0)
        loss = loss + ops.where(target.detach() > 1, y * y.log() - y + 0.5 * (2 * math.pi * y).log(), 0.0)
    return reduced(loss, reduction, size_average, reduce)

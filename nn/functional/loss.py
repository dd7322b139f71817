"""Loss functions; `reduction` is what is returned of the losses of the elements: "mean", "sum" or "none" (all)."""

from __future__ import annotations

import math
from collections.abc import Callable
from inspect import Parameter, Signature, signature
from typing import Any

import numpy as np

from autograd import Tensor, as_tensor, ops
from autograd.errors import ShapeError, warn
from autograd.naming import named
from nn.functional.activation import log_softmax

__all__ = ["cross_entropy", "huber_loss", "l1_loss", "mse_loss", "nll_loss", "quadratic_cost", "smooth_l1_loss"]


def reduction_of(size_average: bool | None, reduce: bool | None, reduction: str) -> str:
    """The reduction that is meant: `size_average` and `reduce` are its old names, and count where they are given.

    "elementwise_mean" is an old name of "mean".
    """
    if size_average is None and reduce is None:
        return "mean" if reduction == "elementwise_mean" else reduction
    return "none" if reduce is False else "sum" if size_average is False else "mean"


def check_reduction(reduction: str) -> None:
    """Raise ValueError unless `reduction` is "mean", "sum" or "none"."""
    if reduction not in ("mean", "sum", "none"):
        raise ValueError(f"reduction must be 'mean', 'sum' or 'none', got {reduction!r}")


def reduced(
    loss: Tensor, reduction: str = "mean", size_average: bool | None = None, reduce: bool | None = None
) -> Tensor:
    """The losses of the elements, their mean or their sum."""
    reduction = reduction_of(size_average, reduce, reduction)
    check_reduction(reduction)
    return loss if reduction == "none" else loss.mean() if reduction == "mean" else loss.sum()


_REDUCTION = {"size_average": None, "reduce": None, "reduction": "mean"}


def with_reduction(before: str = "") -> Callable[[Callable[..., Tensor]], Callable[..., Tensor]]:
    """Give a function that returns the losses of the elements the arguments that say how they are reduced.

    These are the last ones, or stand before the one that is named.
    """

    def decorate(of_elements: Callable[..., Tensor]) -> Callable[..., Tensor]:
        own = list(signature(of_elements).parameters.values())
        at = [*(p.name for p in own), before].index(before)
        added = [Parameter(n, Parameter.POSITIONAL_OR_KEYWORD, default=value) for n, value in _REDUCTION.items()]

        def loss(*args: Any, **kwargs: Any) -> Tensor:
            how = dict(zip(_REDUCTION, args[at : at + 3]))
            how |= {name: kwargs.pop(name) for name in _REDUCTION if name in kwargs}
            return reduced(of_elements(*args[:at], *args[at + 3 :], **kwargs), **how)

        loss.__module__ = of_elements.__module__
        loss.__signature__ = Signature([*own[:at], *added, *own[at:]])  # type: ignore[attr-defined]
        return named(loss, of_elements.__name__, of_elements.__doc__)

    return decorate


def check_same(name: str, input: Tensor, target: Tensor) -> None:
    """Raise ShapeError unless target has the shape of the input."""
    if tuple(input.shape) != tuple(target.shape):
        raise ShapeError(f"{name}: target {tuple(target.shape)} must have the shape of the input, {tuple(input.shape)}")


def _difference(name: str, input: Tensor, target: Tensor) -> Tensor:
    """input - target, with a warning where their shapes differ."""
    target = as_tensor(target)
    if tuple(input.shape) != tuple(target.shape):
        warn(
            f"{name}: using a target size ({tuple(target.shape)}) that is different to the input size "
            f"({tuple(input.shape)}). This will likely lead to incorrect results due to broadcasting. "
            "Please ensure they have the same size."
        )
    return input - target


def _weighted(name: str, loss: Tensor, weight: Tensor | None, reduction: str) -> Tensor:
    """The reduced loss of elements with weights; the mean is over the weights."""
    if weight is None:
        return reduced(loss, reduction)
    if tuple(weight.shape) != tuple(loss.shape):
        raise ShapeError(f"{name}: weight {tuple(weight.shape)} must have the shape of the input, {tuple(loss.shape)}")
    return (loss * weight).sum() / weight.sum() if reduction == "mean" else reduced(loss * weight, reduction)


def _of_distance(name: str, measure: Callable[[Tensor], Tensor], doc: str) -> Callable[..., Tensor]:
    """The loss that is a function of input - target."""

    def loss(
        input: Tensor,
        target: Tensor,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
        weight: Tensor | None = None,
    ) -> Tensor:
        distance = measure(_difference(name, input, target))
        return _weighted(name, distance, weight, reduction_of(size_average, reduce, reduction))

    return named(loss, name, doc)


mse_loss = _of_distance("mse_loss", lambda difference: difference * difference, "(x - y)^2.")
l1_loss = _of_distance("l1_loss", lambda difference: difference.abs(), "|x - y|.")


@with_reduction(before="beta")
def smooth_l1_loss(input: Tensor, target: Tensor, beta: float = 1.0) -> Tensor:
    """d^2 / (2 beta) where |d| < beta, |d| - beta / 2 elsewhere, d = x - y (Girshick 2015)."""
    if beta < 0:
        raise ValueError(f"smooth_l1_loss: beta must not be negative, got {beta}")
    difference = _difference("smooth_l1_loss", input, target)
    loss = difference.abs()
    if beta > 0:
        loss = ops.where(loss.detach() < beta, difference * difference * (0.5 / beta), loss - 0.5 * beta)
    return loss


def huber_loss(
    input: Tensor, target: Tensor, reduction: str = "mean", delta: float = 1.0, weight: Tensor | None = None
) -> Tensor:
    """d^2 / 2 where |d| < delta, delta (|d| - delta / 2) elsewhere, d = x - y (Huber 1964)."""
    if delta <= 0:
        raise ValueError(f"huber_loss: delta must be positive, got {delta}")
    difference = _difference("huber_loss", input, target)
    near = difference.detach().abs() < delta
    loss = ops.where(near, difference * difference * 0.5, (difference.abs() - 0.5 * delta) * delta)
    return reduced(loss if weight is None else loss * weight, reduction)


def quadratic_cost(input: Tensor, target: Tensor) -> Tensor:
    """1 / (2n) sum ||y - a||^2 over the n rows of the batch (Nielsen, equation 6)."""
    check_same("quadratic_cost", input, target)
    difference = input - target
    return (difference * difference).sum() / (2 * max(len(input.shape) and input.shape[0], 1))


def _check_classes(name: str, input: Tensor, target: Tensor) -> None:
    """Raise unless input is (C), (N, C) or (N, C, d1, ...), and target has its shape without C and holds integers."""
    shape = tuple(input.shape)
    expected = () if len(shape) == 1 else shape[:1] + shape[2:]
    if not shape or tuple(target.shape) != expected:
        raise ShapeError(
            f"{name}: input (N, C, ...) {shape} needs class indices (N, ...) {expected}, got {tuple(target.shape)}"
        )
    if target.array.dtype.kind not in "iu":
        raise TypeError(
            f"{name}: class indices must be integers, got {target.dtype}; probabilities have the input's shape"
        )


def nll_loss(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    ignore_index: int = -100,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """-x[target] for log-probabilities x, times `weight[target]`; the mean is weighted, too.

    input is (C), (N, C) or (N, C, d1, ...), target has its shape without C. Targets `ignore_index` are left out.
    """
    reduction = reduction_of(size_average, reduce, reduction)
    check_reduction(reduction)
    target = as_tensor(target)
    _check_classes("nll_loss", input, target)
    dim = min(input.ndim - 1, 1)
    ops.count_classes("nll_loss", target.array, input.shape[dim], ignore_index)
    kept = target.array != ignore_index
    safe = np.where(kept, target.array, 0)
    weights = kept.astype(input.array.dtype) if weight is None else kept * weight.array[safe]
    picked = ops.linear_step(input).gather(dim, as_tensor(np.expand_dims(safe, dim))).squeeze(dim)
    loss = ops.where(as_tensor(kept), -picked * as_tensor(weights), 0.0)
    if reduction == "none":
        return loss
    return loss.sum() if reduction == "sum" else _over(loss.sum(), weights.sum())


def _over(total: Tensor, count: float) -> Tensor:
    """total / count, nan where nothing was counted."""
    return total / float(count) if count else total * math.nan


def cross_entropy(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    ignore_index: int = -100,
    reduce: bool | None = None,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Tensor:
    """-log softmax(input)[target], for logits (C), (N, C) or (N, C, d1, ...).

    The target holds class indices, in the shape of the input without C, or probabilities, in the shape of the input.
    `weight` (C) scales classes; `label_smoothing` mixes the target with the uniform distribution (Szegedy et al. 2015).
    Targets `ignore_index` are left out; the mean over no target at all is nan.
    """
    reduction = reduction_of(size_average, reduce, reduction)
    check_reduction(reduction)
    if not 0 <= label_smoothing <= 1:
        raise ValueError(f"label_smoothing must be between 0 and 1, got {label_smoothing}")
    target = as_tensor(target)
    dim = min(input.ndim - 1, 1)
    if target.array.dtype.kind == "f" and tuple(target.shape) == tuple(input.shape):
        return _soft_cross_entropy(input, target, weight, dim, reduction, label_smoothing)
    _check_classes("cross_entropy", input, target)
    if weight is None:
        logits, classes = input, target
        if input.ndim != 2:
            logits = (input if dim == input.ndim - 1 else input.movedim(dim, -1)).reshape(-1, input.shape[dim])
            classes = target.reshape(-1)
        settings = {"ignore_index": ignore_index, "label_smoothing": label_smoothing, "reduction": reduction}
        loss = ops.cross_entropy(logits, classes, **settings)
        return loss.reshape(target.shape) if reduction == "none" else loss
    return _weighted_cross_entropy(input, target, weight, dim, ignore_index, reduction, label_smoothing)


def _weighted_cross_entropy(
    input: Tensor, target: Tensor, weight: Tensor, dim: int, ignore_index: int, reduction: str, smoothing: float
) -> Tensor:
    logp = log_softmax(input, dim)
    loss = nll_loss(logp, target, weight, ignore_index=ignore_index, reduction=reduction)
    if not smoothing:
        return loss
    kept = target.array != ignore_index
    uniform = ops.where(as_tensor(kept), -(logp * _along(weight, dim, input.ndim)).sum(dim), 0.0)
    if reduction != "none":
        uniform = uniform.sum()
    if reduction == "mean":
        uniform = _over(uniform, weight.array[target.array[kept]].sum())
    return (1 - smoothing) * loss + smoothing / input.shape[dim] * uniform


def _soft_cross_entropy(
    input: Tensor, target: Tensor, weight: Tensor | None, dim: int, reduction: str, smoothing: float
) -> Tensor:
    """Cross-entropy with probabilities as the target."""
    if smoothing:
        target = target * (1 - smoothing) + smoothing / input.shape[dim]
    terms = log_softmax(input, dim) * target
    if weight is not None:
        terms = terms * _along(weight, dim, input.ndim)
    return reduced(-terms.sum(dim), reduction)


def _along(weight: Tensor, dim: int, ndim: int) -> Tensor:
    """A vector (C) reshaped to be broadcast along `dim` of `ndim` dimensions."""
    return weight.reshape([-1 if i == dim else 1 for i in range(ndim)])

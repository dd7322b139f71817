"""Connectionist temporal classification."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from autograd import Tensor, as_tensor, logsumexp, ops, stack
from autograd.errors import ShapeError
from nn.functional.layer import pad
from nn.functional.loss import check_reduction

__all__ = ["ctc_loss"]

_NEVER = -1e30  # the log of a probability of 0, finite so that the gradient of logsumexp is


def ctc_loss(
    log_probs: Tensor,
    targets: Tensor,
    input_lengths: Tensor | Sequence[int],
    target_lengths: Tensor | Sequence[int],
    blank: int = 0,
    reduction: str = "mean",
    zero_infinity: bool = False,
) -> Tensor:
    """-log of the probability of all alignments of the targets (Graves et al. 2006, equations 6 to 8).

    log_probs is (T, N, C) or (T, C), targets (N, S), or all of them in one vector. The mean divides each loss by the
    length of its target first. As in torch, the gradient by log_probs takes them for the output of log_softmax. A
    target that does not fit into its input has the loss inf (0 with `zero_infinity`), and no gradient.
    """
    check_reduction(reduction)
    batched = log_probs.ndim == 3
    if log_probs.ndim not in (2, 3):
        raise ShapeError(f"ctc_loss needs log_probs (T, N, C) or (T, C), got {tuple(log_probs.shape)}")
    lp = log_probs if batched else log_probs.unsqueeze(1)
    inputs, lengths = (np.asarray(as_tensor(n).array).reshape(-1) for n in (input_lengths, target_lengths))
    steps, batch, classes = lp.shape
    if not 0 <= blank < classes:
        raise ValueError(f"ctc_loss: blank must be one of {classes} classes, got {blank}")
    if inputs.shape != (batch,) or lengths.shape != (batch,) or inputs.max(initial=0) > steps:
        raise ShapeError(
            f"ctc_loss: log_probs {tuple(log_probs.shape)} need {batch} input_lengths of at most {steps} and {batch} "
            f"target_lengths, got {inputs.tolist()} and {lengths.tolist()}"
        )
    labels, skips = _with_blanks(_rows(as_tensor(targets).array, lengths), blank)
    loss = -_log_likelihood(lp, labels, skips, inputs, lengths)
    within = as_tensor(np.arange(steps)[:, None] < inputs).unsqueeze(-1)
    mass = ops.where(within, lp.exp(), 0.0).sum((0, 2))
    impossible = loss.detach() > -_NEVER / 2
    loss = ops.where(impossible, 0.0 if zero_infinity else math.inf, loss + (mass - mass.detach()))
    if reduction == "mean":
        return (loss / as_tensor(np.maximum(lengths, 1).astype(lp.dtype))).mean()
    return loss.sum() if reduction == "sum" else loss if batched else loss.squeeze(0)


def _rows(targets: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """The targets as (N, S), S the longest; what lies beyond a target's length is of no account."""
    longest = int(lengths.max(initial=0))
    if targets.ndim == 2:
        return targets[:, :longest]
    rows = np.zeros((len(lengths), longest), targets.dtype)
    for row, end, n in zip(rows, lengths.cumsum(), lengths, strict=True):
        row[:n] = targets[end - n : end]
    return rows


def _with_blanks(targets: np.ndarray, blank: int) -> tuple[np.ndarray, np.ndarray]:
    """The labels (N, 2S + 1), blanks around each, and 0 where the blank before a label may be skipped, else _NEVER."""
    labels = np.full((len(targets), 2 * targets.shape[1] + 1), blank, np.int64)
    labels[:, 1::2] = targets
    skips = np.full(labels.shape, _NEVER)
    skips[:, 2:][(labels[:, 2:] != blank) & (labels[:, 2:] != labels[:, :-2])] = 0.0
    return labels, skips


def _log_likelihood(
    lp: Tensor, labels: np.ndarray, skips: np.ndarray, inputs: np.ndarray, lengths: np.ndarray
) -> Tensor:
    """log of the sum over all paths (N,), by the forward variables alpha (N, 2S + 1)."""
    index = np.broadcast_to(labels, (lp.shape[0], *labels.shape))
    emitted = lp.gather(2, as_tensor(index)).clamp(min=_NEVER)
    skip = as_tensor(skips.astype(lp.dtype))
    never = as_tensor(np.full(labels.shape, _NEVER, lp.dtype))
    alpha = ops.where(as_tensor(np.arange(labels.shape[1]) < 2), emitted[0], never)
    for t in range(1, lp.shape[0]):
        one, two = (pad(alpha, (n, 0), value=_NEVER)[:, : labels.shape[1]] for n in (1, 2))
        moved = logsumexp(stack([alpha, one, two + skip]), 0) + emitted[t]
        alpha = ops.where(as_tensor(t < inputs).unsqueeze(-1), moved, alpha)
    ends = alpha.gather(1, as_tensor(np.stack([2 * lengths, np.maximum(2 * lengths - 1, 0)], 1)))
    last = np.where([[False, True]] & (lengths == 0)[:, None], _NEVER, 0.0)  # without labels there is one end
    return logsumexp(ends + as_tensor(last.astype(lp.dtype)), 1)

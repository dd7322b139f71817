"""Lookup of rows: embedding and embedding_bag."""

from __future__ import annotations

import numpy as np

from autograd import Tensor, as_tensor, ops, writing
from autograd.errors import ShapeError

__all__ = ["embedding", "embedding_bag"]


def embedding(
    input: Tensor,
    weight: Tensor,
    padding_idx: int | None = None,
    max_norm: float | None = None,
    norm_type: float = 2.0,
    scale_grad_by_freq: bool = False,
    sparse: bool = False,
) -> Tensor:
    """Rows of weight (V, C) for indices (...), as (..., C); row `padding_idx` gets no gradient.

    With `max_norm`, rows that are used and whose norm is greater are scaled to it first, in place. With
    `scale_grad_by_freq` the gradient of a row is divided by how often the row is used. `sparse` changes nothing: all
    gradients are dense.
    """
    if weight.ndim != 2:
        raise ShapeError(f"embedding: the weight must be a table (V, C), got the shape {tuple(weight.shape)}")
    index = as_tensor(input).array
    if max_norm is not None:
        _renormalise(weight, np.unique(index), max_norm, norm_type)
    out = ops.embedding(weight, input)
    if scale_grad_by_freq:
        share = (1 / np.bincount(index.reshape(-1), minlength=1)[index]).astype(out.dtype)
        out = out.detach() + (out - out.detach()) * as_tensor(share[..., None])
    if padding_idx is None:
        return out
    rows = weight.shape[0]
    if not -rows <= padding_idx < rows:
        raise ValueError(f"embedding: padding_idx must be one of {rows} rows, got {padding_idx}")
    return ops.where((input == padding_idx % rows).unsqueeze(-1), out.detach(), out)


def _renormalise(weight: Tensor, used: np.ndarray, max_norm: float, norm_type: float) -> None:
    with writing(weight) as [array]:
        norms = np.linalg.norm(array[used], norm_type, axis=-1, keepdims=True)
        array[used] *= np.where(norms > max_norm, max_norm / (norms + 1e-7), 1).astype(array.dtype)


def embedding_bag(
    input: Tensor,
    weight: Tensor,
    offsets: Tensor | None = None,
    max_norm: float | None = None,
    norm_type: float = 2,
    scale_grad_by_freq: bool = False,
    mode: str = "mean",
    sparse: bool = False,
    per_sample_weights: Tensor | None = None,
    include_last_offset: bool = False,
    padding_idx: int | None = None,
) -> Tensor:
    """The sum, mean or max of the embeddings of each bag of indices, (bags, C); of an empty bag it is 0.

    A bag is a row of input (bags, n), or goes from one of the `offsets` of a vector to the next. Indices that are
    `padding_idx` do not count. `per_sample_weights` scale the embeddings of a sum.
    """
    if mode not in ("sum", "mean", "max"):
        raise ValueError(f"embedding_bag: mode must be 'sum', 'mean' or 'max', got {mode!r}")
    if per_sample_weights is not None:
        if mode != "sum":
            raise NotImplementedError(f"embedding_bag: per_sample_weights are for mode='sum', not {mode!r}")
        if tuple(per_sample_weights.shape) != tuple(input.shape):
            raise ShapeError(
                f"embedding_bag: per_sample_weights {tuple(per_sample_weights.shape)} must have the shape of the "
                f"input {tuple(input.shape)}"
            )
    places, counted = _bags(input, offsets, include_last_offset)
    flat = input.reshape(-1)
    if padding_idx is not None:
        counted = counted & np.append(np.asarray(flat.array != padding_idx % weight.shape[0]), False)[places]
    rows = embedding(flat, weight, padding_idx, max_norm, norm_type, scale_grad_by_freq)
    if not flat.numel():
        return rows.new_zeros(places.shape[0], weight.shape[1])
    if per_sample_weights is not None:
        rows = rows * per_sample_weights.reshape(-1, 1)
    members = as_tensor(counted[..., None])
    bags = rows[places]
    if mode == "max":
        largest = ops.where(members, bags, -np.inf).max(1).values
        return ops.where(as_tensor(counted.any(1, keepdims=True)), largest, 0.0)
    total, count = ops.where(members, bags, 0.0).sum(1), np.maximum(counted.sum(1, keepdims=True), 1)
    return total if mode == "sum" else total / as_tensor(count.astype(total.dtype))


def _bags(input: Tensor, offsets: Tensor | None, include_last: bool) -> tuple[np.ndarray, np.ndarray]:
    """The places of each bag's members in the flat input, (bags, longest), and where there is a member; a place that
    has none is some other."""
    if input.ndim == 2 and offsets is None:
        places = np.arange(input.numel()).reshape(input.shape)
        return places, np.ones(places.shape, bool)
    if input.ndim != 1 or offsets is None or offsets.ndim != 1:
        raise ValueError(
            "embedding_bag needs an input (bags, n) without offsets, or a vector with a vector of offsets, got shapes "
            f"{tuple(input.shape)} and {None if offsets is None else tuple(offsets.shape)}"
        )
    ends = np.append(as_tensor(offsets).array, [] if include_last else input.numel()).astype(np.int64)
    if ends[0] != 0 or (np.diff(ends) < 0).any() or ends[-1] > input.numel():
        raise ValueError(f"embedding_bag: offsets must begin with 0 and grow to at most {input.numel()}, got {offsets}")
    lengths = np.diff(ends)
    step = np.arange(lengths.max(initial=1))
    return np.minimum(ends[:-1, None] + step, max(input.numel() - 1, 0)), step < lengths[:, None]

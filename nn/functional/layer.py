"""Affine maps, normalisation and padding."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from autograd import Tensor, as_tensor, broadcast_tensors, einsum, ops
from autograd.errors import ShapeError
from autograd.ops.table import write_out

__all__ = ["bilinear", "cosine_similarity", "layer_norm", "linear", "normalize", "one_hot"]
__all__ += ["pad", "rms_norm"]


def linear(input: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """x W^T + b for x (..., in), weight (out, in), bias (out); the weight may be a vector (in), if there is no bias."""
    return input @ weight if weight.ndim == 1 and bias is None else ops.linear(input, weight, bias)


def bilinear(input1: Tensor, input2: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """x1^T W_o x2 + b_o for x1 (..., in1), x2 (..., in2), weight (out, in1, in2), bias (out)."""
    out = einsum("...i,oij,...j->...o", input1, weight, input2)
    return out if bias is None else out + bias


def one_hot(tensor: Tensor, num_classes: int = -1) -> Tensor:
    """Class values (...) as int64 rows (..., num_classes) with a single 1; -1 is the largest class value plus 1."""
    index = as_tensor(tensor).array
    if index.dtype.kind not in "iu":
        raise TypeError(f"one_hot: class values must be integers, got {index.dtype}")
    if index.size and index.min() < 0:
        raise ValueError(f"one_hot: class values must not be negative, got {index.min()}")
    if num_classes == -1:
        if not index.size:
            raise ValueError("one_hot: num_classes cannot be inferred from an empty tensor: pass it")
        num_classes = int(index.max()) + 1
    elif index.size and index.max() >= num_classes:
        raise ValueError(f"one_hot: class values must be below num_classes={num_classes}, got {index.max()}")
    return as_tensor((index[..., None] == np.arange(num_classes)).astype(np.int64))


def _check_normalized(name: str, input: Tensor, shape: tuple[int, ...], parameters: dict[str, Tensor | None]) -> None:
    if not shape or tuple(input.shape[-len(shape) :]) != shape:
        raise ShapeError(
            f"{name}: given normalized_shape={list(shape)}, expected an input of shape "
            f"[*, {', '.join(map(str, shape))}], got {tuple(input.shape)}"
        )
    for word, tensor in parameters.items():
        if tensor is not None and tuple(tensor.shape) != shape:
            raise ShapeError(f"{name}: {word} {tuple(tensor.shape)} must have normalized_shape {shape}")


def layer_norm(
    input: Tensor,
    normalized_shape: Sequence[int],
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-5,
) -> Tensor:
    """(x - mean) / sqrt(var + eps) * weight + bias over the last dimensions (Ba et al. 2016)."""
    shape = tuple(normalized_shape)
    _check_normalized("layer_norm", input, shape, {"weight": weight, "bias": bias})
    if len(shape) == 1:
        return ops.layer_norm(input, weight, bias, eps=eps)
    flat = input.flatten(-len(shape))
    weight, bias = (None if t is None else t.flatten() for t in (weight, bias))
    return ops.layer_norm(flat, weight, bias, eps=eps).reshape(input.shape)


def rms_norm(
    input: Tensor, normalized_shape: Sequence[int], weight: Tensor | None = None, eps: float | None = None
) -> Tensor:
    """x / sqrt(mean(x^2) + eps) * weight over the last dimensions (Zhang and Sennrich 2019).

    `eps` defaults to the machine epsilon of the dtype.
    """
    shape = tuple(normalized_shape)
    _check_normalized("rms_norm", input, shape, {"weight": weight})
    eps = float(np.finfo(input.array.dtype).eps) if eps is None else eps
    if len(shape) == 1:
        return ops.rms_norm(input, weight, eps=eps)
    weight = None if weight is None else weight.flatten()
    return ops.rms_norm(input.flatten(-len(shape)), weight, eps=eps).reshape(input.shape)


def normalize(input: Tensor, p: float = 2.0, dim: int = 1, eps: float = 1e-12, out: Tensor | None = None) -> Tensor:
    """x / max(norm(x), eps) with the p-norm along `dim`, put into `out` if that is given."""
    return write_out("normalize", input / input.norm(p, dim, keepdim=True).clamp(min=eps), out)


def cosine_similarity(x1: Tensor, x2: Tensor, dim: int = 1, eps: float = 1e-8) -> Tensor:
    """x1.x2 / (max(|x1|, eps) max(|x2|, eps)) along `dim` of the shape to which x1 and x2 broadcast."""
    x1, x2 = broadcast_tensors(x1, x2)
    norms = (x.norm(2, dim, keepdim=True).clamp(min=eps) for x in (x1, x2))
    return ((x1 / next(norms)) * (x2 / next(norms))).sum(dim)


# Where each place of a padded dim is taken from, for places from 0 to n - 1 within the input and others around it.
_PAD_MODES = {
    "reflect": lambda place, n: n - 1 - np.abs(n - 1 - np.abs(place)),
    "replicate": lambda place, n: np.clip(place, 0, n - 1),
    "circular": lambda place, n: place % n,
}


def pad(input: Tensor, pad: Sequence[int], mode: str = "constant", value: float | None = None) -> Tensor:
    """Pad the last dimensions; `pad` is (left, right) of the last, then of the one before, and so on.

    The mode "constant" adds `value` (0); "reflect" mirrors the input at its ends, which it does not repeat, "replicate"
    repeats the ends, and "circular" continues at the other end. A negative number crops.
    """
    if mode != "constant" and mode not in _PAD_MODES:
        raise NotImplementedError(f"pad: mode must be constant, {', '.join(_PAD_MODES)}, got {mode!r}")
    if len(pad) % 2 or len(pad) > 2 * input.ndim:
        raise ShapeError(f"pad: expected pairs (left, right) for at most {input.ndim} dimensions, got {tuple(pad)}")
    widths = [(0, 0)] * (input.ndim - len(pad) // 2) + list(zip(pad[::2], pad[1::2], strict=True))[::-1]
    if any(n + left + right < 0 for n, (left, right) in zip(input.shape, widths, strict=True)):
        raise ShapeError(f"pad: {tuple(pad)} crops more elements than there are in the input {tuple(input.shape)}")
    if mode in ("constant", "circular"):  # the others look at what they crop, as in torch
        sizes = zip(input.shape, widths, strict=True)
        input = input[tuple(slice(max(-left, 0), n - max(-right, 0)) for n, (left, right) in sizes)]
        widths = [(max(left, 0), max(right, 0)) for left, right in widths]
    if mode == "constant":
        return ops.pad(input, width=tuple(widths), value=0.0 if value is None else value)
    for dim, (left, right) in enumerate(widths):
        if left or right:
            n = input.shape[dim]
            if max(left, right) > {"reflect": n - 1, "circular": n}.get(mode, math.inf if n else 0):
                raise ShapeError(
                    f"pad: ({left}, {right}) is more than {mode!r} finds in dim {dim} of {tuple(input.shape)}"
                )
            input = input.index_select(dim, _PAD_MODES[mode](np.arange(-left, n + right), n))
    return input if any(map(any, widths)) else input.clone()

"""Normalisation of channels: over the batch, over groups of channels, over single images."""

from __future__ import annotations

import math

from autograd import Tensor, no_grad, ops
from autograd.errors import ShapeError
from nn.functional.pooling import avg_pool3d

__all__ = ["batch_norm", "group_norm", "instance_norm", "local_response_norm"]


def _check(name: str, input: Tensor, **vectors: Tensor | None) -> None:
    """Raise where one of these, of which each channel has an element, is of another length."""
    if input.ndim < 2:
        raise ShapeError(f"{name}: expected at least 2D input (N, C, ...), got the shape {list(input.shape)}")
    for word, vector in vectors.items():
        if vector is not None and tuple(vector.shape) != (input.shape[1],):
            raise ShapeError(
                f"{name}: {word} should contain {input.shape[1]} elements, one for each channel of the input "
                f"{list(input.shape)}, not {list(vector.shape)}"
            )


def batch_norm(
    input: Tensor,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    """(x - mean) / sqrt(var + eps) * weight + bias for each channel of x (N, C, ...).

    With `training` by the mean and variance of the batch, which move the running ones towards them by `momentum`
    (the variance that divides by n - 1); otherwise by the running ones.
    """
    _check("batch_norm", input, running_mean=running_mean, running_var=running_var, weight=weight, bias=bias)
    if not training:
        return _by_running(input, running_mean, running_var, weight, bias, eps)
    count = input.numel() // max(input.shape[1], 1)
    if count == 1:
        raise ValueError(f"Expected more than 1 value per channel when training, got input size {list(input.shape)}")
    x = input.reshape(input.shape[0], input.shape[1], math.prod(input.shape[2:]))
    if half := x.array.dtype.itemsize == 2:
        x, weight, bias = (None if t is None else t.float() for t in (x, weight, bias))
    mean, var = statistics = ops.channel_statistics(x.array)
    with no_grad():
        for running, found in ((running_mean, mean), (running_var, var * (count / max(count - 1, 1)))):
            if running is not None and count:
                running.mul_(1 - momentum).add_(Tensor.wrap(found.astype(running.array.dtype)), alpha=momentum)
    out = ops.batch_norm(x, weight, bias, eps=eps, statistics=statistics).reshape(input.shape)
    return out.to(input.dtype) if half else out


def _by_running(
    input: Tensor,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    weight: Tensor | None,
    bias: Tensor | None,
    eps: float,
) -> Tensor:
    if running_mean is None or running_var is None:
        raise ValueError("batch_norm: expected running_mean and running_var to be defined when training=False")
    scale = (running_var + eps).rsqrt()
    scale = scale if weight is None else scale * weight
    shift = -running_mean * scale if bias is None else bias - running_mean * scale
    shape = (-1, *(1,) * (input.ndim - 2))
    out = input * scale.reshape(shape) + shift.reshape(shape)
    return out.to(input.dtype)


def instance_norm(
    input: Tensor,
    running_mean: Tensor | None = None,
    running_var: Tensor | None = None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    use_input_stats: bool = True,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    """`batch_norm` with the statistics of each channel of each image by itself; the running ones take their means."""
    _check("instance_norm", input, running_mean=running_mean, running_var=running_var, weight=weight, bias=bias)
    if not use_input_stats:
        return _by_running(input, running_mean, running_var, weight, bias, eps)
    n, c = input.shape[:2]
    if math.prod(input.shape[2:]) == 1:
        raise ValueError(f"Expected more than 1 spatial element when training, got input size {list(input.shape)}")
    weight, bias = (None if t is None else t.repeat(n) for t in (weight, bias))
    mean, var = (None if t is None else t.repeat(n) for t in (running_mean, running_var))
    joined = input.reshape(1, n * c, *input.shape[2:])
    out = batch_norm(joined, mean, var, weight, bias, True, momentum, eps).reshape(input.shape)
    with no_grad():
        for running, moved in ((running_mean, mean), (running_var, var)):
            if running is not None and moved is not None:
                running.copy_(moved.reshape(n, c).mean(0))
    return out


def group_norm(
    input: Tensor, num_groups: int, weight: Tensor | None = None, bias: Tensor | None = None, eps: float = 1e-5
) -> Tensor:
    """x (N, C, ...) normalised over each of `num_groups` groups of channels of each image, times weight (C) plus bias
    (C) (Wu and He 2018)."""
    _check("group_norm", input, weight=weight, bias=bias)
    if num_groups < 1 or input.shape[1] % num_groups:
        raise ShapeError(
            f"group_norm: expected the number of channels of the input {list(input.shape)} to be divisible by "
            f"num_groups, got {num_groups}"
        )
    size = math.prod(input.shape[1:]) // num_groups
    x = input.float() if input.array.dtype.itemsize == 2 else input
    out = ops.layer_norm(x.reshape(input.shape[0], num_groups, size), None, None, eps=eps).reshape(input.shape)
    shape = (-1, *(1,) * (input.ndim - 2))
    out = out if weight is None else out * weight.reshape(shape)
    out = out if bias is None else out + bias.reshape(shape)
    return out.to(input.dtype)


def local_response_norm(input: Tensor, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0) -> Tensor:
    """x / (k + alpha mean(x^2))^beta, the mean over `size` neighbouring channels, zeros beyond the first and the last
    (Krizhevsky et al. 2012, section 3.3)."""
    if input.ndim < 3:
        raise ShapeError(f"local_response_norm: expected a 3D or larger input, got the shape {list(input.shape)}")
    n, c = input.shape[:2]
    if not input.numel():
        return input
    squares = (input * input).reshape(n, 1, c, math.prod(input.shape[2:]), 1)
    squares = ops.pad(squares, width=((0, 0), (0, 0), (size // 2, (size - 1) // 2), (0, 0), (0, 0)))
    mean = avg_pool3d(squares, (size, 1, 1), 1).reshape(input.shape)
    return input / (mean * alpha + k) ** beta

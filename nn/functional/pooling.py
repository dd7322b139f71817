"""Pooling over windows, in one, two and three dims."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from autograd import Tensor, as_tensor, ops
from autograd.errors import ShapeError
from autograd.ops.convolution import each_dim, in_each_dim
from autograd.planes import Sizes, Steps

__all__ = ["adaptive_avg_pool1d", "adaptive_avg_pool2d", "adaptive_avg_pool3d", "adaptive_max_pool1d"]
__all__ += ["adaptive_max_pool2d", "adaptive_max_pool3d", "avg_pool1d", "avg_pool2d", "avg_pool3d", "lp_pool1d"]
__all__ += ["lp_pool2d", "lp_pool3d", "max_pool1d", "max_pool2d", "max_pool3d", "max_unpool1d", "max_unpool2d"]
__all__ += ["max_unpool3d"]

Size = int | Iterable[int]


def _batched(name: str, input: Tensor, dims: int) -> Tensor:
    """The input as (N, C, ...), where it may be (C, ...)."""
    if input.ndim not in (dims + 1, dims + 2):
        raise ShapeError(f"{name}: expected a {dims + 1}D or {dims + 2}D input, got the shape {list(input.shape)}")
    if 0 in input.shape[input.ndim - dims - 1 :]:
        raise ShapeError(f"{name}: only the batch may be empty, got the shape {list(input.shape)}")
    return input if input.ndim == dims + 2 else input[None]


def _windows(
    name: str, dims: int, kernel_size: Any, stride: Any, padding: Any = 0, dilation: Any = 1
) -> tuple[Sizes, Steps]:
    """The sizes of the kernel and how it moves: by its own size, if no stride is given."""
    kernel = each_dim(name, "kernel_size", kernel_size, dims)
    stride = kernel if stride is None or stride == [] or stride == () else each_dim(name, "stride", stride, dims)
    steps = Steps(stride, each_dim(name, "padding", padding, dims), each_dim(name, "dilation", dilation, dims), 1)
    if min(*kernel, *steps.stride, *steps.dilation) < 1:
        raise RuntimeError(f"{name}: kernel_size, stride and dilation must be positive, got {kernel} and {steps}")
    if any(not 0 <= 2 * p <= d * (k - 1) + 1 for k, p, d in zip(kernel, steps.padding, steps.dilation)):
        raise RuntimeError(
            f"{name}: pad should be at most half of effective kernel size, got padding {steps.padding} for the kernel "
            f"{kernel} with dilation {steps.dilation}"
        )
    return kernel, steps


def max_pool(
    dims: int,
    input: Tensor,
    kernel_size: Size,
    stride: Size | None = None,
    padding: Size = 0,
    dilation: Size = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """The largest element of every window of the input.

    `return_indices` gives a pair, with the index of each among all elements of its image. With `ceil_mode` a last
    window may reach beyond the end.
    """
    name = f"max_pool{dims}d"
    x = _batched(name, input, dims)
    kernel, steps = _windows(name, dims, kernel_size, stride, padding, dilation)
    places = ops.window_places(name, x.shape[2:], kernel, steps, ceil_mode)
    found = ops.max_pool(x, kernel=kernel, steps=steps, places=places)
    values, indices = (out if x is input else out[0] for out in found)
    return (values, indices) if return_indices else values


max_pool1d, max_pool2d, max_pool3d = in_each_dim(max_pool)


def max_unpool(
    dims: int,
    input: Tensor,
    indices: Tensor,
    kernel_size: Size,
    stride: Size | None = None,
    padding: Size = 0,
    output_size: Any = None,
) -> Tensor:
    """Zeros with each element of the input at its index among all elements of its image, as `max_pool` gives them.

    Where pooling could have come from images of several sizes, `output_size` names one, with or without (N, C).
    """
    name = f"max_unpool{dims}d"
    x = _batched(name, input, dims)
    kernel, steps = _windows(name, dims, kernel_size, stride, padding)
    if indices.shape != input.shape:
        raise ShapeError(f"{name}: indices {list(indices.shape)} and input {list(input.shape)} must have one shape")
    usual = [(m - 1) * s + k - 2 * p for m, s, k, p in zip(x.shape[2:], steps.stride, kernel, steps.padding)]
    size = usual if output_size is None else list(output_size)[-dims:]
    if len(size) != dims or any(abs(n - m) >= s for n, m, s in zip(size, usual, steps.stride)):
        raise ValueError(f"{name}: output_size must be less than a stride from {usual}, got {output_size}")
    places = indices.reshape(*x.shape[:2], -1)
    if places.numel() and not 0 <= places.min() <= places.max() < np.prod(size):
        raise RuntimeError(f"{name}: an index lies outside of the output, whose size is {size}")
    out = x.new_zeros(*x.shape[:2], int(np.prod(size))).scatter(2, places, x.flatten(2))
    out = out.reshape(*x.shape[:2], *size)
    return out if x is input else out[0]


max_unpool1d, max_unpool2d, max_unpool3d = in_each_dim(max_unpool)


def avg_pool(
    dims: int,
    input: Tensor,
    kernel_size: Size,
    stride: Size | None = None,
    padding: Size = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Tensor:
    """The mean of every window of the input, in which padding counts as zeros, or does not count.

    The sums are divided by `divisor_override`, if it is given.
    """
    name = f"avg_pool{dims}d"
    x = _batched(name, input, dims)
    kernel, steps = _windows(name, dims, kernel_size, stride, padding)
    if divisor_override == 0:
        raise RuntimeError(f"{name}: divisor must not be zero")
    places = ops.window_places(name, x.shape[2:], kernel, steps, ceil_mode)
    total = ops.windows(x, kernel=kernel, steps=steps, places=places).sum(2)
    counts: Any = divisor_override or 1
    for n, m, k, s, p in zip(x.shape[2:], places, kernel, steps.stride, steps.padding):
        if not divisor_override:
            start = np.arange(m) * s - p
            stop = np.minimum(start + k, n + p)
            along = stop - start if count_include_pad else np.minimum(stop, n) - np.maximum(start, 0)
            counts = np.multiply.outer(counts, along)
    if x.dtype.kind == "f":
        out = total / as_tensor(np.asarray(counts, x.array.dtype))
    else:
        out = total.div(as_tensor(np.asarray(counts)), rounding_mode="trunc").to(x.dtype)
    return out if x is input else out[0]


avg_pool1d, avg_pool2d, avg_pool3d = in_each_dim(avg_pool)


def lp_pool(
    dims: int,
    input: Tensor,
    norm_type: float,
    kernel_size: Size,
    stride: Size | None = None,
    ceil_mode: bool = False,
) -> Tensor:
    """The p-norm of every window of the input, for p = `norm_type`; its derivative where that is 0 is 0.

    As in torch, it is the root of the sum of x^p, without absolute values unless p is infinite.
    """
    if math.isinf(norm_type):
        sign = math.copysign(1, norm_type)
        return sign * max_pool(dims, sign * input.abs(), kernel_size, stride, ceil_mode=ceil_mode)
    kernel, _ = _windows(f"lp_pool{dims}d", dims, kernel_size, stride)
    mean = avg_pool(dims, input.pow(norm_type), kernel_size, stride, ceil_mode=ceil_mode)
    return (mean.sign() * mean.abs().relu() * math.prod(kernel)).pow(1 / norm_type)


lp_pool1d, lp_pool2d, lp_pool3d = in_each_dim(lp_pool)


def _adaptive(name: str, dims: int, input: Tensor, output_size: Any) -> tuple[Tensor, list[list[tuple[int, int]]]]:
    """The input as (N, C, ...), and for each dim where its windows begin and end."""
    x = _batched(name, input, dims)
    wanted = [output_size] * dims if output_size is None or isinstance(output_size, int) else list(output_size)
    wanted = wanted * dims if len(wanted) == 1 else wanted
    if len(wanted) != dims or any(m is not None and m < 0 for m in wanted):
        raise ShapeError(f"{name}: output_size must be a number or {dims} of them, got {output_size!r}")
    sizes = [(n, n if m is None else m) for n, m in zip(x.shape[2:], wanted)]
    return x, [[(i * n // m, -(-(i + 1) * n // m)) for i in range(m)] for n, m in sizes]


def adaptive_avg_pool(dims: int, input: Tensor, output_size: Any) -> Tensor:
    """The means of `output_size` windows that cover the input evenly; a size of None is that of the input."""
    x, windows = _adaptive(f"adaptive_avg_pool{dims}d", dims, input, output_size)
    out = x
    if all(len(along) == 1 for along in windows):
        out = x.mean(tuple(range(2, x.ndim)), keepdim=True)
    else:
        for dim, along in enumerate(windows, 2):
            taps = max((stop - start for start, stop in along), default=0)
            index, weight = np.zeros((2, taps, len(along)))
            for i, (start, stop) in enumerate(along):
                index[: stop - start, i], weight[: stop - start, i] = np.arange(start, stop), 1 / (stop - start)
            out = ops.resample(out, index=index.astype(np.int64), weight=weight, dim=dim)
    return out if x is input else out[0]


adaptive_avg_pool1d, adaptive_avg_pool2d, adaptive_avg_pool3d = in_each_dim(adaptive_avg_pool)


def adaptive_max_pool(dims: int, input: Tensor, output_size: Any, return_indices: bool = False) -> Any:
    """The largest elements of `output_size` windows that cover the input evenly; see `adaptive_avg_pool`."""
    x, windows = _adaptive(f"adaptive_max_pool{dims}d", dims, input, output_size)
    places: Any = np.zeros((1, 1), np.int64)  # (elements of a window, windows), among all elements of an image
    for along, n in zip(windows, x.shape[2:]):
        taps = max((stop - start for start, stop in along), default=0)
        taken = np.array([[min(start + i, stop - 1) for start, stop in along] for i in range(taps)], np.int64)
        places = places[:, None, :, None] * n + taken.reshape(1, taps, 1, len(along))
        places = places.reshape(places.shape[0] * taps, places.shape[2] * len(along))
    flat = x.flatten(2)
    best: Any = np.argmax(flat.array[:, :, places], 2) if places.size else np.zeros((*x.shape[:2], 0), np.int64)
    index = as_tensor(places[best, np.arange(places.shape[1])])
    shape = (*x.shape[:2], *[len(along) for along in windows])
    found = (out.reshape(shape) for out in (flat.gather(2, index), index))
    values, indices = (out if x is input else out[0] for out in found)
    return (values, indices) if return_indices else values


adaptive_max_pool1d, adaptive_max_pool2d, adaptive_max_pool3d = in_each_dim(adaptive_max_pool)

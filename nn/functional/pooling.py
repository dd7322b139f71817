"""Pooling over windows, in one, two and three dims."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from autograd import Tensor, as_tensor, ops, zeros
from autograd.errors import ShapeError
from autograd.ops.convolution import each_dim
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


# Maximum --------------------------------------------------------------------------------------------------------------


def _max_pool(
    dims: int,
    input: Tensor,
    kernel_size: Any,
    stride: Any,
    padding: Any,
    dilation: Any,
    ceil_mode: bool,
    return_indices: bool,
) -> Any:
    name = f"max_pool{dims}d"
    x = _batched(name, input, dims)
    kernel, steps = _windows(name, dims, kernel_size, stride, padding, dilation)
    places = ops.window_places(name, x.shape[2:], kernel, steps, ceil_mode)
    found = ops.max_pool(x, kernel=kernel, steps=steps, places=places)
    values, indices = (out if x is input else out[0] for out in found)
    return (values, indices) if return_indices else values


def max_pool1d(
    input: Tensor,
    kernel_size: Size,
    stride: Size | None = None,
    padding: Size = 0,
    dilation: Size = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """The largest element of every window of input (N, C, L) or (C, L).

    `return_indices` gives a pair, with the index of each among all elements of its image. With `ceil_mode` a last
    window may reach beyond the end.
    """
    return _max_pool(1, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices)


def max_pool2d(
    input: Tensor,
    kernel_size: Size,
    stride: Size | None = None,
    padding: Size = 0,
    dilation: Size = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """`max_pool1d` of images (N, C, H, W)."""
    return _max_pool(2, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices)


def max_pool3d(
    input: Tensor,
    kernel_size: Size,
    stride: Size | None = None,
    padding: Size = 0,
    dilation: Size = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """`max_pool1d` of volumes (N, C, D, H, W)."""
    return _max_pool(3, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices)


def _max_unpool(
    dims: int, input: Tensor, indices: Tensor, kernel_size: Any, stride: Any, padding: Any, output_size: Any
) -> Tensor:
    name = f"max_unpool{dims}d"
    x, index = _batched(name, input, dims), as_tensor(indices).array
    kernel, steps = _windows(name, dims, kernel_size, stride, padding)
    if tuple(index.shape) != tuple(input.shape):
        raise ShapeError(f"{name}: indices {list(index.shape)} must have the shape of the input {list(input.shape)}")
    usual = [(n - 1) * s - 2 * p + k for n, s, p, k in zip(x.shape[2:], steps.stride, steps.padding, kernel)]
    size = usual if output_size is None else [int(n) for n in output_size][-dims:]
    if len(size) != dims or any(not n - s < m < n + s for n, m, s in zip(usual, size, steps.stride)):
        raise ShapeError(f"{name}: output_size {list(size)} must differ from {usual} by less than the stride")
    if index.size and not 0 <= index.min() <= index.max() < math.prod(size):
        raise ShapeError(f"{name}: found an invalid max index, for an output of {list(size)}")
    flat = zeros(*x.shape[:2], math.prod(size), dtype=x.dtype)
    out = flat.scatter(2, index.reshape(x.flatten(2).shape), x.flatten(2)).reshape(*x.shape[:2], *size)
    return out if x is input else out[0]


def max_unpool1d(
    input: Tensor, indices: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0, output_size: Any = None
) -> Tensor:
    """Zeros with each element of the input where `max_pool1d` found it, as `indices` tell."""
    return _max_unpool(1, input, indices, kernel_size, stride, padding, output_size)


def max_unpool2d(
    input: Tensor, indices: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0, output_size: Any = None
) -> Tensor:
    """`max_unpool1d` of images (N, C, H, W)."""
    return _max_unpool(2, input, indices, kernel_size, stride, padding, output_size)


def max_unpool3d(
    input: Tensor, indices: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0, output_size: Any = None
) -> Tensor:
    """`max_unpool1d` of volumes (N, C, D, H, W)."""
    return _max_unpool(3, input, indices, kernel_size, stride, padding, output_size)


# Average --------------------------------------------------------------------------------------------------------------


def _avg_pool(
    dims: int,
    input: Tensor,
    kernel_size: Any,
    stride: Any,
    padding: Any,
    ceil_mode: bool,
    count_include_pad: bool,
    divisor_override: int | None = None,
) -> Tensor:
    name = f"avg_pool{dims}d"
    x = _batched(name, input, dims)
    kernel, steps = _windows(name, dims, kernel_size, stride, padding)
    if divisor_override == 0:
        raise RuntimeError(f"{name}: divisor must be not zero")
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


def avg_pool1d(
    input: Tensor,
    kernel_size: Size,
    stride: Size | None = None,
    padding: Size = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> Tensor:
    """The mean of every window of input (N, C, L) or (C, L), in which padding counts as zeros, or does not count."""
    return _avg_pool(1, input, kernel_size, stride, padding, ceil_mode, count_include_pad)


def avg_pool2d(
    input: Tensor,
    kernel_size: Size,
    stride: Size | None = None,
    padding: Size = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Tensor:
    """`avg_pool1d` of images (N, C, H, W); sums are divided by `divisor_override`, if it is given."""
    return _avg_pool(2, input, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override)


def avg_pool3d(
    input: Tensor,
    kernel_size: Size,
    stride: Size | None = None,
    padding: Size = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Tensor:
    """`avg_pool2d` of volumes (N, C, D, H, W)."""
    return _avg_pool(3, input, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override)


def _lp_pool(dims: int, input: Tensor, norm_type: float, kernel_size: Any, stride: Any, ceil_mode: bool) -> Tensor:
    name = f"lp_pool{dims}d"
    x = _batched(name, input, dims)
    kernel, steps = _windows(name, dims, kernel_size, stride)
    places = ops.window_places(name, x.shape[2:], kernel, steps, ceil_mode)
    total = ops.windows(x**norm_type, kernel=kernel, steps=steps, places=places).sum(2)
    out = (total.sign() * total.abs().relu()) ** (1 / norm_type)
    return out if x is input else out[0]


def lp_pool1d(input: Tensor, norm_type: float, kernel_size: Any, stride: Any = None, ceil_mode: bool = False) -> Tensor:
    """(sum of x^p)^(1/p) over every window of input (N, C, L), with p = norm_type."""
    return _lp_pool(1, input, norm_type, kernel_size, stride, ceil_mode)


def lp_pool2d(input: Tensor, norm_type: float, kernel_size: Any, stride: Any = None, ceil_mode: bool = False) -> Tensor:
    """`lp_pool1d` of images (N, C, H, W)."""
    return _lp_pool(2, input, norm_type, kernel_size, stride, ceil_mode)


def lp_pool3d(input: Tensor, norm_type: float, kernel_size: Any, stride: Any = None, ceil_mode: bool = False) -> Tensor:
    """`lp_pool1d` of volumes (N, C, D, H, W)."""
    return _lp_pool(3, input, norm_type, kernel_size, stride, ceil_mode)


# Adaptive -------------------------------------------------------------------------------------------------------------


def _adaptive(name: str, dims: int, input: Tensor, output_size: Any) -> tuple[Tensor, list[list[tuple[int, int]]]]:
    """The input as (N, C, ...), and for each dim where its windows begin and end."""
    x = _batched(name, input, dims)
    wanted = [output_size] * dims if output_size is None or isinstance(output_size, int) else list(output_size)
    wanted = wanted * dims if len(wanted) == 1 else wanted
    if len(wanted) != dims or any(m is not None and m < 0 for m in wanted):
        raise ShapeError(f"{name}: output_size must be a number or {dims} of them, got {output_size!r}")
    sizes = [(n, n if m is None else m) for n, m in zip(x.shape[2:], wanted)]
    return x, [[(i * n // m, -(-(i + 1) * n // m)) for i in range(m)] for n, m in sizes]


def _adaptive_avg_pool(dims: int, input: Tensor, output_size: Any) -> Tensor:
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


def adaptive_avg_pool1d(input: Tensor, output_size: Any) -> Tensor:
    """The means of `output_size` windows of input (N, C, L) that cover it evenly."""
    return _adaptive_avg_pool(1, input, output_size)


def adaptive_avg_pool2d(input: Tensor, output_size: Any) -> Tensor:
    """`adaptive_avg_pool1d` of images (N, C, H, W); a size of None is that of the input."""
    return _adaptive_avg_pool(2, input, output_size)


def adaptive_avg_pool3d(input: Tensor, output_size: Any) -> Tensor:
    """`adaptive_avg_pool2d` of volumes (N, C, D, H, W)."""
    return _adaptive_avg_pool(3, input, output_size)


def _adaptive_max_pool(dims: int, input: Tensor, output_size: Any, return_indices: bool) -> Any:
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


def adaptive_max_pool1d(input: Tensor, output_size: Any, return_indices: bool = False) -> Any:
    """The largest elements of `output_size` windows of input (N, C, L) that cover it evenly."""
    return _adaptive_max_pool(1, input, output_size, return_indices)


def adaptive_max_pool2d(input: Tensor, output_size: Any, return_indices: bool = False) -> Any:
    """`adaptive_max_pool1d` of images (N, C, H, W); a size of None is that of the input."""
    return _adaptive_max_pool(2, input, output_size, return_indices)


def adaptive_max_pool3d(input: Tensor, output_size: Any, return_indices: bool = False) -> Any:
    """`adaptive_max_pool2d` of volumes (N, C, D, H, W)."""
    return _adaptive_max_pool(3, input, output_size, return_indices)

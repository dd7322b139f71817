"""Images in other sizes, shuffled, and cut into windows."""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import numpy as np

from autograd import Tensor, ops
from autograd.errors import ShapeError
from autograd.ops.convolution import each_dim
from autograd.planes import Sizes, Steps
from nn.functional.pooling import adaptive_avg_pool1d, adaptive_avg_pool2d, adaptive_avg_pool3d

__all__ = ["fold", "interpolate", "pixel_shuffle", "pixel_unshuffle", "unfold", "upsample", "upsample_bilinear"]
__all__ += ["upsample_nearest"]

_MODES = {"linear": 3, "bilinear": 4, "bicubic": 4, "trilinear": 5}  # and the dims that the input must have
_AREA = (adaptive_avg_pool1d, adaptive_avg_pool2d, adaptive_avg_pool3d)


def _nearest(n: int, m: int, scale: float, align_corners: bool, exact: float = 0.0) -> Any:
    """The one element for each of m places; torch computes it in float32."""
    places = (np.arange(m, dtype=np.float32) + np.float32(exact)) * np.float32(scale)
    return np.minimum(places.astype(np.int64), n - 1)[None], np.ones((1, m))


def _sources(n: int, m: int, scale: float, align_corners: bool) -> np.ndarray:
    """Where in the input the m places lie: with `align_corners` its first and last elements are the first and last."""
    if align_corners:
        return np.arange(m) * ((n - 1) / (m - 1) if m > 1 else 0.0)
    return (np.arange(m) + 0.5) * scale - 0.5


def _linear(n: int, m: int, scale: float, align_corners: bool) -> Any:
    source = np.maximum(_sources(n, m, scale, align_corners), 0)
    first = np.minimum(source.astype(np.int64), n - 1)
    share = np.clip(source - first, 0, 1)
    return np.stack([first, np.minimum(first + 1, n - 1)]), np.stack([1 - share, share])


def _keys(distance: np.ndarray, a: float) -> np.ndarray:
    """The cubic kernel of Keys (1981), which is 0 from a distance of 2 on."""
    near = ((a + 2) * distance - (a + 3)) * distance * distance + 1
    far = a * (((distance - 5) * distance + 8) * distance - 4)
    return np.where(distance <= 1, near, np.where(distance < 2, far, 0))


def _cubic(n: int, m: int, scale: float, align_corners: bool) -> Any:
    """Four elements for each place."""
    source = _sources(n, m, scale, align_corners)
    first = np.floor(source)
    distance = np.abs(source - first - np.arange(-1, 3)[:, None])
    index = np.clip(first + np.arange(-1, 3)[:, None], 0, n - 1).astype(np.int64)
    return index, _keys(distance, a=-0.75)


def _smoothed(radius: int, filter: Any, n: int, m: int, scale: float, align_corners: bool) -> Any:
    """The elements under a filter that is as wide as the places are apart, where they are fewer than the elements."""
    scale = ((n - 1) / (m - 1) if m > 1 else 0.0) if align_corners else scale
    width = max(scale, 1.0)
    centre = (np.arange(m) + 0.5) * scale
    first = np.maximum((centre - radius * width + 0.5).astype(np.int64), 0)
    end = np.minimum((centre + radius * width + 0.5).astype(np.int64), n)
    index = first + np.arange((end - first).max())[:, None]
    weight = np.where(index < end, filter(np.abs(index - centre + 0.5) / width), 0)
    return np.minimum(index, n - 1), weight / weight.sum(0)


def _triangle(distance: np.ndarray) -> np.ndarray:
    return np.maximum(1 - distance, 0)


def _taps(mode: str, antialias: bool) -> Any:
    if antialias:
        return partial(_smoothed, *((1, _triangle) if mode == "bilinear" else (2, partial(_keys, a=-0.5))))
    if mode == "nearest-exact":
        return partial(_nearest, exact=0.5)
    return {"nearest": _nearest, "bicubic": _cubic}.get(mode, _linear)


def _output_size(input: Tensor, size: Any, factor: Any, recompute: bool | None) -> tuple[Sizes, list[float]]:
    """The wanted sizes, and how far apart in the input the places of the output are."""
    dims = input.ndim - 2
    if (size is None) == (factor is None):
        raise ValueError("interpolate: exactly one of size and scale_factor must be given")
    given = size if factor is None else factor
    each = list(given) if np.ndim(given) else [given] * dims
    if len(each) != dims:
        raise ValueError(
            f"interpolate: {'size' if factor is None else 'scale_factor'} must be a number or {dims} of them for an "
            f"input of shape {list(input.shape)}, got {given!r}"
        )
    if factor is None:
        if recompute:
            raise ValueError("interpolate: recompute_scale_factor is meaningless with an explicit size")
        sizes = tuple([int(m) for m in each])
    else:
        sizes = tuple([math.floor(float(n * f)) for n, f in zip(input.shape[2:], each)])
    if min(sizes) < 1 or 0 in input.shape[1:]:
        raise ShapeError(f"interpolate: sizes must be positive, got {list(sizes)} for the input {list(input.shape)}")
    if factor is None or recompute:
        return sizes, [n / m for n, m in zip(input.shape[2:], sizes)]
    return sizes, [1 / f for f in each]


def interpolate(
    input: Tensor,
    size: Any = None,
    scale_factor: Any = None,
    mode: str = "nearest",
    align_corners: bool | None = None,
    recompute_scale_factor: bool | None = None,
    antialias: bool = False,
) -> Tensor:
    """input (N, C, ...) in another `size`, or in its own times `scale_factor`.

    The mode is nearest, nearest-exact, area, or, by the number of dims, linear, bilinear, bicubic or trilinear. With
    `antialias`, for bilinear and bicubic, a smaller image is smoothed as by Pillow: every element has its share.
    """
    if mode not in (*_MODES, "nearest", "nearest-exact", "area"):
        raise NotImplementedError(f"interpolate: there is no mode {mode!r}")
    if antialias and not (mode in ("bilinear", "bicubic") and input.ndim == 4):
        raise ValueError("Anti-alias option is restricted to bilinear and bicubic modes and requires a 4-D tensor")
    if not 3 <= input.ndim <= 5 or _MODES.get(mode, input.ndim) != input.ndim:
        wanted = f"{_MODES[mode]}D" if mode in _MODES else "3D, 4D or 5D"
        raise NotImplementedError(f"interpolate: got a {input.ndim}D input, but the mode {mode!r} needs {wanted}")
    if align_corners is not None and mode not in _MODES:
        raise ValueError("align_corners option can only be set with the modes linear, bilinear, bicubic and trilinear")
    sizes, scales = _output_size(input, size, scale_factor, recompute_scale_factor)
    if mode == "area":
        return _AREA[input.ndim - 3](input, sizes)
    whole = input.array.dtype.kind != "f" and mode in _MODES
    out = input.float() if whole or input.array.dtype.itemsize == 2 else input
    taps = _taps(mode, antialias)
    for dim, m, scale in reversed(list(zip(range(2, input.ndim), sizes, scales))):
        if (n := input.shape[dim]) != m or (scale != 1 and not antialias):
            index, weight = taps(n, m, scale, bool(align_corners))
            out = ops.resample(out, index=index, weight=weight, dim=dim)
            out = (out + 0.5).floor().clamp(0, 255) if whole else out  # after each dim, as in torch
    return out.to(input.dtype)


def upsample(
    input: Tensor, size: Any = None, scale_factor: Any = None, mode: str = "nearest", align_corners: bool | None = None
) -> Tensor:
    """`interpolate`, by its old name."""
    return interpolate(input, size, scale_factor, mode, align_corners)


def upsample_nearest(input: Tensor, size: Any = None, scale_factor: Any = None) -> Tensor:
    """`interpolate` to the nearest element."""
    return interpolate(input, size, scale_factor)


def upsample_bilinear(input: Tensor, size: Any = None, scale_factor: Any = None) -> Tensor:
    """`interpolate` between elements, with the corners aligned."""
    return interpolate(input, size, scale_factor, "bilinear", True)


def _check_shuffle(name: str, input: Tensor, factor: int, fits: bool) -> None:
    if input.ndim < 3 or factor < 1 or not fits:
        raise ShapeError(f"{name}: the input {list(input.shape)} cannot be shuffled by {factor}")


def pixel_shuffle(input: Tensor, upscale_factor: int) -> Tensor:
    """(*, C r^2, H, W) to (*, C, H r, W r) with r = upscale_factor (Shi et al. 2016)."""
    r = upscale_factor
    _check_shuffle("pixel_shuffle", input, r, input.ndim > 2 and r > 0 and input.shape[-3] % (r * r) == 0)
    *batch, c, h, w = input.shape
    parts = input.reshape(*batch, c // (r * r), r, r, h, w)
    d = len(batch) + 1
    order = (*range(d), d + 2, d, d + 3, d + 1)
    return parts.permute(*order).reshape(*batch, c // (r * r), h * r, w * r)


def pixel_unshuffle(input: Tensor, downscale_factor: int) -> Tensor:
    """(*, C, H r, W r) to (*, C r^2, H, W) with r = downscale_factor: the opposite of `pixel_shuffle`."""
    r = downscale_factor
    _check_shuffle("pixel_unshuffle", input, r, r > 0 and all(n % r == 0 for n in input.shape[-2:]))
    *batch, c, h, w = input.shape
    parts = input.reshape(*batch, c, h // r, r, w // r, r)
    d = len(batch) + 1
    order = (*range(d), d + 1, d + 3, d, d + 2)
    return parts.permute(*order).reshape(*batch, c * r * r, h // r, w // r)


def _moves(name: str, kernel_size: Any, dilation: Any, padding: Any, stride: Any) -> tuple[Sizes, Steps]:
    each = {"stride": stride, "padding": padding, "dilation": dilation}
    kernel = each_dim(name, "kernel_size", kernel_size, 2)
    stride, padding, dilation = (each_dim(name, word, value, 2) for word, value in each.items())
    steps = Steps(stride, padding, dilation, 1)
    if min(*kernel, *steps.stride, *steps.dilation) < 1 or min(steps.padding) < 0:
        raise RuntimeError(f"{name}: sizes must be positive, and padding not negative; got {kernel} and {steps}")
    return kernel, steps


def unfold(input: Tensor, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1) -> Tensor:
    """The windows of input (N, C, H, W), or of (C, H, W), as columns: (N, C KH KW, windows)."""
    if input.ndim == 3:
        return unfold(input[None], kernel_size, dilation, padding, stride)[0]
    if input.ndim != 4:
        raise ShapeError(f"unfold: expected a 3D or 4D input, got the shape {list(input.shape)}")
    kernel, steps = _moves("unfold", kernel_size, dilation, padding, stride)
    places = ops.window_places("unfold", input.shape[2:], kernel, steps)
    n, c = input.shape[:2]
    out = ops.windows(input, kernel=kernel, steps=steps, places=places)
    return out.reshape(n, c * math.prod(kernel), math.prod(places))


def fold(
    input: Tensor, output_size: Any, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1
) -> Tensor:
    """Columns (N, C KH KW, windows) added up where `unfold` takes them from images (N, C, *output_size)."""
    if input.ndim == 2:
        return fold(input[None], output_size, kernel_size, dilation, padding, stride)[0]
    kernel, steps = _moves("fold", kernel_size, dilation, padding, stride)
    size = each_dim("fold", "output_size", output_size, 2)
    places = ops.window_places("fold", size, kernel, steps)
    elements = math.prod(kernel)
    if input.ndim != 3 or input.shape[1] % elements or input.shape[2] != math.prod(places):
        raise ShapeError(
            f"fold: expected an input (N, C x {elements}, {math.prod(places)}) for output_size={size}, {kernel} and "
            f"{steps}, got the shape {list(input.shape)}"
        )
    windows = input.reshape(input.shape[0], input.shape[1] // elements, elements, *places)
    return ops.add_windows(windows, size=size, kernel=kernel, steps=steps)

"""Images sampled at the places of a grid, and the grids of affine maps (Jaderberg et al. 2015)."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from autograd import Tensor, as_tensor, linspace, ones, ops
from autograd.errors import ShapeError

__all__ = ["affine_grid", "grid_sample"]


def affine_grid(theta: Tensor, size: Any, align_corners: bool | None = None) -> Tensor:
    """Where the affine maps theta (N, 2, 3) or (N, 3, 4) send the pixels of an image of `size` (N, C, [D,] H, W).

    Shape: (N, [D,] H, W, 2 or 3), as `grid_sample` takes it. The centres of the corner pixels lie at -1 and 1 with
    `align_corners`, otherwise the edges of the image do.
    """
    n, _, *sizes = size
    dims = len(sizes)
    if dims not in (2, 3) or theta.shape != (n, dims, dims + 1) or min(n, *sizes) < 1:
        raise ShapeError(
            f"affine_grid: the size {list(size)} must be (N, C, H, W) or (N, C, D, H, W), and theta (N, 2, 3) or "
            f"(N, 3, 4), got the shape {list(theta.shape)}"
        )
    if theta.dtype.kind != "f":
        raise TypeError(f"affine_grid: theta must have a floating point dtype, got {theta.dtype}")
    places = []
    for i, m in enumerate(sizes):
        along = linspace(-1, 1, m, dtype=theta.dtype) if m > 1 else theta.new_zeros(1)
        along = along if align_corners else along * ((m - 1) / m)
        places.append(along.reshape(-1, *(1,) * (dims - 1 - i)).expand(sizes))
    points = ops.stack([*places[::-1], ones(sizes, dtype=theta.dtype)], -1).reshape(-1, dims + 1)
    return (points @ theta.mT).reshape(n, *sizes, dims)


def grid_sample(
    input: Tensor,
    grid: Tensor,
    mode: str = "bilinear",
    padding_mode: str = "zeros",
    align_corners: bool | None = None,
) -> Tensor:
    """input (N, C, [D,] H, W) at the places of grid (N, *out, 2 or 3), which are x, y[, z] from -1 to 1.

    Between pixels it interpolates (mode bilinear, or bicubic for images) or takes the nearest one. Beyond the edges
    there are zeros, or the pixels of the border, or the image reflected. Shape: (N, C, *out).
    """
    dims = input.ndim - 2
    if mode not in ("bilinear", "nearest", "bicubic") or padding_mode not in ("zeros", "border", "reflection"):
        raise ValueError(f"grid_sample: there is no mode {mode!r} with padding_mode={padding_mode!r}")
    if dims not in (2, 3) or grid.ndim != input.ndim or grid.shape[-1] != dims or len(grid) != len(input):
        raise ShapeError(
            f"grid_sample: expected an input (N, C, H, W) or (N, C, D, H, W) and a grid (N, ..., 2 or 3), got the "
            f"shapes {list(input.shape)} and {list(grid.shape)}"
        )
    if input.dtype != grid.dtype:
        raise RuntimeError(f"grid_sample: input and grid must have one dtype, got {input.dtype} and {grid.dtype}")
    if 0 in input.shape[1:] or dims == 3 and mode == "bicubic":
        raise RuntimeError(f"grid_sample: the input {list(input.shape)} cannot be sampled with the mode {mode!r}")
    sizes = input.shape[2:]
    taps = [
        _taps(grid[..., dims - 1 - d].flatten(1), n, mode, padding_mode, bool(align_corners))
        for d, n in enumerate(sizes)
    ]
    image = input.flatten(2)
    out: Any = None
    for tap in itertools.product(*taps):
        index: Any = 0
        inside: Any = True
        weight: Any = 1
        for (place, factor), n in zip(tap, sizes):
            index = index * n + np.clip(place, 0, n - 1).astype(np.int64)
            inside, weight = inside & (place >= 0) & (place < n), weight * factor
        shape = (*input.shape[:2], index.shape[1])
        found = image.gather(2, as_tensor(np.broadcast_to(index[:, None], shape)))
        found = found if mode == "nearest" else found * weight[:, None]
        found = ops.where(as_tensor(inside[:, None]), found, 0)
        out = found if out is None else out + found
    return out.reshape(*input.shape[:2], *grid.shape[1:-1])


def _taps(x: Tensor, n: int, mode: str, padding: str, align: bool) -> list[tuple[np.ndarray, Any]]:
    """The elements along a dim of n that make up the value at each x: their indices, and their weights."""
    x = (x + 1) * ((n - 1) / 2) if align else ((x + 1) * n - 1) / 2
    if mode != "bicubic":
        x = _padded(x, n, padding, align)
    if mode == "nearest":
        return [(np.nan_to_num(np.round(x.array), nan=-1), 1)]
    first = np.floor(x.array)
    share = x - as_tensor(first)
    if mode == "bilinear":
        return [(np.nan_to_num(first, nan=-2), 1 - share), (np.nan_to_num(first + 1, nan=-1), share)]
    found = []
    for i in range(-1, 3):
        place = _padded(as_tensor(first + i), n, padding, align).array
        found.append((np.nan_to_num(place, nan=-1), _cubic(abs(share - i))))
    return found


def _cubic(distance: Tensor, a: float = -0.75) -> Tensor:
    """The kernel of Keys (1981)."""
    near = ((a + 2) * distance - (a + 3)) * distance * distance + 1
    far = (((distance - 5) * distance + 8) * distance - 4) * a
    return ops.where(distance <= 1, near, far)


def _padded(x: Tensor, n: int, padding: str, align: bool) -> Tensor:
    """The places of x in an image of n pixels that goes on beyond its edges; those clipped have no gradient."""
    if padding == "zeros":
        return x
    if padding == "reflection":
        low, span = (0.0, n - 1.0) if align else (-0.5, float(n))
        if not span:
            return x * 0
        x = ops.where(x < low, low - x, x - low)
        turns = np.floor(x.array / span)
        x = x - as_tensor(turns * np.asarray(span, x.dtype))
        x = ops.where(as_tensor(turns % 2 == 0), x, span - x) + low
    inside = (x > 0) & (x < n - 1)
    return ops.where(inside, x, x.detach().clamp(0, n - 1))

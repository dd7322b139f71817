"""Images sampled at the places of a grid, and unpooled: how to draw arguments, the sum by hand, and the function."""

from typing import Any

import numpy as np
from hypothesis import strategies as st

from autograd.testing import arrays
from tests.properties.calls import Call
from tests.properties.composed_images import hat, keys
from tests.properties.composed_windows import Rows, each, functional

KERNELS = {"bilinear": hat, "bicubic": keys, "nearest": lambda x: np.where(np.abs(x) < 0.5, 1.0, 0.0)}
BEYOND = {"zeros": "constant", "border": "edge"}


@st.composite
def sampled(draw: Any, mode: str, dims: int) -> Call:
    """An image and places in it and beyond it, none of which is in the middle of a pixel or of two."""
    size, out = each(draw, dims, 1, 5 - dims), each(draw, dims, 1, 4 - dims)
    align = draw(st.booleans())
    pixels = draw(arrays((1, *out, dims), -2, 4))
    pixels = np.floor(pixels) + np.where(pixels % 1 < 0.5, 0.15, 0.6) + (pixels % 0.5) / 2
    n = np.array(size[::-1])
    grid = pixels * 2 / np.maximum(n - 1, 1) - 1 if align else (pixels * 2 + 1) / n - 1
    keywords = {"mode": mode, "padding_mode": draw(st.sampled_from([*BEYOND, "reflection"])), "align_corners": align}
    return Call((draw(arrays((1, draw(st.integers(1, 2)), *size))), grid), keywords)


def plain_grid_sample(x: Any, grid: Any, mode: str, padding_mode: str, align_corners: bool) -> np.ndarray:
    out = np.zeros((*x.shape[:2], *grid.shape[1:-1]))
    pad: Any = BEYOND.get(padding_mode, "reflect" if align_corners else "symmetric")
    for place in np.ndindex(*grid.shape[1:-1]):
        value = x[0]
        for n, g in zip(x.shape[2:], grid[(0, *place)][::-1]):
            pixel = (g + 1) * (n - 1) / 2 if align_corners else ((g + 1) * n - 1) / 2
            weights = KERNELS[mode](pixel - np.arange(-9, n + 9))
            value = np.tensordot(value, weights @ np.pad(np.eye(n), ((9, 9), (0, 0)), pad), (1, 0))
        out[(0, slice(None), *place)] = value
    return out


@st.composite
def mapped(draw: Any) -> Call:
    dims = draw(st.integers(2, 3))
    n = draw(st.integers(1, 2))
    size = (n, 1, *each(draw, dims, 1, 3))
    return Call((draw(arrays((n, dims, dims + 1))),), {"size": size, "align_corners": draw(st.booleans())})


def plain_affine_grid(theta: np.ndarray, size: tuple, align_corners: bool) -> np.ndarray:
    out = np.zeros((size[0], *size[2:], len(size) - 2))
    for n, *place in np.ndindex(*out.shape[:-1]):
        ends = [1 if align_corners else 1 - 1 / m for m in size[2:]]
        point = [end * (2 * i / (m - 1) - 1) if m > 1 else 0 for i, m, end in zip(place, size[2:], ends)]
        out[(n, *place)] = theta[n] @ [*point[::-1], 1]
    return out


@st.composite
def unpooled(draw: Any, dims: int) -> Call:
    """A result of pooling, and an index for each of its elements, no two the same in an image."""
    kernel, stride, padding = draw(st.integers(2, 3)), draw(st.integers(1, 3)), draw(st.integers(0, 1))
    inner = each(draw, dims, 1, 2)
    least = [(m - 1) * stride + kernel - 2 * padding for m in inner]
    size = tuple(n + draw(st.integers(0, stride - 1)) for n in least)
    shape = (*each(draw, 2, 1, 2), *inner)
    if np.prod(size) < np.prod(inner):
        padding, size = 0, tuple((m - 1) * stride + kernel for m in inner)
    order = np.argsort(draw(arrays((*shape[:2], int(np.prod(size))))), axis=-1)
    keywords = {"kernel_size": kernel, "stride": stride, "padding": padding, "output_size": size}
    return Call((draw(arrays(shape)), order[..., : int(np.prod(inner))].reshape(shape)), keywords)


def plain_unpool(x: np.ndarray, indices: np.ndarray, output_size: tuple, **_: Any) -> np.ndarray:
    out = np.zeros((*x.shape[:2], int(np.prod(output_size))))
    for place in np.ndindex(*x.shape):
        out[(*place[:2], indices[place])] = x[place]
    return out.reshape(*x.shape[:2], *output_size)


def unpool(dims: int) -> Any:
    return lambda m: (
        lambda x, indices, **options: getattr(m.nn.functional, f"max_unpool{dims}d")(x, m.as_tensor(indices), **options)
    )


GRIDS: Rows = {
    f"grid_sample {mode} {dims}D": (sampled(mode, dims), plain_grid_sample, functional("grid_sample"))
    for mode, dims in [("bilinear", 2), ("bicubic", 2), ("nearest", 2), ("bilinear", 3), ("nearest", 3)]
}
GRIDS |= {"affine_grid": (mapped(), plain_affine_grid, functional("affine_grid"))}
GRIDS |= {f"max_unpool{dims}d": (unpooled(dims), plain_unpool, unpool(dims)) for dims in (1, 2, 3)}

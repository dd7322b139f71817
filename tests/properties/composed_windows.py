"""Convolution, pooling, and windows of images: how to draw arguments, the sum by hand, and the function of a module."""

import math
from collections.abc import Callable, Iterator
from functools import partial
from itertools import product
from typing import Any

import numpy as np
from hypothesis import strategies as st

from autograd.testing import arrays, separated
from tests.properties.calls import Call


def output_sizes(size: Any, kernel: Any, stride: Any, padding: Any, dilation: Any, ceil_mode: bool = False) -> list:
    """How often a kernel fits in each dim; with `ceil_mode` the last one may reach beyond the padding behind."""
    found = []
    for n, k, s, p, d in zip(size, kernel, stride, padding, dilation):
        room = n + 2 * p - d * (k - 1) - 1
        m = (math.ceil if ceil_mode else math.floor)(room / s) + 1
        found.append(m - 1 if ceil_mode and (m - 1) * s >= n + p else m)
    return found


def taken(size: Any, kernel: Any, stride: Any, padding: Any, dilation: Any, ceil_mode: bool = False) -> Iterator:
    """Each place of a kernel, with (element of the kernel, element of the image) for those that are in the image."""
    for place in product(*map(range, output_sizes(size, kernel, stride, padding, dilation, ceil_mode))):
        pairs = []
        for k in product(*map(range, kernel)):
            at = tuple(i * s - p + j * d for i, s, p, j, d in zip(place, stride, padding, k, dilation))
            if all(0 <= a < n for a, n in zip(at, size)):
                pairs.append((k, at))
        yield place, pairs


# How to draw ----------------------------------------------------------------------------------------------------------


def each(draw: Any, dims: int, low: int, high: int) -> tuple[int, ...]:
    return tuple(draw(st.integers(low, high)) for _ in range(dims))


def moves(draw: Any, dims: int, dilated: bool = True) -> dict:
    """A kernel, and how it moves."""
    kernel, dilation = each(draw, dims, 1, 3), each(draw, dims, 1, 2 if dilated else 1)
    padding = tuple(draw(st.integers(0, k // 2)) for k in kernel)
    return {"kernel_size": kernel, "stride": each(draw, dims, 1, 3), "padding": padding, "dilation": dilation}


def sizes(draw: Any, kernel_size: Any, padding: Any, dilation: Any, **_: Any) -> tuple[int, ...]:
    """Sizes of images in which there is room for the kernel, with an element of the image at every place."""
    least = [max(1, d * (p > 0), d * (k - 1) + 1 - 2 * p) for k, p, d in zip(kernel_size, padding, dilation)]
    return tuple(low + draw(st.integers(0, 3 - len(least))) for low in least)


def images(draw: Any, size: tuple, batch: bool = True, numbers: Callable = separated) -> np.ndarray:
    first = each(draw, 2, 1, 2) if not batch or draw(st.booleans()) else each(draw, 1, 1, 2)
    return draw(numbers((*first, *size)))


@st.composite
def pooled(draw: Any, kind: str, dims: int) -> Call:
    keywords = moves(draw, dims, dilated=kind == "max")
    size = sizes(draw, **keywords)
    if kind == "avg":
        del keywords["dilation"]
        size = tuple(map(max, size, keywords["kernel_size"]))
        keywords["count_include_pad"] = draw(st.booleans())
        if dims > 1:
            keywords["divisor_override"] = draw(st.sampled_from([None, 3]))
    return Call((images(draw, size),), {**keywords, "ceil_mode": draw(st.booleans())})


@st.composite
def powers(draw: Any, dims: int) -> Call:
    call = draw(pooled("avg", dims))
    keywords = {name: call.keywords[name] for name in ("kernel_size", "stride", "ceil_mode")}
    return Call((3.5 + call.args[0],), {**keywords, "norm_type": draw(st.sampled_from([1, 2, 3.0, 0.5]))})


@st.composite
def adapted(draw: Any, dims: int) -> Call:
    shape = each(draw, dims, 1, 4 if dims < 3 else 3)
    size: Any = tuple(draw(st.none() | st.integers(1, 4)) for _ in shape)
    return Call((images(draw, shape),), {"output_size": draw(st.sampled_from([size, 1, 2])) if dims == 1 else size})


@st.composite
def cut(draw: Any, back: bool = False) -> Call:
    keywords = moves(draw, 2)
    size = sizes(draw, **keywords)
    if not back:
        return Call((images(draw, size),), keywords)
    windows = math.prod(output_sizes(size, *keywords.values()))
    x = draw(arrays((draw(st.integers(1, 2)), draw(st.integers(1, 2)) * math.prod(keywords["kernel_size"]), windows)))
    return Call((x if draw(st.booleans()) else x[0],), {"output_size": size, **keywords})


@st.composite
def convolved(draw: Any, dims: int, transposed: bool = False) -> Call:
    """An input, a weight and a bias."""
    keywords, groups = moves(draw, dims), draw(st.integers(1, 2))
    kernel, size = keywords.pop("kernel_size"), sizes(draw, **keywords, kernel_size=keywords.get("kernel", (3,) * dims))
    c, o = groups * draw(st.integers(1, 2)), groups * draw(st.integers(1, 2))
    if transposed:
        size = tuple(n + 1 for n in size)
        most = [max(s, d) - 1 for s, d in zip(keywords["stride"], keywords["dilation"])]
        keywords["output_padding"] = tuple(draw(st.integers(0, n)) for n in most)
    batch = draw(st.booleans()) * (draw(st.integers(1, 2)),)
    weight = (c, o // groups, *kernel) if transposed else (o, c // groups, *kernel)
    args = [draw(arrays(shape)) for shape in ((*batch, c, *size), weight, (o,))]
    return Call(tuple(args), {**keywords, "groups": groups})


# By hand --------------------------------------------------------------------------------------------------------------


def plain_max_pool(x: np.ndarray, kernel_size: Any, stride: Any, padding: Any, dilation: Any, ceil_mode: bool) -> Any:
    size = x.shape[-len(kernel_size) :]
    values = np.zeros((*x.shape[: -len(size)], *output_sizes(size, kernel_size, stride, padding, dilation, ceil_mode)))
    indices = np.zeros(values.shape, int)
    for place, pairs in taken(size, kernel_size, stride, padding, dilation, ceil_mode):
        elements = np.stack([x[..., *at] for _, at in pairs], -1)
        flat = np.array([np.ravel_multi_index(at, size) for _, at in pairs])
        values[..., *place], indices[..., *place] = elements.max(-1), flat[elements.argmax(-1)]
    return values, indices


def plain_avg_pool(
    x: np.ndarray,
    kernel_size: Any,
    stride: Any,
    padding: Any,
    ceil_mode: bool,
    count_include_pad: bool,
    divisor_override: int | None = None,
) -> np.ndarray:
    size, once = x.shape[-len(kernel_size) :], (1,) * len(kernel_size)
    out = np.zeros((*x.shape[: -len(size)], *output_sizes(size, kernel_size, stride, padding, once, ceil_mode)))
    for place, pairs in taken(size, kernel_size, stride, padding, once, ceil_mode):
        reach = [min(i * s + k, n + 2 * p) - i * s for i, s, k, n, p in zip(place, stride, kernel_size, size, padding)]
        count = divisor_override or (math.prod(reach) if count_include_pad else len(pairs))
        out[..., *place] = sum(x[..., *at] for _, at in pairs) / count
    return out


def plain_adaptive(reduce: Callable, dims: int) -> Callable:
    """`reduce` of windows that reach from the one share of a dim to the next."""

    def pool(x: np.ndarray, output_size: Any) -> np.ndarray:
        wanted = [output_size] * dims if isinstance(output_size, int) else output_size
        for dim, m in enumerate(wanted, x.ndim - dims):
            n = x.shape[dim]
            ends = [(math.floor(i * n / (m or n)), math.ceil((i + 1) * n / (m or n))) for i in range(m or n)]
            x = np.stack([reduce(np.take(x, range(*pair), dim), dim) for pair in ends], dim)
        return x

    return pool


def plain_lp_pool(x: np.ndarray, norm_type: float, kernel_size: Any, stride: Any, ceil_mode: bool) -> np.ndarray:
    means = plain_avg_pool(x**norm_type, kernel_size, stride, (0,) * len(kernel_size), ceil_mode, True)
    return (means * math.prod(kernel_size)) ** (1 / norm_type)


def plain_unfold(x: np.ndarray, kernel_size: Any, stride: Any, padding: Any, dilation: Any) -> np.ndarray:
    size, columns = x.shape[-2:], []
    for _, pairs in taken(size, kernel_size, stride, padding, dilation):
        column = np.zeros((*x.shape[:-2], *kernel_size))
        for k, at in pairs:
            column[..., *k] = x[..., *at]
        columns.append(column.reshape(*x.shape[:-3], -1))
    return np.stack(columns, -1)


def plain_fold(x: np.ndarray, output_size: Any, **moves: Any) -> np.ndarray:
    """The transpose of `plain_unfold`, by its matrix."""
    channels = x.shape[-2] // math.prod(moves["kernel_size"])
    basis = np.eye(channels * math.prod(output_size)).reshape(-1, channels, *output_size)
    matrix = plain_unfold(basis, **moves).reshape(len(basis), -1)
    return (x.reshape(-1, matrix.shape[1]) @ matrix.T).reshape(*x.shape[:-2], channels, *output_size)


def channels(weight: np.ndarray, groups: int) -> Iterator:
    """The channels (i, j) that a weight (O, C / groups, ...) joins, numbered as in it, and the number of the input."""
    for i, j in np.ndindex(weight.shape[:2]):
        yield i, j, i // (len(weight) // groups) * weight.shape[1] + j


def plain_conv(x: Any, weight: Any, bias: Any, stride: Any, padding: Any, dilation: Any, groups: int) -> np.ndarray:
    kernel = weight.shape[2:]
    dims, size = len(kernel), x.shape[-len(kernel) :]
    y = np.zeros((*x.shape[: -dims - 1], len(weight), *output_sizes(size, kernel, stride, padding, dilation)))
    y += bias.reshape(-1, *(1,) * dims)
    xs, ys = np.moveaxis(x, -dims - 1, 0), np.moveaxis(y, -dims - 1, 0)
    for place, pairs in taken(size, kernel, stride, padding, dilation):
        for (i, j, c), (k, at) in product(channels(weight, groups), pairs):
            ys[i][..., *place] += weight[i, j, *k] * xs[c][..., *at]
    return y


def plain_transposed(x: Any, weight: Any, bias: Any, output_padding: Any, groups: int, **moves: Any) -> np.ndarray:
    """What `plain_conv` takes from an element of the input and gives to one of the output goes the other way."""
    kernel = weight.shape[2:]
    dims, size = len(kernel), x.shape[-len(kernel) :]
    steps = zip(size, kernel, *moves.values(), output_padding)
    wanted = [(n - 1) * s - 2 * p + d * (k - 1) + more + 1 for n, k, s, p, d, more in steps]
    y = np.zeros((*x.shape[: -dims - 1], weight.shape[1] * groups, *wanted)) + bias.reshape(-1, *(1,) * dims)
    xs, ys = np.moveaxis(x, -dims - 1, 0), np.moveaxis(y, -dims - 1, 0)
    for place, pairs in taken(wanted, kernel, **moves):
        if all(i < n for i, n in zip(place, size)):
            for (i, j, c), (k, at) in product(channels(weight, groups), pairs):
                ys[c][..., *at] += weight[i, j, *k] * xs[i][..., *place]
    return y


def functional(name: str, **keywords: Any) -> Callable[[Any], Callable]:
    return lambda m: partial(getattr(m.nn.functional, name), **keywords)


# name: the Calls, the sum by hand, and of a module, its function
Rows = dict[str, tuple[Any, Callable, Callable[[Any], Callable]]]
WINDOWS: Rows = {
    "windows of images": (cut(), plain_unfold, functional("unfold")),
    "fold": (cut(back=True), plain_fold, functional("fold")),
}
for d in (1, 2, 3):
    WINDOWS |= {
        f"lp_pool{d}d": (powers(d), plain_lp_pool, functional(f"lp_pool{d}d")),
        f"max_pool{d}d": (pooled("max", d), plain_max_pool, functional(f"max_pool{d}d", return_indices=True)),
        f"avg_pool{d}d": (pooled("avg", d), plain_avg_pool, functional(f"avg_pool{d}d")),
        f"adaptive_avg_pool{d}d": (adapted(d), plain_adaptive(np.mean, d), functional(f"adaptive_avg_pool{d}d")),
        f"adaptive_max_pool{d}d": (adapted(d), plain_adaptive(np.max, d), functional(f"adaptive_max_pool{d}d")),
    }
for d in (1, 2):
    WINDOWS |= {
        f"conv{d}d": (convolved(d), plain_conv, functional(f"conv{d}d")),
        f"conv_transpose{d}d": (convolved(d, True), plain_transposed, functional(f"conv_transpose{d}d")),
    }

"""How to draw the arguments of the ops of convolution, pooling and images."""

import math
from typing import Any

import numpy as np
from hypothesis import strategies as st

from autograd.ops.pooling import window_places
from autograd.planes import Steps, output_size
from autograd.testing import arrays, integers, separated, shapes
from tests.properties.calls import Call


@st.composite
def convolved(draw: Any, argument: str = "") -> Call:
    """An input, a weight and a bias; or, in the place of the `argument`, the gradient of the output."""
    dims, groups = draw(st.integers(1, 2)), draw(st.integers(1, 2))
    each = lambda low, high: tuple(draw(st.integers(low, high)) for _ in range(dims))  # noqa: E731
    size, kernel = each(1, 4), each(1, 3)
    steps = Steps(each(1, 3), each(0, 2), each(1, 2), groups)
    size = tuple(max(n, d * (k - 1) + 1 - 2 * p) for n, k, d, p in zip(size, kernel, steps.dilation, steps.padding))
    n, c, o = draw(st.integers(0, 2)), groups * draw(st.integers(1, 2)), groups * draw(st.integers(1, 2))
    x, weight = (n, c, *size), (o, c // groups, *kernel)
    y = (n, o, *output_size(size, kernel, steps))
    if argument == "weight":
        return Call((draw(arrays(y)), draw(arrays(x))), {"size": kernel, "steps": steps})
    first, outputs, keywords = (y, c, {"size": size}) if argument == "x" else (x, o, {})
    bias = draw(st.none() | arrays((outputs,)))
    return Call((draw(arrays(first)), draw(arrays(weight)), bias), {**keywords, "steps": steps})


@st.composite
def windowed(draw: Any, back: bool = False, distinct: bool = False) -> Call:
    """Images and the windows to take of them, or (`back`) the windows to be added up; `distinct` are no ties."""
    dims = draw(st.integers(1, 2))
    each = lambda low, high: tuple(draw(st.integers(low, high)) for _ in range(dims))  # noqa: E731
    kernel, dilation = each(1, 3), each(1, 2)
    padding = tuple(draw(st.integers(0, (d * (k - 1) + 1) // 2)) for k, d in zip(kernel, dilation))
    steps = Steps(each(1, 3), padding, dilation, 1)
    size = tuple(max(n, d, d * (k - 1) + 1 - 2 * p) for n, k, d, p in zip(each(1, 4), kernel, dilation, padding))
    shape = (draw(st.integers(1, 2)), draw(st.integers(1, 2)), *size)
    places = window_places("windows", size, kernel, steps, draw(st.booleans()))
    if back:
        g = draw(arrays((*shape[:2], math.prod(kernel), *places)))
        return Call((g,), {"size": size, "kernel": kernel, "steps": steps})
    return Call(
        (draw((separated if distinct else arrays)(shape)),), {"kernel": kernel, "steps": steps, "places": places}
    )


@st.composite
def put_back(draw: Any) -> Call:
    """Elements of images and where in them they go; places may repeat."""
    x = draw(arrays(shapes(min_dims=3, max_dims=4, max_side=3)))
    size = tuple(draw(st.integers(1, 3)) for _ in x.shape[2:])
    return Call((x,), {"indices": draw(integers(x.shape, 0, math.prod(size))), "size": size})


@st.composite
def resampled(draw: Any) -> Call:
    """A tensor, and for some places along a dim of it the elements and weights of which each is made."""
    x = draw(arrays(shapes(min_dims=1)))
    dim = draw(st.integers(0, x.ndim - 1))
    taps = draw(st.integers(1, 3)), draw(st.integers(1, 4))
    weight = draw(arrays(taps)) if draw(st.booleans()) else np.ones(taps)
    return Call((x,), {"index": draw(integers(taps, 0, x.shape[dim])), "weight": weight, "dim": dim})


@st.composite
def batches(draw: Any) -> Call:
    """Images (N, C, L) whose channels vary, with a weight and a bias."""
    n, c, length = draw(st.integers(1, 3)), draw(st.integers(1, 3)), draw(st.integers(2, 3))
    weight, bias = (draw(st.none() | arrays((c,))) for _ in range(2))
    return Call((draw(separated((n, c, length))), weight, bias), {"eps": draw(st.sampled_from([1e-2, 1e-5]))})


CASES: dict[str, Any] = {
    "convolution": convolved(),
    "convolution_input": convolved("x"),
    "convolution_weight": convolved("weight"),
    "windows": windowed(),
    "add_windows": windowed(back=True),
    "max_pool": windowed(distinct=True),
    "unpool": put_back(),
    "resample": resampled(),
    "batch_norm": batches(),
}

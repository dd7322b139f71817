"""Convolution and transposed convolution over any number of dims.

There is one trilinear form, the sum of y * conv(x, weight) over all elements. The convolution is its derivative by y,
the transposed convolution the one by x, `convolution_weight` the one by the weight: so each of the three ops is what
the rules of the other two call, and derivatives of any order follow.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from inspect import Signature, signature
from typing import Any

import numpy as np

from autograd import kernels
from autograd.errors import ShapeError
from autograd.naming import named
from autograd.ops.complaints import explain_all
from autograd.ops.entry import as_ints
from autograd.ops.neural import pad
from autograd.ops.reduction import sum as sum_
from autograd.ops.table import op
from autograd.planes import Shifts, Sizes, Steps, geometry, output_size, transposed_size

__all__ = ["conv1d", "conv2d", "conv3d", "conv_transpose1d", "conv_transpose2d", "conv_transpose3d"]


def _grouped(weight: np.ndarray, groups: int) -> np.ndarray:
    """weight (O, C / G, ...) as (G, O / G, C / G, K)."""
    return weight.reshape(groups, len(weight) // groups, weight.shape[1], -1)


def _wide(x: Any) -> Any:
    """float16 as float32, in which all sums are computed."""
    return x.astype(np.float32) if x is not None and x.dtype == np.float16 else x


# The three ops --------------------------------------------------------------------------------------------------------


def _bias_rule(g: Any) -> Any:
    return sum_(g, dim=(0, *range(2, g.ndim)))


@op(
    method=False,
    x=lambda g, weight, shape, steps: convolution_input(g, weight, None, size=shape[2:], steps=steps),
    weight=lambda g, x, shape, steps: convolution_weight(g, x, size=shape[2:], steps=steps),
    bias=_bias_rule,
)
def convolution(x, weight, bias, *, steps):
    """The cross-correlation of x (N, C, ...) with weight (O, C / groups, ...), plus bias (O) or None."""
    at, to = geometry(x.shape[2:], weight.shape[2:], steps)
    out = np.empty((len(x), len(weight), *[span.length for span in to]), _wide(x).dtype)
    kernels.correlate(out, _wide(x), _wide(_grouped(weight, steps.groups)), _wide(bias), at, to)
    return out.astype(x.dtype, copy=False)


@op(
    method=False,
    y=lambda g, weight, steps: convolution(g, weight, None, steps=steps),
    weight=lambda g, y, shape, steps: convolution_weight(y, g, size=shape[2:], steps=steps),
    bias=_bias_rule,
)
def convolution_input(y, weight, bias, *, size, steps):
    """The transposed convolution: the gradient of the x (N, C, *size) of `convolution` where that of its output is y
    (N, O, ...), plus bias (C) or None."""
    at, to = geometry(size, weight.shape[2:], steps)
    grouped = _wide(_grouped(weight, steps.groups)).swapaxes(1, 2)
    out = np.empty((len(y), steps.groups * weight.shape[1], *size), _wide(y).dtype)
    if len(at.spans) < math.prod(steps.stride):
        out[...] = 0 if bias is None else bias.reshape(-1, *(1,) * len(size))
    for i, spans in enumerate(at.spans):
        of_plane = [k for k, (plane, _) in enumerate(at.shifts) if plane == i]
        back = Shifts(at.size, (to,), tuple([(0, -at.shifts[k][1]) for k in of_plane]))
        kernels.correlate(out, _wide(y), grouped[..., of_plane], _wide(bias), back, spans)
    return out.astype(y.dtype, copy=False)


@op(
    method=False,
    y=lambda g, x, steps: convolution(x, g, None, steps=steps),
    x=lambda g, y, shape, steps: convolution_input(y, g, None, size=shape[2:], steps=steps),
)
def convolution_weight(y, x, *, size, steps):
    """The gradient of the weight (O, C / groups, *size) of `convolution`, where that of its output is y."""
    at, to = geometry(x.shape[2:], size, steps)
    out = kernels.correlate_weight(_wide(y), _wide(x), steps.groups, at, to)
    return out.reshape(y.shape[1], x.shape[1] // steps.groups, *size).astype(y.dtype, copy=False)


# PyTorch's functions --------------------------------------------------------------------------------------------------


def each_dim(name: str, word: str, value: Any, dims: int) -> Sizes:
    """One whole number for all dims, or one for each."""
    values = as_ints(tuple(value)) if isinstance(value, Iterable) else as_ints((value,))
    if values is None or len(values) not in (1, dims):
        raise ShapeError(f"{name}: {word} must be a number or {dims} of them, got {value!r}")
    return values * dims if len(values) == 1 else values


def in_each_dim(general: Callable[..., Any], name: str = "") -> list[Callable[..., Any]]:
    """The functions that are `general`, whose first argument is the number of dims, in one, two and three of them.

    A `name` has a place for the number.
    """
    name = name or general.__name__ + "{}d"
    others = list(signature(general).parameters.values())[1:]

    def of(count: int) -> Callable[..., Any]:
        def in_dims(*args: Any, **kwargs: Any) -> Any:
            return general(count, *args, **kwargs)

        in_dims.__module__ = general.__module__
        in_dims.__signature__ = Signature(others)  # type: ignore[attr-defined]
        return named(in_dims, name.format(count), general.__doc__)

    return [of(count) for count in (1, 2, 3)]


def _check(name: str, input: Any, weight: Any, bias: Any, steps: Steps, dims: int, inputs: int, outputs: int) -> None:
    """Raise where shapes do not fit: the weight is for so many channels in and out."""
    if weight.ndim != dims + 2 or input.ndim != dims + 2:
        raise ShapeError(
            f"Expected {dims + 1}D (unbatched) or {dims + 2}D (batched) input to {name} and a {dims + 2}D weight, but "
            f"got input of size: {list(input.shape)} and weight of size: {list(weight.shape)}"
        )
    if min(steps.stride) < 1 or min(steps.dilation) < 1 or min(steps.padding) < 0 or steps.groups < 1:
        raise RuntimeError(f"{name}: stride, dilation and groups must be positive, padding not negative; got {steps}")
    if len(weight) % steps.groups or len(weight) == 0:
        raise ShapeError(
            f"Given groups={steps.groups}, expected weight to be divisible by {steps.groups} at dimension 0, "
            f"but got weight of size {list(weight.shape)}"
        )
    if input.shape[1] != inputs:
        raise ShapeError(
            f"Given groups={steps.groups}, weight of size {list(weight.shape)}, expected input{list(input.shape)} to "
            f"have {inputs} channels, but got {input.shape[1]} channels instead"
        )
    if bias is not None and tuple(bias.shape) != (outputs,):
        raise ShapeError(
            f"Given weight of size {list(weight.shape)}, expected bias to be 1-dimensional with {outputs} elements, "
            f"but got bias of size {list(bias.shape)} instead"
        )
    if other := {t.dtype for t in (weight, bias) if t is not None} - {input.dtype}:
        raise RuntimeError(f"{name}: input of {input.dtype}, but weight or bias of {other.pop()}: make them the same")


def conv(dims, input, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    """input (N, C, L...) or (C, L...) with the kernels weight (O, C / groups, K...), plus bias (O): (N, O, places of a
    kernel...).

    `padding` zeros on both sides, or "same" (as many as keep the size) or "valid" (none).
    """
    name = f"conv{dims}d"
    if input.ndim == dims + 1:
        return conv(dims, input[None], weight, bias, stride, padding, dilation, groups)[0]
    stride, dilation = each_dim(name, "stride", stride, dims), each_dim(name, "dilation", dilation, dims)
    if isinstance(padding, str):
        input, padding = _named_padding(name, padding, input, weight.shape[2:], stride, dilation)
    steps = Steps(stride, each_dim(name, "padding", padding, dims), dilation, groups)
    _check(name, input, weight, bias, steps, dims, weight.shape[1] * groups, len(weight))
    if min(output_size(input.shape[2:], weight.shape[2:], steps)) < 1:
        padded = [n + 2 * p for n, p in zip(input.shape[2:], steps.padding)]
        raise ShapeError(
            f"Calculated padded input size per channel: {padded}. Kernel size: {list(weight.shape[2:])}, dilated by "
            f"{dilation}. Kernel size can't be greater than actual input size"
        )
    return convolution(input, weight, bias, steps=steps)


def _named_padding(name, padding, input, kernel, stride, dilation):
    """The input and the number of zeros on both sides that "same" or "valid" stand for: an odd zero is put behind."""
    if padding == "valid":
        return input, 0
    if padding != "same":
        raise RuntimeError(f"{name}: padding must be 'same', 'valid' or numbers, got {padding!r}")
    if any(s != 1 for s in stride):
        raise RuntimeError(f"padding='same' is not supported for strided convolutions, got stride={stride}")
    total = [d * (k - 1) for d, k in zip(dilation, kernel)]
    if any(n % 2 for n in total):
        input = pad(input, width=((0, 0), (0, 0), *[(0, n % 2) for n in total]))
    return input, tuple([n // 2 for n in total])


def conv_transpose(dims, input, weight, bias=None, stride=1, padding=0, output_padding=0, groups=1, dilation=1):
    """The gradient of the input of `conv` where that of its output is `input` (N, O, L...), plus bias (C): of the sizes
    that the convolution may have had, `output_padding` chooses one. The weight is (O, C / groups, K...)."""
    name = f"conv_transpose{dims}d"
    if input.ndim == dims + 1:
        return conv_transpose(dims, input[None], weight, bias, stride, padding, output_padding, groups, dilation)[0]
    numbers = [("stride", stride), ("padding", padding), ("dilation", dilation), ("output_padding", output_padding)]
    *moves, more = [each_dim(name, word, value, dims) for word, value in numbers]
    steps = Steps(*moves, groups)
    _check(name, input, weight, bias, steps, dims, len(weight), weight.shape[1] * groups)
    if any(not 0 <= n < max(s, d) for n, s, d in zip(more, steps.stride, steps.dilation)):
        raise RuntimeError(
            f"output padding must be smaller than either stride or dilation, but got output_padding: {more} "
            f"stride: {steps.stride} dilation: {steps.dilation}"
        )
    size = transposed_size(input.shape[2:], weight.shape[2:], steps, more)
    if min(size) < 1:
        raise ShapeError(f"{name}: input {list(input.shape)}, with {steps}, would give the output size {list(size)}")
    missing = [n - m for n, m in zip(output_size(size, weight.shape[2:], steps), input.shape[2:])]
    if any(missing):  # with output_padding >= stride, the kernel would take more places in such an output
        input = pad(input, width=((0, 0), (0, 0), *[(0, n) for n in missing]))
    return convolution_input(input, weight, bias, size=size, steps=steps)


conv1d, conv2d, conv3d = in_each_dim(conv)
conv_transpose1d, conv_transpose2d, conv_transpose3d = in_each_dim(conv_transpose)


explain_all(__name__)

"""Random tensors."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autograd import dtypes
from autograd.creation import made
from autograd.dtypes import default_dtype
from autograd.dtypes import sizes as to_sizes
from autograd.generator import Generator as Generator
from autograd.generator import default_generator as default_generator
from autograd.generator import draw_dtype
from autograd.generator import fork_rng as fork_rng
from autograd.generator import get_rng_state as get_rng_state
from autograd.generator import initial_seed as initial_seed
from autograd.generator import manual_seed as manual_seed
from autograd.generator import numpy_rng as numpy_rng
from autograd.generator import set_rng_state as set_rng_state
from autograd.ops.complaints import explain_all
from autograd.ops.elementwise import constant_in
from autograd.ops.table import function
from autograd.tensor import Tensor


def _made(draw: Any, shape: tuple[int, ...], scale: float, dtype: Any, device: Any, requires_grad: bool) -> Tensor:
    """A tensor of numbers that `draw` gives; of complex ones it gives both parts, which are multiplied by `scale`."""
    dtype = dtypes.checked_dtype(dtype or default_dtype())
    if dtype.kind == "c":
        numbers = (draw((*shape, 2), np.empty(0, dtype).real.dtype) * scale).view(dtype)[..., 0]
    else:
        numbers = draw(shape, draw_dtype(dtype))
    return made(numbers, dtype, device, requires_grad)


@function(method=False)
def rand(
    *sizes: Any, size: Any = None, generator: Any = None, dtype: Any = None, layout: Any = None, device: Any = None,
    requires_grad: bool = False, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """Random numbers from the uniform distribution on [0, 1), of complex ones each part."""
    return _made(numpy_rng(generator).random, to_sizes(sizes, size), 1.0, dtype, device, requires_grad)


@function(method=False)
def randn(
    *sizes: Any, size: Any = None, generator: Any = None, dtype: Any = None, layout: Any = None, device: Any = None,
    requires_grad: bool = False, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """Normal random numbers with mean 0 and variance 1, of which half is in each part of complex ones."""
    normals = numpy_rng(generator).standard_normal
    return _made(normals, to_sizes(sizes, size), math.sqrt(0.5), dtype, device, requires_grad)


@function(method=False)
def randint(
    low: Any = 0, high: Any = None, size: Any = None, *, generator: Any = None, dtype: Any = None, device: Any = None,
    requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """Random integers from low (0 if only one bound is given) up to, but not including, high."""
    if high is None or isinstance(high, (tuple, list)):
        low, high, size = 0, low, high if size is None else size
    if high <= low:
        raise RuntimeError(f"randint needs low below high, got {low} and {high}")
    numbers = numpy_rng(generator).integers(low, high, to_sizes((size,)))
    return made(numbers, dtype or dtypes.int64, device, requires_grad)


def randint_like(
    input: Tensor, low: int, high: int | None = None, *, memory_format: Any = None, **keywords: Any
) -> Tensor:
    """Random integers from low (0 if only high is given) to high - 1, in the shape and dtype of input."""
    bounds = (0, low) if high is None else (low, high)
    return randint(*bounds, input.shape, **{"dtype": input.dtype, **keywords})


@function(method=False)
def randperm(n: int, *, generator: Any = None, dtype: Any = None, device: Any = None) -> Tensor:
    """The whole numbers from 0 to n - 1 in random order."""
    return made(numpy_rng(generator).permutation(n), dtype or dtypes.int64, device, False)


@function(method=False)
def normal(
    mean: Any = 0.0,
    std: Any = 1.0,
    size: Any = None,
    *,
    generator: Any = None,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """Random normal numbers of these means and standard deviations (numbers, or tensors, which give the dtype).

    By tensors that require a gradient their derivative is 0: `rsample()` of a distribution has the other one.
    """
    dtype = dtype or getattr(mean, "dtype", None) or getattr(std, "dtype", None) or default_dtype()
    if np.dtype(dtype).kind != "f":
        raise RuntimeError(f"normal numbers are floats, not {dtype}: convert mean and std with .float()")
    loc, scale = getattr(mean, "array", mean), getattr(std, "array", std)
    numbers = numpy_rng(generator).normal(loc, scale, size and to_sizes((size,)))
    result = made(numbers, dtype, device, requires_grad)
    for given in (mean, std):
        if getattr(given, "requires_grad", False):
            result = constant_in(result, given)
    return result


@function()
def bernoulli(input: Tensor, *, generator: Any = None) -> Tensor:
    """Random zeros and ones: each element is 1 with the probability that `input` has there."""
    p = input.array
    if not ((p >= 0) & (p <= 1)).all():
        raise RuntimeError("bernoulli needs probabilities between 0 and 1")
    return Tensor.wrap((numpy_rng(generator).random(p.shape) < p).astype(p.dtype))


def rand_like(input: Tensor, *, memory_format: Any = None, **keywords: Any) -> Tensor:
    """Uniform numbers in [0, 1), in the shape and dtype of input."""
    return rand(*input.shape, **{"dtype": input.dtype, **keywords})


def randn_like(input: Tensor, *, memory_format: Any = None, **keywords: Any) -> Tensor:
    """Random numbers with mean 0 and variance 1, in the shape and dtype of input."""
    return randn(*input.shape, **{"dtype": input.dtype, **keywords})


@function()
def multinomial(input: Tensor, num_samples: int, replacement: bool = False, *, generator: Any = None) -> Tensor:
    """Indices drawn with probabilities in proportion to the weights: (V) gives (n), (B, V) gives (B, n)."""
    if input.array.dtype.kind != "f" or num_samples < 1:
        raise RuntimeError(f"multinomial draws at least 1 sample from floats, not {num_samples} from {input.dtype}")
    table = input.array.astype(np.float64)
    rows = np.atleast_2d(table)
    if table.ndim not in (1, 2) or not np.isfinite(rows).all() or (rows < 0).any() or not (rows.sum(-1) > 0).all():
        raise RuntimeError(
            f"multinomial needs finite weights >= 0, some above 0 in each row, in 1 or 2 dims: {table.shape}"
        )
    if not replacement and num_samples > (rows > 0).sum(-1).min(initial=rows.shape[-1]):
        raise RuntimeError(f"multinomial cannot draw {num_samples} without replacement from fewer weights above 0")
    rng = numpy_rng(generator)
    if not len(rows):
        drawn = np.empty((0, num_samples), np.int64)
    elif replacement or num_samples == 1:
        total = np.cumsum(rows, axis=-1)
        at = rng.random((len(rows), num_samples)) * total[:, -1:]
        drawn = np.stack([np.searchsorted(t, a, side="right") for t, a in zip(total, at, strict=True)])
    else:  # the smallest of exponential arrival times at the rates of the weights
        with np.errstate(divide="ignore"):
            times = rng.standard_exponential(rows.shape) / rows
        drawn = np.argsort(times, axis=-1)[:, :num_samples].copy()
    return Tensor.wrap(drawn.reshape(*table.shape[:-1], num_samples))


explain_all(__name__)

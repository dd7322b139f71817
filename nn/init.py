"""Initialisers: each fills a tensor in place, without recording it in the graph, and returns the tensor."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import numpy as np

from autograd import Generator, Tensor, writing
from autograd.errors import ShapeError
from autograd.generator import draw_dtype, numpy_rng
from autograd.ops.complaints import explain_all

skipped: ContextVar[bool] = ContextVar("skipped", default=False)  # True in empty_weights()


@contextmanager
def empty_weights() -> Iterator[None]:
    """Within it, modules are made without memory for their parameters, and initialisers do nothing.

    The parameters have their shapes and dtypes, and cannot be trained (PyTorch's device "meta").
    """
    token = skipped.set(True)
    try:
        yield
    finally:
        skipped.reset(token)


def _fill(tensor: Tensor, values: Callable[[], np.ndarray | float]) -> Tensor:
    if not skipped.get():
        with writing(tensor) as [array]:
            array[...] = values()
    return tensor


def uniform_(tensor: Tensor, a: float = 0.0, b: float = 1.0, generator: Generator | None = None) -> Tensor:
    """Fill with draws from the uniform distribution on [a, b)."""
    shape, dtype = tensor.array.shape, draw_dtype(tensor.array.dtype)
    return _fill(tensor, lambda: a + (b - a) * numpy_rng(generator).random(shape, dtype))


def normal_(tensor: Tensor, mean: float = 0.0, std: float = 1.0, generator: Generator | None = None) -> Tensor:
    """Fill with draws from the normal distribution with this mean and standard deviation."""
    shape, dtype = tensor.array.shape, draw_dtype(tensor.array.dtype)
    return _fill(tensor, lambda: mean + std * numpy_rng(generator).standard_normal(shape, dtype))


def trunc_normal_(
    tensor: Tensor,
    mean: float = 0.0,
    std: float = 1.0,
    a: float = -2.0,
    b: float = 2.0,
    generator: Generator | None = None,
) -> Tensor:
    """Fill with draws from the normal distribution, repeated for values outside [a, b]."""
    inside = (math.erf((b - mean) / std / math.sqrt(2)) - math.erf((a - mean) / std / math.sqrt(2))) / 2
    if inside < 1e-3:
        raise ValueError(
            f"trunc_normal_: only {inside:.1e} of normal({mean}, {std}) lies in [{a}, {b}]: widen the interval"
        )

    def draw() -> np.ndarray:
        rng = numpy_rng(generator)
        values = rng.normal(mean, std, tensor.array.shape)
        while (outside := (values < a) | (values > b)).any():
            values[outside] = rng.normal(mean, std, int(outside.sum()))
        return values

    return _fill(tensor, draw)


def constant_(tensor: Tensor, val: float) -> Tensor:
    """Fill with `val`."""
    return _fill(tensor, lambda: val)


def ones_(tensor: Tensor) -> Tensor:
    """Fill with ones."""
    return constant_(tensor, 1.0)


def zeros_(tensor: Tensor) -> Tensor:
    """Fill with zeros."""
    return constant_(tensor, 0.0)


def eye_(tensor: Tensor) -> Tensor:
    """Fill a matrix with ones on the main diagonal and zeros elsewhere."""
    if tensor.ndim != 2:
        raise ShapeError(f"eye_ needs a matrix, got shape {tuple(tensor.shape)}")
    return _fill(tensor, lambda: np.eye(*tensor.array.shape))


def orthogonal_(tensor: Tensor, gain: float = 1.0, generator: Generator | None = None) -> Tensor:
    """Fill with `gain` times a random matrix with orthonormal rows or columns, whichever are fewer (Saxe et al. 2013).

    The dims after the first are taken as one.
    """
    if tensor.ndim < 2:
        raise ShapeError(f"orthogonal_ needs at least 2 dims, got shape {tuple(tensor.shape)}")
    shape = tensor.array.shape
    rows, columns = shape[0], math.prod(shape[1:])

    def draw() -> np.ndarray:
        q, r = np.linalg.qr(numpy_rng(generator).standard_normal((max(rows, columns), min(rows, columns))))
        q = q * np.where(np.diag(r) < 0, -1.0, 1.0)  # makes the distribution uniform over orthogonal matrices
        return gain * (q if rows >= columns else q.T).reshape(shape)

    return _fill(tensor, draw)


def dirac_(tensor: Tensor, groups: int = 1) -> Tensor:
    """Fill the weight of a convolution so that it passes on as many channels as it can, in each of the `groups`."""
    if tensor.ndim not in (3, 4, 5) or tensor.shape[0] % groups:
        raise ShapeError(
            f"dirac_ needs 3 to 5 dims, the first of a size divisible by {groups} groups, got {tuple(tensor.shape)}"
        )
    shape = tensor.array.shape
    out = shape[0] // groups
    values, channels = np.zeros(shape), np.arange(min(out, shape[1]))
    for group in range(groups):
        values[(group * out + channels, channels, *[n // 2 for n in shape[2:]])] = 1
    return _fill(tensor, lambda: values)


def sparse_(tensor: Tensor, sparsity: float, std: float = 0.01, generator: Generator | None = None) -> Tensor:
    """Fill a matrix from the normal distribution, but with zeros in that part of each column (Martens 2010)."""
    if tensor.ndim != 2:
        raise ShapeError(f"sparse_ needs a matrix, got shape {tuple(tensor.shape)}")
    shape = tensor.array.shape

    def draw() -> np.ndarray:
        rng = numpy_rng(generator)
        order = rng.random(shape).argsort(0).argsort(0)  # of the rows, for each column
        return np.where(order < math.ceil(sparsity * shape[0]), 0, std * rng.standard_normal(shape))

    return _fill(tensor, draw)


def calculate_gain(nonlinearity: str, param: float | None = None) -> float:
    """The gain that keeps the scale of activations through a nonlinearity; `param` is the slope of leaky_relu."""
    if nonlinearity in ("linear", "identity", "sigmoid") or nonlinearity.startswith("conv"):
        return 1.0
    if nonlinearity == "leaky_relu":
        return math.sqrt(2 / (1 + (0.01 if param is None else param) ** 2))
    gains = {"tanh": 5 / 3, "relu": math.sqrt(2), "selu": 3 / 4}
    if nonlinearity not in gains:
        known = ", ".join(["linear", "sigmoid", "leaky_relu", *gains])
        raise ValueError(f"calculate_gain: unknown nonlinearity {nonlinearity!r}: choose one of {known}")
    return gains[nonlinearity]


def fans(tensor: Tensor) -> tuple[int, int]:
    """(fan_in, fan_out) of a weight (out, in, *kernel)."""
    if tensor.ndim < 2:
        raise ShapeError(f"fan in and fan out need at least 2 dimensions, got shape {tuple(tensor.shape)}")
    shape = tensor.array.shape
    field = math.prod(shape[2:])
    return shape[1] * field, shape[0] * field


_calculate_fan_in_and_fan_out = fans


def xavier_uniform_(tensor: Tensor, gain: float = 1.0, generator: Generator | None = None) -> Tensor:
    """Fill from the uniform distribution of variance 2 gain^2 / (fan_in + fan_out) (Glorot and Bengio 2010, eq. 16)."""
    bound = gain * math.sqrt(6 / max(sum(fans(tensor)), 1))
    return uniform_(tensor, -bound, bound, generator)


def xavier_normal_(tensor: Tensor, gain: float = 1.0, generator: Generator | None = None) -> Tensor:
    """Fill from the normal distribution of variance 2 gain^2 / (fan_in + fan_out) (Glorot and Bengio 2010)."""
    return normal_(tensor, 0.0, gain * math.sqrt(2 / max(sum(fans(tensor)), 1)), generator)


def _calculate_correct_fan(tensor: Tensor, mode: str) -> int:
    if mode not in ("fan_in", "fan_out"):
        raise ValueError(f"mode must be 'fan_in' or 'fan_out', got {mode!r}")
    return fans(tensor)[mode == "fan_out"]


def _kaiming_std(tensor: Tensor, a: float, mode: str, nonlinearity: str) -> float:
    fan = _calculate_correct_fan(tensor, mode)
    return calculate_gain(nonlinearity, a) / math.sqrt(fan) if fan else 0.0


def kaiming_uniform_(
    tensor: Tensor,
    a: float = 0.0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    generator: Generator | None = None,
) -> Tensor:
    """Fill from the uniform distribution of variance gain^2 / fan (He et al. 2015, eq. 10); `a`: leaky_relu's slope."""
    bound = math.sqrt(3) * _kaiming_std(tensor, a, mode, nonlinearity)
    return uniform_(tensor, -bound, bound, generator)


def kaiming_normal_(
    tensor: Tensor,
    a: float = 0.0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    generator: Generator | None = None,
) -> Tensor:
    """Fill from the normal distribution of variance gain^2 / fan (He et al. 2015, eq. 10); `a`: leaky_relu's slope."""
    return normal_(tensor, 0.0, _kaiming_std(tensor, a, mode, nonlinearity), generator)


# The names that PyTorch had first, and still has.
uniform, normal, constant, eye, dirac, orthogonal = uniform_, normal_, constant_, eye_, dirac_, orthogonal_
xavier_uniform, xavier_normal = xavier_uniform_, xavier_normal_
kaiming_uniform, kaiming_normal = kaiming_uniform_, kaiming_normal_
# Those of its inner functions that libraries take; to fill a tensor leaves no history here.
_no_grad_uniform_, _no_grad_normal_, _no_grad_fill_, _no_grad_zero_ = uniform_, normal_, constant_, zeros_
_no_grad_trunc_normal_ = trunc_normal_


explain_all(__name__)

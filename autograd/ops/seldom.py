"""Functions that few programs use, each a line or two of other operations."""

from __future__ import annotations

import itertools
from functools import reduce

import numpy as np

from autograd.errors import ShapeError
from autograd.ops import reduction as R
from autograd.ops.elementwise import of_numpy
from autograd.ops.joining import concatenate, split, vstack
from autograd.ops.linalg import add_product, bmm, diagonal, matmul, mv
from autograd.ops.order import diff, neighbours
from autograd.ops.shape import one_dim
from autograd.ops.table import alias, function, op

__all__ = ["addbmm", "addmv", "chain_matmul", "combinations", "copysign", "diagonal_scatter", "float_power", "frexp"]
__all__ += ["gcd", "gradient", "heaviside", "is_nonzero", "is_signed", "isreal", "lcm", "ldexp", "put", "row_stack"]
__all__ += ["select_scatter", "signbit", "slice_scatter", "split_with_sizes", "vander"]

row_stack = vstack
split_with_sizes = alias(split, "split_with_sizes")


@function(inplace=True)
def addmv(input, mat, vec, *, beta=1, alpha=1):
    """beta input + alpha times the product of a matrix and a vector; see `addmm`."""
    return add_product(input, mv(mat, vec), beta, alpha)


@function(inplace=True)
def addbmm(input, batch1, batch2, *, beta=1, alpha=1):
    """beta input + alpha times the sum of the products of two batches of matrices; see `addmm`."""
    return add_product(input, R.sum(bmm(batch1, batch2), dim=0, dtype=input.dtype), beta, alpha)


@function(method=False)
def chain_matmul(*matrices):
    """The product of matrices, from the left; `linalg.multi_dot` chooses the order."""
    return reduce(matmul, matrices)


copysign = of_numpy(
    "copysign", "The absolute value of x with the sign of y, elementwise.", np.copysign,
    x=lambda g, x, y: g * np.sign(x) * np.copysign(np.ones_like(x), y), y=lambda g: 0 * g,
)  # fmt: skip


@function()
def signbit(input):
    """Whether the sign is that of a negative number, which that of -0.0 is."""
    return input.wrap(np.signbit(input.array) if input.dtype.is_floating_point else input.array < 0)


@function(inplace=True)
def heaviside(input, values):
    """0 where the input is negative, 1 where it is positive, and `values`, of the same dtype, where it is 0."""
    if input.dtype != values.dtype:
        raise RuntimeError(f"heaviside needs two tensors of one dtype, got {input.dtype} and {values.dtype}")
    x = input.array
    return input.wrap(np.where(x == 0, values.array, x > 0).astype(x.dtype))


@function(inplace=True)
def gcd(input, other):
    """The greatest common divisors of whole numbers."""
    return input.wrap(np.gcd(input.array, other.array))


@function(inplace=True)
def lcm(input, other):
    """The least common multiples of whole numbers, which are not negative."""
    return input.wrap(np.lcm(input.array, other.array))


@function(inplace=True)
def ldexp(input, other):
    """The input times 2^other."""
    return input * 2.0**other


def _frexp_grads(g, exponent):
    return (g[0] * np.exp2(-exponent.astype(g[0].dtype)),)


@op(np.frexp, outputs=("mantissa", "exponent"), grads=_frexp_grads)
def frexp(x):
    """(mantissa, exponent) with x = mantissa 2^exponent, and 0.5 <= |mantissa| < 1 unless x is 0 or not finite."""
    mantissa, exponent = np.frexp(x)
    return mantissa, np.where(np.isfinite(x), exponent, 0)


@function(inplace=True)
def float_power(input, exponent):
    """The input to the power of the exponent, in float64 or complex128."""
    if not hasattr(input, "to"):
        return np.asarray(input, np.result_type(type(input), np.float64)) ** exponent.to(np.float64)
    return input.to(np.result_type(input.dtype, np.float64)) ** exponent


@function(method=False)
def gradient(input, *, spacing=1, dim=None, edge_order=1):
    """The slopes of the input along each of dim (all by default), a tuple: central differences, one-sided at the ends.

    `spacing` is the distance of neighbours, or a sequence with that along each dim, or with the coordinates along it.
    Inside they are exact for parabolas, at the ends for these with an `edge_order` of 2, else for lines.
    """
    dims = range(input.ndim) if dim is None else [dim] if isinstance(dim, int) else dim
    dims = [one_dim(d, input.ndim) for d in dims]
    spacing = 1 if spacing is None else spacing
    spacings = spacing if isinstance(spacing, (tuple, list)) else [spacing] * len(dims)
    if len(spacings) != len(dims) or len(set(dims)) != len(dims) or edge_order not in (1, 2):
        raise RuntimeError(
            f"gradient takes different dims, as many spacings and an edge_order of 1 or 2, not the dims {dims}, "
            f"{len(spacings)} spacings and {edge_order}"
        )
    x = input if input.dtype.kind in "fc" else input.float()
    return tuple([_slopes(x, d, np.asarray(getattr(s, "array", s)), edge_order) for d, s in zip(dims, spacings)])


def _slopes(x, dim, spacing, edge_order):
    n, lead = x.shape[dim], (slice(None),) * dim
    if n <= edge_order or (spacing.ndim and spacing.shape != (n,)):
        raise ShapeError(
            f"gradient along dim {dim} of size {n}: edge_order={edge_order} needs {edge_order + 1} elements, and their "
            f"coordinates, if given, are a vector of that size; spacing has the shape {spacing.shape}"
        )
    h = (np.diff(spacing) if spacing.ndim else np.full(n - 1, spacing)).astype(x.dtype)
    h = h.reshape(-1, *[1] * (x.ndim - 1 - dim))
    s = diff(x, dim=dim) / h
    after, before = neighbours(s, dim)
    inner = (h[:-1] * after + h[1:] * before) / (h[:-1] + h[1:])
    first, last = s[(*lead, slice(1))], s[(*lead, slice(-1, None))]
    if edge_order == 2:
        first = first + (first - after[(*lead, slice(1))]) * (h[0] / (h[0] + h[1]))
        last = last + (last - before[(*lead, slice(-1, None))]) * (h[-1] / (h[-1] + h[-2]))
    return concatenate(first, inner, last, dim=dim)


@function()
def isreal(input):
    """Whether the imaginary part is 0."""
    return input.wrap(np.isreal(input.array))


@function()
def is_nonzero(input):
    """Whether the one element is not 0. Raises RuntimeError for more elements than one, or none."""
    if input.numel() != 1:
        raise RuntimeError(f"is_nonzero is of one element, and the shape {tuple(input.shape)} has {input.numel()}")
    return bool(input)


@function()
def is_signed(input):
    """Whether the dtype has negative numbers."""
    return input.dtype.is_signed


@function(method=False)
def vander(x, N=None, increasing=False):
    """The powers of a vector as the columns of a matrix, the highest first, or last if they are increasing."""
    powers = np.arange(len(x) if N is None else N)
    return x[:, None] ** (powers if increasing else powers[::-1].copy())


@function(method=False)
def combinations(input, r=2, with_replacement=False):
    """The combinations of r elements of a vector, a row each."""
    choose = itertools.combinations_with_replacement if with_replacement else itertools.combinations
    return input[np.array(list(choose(range(len(input)), r)), np.int64).reshape(-1, r)]


# Copies of the input in which a part is another tensor ----------------------------------------------------------------


@function()
def select_scatter(input, src, dim, index):
    """The input with src in place of its slice at this index of dim."""
    out = input.clone()
    out.select(dim, index).copy_(src)
    return out


@function()
def slice_scatter(input, src, dim=0, start=None, end=None, step=1):
    """The input with src in place of its slices from start to end along dim."""
    out = input.clone()
    out.movedim(dim, 0)[start:end:step].movedim(0, dim).copy_(src)
    return out


@function()
def diagonal_scatter(input, src, offset=0, dim1=0, dim2=1):
    """The input with src in place of its diagonal."""
    out = input.clone()
    diagonal(out, offset=offset, dim1=dim1, dim2=dim2).copy_(src)
    return out


@function(inplace=True)
def put(input, index, source, accumulate=False):
    """The input with the numbers of the source at places of the flattened tensor, or added to what is there."""
    return input.flatten().index_put((index.flatten(),), source.flatten(), accumulate).view_as(input)

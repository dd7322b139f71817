"""Statistics made of ops: extremes with their places, norm, median and counts."""

from __future__ import annotations

import math
import operator
from typing import Any, NamedTuple

import numpy as np

from autograd.base import load_families
from autograd.ops import elementwise as E
from autograd.ops import reduction as R
from autograd.ops.gathering import array_of, gather
from autograd.ops.shape import movedim, one_dim, reshape
from autograd.ops.table import OPS, function, op
from autograd.summation import sum_over

__all__ = ["max", "min", "median", "norm", "renorm", "var_mean", "std_mean", "unique", "bincount", "aminmax"]
__all__ += ["nanmedian"]


class ValuesAndIndices(NamedTuple):
    """What was found, and where."""

    values: Any
    indices: Any


def along(input, dim, keepdim, index):
    """(values, indices) for the `index`, with its dim kept, of one element along dim."""
    values = gather(input, dim, index)
    return ValuesAndIndices(values, index) if keepdim else ValuesAndIndices(values.squeeze(dim), index.squeeze(dim))


def _extreme(input, dim, keepdim, of_all, of_two, place):
    if dim is None:
        return of_all(input)
    if np.ndim(getattr(dim, "array", dim)) or not isinstance(dim, (int, np.integer)):
        return of_two(input, dim)
    dim = operator.index(dim)
    if input.ndim and not input.shape[one_dim(dim, input.ndim)]:
        raise IndexError(f"dim {dim} of the shape {tuple(input.shape)} is empty: it has no greatest or least element")
    return along(input, dim, keepdim, place(input, dim=dim, keepdim=True))


@function()
def max(input, dim=None, keepdim=False, *, axis=None, other=None):
    """The maximum of all, or (values, indices) along dim, or `maximum` with another tensor."""
    dim = next((value for value in (dim, axis, other) if value is not None), None)
    return _extreme(input, dim, keepdim, R.amax, E.maximum, R.argmax)


@function()
def min(input, dim=None, keepdim=False, *, axis=None, other=None):
    """The minimum of all, or (values, indices) along dim, or `minimum` with another tensor."""
    dim = next((value for value in (dim, axis, other) if value is not None), None)
    return _extreme(input, dim, keepdim, R.amin, E.minimum, R.argmin)


@function()
def median(input, dim=None, keepdim=False):
    """The lower median of all, or (values, indices) along dim; nan where one is among them."""
    return _middle(input, dim, keepdim, lambda n, missing: np.where(missing, n - missing, (n - 1) // 2))


@function()
def nanmedian(input, dim=None, keepdim=False):
    """The lower median of what is not nan, of all or as (values, indices) along dim."""
    return _middle(input, dim, keepdim, lambda n, missing: np.maximum(n - missing - 1, 0) // 2)


def _middle(input, dim, keepdim, place):
    """The element at a place among the sorted ones, given how many there are, and how many of the last are nan."""
    if dim is None:  # the gradient is shared by all that are equal to it, as that of an extreme
        flat = reshape(input, size=(-1,))
        found = _middle(flat.detach(), 0, False, place).values
        return R.amax(flat[np.isclose(flat.array, found.array, 0, 0, equal_nan=True)])
    at, shape = one_dim(dim, input.ndim), np.shape(input) or (1,)
    if not shape[at]:
        raise IndexError(f"dim {dim} of the shape {shape} is empty: it has no median")
    array = np.reshape(input.array, shape)
    order, missing = np.argsort(array, axis=at, kind="stable"), np.isnan(array).sum(at, keepdims=True)
    index = np.take_along_axis(order, place(shape[at], missing), at)
    return along(input, dim, keepdim, input.wrap(np.reshape(index, np.shape(input) and index.shape)))


def _with_mean(spread, input, dim, unbiased, keepdim, correction, axis):
    dim = axis if dim is None else dim
    dim, unbiased = (None, dim) if isinstance(dim, bool) else (dim, unbiased)
    found = spread(input, dim=dim, unbiased=unbiased, keepdim=keepdim, correction=correction)
    return found, R.mean(input, dim=dim, keepdim=keepdim)


@function(method=False)
def var_mean(input, dim=None, unbiased=True, keepdim=False, *, correction=None, axis=None):
    """(var, mean) over dim; the arguments are those of `var`."""
    return _with_mean(R.var, input, dim, unbiased, keepdim, correction, axis)


@function(method=False)
def std_mean(input, dim=None, unbiased=True, keepdim=False, *, correction=None, axis=None):
    """(std, mean) over dim; the arguments are those of `std`."""
    return _with_mean(R.std, input, dim, unbiased, keepdim, correction, axis)


def _norm_rule(g, x, out, p, dim, keepdim):
    if x.dtype.kind == "c":
        size = np.abs(x)
        return _norm_rule(g, size, out, p, dim, keepdim) * (x / np.where(np.equal(size, 0), np.ones_like(size), size))
    if p == 0:
        return np.zeros_like(x)
    total, g = R.expand_reduced(out, x.shape, dim, keepdim), R.expand_reduced(g, x.shape, dim, keepdim)
    zero = np.equal(total, 0)
    safe = np.where(zero, np.ones_like(total), total)
    if p == 1:
        return g * np.sign(x)
    if p == 2:
        return np.where(zero, np.zeros_like(x), g * (x / safe))
    at_zero = np.equal(x, 0)
    power = np.where(at_zero, np.zeros_like(x), np.abs(np.where(at_zero, np.ones_like(x), x)) ** (p - 1))
    return np.where(zero, np.zeros_like(x), g * np.sign(x) * power / safe ** (p - 1))


@op(method=False, x=_norm_rule)
def vector_norm(x, *, p=2, dim=None, keepdim=False):
    """(sum of |x|^p)^(1/p) over dim, or for p = 0 how many are not 0; its derivative at 0 is 0, as torch's."""
    x = np.abs(x) if x.dtype.kind == "c" else x
    R.check_float("norm", x)
    if x.dtype == np.float16:  # whose squares are soon infinite
        return vector_norm(x.astype(np.float32), p=p, dim=dim, keepdim=keepdim).astype(np.float16)
    axes = R.axes_of(dim, x.ndim)
    if p == 2:
        return np.sqrt(sum_over(x * x, axes, keepdim))
    if p == 1:
        return sum_over(np.abs(x), axes, keepdim)
    if p == 0:
        return np.count_nonzero(x, axis=axes, keepdims=keepdim).astype(x.dtype)
    return sum_over(np.abs(x) ** p, axes, keepdim) ** (1 / p)


class MinAndMax(NamedTuple):
    """Both extremes."""

    min: Any
    max: Any


@function()
def aminmax(input, *, dim=None, keepdim=False):
    """(min, max) over dim, nan where one is; equal ones share the gradient."""
    return MinAndMax(R.amin(input, dim=dim, keepdim=keepdim), R.amax(input, dim=dim, keepdim=keepdim))


@function()
def norm(input, p="fro", dim=None, keepdim=False, *, dtype=None, axis=None, keepdims=False):
    """The p-norm over dim, of the elements (so "fro" is 2); p may be 0, plus or minus infinity, or "nuc"."""
    dim, keepdim = axis if dim is None else dim, keepdim or keepdims
    input, p = input if dtype is None else input.astype(dtype), 2 if p in (None, "fro") else p
    if p == "nuc":
        load_families()
        svd, dims = OPS["linalg_svd"].function, R.axes_of(dim, input.ndim)
        found = R.sum(svd(movedim(input, dims, (-2, -1)), full_matrices=False).S, dim=-1)
        return reshape(found, size=R.reduced_shape(input.shape, dims)) if keepdim else found
    if isinstance(p, str):
        raise RuntimeError(f'norm: p must be a number, "fro" or "nuc", not {p!r}')
    if math.isinf(p):
        return (R.amax if p > 0 else R.amin)(E.abs(input), dim=dim, keepdim=keepdim)
    return vector_norm(input, p=p, dim=dim, keepdim=keepdim)


@function(inplace=True)
def renorm(input, p, dim, maxnorm):
    """x with its slices at each index of dim scaled down to the p-norm maxnorm, where theirs is greater."""
    if input.ndim < 2 or p <= 0 or maxnorm < 0:
        raise RuntimeError(f"renorm needs 2 dims, p > 0 and maxnorm >= 0, got {input.ndim}, {p} and {maxnorm}")
    others = set(range(input.ndim)) - {one_dim(dim, input.ndim)}
    size = norm(input, p, tuple(others), keepdim=True)
    return input * E.where(size > maxnorm, maxnorm / (size + 1e-7), 1)


@function()
def unique(input, sorted=True, return_inverse=False, return_counts=False, dim=None):
    """The distinct elements (or slices along dim), in order.

    On request also returns the index of each element among the distinct ones, and how often each of these occurs.
    """
    found = np.unique(input.array, return_inverse=return_inverse, return_counts=return_counts, axis=dim)
    return tuple(input.wrap(a) for a in found) if isinstance(found, tuple) else input.wrap(found)


@function()
def bincount(input, weights=None, minlength=0):
    """How often each whole number occurs (or the sum of its weights)."""
    if weights is None:
        return input.wrap(np.bincount(input.array, minlength=minlength))
    weights = array_of(weights)
    counts = np.bincount(input.array, weights, minlength)
    return input.wrap(counts.astype(np.float32 if weights.dtype == np.float32 else np.float64))

"""Statistics made of ops: extremes with their places, norm, median and counts."""

from __future__ import annotations

import math
import operator
from typing import Any, NamedTuple

import numpy as np

from autograd.ops import elementwise as E
from autograd.ops import reduction as R
from autograd.ops.indexing import gather
from autograd.ops.shape import one_dim, reshape, unsqueeze
from autograd.ops.table import function

__all__ = ["max", "min", "median", "norm", "var_mean", "std_mean", "cumprod", "unique", "bincount"]


class ValuesAndIndices(NamedTuple):
    """What was found, and where."""

    values: Any
    indices: Any


def _along(input, dim, keepdim, index):
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
    return _along(input, dim, keepdim, place(input, dim=dim, keepdim=True))


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
    """The lower median of all, or (values, indices) along dim."""
    flat, at = (reshape(input, size=(-1,)), 0) if dim is None else (input, dim)
    order = np.argsort(flat.array, axis=at, kind="stable")
    index = input.wrap(np.take(order, [(flat.shape[at] - 1) // 2], axis=at))
    return _along(flat, at, keepdim, index) if dim is not None else reshape(gather(flat, at, index), size=())


@function(method=False)
def var_mean(input, dim=None, **keywords):
    """(var, mean) over dim."""
    return R.var(input, dim=dim, **keywords), R.mean(input, dim=dim, keepdim=keywords.get("keepdim", False))


@function(method=False)
def std_mean(input, dim=None, **keywords):
    """(std, mean) over dim."""
    return R.std(input, dim=dim, **keywords), R.mean(input, dim=dim, keepdim=keywords.get("keepdim", False))


@function()
def norm(input, p="fro", dim=None, keepdim=False, *, axis=None, keepdims=False):
    """The p-norm over dim, of the elements (so "fro" is 2); p may be 0 and plus or minus infinity."""
    dim, keepdim = axis if dim is None else dim, keepdim or keepdims
    p = 2 if p in (None, "fro") else p
    if p == 0:
        return R.sum((input != 0).to(input.dtype), dim=dim, keepdim=keepdim)
    if math.isinf(p):
        return (R.amax if p > 0 else R.amin)(E.abs(input), dim=dim, keepdim=keepdim)
    return R.vector_norm(input, p=p, dim=dim, keepdim=keepdim)


@function()
def cumprod(input, dim):
    """The running product along dim."""
    n = input.shape[dim]
    moved = E.where(
        np.tri(n, dtype=bool).reshape((n, n) + (1,) * (input.ndim - 1 - dim % input.ndim)),
        unsqueeze(input, dim % input.ndim),
        1,
    )
    return R.prod(moved, dim=dim % input.ndim + 1)


@function()
def unique(input, sorted=True, return_inverse=False, return_counts=False):
    """The distinct elements, in order; with them, where asked, where each element is and how often it comes."""
    found = np.unique(input.array, return_inverse=return_inverse, return_counts=return_counts)
    return tuple(input.wrap(a) for a in found) if isinstance(found, tuple) else input.wrap(found)


@function()
def bincount(input, weights=None, minlength=0):
    """How often each whole number occurs (or the sum of its weights)."""
    weights = None if weights is None else np.asarray(getattr(weights, "array", weights))
    counts = np.bincount(input.array, weights, minlength)
    return input.wrap(counts if weights is None else counts.astype(weights.dtype))

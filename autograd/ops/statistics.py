"""Statistics made of ops: variance, norm, median and counts, with torch's arguments and with NumPy's."""

from __future__ import annotations

import math

import numpy as np

from autograd.graph import Traced
from autograd.ops import elementwise as E
from autograd.ops import reduction as R
from autograd.ops.indexing import ValuesAndIndices, gather
from autograd.ops.shape import reshape, unsqueeze


def _array(x):
    return x.array if isinstance(x, Traced) else np.asarray(x)


def _floats(name, x):
    if x.dtype.kind != "f":
        raise RuntimeError(f"{name} of {x.dtype} is not defined: convert it with .float() first")


def var(input, dim=None, unbiased=True, keepdim=False, *, correction=None, axis=None, keepdims=False):
    """The variance over dim, divided by n - 1, or by n where unbiased is False, or by n - correction."""
    _floats("var", input)
    return R.variance(input, **_spread_keywords(dim, unbiased, keepdim, correction, axis, keepdims))


def std(input, dim=None, unbiased=True, keepdim=False, *, correction=None, axis=None, keepdims=False):
    """The root of `var`; its derivative where all elements are equal is 0."""
    _floats("std", input)
    return R.deviation(input, **_spread_keywords(dim, unbiased, keepdim, correction, axis, keepdims))


def _spread_keywords(dim, unbiased, keepdim, correction, axis, keepdims):
    if isinstance(dim, bool):
        dim, unbiased = None, dim
    correction = (1 if unbiased else 0) if correction is None else correction
    return {"dim": axis if dim is None else dim, "correction": correction, "keepdim": keepdim or keepdims}


def var_mean(input, dim=None, **keywords):
    """(var, mean) over dim."""
    return var(input, dim, **keywords), R.mean(input, dim=dim, keepdim=keywords.get("keepdim", False))


def std_mean(input, dim=None, **keywords):
    """(std, mean) over dim."""
    return std(input, dim, **keywords), R.mean(input, dim=dim, keepdim=keywords.get("keepdim", False))


def norm(input, p="fro", dim=None, keepdim=False, *, axis=None, keepdims=False):
    """The p-norm over dim, of the elements (so "fro" is 2); p may be 0 and plus or minus infinity."""
    _floats("norm", input)
    dim, keepdim = axis if dim is None else dim, keepdim or keepdims
    p = 2 if p in (None, "fro") else p
    if p == 0:
        return R.sum((input != 0).to(input.dtype), dim=dim, keepdim=keepdim)
    if math.isinf(p):
        return (R.amax if p > 0 else R.amin)(E.abs(input), dim=dim, keepdim=keepdim)
    return R.vector_norm(input, p=p, dim=dim, keepdim=keepdim)


def cumprod(input, dim):
    """The running product along dim."""
    n = input.shape[dim]
    moved = E.where(
        np.tri(n, dtype=bool).reshape((n, n) + (1,) * (input.ndim - 1 - dim % input.ndim)),
        unsqueeze(input, dim % input.ndim),
        1,
    )
    return R.prod(moved, dim=dim % input.ndim + 1)


def median(input, dim=None, keepdim=False):
    """The lower median of all, or (values, indices) along dim."""
    flat, at = (reshape(input, size=(-1,)), 0) if dim is None else (input, dim)
    order = np.argsort(flat.array, axis=at, kind="stable")
    index = np.take(order, [(flat.shape[at] - 1) // 2], axis=at)
    values = gather(flat, at, index)
    if dim is None:
        return reshape(values, size=())
    index = input.wrap(index)
    return ValuesAndIndices(values, index) if keepdim else ValuesAndIndices(values.squeeze(at), index.squeeze(at))


def unique(input, sorted=True, return_inverse=False, return_counts=False):
    """The distinct elements, in order; with them, where asked, where each element is and how often it comes."""
    found = np.unique(_array(input), return_inverse=return_inverse, return_counts=return_counts)
    return tuple(input.wrap(a) for a in found) if isinstance(found, tuple) else input.wrap(found)


def bincount(input, weights=None, minlength=0):
    """How often each whole number occurs (or the sum of its weights)."""
    weights = None if weights is None else _array(weights)
    counts = np.bincount(_array(input), weights, minlength)
    return input.wrap(counts if weights is None else counts.astype(weights.dtype))

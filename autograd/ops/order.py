"""Search, order, sets and counts: quantiles, histograms, runs of equal elements, and differences of neighbours."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from autograd.errors import ShapeError
from autograd.ops import reduction as R
from autograd.ops.arithmetic import lerp
from autograd.ops.elementwise import where
from autograd.ops.gathering import argsort, array_of, gather, nonzero, sort
from autograd.ops.joining import concatenate
from autograd.ops.linalg import matmul
from autograd.ops.shape import movedim, one_dim, reshape
from autograd.ops.statistics import ValuesAndIndices, along
from autograd.ops.table import function, short

__all__ = ["searchsorted", "bucketize", "quantile", "nanquantile", "nansum", "nanmean", "mode", "kthvalue", "msort"]
__all__ += ["cummax"]
__all__ += ["cummin", "argwhere", "isin", "unique_consecutive", "histogram", "histc", "diff", "trapezoid", "trapz"]
__all__ += ["corrcoef", "cov", "cumulative_trapezoid"]


# Places ---------------------------------------------------------------------------------------------------------------


@function(np.searchsorted, method=False)
def searchsorted(sorted_sequence, input, *, out_int32=False, right=False, side=None, sorter=None):
    """Where in the sorted rows each element belongs: before equal ones, or after them (`right`).

    A vector is searched for every element; the rows of more dims for those of the rows of `input`.
    """
    rows, values = sorted_sequence.array, array_of(input)
    if sorter is not None:
        rows = np.take_along_axis(rows, sorter.array, -1)
    if rows.ndim != 1 and rows.shape[:-1] != values.shape[:-1]:
        raise ShapeError(f"searchsorted: the rows of shape {rows.shape} and values of {values.shape} do not match")
    if side not in (None, "left", "right") or (right and side == "left"):
        raise RuntimeError(f'searchsorted: side must be "left" or "right", and not contradict right, got {side!r}')
    side = "right" if right or side == "right" else "left"
    found = np.empty(values.shape, np.int32 if out_int32 else np.int64)
    for i in np.ndindex(rows.shape[:-1]):
        found[i] = np.searchsorted(rows[i], values[i], side)
    return sorted_sequence.wrap(found)


@function(method=False)
def bucketize(input, boundaries, *, out_int32=False, right=False):
    """Between which of the boundaries, a sorted vector, each element lies: `searchsorted` the other way round."""
    if boundaries.ndim != 1:
        raise ShapeError(f"bucketize needs a vector of boundaries, got the shape {tuple(boundaries.shape)}")
    return searchsorted(boundaries, input, out_int32=out_int32, right=right)


argwhere = short("argwhere", lambda input: nonzero(input), "The indices (n, ndim) of what is not zero.", np.argwhere)


@function(method=False)
def isin(elements, test_elements, *, assume_unique=False, invert=False):
    """Whether each element is among the others (or is not: `invert`)."""
    wrap = getattr(elements, "wrap", None) or test_elements.wrap
    return wrap(np.isin(array_of(elements), array_of(test_elements), assume_unique, invert))


# Order statistics -----------------------------------------------------------------------------------------------------

_ROUNDED: dict[str, Any] = {"linear": None, "lower": np.floor, "higher": np.ceil, "nearest": np.round}
_ROUNDED["midpoint"] = lambda place: (np.floor(place) + np.ceil(place)) / 2


@function()
def quantile(input, q, dim=None, keepdim=False, *, interpolation="linear"):
    """The q-th quantile over dim (of all without one), for each q of a vector in a first dim; nan where one is.

    `interpolation` says what lies between two elements: "linear", "lower", "higher", "nearest" or "midpoint".
    """
    return _quantile(input, q, dim, keepdim, interpolation, False)


@function()
def nanquantile(input, q, dim=None, keepdim=False, *, interpolation="linear"):
    """The `quantile` of what is not nan; nan where that is nothing."""
    return _quantile(input, q, dim, keepdim, interpolation, True)


def _quantile(input, q, dim, keepdim, interpolation, skips_nan):
    q = q if hasattr(q, "array") else np.asarray(q, input.dtype)
    at, several = array_of(q), np.ndim(q)
    if interpolation not in _ROUNDED:
        raise RuntimeError(f"quantile: interpolation must be one of {', '.join(_ROUNDED)}, not {interpolation!r}")
    if several > 1 or not ((0 <= at) & (at <= 1)).all():
        raise RuntimeError("quantile: q must be a number or a vector of numbers from 0 to 1")
    if input.dtype.kind != "f" or at.dtype != input.dtype:
        raise RuntimeError(f"quantile needs floats, and q of the same dtype: got {input.dtype} and {at.dtype}")
    if not input.numel():
        raise RuntimeError(f"quantile of an empty tensor of shape {tuple(input.shape)}")
    axes = tuple(range(input.ndim)) if dim is None else (one_dim(dim, input.ndim),)
    rows = sort(reshape(input, size=(-1,)) if dim is None or not input.ndim else movedim(input, dim, -1)).values
    n, missing = rows.shape[-1], np.isnan(rows.array).sum(-1, keepdims=True)  # nan comes last
    last = np.maximum(n - 1 - missing * skips_nan, 0)
    place = np.reshape(q, (-1,)) * last.astype(input.dtype)
    place = place if interpolation == "linear" else _ROUNDED[interpolation](array_of(place))
    known = array_of(place) if skips_nan else np.where(missing, n - 1, array_of(place))
    low, high = (rows.wrap(f(known).astype(np.int64)) for f in (np.floor, np.ceil))
    out = movedim(lerp(gather(rows, -1, low), gather(rows, -1, high), place - np.floor(array_of(place))), -1, 0)
    if keepdim:
        out = reshape(out, size=(-1, *R.reduced_shape(input.shape, axes)))
    return out if several else out[0]


@function(np.nansum)
def nansum(input, dim=None, keepdim=False, *, dtype=None):
    """The sum over dim of what is not nan."""
    return R.sum(where(np.isnan(input), 0, input), dim=dim, keepdim=keepdim, dtype=dtype)


@function(np.nanmean)
def nanmean(input, dim=None, keepdim=False, *, dtype=None):
    """The mean over dim of what is not nan."""
    count = R.sum(np.logical_not(np.isnan(input)), dim=dim, keepdim=keepdim)
    return nansum(input, dim, keepdim, dtype=dtype) / count


@function()
def mode(input, dim=-1, keepdim=False):
    """(values, indices) of the most frequent element along dim, the least of several, and its last place."""
    at, x = one_dim(dim, input.ndim), np.moveaxis(np.atleast_1d(input.array), dim, -1)
    order = np.sort(x, -1)
    often = (order[..., None] == order[..., None, :]).sum(-1).argmax(-1, keepdims=True)
    index = x.shape[-1] - 1 - (x == np.take_along_axis(order, often, -1))[..., ::-1].argmax(-1, keepdims=True)
    index = np.moveaxis(index, -1, at)
    return along(input, dim, keepdim, input.wrap(np.reshape(index, index.shape if input.ndim else ())))


@function()
def kthvalue(input, k, dim=-1, keepdim=False):
    """(values, indices) of the k-th smallest element along dim, counted from 1."""
    at, n = one_dim(dim, input.ndim), input.shape[dim] if input.ndim else 1
    if not 1 <= k <= n:
        raise RuntimeError(f"kthvalue: k must be from 1 to {n}, the size of dim {dim}, got {k}")
    order = argsort(input.detach(), dim=dim, stable=True)
    return along(input, dim, keepdim, order[(slice(None),) * at + (slice(k - 1, k),)].clone() if input.ndim else order)


msort = short("msort", lambda input: sort(input, dim=0).values, "Sorted along dim 0.")


def _running(input, dim, accumulate):
    dim, x = one_dim(dim, input.ndim), input.array
    if not x.ndim:
        return ValuesAndIndices(input.clone(), input.wrap(np.zeros((), np.int64)))
    best = accumulate(x, axis=dim)
    here = (x == best) | (np.isnan(x) if x.dtype.kind == "f" else False)
    places = np.arange(x.shape[dim]).reshape(-1, *[1] * (x.ndim - 1 - dim))
    index = input.wrap(np.maximum.accumulate(np.where(here, places, 0), axis=dim))
    return ValuesAndIndices(gather(input, dim, index), index)


_doc = "(values, indices) of the {} up to each element along dim, the last of equal ones."
cummax = short("cummax", lambda input, dim: _running(input, dim, np.maximum.accumulate), _doc.format("greatest"))
cummin = short("cummin", lambda input, dim: _running(input, dim, np.minimum.accumulate), _doc.format("least"))


# Sets and counts ------------------------------------------------------------------------------------------------------


@function()
def unique_consecutive(input, return_inverse=False, return_counts=False, dim=None):
    """The elements (or slices along dim) that differ from the one before; the run of each, and their lengths."""
    x = input.array.reshape(-1) if dim is None else np.moveaxis(input.array, dim, 0)
    flat = x.reshape(len(x), math.prod(x.shape[1:]))
    new = np.concatenate([np.ones(min(1, len(x)), bool), (flat[1:] != flat[:-1]).any(-1)])
    inverse = np.cumsum(new) - 1
    found = [x[new] if dim is None else np.moveaxis(x[new], 0, dim)]
    if return_inverse:
        found.append(inverse.reshape(input.shape) if dim is None else inverse)
    if return_counts:
        found.append(np.bincount(inverse))
    found = tuple(input.wrap(np.array(a, order="C")) for a in found)
    return found if len(found) > 1 else found[0]


class Histogram(NamedTuple):
    """The counts, and the edges of the bins."""

    hist: Any
    bin_edges: Any


@function()
def histogram(input, bins, *, range=None, weight=None, density=False):
    """(hist, bin_edges): counts (or sums of weights, or a density) in that many bins, or between edges."""
    bins = getattr(bins, "array", bins)
    weight = None if weight is None else array_of(weight).reshape(-1)
    hist, edges = np.histogram(input.array.reshape(-1), bins, range, weights=weight, density=density)
    return Histogram(*[input.wrap(a.astype(input.dtype)) for a in (hist, edges)])


@function()
def histc(input, bins=100, min=0, max=0):
    """The counts in bins of one width from min to max, or over the whole range where these are equal."""
    if bins < 1 or min > max or not np.isfinite([min, max]).all():
        raise RuntimeError(f"histc needs at least 1 bin and finite min <= max, got {bins}, {min} and {max}")
    x = input.array.reshape(-1)
    limits = (min, max) if min < max else (x.min(), x.max()) if x.size else (0, 1)
    return input.wrap(np.histogram(x[~np.isnan(x)], bins, limits)[0].astype(input.dtype))


# Neighbours -----------------------------------------------------------------------------------------------------------


def neighbours(x, dim):
    """x without its first and without its last element along dim: each with the one before it."""
    lead = (slice(None),) * one_dim(dim, x.ndim)
    return x[(*lead, slice(1, None))], x[(*lead, slice(-1))]


@function(np.diff)
def diff(input, n=1, dim=-1, prepend=None, append=None):
    """The differences of neighbours along dim, n times; truth values differ or not."""
    if not input.ndim or n < 0:
        raise RuntimeError(f"diff needs at least 1 dim and n >= 0, got the shape {tuple(input.shape)} and n = {n}")
    parts = [part for part in (prepend, input, append) if part is not None and (n or part is input)]
    x = concatenate(*parts, dim=dim) if len(parts) > 1 else input
    for _ in range(n):
        after, before = neighbours(x, dim)
        x = after ^ before if x.dtype == np.bool_ else after - before
    return x


def _areas(y, x, dx, dim):
    after, before = neighbours(y, dim)
    if x is not None:
        x = x if x.ndim > 1 or not x.ndim else reshape(x, size=(-1, *[1] * (y.ndim - 1 - one_dim(dim, y.ndim))))
        dx = diff(x, dim=dim if x.ndim >= y.ndim or dim < 0 else dim - y.ndim)
    return (after + before) * (1 if dx is None else dx)


@function(method=False)
def trapezoid(y, x=None, *, dx=None, dim=-1):
    """The integral of y along dim by the trapezoidal rule, at the points x or dx (1) apart."""
    return R.sum(_areas(y, x, dx, dim), dim=dim) / 2


trapz = trapezoid


@function(method=False)
def cumulative_trapezoid(y, x=None, *, dx=None, dim=-1):
    """The integrals of y along dim, by the trapezoidal rule, up to each point but the first."""
    return R.cumsum(_areas(y, x, dx, dim), dim=dim) / 2


@function()
def cov(input, *, correction=1, fweights=None, aweights=None):
    """The covariances of the rows of a matrix, of observations with counts and weights, over n - correction."""
    x = reshape(input, size=(1, -1)) if input.ndim < 2 else input
    if x.ndim > 2:
        raise ShapeError(f"cov needs at most 2 dims, got the shape {tuple(input.shape)}")
    for name, weights, kinds in (("fweights", fweights, "iu"), ("aweights", aweights, "f")):
        if weights is not None and (
            weights.shape != x.shape[1:] or weights.dtype.kind not in kinds or (weights.array < 0).any()
        ):
            kind = "whole numbers" if kinds == "iu" else "floats"
            raise RuntimeError(f"cov: {name} must be a vector of {x.shape[1]} {kind}, none of them negative")
    w = 1 if fweights is None else fweights
    w = w if aweights is None else w * aweights
    total = x.shape[1] if fweights is aweights is None else R.sum(w)
    centred = x - R.sum(x * w, dim=1, keepdim=True) / total
    spread = correction if aweights is None else correction * R.sum(w * aweights) / total
    out = matmul(centred * w, centred.T.conjugate()) / np.maximum(total - spread, 0)
    return out if len(x) > 1 else reshape(out, size=())


@function()
def corrcoef(input):
    """The correlation coefficients of the rows of a matrix, of observations: their covariances over their spreads."""
    covariances = cov(input)
    if not covariances.ndim:
        return covariances / covariances
    spread = covariances.diagonal().sqrt()
    return (covariances / spread[:, None] / spread).clamp(-1, 1)

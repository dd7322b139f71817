"""Functions of `ops.order`, `ops.arrangement` and `ops.pairs`: how to draw arguments, NumPy's result, and the function.

The function is that of a module, `autograd` or `torch`.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from hypothesis import strategies as st

from autograd.testing import arrays, booleans, integers, separated, shapes
from tests.properties.calls import Call, call

LINES = shapes(min_dims=1)


def rows(**keywords: Any) -> Any:
    """A tensor, and one of its dims; the numbers are distinct."""
    return LINES.flatmap(lambda s: call(separated(s), dim=st.integers(-len(s), len(s) - 1), **keywords))


def of(shape: Any, **keywords: Any) -> Any:
    return call(separated(shape), **keywords)


def square(n: int, **keywords: Any) -> Any:
    return shapes(min_dims=n, max_dims=n).flatmap(lambda s: call(arrays(s), arrays(s), **keywords))


@st.composite
def scattered(draw: Any) -> Call:
    x = draw(separated(LINES))
    dim = draw(st.integers(-x.ndim, x.ndim - 1))
    index = draw(integers(x.shape, 0, x.shape[dim]))
    keywords = {"dim": dim, "index": index, "include_self": draw(st.booleans())}
    return Call((x, draw(separated(x.shape)) + 0.01), {**keywords, "reduce": draw(st.sampled_from(REDUCED))})


REDUCED = ["sum", "mean", "amax", "amin"]


def plain_scatter(x: np.ndarray, src: np.ndarray, dim: int, index: np.ndarray, include_self: bool, reduce: str) -> Any:
    into: dict = {}
    for place in np.ndindex(*index.shape):
        there = list(place)
        there[dim] = index[place]
        into.setdefault(tuple(there), []).append(src[place])
    out = x.copy()
    for place, found in into.items():
        found += [x[place]] if include_self else []
        out[place] = {"sum": np.sum, "mean": np.mean, "amax": np.max, "amin": np.min}[reduce](found)
    return out


def scatter(m: Any) -> Callable:
    return lambda x, src, dim, index, reduce, include_self: m.scatter_reduce(
        x, dim, m.as_tensor(index), src, reduce, include_self=include_self
    )


def masked() -> Any:
    return LINES.flatmap(lambda s: call(arrays(s), arrays(s), mask=booleans(s)))


def plain_masked(x: np.ndarray, src: np.ndarray, mask: np.ndarray) -> np.ndarray:
    out = x.copy()
    out[mask] = src.reshape(-1)[: mask.sum()]
    return out


def plain_embed(x: np.ndarray, offset: int) -> np.ndarray:
    flat = x.reshape(-1, x.shape[-1])
    return np.stack([np.diag(row, offset) for row in flat]).reshape(*x.shape[:-1], *np.diag(flat[0], offset).shape)


def plain_distances(x: np.ndarray, y: np.ndarray, p: float) -> np.ndarray:
    return np.linalg.norm(x[:, None] - y[None] - 7, p, -1)


def plain_blocks(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    x = np.atleast_2d(x)
    out = np.zeros(np.add(x.shape, y.shape))
    out[: len(x), : x.shape[1]], out[len(x) :, x.shape[1] :] = x, y
    return out


def plain_renorm(x: np.ndarray, p: float, dim: int, maxnorm: float) -> np.ndarray:
    slices = np.moveaxis(x, dim, 0)
    sizes = [np.linalg.norm(part.reshape(-1), p) for part in slices]
    return np.moveaxis(np.stack([s * min(1, maxnorm / (n + 1e-7)) for s, n in zip(slices, sizes)]), 0, dim)


def positive() -> Any:
    return LINES.flatmap(lambda s: call(separated(s, 0.5, 3), dim=st.integers(-len(s), len(s) - 1)))


def with_missing(name: str) -> Callable[[Any], Callable]:
    """A function of x with nan in the place of what is not positive."""
    return lambda m: lambda x, dim: getattr(m, name)(m.where(x > 0, x, m.full_like(x.detach(), np.nan)), dim)


QUANTILES = {"q": st.sampled_from([0.0, 0.3, 0.5, 1.0]), "keepdim": st.booleans()}
HOW = st.sampled_from(["linear", "lower", "higher", "midpoint"])

ARRANGEMENT: dict[str, tuple[Any, Callable, Callable[[Any], Callable]]] = {
    "quantile": (
        rows(**QUANTILES, interpolation=HOW),
        lambda x, q, dim, keepdim, interpolation: np.quantile(x, q, dim, keepdims=keepdim, method=interpolation),
        lambda m: m.quantile,
    ),
    "nanquantile": (
        rows(**QUANTILES, interpolation=HOW),
        lambda x, q, dim, keepdim, interpolation: np.quantile(x, q, dim, keepdims=keepdim, method=interpolation),
        lambda m: m.nanquantile,
    ),
    "nanmedian": (
        rows(),
        lambda x, dim: np.quantile(x, 0.5, dim, method="lower"),
        lambda m: lambda x, dim: m.nanmedian(x, dim).values,
    ),
    "nansum": (rows(), lambda x, dim: np.sum(x * (x > 0), dim), with_missing("nansum")),
    "nanmean": (positive(), lambda x, dim: np.mean(x, dim), with_missing("nanmean")),
    "kthvalue": (rows(k=st.just(1)), lambda x, k, dim: x.min(dim), lambda m: lambda *a, **k: m.kthvalue(*a, **k)[0]),
    "cummax": (rows(), lambda x, dim: np.maximum.accumulate(x, dim), lambda m: lambda x, dim: m.cummax(x, dim)[0]),
    "cummin": (rows(), lambda x, dim: np.minimum.accumulate(x, dim), lambda m: lambda x, dim: m.cummin(x, dim)[0]),
    "msort": (of(LINES), lambda x: np.sort(x, 0), lambda m: m.msort),
    "diff": (rows(n=st.integers(0, 2)), lambda x, n, dim: np.diff(x, n, dim), lambda m: m.diff),
    "trapezoid": (
        rows(dx=st.sampled_from([1.0, 0.5])),
        lambda y, dx, dim: np.trapezoid(y, dx=dx, axis=dim),
        lambda m: m.trapezoid,
    ),
    "cov": (
        of(st.tuples(st.integers(2, 3), st.integers(2, 4)), correction=st.integers(0, 1)),
        lambda x, correction: np.cov(x, ddof=correction),
        lambda m: m.cov,
    ),
    "scatter_reduce": (scattered(), plain_scatter, scatter),
    "masked_scatter": (
        masked(),
        plain_masked,
        lambda m: lambda x, src, mask: m.masked_scatter(x, m.as_tensor(mask), src),
    ),
    "index_fill": (
        rows(),
        lambda x, dim: np.moveaxis(
            np.concatenate([0 * np.moveaxis(x, dim, 0)[:1] + 2, np.moveaxis(x, dim, 0)[1:]]), 0, dim
        ),
        lambda m: lambda x, dim: m.index_fill(x, dim, m.as_tensor([0]), 2.0),
    ),
    "take": (
        of(LINES, index=integers((3,), -1, 1)),
        lambda x, index: np.take(x, index),
        lambda m: lambda x, index: m.take(x, m.as_tensor(index)),
    ),
    "diag_embed": (of(LINES, offset=st.integers(-2, 2)), plain_embed, lambda m: m.diag_embed),
    "tensor_split": (
        rows(s=st.integers(1, 3) | st.just((1, 2))),
        lambda x, s, dim: tuple(np.array_split(x, s, dim)),
        lambda m: lambda x, s, dim: m.tensor_split(x, s, dim),
    ),
    "rot90": (of(shapes(min_dims=2), k=st.integers(-4, 4)), np.rot90, lambda m: m.rot90),
    "cartesian_prod": (square(1), lambda x, y: np.array([(a, b) for a in x for b in y]), lambda m: m.cartesian_prod),
    "cdist": (
        square(2, p=st.sampled_from([1.0, 2.0, 3.0, np.inf])),
        plain_distances,
        lambda m: lambda x, y, p: m.cdist(x - 7, y, p),
    ),
    "kron": (square(2), np.kron, lambda m: m.kron),
    "inner": (square(2), np.inner, lambda m: m.inner),
    "block_diag": (
        shapes(max_dims=2).flatmap(lambda s: call(arrays(s), arrays((2, 3)))),
        plain_blocks,
        lambda m: m.block_diag,
    ),
    "renorm": (
        LINES.filter(lambda s: len(s) > 1).flatmap(
            lambda s: call(
                arrays(s),
                p=st.sampled_from([1.0, 2.0, 3.0]),
                dim=st.integers(-len(s), len(s) - 1),
                maxnorm=st.just(1.5),
            )
        ),
        plain_renorm,
        lambda m: m.renorm,
    ),
}

"""Functions of `ops.seldom`: how to draw arguments, NumPy's result, and the function of `autograd` or `torch`."""

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
from hypothesis import strategies as st

from autograd.testing import arrays, positive
from tests.properties.calls import Call, call

SIZE = st.integers(1, 3)
MATRIX = st.tuples(st.integers(2, 3), st.integers(2, 4))


def products(*shapes: Callable) -> Any:
    """Arguments of shapes that are functions of four sizes."""
    sizes = st.tuples(SIZE, SIZE, SIZE, SIZE)
    return sizes.flatmap(lambda n: call(*[arrays(shape(*n)) for shape in shapes], beta=FACTOR, alpha=FACTOR))


FACTOR = st.sampled_from([0, 1, 0.5, -2.0])


@st.composite
def with_a_part(draw: Any) -> Call:
    """A tensor, and what takes the place of its slice at an index of a dim."""
    x = draw(arrays(draw(st.tuples(SIZE, SIZE, SIZE))))
    dim = draw(st.integers(-3, 2))
    index = draw(st.integers(-x.shape[dim], x.shape[dim] - 1))
    return Call((x, draw(arrays(np.delete(x, index, dim).sum(dim).shape))), {"dim": dim, "index": index})


@st.composite
def with_slices(draw: Any) -> Call:
    """A tensor, and what takes the place of some of its slices along a dim."""
    x = draw(arrays(draw(st.tuples(SIZE, SIZE, SIZE))))
    dim, start, end, step = draw(st.integers(-3, 2)), draw(SIZE) - 1, draw(SIZE), draw(st.integers(1, 2))
    part = np.moveaxis(np.moveaxis(x, dim, 0)[start:end:step], 0, dim)
    return Call((x, draw(arrays(part.shape))), {"dim": dim, "start": start, "end": end, "step": step})


@st.composite
def with_a_diagonal(draw: Any) -> Call:
    x = draw(arrays(draw(st.tuples(SIZE, SIZE, SIZE))))
    how = {"offset": draw(st.integers(-1, 0)), "dim1": 0, "dim2": draw(st.sampled_from([1, 2, -1]))}
    return Call((x, draw(arrays(np.diagonal(x, how["offset"], 0, how["dim2"]).shape))), how)


@st.composite
def with_places(draw: Any) -> Call:
    x = draw(arrays(draw(st.tuples(SIZE, SIZE))))
    places = draw(st.lists(st.integers(0, x.size - 1), min_size=1, max_size=3, unique=True))
    accumulate = draw(st.booleans())
    return Call((x, draw(arrays((len(places),)))), {"index": np.array(places), "accumulate": accumulate})


def plain_diagonal(x: np.ndarray, src: np.ndarray, offset: int, dim1: int, dim2: int) -> np.ndarray:
    out = np.moveaxis(x, (dim1, dim2), (-2, -1)).copy()
    for place in np.ndindex(src.shape):
        *lead, i = place
        out[(*lead, i - min(offset, 0), i + max(offset, 0))] = src[place]
    return np.moveaxis(out, (-2, -1), (dim1, dim2))


def plain_slices(x: np.ndarray, src: np.ndarray, dim: int, start: int, end: int, step: int) -> np.ndarray:
    out = x.copy()
    for i, at in enumerate(range(start, min(end, x.shape[dim]), step)):
        out[(slice(None),) * (dim % 3) + (at,)] = np.take(src, i, dim)
    return out


def plain_put(x: np.ndarray, source: np.ndarray, index: np.ndarray, accumulate: bool) -> np.ndarray:
    out = x.copy()
    np.put(out, index, source + accumulate * x.reshape(-1)[index])
    return out


def put(m: Any) -> Callable:
    return lambda x, source, index, accumulate: m.Tensor.put(x, m.as_tensor(index), source, accumulate)


COORDINATES = [0.0, 0.5, 2.0, 2.5], [-1.0, 0.0, 3.0]
SELDOM: dict[str, tuple[Any, Callable, Callable[[Any], Callable]]] = {
    "addmv": (
        products(lambda a, b, c, d: a, lambda a, b, c, d: (a, b), lambda a, b, c, d: b),
        lambda x, y, z, beta, alpha: beta * x + alpha * (y @ z),
        lambda m: m.addmv,
    ),
    "addbmm": (
        products(lambda a, b, c, d: (a, b), lambda a, b, c, d: (d, a, c), lambda a, b, c, d: (d, c, b)),
        lambda x, y, z, beta, alpha: beta * x + alpha * sum(y @ z),
        lambda m: m.addbmm,
    ),
    "chain_matmul": (
        st.tuples(SIZE, SIZE, SIZE, SIZE).flatmap(lambda n: call(*[arrays(n[i : i + 2]) for i in range(3)])),
        lambda x, y, z: np.linalg.multi_dot([x, y, z]),
        lambda m: m.chain_matmul,
    ),
    "ldexp": (
        st.tuples(SIZE, SIZE).flatmap(lambda s: call(arrays(s), arrays(s))),
        lambda x, y: x * np.exp2(y),
        lambda m: m.ldexp,
    ),
    "float_power": (
        st.tuples(SIZE, SIZE).flatmap(lambda s: call(positive(s), arrays(s))),
        np.float_power,
        lambda m: lambda x, y: m.float_power(x, y).to(x.dtype),  # it is float64
    ),
    "gradient": (
        call(arrays((4, 3)), st.sampled_from([0.5, 2.0]), dim=st.integers(-2, 1), edge_order=st.sampled_from([1, 2])),
        lambda x, spacing, dim, edge_order: np.gradient(x, spacing, axis=dim, edge_order=edge_order),
        lambda m: lambda x, spacing, dim, edge_order: m.gradient(x, spacing=spacing, dim=dim, edge_order=edge_order)[0],
    ),
    "gradient at coordinates": (
        call(arrays((4, 3)), edge_order=st.sampled_from([1, 2])),
        lambda x, edge_order: np.stack(np.gradient(x, *COORDINATES, edge_order=edge_order)),
        lambda m: (
            lambda x, edge_order: m.stack(
                m.gradient(x, spacing=[m.tensor(c).to(x.dtype) for c in COORDINATES], edge_order=edge_order)
            )
        ),
    ),
    "vander": (
        call(positive((3,)), N=st.integers(1, 4), increasing=st.booleans()),
        lambda x, N, increasing: np.vander(x, N, increasing),
        lambda m: m.vander,
    ),
    "combinations": (
        call(arrays((4,)), r=st.integers(1, 3)),
        lambda x, r: np.array(list(itertools.combinations(x, r))),
        lambda m: m.combinations,
    ),
    "corrcoef": (call(arrays((3, 5))), np.corrcoef, lambda m: m.corrcoef),
    "cumulative_trapezoid": (
        MATRIX.flatmap(lambda s: call(arrays(s), dim=st.integers(-2, 1), dx=st.sampled_from([1.0, 0.5]))),
        lambda y, dim, dx: np.cumsum(np.diff(y, axis=dim) / 2 + np.delete(y, -1, dim), dim) * dx,
        lambda m: m.cumulative_trapezoid,
    ),
    "select_scatter": (
        with_a_part(),
        lambda x, src, dim, index: plain_slices(x, np.expand_dims(src, dim), dim, index % x.shape[dim], 9, 9),
        lambda m: m.select_scatter,
    ),
    "slice_scatter": (with_slices(), plain_slices, lambda m: m.slice_scatter),
    "diagonal_scatter": (with_a_diagonal(), plain_diagonal, lambda m: m.diagonal_scatter),
    "put": (with_places(), plain_put, put),
}

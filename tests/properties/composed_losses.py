"""Losses and distances made of ops: how to draw arguments, what NumPy gives, and the function of a module that has it.

The module is `autograd` or `torch`. Margins are no multiples of the steps between drawn numbers: no term is at a kink.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from hypothesis import strategies as st

from autograd.testing import arrays, integers, positive, separated_arrays, shapes
from tests.properties.calls import Call, of_arrays

SHAPES = shapes(min_dims=1)
TABLES = shapes(min_dims=2, max_dims=2)
REDUCED = {"reduction": st.sampled_from(["none", "mean", "sum"])}
STIRLING = 0.5 * np.log(2 * np.pi)


def reduced(loss: np.ndarray, reduction: str) -> Any:
    return {"none": loss, "mean": np.mean(loss), "sum": np.sum(loss)}[reduction]


def some(count: int, shape: Any = SHAPES, signs: Any = None, **keywords: Any) -> Any:
    """`count` arrays of one shape, then signs of the shape that `signs` makes of it."""

    def build(s: tuple) -> Any:
        floats = separated_arrays((s,) * count)
        if signs is None:
            return floats
        return st.tuples(floats, integers(signs(s), 0, 2)).map(lambda pair: (*pair[0], pair[1] * 2 - 1))

    return of_arrays(shape.flatmap(build), **REDUCED, **keywords)


def with_positive(count: int, **keywords: Any) -> Any:
    return of_arrays(SHAPES.flatmap(lambda s: st.tuples(*[arrays(s)] * (count - 1), positive(s, 0.5, 2))), **keywords)


def functional(name: str, **keywords: Any) -> Callable[[Any], Callable]:
    return lambda m: partial(getattr(m.nn.functional, name), **keywords)


def gaussian(x: Any, y: Any, var: Any, full: bool, reduction: str) -> Any:
    return reduced(0.5 * (np.log(var) + (x - y) ** 2 / var) + STIRLING * full, reduction)


def cosine(x: Any, y: Any, sign: Any, reduction: str) -> Any:
    cos = (x * y).sum(-1) / np.sqrt(((x * x).sum(-1) + 1e-12) * ((y * y).sum(-1) + 1e-12))
    return reduced(np.where(sign == 1, 1 - cos, np.maximum(0, cos - 0.103)), reduction)


def triplet(a: Any, p: Any, n: Any, swap: bool, reduction: str) -> Any:
    near, far, other = (np.linalg.norm(u - v + 1e-6, axis=-1) for u, v in ((a, p), (a, n), (p, n)))
    return reduced(np.maximum(0, near - (np.minimum(far, other) if swap else far) + 0.503), reduction)


def multi_margin(x: Any, target: Any, p: int, reduction: str) -> Any:
    own = np.take_along_axis(x, target[:, None], 1)
    terms = np.maximum(0, 0.503 - own + x) ** p
    np.put_along_axis(terms, target[:, None], 0, 1)
    return reduced(terms.mean(1), reduction)


@st.composite
def classified(draw: Any) -> Call:
    x = draw(TABLES.flatmap(lambda s: separated_arrays((s,))))[0]
    target = draw(integers(x.shape[:1], 0, x.shape[1]))
    return Call((x, target), {"p": draw(st.sampled_from([1, 2])), "reduction": draw(REDUCED["reduction"])})


LOSSES: dict[str, tuple[Any, Callable, Callable[[Any], Callable]]] = {
    "gaussian_nll_loss": (with_positive(3, full=st.booleans(), **REDUCED), gaussian, functional("gaussian_nll_loss")),
    "poisson_nll_loss": (
        with_positive(2, **REDUCED),
        lambda x, y, reduction: reduced(np.exp(x) - y * x, reduction),
        functional("poisson_nll_loss"),
    ),
    "soft_margin_loss": (
        some(2),
        lambda x, y, reduction: reduced(np.log1p(np.exp(-y * x)), reduction),
        functional("soft_margin_loss"),
    ),
    "margin_ranking_loss": (
        some(2, signs=lambda s: s),
        lambda x, y, sign, reduction: reduced(np.maximum(0, 0.503 - sign * (x - y)), reduction),
        functional("margin_ranking_loss", margin=0.503),
    ),
    "hinge_embedding_loss": (
        some(1, signs=lambda s: s),
        lambda x, sign, reduction: reduced(np.where(sign == 1, x, np.maximum(0, 0.503 - x)), reduction),
        functional("hinge_embedding_loss", margin=0.503),
    ),
    "cosine_embedding_loss": (
        some(2, TABLES, signs=lambda s: s[:1]),
        cosine,
        functional("cosine_embedding_loss", margin=0.103),
    ),
    "triplet_margin_loss": (
        some(3, TABLES, swap=st.booleans()),
        triplet,
        functional("triplet_margin_loss", margin=0.503),
    ),
    "multi_margin_loss": (classified(), multi_margin, functional("multi_margin_loss", margin=0.503)),
    "pairwise_distance": (
        of_arrays(TABLES.flatmap(lambda s: separated_arrays((s, s))), p=st.sampled_from([1.0, 2.0, 3.0])),
        lambda x, y, p: np.linalg.norm(x - y + 1e-6, p, -1),
        functional("pairwise_distance"),
    ),
    "pdist": (
        of_arrays(TABLES.flatmap(lambda s: separated_arrays((s,)))),
        lambda x: np.array([np.linalg.norm(a - b) for i, a in enumerate(x) for b in x[i + 1 :]]),
        functional("pdist"),
    ),
}

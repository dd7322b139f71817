"""Functions made of ops: how to draw their arguments, how we are called, and what NumPy says the result is."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from hypothesis import strategies as st

import autograd
from autograd import ops
from autograd.testing import arrays, booleans, broadcastable, integers, separated, separated_arrays, shapes
from tests.properties import (
    composed_arrangement,
    composed_complex,
    composed_elementwise,
    composed_grids,
    composed_images,
    composed_linalg,
    composed_losses,
    composed_seldom,
    composed_windows,
)
from tests.properties.calls import PAIR, Call, along, call, of_arrays, reduced
from tests.properties.cases import attended


class Composed(NamedTuple):
    """A case: `draw` gives Calls, `ours` takes tensors, `plain` arrays."""

    draw: Any
    plain: Callable
    ours: Callable


def case(draw: Any, plain: Callable, ours: Callable | str) -> Composed:
    return Composed(draw, plain, getattr(ops, ours) if isinstance(ours, str) else ours)


def each(shape: Any, index: np.ndarray, dim: int) -> Any:
    """Every place of an index with where it points to along dim."""
    for place in np.ndindex(*index.shape):
        there = list(place)
        there[dim] = index[place]
        yield place, tuple(there)


def plain_gather(x: np.ndarray, dim: int, index: np.ndarray) -> np.ndarray:
    out = np.zeros(index.shape, x.dtype)
    for place, there in each(x.shape, index, dim):
        out[place] = x[there]
    return out


def plain_scatter(x: np.ndarray, src: np.ndarray, dim: int, index: np.ndarray, add: bool = False) -> np.ndarray:
    out = x.copy()
    for place, there in each(x.shape, index, dim):
        out[there] = src[place] + (out[there] if add else 0)
    return out


@st.composite
def gathered(draw: Any, src: bool = False, unique: bool = False, full: bool = False) -> Call:
    """x, an index that may be smaller in the other dims, and, where wanted, the values that are written."""
    x = draw(arrays(shapes(min_dims=1)))
    dim = draw(st.integers(-x.ndim, x.ndim - 1))
    sides = [n if full else draw(st.integers(1, n)) for n in x.shape]
    sides[dim] = draw(st.integers(1, x.shape[dim] if unique else 4))
    order = np.argsort(draw(arrays(x.shape)), axis=dim)
    index = order[tuple(map(slice, sides))] if unique else draw(integers(tuple(sides), 0, x.shape[dim]))
    return Call((x, draw(arrays(index.shape))) if src else (x,), {"dim": dim, "index": index})


@st.composite
def selected(draw: Any, what: str) -> Call:
    x = draw(arrays(shapes(min_dims=1)))
    dim = draw(st.integers(-x.ndim, x.ndim - 1))
    n = x.shape[dim]
    if what == "index_select":
        keywords: dict = {"index": draw(integers(shapes(1, 1, 1, 4), 0, n))}
    elif what == "select":
        keywords = {"index": draw(st.integers(-n, n - 1))}
    elif what == "repeats":
        keywords = {"repeats": draw(st.integers(1, 3) | integers((n,), 0, 3))}
    else:
        start = draw(st.integers(0, n - 1))
        keywords = {"start": start, "length": draw(st.integers(0, n - start))}
    return Call((x,), {"dim": dim, **keywords})


@st.composite
def windowed(draw: Any) -> Call:
    x = draw(arrays(shapes(min_dims=1, max_dims=2, max_side=4)))
    dim = draw(st.integers(-x.ndim, x.ndim - 1))
    return Call((x,), {"dimension": dim, "size": draw(st.integers(1, x.shape[dim])), "step": draw(st.integers(1, 3))})


def plain_unfold(x: np.ndarray, dimension: int, size: int, step: int) -> np.ndarray:
    moved = np.moveaxis(x, dimension, -1)
    windows = [moved[..., i : i + size] for i in range(0, moved.shape[-1] - size + 1, step)]
    return np.moveaxis(np.stack(windows, -2), -2, dimension % x.ndim)


@st.composite
def swapped(draw: Any) -> Call:
    x = draw(arrays(shapes(min_dims=1)))
    dim = st.integers(-x.ndim, x.ndim - 1)
    return Call((x,), {"dim0": draw(dim), "dim1": draw(dim)})


@st.composite
def moved(draw: Any) -> Call:
    x = draw(arrays(shapes(min_dims=1)))
    count = draw(st.integers(1, x.ndim))
    orders = [tuple(draw(st.permutations(range(x.ndim)))[:count]) for _ in range(2)]
    return Call((x,), {"source": orders[0], "destination": orders[1]})


@st.composite
def squeezed(draw: Any) -> Call:
    x = draw(arrays(shapes(min_dims=1, max_side=2)))
    return Call((x,), draw(st.just({}) | st.integers(-x.ndim, x.ndim - 1).map(lambda d: {"dim": d})))


def plain_squeeze(x: np.ndarray, dim: int | None = None) -> np.ndarray:
    return np.squeeze(x) if dim is None else np.squeeze(x, dim) if x.shape[dim] == 1 else x


@st.composite
def flattened(draw: Any) -> Call:
    x = draw(arrays(shapes()))
    start = draw(st.integers(0, max(x.ndim - 1, 0)))
    return Call((x,), {"start_dim": start, "end_dim": draw(st.sampled_from([-1, max(x.ndim - 1, 0), start]))})


def plain_flatten(x: np.ndarray, start_dim: int, end_dim: int) -> np.ndarray:
    end = end_dim % max(x.ndim, 1)
    return x.reshape(*x.shape[:start_dim], -1, *x.shape[end + 1 :])


def unflattened() -> Any:
    return call(
        arrays(st.sampled_from([(6,), (2, 6), (6, 2)])), sizes=st.sampled_from([(2, 3), (-1, 2), (3, 2, -1)])
    ).map(lambda c: Call(c.args, {"dim": c.args[0].shape.index(6), **c.keywords}))


def plain_unflatten(x: np.ndarray, dim: int, sizes: tuple) -> np.ndarray:
    return (
        np.stack([r.reshape(sizes) for r in np.moveaxis(x, dim, -1).reshape(-1, 6)]).reshape(
            *x.shape[:dim], *np.zeros(6).reshape(sizes).shape, *x.shape[dim + 1 :]
        )
        if dim == x.ndim - 1
        else np.moveaxis(np.stack([r.reshape(sizes) for r in x.T]), 0, -1)
    )


@st.composite
def pieces(draw: Any) -> Call:
    """Tensors of one shape, but for one dim where they are joined."""
    shape = draw(shapes(min_dims=1))
    dim = draw(st.integers(-len(shape), len(shape) - 1))
    sides = draw(st.lists(st.integers(0, 3), min_size=1, max_size=3))
    stacked = np.moveaxis(np.zeros(shape), dim, 0)[:0]
    full = [np.moveaxis(np.zeros((side, *stacked.shape[1:])), 0, dim).shape for side in sides]
    return Call(tuple(draw(arrays(s)) for s in full), {"dim": dim})


@st.composite
def stacks(draw: Any, keywords: bool = True, min_dims: int = 0) -> Call:
    shape = draw(shapes(min_dims=min_dims))
    parts = tuple(draw(arrays(shape)) for _ in range(draw(st.integers(1, 3))))
    return Call(parts, {"dim": draw(st.integers(-len(shape) - 1, len(shape)))} if keywords else {})


def products(*patterns: str) -> Any:
    """Operands whose shapes are spelled in letters, each letter a size."""

    def build(sizes: dict) -> Any:
        return call(*[arrays(tuple(sizes[letter] for letter in pattern)) for pattern in patterns])

    return st.fixed_dictionaries({letter: st.integers(1, 3) for letter in "".join(patterns)}).flatmap(build)


EINSUMS = {
    "ij,jk->ik": ("ij", "jk"),
    "ij,jk": ("ij", "jk"),
    "ii->i": ("ii",),
    "ii": ("ii",),
    "iji->j": ("iji",),
    "ii,ij->j": ("ii", "ij"),
    "i,j->ij": ("i", "j"),
    "ij->": ("ij",),
    "ba": ("ab",),
    "bij,bjk->bik": ("bij", "bjk"),
    "...ij,...jk->...ik": ("bij", "bjk"),
    "...ij,jk->...ik": ("abij", "jk"),
    "i...->...": ("iab",),
    "...i,i": ("abi", "i"),
    "...ii->...i": ("bii",),
    "iiji->ji": ("iiji",),
    "i,i,i->i": ("i", "i", "i"),
    "ij,jk,kl->il": ("ij", "jk", "kl"),
}


@st.composite
def einsums(draw: Any) -> Call:
    equation = draw(st.sampled_from(sorted(EINSUMS)))
    return Call(draw(products(*EINSUMS[equation])).args, {"equation": equation})


@st.composite
def contracted(draw: Any) -> Call:
    which = draw(st.sampled_from([("ijk", "jkl", 2), ("ij", "jk", 1), ("i", "j", 0), ("ijk", "kli", ([0, 2], [2, 0]))]))
    return Call(draw(products(*which[:2])).args, {"dims": which[2]})


def diagonals() -> Any:
    pairs = st.sampled_from([(0, 1), (1, 0), (-1, 0), (0, -1)])
    return st.tuples(arrays(shapes(min_dims=2)), st.integers(-2, 2), pairs).map(
        lambda c: Call((c[0],), {"offset": c[1], "dim1": c[2][0], "dim2": c[2][1]})
    )


def rows(extra: Any) -> Any:
    shape = shapes(min_dims=1)
    return shape.flatmap(lambda s: call(separated(s), dim=st.integers(-len(s), len(s) - 1), keepdim=extra))


@st.composite
def tops(draw: Any) -> Call:
    x, keywords = draw(along(shapes(min_dims=1)))
    k = draw(st.integers(0, x[0].shape[keywords["dim"]]))
    return Call(x, {**keywords, "k": k, "largest": draw(st.booleans())})


def plain_topk(x: np.ndarray, dim: int, k: int, largest: bool) -> tuple:
    order = np.argsort(-x if largest else x, axis=dim)
    index = np.take(order, range(k), axis=dim)
    return plain_gather(x, dim, index), index


def plain_sort(x: np.ndarray, dim: int, descending: bool) -> tuple:
    return plain_topk(x, dim, x.shape[dim], descending) if x.ndim else (x, np.zeros((), int))


def plain_extreme(x: np.ndarray, dim: int, keepdim: bool, find: Callable) -> tuple:
    index = find(x, axis=dim, keepdims=True)
    values = plain_gather(x, dim, index)
    return (values, index) if keepdim else (values.squeeze(dim), index.squeeze(dim))


def lower_median(x: np.ndarray, dim: int, keepdim: bool) -> tuple:
    return plain_extreme(
        x, dim, keepdim, lambda a, axis, keepdims: np.take(np.argsort(a, axis), [(a.shape[axis] - 1) // 2], axis)
    )


def norms() -> Any:
    orders = st.sampled_from([None, "fro", 1, 2, 3, 1.5, np.inf, -np.inf])
    return reduced(shapes(), kinks=(0,), p=orders)


def plain_norm(x: np.ndarray, p: Any, dim: Any, keepdim: bool) -> np.ndarray:
    p = 2 if p in (None, "fro") else p
    if np.isinf(p):
        return (np.max if p > 0 else np.min)(np.abs(x), axis=dim, keepdims=keepdim)
    return np.sum(np.abs(x) ** p, axis=dim, keepdims=keepdim) ** (1 / p)


def spreads() -> Any:
    return reduced(shapes(min_dims=1, min_side=2), (), unbiased=st.booleans())


def clamps() -> Any:
    def build(s: tuple) -> Any:
        return separated_arrays((np.broadcast_shapes(*s), s[0], s[1])).map(
            lambda a: Call((a[0], np.asarray(np.minimum(a[1], 0) - 0.5), np.asarray(np.maximum(a[2], 0) + 0.5)), {})
        )

    return (
        broadcastable(2, max_side=2)
        .flatmap(build)
        .filter(lambda c: min(np.abs(c.args[0] - c.args[1]).min(), np.abs(c.args[0] - c.args[2]).min()) > 1e-3)
    )


def entropies() -> Any:
    options = {
        "ignore_index": st.sampled_from([-100, 1]),
        "label_smoothing": st.sampled_from([0.0, 0.2]),
        "reduction": st.sampled_from(["mean", "sum", "none"]),
    }
    return (
        st.integers(2, 4)
        .flatmap(
            lambda v: st.integers(1, 4).flatmap(
                lambda n: call(arrays((n, v)), st.just(np.arange(n) * 2 % v), **options)
            )
        )
        .filter(lambda c: (c.args[1] != c.keywords["ignore_index"]).any())
    )


def plain_entropy(logits: Any, target: Any, ignore_index: int, label_smoothing: float, reduction: str) -> Any:
    logs = np.log(np.exp(logits) / np.exp(logits).sum(1, keepdims=True))
    wanted = np.eye(logits.shape[1])[target] * (1 - label_smoothing) + label_smoothing / logits.shape[1]
    kept = target != ignore_index
    found = -(logs * wanted).sum(1) * kept
    return {"none": found, "sum": found.sum(), "mean": found.sum() / kept.sum()}[reduction]


def plain_weights(q: Any, k: Any, mask: Any, causal: bool, scale: float) -> np.ndarray:
    scores = np.einsum("...td,...sd->...ts", q, k) * scale
    hidden = np.zeros(scores.shape[-2:], bool)
    t, s = hidden.shape
    if causal:
        hidden |= np.arange(s)[None] > np.arange(t)[:, None] + s - t
    if mask is not None:
        scores, hidden = (scores, hidden | ~mask) if mask.dtype == bool else (scores + mask, hidden)
    weights = np.exp(scores) * ~hidden
    total = weights.sum(-1, keepdims=True)
    return weights / np.where(total == 0, 1, total)


def plain_attention(q: Any, k: Any, v: Any, mask: Any, causal: bool, scale: float) -> np.ndarray:
    return plain_weights(q, k, mask, causal, scale) @ v


def weighed() -> st.SearchStrategy:
    return attended().map(lambda call: Call((*call.args[:2], call.args[3]), call.keywords))


def several(function: Callable) -> Callable:
    """A function of a sequence of tensors, taking them one by one."""
    return lambda *tensors, **keywords: function(tensors, **keywords)


COMPOSED: dict[str, Composed] = {
    "transpose": case(swapped(), lambda x, dim0, dim1: np.swapaxes(x, dim0, dim1), "transpose"),
    "movedim": case(moved(), np.moveaxis, "movedim"),
    "squeeze": case(squeezed(), plain_squeeze, "squeeze"),
    "unsqueeze": case(along(), lambda x, dim: np.expand_dims(x, dim), "unsqueeze"),
    "flatten": case(flattened(), plain_flatten, "flatten"),
    "unflatten": case(unflattened(), plain_unflatten, "unflatten"),
    "cat": case(pieces(), several(lambda ts, dim: np.concatenate(ts, dim)), several(ops.cat)),
    "stack": case(stacks(), several(lambda ts, dim: np.stack(ts, dim)), several(ops.stack)),
    "hstack": case(stacks(False, 1), several(np.hstack), several(ops.hstack)),
    "vstack": case(stacks(False, 1), several(np.vstack), several(ops.vstack)),
    "split": case(
        along(split_size_or_sections=st.integers(1, 3)),
        lambda x, dim, split_size_or_sections: tuple(
            np.split(x, range(split_size_or_sections, x.shape[dim], split_size_or_sections), dim)
        ),
        "split",
    ),
    "chunk": case(
        along(chunks=st.integers(1, 4)),
        lambda x, dim, chunks: tuple(
            np.split(x, range(-(-x.shape[dim] // chunks), x.shape[dim], -(-x.shape[dim] // chunks)), dim)
        ),
        "chunk",
    ),
    "unbind": case(along(), lambda x, dim: tuple(np.moveaxis(x, dim, 0)), "unbind"),
    "reversed": case(call(arrays(shapes())), lambda x: x[::-1] if x.ndim else x, lambda x: reversed(x)),
    "tile": case(
        call(arrays(shapes(max_dims=2)), dims=st.lists(st.integers(1, 2), min_size=1, max_size=3).map(tuple)),
        lambda x, dims: np.tile(x, dims),
        lambda x, dims: ops.tile(x, dims),
    ),
    "narrow": case(
        selected("narrow"), lambda x, dim, start, length: np.take(x, range(start, start + length), dim), "narrow"
    ),
    "select": case(selected("select"), lambda x, dim, index: np.take(x, index, dim), "select"),
    "index_select": case(selected("index_select"), lambda x, dim, index: np.take(x, index, dim), "index_select"),
    "repeat_interleave": case(
        selected("repeats"), lambda x, dim, repeats: np.repeat(x, repeats, dim), "repeat_interleave"
    ),
    "unfold": case(windowed(), plain_unfold, "unfold"),
    "gather": case(gathered(), plain_gather, "gather"),
    "take_along_dim": case(
        gathered(full=True).map(lambda c: Call(c.args, {"dim": c.keywords["dim"], "indices": c.keywords["index"]})),
        lambda x, dim, indices: np.take_along_axis(x, indices, dim),
        "take_along_dim",
    ),
    "scatter": case(
        gathered(src=True, unique=True), plain_scatter, lambda x, src, dim, index: ops.scatter(x, dim, index, src)
    ),
    "scatter_add": case(
        gathered(src=True),
        lambda x, src, dim, index: plain_scatter(x, src, dim, index, add=True),
        lambda x, src, dim, index: ops.scatter_add(x, dim, index, src),
    ),
    "masked_select": case(
        broadcastable(2).flatmap(lambda s: call(arrays(s[0]), mask=booleans(s[1]))),
        lambda x, mask: np.broadcast_to(x, np.broadcast_shapes(x.shape, mask.shape))[
            np.broadcast_to(mask, np.broadcast_shapes(x.shape, mask.shape))
        ],
        "masked_select",
    ),
    "sort": case(along(shapes(), descending=st.booleans()), plain_sort, "sort"),
    "topk": case(tops(), plain_topk, "topk"),
    "max": case(rows(st.booleans()), lambda x, **k: plain_extreme(x, find=np.argmax, **k), "max"),
    "min": case(rows(st.booleans()), lambda x, **k: plain_extreme(x, find=np.argmin, **k), "min"),
    "median": case(rows(st.booleans()), lower_median, "median"),
    "mm": case(products("ij", "jk"), np.matmul, "mm"),
    "bmm": case(products("bij", "bjk"), np.matmul, "bmm"),
    "mv": case(products("ij", "j"), np.matmul, "mv"),
    "dot": case(products("i", "i"), np.dot, "dot"),
    "outer": case(products("i", "j"), np.outer, "outer"),
    "addmm": case(
        of_arrays(products("ik", "ij", "jk").map(lambda c: c.args), beta=st.sampled_from([1, 0.5]), alpha=st.just(2)),
        lambda x, a, b, beta, alpha: beta * x + alpha * (a @ b),
        "addmm",
    ),
    "addr": case(
        of_arrays(products("ij", "i", "j").map(lambda c: c.args), beta=st.sampled_from([1, 0.5]), alpha=st.just(2)),
        lambda x, a, b, beta, alpha: beta * x + alpha * np.outer(a, b),
        "addr",
    ),
    "tensordot": case(contracted(), lambda x, y, dims: np.tensordot(x, y, dims), "tensordot"),
    "einsum": case(
        einsums(),
        lambda *ts, equation: np.einsum(equation, *ts),
        lambda *ts, equation: ops.einsum(equation, *ts),
    ),
    "diagonal": case(diagonals(), lambda x, offset, dim1, dim2: np.diagonal(x, offset, dim1, dim2), "diagonal"),
    "diag": case(
        call(arrays(shapes(min_dims=1, max_dims=2)), diagonal=st.integers(-1, 1)).filter(
            lambda c: min(c.args[0].shape) > abs(c.keywords["diagonal"])
        ),
        lambda x, diagonal: np.diag(x, diagonal),
        "diag",
    ),
    "trace": case(call(arrays(shapes(min_dims=2, max_dims=2))), np.trace, "trace"),
    "add": case(
        of_arrays(PAIR.flatmap(lambda s: st.tuples(arrays(s[0]), arrays(s[1]))), alpha=st.sampled_from([1, -0.5])),
        lambda x, y, alpha: x + alpha * y,
        ops.add,
    ),
    "sub": case(
        of_arrays(PAIR.flatmap(lambda s: st.tuples(arrays(s[0]), arrays(s[1]))), alpha=st.sampled_from([1, -0.5])),
        lambda x, y, alpha: x - alpha * y,
        ops.sub,
    ),
    "clamp": case(clamps(), lambda x, low, high: np.minimum(np.maximum(x, low), high), "clamp"),
    "var": case(
        spreads(), lambda x, dim, keepdim, unbiased: np.var(x, dim, ddof=int(unbiased), keepdims=keepdim), "var"
    ),
    "std": case(
        spreads(), lambda x, dim, keepdim, unbiased: np.std(x, dim, ddof=int(unbiased), keepdims=keepdim), "std"
    ),
    "norm": case(norms(), plain_norm, "norm"),
    "cross_entropy": case(entropies(), plain_entropy, "cross_entropy"),
    "attention": case(attended(), plain_attention, "attention"),
    "attention_weights": case(weighed(), plain_weights, "attention_weights"),
    "embedding": case(call(arrays((4, 2)), integers(shapes(), 0, 4)), lambda w, i: w[i], "embedding"),
    "broadcast_tensors": case(
        of_arrays(PAIR.flatmap(lambda s: st.tuples(*map(arrays, s)))), np.broadcast_arrays, "broadcast_tensors"
    ),
    "expand": case(
        broadcastable(2).flatmap(lambda s: call(arrays(s[0]), size=st.just(np.broadcast_shapes(*s)))),
        lambda x, size: np.broadcast_to(x, size),
        lambda x, size: x.expand(size),
    ),
}

MODULES = composed_linalg.LINALG | composed_elementwise.ELEMENTWISE | composed_arrangement.ARRANGEMENT
MODULES |= composed_losses.LOSSES | composed_complex.COMPLEX | composed_seldom.SELDOM
IMAGES = composed_windows.WINDOWS | composed_images.IMAGES  # beside torch in tests/parity/test_conv_parity.py
IMAGES |= composed_grids.GRIDS
COMPOSED |= {name: case(draw, plain, of(autograd)) for name, (draw, plain, of) in (MODULES | IMAGES).items()}

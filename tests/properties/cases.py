"""How to draw arguments for every op of the table: CASES has a strategy of Calls for each name in autograd.ops.OPS."""

import math
from typing import Any

import numpy as np
from hypothesis import strategies as st

from autograd.base import apply_view
from autograd.ops import OPS
from autograd.testing import (
    arrays,
    basic_indices,
    booleans,
    broadcastable,
    indices,
    integers,
    positive,
    separated,
    separated_arrays,
    shapes,
)
from tests.properties import (
    cases_activations,
    cases_complex,
    cases_conv,
    cases_decompositions,
    cases_recurrent,
    cases_special,
)
from tests.properties.calls import (
    ANY,
    PAIR,
    Call,
    along,
    away_from,
    call,
    compared,
    counted,
    dims_of,
    of_arrays,
    one,
    reduced,
    two,
    with_zeros,
)

FUNCTIONS = {name: op.function for name, op in OPS.items()}

WHOLE = of_arrays(PAIR.flatmap(lambda s: st.tuples(integers(s[0], -5, 6), integers(s[1], -5, 6))))
TRUTHS = of_arrays(PAIR.flatmap(lambda s: st.tuples(booleans(s[0]), booleans(s[1]))))
NUMBERS_OF_NOTE = arrays(ANY).map(lambda a: np.where(np.abs(a) < 1, np.array([np.nan, np.inf, -np.inf])[a.size % 3], a))


@st.composite
def remainders(draw: Any, keywords: Any = {}) -> Call:  # noqa: B006 - read only
    """x and y with x / y away from whole numbers, where the remainder jumps."""
    (shape, other) = draw(broadcastable(2))
    y = draw(positive(other, 0.5, 2)) * draw(st.sampled_from([1, -1]))
    quotient = draw(separated(shape, kinks=range(-3, 4), gap=0.01))
    y = np.full(other, y.flat[0])
    return Call((np.asarray(quotient * y.flat[0]), y), draw(st.fixed_dictionaries(keywords)))


@st.composite
def clamped(draw: Any) -> Call:
    """x, and bounds that are numbers, arrays that broadcast with it, or None; min may be above max."""
    arrays = draw(broadcastable(3).flatmap(separated_arrays))
    low, high = (draw(st.sampled_from([None, number, array])) for number, array in zip((-1.003, 1.507), arrays[1:]))
    return Call((arrays[0], low, high if low is not None or high is not None else 1.507), {})


def with_output(function: str) -> Any:
    """An upstream gradient, and the output of softmax or log_softmax along a dim."""

    def build(x: Call) -> Any:
        y = FUNCTIONS[function](x.args[0], **x.keywords)
        return call(arrays(y.shape), st.just(y), dim=st.just(x.keywords["dim"]))

    return along().flatmap(build)


@st.composite
def reshaped(draw: Any) -> Call:
    x = draw(arrays(ANY))
    sizes = [(x.size,), (-1,), x.shape, (1, *x.shape), tuple(reversed(x.shape))]
    return Call((x,), {"size": draw(st.sampled_from(sizes if x.size else sizes[:1]))})


@st.composite
def permuted(draw: Any) -> Call:
    x = draw(arrays(ANY))
    order = draw(st.permutations([i - draw(st.sampled_from([0, x.ndim])) for i in range(x.ndim)]))
    return Call((x,), {"dim": draw(st.sampled_from([None, tuple(order)]))})


@st.composite
def widened(draw: Any) -> Call:
    inner, outer = draw(broadcastable(2))
    return Call((draw(arrays(inner)),), {"size": np.broadcast_shapes(inner, outer)})


@st.composite
def joined(draw: Any) -> Call:
    shape = draw(shapes(min_dims=1))
    dim = draw(st.integers(-len(shape), len(shape) - 1))
    sides = draw(st.lists(st.integers(0, 3), min_size=1, max_size=3))
    parts = []
    for side in sides:
        own = list(shape)
        own[dim] = side
        parts.append(draw(arrays(tuple(own))))
    return Call(tuple(parts), {"dim": dim})


@st.composite
def cut(draw: Any) -> Call:
    x = draw(arrays(shapes(min_dims=1, max_side=4)))
    dim = draw(st.integers(-x.ndim, x.ndim - 1))
    stops = draw(st.lists(st.integers(0, x.shape[dim]), min_size=1, max_size=3).map(sorted).map(tuple))
    return Call((x,), {"stops": stops, "dim": dim})


@st.composite
def side_by_side(draw: Any) -> Call:
    heads, parts, size = (draw(st.integers(1, 3)) for _ in range(3))
    x = draw(arrays(shapes(min_dims=1, max_dims=3, max_side=3).map(lambda s: (*s, parts * heads * size))))
    return Call((x,), {"heads": heads, "parts": parts})


@st.composite
def rolled(draw: Any) -> Call:
    x = draw(arrays(shapes(min_dims=1)))
    dim = draw(dims_of(x.ndim))
    shifts = st.integers(-4, 4)
    return Call(
        (x,), {"shifts": draw(st.tuples(*[shifts] * len(dim)) if isinstance(dim, tuple) else shifts), "dim": dim}
    )


@st.composite
def repeated(draw: Any) -> Call:
    x = draw(arrays(shapes(max_dims=2)))
    extra = draw(st.integers(0, 1))
    return Call((x,), {"size": tuple(draw(st.integers(1, 3)) for _ in range(x.ndim + extra))})


@st.composite
def padded(draw: Any) -> Call:
    x = draw(arrays(shapes(min_dims=1) | shapes(min_dims=1, min_side=0)))
    width = tuple((draw(st.integers(0, 2)), draw(st.integers(0, 2))) for _ in range(x.ndim))
    return Call((x,), {"width": width, "value": draw(st.sampled_from([0.0, 1.5]))})


def taken() -> Any:
    return shapes().flatmap(lambda s: call(arrays(s), index=indices(s)))


@st.composite
def put_back(draw: Any) -> Call:
    shape = draw(shapes())
    index = draw(indices(shape))
    return Call((draw(arrays(np.zeros(shape)[index].shape)),), {"index": index, "size": shape})


@st.composite
def overwritten(draw: Any) -> Call:
    """x, an index without repeats, and a value that broadcasts to what it names."""
    x = draw(arrays(shapes(min_dims=1)))
    whole_rows = st.permutations(range(x.shape[0])).map(lambda p: (np.array(p[:2]),))
    basic = indices(x.shape).filter(
        lambda i: np.unique(np.arange(x.size).reshape(x.shape)[i]).size == np.zeros(x.shape)[i].size
    )
    index = draw(whole_rows | basic | booleans(x.shape))
    target = np.zeros(x.shape)[index].shape
    return Call((x, draw(arrays(draw(st.sampled_from([target, (), target[1:]]))))), {"index": index})


@st.composite
def written(draw: Any) -> Call:
    """x, and a value in the place of a slice of its transpose."""
    x = draw(arrays(shapes(min_dims=1)))
    index = draw(basic_indices(x.T.shape))
    view_fn = ((None, FUNCTIONS["permute"], {}, None), FUNCTIONS["getitem"], {"index": index}, None)
    order = tuple(draw(st.permutations(range(x.ndim))))
    return Call((x, draw(arrays(apply_view(view_fn, x).shape))), {"view_fn": view_fn, "order": order})


@st.composite
def diagonals(draw: Any) -> Call:
    x = draw(arrays(shapes(min_dims=2) | shapes(min_dims=2, min_side=0)))
    dim1, dim2 = draw(st.permutations([d - draw(st.sampled_from([0, x.ndim])) for d in range(x.ndim)]))[:2]
    return Call((x,), {"offset": draw(st.integers(-2, 2)), "dim1": dim1, "dim2": dim2})


@st.composite
def windows(draw: Any, back: bool = False) -> Call:
    """A tensor and windows along a dim of it, which overlap or not; or (`back`) the windows, to be added up."""
    x = draw(arrays(shapes(max_side=4)))
    dim = draw(st.integers(-max(x.ndim, 1), max(x.ndim, 1) - 1))
    size = draw(st.integers(0, x.shape[dim] if x.ndim else 1))
    keywords = {"dimension": dim, "size": size, "step": draw(st.integers(1, 3))}
    if not back:
        return Call((x,), keywords)
    taken = FUNCTIONS["unfold"](x, **keywords)
    return Call((draw(arrays(taken.shape)),), {**keywords, "sizes": x.shape})


@st.composite
def multiplied(draw: Any) -> Call:
    """Vectors, matrices, and batches that broadcast."""
    n, m, p = (draw(st.integers(0, 2)) for _ in range(3))
    left, right = draw(broadcastable(2, max_dims=2, max_side=2))
    x = draw(st.sampled_from([(m + 1,), (n, m + 1), (*left, n, m + 1)]))
    y = draw(st.sampled_from([(m + 1,), (m + 1, p), (*right, m + 1, p)]))
    return Call((draw(arrays(x)), draw(arrays(y))), {})


@st.composite
def linear(draw: Any) -> Call:
    x = draw(arrays(shapes(min_dims=1) | shapes(min_dims=2, min_side=0)))
    out = draw(st.integers(1, 3))
    bias = draw(st.none() | arrays((out,)))
    return Call((x, draw(arrays((out, x.shape[-1]))), bias), {})


@st.composite
def einsums(draw: Any) -> Call:
    """Operands without repeated subscripts, of one to three tensors."""
    sizes = {letter: draw(st.integers(1, 3)) for letter in "abcd"}
    subscripts = st.lists(st.sampled_from("abcd"), max_size=3, unique=True).map("".join)
    inputs = tuple(draw(st.lists(subscripts, min_size=1, max_size=3)))
    output = draw(st.permutations(sorted(set("".join(inputs)))))
    output = "".join(output[: draw(st.integers(0, len(output)))])
    operands = [draw(arrays(tuple(sizes[letter] for letter in s))) for s in inputs]
    return Call(tuple(operands), {"inputs": inputs, "output": output})


@st.composite
def normalised(draw: Any, bias: bool) -> Call:
    x = draw(arrays(shapes(min_dims=1).map(lambda s: (*s[:-1], s[-1] + 1))))
    vectors = [draw(st.none() | arrays(x.shape[-1:])) for _ in range(2 if bias else 1)]
    return Call((x, *vectors), {"eps": draw(st.sampled_from([1e-2, 1e-5]))})


@st.composite
def classified(draw: Any) -> Call:
    n, v = draw(st.integers(0, 4)), draw(st.integers(1, 4))
    target = draw(integers((n,), 0, v))
    ignored = draw(booleans((n,)))
    smoothing = draw(st.sampled_from([0.0, 0.1]))
    target = np.where(ignored, -100, target)
    return Call((draw(arrays((n, v))), target), {"ignore_index": -100, "label_smoothing": smoothing})


@st.composite
def attended(draw: Any) -> Call:
    """q, k, v with one batch shape; a mask that hides nothing, some keys, or (added) has its own numbers."""
    batch = draw(shapes(max_dims=2, max_side=2))
    t, s, d, e = (draw(st.integers(1, 3)) for _ in range(4))
    q, k, v = (draw(arrays((*batch, *shape))) for shape in ((t, d), (s, d), (s, e)))
    mask = draw(st.none() | booleans((t, s)) | arrays((t, s)))
    return Call(
        (q, k, v, mask), {"causal": draw(st.booleans()), "scale": draw(st.sampled_from([0.5, 1 / math.sqrt(d)]))}
    )


@st.composite
def turned(draw: Any) -> Call:
    x = draw(arrays(shapes(min_dims=2, max_dims=3).map(lambda s: (*s[:-1], 2 * s[-1]))))
    cos, sin = (draw(arrays((x.shape[-2], x.shape[-1] // 2))) for _ in range(2))
    return Call((x, cos, sin), {})


@st.composite
def rows_added(draw: Any) -> Call:
    index = draw(integers(shapes(min_dims=1, max_dims=2), 0, 3))
    return Call((draw(arrays((*index.shape, 2))),), {"index": index, "rows": 4})


@st.composite
def rows_taken(draw: Any) -> Call:
    return Call((draw(arrays((4, 2))), draw(integers(shapes(min_side=0), 0, 3))), {})


class SameNumbers:
    """A NumPy generator that gives the same numbers each time, so that dropout drops the same elements."""

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def random(self, shape: Any, dtype: Any) -> np.ndarray:
        return np.random.default_rng(self.seed).random(shape, dtype)


def masked_fills() -> Any:
    return broadcastable(2).flatmap(lambda s: call(arrays(np.broadcast_shapes(*s)), booleans(s[0]), arrays(())))


def wheres() -> Any:
    return broadcastable(3).flatmap(lambda s: call(booleans(s[0]), arrays(s[1]), arrays(s[2])))


def lerps() -> Any:
    return broadcastable(3).flatmap(lambda s: call(*map(arrays, s)))


ROUNDED = {"rounding_mode": st.sampled_from(["floor", "trunc"])}
CORRECTIONS = {"unbiased": st.booleans(), "correction": st.sampled_from([None, 0, 1])}
DIAGONAL = {"diagonal": st.integers(-3, 3)}
MATRICES = shapes(min_dims=2)
TENTHS = integers(ANY, -30, 31).map(lambda a: np.asarray(a / 10 + 0.02))
FILLED = shapes()
SPREAD = shapes(min_dims=1).map(lambda s: tuple(n + 1 for n in s))

CASES: dict[str, Any] = (
    {name: one() for name in "identity neg square exp exp2 expm1 sin cos sinh cosh tanh atan asinh".split()}
    | {name: one() for name in "sigmoid softplus erf silu clone".split()}
    | {name: one(0.3, 3) for name in "log log2 log10 sqrt rsqrt".split()}
    | {name: one(-0.8, 0.8) for name in "asin acos atanh".split()}
    | {"tan": one(-1.2, 1.2), "log1p": one(-0.7, 3), "acosh": one(1.3, 4), "reciprocal": away_from(0)}
    | {name: away_from(0) for name in "relu abs sign".split()}
    | {name: away_from(*range(-3, 4)) for name in "floor ceil trunc".split()}
    | {"round": away_from(*np.arange(-3.5, 4), decimals=st.just(0)) | call(TENTHS, decimals=st.just(1))}
    | {"leaky_relu": away_from(0, negative_slope=st.sampled_from([0.01, 0.3]))}
    | {"hardtanh": away_from(-1, 1) | away_from(0, 2, min_val=st.just(0), max_val=st.just(2))}
    | {"linear_step": one(), "constant_in": two()}
    | {"elu": away_from(0, alpha=st.sampled_from([1.0, 0.7]), scale=st.just(1.1), input_scale=st.just(0.8))}
    | {"clamp": clamped(), "nan_to_num": one(), "log_or_floor": one(0.05, 0.95)}
    | {"gelu": one(approximate=st.sampled_from(["none", "tanh"])), "cast": one(dtype=st.just(np.float64))}
    | {name: two(alpha=st.sampled_from([1, 2, 0.5])) for name in ("add", "sub")}
    | {name: two() for name in "mul logaddexp bce_with_logits isclose".split()}
    | {"div": of_arrays(PAIR.flatmap(lambda s: separated_arrays(s, kinks=(0,)))) | remainders(ROUNDED)}
    | {"pow": of_arrays(PAIR.flatmap(lambda s: st.tuples(positive(s[0]), arrays(s[1]))))}
    | {"atan2": of_arrays(PAIR.flatmap(lambda s: separated_arrays(s, kinks=(0,), gap=0.025)))}
    | {"remainder": remainders(), "fmod": remainders(), "lerp": lerps(), "where": wheres()}
    | {"masked_fill": masked_fills(), "maximum": compared(), "minimum": compared()}
    | {name: WHOLE | two() for name in "eq ne lt le gt ge".split()}
    | dict.fromkeys("logical_and logical_or logical_xor".split(), TRUTHS | WHOLE)
    | dict.fromkeys("bitwise_and bitwise_or bitwise_xor".split(), TRUTHS | WHOLE)
    | {name: of_arrays(NUMBERS_OF_NOTE.map(lambda a: (a,))) for name in "isnan isinf isfinite".split()}
    | {"logical_not": call(booleans(ANY)), "bitwise_not": call(booleans(ANY)) | call(integers(ANY, -9, 9))}
    | {"floor_divide": remainders()}
    | {name: reduced() for name in "sum mean".split()}
    | {"prod": with_zeros(reduced()), "logsumexp": reduced()}
    | {"cumprod": with_zeros(along(shapes()))}
    | {"recurrence": shapes(min_dims=1).flatmap(lambda s: call(arrays(s), arrays(s)))}
    | {name: reduced(SPREAD, (), **CORRECTIONS) for name in ("var", "std")}
    | {name: reduced(FILLED, ()) for name in "amax amin".split()}
    | {"vector_norm": reduced(FILLED, (0,), p=st.sampled_from([1, 2, 3, 1.5]))}
    | {name: FILLED.flatmap(lambda s: call(separated(s), dim=dims_of(len(s), False))) for name in ("argmax", "argmin")}
    | {"any": counted(), "all": counted(), "count_nonzero": counted()}
    | {"cumsum": along(shapes()), "argsort": along(shapes(), descending=st.booleans())}
    | {"sort": along(shapes(), descending=st.booleans()), "topk": along(shapes(), k=st.just(1), largest=st.booleans())}
    | {"reshape": reshaped(), "permute": permuted(), "expand": widened(), "concatenate": joined()}
    | {
        "split_at": cut(),
        "unbind": shapes(min_dims=1).flatmap(lambda s: call(arrays(s), dim=st.integers(-len(s), len(s) - 1))),
        "split_heads": side_by_side(),
        "merge_heads": shapes(min_dims=3, max_dims=4).flatmap(lambda s: call(arrays(s))),
        "flip": shapes(min_dims=1).flatmap(lambda s: call(arrays(s), dim=dims_of(len(s)))),
        "roll": rolled(),
    }
    | {name: call(arrays(MATRICES), **DIAGONAL) for name in ("tril", "triu")}
    | {"repeat": repeated(), "pad": padded(), "getitem": taken(), "unindex": put_back(), "index_put": overwritten()}
    | {"matmul": multiplied(), "linear": linear(), "contract": einsums(), "copy_slices": written()}
    | {"diagonal": diagonals(), "unfold": windows(), "fold": windows(back=True)}
    | {"softmax": along(shapes()), "log_softmax": along(shapes())}
    | {f"{name}_backward": with_output(name) for name in ("softmax", "log_softmax")}
    | {"layer_norm": normalised(bias=True), "rms_norm": normalised(bias=False), "cross_entropy_rows": classified()}
    | {"rotary": turned(), "fused_attention": attended(), "embedding_backward": rows_added(), "embedding": rows_taken()}
    | cases_activations.CASES
    | {"dropout": one(p=st.sampled_from([0.0, 0.5, 1.0]), rng=st.integers(0, 99).map(SameNumbers))}
    | cases_conv.CASES
    | cases_complex.CASES
    | cases_decompositions.CASES
    | cases_recurrent.CASES
    | cases_special.CASES
)

"""What the properties draw: Calls of an op, and the strategies that the cases of every family are made of."""

from typing import Any, NamedTuple

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st

from autograd.ops import OPS
from autograd.tensor import Tensor
from autograd.testing import arrays, booleans, broadcastable, separated, separated_arrays, shapes

ANY = shapes() | shapes(min_side=0)
PAIR = broadcastable(2) | broadcastable(2, min_side=0)


class Call(NamedTuple):
    """The arguments of one call: arrays (or None) by position, metadata by keyword."""

    args: tuple
    keywords: dict

    def cast(self, dtype: Any) -> "Call":
        """The same call with its floats in another dtype."""
        keywords = {k: np.dtype(dtype) if k == "dtype" else v for k, v in self.keywords.items()}
        return Call(tuple(a.astype(dtype) if is_float(a) else a for a in self.args), keywords)

    def tensors(self, name: str, requires_grad: bool = True) -> list:
        """The arguments, arrays of floats as tensors that require grad wherever the op has a rule for them."""
        wanted = differentiable(name, self)
        return [
            Tensor(a, dtype=a.dtype, requires_grad=requires_grad and i in wanted) if is_float(a) else a
            for i, a in enumerate(self.args)
        ]


def is_float(value: Any) -> bool:
    return isinstance(value, np.ndarray) and value.dtype.kind == "f"


def differentiable(name: str, call: Call) -> list[int]:
    """The positions of the arguments by which the op has a derivative."""
    return [i for i, a in enumerate(call.args) if is_float(a) and OPS[name].is_differentiable(i)]


def examples(count: int) -> settings:
    """Settings for `count` examples; ten times as many in the profile "explore", at most 3 in "brief"."""
    profile = settings.get_current_profile_name()
    return settings(max_examples={"explore": 10 * count, "brief": min(count, 3)}.get(profile, count))


def call(*args: Any, **keywords: Any) -> Any:
    """A strategy of calls from a strategy for each argument and keyword."""
    return st.builds(Call, st.tuples(*args), st.fixed_dictionaries(keywords))


def one(low: float = -3, high: float = 3, **keywords: Any) -> Any:
    return call(arrays(ANY, low, high), **keywords)


def away_from(*kinks: float, **keywords: Any) -> Any:
    return call(separated(ANY, kinks=kinks), **keywords)


def of_arrays(strategy: Any, **keywords: Any) -> Any:
    return st.builds(Call, strategy, st.fixed_dictionaries(keywords))


def two(low: float = -3, high: float = 3, **keywords: Any) -> Any:
    return of_arrays(PAIR.flatmap(lambda s: st.tuples(arrays(s[0], low, high), arrays(s[1], low, high))), **keywords)


def compared() -> Any:
    return of_arrays(PAIR.flatmap(separated_arrays))


def dims_of(ndim: int, several: bool = True) -> Any:
    """None, one dim, or several."""
    if not ndim:
        return st.sampled_from([None, 0, -1])
    one_dim = st.integers(-ndim, ndim - 1)
    many = st.lists(st.integers(0, ndim - 1), min_size=1, unique=True).map(tuple)
    return st.none() | one_dim | many if several else st.none() | one_dim


def reduced(shape: Any = ANY, kinks: Any = None, low: float = -3, high: float = 3, **keywords: Any) -> Any:
    """A tensor, and the dims that are reduced."""

    def build(s: Any) -> Any:
        x = arrays(s, low, high) if kinks is None else separated(s, low, high, kinks)
        return call(x, dim=dims_of(len(s)), keepdim=st.booleans(), **keywords)

    return shape.flatmap(build)


def with_zeros(draw: Any) -> Any:
    """The calls that `draw` gives, and the same with zeros in the place of some elements of the first argument."""

    def some(c: Call) -> Any:
        return booleans(c.args[0].shape).map(lambda kept: Call((np.asarray(c.args[0] * kept), *c.args[1:]), c.keywords))

    return draw | draw.flatmap(some)


def counted() -> Any:
    """Zeros and ones, and the dims over which they are counted."""
    x = shapes(min_side=0).flatmap(lambda s: st.tuples(booleans(s), dims_of(len(s))))
    return x.map(lambda pair: Call((pair[0],), {"dim": pair[1]}))


def along(shape: Any = None, low: float = -3, high: float = 3, **keywords: Any) -> Any:
    """A tensor, and one of its dims."""

    def build(s: Any) -> Any:
        n = max(len(s), 1)
        return call(separated(s, low, high), dim=st.integers(-n, n - 1), **keywords)

    return (shapes(min_dims=1) if shape is None else shape).flatmap(build)


def symmetric(x: Any) -> Any:
    """The mean of matrices and their transposes, which makes a function of symmetric matrices one of all."""
    return (x + np.swapaxes(x, -1, -2)) / 2


# What the arguments of an op are to pass through first, where it is defined for some matrices alone.
PREPARED: dict[str, Any] = dict.fromkeys(("linalg_cholesky", "linalg_eigh"), symmetric)

# Ops of complex numbers: their properties are those of functions of pairs of reals, in composed_complex.py.
OF_COMPLEX = ("complex", "conj", "fourier", "imag", "real", "view_as_complex", "view_as_real")

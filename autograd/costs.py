"""What operations cost: the multiplications of their matrix products, and the memory that they take and keep."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple
from weakref import WeakValueDictionary

import numpy as np

from autograd.graph import Node
from autograd.versions import memory_of


class Cost(NamedTuple):
    """The figures of an operation, or of several; memory is in bytes."""

    multiply_adds: int  # of matrix products, convolutions and attention
    activations: int  # the results that are recorded
    saved: int  # what is kept for the backward pass, beside parameters and inputs

    @staticmethod
    def total(costs: Iterable[Cost]) -> Cost:
        """The sum of several."""
        return Cost(*map(sum, zip(Cost(0, 0, 0), *costs)))


class Costs:
    """The costs of operations that are recorded one after another; memory counts where it first comes up.

    `held` are the arrays of parameters and inputs; without it they are the leaves, and all that has no history.
    """

    def __init__(self, held: Iterable[np.ndarray] | None = None) -> None:
        self.finds_held = held is None
        self.known: WeakValueDictionary[int, np.ndarray] = WeakValueDictionary()  # by id: an id is used again
        self.results: WeakValueDictionary[int, np.ndarray] = WeakValueDictionary()
        for array in map(memory_of, held or ()):
            self.known[id(array)] = array

    def of(self, node: Node, out: np.ndarray, values: Sequence[Any]) -> Cost:
        """The cost of an operation that was just recorded, from its result and its arguments."""
        if self.finds_held:
            for operand, value in zip(node.operands, values):
                if isinstance(value, np.ndarray) and (operand is None or operand.op is None):
                    self.known[id(memory_of(value))] = memory_of(value)
        memory = memory_of(out)
        is_new = id(memory) not in self.results and not any(memory_of(array) is memory for array in _arrays(values))
        if is_new:
            self.results[id(memory)] = memory
        saved = (node if node.index is None else node.parents[0]).saved or {}  # type: ignore[union-attr]
        kept = {id(array): array for array in map(memory_of, _arrays(saved.values())) if id(array) not in self.known}
        self.known.update(kept)
        return Cost(
            multiply_adds(node, out, values) if node.index in (None, 0) else 0,
            memory.nbytes if is_new else 0,
            sum(array.nbytes for array in kept.values()),
        )


def _arrays(values: Any) -> Iterator[np.ndarray]:
    for value in values:
        if isinstance(value, np.ndarray):
            yield value
        elif isinstance(value, (tuple, list)):
            yield from _arrays(value)


# The products that an operation computes, from its result and the shapes of its arguments.
_PRODUCTS: dict[str, Callable[..., int]] = {
    "matmul": lambda out, x, y: out.size * x[-1],
    "linear": lambda out, x, *_: out.size * x[-1],
    "convolution": lambda out, x, weight, *_: out.size * math.prod(weight[1:]),
    "convolution_input": lambda out, y, weight, *_: math.prod(y) * math.prod(weight[1:]),
    "fused_attention": lambda out, q, k, *_: math.prod(q) * k[-2] + out.size * k[-2],
    "recurrent_layer": lambda out, x, h, c, weight, *_: x[0] * math.prod(weight),
}


def multiply_adds(node: Node, out: np.ndarray, values: Sequence[Any]) -> int:
    """The multiplications of the matrix products that an operation computes; elementwise ones do not count."""
    if node.name == "contract":
        subscripts = (node.saved or {}).get("inputs", ())
        sizes = dict(pair for subs, x in zip(subscripts, values) for pair in zip(subs, np.shape(x)))
        return math.prod(sizes.values()) * (len(values) - 1)
    products = _PRODUCTS.get(node.name)
    return products(out, *map(np.shape, values)) if products else 0

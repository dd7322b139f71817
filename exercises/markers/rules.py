"""Markers of the rules of operations: each is held against finite differences by gradcheck, over random shapes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

import autograd as ag
from exercises.checks import Wrong, check_rule, check_value, shown
from exercises.markers import marks

FORGOT_G = (
    "This is dy/dx alone. The rule is the chain rule: the upstream gradient g, times it. In a test with g = 1 the two "
    "cannot be told apart."
)


def sizes(count: int, most: int, times: int = 8) -> Iterator[tuple[np.random.Generator, list[int]]]:
    """A generator of random numbers with `count` sizes, a number of times: 2, 3, 4, 2, ... first, then at random."""
    rng = np.random.default_rng(0)
    for i in range(times):
        yield rng, rng.integers(1, most + 1, count).tolist() if i else [2 + k % 3 for k in range(count)]


@marks(
    "01_tanh",
    "The derivative of tanh(x) is 1 − tanh(x)². What of that is given to you already?",
    "dy/dx = 1 − out². The chain rule multiplies it by g.",
)
def tanh(answer: Any) -> None:
    """1 − out², times g."""

    def tanh(x: np.ndarray) -> np.ndarray:
        return np.tanh(x)

    for rng, (n, m) in sizes(2, 5):
        check_rule(
            lambda g, out, x: answer.tanh_rule(g, out),
            tanh,
            {"x": rng.standard_normal((n, m) if m > 2 else n)},
            [
                (FORGOT_G, lambda g, out, x: 1 - out**2),
                ("`out` is tanh(x) already: there is no need to take the tanh again.",
                 lambda g, out, x: g * (1 - np.tanh(out) ** 2)),
                ("The square is missing: the derivative is 1 − tanh(x)².", lambda g, out, x: g * (1 - out)),
            ],
        )  # fmt: skip


@marks(
    "02_product",
    "Hold y still: z = x · y is then a multiple of x. By how much does z grow if x grows by 1?",
    "The gradient with respect to x is g · y. The one with respect to y follows by symmetry.",
)
def product(answer: Any) -> None:
    """Each side gets g times the other."""

    def product(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        return x * y

    for rng, (n, m) in sizes(2, 5):
        check_rule(
            lambda g, out, x, y: answer.product_rule(g, x, y),
            product,
            {"x": rng.standard_normal((n, m)), "y": rng.standard_normal((n, m))},
            [
                ("The two are the wrong way round: the gradient with respect to x has y in it, for z grows by y "
                 "when x grows by 1.",
                 lambda g, out, x, y: (g * x, g * y)),
                (FORGOT_G, lambda g, out, x, y: (y, x)),
            ],
        )  # fmt: skip


@marks(
    "03_broadcast",
    "Two things may have happened: axes were added at the front, and axes of length 1 were stretched. Undo them one "
    "after the other.",
    "First sum away the first g.ndim - len(shape) axes. Then, for each axis where shape has a 1, sum with "
    "keepdims=True.",
)
def broadcast(answer: Any) -> None:
    """The transpose of np.broadcast_to."""
    rng = np.random.default_rng(0)
    pairs = [((2, 3), (2, 3)), ((2, 3), (3,)), ((2, 3), (2, 1)), ((3,), ()), ((2, 2, 3), (2, 1, 1))]
    for _ in range(12):
        big = tuple(rng.integers(1, 4, rng.integers(1, 4)).tolist())
        small = tuple(n if rng.random() < 0.5 else 1 for n in big)[rng.integers(0, len(big)) :]
        pairs.append((big, small))
    for big, small in pairs:
        g = rng.standard_normal(big)
        x = ag.zeros(small, dtype=ag.float64, requires_grad=True)
        (gradient,) = ag.grad(x.expand(big), x, grad_outputs=ag.tensor(g))
        assert gradient is not None
        right = gradient.array
        lead = tuple(range(len(big) - len(small)))
        slips = [
            ("This is the mean. Every use of a number adds to its gradient: take the sum.", right * right.size / g.size)
        ]
        call = f"unbroadcast(g of shape {big}, {small})"
        found = answer.unbroadcast(g.copy(), small)
        if np.shape(found) != small and np.shape(found) == np.shape(g.sum(axis=lead)):
            raise Wrong(
                f"{call} returned an array of shape {np.shape(found)}. An axis of length 1 was stretched, and must "
                "have length 1 again: sum over it with keepdims=True."
            )
        check_value(call, found, right, slips)


@marks(
    "05_matmul",
    "Let the shapes lead you: (N, M) and (K, M) are to give (N, K). Which of the two has to be transposed?",
    "By a: g @ bᵀ. By b: aᵀ @ g. Of a stack only the last two axes are transposed: np.swapaxes(b, -1, -2).",
)
def matmul(answer: Any) -> None:
    """g bᵀ and aᵀ g, in stacks."""

    def matmul(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return a @ b

    for i, (rng, (n, k, m, p)) in enumerate(sizes(4, 4, 9)):
        stack = () if i < 4 else (p,) if i < 7 else (p, 2)
        a, b = rng.standard_normal((*stack, n, k)), rng.standard_normal((*stack, k, m))
        check_rule(lambda g, out, a, b: answer.matmul_rule(g, a, b), matmul, {"a": a, "b": b})


@marks(
    "06_maximum",
    "Compare x with out: the places where they are equal are those that won.",
    "won = (x == out); share g by won / won.sum(axis=-1, keepdims=True).",
)
def maximum(answer: Any) -> None:
    """To the largest, or in equal shares to all that tie."""

    def maximum(x: np.ndarray) -> np.ndarray:
        return x.max(axis=-1, keepdims=True)

    def rule(g: np.ndarray, out: np.ndarray, x: np.ndarray) -> Any:
        return answer.maximum_rule(g, out, x)

    for rng, (n, m) in sizes(2, 6):
        check_rule(
            rule,
            maximum,
            {"x": rng.permutation(n * m).reshape(n, m) / 7},
            [
                ("The gradient is 1 at the largest number: the rule is g, times it.",
                 lambda g, out, x: np.where(x == out, 1.0, 0.0)),
                ("Only the largest number of each row has moved the maximum: the others have gradient 0.",
                 lambda g, out, x: np.broadcast_to(g, x.shape)),
            ],
        )  # fmt: skip
    for x in ([[2.0, 2.0, 1.0]], [[3.0, 0.0, 3.0], [1.0, 2.0, 0.0]], [[1.0, 1.0, 1.0, 1.0]]):
        array = np.array(x)
        out, g = maximum(array), np.arange(1.0, len(x) + 1)[:, None]
        won = array == out
        first = np.eye(array.shape[1])[array.argmax(axis=-1)]
        check_value(
            f"At a tie, maximum_rule(g = {shown(g)}, out = {shown(out)}, x = {shown(array)})",
            rule(g.copy(), out.copy(), array.copy()),
            g * won / won.sum(axis=-1, keepdims=True),
            [
                ("Each of those that tie gets the whole of g: if all of them grew by 1 the loss would seem to change "
                 "by several g, and it changes by one. Divide g among them.", g * won),
                ("The first of those that tie gets all of g. gradcheck would accept that, for at a kink it knows no "
                 "right answer; this exercise asks for equal shares.", g * first),
            ],
        )  # fmt: skip


@marks(
    "07_embedding",
    "Begin with a table of zeros. Each row of g belongs to one row of it; what if two rows of g belong to the same?",
    "NumPy's `grad[ids] += g` adds only one row of g for each index, even if ids repeats it. np.add.at(grad, ids, g) "
    "adds all of them.",
)
def embedding(answer: Any) -> None:
    """Scatter-add."""

    for i, (rng, (words, width, length)) in enumerate(sizes(3, 6)):
        ids = rng.integers(0, words, length) if i else np.array([1, 0, 1])

        def embedding(table: np.ndarray, ids: np.ndarray = ids) -> np.ndarray:
            return table[ids]

        def last(g: np.ndarray, out: np.ndarray, table: np.ndarray, ids: np.ndarray = ids) -> np.ndarray:
            grad = np.zeros_like(table)
            grad[ids] = g
            return grad

        text = (
            f"ids was {shown(ids)}. Of a word that occurs twice only the last occurrence has counted: with an index "
            "that repeats, grad[ids] = g and grad[ids] += g both keep one row. The gradients of all occurrences are "
            "to be added."
        )
        check_rule(
            lambda g, out, table, ids=ids: answer.embedding_rule(g, ids.copy(), table),
            embedding,
            {"table": rng.standard_normal((words, width))},
            [(text, last)],
        )

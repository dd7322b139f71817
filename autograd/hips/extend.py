"""HIPS autograd's `extend`: functions with derivatives of one's own, written on NumPy's arrays."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Sequence
from functools import wraps
from itertools import count
from typing import Any

import numpy as np

from autograd.grad_mode import mode
from autograd.graph import Node
from autograd.linearized import Linearized
from autograd.nests import leaves, mapped, rebuilt
from autograd.ops.numpy_names import strip
from autograd.tensor import Tensor

Box = Tensor  # what stands for a value inside a function that is derived


class _Primitive:
    """A call of a primitive as an operation of the graph: `makers` are its rules, by the number of the argument."""

    def __init__(self, function: Callable, args: tuple, kwargs: dict, answer: np.ndarray) -> None:
        self.name, self.makers = function.__name__, function.makers  # type: ignore[attr-defined]
        self.args, self.kwargs, self.answer = args, kwargs, answer

    def vjp(self, node: Node, g: Any, needed: Container[Node | None] | None, create_graph: bool) -> Sequence[Any]:
        """The gradients that the rules give; with `create_graph` they run on tensors."""
        answer: Any = Tensor.wrap(self.answer, node) if create_graph else self.answer
        args = self.args if create_graph else strip(self.args)
        found: list[Any] = []
        for i, parent in enumerate(node.parents):
            if parent is None or (needed is not None and parent not in needed):
                found.append(None)
                continue
            if i not in self.makers:
                raise NotImplementedError(
                    f"the primitive {self.name!r} has no rule for argument {i}: defvjp gives it one"
                )
            found.append(_of_shape(self.makers[i](answer, *args, **self.kwargs)(g), parent))
        return found


def _of_shape(g: Any, parent: Node) -> Any:
    """What a rule gave as an array, which a rule may leave a number."""
    return g if isinstance(g, Tensor) else np.asarray(g, parent.dtype)


def primitive(function: Callable) -> Callable:
    """`function`, which computes on arrays, as one step of the graph; `defvjp` gives it its derivatives."""

    @wraps(function)
    def recorded(*args: Any, **kwargs: Any) -> Any:
        answer = function(*strip(args), **{name: strip(value) for name, value in kwargs.items()})
        parents = tuple([arg.node if isinstance(arg, Tensor) else None for arg in args])
        if not mode.grad or not any(parents):
            return answer
        array = np.asarray(answer)
        return Tensor.wrap(
            array, Node(_Primitive(recorded, args, kwargs, array), parents, None, array.shape, array.dtype)
        )

    recorded.makers = {}  # type: ignore[attr-defined]
    return recorded


def defvjp(fun: Any, *vjpmakers: Callable | None, argnums: Any = None) -> None:
    """The derivatives of a primitive: for each argument `lambda ans, *args, **kwargs: lambda g: ...`; None is 0."""
    numbers = count() if argnums is None else argnums
    fun.makers = {i: maker or _zeros_like_argument(i) for i, maker in zip(numbers, vjpmakers)}


def _zeros_like_argument(i: int) -> Callable:
    return lambda ans, *args, **kwargs: lambda g: np.zeros_like(strip(args[i]))


class _ByNumber(dict):
    """The same rule for every argument, which takes the number of it."""

    def __init__(self, maker: Callable) -> None:
        self.maker = maker

    def __contains__(self, number: object) -> bool:
        return True

    def __getitem__(self, number: int) -> Callable:
        return lambda ans, *args, **kwargs: self.maker(number, ans, args, kwargs)


def defvjp_argnum(fun: Any, vjpmaker: Callable) -> None:
    """The derivatives of a primitive by one rule: `lambda argnum, ans, args, kwargs: lambda g: ...`."""
    fun.makers = _ByNumber(vjpmaker)


def defjvp(fun: Any, *jvpmakers: Any, argnums: Any = None) -> None:
    """Nothing: forward mode comes from the rules that `defvjp` gives."""


defjvp_argnum = def_linear = defjvp


def notrace_primitive(function: Callable) -> Callable:
    """`function`, which computes on arrays, of which nothing is recorded."""

    @wraps(function)
    def unrecorded(*args: Any, **kwargs: Any) -> Any:
        return function(*strip(args), **{name: strip(value) for name, value in kwargs.items()})

    return unrecorded


def checkpoint(fun: Callable) -> Callable:
    """`fun`, of which nothing is kept for the backward pass but its arguments: there it runs again."""
    again = primitive(fun)

    def rule(number: int, ans: Any, args: tuple, kwargs: dict) -> Callable:
        run = Linearized(fun, args, kwargs, number)
        return lambda g: run.of_arguments(run.pull([g]))

    defvjp_argnum(again, rule)
    return again


def _zeros(leaf: Any) -> np.ndarray:
    array = np.asarray(strip(leaf))
    return np.zeros(array.shape, array.dtype if array.dtype.kind in "fc" else np.float64)


class VSpace:
    """The space of nests of arrays in the form of `value`."""

    def __init__(self, value: Any) -> None:
        self.zero = mapped(_zeros, value)
        self.shapes = [leaf.shape for leaf in leaves(self.zero)]
        self.size = sum(leaf.size for leaf in leaves(self.zero))
        self.iscomplex = any(leaf.dtype.kind == "c" for leaf in leaves(self.zero))

    @property
    def shape(self) -> Any:
        """The shape of an array, or those of the leaves of a nest."""
        return self.shapes[0] if isinstance(self.zero, np.ndarray) else self.shapes

    def __eq__(self, other: object) -> bool:
        return isinstance(other, VSpace) and repr(mapped(np.shape, self.zero)) == repr(mapped(np.shape, other.zero))

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"VSpace{mapped(np.shape, self.zero)}"

    def zeros(self) -> Any:
        """The nest of zeros."""
        return mapped(lambda leaf: leaf[()] * 0, self.zero)

    def ones(self) -> Any:
        """The nest of ones."""
        return mapped(lambda leaf: leaf[()] * 0 + 1, self.zero)

    def randn(self) -> Any:
        """A nest of normal numbers."""
        return mapped(lambda leaf: np.asarray(np.random.randn(*leaf.shape)).astype(leaf.dtype)[()], self.zero)

    def standard_basis(self) -> Iterator[Any]:
        """The nests that have a single 1."""
        parts = leaves(self.zero)
        for k, part in enumerate(parts):
            for i in np.ndindex(part.shape):
                unit = part.copy()
                unit[i] = 1
                yield rebuilt(self.zero, [unit[()] if n == k else other[()] for n, other in enumerate(parts)])

    def add(self, x: Any, y: Any) -> Any:
        """x + y, leaf by leaf."""
        return mapped(lambda a, b: a + b, x, y)

    def scalar_mul(self, x: Any, a: Any) -> Any:
        """x a, leaf by leaf."""
        return mapped(lambda leaf: leaf * a, x)

    def inner_prod(self, x: Any, y: Any) -> Any:
        """The sum of the products of all elements."""
        return sum(np.sum(a * b) for a, b in zip(leaves(x), leaves(y), strict=True))

    def covector(self, x: Any) -> Any:
        """x itself, for real numbers."""
        return x


vspace = VSpace

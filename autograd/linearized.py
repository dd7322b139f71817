"""A function recorded at a point: its values there, and the products with its Jacobian, in both directions.

docs/design.md, section 9, has the reasons.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from autograd import creation
from autograd.batched import Batch
from autograd.batching import BatchedTensor, new_leaf
from autograd.grad_mode import enable_grad, mode
from autograd.graph import Node, newest_first
from autograd.nests import leaves, rebuilt
from autograd.ops.joining import stack
from autograd.tensor import Tensor
from autograd.walks import gradients


def linked_or_new(value: Any, linked: bool) -> Tensor:
    """A tensor that requires grad: a step behind `value` where that has a history to keep (`linked`), else a leaf.

    Numbers and arrays become tensors of their dtype, whole numbers of float64.
    """
    if not isinstance(value, Tensor):
        array = np.asarray(value)
        if array.dtype.kind not in "fiub":
            raise TypeError(f"arguments of {array.dtype} have no derivative: pass floating-point numbers")
        value = Tensor.wrap(array if array.dtype.kind == "f" else array.astype(np.float64))
    if linked and value.requires_grad:
        return value.view(value.shape)
    return new_leaf(value) if isinstance(value, BatchedTensor) else value.detach().requires_grad_()


def products(
    ys: Sequence[Any], xs: Sequence[Tensor], vs: Sequence[Any], create_graph: bool, retain_graph: bool | None = None
) -> list[Tensor]:
    """For each of `xs`, the sum over `ys` of v^T dy/dx: zeros where no y depends on it."""
    create_graph = create_graph or any(isinstance(t, BatchedTensor) for t in (*ys, *vs))
    pairs = [(y, v) for y, v in zip(ys, vs, strict=True) if isinstance(y, Tensor) and y.requires_grad]
    found: Sequence[Any] = [None] * len(xs)
    if pairs:
        found = gradients([y for y, _ in pairs], [v for _, v in pairs], xs, retain_graph, create_graph)
    return [creation.zeros_like(x) if g is None else g for x, g in zip(xs, found, strict=True)]


def jacobian_rows(ys: Sequence[Any], xs: Sequence[Tensor], create_graph: bool) -> list[list[Tensor]]:
    """For each y and each x, dy/dx of the shape (*y, *x): one walk for each element of ys."""
    table = []
    for y in ys:
        units = np.eye(y.numel(), dtype=y.dtype).reshape(y.numel(), *y.shape)
        rows = [products([y], xs, [unit], create_graph, retain_graph=True) for unit in units]
        columns = zip(*rows, strict=True) if rows else [[] for _ in xs]
        joined = zip(columns, xs, strict=True)
        table.append([_joined(column, (*y.shape, *x.shape), x.dtype) for column, x in joined])
    return table


def _joined(rows: Sequence[Tensor], shape: tuple[int, ...], dtype: Any) -> Tensor:
    return stack(rows).reshape(shape) if rows else creation.zeros(shape, dtype=dtype)


class Linearized:
    """`f` run on `args`, recorded as a function of the arguments `argnums` alone (an int, several, or None for all).

    `at` are these arguments, `xs` the tensors that stand for their leaves; `out` is what `f` gave (less the second of
    two where `has_aux`, which is `aux`), and `ys` are its leaves. What is behind the arguments, or in what else `f`
    uses, is derived further where this thread records (`linked`), so that derivatives nest in any order.
    """

    def __init__(
        self,
        f: Callable,
        args: Sequence[Any],
        kwargs: dict[str, Any] | None = None,
        argnums: int | Sequence[int] | None = None,
        has_aux: bool = False,
        linked: bool | None = None,
    ) -> None:
        self.linked = mode.grad if linked is None else linked
        self.single = isinstance(argnums, int)
        chosen = range(len(args)) if argnums is None else (argnums,) if isinstance(argnums, int) else argnums
        self.at = [args[i] for i in chosen]
        self.plain = not any(isinstance(leaf, Tensor) for leaf in leaves(list(args)))
        with enable_grad():
            self.xs = [linked_or_new(leaf, self.linked) for leaf in leaves(self.at)]
            filled = list(args)
            for i, value in zip(chosen, rebuilt(self.at, self.xs), strict=True):
                filled[i] = value
            self.out = f(*filled, **kwargs or {})
        self.aux: Any = None
        if has_aux:
            if not isinstance(self.out, (tuple, list)) or len(self.out) != 2:
                raise RuntimeError("with has_aux=True the function must return two things: its output, and the aux")
            self.out, self.aux = self.out
        self.ys = [y if isinstance(y, Tensor) else creation.as_tensor(np.asarray(y)) for y in leaves(self.out)]
        self._own = {x.node for x in self.xs if x.is_leaf}
        self._outside = self.linked and self._reaches_outside(self.ys)
        self._transposed: tuple[list[Tensor], list[Tensor]] | None = None

    def _reaches_outside(self, tensors: Iterable[Any]) -> bool:
        """Whether one of the tensors depends on a leaf that is none of the new ones."""
        roots: list[Node] = [t.node for t in tensors if isinstance(t, Tensor) and t.node is not None]
        return any(node.op is None and node not in self._own for node in newest_first(roots))

    def released(self, value: Any) -> Any:
        """A nest without what is recorded of `xs` alone; of NumPy's where the arguments were."""

        def one(leaf: Any) -> Any:
            if not isinstance(leaf, Tensor):
                return leaf
            if isinstance(leaf, BatchedTensor):
                node = leaf.node if self.linked and self._reaches_outside([leaf]) else None
                return BatchedTensor(Batch(leaf.array.level, one(leaf.array.tensor)), node)
            if leaf.node is not None and not (self.linked and self._reaches_outside([leaf])):
                leaf = leaf.detach()
            return leaf.array[()] if self.plain and leaf.node is None else leaf

        return rebuilt(value, [one(leaf) for leaf in leaves(value)])

    def of_arguments(self, found: Sequence[Any]) -> Any:
        """What was found for each of `xs`, in the form of the argument, or as a tuple where there may be several."""
        parts = tuple(self.released(rebuilt(self.at, found)))
        return parts[0] if self.single else parts

    def in_form_of_output(self, found: Sequence[Any]) -> Any:
        """What was found for each of `ys`, in the form of the output."""
        return self.released(rebuilt(self.out, found))

    def value(self) -> Any:
        """What the function gave."""
        return self.released(self.out)

    def _graph_for(self, vs: Iterable[Any]) -> bool:
        """Whether products with the vectors are to be derived further."""
        return self._outside or (self.linked and any(isinstance(v, Tensor) and v.requires_grad for v in vs))

    def pull(self, vs: Sequence[Any], retain_graph: bool | None = None) -> list[Tensor]:
        """v^T J, one for each of `xs`; there is a v for each of `ys`."""
        return products(self.ys, self.xs, vs, self._graph_for(vs), retain_graph)

    def transposed(self) -> tuple[list[Tensor], list[Tensor]]:
        """(u, J^T u) for a u of zeros: J^T u is linear in u, and its derivative by u in the direction v is J v."""
        if self._transposed is None:
            with enable_grad():
                us = [creation.zeros_like(y, requires_grad=True) for y in self.ys]
                self._own |= {u.node for u in us}
                self._transposed = us, products(self.ys, self.xs, us, create_graph=True)
        return self._transposed

    def push(self, vs: Sequence[Any]) -> list[Tensor]:
        """J v, one for each of `ys`; there is a v for each of `xs`."""
        us, gs = self.transposed()
        return products(gs, us, vs, self._graph_for(vs), retain_graph=True)

    def gradient(self) -> Any:
        """The gradient of the one element that the function gave. Raises TypeError where it gave more or fewer."""
        if len(self.ys) != 1 or self.ys[0].numel() != 1 or self.ys[0].dtype == np.bool_:
            found = ", ".join(f"{y.dtype} of shape {tuple(y.shape)}" for y in self.ys)
            raise TypeError(f"a gradient needs a function that returns one number, not {found}: use jacobian")
        return self.of_arguments(self.pull([None]))

    def jacobian(self, forward: bool = False) -> Any:
        """dy/dx, (*y, *x), by a walk for each element of ys, or (`forward`) of xs: in the form of the output, at each
        leaf in that of the arguments."""
        if forward:
            us, gs = self.transposed()
            columns = jacobian_rows(gs, us, self._outside)
            table = [
                [by_u[i].permute(_back(x.ndim, y.ndim)) for x, by_u in zip(self.xs, columns)]
                for i, y in enumerate(self.ys)
            ]
        else:
            table = jacobian_rows(self.ys, self.xs, self._outside)
        return rebuilt(self.out, [self.of_arguments(row) for row in table])


def function_of(
    f: Callable, argnums: int | Sequence[int] | None, derived: Callable[[Linearized], Any], **options: Any
) -> Callable:
    """The function of the arguments of `f` that gives what `derived` finds for `f` run on them."""

    def function(*args: Any, **kwargs: Any) -> Any:
        return derived(Linearized(f, args, kwargs, argnums, **options))

    function.__wrapped__ = f  # type: ignore[attr-defined]
    function.__doc__ = f.__doc__
    return function


def _back(first: int, last: int) -> tuple[int, ...]:
    """The order of dims that brings the last dims before the first."""
    return (*range(first, first + last), *range(first))

"""The elements of a tensor under `vmap`: one example as far as its function can see, a whole batch in truth."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from autograd.graph import Node
from autograd.versions import tick


class ReadsElementsError(RuntimeError):
    """The function under `vmap` looks at the elements of an example, which differ: it must run for each of them."""


class Level:
    """One running `vmap`: how many examples it has, and which nodes its function made."""

    def __init__(self, size: int, depth: int) -> None:
        self.size, self.depth, self.start = size, depth, tick()
        self._known: dict[Node, tuple[bool, bool]] = {}

    def sides(self, node: Node | None) -> tuple[bool, bool]:
        """Whether a node depends on leaves that were made inside the function, and on others."""
        if node is None:
            return False, False
        known, stack = self._known, [node]
        while stack:
            top = stack[-1]
            unknown = [p for p in top.parents if p is not None and p not in known]
            if unknown:
                stack += unknown
                continue
            stack.pop()
            if top.op is None:
                known[top] = top.order > self.start, top.order <= self.start
            else:
                sides = [known[p] for p in top.parents if p is not None]
                known[top] = any(inside for inside, _ in sides), any(outside for _, outside in sides)
        return known[node]


class Batch:
    """Stands in the place of a tensor's ndarray: `tensor` has the examples of `level` along its dim 0.

    What is asked of it beside the shape and dtype of one example raises ReadsElementsError.
    """

    def __init__(self, level: Level, tensor: Any) -> None:
        self.level, self.tensor = level, tensor
        self.shape, self.dtype = tuple(tensor.shape[1:]), tensor.dtype
        self.ndim = len(self.shape)
        self.size = int(np.prod(self.shape))
        self.itemsize = self.dtype.itemsize

    def __getattr__(self, name: str) -> Any:
        raise ReadsElementsError(f"{name} of the elements of a tensor under vmap")

    def __array_function__(self, function: Any, kinds: Any, args: tuple, kwargs: dict) -> Any:
        known = {np.shape: self.shape, np.ndim: self.ndim, np.size: self.size}
        new = {np.zeros_like: np.zeros, np.ones_like: np.ones, np.empty_like: np.empty}
        if function in known:
            return known[function]
        if function in new:
            return new[function](self.shape, self.dtype)
        raise ReadsElementsError(f"np.{function.__name__} of the elements of a tensor under vmap")

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        raise ReadsElementsError("the elements of a tensor under vmap")


class Interpreter:
    """Who performs the operations on batches (`batching`), while a `vmap` is running."""

    __slots__ = ("perform", "depth")

    def __init__(self) -> None:
        self.depth = 0
        self.perform: Callable[..., Any] | None = None


vmapped = Interpreter()

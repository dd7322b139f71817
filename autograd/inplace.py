"""Changes in place: the methods with an underscore, and what keeps the gradients of changed tensors right."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from autograd import ops
from autograd.errors import ShapeError
from autograd.generator import numpy_rng
from autograd.grad_mode import mode
from autograd.graph import Traced, mutated, owner, tick
from autograd.ops.indexing import is_basic


def _in_place(function: Any) -> Any:
    """The method that computes `function` and puts the result in the place of the tensor's own elements."""

    def method(self: InPlace, *args: Any, **kwargs: Any) -> Any:
        return self._overwrite(function(self, *args, **kwargs))

    method.__name__ = f"{function.__name__}_"
    method.__doc__ = f"`{function.__name__}`, in place; returns the tensor itself."
    return method


def _holders(view: np.ndarray) -> int:
    """How many hold the array that owns the memory of this view, and a constant that depends on the Python."""
    memory = view.base
    return sys.getrefcount(memory)


_VIEWS = ("permute", "pick", "split_at", "split_heads")
_ALONE = _holders(np.zeros(2)[:1])


def _is_view_of_another(array: np.ndarray) -> bool:
    """Whether anybody but this view holds the array that owns its memory."""
    return isinstance(array.base, np.ndarray) and _holders(array) > _ALONE


def _is_view_of_leaf(node: Any) -> bool:
    """Whether nothing but views lies between this node and a leaf: what is written here is written into the leaf.

    A reshape of a view may have copied, so only one of the leaf itself counts, or one that adds and drops dims of 1.
    """
    reshaped = False
    while node.op is not None:
        if node.name == "reshape":
            inner, outer = ([n for n in shape if n != 1] for shape in (node.parents[0].shape, node.shape))
            reshaped = reshaped or inner != outer
        elif reshaped or not (node.name in _VIEWS or node.name == "getitem" and is_basic(node.saved.get("index"))):
            return False
        node = node.parents[0]
    return True


def _keep_what_it_saved(node: Any, array: np.ndarray) -> None:
    """The op that gives the new elements may need the old ones for its backward: it gets a copy of them."""
    memory = owner(array)
    for name, value in (node.saved or {}).items():
        if isinstance(value, np.ndarray) and owner(value) is memory:
            node.saved[name] = value.copy()
        elif isinstance(value, tuple):
            held = [isinstance(v, np.ndarray) and owner(v) is memory for v in value]
            node.saved[name] = tuple(v.copy() if own else v for v, own in zip(value, held, strict=True))


class writing:  # noqa: N801 - a context, as no_grad is
    """`with writing(x, y) as [a, b]:` gives the arrays of tensors to code that changes them in place.

    At the end the change is noted, so that a backward pass that needs the old elements raises GraphError.
    """

    def __init__(self, *tensors: Traced) -> None:
        self.arrays = [tensor.array for tensor in tensors]

    def __enter__(self) -> list[np.ndarray]:
        return self.arrays

    def __exit__(self, *_: object) -> None:
        for array in self.arrays:
            mutated(array)


class InPlace(Traced):
    """What changes the elements of a tensor; each method returns the tensor itself."""

    add_, sub_ = _in_place(ops.scaled_add), _in_place(ops.scaled_sub)
    mul_, div_ = _in_place(ops.mul), _in_place(ops.divide)
    pow_, neg_, exp_, log_, sqrt_ = map(_in_place, (ops.pow, ops.neg, ops.exp, ops.log, ops.sqrt))
    abs_, sign_, floor_, ceil_, round_ = map(_in_place, (ops.abs, ops.sign, ops.floor, ops.ceil, ops.round))
    square_, rsqrt_, reciprocal_ = map(_in_place, (ops.square, ops.rsqrt, ops.reciprocal))
    sigmoid_, relu_, tanh_ = map(_in_place, (ops.sigmoid, ops.relu, ops.tanh))
    clamp_, lerp_, tril_, triu_ = map(_in_place, (ops.clamp, ops.lerp, ops.tril, ops.triu))
    addcmul_, addcdiv_, logical_not_ = map(_in_place, (ops.addcmul, ops.addcdiv, ops.logical_not))
    masked_fill_, scatter_, scatter_add_ = map(_in_place, (ops.masked_fill, ops.scattered, ops.scatter_add))
    index_add_ = _in_place(ops.index_add)

    def _overwrite(self, new: Any) -> Any:
        """Put the elements of `new` in the place of this tensor's, which then has the history of `new`."""
        recorded = mode.grad and isinstance(new, Traced) and new.node is not None
        self._check_writeable()
        if mode.grad and self.node is not None and self.node.op is None:
            raise RuntimeError(
                f"a leaf of shape {self.array.shape} that requires grad is changed in place: do it within no_grad(), "
                "or compute a new tensor"
            )
        if mode.grad and self.node is not None and _is_view_of_another(self.array) and _is_view_of_leaf(self.node):
            raise RuntimeError(
                f"a view, of shape {self.array.shape}, of a leaf that requires grad is changed in place: do it within "
                "no_grad(), or clone() the leaf first"
            )
        if recorded and self.node is None and _is_view_of_another(self.array):
            raise RuntimeError(
                "a tensor that requires grad is written into a view of one that does not, whose owner would not know: "
                "write owner[index] = value, or clone() the view first"
            )
        array = new.array if isinstance(new, Traced) else np.asarray(new)
        if array.shape != self.array.shape:
            raise ShapeError(f"a result of shape {array.shape} does not fit in place of {self.array.shape}")
        if not np.can_cast(array.dtype, self.array.dtype, "same_kind"):
            raise RuntimeError(f"a result of {array.dtype} cannot be written in place of {self.array.dtype}")
        if recorded:
            _keep_what_it_saved(new.node, self.array)
            if new.node.dtype != self.array.dtype:
                new = ops.cast(new, dtype=self.array.dtype)
        np.copyto(self.array, array, casting="same_kind")
        mutated(self.array)
        if recorded:
            new.node.order = tick()
        if mode.grad:
            self.node = new.node if recorded else None
        return self

    def _check_writeable(self) -> None:
        if not self.array.flags.writeable:
            raise RuntimeError(
                f"a tensor of shape {self.array.shape} whose elements share places in memory (an expanded one), or "
                "that is read-only, cannot be changed in place: clone() it first"
            )

    def _put(self, index: Any, value: Any) -> Any:
        """`self[index] = value`, for an index without tensors."""
        tracked = isinstance(value, Traced) and value.node is not None
        if mode.grad and (self.node is not None or tracked):
            return self._overwrite(ops.index_put(self, value, index=index))
        self._check_writeable()
        array = value.array if isinstance(value, Traced) else value
        try:
            self.array[index] = array
        except ValueError as error:
            raise ShapeError(f"x[index] = value, for x {self.array.shape}, value {np.shape(array)}: {error}") from None
        mutated(self.array)
        return self

    def copy_(self, other: Any, non_blocking: bool = False) -> Any:
        """Take the elements of other, which must broadcast to this shape."""
        return self._put(..., other)

    def fill_(self, value: Any) -> Any:
        """Set every element to one value."""
        if np.ndim(getattr(value, "array", value)):
            raise ShapeError(f"fill_ takes one number, got the shape {tuple(value.shape)}: copy_() takes a tensor")
        return self._put(..., value)

    def zero_(self) -> Any:
        """Set every element to 0."""
        return self._put(..., 0)

    def fill_diagonal_(self, fill_value: Any) -> Any:
        """Set the elements of the diagonal, of a matrix, to one value."""
        at = np.arange(min(self.array.shape))
        return self._put((at, at), fill_value)

    def index_fill_(self, dim: int, index: Any, value: Any) -> Any:
        """Set the slices at index along dim to one value."""
        return self._put(ops.along(dim, self.array.ndim, index), value)

    def index_copy_(self, dim: int, index: Any, source: Any) -> Any:
        """Take the slices of source at index along dim."""
        return self._put(ops.along(dim, self.array.ndim, index), source)

    # random numbers, in place
    def normal_(self, mean: float = 0.0, std: float = 1.0, *, generator: Any = None) -> Any:
        """Normal numbers of this mean and standard deviation."""
        return self._draw(lambda rng: rng.normal(mean, std, self.array.shape), generator)

    def uniform_(self, a: float = 0.0, b: float = 1.0, *, generator: Any = None) -> Any:
        """Uniform numbers in [a, b)."""
        return self._draw(lambda rng: rng.uniform(a, b, self.array.shape), generator)

    def exponential_(self, lambd: float = 1.0, *, generator: Any = None) -> Any:
        """Exponential numbers of the rate lambd."""
        return self._draw(lambda rng: rng.exponential(1 / lambd, self.array.shape), generator)

    def bernoulli_(self, p: Any = 0.5, *, generator: Any = None) -> Any:
        """1 with probability p, else 0."""
        p = getattr(p, "array", p)
        return self._draw(lambda rng: rng.random(self.array.shape) < p, generator, floats=False)

    def random_(self, low: int, high: int | None = None, *, generator: Any = None) -> Any:
        """Whole numbers from low (0 where only one bound is given) up to but without high."""
        low, high = (0, low) if high is None else (low, high)
        return self._draw(lambda rng: rng.integers(low, high, self.array.shape), generator, floats=False)

    def _draw(self, numbers: Any, generator: Any, floats: bool = True) -> Any:
        if floats and self.array.dtype.kind != "f":
            raise RuntimeError(f"random floats cannot be drawn into a tensor of {self.array.dtype}")
        return self._put(..., numbers(numpy_rng(generator)))

    __iadd__, __isub__, __imul__, __itruediv__ = map(_in_place, (ops.add, ops.sub, ops.mul, ops.div))
    __ipow__, __imod__, __ifloordiv__ = map(_in_place, (ops.pow, ops.remainder, ops.floor_divide))
    __iand__, __ior__, __ixor__ = map(_in_place, (ops.bitwise_and, ops.bitwise_or, ops.bitwise_xor))

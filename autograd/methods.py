"""The methods of a tensor beside operations: operators, changes in place, numbers, NumPy's protocols.

`Tensor.exp`, `Tensor.exp_` and the like are the functions of `autograd.ops`: the table itself adds them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from autograd import ops
from autograd.base import TensorBase, current_node
from autograd.conversions import Conversions
from autograd.errors import ShapeError
from autograd.generator import numpy_rng
from autograd.inplace import copy_into, overwrite, put
from autograd.ops.complaints import explained
from autograd.ops.indexing import along, getitem, index_stages
from autograd.ops.numpy_names import dispatch
from autograd.ops.table import identity

# What an operator computes with; the class of another operand is asked for its own operator, as Python does it.
_OPERANDS = (TensorBase, float, int, np.ndarray, np.generic, complex, list, tuple)


def _operator(function: Any) -> Any:
    """The operator that a function of two is."""
    return lambda self, other: function(self, other) if isinstance(other, _OPERANDS) else NotImplemented


def _reversed(function: Any) -> Any:
    """The operator for a tensor on the right: `2 - x` is `sub(2, x)`."""
    return _operator(lambda self, other: function(other, self))


def _assigned(function: Any) -> Any:
    """The operator for an assignment: `x += y` puts `add(x, y)` in the place of the elements of x."""
    return _operator(lambda self, other: self._overwrite(function(self, other)))


class Methods(Conversions):
    """What can be computed from a tensor, or done to it, beside the operations of the table."""

    # Operators --------------------------------------------------------------------------------------------------------

    __add__, __sub__, __mul__ = map(_operator, (ops.add, ops.sub, ops.mul))
    __truediv__, __matmul__ = map(_operator, (ops.div, ops.matmul))
    __floordiv__, __mod__, __pow__ = map(_operator, (ops.floor_divide, ops.remainder, ops.pow))
    __radd__, __rmul__ = __add__, __mul__  # as in torch, the tensor comes first in the graph
    __rsub__, __rtruediv__, __rmatmul__ = map(_reversed, (ops.sub, ops.div, ops.matmul))
    __rfloordiv__, __rmod__, __rpow__ = map(_reversed, (ops.floor_divide, ops.remainder, ops.pow))
    __iadd__, __isub__, __imul__, __itruediv__ = map(_assigned, (ops.add, ops.sub, ops.mul, ops.div))
    __ipow__, __imod__, __ifloordiv__ = map(_assigned, (ops.pow, ops.remainder, ops.floor_divide))
    __iand__, __ior__, __ixor__ = map(_assigned, (ops.bitwise_and, ops.bitwise_or, ops.bitwise_xor))
    __and__, __or__, __xor__ = map(_operator, (ops.bitwise_and, ops.bitwise_or, ops.bitwise_xor))
    __rand__, __ror__, __rxor__ = __and__, __or__, __xor__
    __lt__, __le__, __gt__, __ge__ = map(_operator, (ops.lt, ops.le, ops.gt, ops.ge))
    __eq__, __ne__ = map(_operator, (ops.eq, ops.ne))
    __neg__, __abs__, __invert__ = ops.neg, ops.abs, ops.bitwise_not
    __hash__ = object.__hash__

    @_operator
    def __lshift__(self, other: Any) -> Any:
        return ops.bitwise_left_shift(self, other)

    @_operator
    def __rshift__(self, other: Any) -> Any:
        return ops.bitwise_right_shift(self, other)

    def __pos__(self) -> Any:
        return self

    def where(self, condition: Any, other: Any) -> Any:
        """The elements where the condition holds, else those of other."""
        return ops.where(condition, self, other)

    # Elements ---------------------------------------------------------------------------------------------------------

    def __getitem__(self, index: Any) -> Any:
        out = self
        for stage in index_stages(index, self.array.ndim):
            out = getitem(out, index=stage)
        return out

    def __setitem__(self, index: Any, value: Any) -> None:
        *before, last = index_stages(index, self.array.ndim)
        out = self
        for stage in before:
            out = getitem(out, index=stage)
        put(out, last, value)

    def __len__(self) -> int:
        if not self.array.ndim:
            raise TypeError("a tensor of 0 dims has no length")
        return self.array.shape[0]

    def __iter__(self) -> Iterator[Any]:
        if not self.array.ndim:
            raise TypeError("a tensor of 0 dims cannot be iterated over")
        return iter(ops.unbind(self))

    def __reversed__(self) -> Any:
        return ops.flip(self, 0) if self.array.ndim else self

    def __contains__(self, value: Any) -> bool:
        return bool((self.array == getattr(value, "array", value)).any())

    # Changes in place -------------------------------------------------------------------------------------------------

    _overwrite = overwrite

    def copy_(self, other: Any, non_blocking: bool = False) -> Any:
        """Take the elements of other, which must broadcast to this shape."""
        return copy_into(self, other)

    @explained
    def fill_(self, value: Any) -> Any:
        """Set every element to one value."""
        if np.ndim(getattr(value, "array", value)):
            raise ShapeError(f"fill_ takes one number, got the shape {tuple(value.shape)}: use copy_() for others")
        return copy_into(self, value)

    def zero_(self) -> Any:
        """Set every element to 0."""
        return copy_into(self, 0)

    def fill_diagonal_(self, fill_value: Any, wrap: bool = False) -> Any:
        """Set the elements of the diagonal to one value; with `wrap`, it starts again below, in a tall matrix."""
        at: Any = (np.arange(min(self.array.shape)),) * self.array.ndim
        if wrap and self.array.ndim == 2:
            columns = self.array.shape[1]
            at = np.divmod(np.arange(0, self.array.size, columns + 1), columns)
        return put(self, at, fill_value)

    def index_fill_(self, dim: int, index: Any, value: Any) -> Any:
        """Set the slices at index along dim to one value."""
        return put(self, along(dim, self.array.ndim, index), value)

    def index_copy_(self, dim: int, index: Any, source: Any) -> Any:
        """Take the slices of source at index along dim."""
        return put(self, along(dim, self.array.ndim, index), source)

    @explained
    def normal_(self, mean: float = 0.0, std: float = 1.0, *, generator: Any = None) -> Any:
        """Normal numbers of this mean and standard deviation."""
        return self._draw(lambda rng: rng.normal(mean, std, self.array.shape), generator)

    @explained
    def uniform_(self, a: float = 0.0, b: float = 1.0, *, generator: Any = None) -> Any:
        """Uniform numbers in [a, b)."""
        return self._draw(lambda rng: rng.uniform(a, b, self.array.shape), generator)

    @explained
    def exponential_(self, lambd: float = 1.0, *, generator: Any = None) -> Any:
        """Exponential numbers of the rate lambd."""
        return self._draw(lambda rng: rng.exponential(1 / lambd, self.array.shape), generator)

    @explained
    def cauchy_(self, median: float = 0.0, sigma: float = 1.0, *, generator: Any = None) -> Any:
        """Cauchy numbers of this median, half of them within sigma of it."""
        return self._draw(lambda rng: median + sigma * rng.standard_cauchy(self.array.shape), generator)

    @explained
    def log_normal_(self, mean: float = 1.0, std: float = 2.0, *, generator: Any = None) -> Any:
        """Numbers whose logarithms are normal, with this mean and standard deviation."""
        return self._draw(lambda rng: rng.lognormal(mean, std, self.array.shape), generator)

    @explained
    def bernoulli_(self, p: Any = 0.5, *, generator: Any = None) -> Any:
        """1 with probability p, else 0."""
        p = getattr(p, "array", p)
        return self._draw(lambda rng: rng.random(self.array.shape) < p, generator, floats=False)

    @explained
    def random_(self, *bounds: int | None, generator: Any = None) -> Any:
        """Random integers from 0, or the first of two bounds, up to, but not including, the last.

        Without that, or with None in its place, they are all that its dtype has, or can count to.
        """
        kind = self.array.dtype.kind
        most = np.iinfo(self.dtype).max if kind in "iu" else 2 ** (np.finfo(self.dtype).nmant + 1) if kind == "f" else 1
        low = bounds[0] if len(bounds) == 2 else 0
        high = bounds[-1] if bounds and bounds[-1] is not None else most + 1
        return self._draw(lambda rng: rng.integers(low, high, self.array.shape), generator, floats=False)

    @explained
    def geometric_(self, p: float, *, generator: Any = None) -> Any:
        """How many draws it takes, at random, until the first one that succeeds, with probability 0 < p < 1."""
        if not 0 < p < 1:
            raise RuntimeError(f"geometric_ needs a probability between 0 and 1, got {p}")
        return self._draw(lambda rng: rng.geometric(p, self.array.shape), generator, floats=False)

    def _draw(self, numbers: Any, generator: Any, floats: bool = True) -> Any:
        if floats and self.array.dtype.kind != "f":
            raise RuntimeError(f"random floats cannot be drawn into a tensor of {self.array.dtype}")
        return copy_into(self, numbers(numpy_rng(generator)))

    def as_subclass(self, cls: Any) -> Any:
        """A view of this tensor that is of the class `cls`, which is made without its constructor."""
        view, made = identity(self), object.__new__(cls)
        made.array, made.node, made._base, made._view_fn = view.array, view.node, view._base, view._view_fn
        return made

    # Numbers ----------------------------------------------------------------------------------------------------------

    def item(self) -> Any:
        """The one element, as a Python number."""
        if self.array.size != 1:
            raise ShapeError(f"item() needs a tensor of one element, this one has the shape {self.array.shape}")
        return self.array.item()

    def tolist(self) -> Any:
        """The elements as nested lists of Python numbers."""
        return self.array.tolist()

    def numpy(self, *, force: bool = False) -> np.ndarray:
        """The ndarray itself, not a copy; of a tensor that requires grad only after detach() (or with force)."""
        if current_node(self) is not None and not force:
            raise RuntimeError("numpy() of a tensor that requires grad would lose its history: use detach().numpy()")
        return self.array

    def __bool__(self) -> bool:
        if self.array.size != 1:
            raise ShapeError(f"the truth of a tensor of shape {self.array.shape} is ambiguous: use .any() or .all()")
        return bool(self.array.item())

    def __int__(self) -> int:
        return int(self.item())

    def __float__(self) -> float:
        return float(self.item())

    def __complex__(self) -> complex:
        return complex(self.item())

    def __index__(self) -> int:
        if self.array.dtype.kind not in "iub":
            raise TypeError(f"only a tensor of whole numbers can be an index, this one holds {self.array.dtype}")
        return int(self.item())

    def __format__(self, spec: str) -> str:
        if self.array.size == 1 and (spec or not self.array.ndim):
            return format(self.item(), spec)
        if spec:
            raise TypeError(f"the format {spec!r} is for one number, this tensor has the shape {self.array.shape}")
        return str(self)

    # NumPy's protocols ------------------------------------------------------------------------------------------------

    def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray:
        if current_node(self) is not None:
            raise RuntimeError("an ndarray of a tensor that requires grad would lose its history: use detach().numpy()")
        array = self.array
        return np.array(array, dtype) if copy or (dtype is not None and dtype != array.dtype) else array

    def __dlpack__(
        self, *, stream: Any = None, max_version: Any = None, dl_device: Any = None, copy: Any = None
    ) -> Any:
        """The capsule by which other libraries share the memory; BufferError where a gradient is needed."""
        if current_node(self) is not None:
            raise BufferError("a tensor that requires grad cannot share its memory: use tensor.detach()")
        return self.array.__dlpack__(max_version=max_version, dl_device=dl_device, copy=copy)

    def __dlpack_device__(self) -> Any:
        return self.array.__dlpack_device__()

    def __array_ufunc__(self, ufunc: Any, kind: str, *args: Any, **kwargs: Any) -> Any:
        if kwargs.get("out") is not None:
            raise TypeError(f"np.{ufunc.__name__} cannot write a tensor into an ndarray: assign the result instead")
        if kind != "__call__":
            raise TypeError(f"np.{ufunc.__name__}.{kind} is not supported for tensors: use the tensor's own methods")
        return dispatch(ufunc, args, kwargs)

    def __array_function__(self, function: Any, kinds: Any, args: tuple, kwargs: dict) -> Any:
        return dispatch(function, args, kwargs)

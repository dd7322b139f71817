"""The methods and operators of a tensor: each is an op (or a function made of ops) under torch's name."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd import ops
from autograd.errors import ShapeError
from autograd.graph import Traced, mode, mutated, tick


def _in_place(function: Any) -> Any:
    """The method that computes `function` and puts the result in the place of the tensor's own elements."""

    def method(self: Methods, *args: Any, **kwargs: Any) -> Any:
        return self._overwrite(function(self, *args, **kwargs))

    method.__name__ = f"{function.__name__}_"
    method.__doc__ = f"`{function.__name__}`, in place; returns the tensor itself."
    return method


class Methods(Traced):
    """What can be computed from a tensor by its methods and operators."""

    # shape
    view = reshape = ops.view
    permute = ops.reorder
    transpose = swapaxes = swapdims = ops.transpose
    t = ops.t
    movedim = moveaxis = ops.movedim
    squeeze, unsqueeze, flatten, unflatten = ops.squeeze, ops.unsqueeze, ops.flatten, ops.unflatten
    expand, expand_as, view_as = ops.expand, ops.expand_as, ops.view_as
    broadcast_to = ops.broadcast_to
    repeat, tile, repeat_interleave = ops.repeated, ops.tile, ops.repeat_interleave
    split, chunk, unbind = ops.split, ops.chunk, ops.unbind
    flip, roll = ops.flipped, ops.rolled
    tril, triu, diagonal, diag, trace = ops.tril, ops.triu, ops.diagonal, ops.diag, ops.trace
    narrow, select, unfold = ops.narrow, ops.select, ops.unfold

    # elementwise
    add, sub, mul, div = ops.scaled_add, ops.scaled_sub, ops.mul, ops.divide
    multiply, divide, subtract, true_divide = ops.mul, ops.divide, ops.scaled_sub, ops.div
    floor_divide, remainder, fmod = ops.floor_divide, ops.remainder, ops.fmod
    pow, neg, square, reciprocal, lerp = ops.pow, ops.neg, ops.square, ops.reciprocal, ops.lerp
    exp, exp2, expm1, log, log2, log10, log1p = ops.exp, ops.exp2, ops.expm1, ops.log, ops.log2, ops.log10, ops.log1p
    sqrt, rsqrt, logaddexp, erf = ops.sqrt, ops.rsqrt, ops.logaddexp, ops.erf
    sin, cos, tan, asin, acos, atan, atan2 = ops.sin, ops.cos, ops.tan, ops.asin, ops.acos, ops.atan, ops.atan2
    sinh, cosh, tanh = ops.sinh, ops.cosh, ops.tanh
    asinh, acosh, atanh = ops.asinh, ops.acosh, ops.atanh
    sigmoid, relu, softmax, log_softmax = ops.sigmoid, ops.relu, ops.softmax, ops.log_softmax
    abs, sign, floor, ceil, trunc, round = ops.abs, ops.sign, ops.floor, ops.ceil, ops.trunc, ops.round
    maximum, minimum = ops.maximum, ops.minimum
    clamp = clip = ops.clamp
    masked_fill, masked_select = ops.masked_fill, ops.masked_select

    # comparison and logic
    eq, ne, lt, le, gt, ge = ops.eq, ops.ne, ops.lt, ops.le, ops.gt, ops.ge
    isnan, isinf, isfinite = ops.isnan, ops.isinf, ops.isfinite
    logical_not, logical_and, logical_or = ops.logical_not, ops.logical_and, ops.logical_or
    allclose, isclose, equal = ops.allclose, ops.isclose, ops.equal

    # reductions
    sum, mean, prod, var, std, norm = ops.sum, ops.mean, ops.prod, ops.var, ops.std, ops.norm
    max, min, amax, amin, argmax, argmin = ops.max, ops.min, ops.amax, ops.amin, ops.argmax, ops.argmin
    any, all, count_nonzero = ops.any, ops.all, ops.count_nonzero
    logsumexp, cumsum, cumprod, median = ops.logsumexp, ops.cumsum, ops.cumprod, ops.median
    sort, argsort, topk = ops.sort, ops.argsort, ops.topk
    unique, bincount, nonzero = ops.unique, ops.bincount, ops.nonzero

    # products and indices
    matmul, mm, bmm, mv, dot, outer = ops.matmul, ops.mm, ops.bmm, ops.mv, ops.dot, ops.outer
    addmm = baddbmm = ops.addmm
    gather, scatter, scatter_add, index_select = ops.gather, ops.scatter, ops.scatter_add, ops.index_select
    take_along_dim = ops.take_along_dim

    clone, cast = ops.clone, ops.cast

    # in place
    add_, sub_ = _in_place(ops.scaled_add), _in_place(ops.scaled_sub)
    mul_, div_ = _in_place(ops.mul), _in_place(ops.divide)
    pow_, neg_, exp_, sqrt_, tanh_ = map(_in_place, (ops.pow, ops.neg, ops.exp, ops.sqrt, ops.tanh))
    sigmoid_, relu_, clamp_, abs_ = map(_in_place, (ops.sigmoid, ops.relu, ops.clamp, ops.abs))
    masked_fill_, scatter_, scatter_add_ = map(_in_place, (ops.masked_fill, ops.scatter, ops.scatter_add))
    lerp_, tril_, triu_ = map(_in_place, (ops.lerp, ops.tril, ops.triu))

    def _overwrite(self, new: Any) -> Any:
        """Put the elements of `new` in the place of this tensor's, which then has the history of `new`."""
        recorded = mode.grad and isinstance(new, Traced) and new.node is not None
        if mode.grad and self.node is not None and self.node.op is None:
            raise RuntimeError(
                f"a leaf of shape {self.array.shape} that requires grad is changed in place: do it within no_grad(), "
                "or compute a new tensor"
            )
        if recorded and self.node is None and isinstance(self.array.base, np.ndarray):
            raise RuntimeError(
                "a tensor that requires grad is written into a view of one that does not, whose owner would not know: "
                "write owner[index] = value, or clone() the view first"
            )
        array = new.array if isinstance(new, Traced) else new
        if np.shape(array) != self.array.shape:
            raise ShapeError(f"a result of shape {np.shape(array)} does not fit in place of {self.array.shape}")
        if recorded and new.node.dtype != self.array.dtype:
            new = ops.cast(new, dtype=self.array.dtype)
        np.copyto(self.array, array, casting="same_kind")
        mutated(self.array)
        if recorded:
            new.node.order = tick()
        if mode.grad:
            self.node = new.node if recorded else None
        return self

    def index_add_(self, dim: int, index: Any, source: Any, *, alpha: float = 1) -> Any:
        """Add the slices of source at index along dim, in place; repeated indices add up."""
        at = (slice(None),) * (dim % self.array.ndim) + (getattr(index, "array", index),)
        return self._overwrite(self + ops.unindex(source * alpha, index=at, size=self.array.shape))

    def copy_(self, other: Any) -> Any:
        """Take the elements of other, which must broadcast to this shape."""
        source = other if isinstance(other, Traced) else np.asarray(other, self.array.dtype)
        return self._overwrite(np.broadcast_to(source, self.array.shape))  # type: ignore[arg-type]

    def fill_(self, value: Any) -> Any:
        """Set every element to one value."""
        return self._overwrite(np.full(self.array.shape, getattr(value, "array", value), self.array.dtype))

    def zero_(self) -> Any:
        """Set every element to 0."""
        return self.fill_(0)

    # operators
    def __add__(self, other: Any) -> Any:
        return ops.add(self, other)

    def __radd__(self, other: Any) -> Any:
        return ops.add(other, self)

    def __sub__(self, other: Any) -> Any:
        return ops.sub(self, other)

    def __rsub__(self, other: Any) -> Any:
        return ops.sub(other, self)

    def __mul__(self, other: Any) -> Any:
        return ops.mul(self, other)

    def __rmul__(self, other: Any) -> Any:
        return ops.mul(other, self)

    def __truediv__(self, other: Any) -> Any:
        return ops.div(self, other)

    def __rtruediv__(self, other: Any) -> Any:
        return ops.div(other, self)

    def __floordiv__(self, other: Any) -> Any:
        return ops.floor_divide(self, other)

    def __rfloordiv__(self, other: Any) -> Any:
        return ops.floor_divide(other, self)

    def __mod__(self, other: Any) -> Any:
        return ops.remainder(self, other)

    def __rmod__(self, other: Any) -> Any:
        return ops.remainder(other, self)

    def __pow__(self, other: Any) -> Any:
        return ops.pow(self, other)

    def __rpow__(self, other: Any) -> Any:
        return ops.pow(other, self)

    def __matmul__(self, other: Any) -> Any:
        return ops.matmul(self, other)

    def __rmatmul__(self, other: Any) -> Any:
        return ops.matmul(other, self)

    def __neg__(self) -> Any:
        return ops.neg(self)

    def __pos__(self) -> Any:
        return self

    def __abs__(self) -> Any:
        return ops.abs(self)

    def __invert__(self) -> Any:
        return ops.bitwise_not(self)

    __and__ = __rand__ = ops.bitwise_and
    __or__ = __ror__ = ops.bitwise_or
    __xor__ = __rxor__ = ops.bitwise_xor

    def __eq__(self, other: Any) -> Any:
        return ops.eq(self, other)

    def __ne__(self, other: Any) -> Any:
        return ops.ne(self, other)

    def __lt__(self, other: Any) -> Any:
        return ops.lt(self, other)

    def __le__(self, other: Any) -> Any:
        return ops.le(self, other)

    def __gt__(self, other: Any) -> Any:
        return ops.gt(self, other)

    def __ge__(self, other: Any) -> Any:
        return ops.ge(self, other)

    __hash__ = object.__hash__

    __iadd__, __isub__, __imul__, __itruediv__ = map(_in_place, (ops.add, ops.sub, ops.mul, ops.div))
    __ipow__, __iand__, __ior__ = map(_in_place, (ops.pow, ops.bitwise_and, ops.bitwise_or))

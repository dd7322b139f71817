"""The methods and operators of a tensor: each is an op (or a function made of ops) under torch's name."""

from __future__ import annotations

from typing import Any

from autograd import ops
from autograd.inplace import InPlace


class Methods(InPlace):
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
    addcmul, addcdiv, nan_to_num = ops.addcmul, ops.addcdiv, ops.nan_to_num
    masked_fill, masked_select, where = ops.masked_fill, ops.masked_select, ops.where_method

    # comparison and logic
    eq, ne, lt, le, gt, ge = ops.eq, ops.ne, ops.lt, ops.le, ops.gt, ops.ge
    isnan, isinf, isfinite = ops.isnan, ops.isinf, ops.isfinite
    logical_not, logical_and, logical_or, logical_xor = (
        ops.logical_not,
        ops.logical_and,
        ops.logical_or,
        ops.logical_xor,
    )
    bitwise_not, bitwise_and, bitwise_or, bitwise_xor = (
        ops.bitwise_not,
        ops.bitwise_and,
        ops.bitwise_or,
        ops.bitwise_xor,
    )
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
    gather, scatter, scatter_add = ops.gather, ops.scattered, ops.scatter_add
    index_select, index_add, take_along_dim = ops.index_select, ops.index_add, ops.take_along_dim

    clone, cast = ops.clone, ops.cast

    # operators
    __add__, __sub__, __mul__, __truediv__, __matmul__ = ops.add, ops.sub, ops.mul, ops.div, ops.matmul
    __floordiv__, __mod__, __pow__ = ops.floor_divide, ops.remainder, ops.pow
    __neg__, __abs__, __invert__ = ops.neg, ops.abs, ops.bitwise_not
    __lt__, __le__, __gt__, __ge__ = ops.lt, ops.le, ops.gt, ops.ge

    def __radd__(self, other: Any) -> Any:
        return ops.add(other, self)

    def __rsub__(self, other: Any) -> Any:
        return ops.sub(other, self)

    def __rmul__(self, other: Any) -> Any:
        return ops.mul(other, self)

    def __rtruediv__(self, other: Any) -> Any:
        return ops.div(other, self)

    def __rfloordiv__(self, other: Any) -> Any:
        return ops.floor_divide(other, self)

    def __rmod__(self, other: Any) -> Any:
        return ops.remainder(other, self)

    def __rpow__(self, other: Any) -> Any:
        return ops.pow(other, self)

    def __rmatmul__(self, other: Any) -> Any:
        return ops.matmul(other, self)

    def __pos__(self) -> Any:
        return self

    __and__ = __rand__ = ops.bitwise_and
    __or__ = __ror__ = ops.bitwise_or
    __xor__ = __rxor__ = ops.bitwise_xor

    def __eq__(self, other: Any) -> Any:
        return NotImplemented if other is None or isinstance(other, str) else ops.eq(self, other)

    def __ne__(self, other: Any) -> Any:
        return NotImplemented if other is None or isinstance(other, str) else ops.ne(self, other)

    __hash__ = object.__hash__

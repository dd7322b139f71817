"""NumPy's functions on tensors: which op serves them, and what serves those whose arguments mean something else."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd.base import TensorBase, current_node, load_families, wrap
from autograd.grad_mode import mode
from autograd.ops.elementwise import clamp
from autograd.ops.linalg import diag, diagonal, matmul, tensordot
from autograd.ops.reduction import std, var
from autograd.ops.shape import transpose, unsqueeze
from autograd.ops.statistics import norm
from autograd.ops.table import NUMPY, function

# functions whose result has no gradient, whatever was put in: shapes, truth values and places
_CONSTANT: set[Any] = {np.ndim, np.shape, np.size, np.zeros_like, np.ones_like, np.empty_like, np.array_equal}
_CONSTANT |= {np.array_equiv, np.allclose, np.isclose, np.iscomplexobj, np.isrealobj, np.result_type, np.can_cast}
_CONSTANT |= {np.min_scalar_type, np.shares_memory, np.may_share_memory, np.array2string, np.array_repr, np.array_str}
_CONSTANT |= {np.iscomplex, np.isreal, np.isposinf, np.isneginf, np.signbit, np.nonzero, np.flatnonzero, np.argwhere}
_CONSTANT |= {np.argpartition, np.lexsort, np.searchsorted, np.digitize, np.nanargmax, np.nanargmin, np.isin}
_CONSTANT |= {np.linalg.matrix_rank, np.ix_, np.common_type}


def strip(value: Any) -> Any:
    """The array of a tensor; tuples and lists with those of the tensors in them; anything else as it is."""
    if isinstance(value, (tuple, list)):
        items = [strip(item) for item in value]
        return tuple(items) if isinstance(value, tuple) else items
    return value.array if isinstance(value, TensorBase) else value


def _requires_grad(value: Any) -> bool:
    if isinstance(value, (tuple, list)):
        return any(_requires_grad(item) for item in value)
    return isinstance(value, TensorBase) and current_node(value) is not None


def dispatch(function: Any, args: tuple, kwargs: dict) -> Any:
    """The result of one of NumPy's functions on tensors.

    Raises TypeError where the function has no derivative rule and a gradient is needed.
    """
    own = NUMPY.get(function) or (load_families() and NUMPY.get(function)) or None
    if own is not None:
        result = own(*args, **kwargs)
        if not hasattr(own, "op") or own.op.has_rules or own.op.reference or not _has_floats(result):
            return result
    constant = function in _CONSTANT
    if not constant and mode.grad and (_requires_grad(args) or _requires_grad(tuple(kwargs.values()))):
        raise TypeError(
            f"np.{function.__name__} has no derivative rule here: use tensor.detach(), or add it with autograd.op"
        )
    if own is not None:
        return result
    result = function(*strip(args), **{name: strip(value) for name, value in kwargs.items()})
    return result if constant else _wrapped(result)


def _has_floats(result: Any) -> bool:
    return any(part.dtype.kind == "f" for part in (result if isinstance(result, tuple) else (result,)))


def _wrapped(result: Any) -> Any:
    """Arrays as tensors, also in lists and tuples."""
    if type(result) in (list, tuple):
        return type(result)(_wrapped(part) for part in result)
    return wrap(result) if isinstance(result, np.ndarray) else result


@function(np.expand_dims, method=False)
def np_expand_dims(a, axis):
    """With new dims of size 1 at `axis`, an int or several."""
    axes = (axis,) if isinstance(axis, int) else axis
    for at in sorted(at % (a.ndim + len(axes)) for at in axes):
        a = unsqueeze(a, at)
    return a


@function(np.dot, method=False)
def np_dot(a, b):
    """The product with a number, or the sum of products over the last dim of a and the last but one of b."""
    if np.ndim(a) == 0 or np.ndim(b) == 0:
        return a * b
    if np.ndim(a) <= 2 and np.ndim(b) <= 2:
        return matmul(a, b)
    return tensordot(a, b, ([-1], [-2 if np.ndim(b) > 1 else 0]))


@function(np.linalg.norm, method=False)
def np_norm(x, ord=None, axis=None, keepdims=False):
    """The norm of vectors, or the Frobenius norm; NumPy's other norms of matrices have no rule."""
    if ord not in (None, "fro") and (isinstance(axis, tuple) or (axis is None and x.ndim > 1)):
        raise TypeError(
            f"np.linalg.norm(ord={ord}) of a matrix is an operator norm, which has no rule here: give one axis for the "
            "norms of its rows or columns, or flatten it"
        )
    return norm(x, ord, axis, keepdims)


def serve(table: dict[Any, Any]) -> None:
    """Let functions of ours serve those of NumPy's: they are one of the ops with other arguments."""
    for numpys, ours in table.items():
        ours.__name__ = numpys.__name__
        function(numpys, method=False)(ours)


OURS: dict[Any, Any] = {
    np.swapaxes: lambda a, axis1, axis2: transpose(a, axis1, axis2),
    np.diagonal: lambda a, offset=0, axis1=0, axis2=1: diagonal(a, offset, axis1, axis2),
    np.diag: lambda v, k=0: diag(v, k),
    np.clip: lambda a, a_min=None, a_max=None, *, min=None, max=None: clamp(
        a, a_min if min is None else min, a_max if max is None else max
    ),
    np.outer: lambda a, b: np.reshape(a, (-1, 1)) * np.reshape(b, (1, -1)),
    np.tensordot: lambda a, b, axes=2: tensordot(a, b, axes),
    np.matrix_transpose: lambda x: transpose(x, -1, -2),
    np.var: lambda a, axis=None, ddof=0, keepdims=False: var(a, dim=axis, correction=ddof, keepdim=keepdims),
    np.std: lambda a, axis=None, ddof=0, keepdims=False: std(a, dim=axis, correction=ddof, keepdim=keepdims),
}
serve(OURS)

"""How operations on one example are done on all examples of a batch at once, along dim 0 of the tensors that have it.

A rule gets the op, its operands (each with whether it has the batch), the number of examples and the keywords. Where it
gives None, or where an op has no rule, the examples are done one by one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from autograd.base import TensorBase
from autograd.ops import linalg, shape
from autograd.ops.entry import Op
from autograd.ops.joining import stack
from autograd.ops.reduction import axes_of

Operands = list[tuple[Any, bool]]
RULES: dict[str, Callable[[Op, Operands, int, dict], Any]] = {}
ELEMENTWISE = {f"autograd.ops.{name}" for name in ("activations", "arithmetic", "comparison", "elementwise")}
ELEMENTWISE |= {"autograd.ops.transcendental"}
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def batched_form(entry: Op, operands: Operands, size: int, kwargs: dict) -> Any:
    """What the op gives of all examples, stacked along dim 0."""
    rule = RULES.get(entry.name) or (_elementwise if entry.forward.__module__ in ELEMENTWISE else None)
    out = rule(entry, operands, size, kwargs) if rule is not None else None
    if out is not None:
        return out
    columns = [x.unbind(0) if batched else [x] * size for x, batched in operands]
    outs = [entry.function(*row, **kwargs) for row in zip(*columns, strict=True)]
    return tuple(map(stack, zip(*outs, strict=True))) if isinstance(outs[0], tuple) else stack(outs)


def rule_for(*names: str) -> Callable[[Callable], Callable]:
    """Decorate the rule of these ops."""

    def enter(rule: Callable) -> Callable:
        RULES.update(dict.fromkeys(names, rule))
        return rule

    return enter


def _dims(operand: tuple[Any, bool]) -> int:
    """How many dims one example of an operand has."""
    x, batched = operand
    return np.ndim(x) - batched


def _aligned(operand: tuple[Any, bool], dims: int) -> Any:
    """An operand whose examples have so many dims, new ones first, so that batches broadcast with each other."""
    (x, batched), missing = operand, dims - _dims(operand)
    return x.reshape(x.shape[0], *[1] * missing, *x.shape[1:]) if batched and missing > 0 else x


def _spread(operand: tuple[Any, bool], size: int) -> Any:
    """An operand with the batch, also where all examples share it."""
    x, batched = operand
    return x if batched else np.broadcast_to(x, (size, *np.shape(x)))


def _elementwise(entry: Op, operands: Operands, size: int, kwargs: dict) -> Any:
    arrays = [(x, b) for x, b in operands if isinstance(x, (TensorBase, np.ndarray))]
    dims = max(map(_dims, arrays))
    if dims and len({x.dtype for x, _ in arrays}) > 1 and 0 in map(_dims, arrays):
        return None  # the dtype of a tensor of 0 dims does not count as that of one with dims does
    return entry.function(*[_aligned(operand, dims) for operand in operands], **kwargs)


@rule_for("softplus", "bce_with_logits", "leaky_relu", "hardtanh", "elu", "linear_step", "identity", "log_or_floor")
def _also_elementwise(entry: Op, operands: Operands, size: int, kwargs: dict) -> Any:
    return _elementwise(entry, operands, size, kwargs)


@rule_for("prelu", "rrelu", "where", "clone", "masked_fill")
def _often_elementwise(entry: Op, operands: Operands, size: int, kwargs: dict) -> Any:
    if entry.name == "clone":
        return entry.function(operands[0][0])
    if entry.name in ("prelu", "rrelu") or operands[1][0] is None or (entry.name == "masked_fill" and operands[2][1]):
        return None
    return _elementwise(entry, operands, size, kwargs)


@rule_for("constant_in")
def _constant_in(entry: Op, operands: Operands, size: int, kwargs: dict) -> Any:
    return entry.function(*[_spread(operand, size) for operand in operands])


# Along dims -----------------------------------------------------------------------------------------------------------


@rule_for("sum", "mean", "var", "std", "amax", "amin", "prod", "logsumexp", "vector_norm", "any", "all", "flip")
def _over_dims(entry: Op, operands: Operands, size: int, kwargs: dict) -> Any:
    dim, dims = kwargs.get("dim"), _dims(operands[0])
    if not dims or isinstance(dim, bool):
        return None
    return entry.function(operands[0][0], **kwargs | {"dim": tuple(d + 1 for d in axes_of(dim, dims))})


@rule_for("argmax", "argmin", "cumsum", "cumprod", "sort", "argsort", "topk", "softmax", "log_softmax", "unbind")
def _along_dim(entry: Op, operands: Operands, size: int, kwargs: dict) -> Any:
    dim, dims = kwargs.get("dim", entry.defaults.get("dim")), _dims(operands[0])
    return None if not dims or dim is None else entry.function(operands[0][0], **kwargs | {"dim": dim % dims + 1})


@rule_for("split_at", "concatenate")
def _joined(entry: Op, operands: Operands, size: int, kwargs: dict) -> Any:
    dims = max(map(_dims, operands))
    if any(_dims(operand) != dims for operand in operands):
        return None
    wholes = [_spread(operand, size) for operand in operands]
    return entry.function(*wholes, **kwargs | {"dim": kwargs.get("dim", 0) % dims + 1})


# Shapes ---------------------------------------------------------------------------------------------------------------


@rule_for("reshape")
def _reshape(entry: Op, operands: Operands, size: int, kwargs: dict) -> Any:
    (x, _), sizes = operands[0], list(kwargs["size"])
    if -1 in sizes:
        known = -int(np.prod(sizes))
        sizes[sizes.index(-1)] = int(np.prod(x.shape[1:])) // known if known else 0
    return shape.reshape(x, size=(size, *sizes))


@rule_for("permute")
def _permute(entry: Op, operands: Operands, size: int, kwargs: dict) -> Any:
    dims, order = _dims(operands[0]), kwargs.get("dim")
    order = tuple(reversed(range(dims))) if order is None else order
    return shape.permute(operands[0][0], dim=(0, *[d % dims + 1 for d in order]))


@rule_for("expand", "repeat")
def _expand(entry: Op, operands: Operands, size: int, kwargs: dict) -> Any:
    sizes, times = kwargs["size"], size if entry.name == "expand" else 1
    return entry.function(_aligned(operands[0], len(sizes)), size=(times, *sizes))


@rule_for("tril", "triu")
def _triangle(entry: Op, operands: Operands, size: int, kwargs: dict) -> Any:
    return entry.function(operands[0][0], **kwargs) if _dims(operands[0]) > 1 else None


@rule_for("pad")
def _pad(entry: Op, operands: Operands, size: int, kwargs: dict) -> Any:
    return entry.function(operands[0][0], **kwargs | {"width": ((0, 0), *kwargs["width"])})


@rule_for("diagonal")
def _diagonal(entry: Op, operands: Operands, size: int, kwargs: dict) -> Any:
    dims = _dims(operands[0])
    places = {"dim1": kwargs.get("dim1", 0) % dims + 1, "dim2": kwargs.get("dim2", 1) % dims + 1}
    return entry.function(operands[0][0], **kwargs | places)


# Elements -------------------------------------------------------------------------------------------------------------


@rule_for("getitem", "unindex")
def _indexed(entry: Op, operands: Operands, size: int, kwargs: dict) -> Any:
    index = kwargs["index"]
    parts = index if isinstance(index, tuple) else (index,)
    kinds = [isinstance(part, (np.ndarray, int, np.integer)) for part in parts]
    arrays = [isinstance(part, np.ndarray) for part in parts]
    if any(isinstance(part, bool) for part in parts) or (any(arrays) and sum(kinds) > 1):
        return None  # NumPy may move the dim of several arrays to the front
    sizes = {"size": (size, *kwargs["size"])} if "size" in kwargs else {}
    return entry.function(operands[0][0], **kwargs | sizes | {"index": (slice(None), *parts)})


@rule_for("embedding")
def _embedding(entry: Op, operands: Operands, size: int, kwargs: dict) -> Any:
    (weight, weights_differ), (index, _) = operands
    return None if weights_differ else entry.function(weight, index, **kwargs)


# Products -------------------------------------------------------------------------------------------------------------


@rule_for("matmul")
def _matmul(entry: Op, operands: Operands, size: int, kwargs: dict) -> Any:
    (x, x_batched), (y, y_batched) = operands
    x_dims, y_dims = map(_dims, operands)
    if not y_batched and y_dims < 3 and x_dims:
        return linalg.matmul(x, y)
    row, column = x_dims == 1, y_dims == 1
    x = np.expand_dims(x, -2) if row else x
    y = np.expand_dims(y, -1) if column else y
    dims = max(x_dims + row, y_dims + column)
    out = linalg.matmul(_aligned((x, x_batched), dims), _aligned((y, y_batched), dims))
    out = out.squeeze(-1) if column else out
    return out.squeeze(-1 if column else -2) if row else out


@rule_for("linear")
def _linear(entry: Op, operands: Operands, size: int, kwargs: dict) -> Any:
    (x, x_batched), (weight, weight_batched), (bias, bias_batched) = operands
    if not weight_batched and not bias_batched:
        return entry.function(x, weight, bias)
    turned = (np.swapaxes(weight, -1, -2), weight_batched)
    out = _matmul(entry, [(x, x_batched), turned], size, kwargs) if x_batched or weight_batched else x @ turned[0]
    dims = _dims(operands[0])
    out_batched = x_batched or weight_batched
    return out if bias is None else _aligned((out, out_batched), dims) + _aligned((bias, bias_batched), dims)


@rule_for("contract")
def _contract(entry: Op, operands: Operands, size: int, kwargs: dict) -> Any:
    inputs, output = kwargs["inputs"], kwargs["output"]
    letter = next(s for s in _LETTERS if s not in "".join((*inputs, output)))
    subscripts = tuple(letter * batched + s for (_, batched), s in zip(operands, inputs, strict=True))
    return entry.function(*[x for x, _ in operands], inputs=subscripts, output=letter + output)

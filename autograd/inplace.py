"""Changes in place, and how the graph learns of them."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd.base import TensorBase, base_of, current_node, set_node
from autograd.dtypes import can_cast
from autograd.errors import ShapeError
from autograd.grad_mode import mode
from autograd.graph import Node, step_behind
from autograd.ops.indexing import getitem, index_put, is_basic, memory_order
from autograd.ops.shape import reshape
from autograd.ops.table import OPS
from autograd.versions import bump_version, owner, tick


class writing:  # noqa: N801 - a context, as no_grad is
    """`with writing(x, y) as [a, b]:` gives the arrays of tensors to code that changes them in place.

    At the end the change is noted, so that a backward pass that needs the old elements raises GraphError.
    """

    def __init__(self, *tensors: TensorBase) -> None:
        for tensor in tensors:
            check_writeable(tensor)
        self.arrays = [tensor.array for tensor in tensors]

    def __enter__(self) -> list[np.ndarray]:
        return self.arrays

    def __exit__(self, *_: object) -> None:
        for array in self.arrays:
            bump_version(array)


def overwrite(tensor: Any, new: Any) -> Any:
    """Put the result `new` of an operation in the place of the elements of `tensor`, which then has its history."""
    array, node = new.array, new.node
    if array.shape != tensor.array.shape:
        raise ShapeError(f"a result of shape {array.shape} cannot be written in place of one of {tensor.array.shape}")
    if not can_cast(array.dtype, tensor.array.dtype):
        raise RuntimeError(f"a result of {array.dtype} cannot be written in place of one of {tensor.array.dtype}")
    _keep_saved(node, tensor.array)
    if node is not None and node.dtype != tensor.array.dtype:
        node = step_behind(node, array.shape, tensor.array.dtype)
    return _write(tensor, array, node)


def copy_into(tensor: Any, value: Any) -> Any:
    """Put `value`, a number, array or tensor that broadcasts to its shape, in the place of the elements of `tensor`."""
    array, node = (value.array, current_node(value)) if isinstance(value, TensorBase) else (np.asarray(value), None)
    try:
        array = np.broadcast_to(array, tensor.array.shape)
    except ValueError:
        raise ShapeError(
            f"a value of shape {array.shape} cannot be broadcast to the elements that it is to replace, of shape "
            f"{tensor.array.shape}"
        ) from None
    _keep_saved(node, tensor.array)
    return _write(tensor, array, node, copied=True)


def put(tensor: Any, index: Any, value: Any) -> Any:
    """`tensor[index] = value`, for an index without tensors in it."""
    shape = np.shape(value)
    if not isinstance(shape, tuple):  # a class of NumPy's, say
        raise TypeError(f"x[index] = value takes a number, an array or a tensor, got {value!r}")
    if shape:
        while shape and shape[0] == 1:
            shape = shape[1:]
        value = value if len(shape) == np.ndim(value) else reshape(value, size=shape)
    node = current_node(value) if isinstance(value, TensorBase) else None
    if is_basic(index):
        copy_into(getitem(tensor, index=index), value)
        return tensor
    check_writeable(tensor)
    if mode.grad and (current_node(tensor) is not None or node is not None):
        overwrite(tensor, index_put(tensor, value, index=index))
    else:
        array = value.array if isinstance(value, TensorBase) else value
        try:
            tensor.array[index] = array
        except ValueError as error:
            shapes = f"x {tensor.array.shape}, value {np.shape(array)}"
            raise ShapeError(f"x[index] = value, for {shapes}: {error}") from None
        bump_version(tensor.array)
    return tensor


def _write(tensor: Any, array: np.ndarray, node: Node | None, copied: bool = False) -> Any:
    """Copy `array`, whose history is `node`, into the memory of `tensor`, and record the change in grad mode."""
    base = base_of(tensor)
    check_writeable(tensor)
    if mode.grad and base.node is not None and base.node.op is None:
        shape = tensor.array.shape
        what = f"a leaf of shape {shape}" if base is tensor else f"a view, of shape {shape}, of a leaf"
        raise RuntimeError(
            f"{what} that requires grad is changed in place: do it within no_grad(), or compute a new tensor"
        )
    np.copyto(tensor.array, array, casting="unsafe")
    bump_version(tensor.array)
    if mode.grad:
        _record(tensor, base, node, copied)
    return tensor


def _record(tensor: Any, base: Any, node: Node | None, copied: bool) -> None:
    """Make `node` the history of `tensor`, by a step of its own if the elements were copied from another tensor's.

    A write into a view is recorded at its base, from which the view follows.
    """
    if base is tensor and not copied:
        set_node(tensor, node)
        if node is not None:
            node.order = tick()  # it was made before the change, which it is the history of
    elif base.array.dtype.kind in "fc" and (node is not None or base.node is not None):
        saved = {"view_fn": tensor._view_fn, "order": memory_order(base.array)}
        set_node(base, Node(OPS["copy_slices"], (base.node, node), saved, base.array.shape, base.array.dtype))
        if mode.trace is not None:
            mode.trace.note(base.node, base.array, (base.array, tensor.array))


def check_writeable(tensor: Any) -> None:
    """Raise RuntimeError for a tensor whose elements cannot be changed one by one, or not at all."""
    array = tensor.array
    repeated = 0 in array.strides and array.size and any(d == 0 and n > 1 for d, n in zip(array.strides, array.shape))
    if repeated or not array.flags.writeable:
        raise RuntimeError(
            f"a tensor of shape {tensor.array.shape} whose elements share places in memory (an expanded one), or "
            "that is read-only, cannot be changed in place: clone() it first"
        )


def _keep_saved(node: Node | None, array: np.ndarray) -> None:
    """The op that gives the new elements may need the old ones for its backward: it gets a copy of them."""
    memory, saved = owner(array), (node and node.saved) or {}
    for name, value in saved.items():
        if isinstance(value, np.ndarray) and owner(value) is memory:
            saved[name] = value.copy()
        elif isinstance(value, tuple):
            held = [isinstance(v, np.ndarray) and owner(v) is memory for v in value]
            saved[name] = tuple(v.copy() if own else v for v, own in zip(value, held, strict=True))

"""Tensor: an ndarray and its Node."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy import ndarray

from autograd import dtypes, graph, ops
from autograd.conversions import Conversions
from autograd.errors import GraphError, ShapeError
from autograd.grad_mode import mode
from autograd.graph import Node, Traced, tick
from autograd.ops.table import default_dtype
from autograd.protocols import NumpyProtocols, strip


def to_array(data: Any, dtype: Any = None, keep_integers: bool = True) -> np.ndarray:
    """A fresh array of anything that has numbers: Python's become the default dtype, an ndarray keeps its own."""
    if isinstance(data, Traced):
        return np.array(data.array, dtype)
    if isinstance(data, (np.ndarray, np.generic)):
        array = np.array(data, dtype)
    else:
        try:
            array = np.array(strip(data), dtype)
        except ValueError as error:
            raise ShapeError(f"nested lists of different lengths make no tensor: {error}") from None
        if dtype is None and (array.dtype.kind == "f" or not keep_integers or not array.size):
            array = array.astype(default_dtype())
    dtypes.checked_dtype(array.dtype)
    return array


def leaf(array: np.ndarray) -> Node:
    """The node of an array that gathers a gradient; only floats can."""
    if array.dtype.kind != "f":
        raise RuntimeError(
            f"only a floating-point tensor can require a gradient, this one holds {array.dtype}: make it with "
            "dtype=float32, or convert it with .float()"
        )
    return Node(None, (), None, array.shape, array.dtype)


def _index(index: Any) -> Any:
    """An index with the tensors in it as arrays."""
    if isinstance(index, tuple):
        return tuple(_index(part) for part in index)
    if isinstance(index, Traced):
        return int(index.array) if index.array.ndim == 0 and index.array.dtype.kind in "iu" else index.array
    return np.asarray(index) if isinstance(index, list) else index


_INT = (int, np.integer)


def _numbers_apart(index: tuple) -> tuple[tuple, tuple] | None:
    """Where a number stands before an array, with something else between, the index of the numbers and of the rest.

    There NumPy takes the number for an array and moves its dim to the front; torch takes the numbers out first.
    """
    arrays = [i for i, part in enumerate(index) if isinstance(part, np.ndarray)]
    if not arrays or not any(isinstance(part, _INT) for part in index[: arrays[-1]]):
        return None
    if not any(part is None or part is Ellipsis or isinstance(part, slice) for part in index[: arrays[-1]]):
        return None
    first = tuple(
        part if isinstance(part, _INT) or part is Ellipsis else slice(None) for part in index if part is not None
    )
    return first, tuple(part for part in index if not isinstance(part, _INT))


class Tensor(Conversions, NumpyProtocols):
    """An n-dimensional array whose operations are recorded, so that gradients can be computed.

    `data` is a number, nested lists, an ndarray or a tensor, which is copied; Python's numbers become the default dtype
    and an ndarray keeps its own. `array` is the ndarray, `node` the place in the graph (None without a gradient).
    """

    array: np.ndarray
    node: Node | None

    def __init__(self, data: Any = (), *sizes: int, dtype: Any = None, requires_grad: bool = False) -> None:
        if sizes:
            self.array = np.empty((data, *sizes), dtype or default_dtype())
        else:
            self.array = to_array(data, dtype, keep_integers=False)
        self.node = leaf(self.array) if requires_grad else None

    @staticmethod
    def wrap(array: np.ndarray, node: Node | None = None) -> Tensor:
        """A tensor of this very array and node."""
        tensor = _new(Tensor)
        tensor.array = array if type(array) is ndarray else np.asarray(array)
        tensor.node = node
        return tensor

    # What it is -------------------------------------------------------------------------------------------------------

    @property
    def shape(self) -> dtypes.Size:
        """The sizes of its dims."""
        return dtypes.Size(self.array.shape)

    @property
    def dtype(self) -> np.dtype:
        """The type of its elements."""
        return self.array.dtype

    ndim = property(lambda self: self.array.ndim, doc="How many dims it has.")
    itemsize = property(lambda self: self.array.itemsize, doc="The bytes of one element.")
    nbytes = property(lambda self: self.array.nbytes, doc="The bytes of all elements.")
    device = property(lambda self: dtypes.CPU, doc="Where it is: the CPU.")
    T = property(ops.permute, doc="The dims in reverse order.")
    mT = property(ops.mT, doc="The last two dims exchanged.")
    is_leaf = property(lambda self: self.node is None or self.node.op is None, doc="Whether no op made it.")
    grad_fn = property(lambda self: None if self.is_leaf else self.node, doc="The node of the op that made it.")
    is_cuda = property(lambda self: False, doc="Never: there is no GPU here.")

    def size(self, dim: int | None = None) -> Any:
        """The shape, or one size of it."""
        return self.shape if dim is None else self.shape[dim]

    def dim(self) -> int:
        """How many dims it has."""
        return self.array.ndim

    def numel(self) -> int:
        """How many elements it has."""
        return self.array.size

    nelement = numel
    ndimension = dim

    def element_size(self) -> int:
        """The bytes of one element."""
        return self.array.itemsize

    def is_contiguous(self) -> bool:
        """Whether the elements lie in memory in row-major order."""
        return self.array.flags.c_contiguous

    def stride(self, dim: int | None = None) -> Any:
        """How many elements lie between neighbours along each dim (or along one)."""
        steps = tuple(n // self.array.itemsize for n in self.array.strides)
        return steps if dim is None else steps[dim]

    def is_floating_point(self) -> bool:
        """Whether it holds floats."""
        return self.array.dtype.kind == "f"

    # Gradients --------------------------------------------------------------------------------------------------------

    @property
    def requires_grad(self) -> bool:
        """Whether a gradient can reach it."""
        return self.node is not None

    @requires_grad.setter
    def requires_grad(self, wanted: bool) -> None:
        self.requires_grad_(wanted)

    def requires_grad_(self, requires_grad: bool = True) -> Tensor:
        """Gather a gradient from now on, or no more; only a leaf can stop."""
        if not requires_grad and not self.is_leaf:
            raise RuntimeError("only a leaf can stop requiring a gradient: use detach() for what an op made")
        if requires_grad and self.node is None:
            self.node = leaf(self.array)
        elif not requires_grad:
            self.node = None
        return self

    @property
    def grad(self) -> Tensor | None:
        """The gradient gathered so far, of a leaf or after `retain_grad()`."""
        return self.node.grad if self.node is not None else None

    @grad.setter
    def grad(self, value: Tensor | None) -> None:
        if value is not None:
            if not isinstance(value, Tensor):
                raise TypeError(f"a gradient is a Tensor or None, got {type(value).__name__}: tensor(value) makes one")
            if self.node is None:
                raise RuntimeError("a tensor that requires no gradient has no place for one: requires_grad_() first")
            if tuple(value.shape) != self.array.shape:
                raise ShapeError(f"a gradient of shape {value.shape} for a tensor of shape {self.array.shape}")
        if self.node is not None:
            self.node.grad = value

    @property
    def data(self) -> Tensor:
        """The same elements without a history; what is written to them is written to this tensor."""
        return self.detach()

    @data.setter
    def data(self, value: Any) -> None:
        array = value.array if isinstance(value, Traced) else np.asarray(value)
        if self.node is not None and (array.shape, array.dtype) != (self.node.shape, self.node.dtype):
            self.node = leaf(array)
        self.array = array

    def detach(self) -> Tensor:
        """The same elements without a history."""
        return Tensor.wrap(self.array)

    def detach_(self) -> Tensor:
        """Forget the history."""
        self.node = None
        return self

    def retain_grad(self) -> None:
        """Keep the gradient of what an op made, too."""
        if self.node is None:
            raise RuntimeError("retain_grad() on a tensor that requires no gradient")
        self.node.retains = True

    def register_hook(self, hook: Callable[[Tensor], Tensor | None]) -> RemovableHandle:
        """Call `hook` with the gradient in each walk; what it returns, if anything, takes its place."""
        if not callable(hook):
            raise TypeError(f"a hook is a function of the gradient, got {type(hook).__name__}")
        if self.node is None:
            raise RuntimeError("register_hook() on a tensor that requires no gradient")
        self.node.hooks = self.node.hooks or {}
        return RemovableHandle(self.node.hooks, hook)

    def backward(
        self,
        gradient: Any = None,
        retain_graph: bool | None = None,
        create_graph: bool = False,
        inputs: Sequence[Tensor] | None = None,
    ) -> None:
        """Add the gradient of this tensor to `.grad` of every leaf that it came from (or of `inputs` alone).

        `gradient`, of this tensor's shape, is the upstream gradient; a tensor of one element needs none. With
        `create_graph` the gradients have a history, which holds the leaves whose `.grad` they are: set `.grad` to None
        to let go of it, or use `grad`, which has no such cycle.
        """
        if inputs is None:
            walk([self], [gradient], None, retain_graph, create_graph)
            return
        inputs = [inputs] if isinstance(inputs, Tensor) else inputs
        for tensor, g in zip(inputs, walk([self], [gradient], inputs, retain_graph, create_graph), strict=True):
            if g is not None:
                tensor.grad = g if tensor.grad is None else tensor.grad + g

    # Elements ---------------------------------------------------------------------------------------------------------

    def __getitem__(self, index: Any) -> Tensor:
        index = _index(index)
        if type(index) is tuple and (numbers := _numbers_apart(index)):
            return ops.getitem(ops.getitem(self, index=numbers[0]), index=numbers[1])
        return ops.getitem(self, index=index)

    def __setitem__(self, index: Any, value: Any) -> None:
        index = _index(index)
        if type(index) is tuple and (numbers := _numbers_apart(index)):
            place = self.array[numbers[0]][numbers[1]].shape
            index = tuple(slice(i, i + 1 or None) if isinstance(i, _INT) else i for i in index)
            value = value if isinstance(value, Traced) else np.asarray(value, self.array.dtype)
            value = ops.reshape(np.broadcast_to(value, place), size=self.array[index].shape)
        self._put(index, value)

    def __len__(self) -> int:
        if not self.array.ndim:
            raise TypeError("a tensor of 0 dims has no length")
        return self.array.shape[0]

    def __iter__(self) -> Iterator[Tensor]:
        if not self.array.ndim:
            raise TypeError("a tensor of 0 dims cannot be iterated over")
        return (self[i] for i in range(len(self)))

    def __contains__(self, value: Any) -> bool:
        return bool((self.array == getattr(value, "array", value)).any())

    def __repr__(self) -> str:
        body = np.array2string(self.array, separator=", ", precision=4, prefix="tensor(", threshold=1000)
        usual = self.array.dtype in (default_dtype(), dtypes.int64, dtypes.bool)
        history = f", grad_fn=<{self.node.name}>" if self.node is not None and self.node.op is not None else ""
        if self.node is not None and not history:
            history = ", requires_grad=True"
        return f"tensor({body}{'' if usual else f', dtype={self.array.dtype}'}{history})"

    # Copies ---------------------------------------------------------------------------------------------------------

    def __reduce__(self) -> tuple:
        return _rebuild, (type(self), self.array, self.requires_grad, self.__dict__)

    def __deepcopy__(self, memo: dict) -> Tensor:
        if not self.is_leaf:
            raise RuntimeError("only a leaf can be copied deeply: detach() or clone() what an op made")
        memo[id(self)] = copied = _rebuild(type(self), self.array.copy(), self.requires_grad, self.__dict__)
        if self.grad is not None:
            copied.grad = Tensor.wrap(self.grad.array.copy())
        return copied


_new = Tensor.__new__


class RemovableHandle:
    """What `register_hook` gives: `remove()` takes the hook away again."""

    def __init__(self, hooks: dict, hook: Callable) -> None:
        self.hooks, self.key = hooks, tick()
        hooks[self.key] = hook

    def remove(self) -> None:
        """Take the hook away."""
        self.hooks.pop(self.key, None)


def _rebuild(kind: type, array: np.ndarray, requires_grad: bool, extra: dict) -> Any:
    tensor: Any = _new(kind)
    tensor.array = array
    tensor.node = leaf(array) if requires_grad else None
    tensor.__dict__.update(extra)
    return tensor


def walk(
    outputs: Sequence[Tensor],
    gradients: Sequence[Any],
    inputs: Sequence[Tensor] | None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
) -> list[Tensor | None]:
    """One backward walk over tensors; with `inputs`, their gradients (None where nothing leads to one)."""
    seeds = [_seed(out, g, create_graph) for out, g in zip(outputs, gradients, strict=True)]
    for tensor in inputs or ():
        if tensor.node is None:
            raise RuntimeError("an input requires no gradient: make it with requires_grad=True")
    for out in outputs:
        if out.node.op is not None and out.node.order < graph.mutations.last:  # type: ignore[union-attr]
            graph.check_fresh("backward", out, out.node)  # type: ignore[arg-type]
    nodes = [out.node for out in outputs]
    targets = None if inputs is None else [tensor.node for tensor in inputs]
    retain = create_graph if retain_graph is None else retain_graph
    before, mode.grad = mode.grad, create_graph
    try:
        found = graph.walk(nodes, seeds, targets, Tensor.wrap, create_graph, retain)  # type: ignore[arg-type]
    finally:
        mode.grad = before
    grads: list[Any] = [found.get(node) for node in targets or ()]  # type: ignore[arg-type]
    return [g if g is None or isinstance(g, Tensor) else Tensor.wrap(g) for g in grads]


def _seed(out: Tensor, gradient: Any, create_graph: bool) -> Any:
    if out.node is None:
        raise GraphError(
            "this tensor has no graph behind it: no input requires a gradient, or it was made in no_grad()"
        )
    if gradient is None:
        if out.array.size != 1:
            raise RuntimeError(
                f"backward of a tensor of shape {out.array.shape} needs an upstream gradient of that shape: only a "
                "tensor of one element has an obvious one; take .sum() or .mean() first, or pass gradient="
            )
        gradient = np.ones_like(out.array)
    array = gradient.array if isinstance(gradient, Traced) else np.asarray(gradient)
    if array.shape != out.array.shape:
        raise ShapeError(f"the upstream gradient has the shape {array.shape}, the tensor {out.array.shape}")
    if create_graph:
        return gradient if isinstance(gradient, Traced) else Tensor.wrap(array.astype(out.array.dtype))
    return np.array(array, out.array.dtype)

"""Tensor: an ndarray and its Node."""

from __future__ import annotations

import builtins
import copy
from collections.abc import Callable, Sequence
from typing import Any
from weakref import ref

import numpy as np

from autograd import dtypes, ops
from autograd.base import TensorBase, class_of_results, current_node, wrap
from autograd.dtypes import default_dtype
from autograd.errors import ShapeError
from autograd.grad_mode import mode
from autograd.graph import Node
from autograd.inplace import writing
from autograd.methods import Methods
from autograd.ops.complaints import explained
from autograd.printing import tensor_text
from autograd.versions import apart, note_replaced
from autograd.walks import RemovableHandle, after_accumulation, on_gradients, run_backward_into


def to_array(data: Any, dtype: Any = None) -> np.ndarray:
    """A fresh array of anything that has numbers: Python's become the default dtype, an ndarray keeps its own."""
    if isinstance(data, TensorBase):
        return np.array(data.array, dtype)
    if isinstance(data, (np.ndarray, np.generic)):
        array = np.array(dtypes.plain(data), dtype)
    else:
        try:
            array = np.array(_numbers(data), dtype)
        except OverflowError:
            return dtypes.wrapped(_numbers(data), dtype)
        except ValueError as error:
            raise ShapeError(f"nested lists of different lengths cannot make a tensor: {error}") from None
        if dtype is None and (array.dtype.kind == "f" or not array.size):
            array = array.astype(default_dtype())
        elif dtype is None and array.dtype.kind == "c":
            array = array.astype(np.result_type(default_dtype(), np.complex64))
    dtypes.checked_dtype(array.dtype)
    return array


def _numbers(value: Any) -> Any:
    """Nested lists with the arrays of the tensors in them; one element is a number, however many dims it has."""
    if isinstance(value, (tuple, list)):
        return [_numbers(item) for item in value]
    if not isinstance(value, TensorBase):
        return value
    return value.array if value.array.size != 1 else value.array.reshape(())


def leaf(array: np.ndarray) -> Node:
    """The node of an array that gathers a gradient; only floats can."""
    if array.dtype.kind not in "fc":
        raise RuntimeError(
            f"only a floating-point tensor can require a gradient, this one holds {array.dtype}: make it with "
            "dtype=float32, or convert it with .float()"
        )
    return Node(None, (), None, array.shape, array.dtype)


@class_of_results
class Tensor(Methods):
    """An n-dimensional array whose operations are recorded, so that gradients can be computed.

    `array` is the ndarray, and `node` its place in the graph (None if no gradient is needed). `autograd.tensor(data)`
    makes one. This constructor is PyTorch's legacy one: whole numbers, or a Size, are the sizes of a tensor of zeros;
    nested lists and ndarrays are converted to the default dtype, and an ndarray that has it shares its memory; for a
    tensor it returns a view.
    """

    array: np.ndarray
    node: Node | None
    _printed_as = "tensor"

    def __init__(
        self, data: Any = (), *sizes: int, size: Any = None, dtype: Any = None, requires_grad: bool = False
    ) -> None:
        data = data if size is None else dtypes.Size(size)
        if isinstance(data, TensorBase):
            view = data if dtype is None else data.to(dtype)
            view = view.detach().requires_grad_() if requires_grad else ops.reshape(view, size=data.array.shape)
            self.array, self.node, self._base, self._view_fn = view.array, view.node, view._base, view._view_fn
            return
        dtype = dtypes.checked_dtype(dtype or default_dtype())
        if sizes or isinstance(data, (int, np.integer, dtypes.Size)) and not isinstance(data, bool):
            self.array = np.zeros(dtypes.sizes((data, *sizes)), dtype)
        else:
            array = dtypes.plain(data) if isinstance(data, np.ndarray) else to_array(data, dtype)
            self.array = array.astype(dtype, copy=False)
        self.node = leaf(self.array) if requires_grad else None

    def __init_subclass__(cls) -> None:
        cls._printed_as = vars(cls).get("_printed_as", cls.__name__)
        if "__new__" in vars(cls) and "__init__" not in vars(cls):  # that makes the tensor, by `_make_subclass`
            cls.__init__ = lambda self, *_, **__: None  # type: ignore[method-assign]

    @staticmethod
    def _make_subclass(cls: type, data: Any, require_grad: bool = False) -> Any:
        """A leaf of this class, in the memory of the data."""
        return _rebuild(cls, data.array, require_grad, {})

    def new(self, *data: Any) -> Tensor:
        """What the constructor makes of `data`, in the dtype of this tensor."""
        return Tensor(*data, dtype=self.dtype)

    # What it is -------------------------------------------------------------------------------------------------------

    @property
    def shape(self) -> dtypes.Size:
        """The sizes of its dims."""
        return dtypes.Size(self.array.shape)

    @property
    def dtype(self) -> dtypes.dtype:
        """The type of its elements."""
        return dtypes.dtype_of(self.array.dtype)

    ndim = property(lambda self: self.array.ndim, doc="How many dims it has.")
    T = property(ops.permute, doc="The dims in reverse order.")
    mT = property(lambda self: ops.transpose(self, -1, -2), doc="The last two dims exchanged.")
    H = property(lambda self: ops.permute(self).conjugate(), doc="The conjugate of T.")
    mH = property(lambda self: ops.transpose(self, -1, -2).conjugate(), doc="The conjugate of mT.")
    real = property(
        lambda self: ops.real(self) if self.is_complex() else self,
        lambda self, value: self.real.copy_(value),
        doc="The real part.",
    )
    imag = property(lambda self: ops.imag(self), lambda self, value: self.imag.copy_(value), doc="The imaginary part.")
    grad_fn = property(lambda self: None if self.is_leaf else self.node, doc="The node of the op that made it.")

    @property
    def is_leaf(self) -> bool:
        """Whether no op made it."""
        node = current_node(self)
        return node is None or node.op is None

    @explained
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

    def is_floating_point(self) -> bool:
        """Whether it holds floats."""
        return self.array.dtype.kind == "f"

    # Gradients --------------------------------------------------------------------------------------------------------

    @property
    def requires_grad(self) -> bool:
        """Whether a gradient can reach it."""
        return current_node(self) is not None

    @requires_grad.setter
    def requires_grad(self, requires_grad: bool) -> None:
        self.requires_grad_(requires_grad)

    def requires_grad_(self, requires_grad: bool = True) -> Tensor:
        """Gather a gradient from now on, or no more; only a leaf can stop."""
        if not requires_grad and not self.is_leaf:
            raise RuntimeError("only a leaf can stop requiring a gradient: use detach() for the result of an op")
        gathered = self.grad
        if requires_grad and current_node(self) is None:
            self._base, self.node = None, leaf(self.array)
            self.grad = gathered
        elif not requires_grad:
            self._base = self.node = None
            self.grad = gathered
        return self

    @property
    def grad(self) -> Tensor | None:
        """The gradient gathered so far, of a leaf or after `retain_grad()`; or what was assigned to it."""
        return self.node.grad if self.node is not None else self.__dict__.get("_held_grad")

    @grad.setter
    def grad(self, value: Tensor | None) -> None:
        if value is not None:
            if not isinstance(value, Tensor):
                raise TypeError(f"a gradient is a Tensor or None, got {type(value).__name__}: tensor(value) makes one")
            if tuple(value.shape) != self.array.shape:
                raise ShapeError(f"a gradient of shape {value.shape} does not fit a tensor of shape {self.array.shape}")
        if self.node is not None:
            self.node.grad = value
        elif value is not None or "_held_grad" in self.__dict__:
            self._held_grad = value

    @grad.deleter
    def grad(self) -> None:
        self.grad = None

    _grad = grad  # its name in older programs, which give one network the gradients of another

    @property
    def data(self) -> Tensor:
        """The same elements without a history; what is written to them is written to this tensor.

        As in torch this is not seen as a change, nor is `x.data = y`: a backward pass that needs the old elements takes
        the new ones. A write through `detach()` is seen.
        """
        return wrap(apart(self.array))

    @data.setter
    def data(self, value: Any) -> None:
        array = value.array if isinstance(value, TensorBase) else dtypes.plain(np.asanyarray(value))
        if self.node is not None and (array.shape, array.dtype) != (self.node.shape, self.node.dtype):
            self.node = leaf(array)
        note_replaced(self.array, self)
        self.array = apart(array)

    def set_(self, source: Tensor | None = None) -> Tensor:
        """Take the elements of another tensor, with which it then shares its memory, or none; returns the tensor."""
        if mode.grad and self.node is not None:
            raise RuntimeError("set_() on a tensor that requires a gradient is allowed in no_grad() only")
        self.data = np.empty(0, self.dtype) if source is None else source
        return self

    def apply_(self, callable: Callable[[Any], Any]) -> Tensor:
        """Replace each number by what a Python function makes of it, which is slow; returns the tensor."""
        if self.node is not None:
            raise RuntimeError("apply_() has no derivative: use operations, or detach() before")
        if not builtins.callable(callable):
            raise TypeError(f"apply_() takes a function of a number, not {type(callable).__name__}")
        with writing(self) as [array]:
            array[...] = np.reshape([callable(x) for x in array.ravel().tolist()], array.shape)
        return self

    def detach(self) -> Tensor:
        """The same elements without a history."""
        return wrap(self.array.view())

    def detach_(self) -> Tensor:
        """Forget the history."""
        if isinstance(self._base, Tensor):
            raise RuntimeError("a view cannot be detached in place: use detach()")
        self._base = self.node = None
        return self

    def retain_grad(self) -> None:
        """Keep the gradient of what an op made, too."""
        node = current_node(self)
        if node is None:
            raise RuntimeError("retain_grad() needs a tensor that requires a gradient")
        node.retains_grad = node.op is not None

    def register_hook(self, hook: Callable[[Tensor], Tensor | None]) -> RemovableHandle:
        """Call `hook` with the gradient in each walk; what it returns, if anything, takes its place."""
        if not callable(hook):
            raise TypeError(f"a hook is a function of the gradient, got {type(hook).__name__}")
        node = current_node(self)
        if node is None:
            raise RuntimeError("register_hook() needs a tensor that requires a gradient")
        node.hooks = node.hooks or {}
        return RemovableHandle(node.hooks, on_gradients(hook))

    def register_post_accumulate_grad_hook(self, hook: Callable[[Tensor], None]) -> RemovableHandle:
        """Call `hook` with this leaf whenever a gradient was added to its `.grad`."""
        if self.node is None or not self.is_leaf:
            raise RuntimeError("register_post_accumulate_grad_hook() needs a leaf that requires a gradient")
        this = ref(self)  # the hooks of a node must not keep its tensor

        def run() -> None:
            if (tensor := this()) is not None:
                hook(tensor)

        return RemovableHandle(after_accumulation.setdefault(self.node, {}), run)

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
        run_backward_into([self], [gradient], inputs, retain_graph, create_graph)

    def __repr__(self) -> str:
        history = ""
        if self.node is not None:
            history = f"grad_fn=<{self.node.name}>" if self.node.op is not None else "requires_grad=True"
        return tensor_text(self._printed_as, self.array, history, default_dtype())

    # Copies ---------------------------------------------------------------------------------------------------------

    def __reduce__(self) -> tuple:
        return _rebuild, (type(self), self.array, self.requires_grad, _attributes(self.__dict__))

    def __deepcopy__(self, memo: dict) -> Tensor:
        if not self.is_leaf:
            raise RuntimeError("only a leaf can be deep-copied: detach() or clone() the result of an op")
        memo[id(self)] = copied = _rebuild(type(self), self.array.copy(), self.requires_grad, self.__dict__)
        if (grad := self.grad) is not None:
            copied.grad = copy.deepcopy(grad, memo) if grad.is_leaf else wrap(grad.array.copy())
        return copied


def _rebuild(kind: type, array: np.ndarray, requires_grad: bool, extra: dict) -> Any:
    tensor: Any = object.__new__(kind)
    tensor.array = array
    tensor.node = leaf(array) if requires_grad else None
    tensor.__dict__.update(_attributes(extra))
    return tensor


def _attributes(extra: dict) -> dict:
    """The attributes that a copy has, too: it is no view."""
    return {name: value for name, value in extra.items() if name not in ("_base", "_view_fn", "_held_grad")}

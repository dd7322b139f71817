"""TensorBase: an ndarray and its Node, which is what operations take and give; and what a view knows of its base."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from autograd.grad_mode import enable_grad
from autograd.graph import Node
from autograd.versions import changed_since, owner

T = TypeVar("T", bound=type)
F = TypeVar("F", bound=Callable)


class _Results:
    kind: Any = None


class _Families:
    load: Callable[[], None] | None = None  # imports the families of operations that wait until one is asked for
    done = False
    lock = threading.RLock()


def loads_families(load: F) -> F:
    """Decorate the function that imports the families of operations that wait until one of them is asked for."""
    _Families.load = staticmethod(load)
    return load


def load_families() -> bool:
    """Import the families that wait; False where there were none, so that it is no use to look again."""
    if _Families.done:
        return False
    with _Families.lock:  # another thread waits here until all are there; this one, while it imports them, does not
        load, _Families.load = _Families.load, None
        if load is not None:
            try:
                load()
            except BaseException:  # Ctrl-C, say: the next one tries again
                _Families.load = load
                raise
            _Families.done = True
        return _Families.done


def class_of_results(kind: T) -> T:
    """Decorate the class of the tensors that operations give."""
    _Results.kind = kind
    return kind


def wrap(array: Any, node: Node | None = None) -> Any:
    """A tensor of this very array and node, with nothing copied or checked."""
    tensor = _new(_Results.kind)
    tensor.array = array if type(array) is np.ndarray else np.asarray(array)
    tensor.node = node
    return tensor


_new = object.__new__


class TensorBase:
    """An ndarray and its place in the graph (None without a gradient). The table of operations gives it its methods.

    A view also knows the tensor whose memory it shares, and how it was made from that.
    """

    __slots__ = ("array", "node")

    array: np.ndarray
    node: Node | None
    _base: TensorBase | None = None
    _view_fn: ViewFn | None = None

    wrap = staticmethod(wrap)

    if TYPE_CHECKING:  # the methods that `add_method` adds

        def __getattr__(self, name: str) -> Any: ...


def add_method(function: F, name: str | None = None) -> F:
    """Make `function`, whose first argument is a tensor, a method of tensors, under its own name or another."""
    setattr(TensorBase, name or function.__name__, function)
    return function


def add_in_place_method(function: Callable, name: str | None = None) -> None:
    """Give tensors the method `name_`, which puts the result of `function` in the place of the tensor's elements.

    Without a `name`, it is that of the function.
    """

    def in_place(self: Any, *args: Any, **kwargs: Any) -> Any:
        if not isinstance(self, TensorBase):
            raise TypeError(f"{in_place.__name__} changes a tensor in place, got {type(self).__name__}")
        return self._overwrite(function(self, *args, **kwargs))

    in_place.__name__ = in_place.__qualname__ = f"{name or function.__name__}_"
    in_place.__doc__ = f"`{function.__name__}`, in place; returns the tensor itself."
    add_method(in_place)


class _Waiting:
    """A method of a family that waits: it imports the families, one of which puts the method in this one's place.

    (With a `__getattr__` in its place Python would read every attribute of every tensor more slowly.)
    """

    def __init__(self, name: str) -> None:
        self.name = name

    def __get__(self, tensor: Any, kind: type) -> Any:
        load_families()
        return getattr(kind if tensor is None else tensor, self.name)


def wait_for_families(names: Iterable[str]) -> None:
    """Give tensors the methods of the families of operations that wait until one of them is asked for."""
    for name in names:
        setattr(TensorBase, name, _Waiting(name))


# Views ----------------------------------------------------------------------------------------------------------------


# How a view is made from its base: the ViewFn of the view before it (None for the base itself), and the function, its
# keywords and the number of its output that lead on from there.
ViewFn = tuple["ViewFn | None", Callable, dict, "int | None"]


def apply_view(view_fn: ViewFn | None, x: Any) -> Any:
    """The view of `x`, a tensor or array of the same shape and memory layout as the base that `view_fn` is of."""
    steps = []
    while view_fn is not None:
        steps.append(view_fn)
        view_fn = view_fn[0]
    for _, function, keywords, index in reversed(steps):
        x = function(x, **keywords)
        if index is not None:
            x = x[index]
    return x


def mark_view(view: Any, of: TensorBase, function: Callable, keywords: dict, index: int | None = None) -> None:
    """Note that `function` gave `view`, if it shares the memory of the tensor `of`."""
    memory, array = view.array.base, of.array
    if memory is not None and (memory is array or memory is array.base or owner(view.array) is owner(array)):
        view._base, before = (of, None) if of._base is None else (base_of(of), of._view_fn)
        view._view_fn = (before, function, keywords, index)


def set_view(tensor: Any, view: TensorBase) -> None:
    """Make `tensor` what `view` is, a view of it. Other views of it remain views of what it was.

    That is a TensorBase then, of which no program knows: a change without a record leaves the node of `tensor` alone.
    """
    if tensor._base is None:
        base = _new(TensorBase)
        base.array, base.node = tensor.array, tensor.node
        tensor._base = base
    else:
        tensor._base = base_of(tensor)
    tensor.array, tensor.node, tensor._view_fn = view.array, view.node, view._view_fn


def base_of(tensor: Any) -> Any:
    """The tensor that `tensor` is a view of, or itself."""
    base = tensor._base
    if base is not None and base._base is not None:  # its shape was changed in place: `set_view` has given it a base
        tensor._base = base = base._base
    return tensor if base is None else base


def current_node(tensor: TensorBase) -> Node | None:
    """The node of a tensor; that of a view is made anew where the memory was changed since it was made.

    A change in place of the base, or of another view of it, is recorded at the base: the view follows from it.
    """
    order = tensor.node.order if tensor.node else 0
    if tensor._base is not None and changed_since(tensor.array, order):
        base = base_of(tensor)
        if type(base) is not TensorBase or (base.node and base.node.order > order):  # see `set_view`
            with enable_grad():
                set_node(tensor, apply_view(tensor._view_fn, base).node)
    return tensor.node


def set_node(tensor: TensorBase, node: Node | None) -> None:
    """Give a tensor that was changed in place its new history. What `retain_grad` asked for goes with the tensor."""
    old = tensor.node
    if old is not None and old.retains_grad and node is not None:
        node.retains_grad, node.grad = True, old.grad
        old.retains_grad, old.grad = False, None
    tensor.node = node

"""Walks back from tensors: upstream gradients, hooks, and what is added to `.grad`."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Self
from weakref import WeakKeyDictionary

import numpy as np

from autograd.base import TensorBase, current_node, wrap
from autograd.batched import Batch
from autograd.errors import GraphError, ShapeError
from autograd.grad_mode import mode
from autograd.graph import Node, backward_walk
from autograd.versions import bump_version, tick


class RemovableHandle:
    """What `register_hook` gives: `remove()` takes the hook away again, as does the end of a `with` block."""

    def __init__(self, hooks: dict, hook: Callable) -> None:
        self.hooks, self.key = hooks, tick()
        hooks[self.key] = hook

    def remove(self) -> None:
        """Take the hook away."""
        self.hooks.pop(self.key, None)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.remove()


def on_gradients(hook: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """A hook of tensors as one of the gradients in a walk, which are ndarrays or, with create_graph, tensors."""

    def run(g: Any) -> Any:
        recorded = isinstance(g, TensorBase)
        replaced = hook(g if recorded else wrap(g))
        return g if replaced is None else replaced if recorded else replaced.array

    return run


def run_backward(
    outputs: Sequence[TensorBase],
    upstream: Sequence[Any],
    targets: Sequence[Node] | None,
    retain_graph: bool | None,
    create_graph: bool,
    take: Callable[[Node, Any], None],
) -> None:
    """`backward_walk` from tensors: `take` is called with each target and its gradient.

    The upstream gradients may be None for outputs of one element. Under `vmap` they may be those of a whole batch,
    through which the rules run on tensors, as with `create_graph`.
    """
    on_tensors = create_graph or any(isinstance(getattr(g, "array", None), Batch) for g in upstream)
    seeds = [_upstream(out, g, on_tensors) for out, g in zip(outputs, upstream, strict=True)]
    nodes: Any = [out.node for out in outputs]
    retain = create_graph if retain_graph is None else retain_graph
    before, mode.grad = mode.grad, create_graph
    try:
        for node, g in (mode.walk or backward_walk)(nodes, seeds, targets, on_tensors, retain):
            take(node, g)
    finally:
        mode.grad = before


_accumulating = threading.Lock()  # threads may walk back to one leaf at the same time
after_accumulation: WeakKeyDictionary[Node, dict[int, Callable[[], Any]]] = WeakKeyDictionary()  # hooks of leaves


def accumulate_grad(node: Node, g: Any) -> None:
    """Add `g`, an ndarray or a tensor with a history, to the `.grad` of a node: in place, unless the sum has a history.

    The `.grad` has an array of its own.
    """
    g = wrap(g.array.copy(), g.node) if isinstance(g, TensorBase) else wrap(g)
    with _accumulating:
        total = node.grad
        if total is None:
            node.grad = g
        elif g.node is not None or not total.array.flags.writeable:
            node.grad = total + g
        else:
            np.add(total.array, g.array, out=total.array)
            bump_version(total.array)
    if after_accumulation:
        for hook in tuple(after_accumulation.get(node, {}).values()):
            hook()


def run_backward_into(
    outputs: Sequence[TensorBase],
    upstream: Sequence[Any],
    inputs: Any,
    retain_graph: bool | None,
    create_graph: bool,
) -> None:
    """Add the gradients of `outputs` to `.grad` of every leaf, or of `inputs` (a tensor or several) alone."""
    if inputs is None:
        run_backward(outputs, upstream, None, retain_graph, create_graph, accumulate_grad)
        return
    inputs = [inputs] if isinstance(inputs, TensorBase) or not isinstance(inputs, Iterable) else [*inputs]
    if wrong := [type(x).__name__ for x in inputs if not isinstance(x, TensorBase)]:
        raise TypeError(f"backward: inputs must be tensors, got {', '.join(wrong)}")
    found = gradients(outputs, upstream, inputs, retain_graph, create_graph)
    for tensor, g in zip(inputs, found, strict=True):
        if g is not None and tensor.node is not None and not tensor.node.retains_grad:
            accumulate_grad(tensor.node, g)


def gradients(
    outputs: Sequence[TensorBase],
    upstream: Sequence[Any],
    inputs: Sequence[TensorBase],
    retain_graph: bool | None,
    create_graph: bool,
) -> list[Any]:
    """The gradient of `outputs` by each of `inputs`, None where no output depends on one."""
    targets: list[Any] = [current_node(tensor) for tensor in inputs]
    if None in targets:
        raise RuntimeError("an input requires no gradient: make it with requires_grad=True")
    found: dict[Node, Any] = {}
    wanted = set(targets)

    def take(node: Node, g: Any) -> None:
        if node.retains_grad:
            accumulate_grad(node, g if create_graph else g.copy())
        if node in wanted:
            found[node] = g

    run_backward(outputs, upstream, targets, retain_graph, create_graph, take)
    return [g if g is None or isinstance(g, TensorBase) else wrap(g) for g in map(found.get, targets)]


def _upstream(out: TensorBase, gradient: Any, create_graph: bool) -> Any:
    """The upstream gradient of an output as the walk takes it: an ndarray, or a tensor with `create_graph`."""
    if current_node(out) is None:
        raise GraphError(
            "this tensor has no graph behind it: no input requires a gradient, or it was made in no_grad()"
        )
    if gradient is None:
        if out.array.dtype.kind == "c":
            raise RuntimeError("backward of complex numbers needs gradient=; or take a real function of them, as abs()")
        if out.array.size != 1:
            raise RuntimeError(
                f"backward of a tensor of shape {out.array.shape} needs an upstream gradient of that shape: only a "
                "tensor of one element has an obvious one; take .sum() or .mean() first, or pass gradient="
            )
        gradient = np.ones_like(out.array)
    array = gradient.array if isinstance(gradient, TensorBase) else np.asarray(gradient)
    if array.shape != out.array.shape:
        raise ShapeError(f"the upstream gradient has the shape {array.shape}, but the tensor has {out.array.shape}")
    if create_graph:
        return gradient if isinstance(gradient, TensorBase) else wrap(array.astype(out.array.dtype))
    return np.array(array, out.array.dtype)

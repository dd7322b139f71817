"""`Function`: an op whose forward and backward a user writes on tensors, in torch's form."""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence
from typing import Any

import numpy as np

from autograd.base import TensorBase, current_node, wrap
from autograd.grad_mode import mode, no_grad
from autograd.graph import Node, of_outputs, output_node, output_nodes

_NO_NUMBERS = np.zeros(0, bool)  # in the place of a result that is not a tensor, and has no gradient


class Context:
    """What the forward of a `Function` hands to its backward."""

    def __init__(self, needs: tuple[bool, ...]) -> None:
        self.saved_tensors: tuple = ()
        self.needs_input_grad = needs
        self.dirty: tuple = ()
        self.constant: tuple = ()

    saved_variables = property(lambda self: self.saved_tensors, doc="The older name of `saved_tensors`.")

    def save_for_backward(self, *tensors: Any) -> None:
        """Keep these for the backward, as `saved_tensors`."""
        self.saved_tensors = tensors

    def save_for_forward(self, *tensors: Any) -> None:
        """Accepted: forward mode needs no method of its own here."""

    def set_materialize_grads(self, value: bool) -> None:
        """Accepted: the backward gets zeros for a result that no gradient came to."""

    def mark_dirty(self, *args: Any) -> None:
        """Name the arguments that forward has changed in place: returned, they have the history of the result."""
        self.dirty = args

    def mark_non_differentiable(self, *args: Any) -> None:
        """Name the results that have no gradient."""
        self.constant = args


class _Call:
    """The operation of one call of a Function: its backward is the user's."""

    def __init__(self, kind: type[Function], context: Context) -> None:
        self.name = kind.__name__
        self.kind, self.context = kind, context
        self.histories: list[Any] = []  # of what was saved: a Node, None, or the number of an output

    def save(self, outputs: tuple) -> dict:
        """The saved arrays, as a node keeps them: an output is known by its number, or the node would hold itself."""
        saved, self.context.saved_tensors = self.context.saved_tensors, ()
        numbers = {id(output): i for i, output in enumerate(outputs)}
        self.histories = [numbers.get(id(t), getattr(t, "node", None)) for t in saved]
        return {f"saved tensor {i}": t.array if isinstance(t, TensorBase) else t for i, t in enumerate(saved)}

    def vjp(self, node: Node, g: Any, needed: Container[Node | None] | None, create_graph: bool) -> Sequence[Any]:
        """The gradients of all arguments, as the user's backward gives them."""
        gs = (g,) if node.outputs is None else of_outputs(node, g)
        self.context.saved_tensors = tuple(
            [self._restored(node, *pair) for pair in zip((node.saved or {}).values(), self.histories, strict=True)]
        )
        try:
            found = self.kind.backward(self.context, *[x if isinstance(x, TensorBase) else wrap(x) for x in gs])
        finally:
            self.context.saved_tensors = ()
        found = list(found) if isinstance(found, (tuple, list)) else [found]
        while len(found) > len(node.parents) and found[-1] is None:  # of arguments that were left out
            found.pop()
        if len(found) != len(node.parents):
            raise RuntimeError(f"{self.name}.backward gave {len(found)} gradients for {len(node.parents)} arguments")
        return [x if create_graph or x is None else x.array for x in found]

    def _restored(self, node: Node, value: Any, history: Any) -> Any:
        """A saved tensor with its history again."""
        if not isinstance(value, np.ndarray):
            return value
        if isinstance(history, int):
            several = node.outputs is not None
            history = output_node(node, history) if several else node
        return wrap(value, history)


class Function:
    """An op in two static methods, `forward(ctx, *args)` and `backward(ctx, *grads)`: subclass it, call `apply(*args)`.

    `backward` returns a gradient for each argument, None for one that is not a tensor. If it is written with tensor
    operations, it can be differentiated again. A result that is not a tensor is passed on as it is. With a static
    method `setup_context(ctx, inputs, output)`, which saves what `backward` needs, it is `forward(*args)`.
    """

    setup_context: Callable | None = None

    @staticmethod
    def forward(ctx: Context, *args: Any) -> Any:
        """The result, from the arguments."""
        raise NotImplementedError("a Function needs a static method forward(ctx, *args)")

    @staticmethod
    def backward(ctx: Context, *grads: Any) -> Any:
        """The gradients of the arguments, from those of the results."""
        raise NotImplementedError("a Function needs a static method backward(ctx, *grads)")

    @classmethod
    def apply(cls, *args: Any) -> Any:
        """Call the function; the call is recorded."""
        parents = tuple(current_node(arg) if isinstance(arg, TensorBase) else None for arg in args)
        needs = tuple(parent is not None for parent in parents)
        context = Context(needs)
        with no_grad():
            if cls.setup_context is None:
                result = cls.forward(context, *args)
            else:
                result = cls.forward(*args)
                cls.setup_context(context, args, result)
        if not any(needs) or not mode.grad or not isinstance(result, (tuple, TensorBase)):
            return result
        outputs = result if isinstance(result, tuple) else (result,)
        call = _Call(cls, context)
        arrays = [out.array if isinstance(out, TensorBase) else _NO_NUMBERS for out in outputs]
        saved = call.save(outputs)
        if isinstance(result, tuple):
            nodes = output_nodes(call, parents, saved, arrays)
        else:
            nodes = [Node(call, parents, saved, result.array.shape, result.array.dtype)]
        if mode.trace is not None:
            values = [arg.array if isinstance(arg, TensorBase) else arg for arg in args]
            for node, array in zip(nodes, arrays):
                if node is not None:
                    mode.trace.note(node, array, values)
        constant, dirty = ({id(tensor) for tensor in marked} for marked in (context.constant, context.dirty))
        made: list[Any] = []
        for out, array, node in zip(outputs, arrays, nodes):
            new = wrap(array, None if id(out) in constant else node) if isinstance(out, TensorBase) else out
            made.append(out._overwrite(new) if id(out) in dirty else new)
        return tuple(made) if isinstance(result, tuple) else made[0]

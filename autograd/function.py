"""`Function`: an op whose forward and backward a user writes on tensors, in torch's form."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from autograd.grad_mode import mode, no_grad
from autograd.graph import Node, Traced
from autograd.ops.table import Parts, pick, wrap_several
from autograd.tensor import Tensor


class Context:
    """What the forward of a `Function` hands to its backward."""

    def __init__(self, needs: tuple[bool, ...]) -> None:
        self.saved_tensors: tuple = ()
        self.needs_input_grad = needs

    def save_for_backward(self, *tensors: Any) -> None:
        """Keep these for the backward, as `saved_tensors`."""
        self.saved_tensors = tensors


class _Written:
    """The op of one call of a Function: its backward is the user's."""

    reference = None

    def __init__(self, kind: type[Function], context: Context) -> None:
        self.name = kind.__name__
        self.kind, self.context = kind, context
        self.histories: list[Any] = []  # of what was saved: a Node, None, or the number of a result

    def save(self, results: tuple) -> dict:
        """The saved arrays, as a node keeps them: a result is known by its number, or the node would hold itself."""
        saved, self.context.saved_tensors = self.context.saved_tensors, ()
        numbers = {id(result): i for i, result in enumerate(results)}
        self.histories = [numbers.get(id(t), getattr(t, "node", None)) for t in saved]
        return {f"saved tensor {i}": t.array if isinstance(t, Traced) else t for i, t in enumerate(saved)}

    def pull(self, node: Node, g: Any, leads: set | None, wrap: Callable, create_graph: bool) -> Sequence[Any]:
        """The gradients of all arguments, as the user's backward gives them."""
        gs = g.filled() if isinstance(g, Parts) else (g,)
        several = bool(node.shape) and isinstance(node.shape[0], tuple)
        restored = []
        for value, history in zip((node.saved or {}).values(), self.histories, strict=True):
            if isinstance(history, int):
                history = pick(node, history, value) if several else node
            restored.append(wrap(value, history) if isinstance(value, np.ndarray) else value)
        self.context.saved_tensors = tuple(restored)
        try:
            found = self.kind.backward(self.context, *[x if isinstance(x, Traced) else wrap(x, None) for x in gs])
        finally:
            self.context.saved_tensors = ()
        found = found if isinstance(found, (tuple, list)) else (found,)
        if len(found) != len(node.parents):
            raise RuntimeError(f"{self.name}.backward gave {len(found)} gradients for {len(node.parents)} arguments")
        return [x if create_graph or x is None else x.array for x in found]


class Function:
    """Subclass it with static methods `forward(ctx, *args)` and `backward(ctx, *grads)`, and call `apply(*args)`.

    backward gives one gradient an argument, None for what is no tensor. Written with tensor operations, it can be
    derived again.
    """

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
        parents = tuple(arg.node if isinstance(arg, Traced) else None for arg in args)
        needs = tuple(parent is not None for parent in parents)
        context = Context(needs)
        with no_grad():
            result = cls.forward(context, *args)
        if not any(needs) or not mode.grad:
            return result
        results = result if isinstance(result, tuple) else (result,)
        op = _Written(cls, context)
        arrays = tuple(r.array for r in results)
        if isinstance(result, tuple):
            node = Node(op, parents, op.save(results), tuple(a.shape for a in arrays), arrays[0].dtype)
            return wrap_several(Tensor.wrap, arrays, node)
        return Tensor.wrap(arrays[0], Node(op, parents, op.save(results), arrays[0].shape, arrays[0].dtype))

"""What `nn.lint` sees of a training step: modules, operations, backward passes and gradients."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from autograd import scalar
from autograd.grad_mode import mode
from autograd.graph import Node, backward_walk, newest_first, tick
from autograd.scalar import Value
from autograd.tensor import Tensor
from autograd.tracing import Source, line_of_user, trace
from nn.module import Module
from nn.optim import Optimizer


class Finding(NamedTuple):
    """A likely mistake: the check that found it, the line, the reason and the remedy."""

    check: str
    line: Source | None
    reason: str
    remedy: str

    def __str__(self) -> str:
        text = f"{self.check}: {self.reason}"
        if self.line is not None:
            text += f"\n  line: {self.line}" + (f": {self.line.text}" if self.line.text else "")
        return f"{text}\n  remedy: {self.remedy}"


class Call(NamedTuple):
    """A call of a module that is within no other."""

    module: Module
    training: bool
    recorded: bool  # with gradients
    line: Source | None


class Operation(NamedTuple):
    """An operation of a step: its name, its arguments, its result, and the line of the program that it comes from."""

    node: Node
    values: Sequence[Any]
    out: np.ndarray
    line: Source | None

    def argument(self, i: int) -> Any:
        """An argument that is an array; None for any other."""
        value = self.values[i] if i < len(self.values) else None
        return value if isinstance(value, np.ndarray) else None


class Gradient(NamedTuple):
    """The largest magnitude of a gradient, the mean of those that are not 0, and the mean of the leaf itself."""

    largest: float
    mean: float
    weight: float


class Walk:
    """A backward pass: the lines of its root and of itself, and the gradient of each leaf."""

    def __init__(self, root: Node, made: Source | None, line: Source | None) -> None:
        self.root, self.made, self.line = weakref.ref(root), made, line
        self.gradients: dict[Node, Gradient] = {}
        self.stale: list[Node] = []  # leaves that were updated with a gradient of this walk and of one before an update


class ValueWalks:
    """What is seen of Values: at how many leaves a walk adds to a gradient that an update has used, and its line."""

    order = staticmethod(tick)

    def __init__(self) -> None:
        self.before: dict[Value, Any] = {}  # the leaves at the last walk to each
        self.stale: tuple[int, Source | None] = 0, None

    def walk(self, root: Value) -> None:
        """Look at the leaves before a backward pass."""
        leaves = [value for value in newest_first([root]) if not value.parents]
        stale = sum(bool(leaf.grad) and self.before.get(leaf, leaf.data) != leaf.data for leaf in leaves)
        if stale and not self.stale[0]:
            self.stale = stale, line_of_user()
        self.before.update((leaf, leaf.data) for leaf in leaves)


class Observer(trace):
    """A trace that hands each operation to `see`, notes what the checks ask for, and takes the place of the walk, too.

    `batches` is what the steps draw their batches from, if that is known.
    """

    def __init__(self, see: Callable[[Operation], Any], batches: Any = None) -> None:
        super().__init__()
        self.see, self.batches = see, batches
        self.stack: list[Module] = []
        self.calls: list[Call] = []
        self.ran: set[Module] = set()
        self.strangers: dict[Module, tuple[Module, Source | None]] = {}  # run within a module that does not know them
        self.leaves: dict[Node, np.ndarray] = {}
        self.walks: list[Walk] = []
        self.values = ValueWalks()
        self.lines: weakref.WeakKeyDictionary[Node, Source | None] = weakref.WeakKeyDictionary()
        self.targets: list[np.ndarray] = []  # of each cross-entropy
        self.first_loss: tuple[float, int, Source | None] | None = None  # the first of them, and how many classes
        self.data: list[tuple[np.ndarray, Source | None]] = []  # what has no history and is multiplied with a weight
        self.zeros: list[tuple[str, Source | None]] = []  # activations that were 0 everywhere
        self._before: dict[Node, np.ndarray] = {}  # the leaves at the end of the last walk to each
        self._added: dict[Node, Walk] = {}  # that added to a gradient with which the leaf was updated already

    def __enter__(self) -> Observer:
        self._outer_walk, mode.walk = mode.walk, self.walk
        self._outer_observer = scalar.observer
        scalar.observe(self.values)
        return super().__enter__()  # type: ignore[return-value]

    def __exit__(self, *details: object) -> None:
        mode.walk = self._outer_walk
        scalar.observe(self._outer_observer)
        super().__exit__(*details)
        for node in list(self._added):
            self._settle(node)

    @property
    def models(self) -> list[Module]:
        """The modules that were called within no other, each once."""
        return list(dict.fromkeys(call.module for call in self.calls))

    def enter(self, module: Module) -> None:
        """A module begins its forward."""
        if not self.stack:
            self.calls.append(Call(module, module.training, mode.grad, line_of_user()))
        elif module not in self.ran and module not in set(self.stack[0].modules()):
            self.strangers[module] = self.stack[-1], line_of_user()
        self.ran.add(module)
        self.stack.append(module)

    def leave(self) -> None:
        """The module that began last ends."""
        self.stack.pop()

    def note(self, node: Node, out: np.ndarray, values: Sequence[Any]) -> None:
        """Look at an operation; nothing of it is kept but its line."""
        self.lines[node] = line = line_of_user()
        for operand, value in zip(node.operands, values):
            if operand is not None and operand.op is None and isinstance(value, np.ndarray):
                self.leaves[operand] = value
        self._note_facts(operation := Operation(node, values, out, line))
        self.see(operation)

    def _note_facts(self, operation: Operation) -> None:
        node, x = operation.node, operation.argument(0)
        if node.name == "cross_entropy_rows" and x is not None:
            self.targets.append(np.array(operation.values[1]))
            if self.first_loss is None:
                rows = operation.out[operation.out > 0]  # it is 0 where the target is ignored
                self.first_loss = float(rows.mean()) if rows.size else 0.0, x.shape[1], operation.line
        elif node.name in ("linear", "convolution", "matmul") and node.operands[0] is None and x is not None:
            self.data.append((x, operation.line))
        elif node.name in ("relu", "clamp", "threshold") and not operation.out.any():
            self.zeros.append((node.name, operation.line))

    @cached_property
    def optimizers(self) -> list[Optimizer]:
        """All optimisers that there are: a step does not say which one it calls."""
        return [thing for thing in gc.get_objects() if isinstance(thing, Optimizer)]

    @cached_property
    def parameters(self) -> dict[Node, str]:
        """The names of the trained parameters of the models that learn.

        These are the models of which a walk reaches a parameter, or a parameter in the same optimiser.
        """
        trained = set(self.reached)
        for optimizer in self.optimizers:
            held: set[Any] = {parameter.node for parameter in optimizer._all_parameters()}
            trained |= held if not held.isdisjoint(self.reached) else set()
        models = [m for m in self.models if any(parameter.node in trained for parameter in m.parameters())]
        return {
            parameter.node: name if len(models) == 1 else f"{type(model).__name__}.{name} {tuple(parameter.shape)}"
            for model in models
            for name, parameter in model.named_parameters()
            if parameter.node is not None
        }

    @cached_property
    def reached(self) -> set[Node]:
        """The leaves that a walk has reached."""
        return {node for walk in self.walks for node in walk.gradients}

    def walk(self, roots: Sequence[Node], upstream: Any, targets: Any, *options: bool) -> Iterator[tuple[Node, Any]]:
        """A backward walk whose gradients are looked at, where it is one to the leaves."""
        if targets is not None:
            yield from backward_walk(roots, upstream, targets, *options)
            return
        walk = Walk(roots[0], self.lines.get(roots[0]), line_of_user())
        self.walks.append(walk)
        for node, g in backward_walk(roots, upstream, targets, *options):
            array = np.abs(g.array if isinstance(g, Tensor) else g)
            if node.op is None and array.size:
                used, now = array[array > 0], self.leaves.get(node)
                weight = 0.0 if now is None else float(np.abs(now).mean())
                walk.gradients[node] = Gradient(float(array.max()), float(used.mean()) if used.size else 0.0, weight)
                self._settle(node)
                if now is not None:
                    if self._updated_with(node):
                        self._added[node] = walk
                    self._before[node] = now.copy()
            yield node, g

    def _updated_with(self, node: Node) -> bool:
        """Whether a leaf was changed since the last walk to it, and still has the gradient of that."""
        changed = node in self._before and not np.array_equal(self._before[node], self.leaves[node])
        return changed and node.grad is not None and bool(node.grad.array.any())

    def _settle(self, node: Node) -> None:
        """To add was a mistake where the leaf was then updated with the sum, none where that was set to 0 before."""
        walk = self._added.pop(node, None)
        if walk is not None and self._updated_with(node):
            walk.stale.append(node)

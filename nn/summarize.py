"""`nn.summary(model, input)`: a table of the modules with shapes, parameters, multiply-adds and memory.

The model is run once. Forward hooks see what each module returns; the graph that is recorded says which products were
computed, and which arrays are kept for the backward pass.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np

from autograd import Tensor, enable_grad, nests
from autograd.costs import Cost, Costs
from autograd.generator import default_generator
from autograd.graph import Node
from autograd.tracing import trace
from nn.module import Module

HEAD = ("module", "output shape", "parameters", "multiply-adds", "activations", "saved")


class Row(NamedTuple):
    """A module of a summary. All figures include the modules within it; memory is in bytes."""

    name: str  # its dotted path, "" for the model
    kind: str  # its class
    calls: int
    output: tuple[tuple[int, ...], ...]  # the shapes that its first call returned
    parameters: int  # elements; a tied parameter counts once
    trainable: int
    multiply_adds: int  # of matrix products, convolutions and attention
    activations: int  # the results of all operations that are recorded
    saved: int  # what these keep for the backward pass, beside parameters and inputs

    @property
    def depth(self) -> int:
        """How many modules it is within."""
        return self.name.count(".") + 1 if self.name else 0


class Summary:
    """The modules of a model at work: `rows`, whose first is the model itself. As text it is a table."""

    def __init__(self, rows: list[Row], inputs: tuple[str, ...], parameter_bytes: int, depth: int | None) -> None:
        self.rows, self.inputs, self.parameter_bytes, self.depth = rows, inputs, parameter_bytes, depth

    @property
    def total(self) -> Row:
        """The figures of the whole model."""
        return self.rows[0]

    def cells(self) -> list[tuple[str, ...]]:
        """The rows that are shown, as text in the columns of HEAD."""
        return [_cells(row) for row in self.rows if self.depth is None or row.depth <= self.depth]

    def __repr__(self) -> str:
        table = [HEAD, *self.cells()]
        widths = [max(map(len, column)) for column in zip(*table, strict=True)]
        lines = ["  ".join([*map(str.ljust, row[:2], widths), *map(str.rjust, row[2:], widths[2:])]) for row in table]
        rule, total = "-" * max(map(len, lines)), self.total
        frozen = total.parameters - total.trainable
        foot = [
            f"input: {', '.join(self.inputs)}",
            f"parameters: {total.parameters:,}" + (f", of which {frozen:,} are frozen" if frozen else ""),
            f"multiply-adds: {total.multiply_adds:,} forward",
            f"memory: parameters {_bytes(self.parameter_bytes)}, activations {_bytes(total.activations)}, "
            f"saved for backward {_bytes(total.saved)}",
        ]
        return "\n".join([lines[0].rstrip(), rule, *[line.rstrip() for line in lines[1:]], rule, *foot])


def summary(model: Module, input: Any, *, depth: int | None = 3, **kwargs: Any) -> Summary:
    """The modules of `model` when it is called with `input` (and `kwargs`).

    `input` is a tensor, a tuple of arguments, or a shape, for random numbers; modules deeper than `depth` are not shown
    (None: all are). The model is run in the mode that it is in; buffers, random numbers and modes are then as before.
    """
    is_shape = isinstance(input, (tuple, list)) and bool(input) and all(isinstance(n, int) for n in input)
    if is_shape:
        input = Tensor(np.random.default_rng(0).standard_normal(tuple(input)))
    args = tuple(input) if isinstance(input, (tuple, list)) else (input,)
    given = [leaf for leaf in nests.leaves([*args, kwargs]) if isinstance(leaf, Tensor)]
    return summary_of(model, lambda: model(*args, **kwargs), given, depth)


def summary_of(model: Module, run: Callable[[], Any], given: Sequence[Tensor] = (), depth: int | None = 3) -> Summary:
    """The same for what `run()` does with the model, such as computing a loss; `given` are the tensors it is given."""
    frozen = [parameter for parameter in model.parameters() if not parameter.requires_grad]
    outputs: dict[Module, tuple] = {}
    calls: Counter[Module] = Counter()

    def note(module: Module, _: tuple, out: Any) -> None:
        calls[module] += 1
        shapes = tuple([tuple(leaf.shape) for leaf in nests.leaves(out) if isinstance(leaf, Tensor)])
        outputs.setdefault(module, shapes)

    with _as_before(model):
        handles = [module.register_forward_hook(note) for module in model.modules()]
        try:
            work = memory = _observed(model, run, given)
        finally:
            for handle in handles:
                handle.remove()
        if frozen:  # products before the first trained parameter are recorded in a second run
            try:
                for parameter in frozen:
                    parameter.requires_grad_()
                work = _observed(model, run, given)
            finally:
                for parameter in frozen:
                    parameter.requires_grad_(False)
    rows = []
    for name, module in model.named_modules():
        within, parameters = set(module.modules()), list(module.parameters())
        costs = [Cost.total(cost for m in within for cost in of.get(m, ())) for of in (work, memory)]
        figures = costs[0].multiply_adds, costs[0].activations, costs[1].saved
        trainable = sum(p.numel() for p in parameters if p.requires_grad)
        size = sum(p.numel() for p in parameters)
        shapes = outputs.get(module, ())
        rows.append(Row(name, type(module).__name__, calls[module], shapes, size, trainable, *figures))
    inputs = tuple([f"{tuple(leaf.shape)} {leaf.dtype}" for leaf in given])
    return Summary(rows, inputs, sum(p.array.nbytes for p in model.parameters()), depth)


class _Observer(trace):
    """A trace that adds up the costs of each node, for the module that runs, and keeps no arrays."""

    def __init__(self, model: Module, held: Sequence[np.ndarray]) -> None:
        super().__init__()
        self.stack = [model]  # for what is done outside of it, such as a loss
        self.costs = Costs(held)
        self.of: dict[Module, list[Cost]] = defaultdict(list)

    def enter(self, module: Module) -> None:
        self.stack.append(module)

    def leave(self) -> None:
        self.stack.pop()

    def note(self, node: Node, out: np.ndarray, values: Sequence[Any]) -> None:
        self.of[self.stack[-1]].append(self.costs.of(node, out, values))


def _observed(model: Module, run: Callable[[], Any], given: Sequence[Tensor]) -> dict[Module, list[Cost]]:
    """The costs of the operations of each module in one run, without those within it."""
    held = [tensor.array for tensor in (*model.parameters(), *model.buffers(), *given)]
    with enable_grad(), (seen := _Observer(model, held)):
        run()
    return seen.of


@contextmanager
def _as_before(model: Module) -> Iterator[None]:
    """Afterwards the buffers and the random numbers are what they were."""
    state, put_back = default_generator.get_state(), model._remember_buffers()
    try:
        yield
    finally:
        default_generator.set_state(state)
        put_back()


def _cells(row: Row) -> tuple[str, ...]:
    label = f"{'  ' * row.depth}{row.name.rpartition('.')[2]} {row.kind}" if row.name else row.kind
    shapes = ", ".join(map(str, row.output)) if row.calls else ""
    times = f" × {row.calls}" if row.calls > 1 else ""
    return (
        label, shapes + times, _count(row.parameters), _count(row.multiply_adds), _bytes(row.activations),
        _bytes(row.saved),
    )  # fmt: skip


def _count(n: int) -> str:
    return f"{n:,}" if n else "-"


def _bytes(n: float) -> str:
    """A number of bytes in the unit that suits it."""
    power = min(int(math.log(n, 1000)), 3) if n >= 1 else 0
    return f"{n / 1000**power:.4g} {('B', 'kB', 'MB', 'GB')[power]}" if n else "-"

"""`vmap`: a function of one example as a function of a batch of them.

docs/design.md, section 9, has the reasons.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Sequence
from typing import Any

import numpy as np

from autograd.base import TensorBase
from autograd.batched import Batch, Level, ReadsElementsError, vmapped
from autograd.batching_rules import batched_form
from autograd.errors import ShapeError
from autograd.generator import numpy_rng
from autograd.grad_mode import mode
from autograd.graph import Node, of_outputs, output_node, output_nodes
from autograd.nests import leaves, mapped, rebuilt, spread
from autograd.ops.entry import Op
from autograd.ops.joining import stack
from autograd.ops.shape import movedim, one_dim
from autograd.tensor import Tensor, leaf


class BatchedTensor(Tensor):
    """A tensor whose `array` is a Batch."""

    array: Any

    def __init__(self, batch: Any, node: Node | None = None) -> None:
        self.array, self.node = batch, node

    def forgotten(self) -> BatchedTensor:
        """Without what is recorded inside the function of `vmap`; what is outside stays."""
        return BatchedTensor(self.array)

    def detach(self) -> BatchedTensor:
        """Without a history, inside or outside."""
        return BatchedTensor(Batch(self.array.level, self.array.tensor.detach()))

    def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray:
        return self.array.__array__()

    def contiguous(self, *args: Any, **kwargs: Any) -> Any:
        """Itself: how a batch lies in memory is not seen."""
        return self

    def view(self, *size: Any, **keywords: Any) -> Any:
        """`reshape`: how a batch lies in memory is not seen."""
        return self.reshape(*size, **keywords)


def tensor_of(value: Any, node: Node | None = None) -> Any:
    """What an op saved, as a tensor again where it is an array."""
    if isinstance(value, Batch):
        return BatchedTensor(value, node)
    return Tensor.wrap(value, node) if isinstance(value, np.ndarray) and node is not None else value


def _is_float(value: Any) -> bool:
    return value is not None and value.dtype.kind in "fc"


class _Recorded:
    """The operation of a node whose arrays are batches: the rules of the table, run on tensors."""

    def __init__(self, entry: Op) -> None:
        self.entry, self.name = entry, entry.name

    def vjp(self, node: Node, g: Any, needed: Container[Node | None] | None, create_graph: bool) -> Sequence[Any]:
        """The gradients that the rules give; a walk that wants them as arrays must run for each example."""
        if not create_graph:
            raise ReadsElementsError("a backward pass inside vmap")
        entry, raw = self.entry, node.saved or self.entry.defaults
        history: dict[Any, Any] = dict(zip(entry.args, node.parents, strict=False)) | {"out": node}
        history |= {name: output_node(node, i) for i, name in enumerate(entry.outputs) if _is_float(raw.get(name))}
        saved: Any = {name: tensor_of(v, history.get(name)) for name, v in raw.items()}
        if entry.variadic is not None and entry.variadic in raw:
            rest = zip(raw[entry.variadic], node.parents[len(entry.args) :], strict=True)
            saved[entry.variadic] = tuple(tensor_of(v, p) for v, p in rest)
        g = of_outputs(node, g) if node.outputs is not None else g
        if entry.grads:
            rule, names = entry.grads
            return rule(g, *[saved[name] for name in names])
        rules = zip(node.parents, entry.rules)
        return [rule[0](g, *[saved[n] for n in rule[1]]) if p is not None and rule else None for p, rule in rules]


def _perform(entry: Op, args: Sequence[Any], values: list, parents: list, kwargs: dict) -> Any:
    """An operation on tensors of which some are batches, as the innermost level of `vmap` sees them.

    The batches are computed by operations on whole tensors, which are recorded themselves where something outside
    depends on it; what depends on leaves that the function made is recorded for one example.
    """
    if entry.reference:
        return entry.reference(*args, **{name: kwargs.get(name, entry.defaults.get(name)) for name in entry.keywords})
    if entry.saves:
        raise ReadsElementsError(f"{entry.name} under vmap")
    level = max((v.level for v in values if isinstance(v, Batch)), key=lambda level: level.depth)
    wholes, inner = [], []
    for arg, value, node in zip(args, values, parents, strict=True):
        inside, outside = level.sides(node)
        inner.append(node if inside else None)
        if isinstance(value, Batch) and value.level is level:
            wholes.append((value.tensor, True))
        else:
            wholes.append((arg if outside or not inside or not isinstance(arg, TensorBase) else _cut(arg), False))
    out = batched_form(entry, wholes, level.size, kwargs)
    several = isinstance(out, tuple)
    made = tuple([Batch(level, part) for part in (out if several else (out,))])
    mask = sum(1 << i for i, node in enumerate(inner) if node is not None)
    nodes: Sequence[Node | None] = [None] * len(made)
    if mask and mode.grad and entry.has_rules:
        op = _Recorded(entry)
        saved = entry.save(mask, values, kwargs, made, made if several else made[0])
        if several:
            nodes = output_nodes(op, tuple(inner), saved, made)  # type: ignore[arg-type]
        elif made[0].dtype.kind in "fc":
            nodes = [Node(op, tuple(inner), saved, made[0].shape, made[0].dtype)]
    tensors = tuple(BatchedTensor(batch, node) for batch, node in zip(made, nodes, strict=True))
    return entry.named(tensors) if several else tensors[0]


def _cut(arg: Any) -> Any:
    return arg.forgotten() if isinstance(arg, BatchedTensor) else arg.detach()


vmapped.perform = _perform


def new_leaf(batched: BatchedTensor) -> BatchedTensor:
    """The same examples as a leaf inside the function of `vmap`."""
    return BatchedTensor(batched.array, leaf(batched.array))


def vmap(
    func: Callable, in_dims: Any = 0, out_dims: Any = 0, randomness: str = "error", *, chunk_size: int | None = None
) -> Callable:
    """The function that applies `func` to every example of a batch, and stacks what it gives.

    `in_dims` says along which dim of the arguments (of their leaves, as a nest that begins as the arguments do) the
    examples lie, None for what all of them share; `out_dims` says where that dim goes in the outputs. Random numbers
    in `func` are an error, unless `randomness` is "different" (for each example) or "same". `func` runs once, on all
    examples together; where it looks at the elements of one (`if x > 0`, a change in place) it runs for each instead.
    """
    if randomness not in ("error", "different", "same"):
        raise RuntimeError(f'randomness must be "error", "different" or "same", not {randomness!r}')

    def batched(*args: Any, **kwargs: Any) -> Any:
        dims = _dims(in_dims, args)
        size = _batch_size(dims, args)
        rng = numpy_rng().bit_generator
        before = rng.state
        try:
            out = _together(func, args, kwargs, dims, size, out_dims)
            if rng.state == before or randomness == "same":
                return out
        except ReadsElementsError:
            pass
        rng.state, outs = before, []
        for example in _examples(args, dims, size):
            if randomness == "same":
                rng.state = before
            outs.append(func(*example, **kwargs))
            if randomness == "error" and rng.state != before:
                raise RuntimeError(
                    'random numbers under vmap: pass randomness="different" to draw them for each example, or "same"'
                )
        return _stacked(outs, out_dims)

    return batched


def _together(func: Callable, args: tuple, kwargs: dict, dims: list[Any], size: int, out_dims: Any) -> Any:
    """The outputs of `func`, run once on batches."""
    level = Level(size, vmapped.depth)
    pairs = zip(leaves(args), dims, strict=True)
    batches = [x if d is None else BatchedTensor(Batch(level, movedim(x, d, 0))) for x, d in pairs]
    vmapped.depth += 1
    try:
        out = func(*rebuilt(args, batches), **kwargs)
    finally:
        vmapped.depth -= 1
    wholes = []
    for value, dim in zip(leaves(out), spread(out_dims, out), strict=True):
        _check_output(value)
        own = isinstance(value.array, Batch) and value.array.level is level
        if dim is None:
            if own:
                raise ValueError("out_dims is None for an output that differs between the examples")
            wholes.append(value)
        else:
            whole = value.array.tensor if own else value.expand(size, *value.shape)
            wholes.append(movedim(whole, 0, dim))
    return rebuilt(out, wholes)


def _dims(in_dims: Any, args: tuple) -> list[Any]:
    """The dim of each leaf of the arguments along which the examples lie, or None."""
    if not args:
        raise ValueError("a function under vmap needs positional arguments")
    try:
        dims = spread(tuple(in_dims) if isinstance(in_dims, list) else in_dims, args)
    except ValueError:
        raise ValueError(f"in_dims={in_dims!r} does not have the form of the {len(args)} arguments") from None
    found = []
    for dim, x in zip(dims, leaves(args), strict=True):
        if dim is not None and not isinstance(x, Tensor):
            raise ValueError(f"in_dims says {dim} of a {type(x).__name__}: it must be None for other objects")
        found.append(None if dim is None else one_dim(dim, x.ndim))
    return found


def _batch_size(dims: list[Any], args: tuple) -> int:
    sizes = {leaf.shape[dim] for dim, leaf in zip(dims, leaves(args), strict=True) if dim is not None}
    if len(sizes) != 1:
        problem = (
            f"the sizes {sorted(sizes)} of the dims that vmap maps over differ" if sizes else "in_dims is all None"
        )
        raise ValueError(f"{problem}: all arguments must have the same number of examples")
    return sizes.pop()


def _examples(args: tuple, dims: list[Any], size: int) -> Iterator[tuple]:
    columns = [[leaf] * size if dim is None else leaf.unbind(dim) for dim, leaf in zip(dims, leaves(args), strict=True)]
    for row in zip(*columns, strict=True):
        yield rebuilt(args, row)


def _stacked(outs: list[Any], out_dims: Any) -> Any:
    """The outputs of all examples, each leaf stacked along its dim of `out_dims`."""
    if not outs:
        raise ShapeError("vmap needs at least one example: without one, the outputs are not known")
    dims = iter(spread(out_dims, outs[0]))

    def joined(*parts: Any) -> Any:
        dim = next(dims)
        _check_output(parts[0])
        return parts[0] if dim is None else stack(parts, dim)

    return mapped(joined, *outs)


def _check_output(value: Any) -> None:
    if not isinstance(value, Tensor):
        raise ValueError(f"a function under vmap must return tensors, got {type(value).__name__}")

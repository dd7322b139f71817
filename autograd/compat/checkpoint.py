"""`torch.utils.checkpoint`: what a function saves for its backward is computed again there, which saves memory."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Sequence
from functools import partial
from typing import Any

from autograd.base import TensorBase, wrap
from autograd.generator import numpy_rng
from autograd.grad_mode import enable_grad, mode
from autograd.graph import Node, backward_walk, newest_first, of_outputs, output_nodes, step_behind
from autograd.versions import tick


class _Recomputed:
    """The operation of one checkpointed call: its vjp calls again, and walks back through what that records."""

    name = "checkpoint"

    def __init__(self, call: Callable[[], list[Any]]) -> None:
        self.call = call

    def vjp(self, node: Node, g: Any, needed: Container[Node | None] | None, create_graph: bool) -> Sequence[Any]:
        """The gradients of what the call used: its graph is cut off there, at nodes older than the call."""
        start = tick()
        with enable_grad():
            outputs = self.call()
        gs = (g,) if node.outputs is None else of_outputs(node, g)
        roots = [(out.node, seed) for out, seed in zip(outputs, gs, strict=True) if out.node is not None]
        inner = [n for n in newest_first([n for n, _ in roots]) if n.order > start]
        # With create_graph the history of the gradients goes on behind the cut; else nothing is behind it.
        cut: dict[Any, Node] = {
            n: step_behind(n, n.shape, n.dtype) if create_graph else Node(None, (), None, n.shape, n.dtype)
            for n in _used([n for n, _ in roots], start)
        }
        for n, stand_in in cut.items():
            stand_in.order = n.order + 0.5  # just newer than what it stands for
        for n in inner:
            n.parents = tuple([cut.get(parent, parent) for parent in n.parents])
        roots = [(cut.get(n, n), seed) for n, seed in roots]
        nodes, seeds = [n for n, _ in roots], [seed for _, seed in roots]
        found = dict(backward_walk(nodes, seeds, list(cut.values()), create_graph, retain_graph=create_graph))
        return [found.get(cut[parent]) if parent in cut else None for parent in node.parents]


def _used(roots: Iterable[Any], start: int) -> list[Node]:
    """The nodes older than the tick `start` that newer ones, from the roots on, depend on directly."""
    found, seen = [n for n in roots if n is not None], set()
    old: dict[Node, None] = {}
    while found:
        node = found.pop()
        if node in seen:
            continue
        seen.add(node)
        if node.order < start:
            old[node] = None
        else:
            found += [parent for parent in node.parents if parent is not None]
    return list(old)


def get_device_states(*args: Any) -> tuple[list, list]:
    """The GPUs that the arguments are on, and the states of their generators: none."""
    return [], []


def set_device_states(devices: Sequence[Any], states: Sequence[Any], *, device_type: str | None = None) -> None:
    """There is no GPU whose generator could have a state."""


def _tensors(result: Any) -> list[Any]:
    return [out for out in (result if isinstance(result, (tuple, list)) else [result]) if isinstance(out, TensorBase)]


def checkpoint(
    function: Callable, *args: Any, use_reentrant: bool | None = None, preserve_rng_state: bool = True,
    determinism_check: str = "default", debug: bool = False, **kwargs: Any,
) -> Any:  # fmt: skip
    """`function(*args, **kwargs)`, which keeps its arguments alone for the backward pass, and is called again there.

    The second call draws the same random numbers, unless told not to. The result is a tensor or a tuple of tensors.
    """
    rng = numpy_rng()
    before = rng.bit_generator.state if preserve_rng_state else None
    start = tick()
    result = function(*args, **kwargs)
    outputs = _tensors(result)
    parents = tuple(_used([out.node for out in outputs], start)) if mode.grad else ()
    if not parents:
        return result

    def again() -> list[Any]:
        now = rng.bit_generator.state
        if before is not None:
            rng.bit_generator.state = before
        try:
            return _tensors(function(*args, **kwargs))
        finally:
            if before is not None:
                rng.bit_generator.state = now

    arrays = [out.array for out in outputs]
    saved = {"its arguments": tuple(arg.array for arg in (*args, *kwargs.values()) if isinstance(arg, TensorBase))}
    if isinstance(result, TensorBase):
        return wrap(arrays[0], Node(_Recomputed(again), parents, saved, arrays[0].shape, arrays[0].dtype))
    made = iter(map(wrap, arrays, output_nodes(_Recomputed(again), parents, saved, arrays)))
    return type(result)(next(made) if isinstance(out, TensorBase) else out for out in result)


def checkpoint_sequential(functions: Any, segments: int, input: Any, use_reentrant: Any = None, **options: Any) -> Any:
    """The functions, or the modules of a Sequential, in turn; all but the last of the `segments` are checkpointed."""

    def run(some: Sequence[Callable], x: Any) -> Any:
        for function in some:
            x = function(x)
        return x

    functions = list(functions)
    size = len(functions) // segments
    for start in range(0, size * (segments - 1), size):
        input = checkpoint(partial(run, functions[start : start + size]), input, **options)
    return run(functions[size * (segments - 1) :], input)


class CheckpointFunction:
    """The Function that `checkpoint` is in PyTorch."""

    @staticmethod
    def apply(run_function: Callable, preserve_rng_state: bool, *args: Any) -> Any:
        """`run_function(*args)`, as `checkpoint` computes it."""
        return checkpoint(run_function, *args, preserve_rng_state=preserve_rng_state)

"""What a function does besides computing: changes of its inputs, random numbers, a backward that is not linear."""

from __future__ import annotations

import pickle
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any

import numpy as np

from autograd.checking.flat import ROUNDINGS, FlatFunction, Recorded, outputs
from autograd.checking.report import Finding
from autograd.generator import get_rng_state
from autograd.grad_mode import enable_grad, no_grad
from autograd.graph import newest_first
from autograd.linearized import Linearized
from autograd.ops.shape import flip
from autograd.tensor import Tensor


def of_forward(flat: FlatFunction, tolerance: float) -> Iterator[Finding]:
    """What the function does with its inputs, and whether its values depend on them alone."""
    arguments = flat.arguments()
    tensors = [(flat.names[i], x, x.array.copy()) for i, x in enumerate(arguments) if isinstance(x, Tensor)]
    random_state = _random_state()
    with enable_grad():
        outs = outputs(flat.func(*arguments))
        drawn = _random_state() != random_state
        for name, given, _ in tensors:
            for out in outs:
                if out.node is not None and _hidden_view(out, given):
                    yield Finding(
                        "view",
                        f"the output shares the memory of {name}, and the engine does not know it. To change "
                        "one would change both: return a copy, or mark the op with view=True",
                    )
        changed = [name for name, x, before in tensors if not _equal(x.array, before, 0)]
        again = outputs(flat.func(*arguments))
    for name in changed:
        if flat.names.index(name) in flat.checked:
            yield Finding("mutation", f"the forward changes {name} in place: compute into a new array")
    unrecorded = ""
    with no_grad(), suppress(RuntimeError):  # which a function raises that asks for a graph, as to hang a hook into it
        unrecorded = _apart(outs, outputs(flat.func(*flat.arguments())), tolerance)
    if far := _apart(outs, again, tolerance) or (drawn and unrecorded):
        why = "it depends on something besides its arguments, which it changes"
        if drawn:
            why = "it draws random numbers. Seed the generator within it, or switch dropout off with eval()"
        elif changed:
            why = f"it changes {', '.join(changed)} in place"
        yield Finding("nondeterminism", f"two calls on the same inputs differ by {far}: {why}")
    elif unrecorded:
        yield Finding("state", f"in no_grad() the values differ by {unrecorded}: they are to depend on arguments alone")


def of_backward(flat: FlatFunction, run: Recorded, settings: Any) -> Iterator[Finding]:
    """Whether the backward is a linear function of its upstream gradient, of any layout, and nothing else."""
    v, w = np.random.default_rng(1).uniform(0.5, 1.5, (2, run.size))
    upstream: list[tuple[np.ndarray, np.ndarray]] = []
    before = [x.array.copy() for x in run.leaves]
    differentiable = [out for out in run.outs if out.requires_grad]
    handles = [out.register_hook(lambda g: upstream.append((g.array, g.array.copy()))) for out in differentiable]
    first = run.pull(v)
    for handle in handles:
        handle.remove()
    arrays = [(flat.names[i], x.array, old) for i, x, old in zip(flat.checked, run.leaves, before)]
    arrays += [("its upstream gradient", g, old) for g, old in upstream]
    for name, array, old in arrays:
        if not _equal(array, old, 0):
            yield Finding("mutation", f"the backward changes {name} in place: compute into a new array")
    if not _equal(first, run.pull(v), settings.nondet_tol):
        yield Finding("nondeterminism", "two backward passes through one graph differ")
        return

    def reversed_layout() -> Any:
        with enable_grad():
            flipped = [flip(out, tuple(range(out.ndim))) for out in run.outs]
        return Recorded(run.leaves, flipped).pull_pieces([np.flip(piece) for piece in run.pieces(v)])

    def one_by_one() -> Any:
        pieces = run.pieces(v)
        alone = ([p if n == k else None for n, p in enumerate(pieces)] for k in range(len(pieces)))
        return sum(map(run.pull_pieces, alone))

    checks = {
        "layout": ("an upstream gradient that is not contiguous", reversed_layout),
        "linearity": ("a sum of upstream gradients", lambda: run.pull(v + 2 * w) - 2 * run.pull(w)),
    }
    if settings.check_undefined_grad:
        checks["undefined"] = "outputs whose upstream gradient is not given", one_by_one
    scale = np.nan_to_num(np.abs(first)).max(initial=0)
    close = settings.atol + (settings.rtol + ROUNDINGS * flat.unit.max(initial=0)) * scale
    finite = np.isfinite(first)
    for kind, (what, compute) in checks.items():
        try:
            other = compute()
        except Exception as error:  # of the backward of a user
            yield Finding(kind, f"the backward fails for {what}: {type(error).__name__}: {error}")
            continue
        if not _equal(first[finite], other[finite], close):
            off = _far(first[finite], other[finite])
            yield Finding(kind, f"the backward gives another gradient for {what}: it is off by {off}")
    if settings.check_grad_dtypes:
        yield from _of_dtypes(run, v)


def of_forward_mode(flat: FlatFunction, run: Recorded) -> Iterator[Finding]:
    """Whether the products with the Jacobian from both sides agree: v^T (J u) = (v^T J) u."""
    rng = np.random.default_rng(2)
    u, v = rng.uniform(0.5, 1.5, flat.point.size), rng.uniform(0.5, 1.5, run.size)
    backward = float(run.pull(v) @ u)
    pieces = [part.reshape(x.shape).astype(x.dtype) for part, x in zip(np.split(u, flat.starts[1:-1]), flat.wanted)]
    try:
        recorded = Linearized(lambda *xs: outputs(flat.func(*xs)), flat.arguments(), None, flat.checked, linked=False)
        pushed = recorded.push(pieces)
    except Exception as error:
        yield Finding("forward mode", f"the backward cannot be differentiated again: {type(error).__name__}: {error}")
        return
    forward = sum(float(part.array.reshape(-1) @ w.reshape(-1)) for part, w in zip(pushed, run.pieces(v)))
    if not np.isclose(forward, backward, 1e-6 + 1e3 * flat.unit.max(initial=0), 1e-8):
        yield Finding("forward mode", f"v^T (J u) is {forward:.10g}, and (v^T J) u {backward:.10g}")


class _Watched:
    """The operation of a node; it notes rules that give another dtype than that of the argument."""

    def __init__(self, op: Any, found: list[str]) -> None:
        self.op, self.name, self.found = op, op.name, found

    def vjp(self, node: Any, g: Any, needed: Any, create_graph: bool) -> Sequence[Any]:
        """What the rules give."""
        gradients = self.op.vjp(node, g, needed, create_graph)
        for parent, given in zip(node.parents, gradients):
            dtype = getattr(given if given is None or hasattr(given, "dtype") else given.g, "dtype", None)
            if parent is not None and given is not None and dtype != parent.dtype:
                self.found.append(f"the backward of {self.name!r} gave {dtype} for an argument of {parent.dtype}")
        return gradients


def _of_dtypes(run: Recorded, v: np.ndarray) -> Iterator[Finding]:
    found: list[str] = []
    nodes = [node for node in newest_first([o.node for o in run.outs if o.node is not None]) if node.op is not None]
    for node in nodes:
        node.op = _Watched(node.op, found)
    try:
        run.pull(v)
    finally:
        for node in nodes:
            node.op = node.op.op
    for text in dict.fromkeys(found):
        yield Finding("dtype", f"{text}: it takes twice the time and memory, and is cast back")


def _hidden_view(out: Tensor, given: Tensor) -> bool:
    """Whether the two share memory, and neither is the other nor known as its view."""
    if out is given or not np.may_share_memory(out.array, given.array):
        return False
    return out._base is None or out._base is not given


def _random_state() -> bytes:
    """Where the generators stand that a function may draw from."""
    import random

    return pickle.dumps((get_rng_state(), np.random.get_state(), random.getstate()))


def _equal(a: Any, b: Any, tolerance: float) -> bool:
    with np.errstate(invalid="ignore"):
        return bool(((a == b) | (np.abs(a - b) <= tolerance) | ((a != a) & (b != b))).all())


def _far(a: Any, b: Any) -> str:
    return f"{np.abs(a - b).max(initial=0):.3g}"


def _apart(a: Sequence[Tensor], b: Sequence[Tensor], tolerance: float) -> str:
    """How far two results are from each other at most, "" where they are as near as `tolerance`."""
    if [x.shape for x in a] != [x.shape for x in b]:
        return "their shapes"
    pairs = [(x.array, y.array) for x, y in zip(a, b, strict=True)]
    return "" if all(_equal(x, y, tolerance) for x, y in pairs) else max((_far(x, y) for x, y in pairs), key=float)

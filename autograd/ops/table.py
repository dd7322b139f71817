"""`op`: the decorator by which an operation and its derivative rules enter the table.

    @op(np.multiply, x=lambda g, y: g * y, y=lambda g, x: g * x)
    def mul(x, y):
        return x * y

A rule's first parameter is the upstream gradient; the others name what it needs: an argument or keyword of the op,
`out`, `shape` (of the argument that the rule is for), or what the forward `saves` besides its result. Only that is
kept alive.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import update_wrapper
from typing import Any

import numpy as np
from numpy import ndarray

from autograd import graph
from autograd.errors import ShapeError
from autograd.grad_mode import enable_grad, mode
from autograd.graph import Node, Traced, mutations

OPS: dict[str, Op] = {}
NUMPY: dict[Any, Callable] = {}

_ALIASES = {"axis": "dim", "axes": "dim", "dims": "dim", "keepdims": "keepdim", "shape": "size", "sizes": "size"}
_FLOAT32 = np.dtype(np.float32)
_FLOAT64 = np.dtype(np.float64)


class Op:
    """One entry of the table: the forward, its rules, and what each set of wanted gradients makes the engine save."""

    def __init__(
        self,
        forward: Callable,
        rules: dict[str, Callable],
        grads: Callable | None,
        saves: tuple[str, ...],
        reference: Callable | None,
    ) -> None:
        code = forward.__code__
        n, k = code.co_argcount, code.co_kwonlyargcount
        self.name = forward.__name__
        self.forward = forward
        self.args = code.co_varnames[:n]
        self.keywords = code.co_varnames[n : n + k]
        self.variadic = code.co_varnames[n + k] if code.co_flags & 0x04 else None
        self.defaults = forward.__kwdefaults__ or {}
        self.saves = saves
        self.reference = reference
        self.derivable = bool(rules or grads)
        self.grads = grads and (grads, self._names(grads))
        if taken := {"out", "shape", "shapes", "needs"} & {*self.args, *self.keywords}:
            raise TypeError(
                f"op {self.name!r} cannot have arguments named {sorted(taken)}: rules mean something else by it"
            )
        unknown = set(rules) - set(self.args)
        if unknown:
            raise TypeError(f"op {self.name!r} has rules for {sorted(unknown)}, which are not among {self.args}")
        self.rules = tuple(
            (rules[arg], self._names(rules[arg], i)) if arg in rules else None for i, arg in enumerate(self.args)
        )
        self._plans: dict[int, tuple] = {}

    def _names(self, rule: Callable, i: int | None = None) -> tuple:
        """What a rule asks for; its own argument's `shape` is known by that argument's index."""
        names = rule.__code__.co_varnames[1 : rule.__code__.co_argcount]
        known = {*self.args, *self.keywords, self.variadic, *self.saves, "out", "shape", "shapes", "needs"}
        if unknown := set(names) - known:
            raise TypeError(
                f"a rule of op {self.name!r} asks for {sorted(unknown)}; there is {sorted(map(str, known))}"
            )
        return tuple(i if name == "shape" else name for name in names)

    def plan(self, mask: int, count: int) -> tuple:
        """What to save when the arguments in the bits of `mask` want a gradient: (args, the rest or None)."""
        wanted = [i for i in range(count) if mask >> i & 1]
        if self.grads:
            names = set(self.grads[1])
        elif not self.derivable:
            names = set()
        else:
            missing = [i for i in wanted if i >= len(self.rules) or self.rules[i] is None]
            if missing:
                where = ", ".join(repr(self.args[i]) for i in missing if i < len(self.args))
                raise RuntimeError(f"{self.name!r} has no derivative for {where}; detach() it first")
            names = {name for i in wanted for name in self.rules[i][1]}  # type: ignore[index]
        if self.reference:
            names |= {*self.args, *self.keywords}
        args = tuple((name, i) for i, name in enumerate(self.args) if name in names)
        rest = (
            tuple((name, self.defaults.get(name)) for name in self.keywords if name in names),
            tuple((name, i) for i, name in enumerate(self.saves, 1) if name in names),
            tuple(name for name in ("out", "shapes", "needs", self.variadic) if name in names),
            tuple(name for name in names if isinstance(name, int)),
        )
        plan = args, (rest if any(rest) else None)
        self._plans[mask | 1 << count] = plan
        return plan

    def save(self, mask: int, values: list, kwargs: dict, result: Any, out: Any) -> dict | None:
        """What the rules of the wanted arguments asked for, by name; None where that is nothing."""
        args, rest = self._plans.get(mask | 1 << len(values)) or self.plan(mask, len(values))
        if rest is None and not args:
            return None
        saved: dict[Any, Any] = {}
        for name, i in args:
            saved[name] = values[i]
        if rest is None:
            return saved
        keywords, extras, special, shapes = rest
        for name, default in keywords:
            saved[name] = kwargs.get(name, default)
        for name, i in extras:
            saved[name] = result[i]
        for i in shapes:
            saved[i] = values[i].shape
        for name in special:
            if name == "out":
                saved[name] = out
            elif name == "shapes":
                saved[name] = tuple(np.shape(v) for v in values)
            elif name == "needs":
                saved[name] = tuple(bool(mask >> i & 1) for i in range(len(values)))
            else:
                saved[name] = tuple(values[len(self.args) :])
        return saved

    def pull(self, node: Node, g: Any, leads: set | None, wrap: Callable, create_graph: bool) -> Sequence[Any]:
        """The gradient of each parent of `node`, given that of its output; None where none is wanted."""
        saved: Any = node.saved
        if type(g) is Parts:
            g = g.filled()
        if create_graph or not self.derivable:
            if self.reference:
                return self._pull_reference(node, g, wrap, create_graph)
            saved = self._traced(node, saved or {}, wrap)
        if self.grads:
            rule, names = self.grads
            return rule(g, *[saved[name] for name in names])
        found: list[Any] = []
        for parent, entry in zip(node.parents, self.rules):
            if parent is None or (leads is not None and parent not in leads):
                found.append(None)
                continue
            rule, names = entry  # type: ignore[misc]
            if not names:
                found.append(rule(g))
            elif len(names) == 1:  # most rules: a list would take as long as a small one itself
                found.append(rule(g, saved[names[0]]))
            else:
                found.append(rule(g, *[saved[name] for name in names]))
        return found

    def _traced(self, node: Node, saved: dict, wrap: Callable) -> dict:
        """What was saved, arrays that have a history as tensors again: then the rules themselves are recorded."""
        n = len(self.args)
        history: dict[Any, Any] = dict(zip(self.args, node.parents, strict=False))
        traced = {name: wrap(v, history[name]) if history.get(name) is not None else v for name, v in saved.items()}
        if "out" in saved:
            traced["out"] = wrap(saved["out"], node)
        if self.variadic in saved:
            pairs = zip(saved[self.variadic], node.parents[n:], strict=True)
            traced[self.variadic] = tuple(wrap(v, p) if p is not None else v for v, p in pairs)
        return traced

    def _pull_reference(self, node: Node, g: Any, wrap: Callable, create_graph: bool) -> Sequence[Any]:
        """The same gradients through the reference, written in primitive ops, so that they can be derived again."""
        saved = node.saved or {}
        pairs = [(saved[name], parent) for name, parent in zip(self.args, node.parents, strict=True)]
        with enable_grad():
            inputs = [value if parent is None else identity(wrap(value, parent)) for value, parent in pairs]
            outs = self.reference(*inputs, **{name: saved[name] for name in self.keywords})  # type: ignore[misc]
        outs, gs = (outs, g) if isinstance(outs, tuple) else ((outs,), (g,))
        roots = [(out.node, seed) for out, seed in zip(outs, gs, strict=True) if out.node is not None]
        targets = [t.node for t in inputs if isinstance(t, Traced) and t.node is not None]
        nodes, seeds = [node for node, _ in roots], [seed for _, seed in roots]
        results: dict[Any, Any] = graph.walk(nodes, seeds, targets, wrap, create_graph, retain_graph=create_graph)
        return [results.get(t.node) if isinstance(t, Traced) else None for t in inputs]

    def normalise(self, args: tuple, kwargs: dict) -> tuple[list, dict]:
        """Positional metadata, NumPy's keywords and arrays by keyword, brought to the form of the forward."""
        kwargs = {_ALIASES.get(name, name): value for name, value in kwargs.items()}
        arrays = list(args)
        n = len(self.args)
        if self.variadic is None and len(arrays) > n:
            if len(arrays) > n + len(self.keywords):
                raise TypeError(f"{self.name}() takes at most {n + len(self.keywords)} arguments, got {len(arrays)}")
            kwargs.update(zip(self.keywords, arrays[n:], strict=False))
            arrays = arrays[:n]
        for name in ("input", "other", "exponent") if kwargs else ():
            if name in kwargs and name not in self.args and len(arrays) < n:
                arrays.insert(0 if name == "input" else 1, kwargs.pop(name))
        for name in self.args[len(arrays) :]:
            if name in kwargs:
                arrays.append(kwargs.pop(name))
        return arrays, kwargs


class Parts:
    """The gradient of an op with several results, as far as it has come: one upstream gradient a result, or none."""

    __slots__ = ("parts", "shape", "dtype")

    def __init__(self, parts: dict[int, Any], shape: tuple, dtype: Any) -> None:
        self.parts, self.shape, self.dtype = parts, shape, dtype

    def __add__(self, other: Parts) -> Parts:
        joined = dict(self.parts)
        for i, g in other.parts.items():
            joined[i] = joined[i] + g if i in joined else g
        return Parts(joined, self.shape, self.dtype)

    def filled(self) -> tuple:
        """The gradients of all results, zeros where none came."""
        parts = enumerate(self.shape)
        return tuple(self.parts[i] if i in self.parts else np.zeros(shape, self.dtype) for i, shape in parts)


class _Pick:
    """The edge from one result of an op that has several to the op's own node."""

    name = "pick"

    @staticmethod
    def pull(node: Node, g: Any, leads: set | None, wrap: Callable, create_graph: bool) -> tuple[Parts]:
        parent = node.parents[0]
        return (Parts({node.saved["index"]: g}, parent.shape, parent.dtype),)  # type: ignore[index]


_PICK = _Pick()


def pick(node: Node, index: int, out: np.ndarray) -> Node:
    """The node of the result `out`, one of several, of the op at `node`."""
    return Node(_PICK, (node,), {"index": index}, out.shape, out.dtype)


def wrap_several(wrap: Callable, outs: tuple, node: Node | None) -> tuple:
    """The results of an op that has several, each with its edge to the op's `node` (None where none is recorded)."""
    if node is None:
        return tuple(wrap(out) for out in outs)
    return tuple(wrap(out, pick(node, i, out)) for i, out in enumerate(outs))


def _like_torch(out: np.ndarray, values: Sequence[Any]) -> np.ndarray:
    """float64 only where it was put in: NumPy computes integers with float32, and 0-d float64 with it, in float64."""
    floats = [v for v in values if isinstance(v, np.ndarray) and v.dtype.kind == "f"]
    full = [v for v in floats if v.ndim] or floats
    if any(v.dtype == _FLOAT64 for v in full):
        return out
    return out.astype(np.result_type(*full) if full else default_dtype())


class _Default:
    dtype: np.dtype = _FLOAT32


def default_dtype(dtype: Any = None) -> np.dtype:
    """The dtype of new tensors made from Python numbers; given one, it becomes that."""
    if dtype is not None:
        _Default.dtype = np.dtype(dtype)
    return _Default.dtype


def op(
    *numpy_functions: Any,
    grads: Callable | None = None,
    saves: tuple[str, ...] = (),
    reference: Callable | None = None,
    **rules: Callable,
) -> Callable[[Callable], Callable]:
    """Enter an operation into the table.

    `numpy_functions` are the functions of NumPy whose dispatch on tensors it serves. `rules` has one rule an argument;
    `grads` is a rule that gives the gradients of all arguments at once (a tuple in their order). A forward with `saves`
    returns its result followed by what those names stand for. `reference` is the same function in primitive ops, for
    kernels whose rule cannot run on tensors.
    """

    def decorate(forward: Callable) -> Callable:
        entry = Op(forward, rules, grads, saves, reference)
        arity = len(entry.args) if entry.variadic is None else 1 << 30
        settings = frozenset(entry.keywords)
        derivable = bool(rules or grads or reference)

        def call(*args: Any, **kwargs: Any) -> Any:
            if len(args) > arity or (kwargs and not kwargs.keys() <= settings):
                args, kwargs = entry.normalise(args, kwargs)  # type: ignore[assignment]
            for arg in args:
                if isinstance(arg, Traced):
                    break
            else:
                try:
                    result = forward(*args, **kwargs)
                except ValueError as error:
                    raise _explained(entry, args, error) from error
                return result[0] if saves else result
            values: list[Any] = []
            parents: list[Node | None] = []
            mask = 0
            bit = 1
            changed = mutations.last
            for arg in args:
                if isinstance(arg, Traced):
                    traced = arg
                    node = arg.node
                    values.append(arg.array)
                    parents.append(node)
                    if node is not None:
                        mask |= bit
                        if node.order < changed and node.op is not None:
                            graph.check_fresh(entry.name, arg, node)
                else:
                    values.append(arg)
                    parents.append(None)
                bit += bit
            try:
                result = forward(*values, **kwargs)
            except ValueError as error:
                raise _explained(entry, values, error) from error
            out = result[0] if saves else result
            if type(out) is not ndarray:
                if type(out) is tuple:
                    return _several(entry, traced.wrap, out, mask, values, parents, kwargs)
                out = np.asarray(out)
            if out.dtype is _FLOAT64 and kwargs.get("dtype") is None:
                out = _like_torch(out, values)
            dtype = out.dtype
            if not mask or not derivable or not mode.grad or dtype.kind != "f":
                return traced.wrap(out, None)
            node = Node(entry, tuple(parents), entry.save(mask, values, kwargs, result, out), out.shape, dtype)
            if mode.trace is not None:
                mode.trace.note(node, out, values)
            return traced.wrap(out, node)

        update_wrapper(call, forward)
        call.op = entry  # type: ignore[attr-defined]
        if entry.name in OPS:
            raise ValueError(f"there is an op named {entry.name!r} already")
        OPS[entry.name] = entry
        NUMPY.update(dict.fromkeys(numpy_functions, call))
        return call

    return decorate


def _several(
    entry: Op, wrap: Callable, outs: tuple, mask: int, values: list, parents: list, kwargs: dict
) -> tuple[Any, ...]:
    if not mask or not mode.grad:
        return wrap_several(wrap, outs, None)
    shapes = tuple(out.shape for out in outs)
    node = Node(entry, tuple(parents), entry.save(mask, values, kwargs, outs, outs), shapes, outs[0].dtype)
    return wrap_several(wrap, outs, node)


def _explained(entry: Op, values: Sequence[Any], error: ValueError) -> Exception:
    """NumPy's complaint about shapes, with the op's name and every argument's shape."""
    names = [*entry.args, *[f"{entry.variadic}[{i}]" for i in range(len(values) - len(entry.args))]]
    shapes = ", ".join(f"{n} {v.shape}" for n, v in zip(names, values, strict=False) if hasattr(v, "shape"))
    if isinstance(error, (ShapeError, IndexError)) or entry.name in str(error):
        return error
    return (
        type(error)(f"{entry.name}: {error}") if not shapes else _shape_error(f"{entry.name}({shapes}): {error}", error)
    )


def _shape_error(message: str, error: ValueError) -> Exception:
    if isinstance(error, IndexError):
        return IndexError(message)
    if isinstance(error, np.exceptions.AxisError):
        return IndexError(message)
    return ShapeError(message)


@op(np.positive, x=lambda g: g)
def identity(x: Any) -> Any:
    """x itself, as a step of its own in the graph."""
    return x


def serves(*numpy_functions: Any) -> Callable[[Callable], Callable]:
    """Let a function made of ops serve NumPy's dispatch of these functions on tensors."""

    def decorate(function: Callable) -> Callable:
        NUMPY.update(dict.fromkeys(numpy_functions, function))
        return function

    return decorate


def table() -> Iterator[tuple[str, Op]]:
    """Every op that is registered, in the order of registration."""
    yield from OPS.items()

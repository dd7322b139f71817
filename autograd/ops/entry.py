"""Op: an entry of the table. What it saves for the backward pass, and its vector-Jacobian product."""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Container, Sequence
from contextlib import suppress
from typing import Any

import numpy as np

from autograd.base import TensorBase, wrap
from autograd.dtypes import plain, whole_numbers, wrapped
from autograd.grad_mode import enable_grad
from autograd.graph import Node, backward_walk, of_outputs, output_node, step_behind
from autograd.ops.complaints import explain, must_be_tensor

# NumPy's and torch's names of what the table calls otherwise: each stands for the other where an op has that.
_ALIASES = {"input": "x", "a": "x", "m": "x", "other": "y", "axis": "dim", "axes": "dim", "dims": "dim"}
_ALIASES |= {"keepdims": "keepdim", "shape": "size", "sizes": "size", "repeats": "size"}
_ALIASES |= {"indices": "indices_or_sections", "sections": "indices_or_sections"}
_ALIASES |= {"shift": "shifts", "k": "diagonal", "A": "x", "B": "y", "axis0": "dim0", "axis1": "dim1"}
# The ops whose values and rules are right for complex numbers; the others refuse them.
COMPLEX = frozenset(
    """
    abs add all any cast clone cofactors complex concatenate conj constant_in contract convolution convolution_input
    convolution_weight copy_slices cos cosh count_nonzero cumprod cumsum det diagonal div eq exp exp2 expand expm1 flip
    fold fourier getitem identity imag index_put inv isclose isfinite isinf isnan lerp linalg_eigh linear linear_solve
    linear_step log log1p log2 logcumsumexp logical_and logical_not logical_or logical_xor masked_fill matmul mean mul
    ne neg pad permute pow prod real reciprocal recurrence repeat reshape roll rsqrt sin sinh split_at sqrt square sub
    sum tan tanh tril triu unbind unfold unindex vector_norm view_as_complex view_as_real where
    """.split()
)
_NO_NUMBERS = (np.ndarray, list, tuple, str, bytes, dict, set)
_RESERVED = {"out", "shape", "shapes", "needs"}  # what rules may ask for besides arguments


class Op:
    """One entry of the table: the forward, its rules, and what the rules make the engine save.

    `function` is the public function. `view` says that the result shares the memory of the first argument,
    `outputs` what the several results are, `pack` which keyword takes the rest of the positional arguments.
    """

    function: Callable

    def __init__(
        self,
        forward: Callable,
        rules: dict[str, Callable],
        grads: Callable | None,
        reference: Callable | None,
        differentiable: Sequence[str] | None,
        saves: tuple[str, ...],
        outputs: tuple[str, ...],
        view: bool,
        pack: str | None,
    ) -> None:
        code = forward.__code__
        n, k = code.co_argcount, code.co_kwonlyargcount
        self.name = forward.__name__
        self.takes_complex = self.name in COMPLEX
        self.forward = forward
        self.args = code.co_varnames[:n]
        self.keywords = code.co_varnames[n : n + k]
        self.variadic = code.co_varnames[n + k] if code.co_flags & 0x04 else None
        self.defaults = forward.__kwdefaults__ or {}
        self.arg_defaults = dict(zip(reversed(self.args), reversed(forward.__defaults__ or ())))
        self.saves, self.outputs, self.view, self.pack = saves, outputs, view, pack
        # What torch saves as a tensor of its own: results, and views that it makes of arguments. See `versions.latest`.
        self.apart = {"out", *outputs, *(["weight"] if self.name == "linear" else [])}
        self.named = _maker(self.name, outputs) if outputs else tuple
        self._check(rules, differentiable or ())
        self.reference = reference
        self.has_rules = bool(rules or grads)
        self.grads = grads and (grads, self._names(grads))
        self.rules = tuple(
            (rules[arg], self._names(rules[arg], i)) if arg in rules else None for i, arg in enumerate(self.args)
        )
        self.differentiable = tuple(differentiable or (self.args if grads or (reference and not rules) else rules))
        self._plans: dict[int, tuple] = {}

    def _check(self, rules: dict[str, Callable], differentiable: Sequence[str]) -> None:
        if taken := _RESERVED & {*self.args, *self.keywords}:
            raise TypeError(f"op {self.name!r} cannot have arguments named {sorted(taken)}: rules use these names")
        if unknown := {*rules, *differentiable} - set(self.args):
            raise TypeError(f"op {self.name!r} has rules for {sorted(unknown)}, which are not among {self.args}")

    def _names(self, rule: Callable, i: int | None = None) -> tuple:
        """What a rule asks for; its own argument's `shape` is known by that argument's index."""
        names = rule.__code__.co_varnames[1 : rule.__code__.co_argcount]
        known = {*self.args, *self.keywords, self.variadic, *self.saves, *self.outputs, *_RESERVED}
        if unknown := set(names) - known:
            raise TypeError(
                f"a rule of op {self.name!r} asks for {sorted(unknown)}, but only {sorted(map(str, known))} exist"
            )
        return tuple(i if name == "shape" else name for name in names)

    def is_differentiable(self, i: int) -> bool:
        """Whether there is a derivative by the argument at position `i`."""
        return self.variadic is not None if i >= len(self.args) else self.args[i] in self.differentiable

    # What is saved ----------------------------------------------------------------------------------------------------

    def _plan(self, mask: int, count: int) -> tuple:
        """What to save when the arguments in the bits of `mask` need a gradient.

        Gives (arguments, the rest or None, whether keywords alone are saved).
        """
        needed = [i for i in range(count) if mask >> i & 1]
        if missing := [self.args[i] for i in needed if not self.is_differentiable(i)]:
            raise RuntimeError(f"{self.name!r} has no derivative for {missing}; detach() it first")
        names: set = set(self.grads[1]) if self.grads else set()
        if not self.grads and self.has_rules:
            names = {name for i in needed for name in self.rules[i][1]}  # type: ignore[index]
        if self.reference:
            names |= {*self.args, *self.keywords}
        args = tuple((name, i) for i, name in enumerate(self.args) if name in names)
        rest = (
            tuple((name, self.defaults.get(name)) for name in self.keywords if name in names),
            tuple((name, i) for i, name in (*enumerate(self.saves, 1), *enumerate(self.outputs)) if name in names),
            tuple(name for name in ("out", "shapes", "needs", self.variadic) if name in names),
            tuple(i for i in names if isinstance(i, int)),
        )
        keywords_alone = not (args or any(rest[1:]))
        plan = args, (rest if any(rest) else None), keywords_alone
        self._plans[mask | 1 << count] = plan
        return plan

    def save(self, mask: int, values: Sequence[Any], kwargs: dict, result: Any, out: Any) -> dict | None:
        """What the rules of the arguments in `mask` ask for, by name; None where that is nothing."""
        args, rest, keywords_alone = self._plans.get(mask | 1 << len(values)) or self._plan(mask, len(values))
        if keywords_alone and not kwargs:
            return None  # `vjp` knows the defaults
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
                saved[name] = tuple([np.shape(v) for v in values])
            elif name == "needs":
                saved[name] = tuple([bool(mask >> i & 1) for i in range(len(values))])
            else:
                saved[name] = tuple(values[len(self.args) :])
        return saved

    # The backward pass ------------------------------------------------------------------------------------------------

    def vjp(self, node: Node, g: Any, needed: Container[Node | None] | None, create_graph: bool) -> Sequence[Any]:
        """The gradient of each parent of `node`, given that of its output: see `graph.Operation`."""
        saved: Any = node.saved or self.defaults
        conjugate = False
        if node.outputs is not None:
            g = of_outputs(node, g)
        elif self.takes_complex and node.dtype.kind == "c":  # g conj(f') is the conjugate of conj(g) f'
            conjugate, g = True, g.conjugate()
        if create_graph or not self.has_rules:
            if self.reference:
                return self._reference_vjp(node, g, create_graph)
            saved = self._as_tensors(node, saved)
        if self.grads:
            rule, names = self.grads
            found = rule(g, *[saved[name] for name in names])
            return conjugates(found) if conjugate else found
        found = []
        for parent, entry in zip(node.parents, self.rules):
            if parent is None or (needed is not None and parent not in needed):
                found.append(None)
                continue
            rule, names = entry  # type: ignore[misc]
            if not names:
                found.append(rule(g))
            elif len(names) == 1:  # most rules: a list would take as long as a small one itself
                found.append(rule(g, saved[names[0]]))
            else:
                found.append(rule(g, *[saved[name] for name in names]))
        return conjugates(found) if conjugate else found

    def _as_tensors(self, node: Node, saved: dict) -> dict:
        """What was saved, arrays that have a history as tensors again: then the rules themselves are recorded."""
        n = len(self.args)
        history: dict[Any, Any] = dict(zip(self.args, node.parents, strict=False))
        tensors = {name: wrap(v, history[name]) if history.get(name) is not None else v for name, v in saved.items()}
        if "out" in saved:
            tensors["out"] = wrap(saved["out"], node)
        for i, name in enumerate(self.outputs):
            if name in saved and saved[name].dtype.kind in "fc":
                tensors[name] = wrap(saved[name], output_node(node, i))
        if self.variadic in saved:
            pairs = zip(saved[self.variadic], node.parents[n:], strict=True)
            tensors[self.variadic] = tuple(wrap(v, p) if p is not None else v for v, p in pairs)
        return tensors

    def _reference_vjp(self, node: Node, g: Any, create_graph: bool) -> Sequence[Any]:
        """The same gradients through the reference, written in primitive ops, so that they can be derived again."""
        saved = node.saved or self.defaults
        inputs = [
            saved[name] if parent is None else wrap(saved[name], step_behind(parent, parent.shape, parent.dtype))
            for name, parent in zip(self.args, node.parents, strict=True)
        ]
        with enable_grad():
            outs = self.reference(*inputs, **{name: saved[name] for name in self.keywords})  # type: ignore[misc]
        outs, gs = (outs, g) if isinstance(outs, tuple) else ((outs,), (g,))
        roots = [(out.node, seed) for out, seed in zip(outs, gs, strict=True) if out.node is not None]
        targets: list[Any] = [t.node for t in inputs if isinstance(t, TensorBase)]
        nodes, seeds = [node for node, _ in roots], [seed for _, seed in roots]
        results: dict[Any, Any] = dict(backward_walk(nodes, seeds, targets, create_graph, retain_graph=create_graph))
        return [results.get(t.node) if isinstance(t, TensorBase) else None for t in inputs]

    def check_real(self, arrays: Sequence[Any]) -> None:
        """Raise TypeError where one of the arrays is complex, and this op is not there for complex numbers."""
        for array in arrays:
            if array.dtype.kind == "c" and not self.takes_complex:
                raise TypeError(
                    f"{self.name} does not support complex numbers, got {array.dtype}: make real numbers of them "
                    "first, with view_as_real, real, imag or abs"
                )

    # The call ---------------------------------------------------------------------------------------------------------

    def on_arrays(self, args: Sequence[Any], kwargs: dict) -> Any:
        """The forward of arrays alone, of which nothing is recorded."""
        for arg in args:
            if type(arg) is not np.ndarray and isinstance(arg, _NO_NUMBERS):  # whose * and + are no arithmetic
                args = [plain(a) for a in args]
                self.check_numbers(args)
                break
        try:
            result = self.forward(*args, **kwargs)
        except Exception as error:
            result = self.retry(args, kwargs, error)
            if result is None:
                raise
        if self.saves:
            result = result[0]
        for out in result if type(result) is tuple else (result,):
            if type(out) is np.ndarray and out.dtype.kind not in "fiubc":
                raise TypeError(
                    f"{self.name} computes with numbers, but its arguments make an array of dtype {out.dtype}"
                )
        return self.named(result) if self.outputs else result

    def check_numbers(self, args: Sequence[Any]) -> None:
        """Raise TypeError for a list, or the like, in the place of a tensor."""
        for name, arg in zip(self._names_of(args), args):
            if isinstance(arg, _NO_NUMBERS[1:]):
                raise TypeError(must_be_tensor(self.name, name, arg))

    def _names_of(self, args: Sequence[Any]) -> list[str]:
        return [*self.args, *[f"{self.variadic}[{i}]" for i in range(len(args) - len(self.args))]]

    def retry(self, args: Sequence[Any], kwargs: dict, error: Exception) -> Any:
        """The forward with negative numbers `wrapped`, if that is what it complained about.

        Else its complaint is raised again, in words that say what it was given; None where it says so itself.
        """
        if isinstance(error, OverflowError):
            with suppress(Exception):
                dtype = np.result_type(*[a for a in args if hasattr(a, "dtype") and a.dtype.kind in "iu"])
                return self.forward(*[wrapped(a, dtype) if type(a) is int else a for a in args], **kwargs)
        explain(self.name, dict(zip(self._names_of(args), args)) | kwargs, error)
        return None

    def normalise(self, args: tuple, kwargs: dict) -> tuple[list, dict]:
        """Positional metadata, other names of keywords and arrays by keyword, brought to the form of the forward."""
        known = {*self.args, *self.keywords}
        kwargs = renamed(kwargs, known)
        arrays, rest = list(args), ()
        if self.variadic is None:
            arrays, rest = list(args[: len(self.args)]), args[len(self.args) :]
        if self.pack is not None and (rest or self.pack in kwargs):
            kwargs[self.pack] = as_ints(rest or (kwargs[self.pack],))
        elif len(rest) > len(self.keywords):
            most = len(self.args) + len(self.keywords)
            raise TypeError(f"{self.name}() takes at most {most} arguments, got {len(args)}")
        else:
            kwargs.update(zip(self.keywords, rest, strict=False))
        while len(arrays) < len(self.args):
            name = self.args[len(arrays)]
            if name not in kwargs and name not in self.arg_defaults:
                break
            arrays.append(kwargs.pop(name, self.arg_defaults.get(name)))
        return arrays, kwargs


def conjugates(gradients: Sequence[Any]) -> list[Any]:
    """The complex conjugates of gradients; None stays None."""
    return [g if g is None else g.conjugate() for g in gradients]


def renamed(kwargs: dict, known: Container[str]) -> dict:
    """The keywords by the names that are `known`, where they have others in NumPy or in torch."""
    return {
        name if name in known or _ALIASES.get(name) not in known else _ALIASES[name]: value
        for name, value in kwargs.items()
    }


def _maker(name: str, outputs: tuple[str, ...]) -> Callable[[Sequence[Any]], Any]:
    """What makes a named tuple of the outputs of an op."""
    kind: Any = namedtuple(name, outputs)  # type: ignore[misc]
    return kind._make


def as_ints(values: tuple) -> tuple[int, ...] | None:
    """Sizes or dims given one by one, or as one sequence; None where that is what was given."""
    if values == (None,):
        return None
    many = len(values) == 1 and isinstance(values[0], (tuple, list))
    return whole_numbers(values[0] if many else values)

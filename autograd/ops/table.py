"""`op`: the decorator by which an operation and its derivative rules enter the table.

    @op(np.multiply, x=lambda g, y: g * y, y=lambda g, x: g * x)
    def mul(x, y):
        return x * y

A rule's first parameter is the upstream gradient; the others name what it needs: an argument or keyword of the op,
`out`, `shape` (of the argument that the rule is for), or what the forward `saves` besides its result. Only that is
kept alive. The decorated function is the public function and the method of tensors, too.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import update_wrapper
from typing import Any

import numpy as np
from numpy import ndarray

from autograd.base import TensorBase, add_in_place_method, add_method, current_node, mark_view, wrap
from autograd.batched import Batch, vmapped
from autograd.dtypes import can_cast, default_dtype, plain
from autograd.errors import ShapeError, warn
from autograd.grad_mode import mode
from autograd.graph import Node, output_nodes
from autograd.ops.complaints import explain_call, explained
from autograd.ops.entry import Op, as_ints, renamed
from autograd.versions import clock

OPS: dict[str, Op] = {}
NUMPY: dict[Any, Callable] = {}  # what serves a function of NumPy on tensors

_BOOL, _FLOAT32 = np.dtype(np.bool_), np.dtype(np.float32)


def op(
    *numpy_functions: Any,
    grads: Callable | None = None,
    reference: Callable | None = None,
    differentiable: Sequence[str] | None = None,
    saves: tuple[str, ...] = (),
    outputs: tuple[str, ...] = (),
    view: bool = False,
    pack: str | None = None,
    inplace: bool = False,
    method: bool = True,
    **rules: Callable,
) -> Callable[[Callable], Callable]:
    """Enter an operation into the table.

    `numpy_functions` are the functions of NumPy whose dispatch on tensors it serves. `rules` has one rule an argument;
    `grads` is a rule that gives the gradients of all arguments at once (a tuple in their order). `reference` is the
    same function in primitive ops, for kernels whose rule cannot run on tensors. Where `grads` or a `reference` alone
    stands for rules, `differentiable` names the arguments that have a derivative, if not all have.

    A forward with `saves` returns its result followed by what those names stand for. `view` says that the result
    shares memory with the first argument wherever NumPy can do so. `pack` names the keyword that takes sizes or dims
    given one by one or as a tuple. `inplace` adds the method `name_`; without `method` there is no method at all.
    A forward that returns a tuple has several outputs: its rules get a tuple of upstream gradients. `outputs` names
    them, where their number is fixed: the result is a named tuple, and rules may ask for an output by its name.
    """

    def decorate(forward: Callable) -> Callable:
        entry = Op(forward, rules, grads, reference, differentiable, saves, outputs, view, pack)
        arity, variadic = len(entry.args), entry.variadic is not None
        settings = frozenset(entry.keywords)
        recorded = entry.has_rules or reference is not None

        def call(*args: Any, **kwargs: Any) -> Any:
            if kwargs or len(args) != arity:
                if pack is not None and len(args) > arity and not kwargs:
                    args, kwargs = args[:arity], {pack: as_ints(args[arity:])}
                elif (len(args) != arity and not variadic) or not kwargs.keys() <= settings:
                    if "out" in kwargs:
                        target = kwargs.pop("out")
                        return write_out(entry.name, call(*args, **kwargs), target)
                    args, kwargs = entry.normalise(args, kwargs)  # type: ignore[assignment]
            for arg in args:
                if isinstance(arg, TensorBase):
                    break
            else:
                return entry.on_arrays(args, kwargs)
            values: list[Any] = []
            parents: list[Node | None] = []
            mask = 0
            bit = 1
            mixed = False
            last_change = clock.last
            for arg in args:
                if isinstance(arg, TensorBase):
                    node = arg.node
                    if last_change and arg._base is not None and (node is None or node.order < last_change):
                        node = current_node(arg)
                    array = arg.array
                    values.append(array)
                    parents.append(node)
                    if array.dtype is not _FLOAT32 and array.dtype is not _BOOL:
                        mixed = True
                    if node is not None:
                        mask |= bit
                else:
                    values.append(plain(arg) if isinstance(arg, ndarray) else arg)
                    parents.append(None)
                bit += bit
            if vmapped.depth and Batch in map(type, values):
                return vmapped.perform(entry, args, values, parents, kwargs)  # type: ignore[misc]
            try:
                result = forward(*values, **kwargs)
            except Exception as error:
                result = entry.retry(values, kwargs, error)
                if result is None:
                    raise
            out = result[0] if saves else result
            if type(out) is not ndarray:
                if type(out) is tuple:
                    return several(entry, args[0], out, mask, values, parents, kwargs)
                out = np.asarray(out)
            dtype = out.dtype
            if mixed or (dtype is not _FLOAT32 and dtype is not _BOOL):
                out = like_torch(entry, out, values, kwargs)
                dtype = out.dtype
            if mask and recorded and mode.grad and dtype.kind in "fc":
                node = Node(entry, tuple(parents), entry.save(mask, values, kwargs, result, out), out.shape, dtype)
                if mode.trace is not None:
                    mode.trace.note(node, out, values)
            else:
                node = None
            made = wrap(out, node)
            if view:
                mark_view(made, args[0], call, kwargs)
            return made

        update_wrapper(call, forward)
        call.op = entry  # type: ignore[attr-defined]
        if entry.name in OPS:
            raise ValueError(f"an op named {entry.name!r} exists already")
        OPS[entry.name] = entry
        entry.function = call
        return function(*numpy_functions, inplace=inplace, method=method)(call)

    return decorate


def write_out(name: str, result: Any, out: Any) -> Any:
    """`out=`: put the result of an op into a tensor (of several results, into several), which is returned.

    One that is no view takes the shape of the result, with a warning unless it was empty. RuntimeError where a gradient
    is recorded, or would be lost.
    """
    if out is None:
        return result
    if isinstance(result, tuple):
        return getattr(result, "_make", tuple)([write_out(name, r, o) for r, o in zip(result, out, strict=True)])
    if not isinstance(out, TensorBase):
        raise TypeError(f"{name}(out=) needs a tensor, got {type(out).__name__}")
    array = result.array if isinstance(result, TensorBase) else np.asarray(result)
    if getattr(result, "node", None) is not None or (mode.grad and current_node(out) is not None):
        raise RuntimeError(f"{name}(out=) has no derivative: use it in no_grad(), or compute a new tensor")
    if not can_cast(array.dtype, out.array.dtype):
        raise RuntimeError(f"{name}(out=): a result of {array.dtype} cannot be written into one of {out.array.dtype}")
    if out.array.shape != array.shape:
        what = f"{name}(out=): a result of shape {array.shape} does not fit into {out.array.shape}"
        if out.array.size and out._base is not None:
            raise ShapeError(f"{what}, a view")
        if out.array.size:
            warn(f"{what}, which takes its shape; an empty tensor does so without this warning")
        out.array = np.empty(array.shape, out.array.dtype)
    return out.copy_(result)


def several(
    entry: Op, first: Any, outs: tuple, mask: int, values: list, parents: list, kwargs: dict
) -> tuple[TensorBase, ...]:
    """The outputs of an op that has several, as tensors."""
    entry.check_real([v for v in values if isinstance(v, ndarray)])
    nodes: Sequence[Node | None] = [None] * len(outs)
    if mask and mode.grad:
        nodes = output_nodes(entry, tuple(parents), entry.save(mask, values, kwargs, outs, outs), outs)
        if mode.trace is not None:
            for node, out in zip(nodes, outs):
                if node is not None:
                    mode.trace.note(node, out, values)
    made = tuple([wrap(out, node) for out, node in zip(outs, nodes)])
    if entry.view and isinstance(first, TensorBase):
        for i, piece in enumerate(made):
            mark_view(piece, first, entry.function, kwargs, i)
    return entry.named(made)


def function(*numpy_functions: Any, inplace: bool = False, method: bool = True) -> Callable[[Callable], Callable]:
    """A function composed of ops: it serves these functions of NumPy on tensors, and is a method of theirs.

    As an op does, it takes `out=`, and its keywords by NumPy's names: `axis`, `keepdims`.
    """

    def decorate(function: Callable) -> Callable:
        if not hasattr(function, "op"):
            function = with_other_keywords(function)
        NUMPY.update(dict.fromkeys(numpy_functions, function))
        if method:
            add_method(function)
        if inplace:
            add_in_place_method(function)
        return function

    return decorate


def with_other_keywords(function: Callable) -> Callable:
    """The function, which takes `out=` and NumPy's keywords, too, and explains what does not fit."""
    code = function.__code__
    known = frozenset(code.co_varnames[: code.co_argcount + code.co_kwonlyargcount])
    if code.co_flags & 0x08:  # it takes any keyword
        return explained(function)

    def call(*args: Any, **kwargs: Any) -> Any:
        if kwargs and not kwargs.keys() <= known:
            if "out" in kwargs:
                target = kwargs.pop("out")
                return write_out(function.__name__, call(*args, **kwargs), target)
            kwargs = renamed(kwargs, known)
        try:
            return function(*args, **kwargs)
        except Exception as error:
            explain_call(function, args, kwargs, error)
            raise

    return update_wrapper(call, function)


def short(name: str, f: Callable, doc: str, *numpy_functions: Any, **options: Any) -> Callable:
    """A `function` of one line, a lambda: its name, what it does, and its docstring."""
    f.__name__ = f.__qualname__ = name
    f.__doc__ = doc
    return function(*numpy_functions, **options)(f)


def alias(function: Callable, *names: str) -> Callable:
    """`function` as a method under other names, too, and in place if it has that form."""
    for name in names:
        add_method(function, name)
        if hasattr(TensorBase, f"{function.__name__}_"):
            add_in_place_method(function, name)
    return function


def like_torch(entry: Op, out: ndarray, values: Sequence[Any], kwargs: dict) -> ndarray:
    """The result in the dtype that torch gives it, where NumPy chooses by other rules.

    Floats made of whole numbers are of the default dtype. (NumPy takes float16 for those of 8 bits: they are computed
    again.) What NumPy promotes, torch does by `promoted`.
    """
    dtype, arrays = out.dtype, [v for v in values if isinstance(v, (ndarray, np.generic))]
    if dtype.kind not in "fiubc":
        kinds = ", ".join(type(v).__name__ for v in values if not isinstance(v, ndarray)) or str(dtype)
        raise TypeError(f"{entry.name} computes with tensors and numbers, not with {kinds}")
    entry.check_real(arrays)
    if dtype == _BOOL or kwargs.get("dtype") is not None or any(v.ndim and v.dtype is dtype for v in arrays):
        return out
    wanted = promoted(arrays)
    if wanted.kind == "c":
        return out.astype(wanted, copy=False) if dtype.kind == "c" else out
    if dtype.kind == "f" != wanted.kind:
        if dtype == np.float16:
            return entry.forward(
                *[v.astype(default_dtype()) if isinstance(v, ndarray) else v for v in values], **kwargs
            )
        return out.astype(default_dtype())
    return out.astype(wanted, copy=False) if dtype == np.result_type(*arrays) else out


def promoted(arrays: Sequence[Any]) -> Any:
    """The dtype that torch brings arrays to: complex numbers before floats, these before whole numbers.

    Of each kind those with dims come before those of 0.
    One kind does not widen the other: float16 with int64 is float16, and int32 with an int64 of 0 dims is int32.
    """
    if any(v.dtype.kind == "c" for v in arrays):
        parts = [v for v in arrays if v.dtype.kind in "fc"]
        return np.result_type(*[v.dtype for v in parts if v.ndim] or [v.dtype for v in parts], np.complex64)
    found = next(found for kinds in ("f", "iu", "b") if (found := [v for v in arrays if v.dtype.kind in kinds]))
    return np.result_type(*[v.dtype for v in found if v.ndim] or [v.dtype for v in found])


@op(np.positive, x=lambda g: g, method=False, view=True)
def identity(x: Any) -> Any:
    """x itself, as a step of its own in the graph."""
    return x.view()

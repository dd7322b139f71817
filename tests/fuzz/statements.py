"""Statements of random programs, as source: views of a tensor, and changes in place. Each function asks a Writer."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.fuzz.programs import Writer

OPERATORS = ["+", "-", "*"]
UNARY_IN_PLACE = ["sin_", "tanh_", "exp_", "sigmoid_", "square_", "neg_", "relu_", "abs_"]
BINARY_IN_PLACE = ["add_", "sub_", "mul_"]

# Views ----------------------------------------------------------------------------------------------------------------


def _sizes(w: Writer, shape: tuple[int, ...]) -> str:
    n = prod(shape)
    forms = [(n,), (-1,), (1, *shape), (*shape, 1), tuple(reversed(shape)), (1, n)]
    forms += [(n // 2, 2), (2, n // 2)] if n and n % 2 == 0 else []
    return ", ".join(map(str, w.random.choice(forms) or (1,)))


def _order(w: Writer, shape: tuple[int, ...]) -> str:
    return ", ".join(str(d - w.random.choice([0, len(shape)])) for d in w.random.sample(range(len(shape)), len(shape)))


def _expanded(w: Writer, shape: tuple[int, ...]) -> str:
    sizes = [w.random.choice([2, 3]) if n == 1 else w.random.choice([n, -1]) for n in shape]
    lead = [w.random.randint(1, 2)] if w.random.random() < 0.5 or not sizes else []
    return ", ".join(map(str, [*lead, *sizes]))


def _narrowed(w: Writer, shape: tuple[int, ...]) -> str:
    dim = w.dim(shape)
    n = shape[dim] if shape else 1
    start = w.random.randint(0, n)
    return f".narrow({dim}, {start}, {w.random.randint(0, n - start)})"


def _selected(w: Writer, shape: tuple[int, ...]) -> str:
    dim = w.dim(shape)
    n = max(shape[dim], 1) if shape else 1
    return f".select({dim}, {w.random.randint(-n, n - 1)})"


def _pieces(w: Writer, shape: tuple[int, ...]) -> str:
    which = w.random.choice([0, 0, 1])
    return (
        w.random.choice(
            [
                f".split({w.random.randint(1, 2)}, {w.dim(shape)})",
                f".chunk({w.random.randint(1, 3)}, {w.dim(shape)})",
                f".unbind({w.dim(shape)})",
            ]
        )
        + f"[{which}]"
    )


def _diagonal(w: Writer, shape: tuple[int, ...]) -> str:
    dim1, dim2 = w.dim(shape), w.dim(shape)
    return w.random.choice([".diagonal()", f".diagonal({w.random.randint(-1, 1)}, {dim1}, {dim2})"])


def _windows(w: Writer, shape: tuple[int, ...]) -> str:
    return f".unfold({w.dim(shape)}, {w.random.randint(1, 2)}, {w.random.randint(1, 3)})"


VIEWS: list[Callable[[Writer, tuple[int, ...]], str]] = [
    lambda w, s: f"[{w.index(s)}]",
    lambda w, s: f"[{w.index(s, 0)}]",
    lambda w, s: f"[{w.index(s, 0)}]",
    _selected,
    _narrowed,
    _pieces,
    _diagonal,
    _windows,
    lambda w, s: f".view({_sizes(w, s)})",
    lambda w, s: f".reshape({_sizes(w, s)})",
    lambda w, s: f".permute({_order(w, s)})" if s else ".t()",
    lambda w, s: f".transpose({w.dim(s)}, {w.dim(s)})",
    lambda w, s: ".t()",
    lambda w, s: f".squeeze({w.random.choice(['', str(w.dim(s))])})",
    lambda w, s: f".unsqueeze({w.dim((*s, 1))})",
    lambda w, s: f".expand({_expanded(w, s)})",
    lambda w, s: f".expand({_expanded(w, s)})[0]",
    lambda w, s: ".flatten()",
    lambda w, s: f".movedim({w.dim(s)}, {w.dim(s)})",
]


# Changes in place -----------------------------------------------------------------------------------------------------


Change = tuple[str, str]  # the statement, and the new value of what it changes, computed out of place


def _unary(w: Writer, x: str, shape: tuple[int, ...]) -> Change:
    name = w.random.choice(UNARY_IN_PLACE)
    return f"{x}.{name}()", f"{x}.{name[:-1]}()"


def _binary(w: Writer, x: str, shape: tuple[int, ...]) -> Change:
    name, y = w.random.choice(BINARY_IN_PLACE), w.operand(shape, w.dtype(x), x)
    return f"{x}.{name}({y})", f"{x}.{name[:-1]}({y})"


def _assigned(w: Writer, x: str, shape: tuple[int, ...]) -> Change:
    operator, y = w.random.choice(OPERATORS), w.operand(shape, w.dtype(x), x)
    return f"{x} {operator}= {y}", f"{x} {operator} {y}"


def _placed(w: Writer, x: str, shape: tuple[int, ...]) -> tuple[str, str]:
    """An index into x, and a value for what it names."""
    index = w.index(shape, 0.4)
    try:
        place = tuple(eval(f"{x}[{index}]", w.scope).shape)
    except Exception:
        place = ()
    return index, w.operand(place, w.dtype(x), x)


def _put(w: Writer, x: str, shape: tuple[int, ...]) -> Change:
    index, y = _placed(w, x, shape)
    return f"{x}[{index}] = {y}", f"put({x}, lambda t: t[{index}], {y})"


def _put_assigned(w: Writer, x: str, shape: tuple[int, ...]) -> Change:
    (index, y), operator = _placed(w, x, shape), w.random.choice(OPERATORS)
    return f"{x}[{index}] {operator}= {y}", f"put({x}, lambda t: t[{index}], {x}[{index}] {operator} {y})"


def _put_masked(w: Writer, x: str, shape: tuple[int, ...]) -> Change:
    number = w.number()
    return f"{x}[{x} > 0.5037] = {number}", f"{x}.masked_fill({x} > 0.5037, {number})"


def _filled(w: Writer, x: str, shape: tuple[int, ...]) -> Change:
    scalars = [name for name, t in w.tensors().items() if not len(t.shape)]
    value = w.random.choice([*scalars, str(w.number())])
    return w.random.choice(
        [
            (f"{x}.fill_({value})", f"fill({x}, {value})"),
            (f"{x}.zero_()", f"fill({x}, 0)"),
            (f"{x}.masked_fill_({x} > 0, {value})", f"{x}.masked_fill({x} > 0, {value})"),
            (f"{x}.clamp_(-1, 1)", f"{x}.clamp(-1, 1)"),
        ]
    )


def _copied(w: Writer, x: str, shape: tuple[int, ...]) -> Change:
    y = w.operand(shape, w.dtype(x), x)
    y = y if y[0] in "vT" else w.literal(shape, w.dtype(x))
    return f"{x}.copy_({y})", f"fill({x}, {y})"


def _added_rows(w: Writer, x: str, shape: tuple[int, ...]) -> Change:
    dim = w.dim(shape)
    n = shape[dim] if shape else 1
    index = [w.random.randint(0, n - 1) for _ in range(w.random.randint(1, 3 if shape else 1))] if n else []
    sizes = list(shape)
    if sizes:
        sizes[dim] = len(index)
    y = w.pick(lambda t: tuple(t.shape) == tuple(sizes))
    y = y if w.shape(y) == tuple(sizes) else w.literal(tuple(sizes), w.dtype(x))
    at = f"{dim}, T.tensor({index}, dtype=T.int64), {y}"
    return f"{x}.index_add_({at})", f"{x}.index_add({at})"


def _scattered(w: Writer, x: str, shape: tuple[int, ...]) -> Change:
    dim = w.dim(shape)
    n = shape[dim] if shape else 1
    sizes = list(shape)
    if sizes:
        sizes[dim] = min(sizes[dim], 1)

    def nested(left: list[int]) -> Any:
        return [nested(left[1:]) for _ in range(left[0])] if left else w.random.randint(0, max(n - 1, 0))

    src = str(w.number()) if w.random.random() < 0.5 else w.literal(tuple(sizes), w.dtype(x))
    index = f"T.tensor({nested(sizes)}, dtype=T.int64)" if prod(sizes) else f"T.zeros({tuple(sizes)}, dtype=T.int64)"
    at = f"{dim}, {index}, {src}"
    return f"{x}.scatter_({at})", f"{x}.scatter({at})"


WRITES: list[Callable[[Writer, str, tuple[int, ...]], Change]] = [
    _unary, _binary, _binary, _assigned, _assigned, _put, _put, _put_assigned, _put_assigned, _put_masked, _filled,
    _copied, _added_rows, _scattered,
]  # fmt: skip


def _reshaped(w: Writer, x: str, shape: tuple[int, ...]) -> Change:
    names = [f"unsqueeze_({w.dim((*shape, 1))})", "squeeze_()", f"squeeze_({w.dim(shape)})"]
    names += ["t_()", f"transpose_({w.dim(shape)}, {w.dim(shape)})"]
    return f"{x}.{w.random.choice(names)}", x


CHANGES = [*WRITES, _reshaped]  # without a gradient, the shape in place spoils the history in torch

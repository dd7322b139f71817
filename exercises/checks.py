"""What the markers share: an answer beside what is right, and words for what differs that a learner can use."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from autograd import Function, Tensor, gradcheck_report, tensor

Slip = tuple[str, Callable[..., Any]]  # what one may have done instead, and what would come of it


class Wrong(Exception):
    """An answer that is not right yet; its text says what is wrong with it."""


def as_arrays(found: Any, names: Sequence[str], call: str) -> list[np.ndarray]:
    """What a call returned, one array of numbers for each name. Raises Wrong where it is something else."""
    if len(names) == 1:
        parts = (found,)
    elif isinstance(found, (tuple, list)) and len(found) == len(names):
        parts = tuple(found)
    else:
        raise Wrong(f"{call} must return {len(names)} arrays ({', '.join(names)}), but returned {kind(found)}.")
    return [_as_array(part, name, call) for part, name in zip(parts, names)]


def _as_array(found: Any, name: str, call: str) -> np.ndarray:
    if isinstance(found, Tensor):
        found = found.detach().array
    try:
        array = np.asarray(found)
    except ValueError:
        array = np.asarray(None)
    if array.dtype.kind not in "fiub":
        raise Wrong(f"{call} must return {name} as an array of numbers, but returned {kind(found)}.")
    return array


def kind(found: Any) -> str:
    """What was found where something else was wanted, in words."""
    if found is None:
        return "None (is a return statement missing?)"
    name = type(found).__name__
    size = f" of {len(found)}" if isinstance(found, (tuple, list)) else ""
    return f"{'an' if name[0] in 'aeiou' else 'a'} {name}{size}"


def same(a: np.ndarray, b: Any, rtol: float = 1e-6) -> bool:
    """Whether two arrays have one shape and, but for rounding, the same numbers."""
    b = np.asarray(b)
    return a.shape == b.shape and bool(np.allclose(a, b, rtol, 1e-9, equal_nan=True))


def shown(array: Any) -> str:
    """A small array as text on one line, a large one by its shape."""
    array = np.asarray(array.detach().array if isinstance(array, Tensor) else array)
    if array.size > 12:
        return f"an array of shape {array.shape}"
    return " ".join(np.array2string(array, precision=4, suppress_small=True, separator=", ").split())


def check_value(call: str, found: Any, right: np.ndarray, slips: Iterable[tuple[str, Any]] = ()) -> None:
    """Raise Wrong unless a call returned what is right; a slip says what its wrong value comes from."""
    (array,) = as_arrays(found, ["its result"], call)
    if array.shape != right.shape:
        message = f"{call} returned an array of shape {array.shape}; it must have shape {right.shape}."
    elif same(array, right):
        return
    else:
        message = f"{call} returned {shown(array)}; right would be {shown(right)}."
        if array.size > 12:
            at = tuple(map(int, np.unravel_index(np.nanargmax(np.abs(array - right)), right.shape)))
            message = (
                f"{call} is wrong, most of all at {list(at)}: {array[at]:.6g}, where {right[at]:.6g} would be right."
            )
    raise Wrong("\n".join([message, *(text for text, wrong in slips if same(array, wrong))]))


def check_rule(
    rule: Callable[..., Any],
    forward: Callable[..., np.ndarray],
    inputs: Mapping[str, np.ndarray],
    slips: Iterable[Slip] = (),
) -> None:
    """Raise Wrong unless `rule(g, out, *inputs)` gives the gradients of `forward(*inputs)`, as gradcheck finds them.

    The slips are rules, too: wrong ones, each with what to say to whoever wrote it.
    """
    arrays = [np.asarray(x) for x in inputs.values()]
    out = forward(*arrays)
    g = np.random.default_rng(out.size).uniform(0.5, 1.5, out.shape)

    def gradients(g: np.ndarray, out: np.ndarray, *xs: np.ndarray) -> list[np.ndarray]:
        return as_arrays(rule(g, out, *xs), [f"the gradient with respect to {name}" for name in inputs], "Your rule")

    found = gradients(g.copy(), out.copy(), *(x.copy() for x in arrays))
    for name, x, gradient in zip(inputs, arrays, found):
        if gradient.shape != x.shape:
            raise Wrong(
                f"The gradient with respect to {name} has shape {gradient.shape}, and {name} has shape {x.shape}. "
                f"There is a derivative for each element, so both shapes are always the same.\n{_sizes(inputs, out)}"
            )
    report = gradcheck_report(_recorded(forward, gradients), [tensor(x, requires_grad=True) for x in arrays])
    if report:
        return
    known = [text for text, slip in slips if _all_same(found, slip(g, out, *arrays))]
    raise Wrong("\n".join([*known, _sizes(inputs, out), str(report)]))


def _all_same(found: list[np.ndarray], wrong: Any) -> bool:
    parts = wrong if isinstance(wrong, tuple) else (wrong,)
    return all(same(a, b) for a, b in zip(found, parts, strict=True))


def _sizes(inputs: Mapping[str, np.ndarray], out: np.ndarray) -> str:
    sizes = ", ".join(f"{name} {np.shape(x)}" for name, x in inputs.items())
    return f"This was tried with {sizes}; the result, and so g, has shape {out.shape}."


def _recorded(forward: Callable[..., np.ndarray], gradients: Callable[..., list[np.ndarray]]) -> Callable[..., Tensor]:
    """The forward as an operation whose backward is the learner's rule, under its own name."""

    class Rule(Function):
        @staticmethod
        def forward(ctx: Any, *xs: Tensor) -> Tensor:
            out = tensor(forward(*(x.array for x in xs)))
            ctx.save_for_backward(out, *xs)
            return out

        @staticmethod
        def backward(ctx: Any, *gs: Tensor) -> tuple[Tensor, ...]:
            out, *xs = ctx.saved_tensors
            return tuple(map(tensor, gradients(gs[0].array, out.array, *(x.array for x in xs))))

    @functools.wraps(forward)
    def recorded(*xs: Tensor) -> Tensor:
        return Rule.apply(*xs)

    return recorded

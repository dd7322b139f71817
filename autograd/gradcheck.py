"""Finite differences against the gradients that the engine gives, for any function, with a report of what differs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from autograd.creation import tensor
from autograd.functional import grad
from autograd.grad_mode import enable_grad, no_grad
from autograd.tensor import Tensor


class Mismatch(NamedTuple):
    """One entry of a Jacobian that is wrong: d output[out_index] / d input[in_index]."""

    argument: str
    in_index: tuple[int, ...]
    output: int
    out_index: tuple[int, ...]
    analytic: float
    numeric: float

    @property
    def absolute(self) -> float:
        """|analytic - numeric|."""
        return abs(self.analytic - self.numeric)

    @property
    def relative(self) -> float:
        """The absolute error over the greater of the two magnitudes."""
        return self.absolute / max(abs(self.analytic), abs(self.numeric), 1e-300)

    def __str__(self) -> str:
        which = f"output {self.output}" if self.output else "output"
        return (
            f"d {which}{list(self.out_index)} / d {self.argument}{list(self.in_index)}: analytic {self.analytic:.10g}, "
            f"numeric {self.numeric:.10g}, absolute error {self.absolute:.3g}, relative error {self.relative:.3g}"
        )


class GradcheckError(RuntimeError):
    """Gradients that finite differences contradict; `mismatches` has all of them, the worst first."""

    def __init__(self, message: str, mismatches: Sequence[Mismatch] = ()) -> None:
        super().__init__(message)
        self.mismatches = list(mismatches)


def gradcheck(
    f: Callable,
    inputs: Any,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    raise_exception: bool = True,
) -> bool:
    """Whether the gradients of f agree with central differences, |analytic - numeric| <= atol + rtol |numeric|.

    `inputs` is a tensor or a tuple; those that require grad are checked and must be float64, since the difference of
    nearby values has no digits left in float32. f gives a tensor or several. Raises GradcheckError with the argument,
    the worst elements, both values and the errors, or returns False where raise_exception is False.
    """
    inputs, checked = _checked_inputs(inputs)
    return _check(f, f, inputs, checked, eps, atol, rtol, raise_exception)


def _checked_inputs(inputs: Any) -> tuple[tuple, list[int]]:
    """The inputs as a tuple, and the positions of those that require grad."""
    inputs = tuple(inputs) if isinstance(inputs, (tuple, list)) else (inputs,)
    checked = [i for i, x in enumerate(inputs) if isinstance(x, Tensor) and x.requires_grad]
    if not checked:
        raise ValueError("gradcheck needs an input that requires grad: make it with requires_grad=True")
    return inputs, checked


def _check(
    f: Callable,
    measured_f: Callable,
    inputs: tuple,
    checked: list[int],
    eps: float,
    atol: float,
    rtol: float,
    raise_exception: bool,
) -> bool:
    """The gradients of f by the engine against the differences of `measured_f`, which is f in another guise."""
    names = _names(f, len(inputs))
    for i in checked:
        if inputs[i].dtype != np.float64:
            raise ValueError(f"gradcheck needs float64, but {names[i]} is {inputs[i].dtype}: convert it with .double()")
    mismatches: list[Mismatch] = []
    try:
        analytic = _analytic(f, inputs, checked)
        numeric, shapes = _numeric(measured_f, inputs, checked, eps)
        for k, (of_outputs, by_differences) in enumerate(zip(analytic, numeric, strict=True)):
            for i, exact, measured in zip(checked, of_outputs, by_differences, strict=True):
                at = names[i], inputs[i].shape, k, shapes[k]
                mismatches += _compare(*at, exact, measured, atol, rtol)
    except GradcheckError:
        if raise_exception:
            raise
        return False
    if mismatches and raise_exception:
        raise GradcheckError(_report(mismatches, atol, rtol), sorted(mismatches, key=_badness))
    return not mismatches


def gradgradcheck(
    f: Callable,
    inputs: Any,
    grad_outputs: Any = None,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    raise_exception: bool = True,
) -> bool:
    """`gradcheck` of the gradient of f: checks its second derivatives, and those by the upstream gradient.

    The differences are of gradients that are not recorded, as in training: so a kernel is held to its reference too.
    """
    inputs, checked = _checked_inputs(inputs)
    if grad_outputs is None:
        rng = np.random.default_rng(0)
        with no_grad():
            outs = _outputs(f(*inputs))
        grad_outputs = tuple(tensor(rng.uniform(0.5, 1.5, out.shape), requires_grad=True) for out in outs)
    else:
        grad_outputs = tuple(grad_outputs) if isinstance(grad_outputs, (tuple, list)) else (grad_outputs,)
    n = len(inputs)

    def gradient(*args: Any, create_graph: bool = True) -> tuple:
        outs = _outputs(f(*args[:n]))
        differentiable = [args[i] for i in checked]
        found = grad(outs, differentiable, args[n:], create_graph=create_graph, allow_unused=True)
        return tuple(x * 0 if g is None else g for x, g in zip(differentiable, found, strict=True))

    def unrecorded(*args: Any) -> tuple:
        return gradient(*args, create_graph=False)

    gradient.__wrapped__ = f  # type: ignore[attr-defined]
    inputs, checked_too = _checked_inputs((*inputs, *grad_outputs))
    return _check(gradient, unrecorded, inputs, checked_too, eps, atol, rtol, raise_exception)


def _outputs(result: Any) -> tuple[Tensor, ...]:
    """The outputs that have a gradient at all: those of floats."""
    outs = tuple(result) if isinstance(result, (tuple, list)) else (result,)
    floats = tuple(out for out in outs if isinstance(out, Tensor) and out.dtype.kind == "f")
    if not floats:
        kinds = ", ".join(str(out.dtype) if isinstance(out, Tensor) else type(out).__name__ for out in outs)
        raise ValueError(f"there is nothing to check: the function gave no tensor of floats, but {kinds}")
    return floats


def _names(f: Callable, count: int) -> list[str]:
    while hasattr(f, "__wrapped__"):
        f = f.__wrapped__
    code = getattr(f, "__code__", None)
    own = code.co_varnames[: code.co_argcount] if code is not None else ()
    return [f"argument {i} ({own[i]})" if i < len(own) else f"argument {i}" for i in range(count)]


def _analytic(f: Callable, inputs: tuple, checked: list[int]) -> list[list[np.ndarray]]:
    """For each output and each checked input, the Jacobian (output elements, input elements) by backward walks."""
    with enable_grad():
        fresh = [x.detach().clone().requires_grad_(x.requires_grad) if isinstance(x, Tensor) else x for x in inputs]
        differentiable = [fresh[i] for i in checked]
        outs = _outputs(f(*fresh))
    found = []
    for out in outs:
        jacobians = [np.zeros((out.numel(), x.numel())) for x in differentiable]
        for row in range(out.numel() if out.requires_grad else 0):
            seed = np.zeros(out.shape)
            seed.reshape(-1)[row] = 1
            grads = grad(out, differentiable, tensor(seed, dtype=out.dtype), retain_graph=True, allow_unused=True)
            for i, jacobian, x, g in zip(checked, jacobians, differentiable, grads, strict=True):
                if g is None:
                    continue
                if g.shape != x.shape:
                    raise GradcheckError(f"argument {i} has the shape {x.shape}, but its gradient {g.shape}")
                jacobian[row] = g.array.reshape(-1)
        found.append(jacobians)
    return found


def _numeric(f: Callable, inputs: tuple, checked: list[int], eps: float) -> tuple[list[list[np.ndarray]], list[tuple]]:
    """The same Jacobians by central differences, (f(x + eps) - f(x - eps)) / 2 eps, an input element at a time.

    With them, the shapes of the outputs.
    """
    arrays = {i: np.array(inputs[i].array, np.float64, order="C") for i in checked}  # so that reshape gives a view

    def evaluate() -> list[np.ndarray]:
        fresh = [tensor(arrays[i]) if i in arrays else x for i, x in enumerate(inputs)]
        for i in checked:
            fresh[i].requires_grad_()
        return [out.array.astype(np.float64) for out in _outputs(f(*fresh))]

    columns: list[list[list[np.ndarray]]] = []
    for i in checked:
        flat = arrays[i].reshape(-1)
        of_input = []
        for j in range(flat.size):
            here = flat[j]
            flat[j] = here + eps
            above = evaluate()
            flat[j] = here - eps
            below = evaluate()
            flat[j] = here
            of_input.append([((a - b) / (2 * eps)).reshape(-1) for a, b in zip(above, below, strict=True)])
        columns.append(of_input)
    outs = evaluate()
    jacobians = [
        [np.stack([c[k] for c in of_input], axis=1) if of_input else np.zeros((out.size, 0)) for of_input in columns]
        for k, out in enumerate(outs)
    ]
    return jacobians, [out.shape for out in outs]


def _compare(
    name: str,
    shape: tuple,
    output: int,
    out_shape: tuple,
    exact: np.ndarray,
    measured: np.ndarray,
    atol: float,
    rtol: float,
) -> list[Mismatch]:
    wrong = ~np.isclose(exact, measured, rtol, atol)
    return [
        Mismatch(name, _place(c, shape), output, _place(r, out_shape), exact[r, c], measured[r, c])
        for r, c in zip(*np.nonzero(wrong), strict=True)
    ]


def _place(i: Any, shape: tuple) -> tuple[int, ...]:
    return tuple(map(int, np.unravel_index(i, shape)))


def _badness(m: Mismatch) -> float:
    return -m.absolute if np.isfinite(m.absolute) else -np.inf


def _report(mismatches: list[Mismatch], atol: float, rtol: float, most: int = 5) -> str:
    lines = []
    for name in dict.fromkeys(m.argument for m in mismatches):
        own = sorted((m for m in mismatches if m.argument == name), key=_badness)
        lines.append(
            f"the gradient of {name} is wrong in {len(own)} entries (atol {atol:g}, rtol {rtol:g}); the worst:"
        )
        lines += [f"  {m}" for m in own[:most]]
    return "\n".join(lines)

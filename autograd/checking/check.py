"""`gradcheck` and its relatives: what is checked, in which order, and how failures are reported."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from autograd.checking.behaviour import of_backward, of_forward, of_forward_mode
from autograd.checking.entries import all_entries, random_directions
from autograd.checking.flat import FlatFunction, argument_names, name_of, outputs
from autograd.checking.report import Finding, GradcheckError, Report
from autograd.creation import tensor
from autograd.func import functional_call
from autograd.functional import grad
from autograd.tensor import Tensor

_LARGE = 2000  # elements of a module, from which the fast mode is the default


class _Settings(NamedTuple):
    """The keywords of torch's gradcheck and gradgradcheck; those about vmap, sparse tensors and `check_backward_ad`,
    `check_fwd_over_rev` and the like, which choose between implementations of torch's, change nothing."""

    eps: float = 1e-6
    atol: float = 1e-5
    rtol: float = 1e-3
    nondet_tol: float = 0.0
    check_undefined_grad: bool = True
    check_grad_dtypes: bool = False
    check_batched_grad: bool = False
    check_batched_forward_grad: bool = False
    check_forward_ad: bool = False
    check_backward_ad: bool = True
    check_fwd_over_rev: bool = False
    check_rev_over_rev: bool = True
    gen_non_contig_grad_outputs: bool = False
    fast_mode: bool = False
    masked: bool | None = None


def gradcheck(
    func: Callable,
    inputs: Any,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    raise_exception: bool = True,
    **options: Any,
) -> bool:
    """Whether the gradients of func agree with central differences, |analytic - numeric| <= atol + rtol |numeric|.

    `inputs` is a tensor or a tuple; those that require grad are checked. Differences are taken in float64; gradients of
    float32 and float16 may be off by some units in their last place as well. An entry that disagrees is measured again
    at many step sizes, and passes where a better one agrees. Raises GradcheckError, which says for each other entry
    whether it is a bug, rounding or a kink; returns False instead where raise_exception is False. It fails, too, for
    functions that change their inputs or are not deterministic, and for a backward that is not linear.

    Options are torch's: `fast_mode` (random directions; for many elements), `nondet_tol`, `check_grad_dtypes`,
    `check_forward_ad` (J u against v^T J), `check_undefined_grad`.
    """
    return _told(gradcheck_report(func, inputs, eps=eps, atol=atol, rtol=rtol, **options), raise_exception)


def gradgradcheck(
    func: Callable,
    inputs: Any,
    grad_outputs: Any = None,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    raise_exception: bool = True,
    **options: Any,
) -> bool:
    """`gradcheck` of the gradient of func: checks its second derivatives, and those by the upstream gradient.

    The differences are of gradients that are not recorded, as in training: so a kernel is held to its reference too.
    """
    report = gradcheck_report(func, inputs, 2, grad_outputs, eps=eps, atol=atol, rtol=rtol, **options)
    return _told(report, raise_exception)


def gradcheck_report(func: Callable, inputs: Any, order: int = 1, grad_outputs: Any = None, **options: Any) -> Report:
    """What gradcheck (or, with order=2, gradgradcheck) finds, as a Report, whether it passed or not.

    The report is true where the check passed; `print` it, or see its `mismatches`, `findings`, `table()`, `plot()`.
    """
    flat = FlatFunction(func, inputs)
    return _examined(flat if order == 1 else _of_gradient(flat, grad_outputs), order, _Settings(**options))


def gradcheck_module(
    module: Any,
    inputs: Any,
    order: int = 1,
    raise_exception: bool = True,
    fast_mode: bool | None = None,
    **options: Any,
) -> bool:
    """`gradcheck` of a module by all of its parameters that require grad, by name, and by all inputs of floats.

    The module is left as it is. Above 2,000 elements the fast mode is the default.
    """
    inputs = tuple(inputs) if isinstance(inputs, (tuple, list)) else (inputs,)
    inputs = [x.detach().requires_grad_() if _is_float(x) else x for x in inputs]
    state = {name: (f"parameter {name}", p) for name, p in module.named_parameters()}
    state |= {name: (f"buffer {name}", b.detach()) for name, b in module.named_buffers()}

    def call(*tensors: Any) -> Any:
        own = [t if t.requires_grad else t.clone() for t in tensors[: len(state)]]  # running statistics change in place
        return functional_call(module, dict(zip(state, own)), tensors[len(state) :])

    call.__name__ = type(module).__name__
    names = [name for name, _ in state.values()] + argument_names(module.forward, len(inputs))
    flat = FlatFunction(call, [x for _, x in state.values()] + inputs, names=names)
    if fast_mode is None:
        fast_mode = flat.point.size > _LARGE
    flat = flat if order == 1 else _of_gradient(flat, None)
    return _told(_examined(flat, order, _Settings(fast_mode=fast_mode, **options)), raise_exception)


def _is_float(x: Any) -> bool:
    return isinstance(x, Tensor) and x.dtype.kind == "f"


def _told(report: Report, raise_exception: bool) -> bool:
    if report or not raise_exception:
        return bool(report)
    raise GradcheckError(str(report), report)


def _examined(flat: FlatFunction, order: int, settings: _Settings) -> Report:
    """The report on a function, whose forward, backward and Jacobian are looked at in turn."""
    name = name_of(flat.func) if order == 1 else f"the gradient of {name_of(flat.func)}"
    findings = list(of_forward(flat, settings.nondet_tol)) if order == 1 else []
    if any(finding.kind == "nondeterminism" for finding in findings):
        return Report(name, 0, [], findings)
    run = flat.record()
    before = flat.value(flat.point)
    if settings.fast_mode:
        entries, mismatches = 0, list(random_directions(flat, run, settings.eps, settings.atol, settings.rtol))
    else:
        entries, mismatches = all_entries(flat, run, settings.eps, settings.atol, settings.rtol)
    if not np.allclose(flat.value(flat.point), before, rtol=0, atol=settings.nondet_tol, equal_nan=True):
        findings.append(Finding("state", "after calls at other points the values here are others: it remembers them"))
    if order == 1:
        findings += of_backward(flat, run, settings)
        if settings.check_forward_ad:
            findings += of_forward_mode(flat, run)
    unused = [flat.names[flat.checked[k]] for k in sorted(run.unused)]
    wrong = {m.argument for m in mismatches if not m.verdict.agrees}
    notes = [f"The gradient of {name} is None: the backward gave none." for name in unused if name in wrong]
    return Report(name, entries, mismatches, findings, settings.fast_mode, notes)


def _of_gradient(flat: FlatFunction, grad_outputs: Any) -> FlatFunction:
    """The gradient of a function, as a function of its inputs and of upstream gradients (random unless given)."""
    if grad_outputs is None:
        rng = np.random.default_rng(0)
        outs = outputs(flat.func(*flat.arguments()))
        values = [rng.uniform(0.5, 1.5, out.shape).astype(out.dtype) for out in outs]
        grad_outputs = tuple(tensor(value, requires_grad=True) for value in values)
    else:
        grad_outputs = tuple(grad_outputs) if isinstance(grad_outputs, (tuple, list)) else (grad_outputs,)
    n = len(flat.inputs)

    def gradient(*args: Any, create_graph: bool = True) -> tuple:
        outs = outputs(flat.func(*args[:n]))
        differentiable = [args[i] for i in flat.checked]
        found = grad(outs, differentiable, args[n:], create_graph=create_graph, allow_unused=True)
        return tuple(x * 0 if g is None else g for x, g in zip(differentiable, found, strict=True))

    def unrecorded(*args: Any) -> tuple:
        return gradient(*args, create_graph=False)

    gradient.__wrapped__ = flat.func  # type: ignore[attr-defined]
    names = [*flat.names, *(f"upstream gradient {k}" for k in range(len(grad_outputs)))]
    return FlatFunction(gradient, (*flat.inputs, *grad_outputs), unrecorded, names)

"""Derivatives of functions of tensors, under the names of torch.autograd.functional; gradients of tensors.

`grad`, `value_and_grad`, `jacobian` and `hessian` of a function alone are functions, as in HIPS autograd.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from autograd.batching import vmap
from autograd.grad_mode import enable_grad
from autograd.graph import newest_first
from autograd.linearized import Linearized, function_of, products
from autograd.nests import leaves
from autograd.ops.complaints import explain_all
from autograd.tensor import Tensor
from autograd.walks import gradients, run_backward_into


def _is_argnum(value: Any) -> bool:
    """Whether these are numbers of arguments, which HIPS autograd takes where torch takes tensors."""
    return isinstance(value, int) or (
        isinstance(value, (tuple, list)) and bool(value) and all(isinstance(i, int) for i in value)
    )


def grad(
    outputs: Any,
    inputs: Any = 0,
    grad_outputs: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    only_inputs: bool = True,
    allow_unused: bool | None = None,
    is_grads_batched: bool = False,
    materialize_grads: bool = False,
    *,
    argnum: int | Sequence[int] | None = None,
) -> Any:
    """The gradients of `outputs` (a tensor or several) with respect to each of `inputs`, as a tuple.

    `grad_outputs` are the upstream gradients (needed unless an output has one element). With `create_graph` the result
    can be differentiated again. An input that no output depends on is an error unless `allow_unused`, which gives None
    for it.
    `materialize_grads` gives zeros. `is_grads_batched`: the upstream gradients have a dim more, the first, and so have
    the results. `only_inputs` is an older keyword of torch's, which ignores it.

    `grad(f)` of a function is the function that gives its gradient by the argument `argnum` (or by several).
    """
    if callable(outputs) and _is_argnum(inputs):
        return function_of(outputs, inputs if argnum is None else argnum, Linearized.gradient)
    if callable(outputs):
        raise TypeError(
            "grad of a function is a function: call grad(f)(x), or grad(f, n)(x, ...) for argument number n; "
            "grad(f(x), x) takes tensors"
        )
    outputs, inputs = _sequence(outputs), _sequence(inputs)
    for x in (*outputs, *inputs):
        if not isinstance(x, Tensor):
            raise TypeError(f"grad(outputs, inputs) takes tensors, or grad(f) a function, got {type(x).__name__}")
    seeds = [None] * len(outputs) if grad_outputs is None else _sequence(grad_outputs)
    if is_grads_batched:
        options: Any = {"allow_unused": allow_unused, "materialize_grads": materialize_grads}
        return vmap(lambda *gs: grad(outputs, inputs, gs, retain_graph, create_graph, **options))(*seeds)
    found = gradients(outputs, seeds, inputs, retain_graph, create_graph)
    unused = [i for i, g in enumerate(found) if g is None]
    if unused and materialize_grads:
        return tuple(x.new_zeros(x.shape) if g is None else g for x, g in zip(inputs, found, strict=True))
    if unused and not allow_unused:
        raise RuntimeError(f"no output depends on the inputs {unused}: pass allow_unused=True to get None for them")
    return tuple(found)


def backward(
    tensors: Any,
    grad_tensors: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    grad_variables: Any = None,
    inputs: Any = None,
) -> None:
    """Add the gradients of the tensors to `.grad` of every leaf that they were computed from, or of `inputs` alone.

    `grad_variables` is the older name of `grad_tensors`, the upstream gradients.
    """
    grad_tensors = grad_variables if grad_tensors is None else grad_tensors
    tensors = _sequence(tensors)
    seeds = [None] * len(tensors) if grad_tensors is None else _sequence(grad_tensors)
    run_backward_into(tensors, seeds, inputs, retain_graph, create_graph)


def _sequence(value: Any) -> Sequence[Any]:
    return [value] if isinstance(value, (Tensor, np.ndarray)) or not np.iterable(value) else list(value)


def value_and_grad(
    f: Callable, argnums: int | Sequence[int] = 0, *, argnum: int | Sequence[int] | None = None
) -> Callable:
    """The function that gives (f(*args), its gradient by the arguments `argnums`); f must give one element."""
    chosen = argnums if argnum is None else argnum
    return function_of(f, chosen, lambda run: (run.value(), run.gradient()))


# At given inputs: a tensor, or a tuple of them (or of nests of them) --------------------------------------------------


def _linearized(f: Callable, inputs: Any, create_graph: bool, strict: bool = False) -> Linearized:
    """`f` recorded at the inputs. With `strict`, an output that does not depend on an input is a RuntimeError."""
    many = isinstance(inputs, (tuple, list))
    run = Linearized(f, tuple(inputs) if many else (inputs,), argnums=None if many else 0, linked=create_graph)
    if strict:
        for i, y in enumerate(run.ys):
            reached = set(newest_first([y.node] if y.node is not None else []))
            for k, x in enumerate(run.xs):
                if x.node not in reached:
                    raise RuntimeError(f"strict: output {i} of the function does not depend on input {k}")
    return run


def _vectors(v: Any, like: Sequence[Any], what: str) -> list[Any]:
    """The vectors of a product, one for each of `like`; without any, 1 for a single one of one element."""
    if v is None:
        if len(like) != 1 or like[0].numel() != 1:
            raise RuntimeError(f"v is needed unless there is one {what} of one element")
        v = [np.ones(like[0].shape, like[0].dtype)]
    vs = leaves(v)
    if [np.shape(w) for w in vs] != [tuple(x.shape) for x in like]:
        raise RuntimeError(
            f"v has the shapes {[np.shape(w) for w in vs]}, and the {what}s {[tuple(x.shape) for x in like]}"
        )
    return vs


def vjp(
    func: Callable, inputs: Any, v: Any = None, create_graph: bool = False, strict: bool = False
) -> tuple[Any, Any]:
    """(func(inputs), v^T J): the product of a vector of the output's shape with the Jacobian."""
    run = _linearized(func, inputs, create_graph, strict)
    return run.value(), run.of_arguments(run.pull(_vectors(v, run.ys, "output")))


def jvp(
    func: Callable, inputs: Any, v: Any = None, create_graph: bool = False, strict: bool = False
) -> tuple[Any, Any]:
    """(func(inputs), J v): the product of the Jacobian with vectors of the inputs' shapes."""
    run = _linearized(func, inputs, create_graph, strict)
    return run.value(), run.in_form_of_output(run.push(_vectors(v, run.xs, "input")))


def jacobian(
    func: Callable,
    inputs: Any = 0,
    create_graph: bool = False,
    strict: bool = False,
    vectorize: bool = False,
    strategy: str = "reverse-mode",
    *,
    argnum: int | Sequence[int] | None = None,
) -> Any:
    """The Jacobian of `func`, of shape (*output, *input); a tuple of them for a tuple of inputs, or of outputs.

    `jacobian(f)` of a function alone is the function that gives it by the argument `argnum`.
    """
    if _is_argnum(inputs):
        return function_of(func, inputs if argnum is None else argnum, Linearized.jacobian)
    return _linearized(func, inputs, create_graph, strict).jacobian(forward=strategy == "forward-mode")


def hessian(
    func: Callable,
    inputs: Any = 0,
    create_graph: bool = False,
    strict: bool = False,
    vectorize: bool = False,
    outer_jacobian_strategy: str = "reverse-mode",
    *,
    argnum: int | Sequence[int] | None = None,
) -> Any:
    """The second derivatives (*input, *input) of `func`, which gives one element; nested tuples for several inputs.

    `hessian(f)` of a function alone is the function that gives them by the argument `argnum`.
    """
    if _is_argnum(inputs):
        chosen = inputs if argnum is None else argnum
        return function_of(function_of(func, chosen, Linearized.jacobian), chosen, Linearized.jacobian)
    many = isinstance(inputs, (tuple, list))

    def gradient(*xs: Any) -> Any:
        return Linearized(func, xs, argnums=None if many else 0, linked=True).gradient()

    return _linearized(gradient, inputs, create_graph, strict).jacobian(outer_jacobian_strategy == "forward-mode")


def hvp(
    func: Callable, inputs: Any, v: Any = None, create_graph: bool = False, strict: bool = False
) -> tuple[Any, Any]:
    """(func(inputs), H v): the product of the Hessian with v, at the cost of two gradients, without the Hessian."""
    run = _linearized(func, inputs, create_graph, strict)
    _vectors(None, run.ys, "output")
    with enable_grad():
        gradient = products(run.ys, run.xs, [None], create_graph=True)
    return run.value(), run.of_arguments(products(gradient, run.xs, _vectors(v, run.xs, "input"), create_graph))


vhp = hvp  # H is symmetric


explain_all(__name__)

"""Derivatives as functions: gradients, products with Jacobians, Jacobians and Hessians, of any order by nesting."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from autograd import creation
from autograd.grad_mode import enable_grad
from autograd.tensor import Tensor, accumulate_grad, gradients, run_backward


def grad(
    outputs: Any,
    inputs: Any,
    grad_outputs: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    allow_unused: bool = False,
) -> tuple[Tensor | None, ...]:
    """The gradients of `outputs` (a tensor or several) with respect to each of `inputs`, as a tuple.

    `grad_outputs` are the upstream gradients (needed unless an output has one element). With `create_graph` the result
    can be derived again. An input that no output depends on is an error unless `allow_unused`, which gives None for it.
    """
    outputs, inputs = _sequence(outputs), _sequence(inputs)
    seeds = [None] * len(outputs) if grad_outputs is None else _sequence(grad_outputs)
    found = gradients(outputs, seeds, inputs, retain_graph, create_graph)
    unused = [i for i, g in enumerate(found) if g is None]
    if unused and not allow_unused:
        raise RuntimeError(f"no output depends on the inputs {unused}: pass allow_unused=True to get None for them")
    return tuple(found)


def backward(
    tensors: Any, grad_tensors: Any = None, retain_graph: bool | None = None, create_graph: bool = False
) -> None:
    """Add the gradients of the tensors to `.grad` of every leaf that they came from."""
    tensors = _sequence(tensors)
    seeds = [None] * len(tensors) if grad_tensors is None else _sequence(grad_tensors)
    run_backward(tensors, seeds, None, retain_graph, create_graph, accumulate_grad)


def _sequence(value: Any) -> Sequence[Any]:
    return [value] if isinstance(value, (Tensor, np.ndarray)) or value is None else list(value)


def _differentiable(primals: Sequence[Any]) -> list[Tensor]:
    """Tensors that require grad: new leaves, or a step behind a primal with a history, so that nesting works."""
    tensors = [p if isinstance(p, Tensor) else creation.tensor(p) for p in primals]
    return [t.view(*t.shape) if t.requires_grad else t.detach().requires_grad_() for t in tensors]


def _inputs(inputs: Any) -> list[Any]:
    return list(inputs) if isinstance(inputs, (tuple, list)) else [inputs]


def _grad_or_zeros(output: Tensor, xs: Sequence[Tensor], v: Any = None, **keywords: Any) -> list[Tensor]:
    """`grad`, zeros by what the output does not depend on, be it everything."""
    found = grad(output, xs, v, allow_unused=True, **keywords) if output.requires_grad else [None] * len(xs)
    return [creation.zeros_like(x) if g is None else g for x, g in zip(xs, found, strict=True)]


def value_and_grad(f: Callable, argnums: int | tuple[int, ...] = 0) -> Callable:
    """The function that gives (f(*args), its gradient by the arguments `argnums`); f must give one element."""

    def function(*args: Any, **kwargs: Any) -> tuple[Tensor, Any]:
        chosen = (argnums,) if isinstance(argnums, int) else argnums
        with enable_grad():
            differentiable = dict(zip(chosen, _differentiable([args[i] for i in chosen]), strict=True))
            value = f(*[differentiable.get(i, a) for i, a in enumerate(args)], **kwargs)
            nested = any(isinstance(args[i], Tensor) and args[i].requires_grad for i in chosen)
            grads = grad(value, [differentiable[i] for i in chosen], create_graph=nested)
        return (value if nested else value.detach()), (grads[0] if isinstance(argnums, int) else grads)

    return function


def vjp(f: Callable, inputs: Any, v: Any = None, create_graph: bool = False) -> tuple[Any, Any]:
    """(f(inputs), v^T J): the product of a vector of the output's shape with the Jacobian."""
    many = isinstance(inputs, (tuple, list))
    with enable_grad():
        xs = _differentiable(_inputs(inputs))
        out = f(*xs)
        found = _grad_or_zeros(out, xs, v, create_graph=create_graph)
    return (out if create_graph else out.detach()), (tuple(found) if many else found[0])


def jvp(f: Callable, inputs: Any, v: Any, create_graph: bool = False) -> tuple[Any, Any]:
    """(f(inputs), J v): the product of the Jacobian with vectors of the inputs' shapes.

    By the double-backward trick: u^T J is linear in u, and its derivative by u in the direction v is J v.
    """
    vs = _inputs(v)
    with enable_grad():
        xs = _differentiable(_inputs(inputs))
        out = f(*xs)
        u = creation.zeros_like(out, requires_grad=True)
        grads = _grad_or_zeros(out, xs, u, create_graph=True)
        pairs = [(g, w) for g, w in zip(grads, vs, strict=True) if g.requires_grad]
        if not pairs:
            return (out if create_graph else out.detach()), creation.zeros_like(out)
        (found,) = grad([g for g, _ in pairs], u, [w for _, w in pairs], create_graph=create_graph, allow_unused=True)
    return (out if create_graph else out.detach()), (creation.zeros_like(out) if found is None else found)


def jacobian(f: Callable, inputs: Any, create_graph: bool = False) -> Any:
    """The Jacobian of f, of shape (*output, *input); a tuple of them for a tuple of inputs."""
    many = isinstance(inputs, (tuple, list))
    with enable_grad():
        xs = _differentiable(_inputs(inputs))
        out = f(*xs)
        flat = out.reshape(-1)
        rows: list[list[Tensor]] = [[] for _ in xs]
        for i in range(flat.numel()):
            for row, g in zip(rows, _grad_or_zeros(flat[i], xs, retain_graph=True, create_graph=create_graph)):
                row.append(g)
        from_rows = [np.stack(row).reshape(*out.shape, *x.shape) for row, x in zip(rows, xs, strict=True)]
    return tuple(from_rows) if many else from_rows[0]


def hessian(f: Callable, inputs: Any, create_graph: bool = False) -> Any:
    """The second derivatives of f, which gives one element: (*input, *input), a table of them for several inputs."""
    many = isinstance(inputs, (tuple, list))

    def of(i: int) -> Callable:
        return lambda *xs: _grad_or_zeros(f(*xs), xs, create_graph=True)[i]

    xs = tuple(_inputs(inputs))
    table = tuple(jacobian(of(i), xs, create_graph) for i in range(len(xs)))
    return table if many else table[0][0]


def hvp(f: Callable, inputs: Any, v: Any) -> tuple[Any, Any]:
    """(f(inputs), H v): the product of the Hessian with v, at the cost of two gradients, without the Hessian."""
    many = isinstance(inputs, (tuple, list))
    with enable_grad():
        xs = _differentiable(_inputs(inputs))
        out = f(*xs)
        grads = _grad_or_zeros(out, xs, create_graph=True)
        pairs = [(g, w) for g, w in zip(grads, _inputs(v), strict=True) if g.requires_grad]
        products: Sequence[Any] = [None] * len(xs)
        if pairs:
            products = grad([g for g, _ in pairs], xs, [w for _, w in pairs], allow_unused=True)
    found = tuple(creation.zeros_like(x) if p is None else p for x, p in zip(xs, products, strict=True))
    return out.detach(), (found if many else found[0])

"""Functions of functions, as HIPS autograd has them: `elementwise_grad(f, argnum)` and the like."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from autograd.functional import grad
from autograd.linearized import Linearized, function_of
from autograd.nests import leaves

__all__ = ["deriv", "elementwise_grad", "grad_and_aux", "grad_named", "hessian_tensor_product"]
__all__ += ["hessian_vector_product", "make_hvp", "make_jvp", "make_vjp", "multigrad_dict"]
__all__ += ["tensor_jacobian_product", "vector_jacobian_product"]

Argnum = int | Sequence[int]


def _ones(values: Sequence[Any]) -> list[Any]:
    return [np.ones(value.shape, value.dtype) for value in values]


def elementwise_grad(fun: Callable, argnum: Argnum = 0) -> Callable:
    """The function that gives the sum of each column of the Jacobian: of an elementwise function, its derivative."""
    return function_of(fun, argnum, lambda run: run.of_arguments(run.pull(_ones(run.ys))))


def deriv(fun: Callable, argnum: Argnum = 0) -> Callable:
    """The function that gives the sum of each row of the Jacobian, by forward mode."""
    return function_of(fun, argnum, lambda run: run.in_form_of_output(run.push(_ones(run.xs))))


def grad_and_aux(fun: Callable, argnum: Argnum = 0) -> Callable:
    """The function that gives (the gradient of the first thing that `fun` gives, the second)."""
    return function_of(fun, argnum, lambda run: (run.gradient(), run.released(run.aux)), has_aux=True)


def grad_named(fun: Callable, argname: str) -> Callable:
    """The gradient by the argument of this name."""
    return grad(fun, list(inspect.signature(fun).parameters).index(argname))


def make_vjp(fun: Callable, argnum: Argnum = 0) -> Callable:
    """The function that gives (the function v -> v^T J, the value)."""

    def derived(run: Linearized) -> Any:
        return lambda v: run.of_arguments(run.pull(leaves(v), retain_graph=True)), run.value()

    return function_of(fun, argnum, derived)


def make_jvp(fun: Callable, argnum: Argnum = 0) -> Callable:
    """The function that gives the function v -> (the value, J v)."""

    def derived(run: Linearized) -> Any:
        return lambda v: (run.value(), run.in_form_of_output(run.push(leaves(v))))

    return function_of(fun, argnum, derived)


def make_hvp(fun: Callable, argnum: Argnum = 0) -> Callable:
    """The function that gives (the function v -> H v, the gradient)."""
    return make_vjp(grad(fun, argnum), argnum)


def _contracted(vector: Any, out: Any) -> Any:
    """The sum of products over the dims of the vector, which are the first of `out`."""
    return np.tensordot(vector, out, np.ndim(vector))


def hessian_tensor_product(fun: Callable, argnum: int = 0) -> Callable:
    """The function of (*args, v) that gives H v."""
    gradient = grad(fun, argnum)
    return grad(lambda *args, **kwargs: _contracted(args[-1], gradient(*args[:-1], **kwargs)), argnum)


def tensor_jacobian_product(fun: Callable, argnum: int = 0) -> Callable:
    """The function of (*args, v) that gives v^T J."""

    def product(*args: Any, **kwargs: Any) -> Any:
        return _contracted(args[-1], fun(*args[:-1], **kwargs))

    return function_of(product, argnum, Linearized.jacobian)


hessian_vector_product, vector_jacobian_product = hessian_tensor_product, tensor_jacobian_product


def multigrad_dict(fun: Callable) -> Callable:
    """The function that gives the gradients by all arguments, as a dict by their names."""
    signature = inspect.signature(fun)

    def gradients(*args: Any, **kwargs: Any) -> dict[str, Any]:
        bound = signature.bind(*args, **kwargs)
        bound.apply_defaults()

        def of_dict(values: dict[str, Any]) -> Any:
            bound.arguments.update(values)
            return fun(*bound.args, **bound.kwargs)

        return grad(of_dict)(dict(bound.arguments))

    return gradients

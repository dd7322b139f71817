"""Functions of functions, under the names of torch.func: they nest in any order, and take nests of tensors."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from autograd.batching import vmap
from autograd.linearized import Linearized, function_of
from autograd.nests import leaves
from autograd.ops.complaints import explain_all
from autograd.tensor import Tensor

__all__ = ["functional_call", "grad", "grad_and_value", "hessian", "jacfwd", "jacrev", "jvp", "stack_module_state"]
__all__ += ["vjp", "vmap"]

Argnums = int | tuple[int, ...]


def _with_aux(run: Linearized, found: Any, has_aux: bool) -> Any:
    return (found, run.released(run.aux)) if has_aux else found


def grad(func: Callable, argnums: Argnums = 0, has_aux: bool = False) -> Callable:
    """The function that gives the gradient of `func` by the arguments `argnums`.

    With `has_aux`, `func` returns its value and something else, and the function (gradient, something else).
    """
    return function_of(func, argnums, lambda run: _with_aux(run, run.gradient(), has_aux), has_aux=has_aux)


def grad_and_value(func: Callable, argnums: Argnums = 0, has_aux: bool = False) -> Callable:
    """The function that gives (gradient, value), or with `has_aux` (gradient, (value, something else))."""

    def derived(run: Linearized) -> Any:
        return run.gradient(), _with_aux(run, run.value(), has_aux)

    return function_of(func, argnums, derived, has_aux=has_aux)


def vjp(func: Callable, *primals: Any, has_aux: bool = False) -> Any:
    """(func(*primals), a function of a v of the output's form): that gives v^T J, one for each primal.

    With `has_aux` the aux is a third.
    """
    run = Linearized(func, primals, has_aux=has_aux)

    def product(*cotangents: Any) -> Any:
        vs = leaves(cotangents[0] if len(cotangents) == 1 else cotangents)
        _check_shapes(vs, run.ys, "cotangents", "outputs")
        return run.of_arguments(run.pull(vs, retain_graph=True))

    return (run.value(), product, run.released(run.aux)) if has_aux else (run.value(), product)


def jvp(func: Callable, primals: tuple, tangents: tuple, *, strict: bool = False, has_aux: bool = False) -> Any:
    """(func(*primals), J v) for tangents v of the form of the primals; with `has_aux` the aux, too."""
    run = Linearized(func, primals, has_aux=has_aux)
    vs = leaves(tuple(tangents))
    _check_shapes(vs, run.xs, "tangents", "primals")
    found = run.value(), run.in_form_of_output(run.push(vs))
    return (*found, run.released(run.aux)) if has_aux else found


def _check_shapes(vs: Sequence[Any], of: Sequence[Tensor], name: str, of_name: str) -> None:
    found, wanted = [tuple(np.shape(v)) for v in vs], [tuple(x.shape) for x in of]
    if found != wanted:
        raise RuntimeError(f"the {name} have the shapes {found}, the {of_name} {wanted}: they must be the same")


def jacrev(func: Callable, argnums: Argnums = 0, *, has_aux: bool = False, chunk_size: int | None = None) -> Callable:
    """The function that gives the Jacobian, by a walk for each element of the output."""
    return function_of(func, argnums, lambda run: _with_aux(run, run.jacobian(), has_aux), has_aux=has_aux)


def jacfwd(func: Callable, argnums: Argnums = 0, has_aux: bool = False, *, randomness: str = "error") -> Callable:
    """The function that gives the Jacobian, by a walk for each element of the arguments."""
    return function_of(func, argnums, lambda run: _with_aux(run, run.jacobian(forward=True), has_aux), has_aux=has_aux)


def hessian(func: Callable, argnums: Argnums = 0) -> Callable:
    """The function that gives the second derivatives: forward over reverse."""
    return jacfwd(jacrev(func, argnums), argnums)


def functional_call(
    module: Any,
    parameter_and_buffer_dicts: Mapping[str, Any] | Sequence[Mapping[str, Any]],
    args: Any = None,
    kwargs: Mapping[str, Any] | None = None,
    *,
    tie_weights: bool = True,
    strict: bool = False,
) -> Any:
    """The output of the module with other tensors in the place of its parameters and buffers, by their dotted names.

    Tied parameters are replaced together (unless `tie_weights` is False); with `strict` every one must be given.
    Raises KeyError for a name that the module does not have.
    """
    dicts = parameter_and_buffer_dicts
    given: dict[str, Any] = {}
    for part in [dicts] if isinstance(dicts, Mapping) else dicts:
        given |= part
    own = dict([*module.named_parameters(remove_duplicate=False), *module.named_buffers(remove_duplicate=False)])
    if unknown := sorted(given.keys() - own.keys()):
        raise KeyError(f"{type(module).__name__} has no parameters or buffers named {unknown}")
    by_tensor = {id(own[name]): value for name, value in given.items()}
    if tie_weights:
        given = {name: by_tensor[id(tensor)] for name, tensor in own.items() if id(tensor) in by_tensor} | given
    if strict and (missing := sorted(own.keys() - given.keys())):
        raise RuntimeError(f"strict: {missing} of {type(module).__name__} are not given")
    owners = [(module.get_submodule(path), last) for path, _, last in (n.rpartition(".") for n in given)]
    places = [(m._parameters if last in m._parameters else m._buffers, last) for m, last in owners]
    args = () if args is None else args if isinstance(args, tuple) else (args,)
    try:
        for (register, last), value in zip(places, given.values(), strict=True):
            register[last] = value
        return module(*args, **kwargs or {})
    finally:
        for (register, last), name in zip(places, given, strict=True):
            register[last] = own[name]


def stack_module_state(models: Sequence[Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The parameters and the buffers of several modules of one kind, by name, each stacked along a new dim 0."""
    if not models:
        raise RuntimeError("stack_module_state needs at least one model")
    if len({type(model) for model in models}) > 1:
        raise RuntimeError(f"all models must be of one class, got {sorted({type(m).__name__ for m in models})}")
    parameters = _stacked([dict(model.named_parameters()) for model in models])
    return parameters, _stacked([dict(model.named_buffers()) for model in models])


def _stacked(states: Sequence[dict[str, Any]]) -> dict[str, Any]:
    return {
        name: Tensor.wrap(np.stack([state[name].array for state in states])).requires_grad_(first.requires_grad)
        for name, first in states[0].items()
    }


explain_all(__name__)

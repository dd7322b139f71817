"""The derivative of a loss by one number, by a central difference, and nothing changed afterwards."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import numpy as np

from autograd import creation, nests
from autograd.generator import default_generator
from autograd.grad_mode import no_grad
from autograd.graph import Node
from autograd.scalar import Value
from autograd.tensor import Tensor
from autograd.tracing import trace

_NOTHING = np.zeros(0)


class Ran(trace):
    """A trace that also lists the outermost modules that ran, and what their buffers were before."""

    def __init__(self) -> None:
        super().__init__()
        self.modules: list[Any] = []
        self._buffers: list[Callable[[], None]] = []

    def enter(self, module: Any) -> None:
        """Note a module that begins its forward outside of all others."""
        if not self.path:
            self.modules.append(module)
            self._buffers.append(module._remember_buffers())
        super().enter(module)

    def note(self, node: Node, out: np.ndarray, values: Sequence[Any]) -> None:
        """Keep a record without a copy of what the operation gave."""
        super().note(node, _NOTHING, values)

    def restore_buffers(self) -> None:
        """Give the buffers the numbers back that they had before the first run."""
        for put_back in reversed(self._buffers):
            put_back()


def of_element(
    loss: Callable[[], Tensor], base: Tensor, index: tuple, state: Any, modules: Iterable[Any] | None
) -> tuple[float, float]:
    """The derivative by an element of `base`, and its rounding error.

    Each loss is computed with the random numbers that follow `state`. In float32 these `modules` compute in float64,
    if that is possible (None: it is not): a difference of two losses in float32 shows no small gradient.
    """
    value, dtypes = base.array[index], []

    def at(value: np.floating) -> float:
        base.array[index] = value
        default_generator.set_state(state)
        with no_grad():
            found = loss()
        dtypes.append(found.dtype)
        return found.item()

    try:
        if modules is not None and value.dtype == np.float32:
            with suppress(RuntimeError, ValueError), _in_float64(base, modules):  # layers may insist on one dtype
                found = _central(at, np.float64(value))
                if dtypes[0] == np.float64:  # otherwise the loss uses a view, which was made before
                    return found
        return _central(at, value)
    finally:
        base.array[index] = value


@contextmanager
def _in_float64(base: Tensor, modules: Iterable[Any]) -> Iterator[None]:
    """Within it these tensors and modules, and what the modules are given, are of float64 instead of float32."""

    def double(x: Any) -> Any:
        return x.double() if isinstance(x, Tensor) and x.dtype == np.float32 else x

    modules = dict.fromkeys(modules)
    tensors = {id(t): t for module in modules for t in (*module.parameters(), *module.buffers())} | {id(base): base}
    before = [(tensor, tensor.array) for tensor in tensors.values() if tensor.array.dtype == np.float32]
    hooks = [
        module.register_forward_pre_hook(lambda _, *given: nests.mapped(double, given), with_kwargs=True)
        for module in modules
    ]
    default = creation.get_default_dtype()
    try:
        creation.set_default_dtype(np.float64)  # of tensors that are made on the way
        for tensor, array in before:
            tensor.array = array.astype(np.float64)
        yield
    finally:
        creation.set_default_dtype(default)
        for tensor, array in before:
            tensor.array = array
        for hook in hooks:
            hook.remove()


def of_value(loss: Callable[[], Any], value: Value) -> tuple[float, float]:
    """The derivative by a Value, and its rounding error."""
    before = value.data

    def at(number: np.floating) -> float:
        value.data = float(number)
        return float(loss())

    try:
        return _central(at, np.float64(before))
    finally:
        value.data = before


def _central(at: Callable[[np.floating], float], value: np.floating) -> tuple[float, float]:
    eps = float(np.finfo(value.dtype).eps)
    step = eps ** (1 / 3) * max(1.0, abs(float(value)))
    above, below = value + step, value - step
    up, down, width = at(above), at(below), float(above) - float(below)
    return (up - down) / width, eps * abs(up) / width

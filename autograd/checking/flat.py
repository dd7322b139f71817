"""A function of tensors as a function of one vector: what is measured, and what the engine says of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from autograd.functional import grad
from autograd.grad_mode import enable_grad
from autograd.ops import view_as_complex, view_as_real
from autograd.tensor import Tensor

ROUNDINGS = 32  # how many units in the last place a gradient may lose in its own dtype


class FlatFunction:
    """`func` with its inputs that require grad end to end as one vector, and its outputs of floats as another.

    The engine differentiates `func`; `measured` is the same function in another guise, whose values are taken.
    """

    def __init__(
        self, func: Callable, inputs: Any, measured: Callable | None = None, names: Sequence[str] | None = None
    ) -> None:
        self.func, self.inputs = of_pairs(func, tuple(inputs) if isinstance(inputs, (tuple, list)) else (inputs,))
        self.measured = measured or self.func
        self.checked = [i for i, x in enumerate(self.inputs) if isinstance(x, Tensor) and x.requires_grad]
        if not self.checked:
            raise ValueError("gradcheck needs an input that requires grad: make it with requires_grad=True")
        self.names = list(names) if names is not None else argument_names(func, len(self.inputs))
        self.wanted = [self.inputs[i] for i in self.checked]
        self.starts = np.cumsum([0, *[x.numel() for x in self.wanted]])
        self.point = np.concatenate([x.array.reshape(-1) for x in self.wanted]).astype(np.float64)
        if not np.isfinite(self.point).all():
            j = int(np.isfinite(self.point).argmin())
            name, place = self.place(j)
            raise ValueError(f"there are no finite differences where {name}{list(place)} is {self.point[j]}")
        self.unit_of_values = 0.0  # the unit of rounding of the last value
        self.unit = np.repeat([np.finfo(x.dtype).eps for x in self.wanted], np.diff(self.starts))

    def arguments(self, x: np.ndarray | None = None) -> list[Any]:
        """Fresh arguments: the inputs as they are, or those that require grad at `x` and all floats in its dtype."""
        found: list[Any] = list(self.inputs)
        for i, given in enumerate(self.inputs):
            if x is not None and isinstance(given, Tensor) and given.dtype.kind == "f":
                found[i] = Tensor.wrap(given.array.astype(x.dtype))
            elif i in self.checked:
                found[i] = given.detach().clone()
        for k, i in enumerate(self.checked):
            if x is not None:
                piece = x[self.starts[k] : self.starts[k + 1]]
                found[i] = Tensor.wrap(piece.reshape(self.inputs[i].shape).copy())
            found[i].requires_grad_()
        return found

    def value(self, x: np.ndarray) -> np.ndarray:
        """The outputs at `x`, computed in its dtype."""
        outs = outputs(self.measured(*self.arguments(x)))
        self.unit_of_values = max(float(np.finfo(out.dtype).eps) for out in outs)
        return np.concatenate([out.array.reshape(-1) for out in outs]).astype(x.dtype)

    def record(self, x: np.ndarray | None = None) -> Recorded:
        """The function run on fresh arguments and recorded: in the dtypes of the inputs, or in that of `x`."""
        with enable_grad():
            arguments = self.arguments(x)
            return Recorded([arguments[i] for i in self.checked], outputs(self.func(*arguments)))

    def dtype_of(self, j: int) -> Any:
        """The dtype of the argument that an element of the vector of inputs belongs to."""
        return self.wanted[int(np.searchsorted(self.starts, j, "right")) - 1].dtype

    def place(self, j: int) -> tuple[str, tuple[int, ...]]:
        """The argument, and the index in it, of an element of the vector of inputs."""
        k = int(np.searchsorted(self.starts, j, "right")) - 1
        return self.names[self.checked[k]], index_in(self.wanted[k].shape, j - self.starts[k])


def of_pairs(func: Callable, inputs: tuple) -> tuple[Callable, tuple]:
    """A function of complex tensors as one of the pairs of reals in them, with its inputs as such."""
    places = [i for i, x in enumerate(inputs) if isinstance(x, Tensor) and x.is_complex()]
    if not places:
        return func, inputs

    def of_reals(*args: Any) -> Any:
        return func(*[view_as_complex(x) if i in places else x for i, x in enumerate(args)])

    of_reals.__wrapped__ = func  # type: ignore[attr-defined]
    pairs = {i: view_as_real(inputs[i].detach()).requires_grad_(inputs[i].requires_grad) for i in places}
    return of_reals, tuple([pairs.get(i, x) for i, x in enumerate(inputs)])


class Recorded:
    """A run of the function that can be walked back, any number of times."""

    def __init__(self, leaves: Sequence[Tensor], outs: Sequence[Tensor]) -> None:
        self.leaves, self.outs = leaves, outs
        self.starts = np.cumsum([0, *[out.numel() for out in outs]])
        self.size = int(self.starts[-1])
        self.unused = set(range(len(leaves)))  # those whose gradient was None each time

    def pull(self, v: np.ndarray) -> np.ndarray:
        """v^T J for a vector of upstream gradients."""
        return self.pull_pieces(self.pieces(v))

    def pieces(self, v: np.ndarray) -> list[np.ndarray]:
        """The parts of a vector that belong to the outputs, in their shapes."""
        return [v[a:b].reshape(out.shape) for a, b, out in zip(self.starts, self.starts[1:], self.outs)]

    def pull_pieces(self, pieces: Sequence[Any]) -> np.ndarray:
        """v^T J for an upstream gradient an output; None is one that is not given."""
        pairs = [
            (o, p.astype(o.dtype, copy=False)) for o, p in zip(self.outs, pieces) if o.requires_grad and p is not None
        ]
        found: Sequence[Any] = [None] * len(self.leaves)
        if pairs:
            upstream = [Tensor.wrap(piece.astype(out.dtype)) for out, piece in pairs]
            found = grad([out for out, _ in pairs], self.leaves, upstream, retain_graph=True, allow_unused=True)
        self.unused -= {i for i, g in enumerate(found) if g is not None}
        flat = [np.zeros(x.numel(), x.dtype) if g is None else g.array for x, g in zip(self.leaves, found)]
        return np.concatenate([g.reshape(-1) for g in flat]).astype(np.result_type(np.float64, *flat))

    def row(self, i: int) -> np.ndarray:
        """The derivatives of the element `i` of the outputs."""
        v = np.zeros(self.size)
        v[i] = 1
        k = int(np.searchsorted(self.starts, i, "right")) - 1
        return self.pull_pieces([piece if n == k else None for n, piece in enumerate(self.pieces(v))])

    def place(self, i: int) -> tuple[int, tuple[int, ...]]:
        """The output, and the index in it, of an element of the vector of outputs."""
        k = int(np.searchsorted(self.starts, i, "right")) - 1
        return k, index_in(self.outs[k].shape, i - self.starts[k])


def outputs(result: Any) -> tuple[Tensor, ...]:
    """The outputs that have a gradient at all: those of floats, and complex ones as pairs of these."""
    outs = tuple(result) if isinstance(result, (tuple, list)) else (result,)
    outs = tuple([view_as_real(out) if isinstance(out, Tensor) and out.is_complex() else out for out in outs])
    floats = tuple(out for out in outs if isinstance(out, Tensor) and out.dtype.kind == "f")
    if not floats:
        kinds = ", ".join(str(out.dtype) if isinstance(out, Tensor) else type(out).__name__ for out in outs)
        raise ValueError(f"nothing to check: the function must return tensors of floats, but returned {kinds}")
    return floats


def name_of(func: Any) -> str:
    """What a function is called in a report: a Function by its class, a module by its kind."""
    func = _written(func)
    owner = getattr(func, "__self__", None)
    return owner.__name__ if isinstance(owner, type) else getattr(func, "__name__", type(func).__name__)


def argument_names(func: Any, count: int) -> list[str]:
    """ "argument 0 (x)", with the names that the function gives its arguments."""
    func = _written(func)
    owner = getattr(func, "__self__", None)
    func = getattr(owner if isinstance(owner, type) else func, "forward", func)
    code = getattr(func, "__code__", None)
    own = code.co_varnames[owner is not None or hasattr(func, "__self__") : code.co_argcount] if code else ()
    return [f"argument {i} ({own[i]})" if i < len(own) else f"argument {i}" for i in range(count)]


def _written(func: Any) -> Any:
    """The function that others are wrapped around."""
    while hasattr(func, "__wrapped__"):
        func = func.__wrapped__
    return func


def index_in(shape: Sequence[int], i: Any) -> tuple[int, ...]:
    """The index of the element `i`, counted in row-major order."""
    return tuple(map(int, np.unravel_index(int(i), tuple(shape))))

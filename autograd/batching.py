"""`vmap`: a function of one example as a function of a batch of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from autograd.errors import ShapeError
from autograd.generator import numpy_rng
from autograd.nests import leaves, mapped, rebuilt, spread
from autograd.ops.joining import stack
from autograd.ops.shape import one_dim
from autograd.tensor import Tensor


def vmap(
    func: Callable, in_dims: Any = 0, out_dims: Any = 0, randomness: str = "error", *, chunk_size: int | None = None
) -> Callable:
    """The function that applies `func` to every example of a batch, and stacks what it gives.

    `in_dims` says along which dim of the arguments (of their leaves, as a nest that begins as the arguments do) the
    examples lie, None for what all of them share; `out_dims` says where that dim goes in the outputs. Random numbers
    in `func` are an error, unless `randomness` is "different" (for each example) or "same".
    """
    if randomness not in ("error", "different", "same"):
        raise RuntimeError(f'randomness must be "error", "different" or "same", not {randomness!r}')

    def batched(*args: Any, **kwargs: Any) -> Any:
        dims = _dims(in_dims, args)
        size = _batch_size(dims, args)
        rng = numpy_rng().bit_generator
        before, outs = rng.state, []
        for example in _examples(args, dims, size):
            if randomness == "same":
                rng.state = before
            outs.append(func(*example, **kwargs))
            if randomness == "error" and rng.state != before:
                raise RuntimeError(
                    'random numbers under vmap: say randomness="different" to draw them for each example, or "same"'
                )
        return _stacked(outs, out_dims)

    return batched


def _dims(in_dims: Any, args: tuple) -> list[Any]:
    """The dim of each leaf of the arguments along which the examples lie, or None."""
    if not args:
        raise ValueError("a function under vmap needs positional arguments")
    try:
        dims = spread(tuple(in_dims) if isinstance(in_dims, list) else in_dims, args)
    except ValueError:
        raise ValueError(f"in_dims={in_dims!r} does not have the form of the {len(args)} arguments") from None
    found = []
    for dim, leaf in zip(dims, leaves(args), strict=True):
        if dim is not None and not isinstance(leaf, Tensor):
            raise ValueError(f"in_dims says {dim} of a {type(leaf).__name__}: it must be None for what is no tensor")
        found.append(None if dim is None else one_dim(dim, leaf.ndim))
    return found


def _batch_size(dims: list[Any], args: tuple) -> int:
    sizes = {leaf.shape[dim] for dim, leaf in zip(dims, leaves(args), strict=True) if dim is not None}
    if len(sizes) != 1:
        problem = (
            f"the sizes {sorted(sizes)} of the dims that vmap maps over differ" if sizes else "in_dims is all None"
        )
        raise ValueError(f"{problem}: the examples of all arguments must be as many")
    return sizes.pop()


def _examples(args: tuple, dims: list[Any], size: int) -> Iterator[tuple]:
    columns = [[leaf] * size if dim is None else leaf.unbind(dim) for dim, leaf in zip(dims, leaves(args), strict=True)]
    for row in zip(*columns, strict=True):
        yield rebuilt(args, row)


def _stacked(outs: list[Any], out_dims: Any) -> Any:
    """The outputs of all examples, each leaf stacked along its dim of `out_dims`."""
    if not outs:
        raise ShapeError("vmap over no examples: their outputs are not known")
    dims = iter(spread(out_dims, outs[0]))

    def joined(*parts: Any) -> Any:
        dim = next(dims)
        if not isinstance(parts[0], Tensor):
            raise ValueError(f"a function under vmap must return tensors, got {type(parts[0]).__name__}")
        return parts[0] if dim is None else stack(parts, dim)

    return mapped(joined, *outs)

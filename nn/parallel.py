"""Data parallelism on threads: each takes a share of the batch, and the gradients of the shares are summed.

NumPy, BLAS and the compiled kernels let go of Python's lock while they compute, so two threads with half a batch each
keep two cores busy where one thread with a BLAS on two would leave the second idle between matrix products.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from autograd import Function, Generator, Tensor, as_tensor, enable_grad, grad, kernels
from autograd.generator import default_generator, own_generator
from autograd.kernels.blas import blas_threads
from autograd.kernels.threads import each, pool, thread_count


def data_parallel(
    loss: Callable[[Any, Any], Tensor], threads: int | None = None
) -> Callable[[Any, Sequence[Any]], Tensor]:
    """`loss(model, batch)`, computed in shares of the batch on `threads` threads (all cores), forward and backward.

    The batch is a sequence of tensors, and the loss must be a mean over their first dim: the mean of the shares,
    weighted by their sizes, is then that of the whole, and so is its gradient by the model's parameters. With the same
    seed and number of threads, the same bits come out. The result can be differentiated once.
    """
    count = max(threads or thread_count(), 1)

    def parallel_loss(model: Any, batch: Sequence[Any]) -> Tensor:
        parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]
        return _DataParallel.apply(lambda share: loss(model, share), shares(batch, count), *parameters)

    return parallel_loss


def shares(batch: Sequence[Any], count: int) -> list[tuple[Tensor, ...]]:
    """The tensors of a batch cut along their first dim into `count` shares of nearly one size, none of them empty."""
    tensors = [as_tensor(part) for part in batch]
    sizes = {len(tensor) for tensor in tensors}
    if len(sizes) != 1:
        raise ValueError(f"the tensors of a batch must have one length, got shapes {[tuple(t.shape) for t in tensors]}")
    size = sizes.pop()
    stops = [size * i // count for i in range(count + 1)] if size >= count else list(range(size + 1))
    return [tuple(tensor[a:b] for tensor in tensors) for a, b in zip(stops, stops[1:])]


class _DataParallel(Function):
    """The mean loss of shares as a function of the parameters; each share has a graph and a thread of its own."""

    @staticmethod
    def forward(ctx: Any, loss: Callable[..., Tensor], parts: list[tuple[Tensor, ...]], *parameters: Tensor) -> Tensor:
        total = sum(len(part[0]) for part in parts)
        seeds = default_generator.rng.integers(2**63, size=len(parts) - 1).tolist() if len(parts) > 1 else []

        def of_share(part: tuple[Tensor, ...], seed: int | None) -> Tensor:
            if seed is not None:
                own_generator.set(Generator().manual_seed(seed))
            with enable_grad():
                return loss(part)

        ctx.parameters, ctx.weights = parameters, [len(part[0]) / total for part in parts]
        ctx.losses = _on_threads(of_share, parts, [None, *seeds])
        return as_tensor(np.float64(sum(weight * value.item() for weight, value in zip(ctx.weights, ctx.losses))))

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> tuple[Any, ...]:
        def of_share(weight: float, value: Tensor) -> list[np.ndarray]:
            upstream = as_tensor(np.full(value.shape, weight * g.item(), value.dtype))
            found = grad(value, ctx.parameters, upstream, allow_unused=True)
            return [np.zeros_like(p.array) if x is None else x.array for p, x in zip(ctx.parameters, found)]

        total, *others = _on_threads(of_share, ctx.weights, ctx.losses)
        for gradients in others:
            each(np.ndarray.__iadd__, total, gradients)
        return (None, None, *map(Tensor.wrap, total))


def _on_threads(work: Callable[..., Any], *lists: Sequence[Any]) -> list[Any]:
    """`list(map(work, *lists))`, the first call on this thread and each other one on a thread of the pool."""
    first, *others = zip(*lists, strict=True)
    if not others:
        return [work(*first)]
    kernels.backend()  # it may bring a BLAS of its own, whose threads count too
    with blas_threads(1):
        waiting = [pool(len(others)).submit(work, *arguments) for arguments in others]
        return [work(*first), *(future.result() for future in waiting)]

"""Data parallelism on threads: each takes a chunk of the batch, and the gradients of the chunks are summed.

NumPy, BLAS and the compiled kernels release the GIL while they compute, so two threads with half a batch each keep two
cores busy, where one thread with a BLAS of two threads would leave a core idle between matrix products.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from importlib import import_module
from typing import Any

import numpy as np

from autograd import Function, Generator, Tensor, as_tensor, enable_grad, grad, kernels
from autograd.generator import drawing_from, numpy_rng


def data_parallel(
    loss: Callable[[Any, Any], Tensor], threads: int | None = None
) -> Callable[[Any, Sequence[Any]], Tensor]:
    """`loss(model, batch)` with the batch split over `threads` threads (all cores), forward and backward.

    The batch is a sequence of tensors, and the loss must be a mean over their first dim: the mean over the chunks,
    weighted by their sizes, is then that of the whole batch, and so is its gradient with respect to the model's
    parameters. The same seed and number of threads give the same bits. The result can be differentiated once.
    """
    count = max(threads or kernels.thread_count(), 1)

    def parallel_loss(model: Any, batch: Sequence[Any]) -> Tensor:
        parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]
        return _DataParallel.apply(lambda chunk: loss(model, chunk), split_batch(batch, count), *parameters)

    return parallel_loss


def __getattr__(name: str) -> Any:
    """torch's `nn.parallel` has other names: `DistributedDataParallel`."""
    return import_module("autograd.compat").attribute("nn.parallel", name)


def split_batch(batch: Sequence[Any], count: int) -> list[tuple[Tensor, ...]]:
    """The tensors of a batch split along their first dim into up to `count` chunks of nearly equal size, none empty."""
    tensors = [as_tensor(part) for part in batch]
    sizes = {len(tensor) for tensor in tensors}
    if len(sizes) != 1:
        raise ValueError(f"the tensors of a batch must have one length, got shapes {[tuple(t.shape) for t in tensors]}")
    size = sizes.pop()
    stops = [size * i // count for i in range(count + 1)] if size >= count else list(range(size + 1))
    return [tuple(tensor[a:b] for tensor in tensors) for a, b in zip(stops, stops[1:])]


class _DataParallel(Function):
    """The mean loss of the chunks as a function of the parameters; each chunk has a graph and a thread of its own."""

    @staticmethod
    def forward(ctx: Any, loss: Callable[..., Tensor], chunks: list[tuple[Tensor, ...]], *parameters: Tensor) -> Tensor:
        sizes = [len(chunk[0]) for chunk in chunks]
        seeds = numpy_rng().integers(2**63, size=len(chunks) - 1).tolist() if len(chunks) > 1 else []

        def compute(chunk: tuple[Tensor, ...], seed: int | None) -> Tensor:
            with nullcontext() if seed is None else drawing_from(Generator().manual_seed(seed)), enable_grad():
                return loss(chunk)

        ctx.parameters, ctx.weights = parameters, [size / sum(sizes) for size in sizes]
        ctx.losses = _on_threads(compute, chunks, [None, *seeds])
        return as_tensor(np.float64(sum(weight * value.item() for weight, value in zip(ctx.weights, ctx.losses))))

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> tuple[Any, ...]:
        def gradients(weight: float, value: Tensor) -> list[np.ndarray]:
            upstream = as_tensor(np.full(value.shape, weight * g.item(), value.dtype))
            found = grad(value, ctx.parameters, upstream, allow_unused=True)
            return [np.zeros_like(p.array) if x is None else x.array for p, x in zip(ctx.parameters, found)]

        total, *others = _on_threads(gradients, ctx.weights, ctx.losses)
        for other in others:
            kernels.parallel_map(np.ndarray.__iadd__, total, other)
        return (None, None, *map(Tensor.wrap, total))


def _on_threads(work: Callable[..., Any], *lists: Sequence[Any]) -> list[Any]:
    """`list(map(work, *lists))`, each call on a thread of its own, all of them with a BLAS of one thread."""
    count = len(lists[0])
    with kernels.blas_threads(1) if count > 1 else nullcontext():
        return kernels.parallel_map(work, *lists, threads=count)

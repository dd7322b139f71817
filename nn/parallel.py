"""Data parallelism over threads: each computes the gradient of the loss on a share of the batch; these are summed.

NumPy, BLAS and the compiled kernels release the GIL while they compute, so two threads with half a batch each keep two
cores busy, where one thread with a BLAS of two threads would leave a core idle between matrix products.
"""

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from typing import Any

import numpy as np

from autograd import Generator, Tensor, as_tensor, enable_grad, grad, kernels
from autograd.generator import default_generator, own_generator


def shares(batch: Sequence[Any], count: int) -> list[tuple[Tensor, ...]]:
    """The tensors of a batch, cut along the first dim into at most `count` shares of nearly equal size, none empty."""
    tensors = [as_tensor(part) for part in batch]
    sizes = {len(tensor) for tensor in tensors}
    if len(sizes) != 1:
        raise ValueError(f"the parts of a batch must have one length, got {[tuple(t.shape) for t in tensors]}")
    size = sizes.pop()
    stops = [size * i // count for i in range(count + 1)] if size >= count else list(range(size + 1))
    return [tuple(tensor[a:b] for tensor in tensors) for a, b in zip(stops, stops[1:])]


def value_and_grads(
    loss: Callable[..., Tensor], parameters: Sequence[Tensor], batch: Sequence[Any], threads: int | None = None
) -> tuple[float, list[Tensor]]:
    """`loss(*batch)` and its gradients with respect to the parameters, computed in shares on `threads` threads.

    `threads` defaults to the number of cores. `loss` must be a mean over the first dim of the batch: the mean of the
    shares' losses, weighted by their sizes, is then the loss of the whole batch. The same seed and number of threads
    give the same bits.
    """
    parts = shares(batch, max(threads or kernels.thread_count(), 1))
    total = sum(len(part[0]) for part in parts)
    seeds = default_generator.rng.integers(2**63, size=len(parts) - 1).tolist() if len(parts) > 1 else []

    results: list[Any] = [None] * len(parts)

    def of_share(i: int) -> tuple[float, list[np.ndarray]]:
        weight = len(parts[i][0]) / total
        with enable_grad():
            value = loss(*parts[i])
        seed = as_tensor(np.full(value.shape, weight, value.dtype))
        found = grad(value, parameters, seed, allow_unused=True)
        return weight * value.item(), [
            np.zeros_like(p.array) if g is None else g.array for p, g in zip(parameters, found)
        ]

    def body(start: int, stop: int) -> None:
        before = own_generator.generator
        for i in range(start, stop):
            if i:  # threads that shared a generator would draw from it in a random order
                own_generator.set(Generator().manual_seed(seeds[i - 1]))
            results[i] = of_share(i)
        own_generator.set(before)

    with kernels.blas_threads(1) if len(parts) > 1 else nullcontext():
        kernels.parallel_for(body, len(parts), threads=len(parts))
    value, grads = results[0]
    for more, others in results[1:]:
        value += more
        kernels.parallel_map(np.ndarray.__iadd__, grads, others)
    return value, [Tensor.wrap(g) for g in grads]


def backward(
    loss: Callable[..., Tensor], parameters: Sequence[Tensor], batch: Sequence[Any], threads: int | None = None
) -> float:
    """`loss(*batch).backward()` in shares: adds to the `.grad` of the parameters and gives the loss."""
    value, grads = value_and_grads(loss, parameters, batch, threads)
    for parameter, g in zip(parameters, grads):
        parameter.grad = g if parameter.grad is None else parameter.grad + g
    return value

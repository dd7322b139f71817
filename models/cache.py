"""Keys and values that were computed already, so that a new token costs one row of attention."""

from __future__ import annotations

import numpy as np

from autograd import Tensor
from autograd.errors import ShapeError


class LayerCache:
    """The keys and values of one layer, in buffers (B, H, capacity, D) that the first call allocates."""

    def __init__(self, capacity: int) -> None:
        self.capacity, self.length = capacity, 0
        self.keys: np.ndarray | None = None
        self.values: np.ndarray | None = None

    def extend(self, k: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
        """Append k and v (B, H, T, D); return all keys and values so far (B, H, S, D), as views."""
        if k.node is not None or v.node is not None:
            raise RuntimeError("a cache keeps numbers without a graph: use it inside no_grad()")
        B, H, T, D = k.shape
        if self.keys is None or self.values is None:
            self.keys, self.values = (np.empty((B, H, self.capacity, D), k.dtype) for _ in range(2))
        start, end = self.length, self.length + T
        if end > self.capacity:
            raise ShapeError(
                f"a cache for {self.capacity} positions holds {start}, so {T} more do not fit: make a new one"
            )
        self.keys[:, :, start:end] = k.array
        self.values[:, :, start:end] = v.array
        self.length = end
        return Tensor.wrap(self.keys[:, :, :end]), Tensor.wrap(self.values[:, :, :end])


class KVCache:
    """A LayerCache for each of `n_layer` layers, for contexts of at most `capacity` tokens."""

    def __init__(self, n_layer: int, capacity: int) -> None:
        self.layers = [LayerCache(capacity) for _ in range(n_layer)]

    def __getitem__(self, layer: int) -> LayerCache:
        return self.layers[layer]

    @property
    def length(self) -> int:
        """The number of positions whose keys and values it holds."""
        return self.layers[0].length


class NoCache:
    """A cache, of a model or of a layer, that keeps nothing: the keys and values are those of the call itself."""

    length = 0

    def __getitem__(self, layer: int) -> NoCache:
        return self

    def extend(self, k: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
        """k and v, as they are."""
        return k, v


NO_CACHE = NoCache()

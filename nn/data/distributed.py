"""The share of a dataset that one of several processes takes."""

from __future__ import annotations

from collections.abc import Iterator, Sized

from autograd import Generator
from nn.data.sampler import Sampler


class DistributedSampler(Sampler):
    """Every `num_replicas`-th index from `rank` on, of an order that `seed` and `set_epoch` decide.

    All replicas get equally many: indices from the beginning are repeated, or with `drop_last` the last are left out.
    """

    def __init__(
        self,
        dataset: Sized,
        num_replicas: int | None = None,
        rank: int | None = None,
        shuffle: bool = True,
        seed: int = 0,
        drop_last: bool = False,
    ) -> None:
        self.num_replicas, self.rank = 1 if num_replicas is None else num_replicas, rank or 0
        if not 0 <= self.rank < self.num_replicas:
            raise ValueError(f"rank must be from 0 to {self.num_replicas - 1}, got {rank}")
        self.dataset, self.shuffle, self.seed, self.drop_last, self.epoch = dataset, shuffle, seed, drop_last, 0
        whole, rest = divmod(len(dataset), self.num_replicas)
        self.num_samples = whole + (rest > 0 and not drop_last)
        self.total_size = self.num_samples * self.num_replicas

    def __iter__(self) -> Iterator[int]:
        count = len(self.dataset)
        order = range(count)
        if self.shuffle:
            order = Generator().manual_seed(self.seed + self.epoch).rng.permutation(count).tolist()
        return (order[i % count] for i in range(self.rank, self.total_size, self.num_replicas))

    def __len__(self) -> int:
        return self.num_samples

    def set_epoch(self, epoch: int) -> None:
        """Let the next pass have the order of this epoch."""
        self.epoch = epoch

"""How samples are taken from a dataset, in the process of the loader or in a worker."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from nn.data.collate import default_collate


def chunks(items: Iterable[Any], size: int, drop_last: bool) -> Iterator[list[Any]]:
    """Lists of `size` items; a shorter last one is kept unless `drop_last`."""
    iterator = iter(items)
    while chunk := list(itertools.islice(iterator, size)):
        if len(chunk) == size or not drop_last:
            yield chunk


def fetch(dataset: Any, indices: Sequence[int], collate_fn: Callable[[Any], Any]) -> Any:
    """One batch, made by the dataset's own `batch` if it has one."""
    if collate_fn is default_collate and _has_batch(dataset):
        return dataset.batch(indices)
    if hasattr(dataset, "__getitems__"):
        return collate_fn(dataset.__getitems__(indices))
    return collate_fn([dataset[i] for i in indices])


def _has_batch(dataset: Any) -> bool:
    """Whether its class defines `batch`, and no subclass has defined `__getitem__` anew since."""
    for cls in type(dataset).__mro__:
        if "batch" in vars(cls) or "__getitem__" in vars(cls):
            return "batch" in vars(cls)
    return False


class Source(NamedTuple):
    """What a loader takes batches from, and how. Without a batch_size `fetch` is given one index."""

    dataset: Any
    collate_fn: Callable[[Any], Any]
    batched: bool
    batch_size: int | None
    drop_last: bool

    def fetch(self, index: Any) -> Any:
        """The batch of these indices."""
        if self.batched:
            return fetch(self.dataset, index, self.collate_fn)
        return self.collate_fn(self.dataset[index])

    def stream(self) -> Iterator[Any]:
        """The batches of a dataset that is a stream."""
        size = self.batch_size
        items = self.dataset if size is None else chunks(self.dataset, size, self.drop_last)
        return (self.collate_fn(item) for item in items)


@dataclass(frozen=True)
class WorkerInfo:
    """What `get_worker_info` tells a worker about itself."""

    id: int
    num_workers: int
    seed: int
    dataset: Any


class _Worker:
    info: WorkerInfo | None = None


def get_worker_info() -> WorkerInfo | None:
    """In a worker of a DataLoader its number, how many there are, its seed and its dataset; None elsewhere."""
    return _Worker.info


def set_worker_info(info: WorkerInfo) -> None:
    """Make this process a worker."""
    _Worker.info = info

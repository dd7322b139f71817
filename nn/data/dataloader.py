"""The DataLoader: batches of a dataset."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from types import GenericAlias
from typing import TYPE_CHECKING, Any

from autograd import Generator
from autograd.errors import warn
from nn.data.collate import default_collate as default_collate
from nn.data.collate import default_convert as default_convert
from nn.data.dataset import IterableDataset
from nn.data.fetch import Source
from nn.data.fetch import get_worker_info as get_worker_info
from nn.data.sampler import BatchSampler, RandomSampler, SequentialSampler

if TYPE_CHECKING:
    from nn.data.workers import WorkerIterator

_collate_fn_t = Callable[[list], Any]  # torch's names in annotations
_worker_init_fn_t = Callable[[int], Any]
_FIXED = ("dataset", "batch_size", "sampler", "batch_sampler", "drop_last", "persistent_workers")


class DataLoader:
    """Batches of a dataset, in a fresh random order each time if `shuffle`, drawn from `generator`.

    `batch_size=None` gives single samples. With `num_workers` that many processes make the batches, each up to
    `prefetch_factor` of them ahead. They come in the same order unless `in_order` is False, and the random numbers of
    the workers follow from `generator`. There is no memory to pin: `pin_memory` has no effect.

    Raises RuntimeError if a worker dies, or sends nothing for `timeout` seconds.
    """

    __class_getitem__: Any = classmethod(GenericAlias)
    _iterator: WorkerIterator | None = None  # that of persistent workers
    _reported: int | None = None  # the number of batches of a stream, as __len__ has told it

    def __init__(
        self,
        dataset: Any,
        batch_size: int | None = 1,
        shuffle: bool | None = None,
        sampler: Iterable[int] | None = None,
        batch_sampler: Iterable[list[int]] | None = None,
        num_workers: int = 0,
        collate_fn: Callable[[Any], Any] | None = None,
        pin_memory: bool = False,
        drop_last: bool = False,
        timeout: float = 0,
        worker_init_fn: Callable[[int], Any] | None = None,
        multiprocessing_context: Any = None,
        generator: Generator | None = None,
        *,
        prefetch_factor: int | None = None,
        persistent_workers: bool = False,
        pin_memory_device: str = "",
        in_order: bool = True,
    ) -> None:
        self.stream = isinstance(dataset, IterableDataset)
        if sampler is not None and shuffle:
            raise ValueError("DataLoader: give a sampler or shuffle=True, not both")
        if batch_sampler is not None and (batch_size != 1 or shuffle or sampler is not None or drop_last):
            raise ValueError("DataLoader: batch_sampler decides batch_size, shuffle, sampler and drop_last itself")
        if self.stream and (shuffle or sampler is not None or batch_sampler is not None):
            raise ValueError("DataLoader: an IterableDataset has its own order, so it takes no shuffle and no sampler")
        if batch_size is None and drop_last:
            raise ValueError("DataLoader: without a batch_size there is no last batch that drop_last could drop")
        if num_workers < 0 or timeout < 0:
            raise ValueError(f"num_workers and timeout must not be negative, got {num_workers} and {timeout}")
        if not num_workers and (prefetch_factor or persistent_workers or multiprocessing_context is not None):
            raise ValueError(
                "DataLoader: prefetch_factor, persistent_workers and multiprocessing_context need num_workers > 0"
            )
        if prefetch_factor is not None and prefetch_factor < 1:
            raise ValueError(f"prefetch_factor must be at least 1, got {prefetch_factor}")
        if sampler is None and not self.stream:
            sampler = RandomSampler(dataset, generator=generator) if shuffle else SequentialSampler(dataset)
        if batch_sampler is not None:
            batch_size = None
        elif batch_size is not None:
            batch_sampler = BatchSampler(sampler or (), batch_size, drop_last)
        self.dataset, self.batch_size, self.drop_last, self.generator = dataset, batch_size, drop_last, generator
        self.sampler, self.batch_sampler = sampler, batch_sampler
        self.collate_fn = collate_fn or (default_convert if batch_sampler is None else default_collate)
        self.num_workers, self.timeout, self.worker_init_fn = num_workers, timeout, worker_init_fn
        self.prefetch_factor = prefetch_factor or (2 if num_workers else None)
        self.multiprocessing_context, self.in_order = multiprocessing_context, in_order
        self.pin_memory, self.pin_memory_device = pin_memory, pin_memory_device
        self.persistent_workers = persistent_workers

    def __setattr__(self, name: str, value: Any) -> None:
        if name in _FIXED and "persistent_workers" in vars(self):
            raise ValueError(f"{name} cannot be changed: make a new DataLoader")
        super().__setattr__(name, value)

    @property
    def source(self) -> Source:
        """What the batches are taken from, and how."""
        batched = self.batch_sampler is not None
        return Source(self.dataset, self.collate_fn, batched, self.batch_size, self.drop_last)

    @property
    def indices(self) -> Iterable[Any]:
        """Those of each batch, or of each sample where samples are not batched."""
        return (self.sampler or ()) if self.batch_sampler is None else self.batch_sampler

    def __iter__(self) -> Iterator[Any]:
        source = self.source
        if self.num_workers:
            batches: Iterator[Any] = self._with_workers()
        elif self.stream:
            batches = source.stream()
        else:
            batches = (source.fetch(indices) for indices in self.indices)
        return self._counted(batches) if self.stream else batches

    def _with_workers(self) -> Iterator[Any]:
        from nn.data.workers import WorkerIterator  # multiprocessing takes its time to import

        if self._iterator is not None and self._iterator.close.alive:
            return self._iterator.begin(self)
        iterator = WorkerIterator(self)
        if self.persistent_workers:
            self._iterator = iterator
        return iterator

    def _counted(self, batches: Iterator[Any]) -> Iterator[Any]:
        """The batches of a stream, with a warning when there are more than it said there would be."""
        for count, batch in enumerate(batches, 1):
            if self._reported is not None and count > self._reported:
                hint = ": each worker has a copy of it, and get_worker_info() says which share to take"
                warn(
                    f"the {type(self.dataset).__name__} should have {self._reported} batches by its length, but this "
                    f"is number {count}{hint if self.num_workers else ''}",
                )
            yield batch

    def __len__(self) -> int:
        if not self.stream:
            return len(self.indices)  # type: ignore[arg-type]
        samples, size = len(self.dataset), self.batch_size or 1
        self._reported = samples // size if self.drop_last else -(-samples // size)
        return self._reported

"""Worker processes that make the batches of a DataLoader.

Each has a pipe to the process of the loader, by which indices go to it and batches come back. A worker whose pipe is
closed ends, so none outlives the process that started it, however that ends.
"""

from __future__ import annotations

import itertools
import multiprocessing
import os
import pickle
import queue
import random
import signal
import sys
import threading
import time
import traceback
import weakref
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from multiprocessing.connection import Connection, wait
from multiprocessing.reduction import ForkingPickler
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import numpy as np

from autograd.generator import manual_seed, numpy_rng
from nn.data.fetch import Source, WorkerInfo, set_worker_info

if TYPE_CHECKING:
    from nn.data.dataloader import DataLoader

_STOP_SECONDS = 5  # that a worker has to finish its batch when it is no longer needed

# What is sent. To a worker: (_START, seed) before an epoch, (_FETCH, indices), (_STOP, None). From it, for each _FETCH:
# (_BATCH, batch), (_ERROR, (its type, its traceback)), or (_END, None) when its stream is at an end.
_START, _FETCH, _STOP, _BATCH, _ERROR, _END = range(6)


# In the worker --------------------------------------------------------------------------------------------------------


class _Setup(NamedTuple):
    """What a worker is given when it starts."""

    number: int
    workers: int
    source: Source
    stream: bool
    init: Callable[[int], Any] | None

    def begin(self, seed: int, first: bool) -> Callable[[Any], memoryview]:
        """Begin an epoch: returns the function from indices to the message that answers them."""
        random.seed(seed)
        manual_seed(seed)
        np.random.seed([seed & 0xFFFFFFFF, seed >> 32, 1])  # without the 1 its numbers would be those of `random`
        set_worker_info(WorkerInfo(self.number, self.workers, seed, self.source.dataset))
        if first and self.init is not None:
            self.init(self.number)
        if not self.stream:
            return lambda indices: _pack(_BATCH, self.source.fetch(indices))
        batches = map(partial(_pack, _BATCH), self.source.stream())
        return lambda _: next(batches, None) or _pack(_END, None)


def _work(pipe: Connection, other_end: Connection, setup: _Setup) -> None:
    """Make batches until told to stop, or until there is no one left to make them for."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all processes: that of the loader decides what to do
    other_end.close()
    results: queue.SimpleQueue[memoryview] = queue.SimpleQueue()
    threading.Thread(target=_send_all, args=(pipe, results), daemon=True).start()
    messages: deque[tuple[int, Any]] = deque()
    answer: Callable[[Any], memoryview] | None = None
    with suppress(EOFError, OSError):
        while True:
            while not messages or pipe.poll():  # all that have come: a stop is no request that waits its turn
                messages.append(pipe.recv())
            if messages[-1][0] == _STOP:
                return
            kind, value = messages.popleft()
            try:
                if kind == _START:
                    answer = setup.begin(value + setup.number, first=answer is None)
                else:
                    results.put(answer(value))  # type: ignore[misc]
            except Exception as error:
                failure = _pack_error(error, f"DataLoader worker process {setup.number}")
                if kind == _START:
                    answer = lambda _, failure=failure: failure  # noqa: E731
                else:
                    results.put(failure)


def _send_all(pipe: Connection, results: queue.SimpleQueue[memoryview]) -> None:
    """Send results while others are made: the pipe takes no more than a few until they are read."""
    with suppress(OSError):
        while True:
            pipe.send_bytes(results.get())


def _pack(kind: int, value: Any) -> memoryview:
    return ForkingPickler.dumps((kind, value), pickle.HIGHEST_PROTOCOL)


def _pack_error(error: Exception, where: str) -> memoryview:
    text = f"Caught {type(error).__name__} in {where}.\nOriginal {traceback.format_exc()}"
    try:
        return _pack(_ERROR, (type(error), text))
    except Exception:  # its class cannot be pickled
        return _pack(_ERROR, (RuntimeError, text))


# In the process of the loader -----------------------------------------------------------------------------------------


class _Worker(NamedTuple):
    pipe: Connection
    process: Any


def _default_context() -> Any:
    """What the program chose for all processes; else they are forked where they can be, as by Python before 3.14.

    A forked worker takes a dataset of any class, also one of a notebook or within a function. Python's own default is
    no choice: any library that asks for it makes it look like one.
    """
    chosen = multiprocessing.get_start_method(allow_none=True)
    if sys.platform == "linux" and chosen in (None, multiprocessing.get_all_start_methods()[0]):
        chosen = "fork"
    return multiprocessing.get_context(chosen)


class WorkerIterator:
    """One epoch of a DataLoader with workers, or with `persistent_workers` one after another.

    The batches are given out to the workers in turn, so which worker makes which, and with which random numbers, is
    always the same.
    """

    def __init__(self, loader: DataLoader) -> None:
        self.timeout, self.in_order, self.stream = loader.timeout or None, loader.in_order, loader.stream
        self.ahead, self.persistent = loader.prefetch_factor or 1, loader.persistent_workers
        self.workers: list[_Worker] = []
        self.waiting: deque[_Worker] = deque()  # once for each batch that a worker still has to send
        self.close = weakref.finalize(self, _stop, self.workers, os.getpid())
        context = loader.multiprocessing_context or _default_context()
        if isinstance(context, str):
            context = multiprocessing.get_context(context)
        for number in range(loader.num_workers):
            here, there = multiprocessing.Pipe()
            setup = _Setup(number, loader.num_workers, loader.source, loader.stream, loader.worker_init_fn)
            process = context.Process(target=_work, args=(there, here, setup), daemon=True)
            process.start()
            there.close()
            self.workers.append(_Worker(here, process))
        self.begin(loader)

    def begin(self, loader: DataLoader) -> Self:
        """Begin an epoch; what is left of the one before is thrown away."""
        while self.waiting:
            self._receive()
        seed = int(numpy_rng(loader.generator).integers(2**63 - len(self.workers)))
        for worker in self.workers:
            _send(worker, (_START, seed))
        self.indices = itertools.repeat(None) if self.stream else iter(loader.indices)
        for worker in self.workers * self.ahead:
            self._request(worker)
        return self

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        while self.waiting:
            worker, kind, value = self._receive()
            if kind == _END:
                continue
            self._request(worker)
            if kind == _ERROR:
                raise _rebuild(*value)
            return value
        if not self.persistent:
            self.close()
        raise StopIteration

    def _request(self, worker: _Worker) -> None:
        """Let a worker make the next batch, if there is one."""
        for indices in itertools.islice(self.indices, 1):
            _send(worker, (_FETCH, indices))
            self.waiting.append(worker)

    def _receive(self) -> tuple[_Worker, int, Any]:
        """The next answer, or with `in_order=False` any."""
        workers = {worker.pipe: worker for worker in self.waiting}
        ready = wait([self.waiting[0].pipe] if self.in_order else [*workers], self.timeout)
        if not ready:
            raise RuntimeError(f"the DataLoader's workers sent no batch within its timeout of {self.timeout} seconds")
        worker = workers[ready[0]]  # type: ignore[index]
        self.waiting.remove(worker)
        try:
            message = worker.pipe.recv_bytes()
        except (EOFError, OSError):
            self.waiting.clear()
            self.close()
            raise RuntimeError(_cause_of_death(worker.process)) from None
        return worker, *pickle.loads(message)


def _send(worker: _Worker, message: tuple[int, Any]) -> None:
    with suppress(OSError):  # that it has died is noticed when its answer is missed
        worker.pipe.send(message)


def _stop(workers: list[_Worker], owner: int) -> None:
    if os.getpid() != owner:  # in a forked process: they are not its children
        return
    for worker in workers:
        _send(worker, (_STOP, None))
    until = time.monotonic() + _STOP_SECONDS
    for worker in workers:
        worker.process.join(max(until - time.monotonic(), 0))
        if worker.process.is_alive():
            worker.process.terminate()
            worker.process.join()
        worker.pipe.close()


def _cause_of_death(process: Any) -> str:
    code = process.exitcode
    if code is None or code >= 0:
        return f"a DataLoader worker (pid {process.pid}) exited unexpectedly, with exit code {code}"
    name = signal.Signals(-code).name
    hint = ": if the machine ran out of memory, take fewer workers or smaller batches" if name == "SIGKILL" else ""
    return f"a DataLoader worker (pid {process.pid}) was killed by {name}{hint}"


class _Text(str):
    __repr__ = str.__str__  # KeyError shows the repr of its message


def _rebuild(kind: type[Exception], text: str) -> Exception:
    """The exception of a worker, with its traceback as its message."""
    try:
        return kind(_Text(text))
    except Exception:  # its class takes other arguments
        return RuntimeError(text)

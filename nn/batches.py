"""An endless stream of batches that can be saved and resumed."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Self

import numpy as np

from autograd import Tensor
from autograd.generator import Generator, default_generator


class _Python:
    """The generator of the module random."""

    get_state, set_state = staticmethod(random.getstate), staticmethod(random.setstate)


class _NumPy:
    """The generator of NumPy's older functions, such as np.random.rand."""

    get_state, set_state = staticmethod(np.random.get_state), staticmethod(np.random.set_state)


SHARED: tuple[Any, ...] = (default_generator, _Python, _NumPy)
PARTS = ("generator", "sampler", "batch_sampler", "dataset")  # of a DataLoader, where generators are looked for


class Batches:
    """An endless iterator over batches: those that a function draws, or those of an iterable, epoch after epoch.

    Its state brings a DataLoader back to the same batch of the same epoch.
    """

    def __init__(self, source: Callable[[], Any] | Iterable[Any]) -> None:
        self.source = source
        self._epoch: Iterator[Any] = iter(())
        self._taken = 0  # batches of this epoch
        self._start: list[Any] | None = None  # the random number generators at the start of this epoch

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Any:
        if callable(self.source):
            return self.source()
        batch = next(self._epoch, None)
        if batch is None:
            self._begin_epoch()
            batch = next(self._epoch, None)
        if batch is None:
            raise ValueError("there is no batch to train on: the data is empty, or smaller than a batch with drop_last")
        self._taken += 1
        return batch

    def _begin_epoch(self) -> None:
        self._start = self._states()
        self._epoch, self._taken = iter(self.source), 0  # type: ignore[arg-type]

    def _generators(self) -> list[Any]:
        """All that the batches are drawn from: the shared generators, and those of the source and its samplers."""
        found, parts = [*SHARED], [self.source]  # type: list[Any], list[Any]
        for part in parts:
            if isinstance(part, Generator) and part not in found:
                found.append(part)
            own = [getattr(part, name, None) for name in PARTS]
            parts += [new for new in own if not any(new is known for known in (None, *parts))]
        return found

    def _states(self) -> list[Any]:
        return [generator.get_state() for generator in self._generators()]

    def state_dict(self) -> dict[str, Any]:
        """The position in the data, and the state of every random number generator."""
        return {"epoch": self._start, "taken": self._taken, "now": self._states()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from where `state_dict` was taken."""
        if state["epoch"] is not None:
            self._restore(state["epoch"])
            self._begin_epoch()
            for _ in range(state["taken"]):
                if next(self._epoch, None) is None:
                    raise ValueError(f"an epoch had {state['taken']} batches or more, and has fewer now")
            self._taken = state["taken"]
        self._restore(state["now"])

    def _restore(self, states: list[Any]) -> None:
        for generator, state in zip(self._generators(), states, strict=True):
            generator.set_state(state)


def count_items(batch: Any) -> int:
    """The number of answers in a batch: the elements of its last tensor, such as tokens or labels."""
    last = batch[-1] if isinstance(batch, (tuple, list)) else batch
    return last.numel() if isinstance(last, Tensor) else 1

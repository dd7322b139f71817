"""Batches without end, from which a run that was stopped goes on."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from autograd.random import default_generator


class Batches:
    """Batches without end: of a function that draws one, or of an iterable that is gone through again and again.

    Its state brings a DataLoader back to the same batch of the same epoch.
    """

    def __init__(self, source: "Callable[[], Any] | Iterable[Any]") -> None:
        self.source = source
        self._iterator: Iterator[Any] | None = None
        self._taken = 0
        self._start: list[Any] | None = None

    def next(self) -> Any:
        """The next batch."""
        if callable(self.source):
            return self.source()
        for _ in range(2):
            if self._iterator is None:
                self._begin()
            assert self._iterator is not None
            for batch in self._iterator:
                self._taken += 1
                return batch
            self._iterator = None
        raise ValueError("there is no batch to train on: the data is empty, or smaller than a batch with drop_last")

    def _generators(self) -> list[Any]:
        own = getattr(self.source, "generator", None)
        return [default_generator] if own is None else [default_generator, own]

    def _begin(self) -> None:
        self._start = [generator.get_state() for generator in self._generators()]
        self._iterator, self._taken = iter(self.source), 0  # type: ignore[arg-type]

    def state(self) -> dict[str, Any]:
        """Where it stands, and where every random number generator does."""
        now = [generator.get_state() for generator in self._generators()]
        return {"epoch": self._start, "taken": self._taken, "now": now}

    def load_state(self, state: dict[str, Any]) -> None:
        """Go on from where `state` stood."""
        if state["epoch"] is not None:
            self._set(state["epoch"])
            self._begin()
            for _ in range(state["taken"]):
                self.next()
        self._set(state["now"])

    def _set(self, states: list[Any]) -> None:
        for generator, state in zip(self._generators(), states, strict=True):
            generator.set_state(state)

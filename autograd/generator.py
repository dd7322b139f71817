"""Sources of random numbers: generators with a seed, and the one that is used where none is given."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from autograd import dtypes


class Generator:
    """A source of random numbers; `rng` is its NumPy generator. The same seed gives the same numbers."""

    device = dtypes.CPU

    def __init__(self, device: Any = "cpu") -> None:
        dtypes.checked_device(device)
        self._seed: int | None = None
        self._rng: np.random.Generator | None = None

    @property
    def rng(self) -> np.random.Generator:
        """The NumPy generator, made when it is first asked for: NumPy takes its time to import it."""
        if self._rng is None:
            self.manual_seed(self.initial_seed())
        return self._rng  # type: ignore[return-value]

    def manual_seed(self, seed: int) -> Generator:
        """Start again from this seed."""
        self._seed = int(seed) % 2**64  # a negative one counts from the end, as in torch
        self._rng = np.random.default_rng(self._seed)
        return self

    def seed(self) -> int:
        """Start again from a seed that the system makes up, and return it."""
        return self.manual_seed(int(np.random.SeedSequence().generate_state(1)[0])).initial_seed()

    def initial_seed(self) -> int:
        """The seed that it started from."""
        return self.seed() if self._seed is None else self._seed

    def get_state(self) -> Any:
        """Where it stands, for `set_state`."""
        return self.rng.bit_generator.state

    def set_state(self, state: Any) -> None:
        """Go on from where another stood."""
        self.rng.bit_generator.state = state


default_generator = Generator()


class _Own(threading.local):
    generator: Generator | None = None


own = _Own()


@contextmanager
def drawing_from(generator: Generator) -> Iterator[None]:
    """A context in which this thread draws from `generator`, where none is named.

    Threads that share a generator draw from it in a random order: `nn.parallel` gives each of them one of its own. A
    program names one instead, as in torch: `randn(3, generator=Generator().manual_seed(1))`.
    """
    before, own.generator = own.generator, generator
    try:
        yield
    finally:
        own.generator = before


def manual_seed(seed: int) -> Generator:
    """Seed the default generator."""
    return default_generator.manual_seed(seed)


def initial_seed() -> int:
    """The seed that the default generator started from."""
    return default_generator.initial_seed()


def get_rng_state() -> Any:
    """The state of the default generator, for `set_rng_state`."""
    return default_generator.get_state()


def set_rng_state(state: Any) -> None:
    """Restore a state of the default generator."""
    default_generator.set_state(state)


def draw_dtype(dtype: Any) -> Any:
    """The dtype to draw numbers of this dtype in: NumPy draws float32 in half the time of float64, and no other."""
    return np.float64 if np.dtype(dtype) == np.float64 else np.float32


@contextmanager
def fork_rng(devices: Any = None, enabled: bool = True, **_: Any) -> Iterator[None]:
    """A context after which the default generator goes on from where it stood before, unless it is not `enabled`."""
    state = get_rng_state()
    try:
        yield
    finally:
        if enabled:
            set_rng_state(state)


def numpy_rng(generator: Generator | None = None) -> np.random.Generator:
    """The NumPy generator of `generator`, of this thread, or the default one."""
    if generator is not None and not isinstance(generator, Generator):
        raise TypeError(f"generator must be a Generator, got {type(generator).__name__}")
    return (generator or own.generator or default_generator).rng

"""`torch.utils.benchmark`: how long a statement takes, measured by Python's timeit."""

from __future__ import annotations

import timeit
from statistics import fmean, median
from typing import Any, NamedTuple

__all__ = ["Measurement", "Timer"]


class Measurement(NamedTuple):
    """Seconds a run, one number for each block of `number_per_run` runs."""

    number_per_run: int
    times: list[float]
    title: str

    @property
    def mean(self) -> float:
        """Of all blocks."""
        return fmean(self.times)

    @property
    def median(self) -> float:
        """Of all blocks."""
        return median(self.times)

    def __repr__(self) -> str:
        return f"{self.title}\n  {self.median * 1e6:.2f} us\n  {len(self.times)} x {self.number_per_run} runs"


class Timer:
    """Measures `stmt` in `globals`, after `setup`; the labels make the title, and there is one thread."""

    def __init__(
        self, stmt: str = "pass", setup: str = "pass", global_setup: str = "", timer: Any = timeit.default_timer,
        globals: dict[str, Any] | None = None, label: str | None = None, sub_label: str | None = None,
        description: str | None = None, env: str | None = None, num_threads: int = 1, language: Any = None,
    ) -> None:  # fmt: skip
        self._timer = timeit.Timer(stmt, setup, timer, globals)
        self._title = ": ".join(filter(None, (label or stmt, sub_label, description)))

    def timeit(self, number: int = 1_000_000) -> Measurement:
        """The mean of `number` runs."""
        return Measurement(number, [self._timer.timeit(number) / number], self._title)

    def blocked_autorange(self, callback: Any = None, min_run_time: float = 0.2) -> Measurement:
        """Blocks of as many runs as one takes to be measured well, until `min_run_time` seconds have passed."""
        number, seconds = 1, self._timer.timeit(1)
        while seconds < min_run_time / 100:
            number *= 10
            seconds = self._timer.timeit(number)
        blocks = [seconds]
        while sum(blocks) < min_run_time:
            blocks.append(self._timer.timeit(number))
        return Measurement(number, [block / number for block in blocks], self._title)

    adaptive_autorange = blocked_autorange

"""How far a long computation has come, and Ctrl-C or SIGTERM that waits for a good moment."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Mapping
from typing import Any, Self

from autograd.errors import require


class Progress:
    """A progress bar over `total` steps, `done` of which were made before; without tqdm, some twenty plain lines.

    `formats` has the name and the format of each value that is shown beside the count of steps.
    """

    def __init__(
        self, total: int, formats: Mapping[str, str], done: int = 0, quiet: bool = False, unit: str = "step"
    ) -> None:
        self.total, self.formats, self.done, self.quiet, self.unit = total, formats, done, quiet, unit
        self._values: tuple[float, ...] = ()
        self._bar: Any = None
        if not quiet:
            try:
                self._bar = require("tqdm", "plot").tqdm(total=total, initial=done, unit=unit, dynamic_ncols=True)
            except ImportError:
                pass

    def update(self, *values: float) -> None:
        """Count one step, after which these are the values to show."""
        self.done += 1
        self._values = values
        if self._bar is not None:
            if self._bar.update():  # the bar was redrawn, which it is at most ten times a second
                self._bar.set_postfix_str(self._shown())
        elif self.done % max(self.total // 20, 1) == 0:
            self.line(f"{self.unit} {self.done:,} of {self.total:,}: {self._shown()}")

    def _shown(self) -> str:
        return ", ".join(f"{name} {value:{form}}" for (name, form), value in zip(self.formats.items(), self._values))

    def line(self, text: str) -> None:
        """Print a line of text above the bar."""
        if self._bar is not None:
            self._bar.write(text)
        elif not self.quiet:
            print(text, flush=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.set_postfix_str(self._shown(), refresh=False)
            self._bar.close()


class DeferredInterrupt:
    """A context in which SIGTERM and the first Ctrl-C wait for `check()`, and a second Ctrl-C does not.

    The context ends at a KeyboardInterrupt, which goes no further; `requested` says afterwards whether there was one,
    and `terminated` whether it came of SIGTERM. Only the main thread receives signals, so in other threads the context
    changes nothing.
    """

    def __init__(self, say: Callable[[str], Any] = print) -> None:
        self.say, self.requested, self.terminated = say, False, False
        self._before: dict[int, Any] = {}

    def check(self) -> None:
        """Raise KeyboardInterrupt if Ctrl-C was pressed or SIGTERM has come: a good moment to stop."""
        if self.requested:
            raise KeyboardInterrupt

    def _handle(self, number: int, _: Any) -> None:
        if number == signal.SIGTERM:  # which may come twice at once, by the program `timeout`, for example
            self.terminated = True
        else:
            self.check()
        if not self.requested:
            self.requested = True
            self.say("stopping after this step; press Ctrl-C again to stop at once")

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            self._before = {number: signal.signal(number, self._handle) for number in (signal.SIGINT, signal.SIGTERM)}
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> bool:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self.requested |= kind is KeyboardInterrupt
        return kind is KeyboardInterrupt

"""What report.html costs: the share of a training's time that recording and writing it takes.

`python -m benchmarks.report` trains the demos text and calculator as they are by default, in a folder that is removed;
`python -m benchmarks.report "text --steps 500" digits` others, or with other options.
"""

from __future__ import annotations

import contextlib
import io
import os
import shlex
import sys
import tempfile
import time
from importlib import import_module
from typing import Any

from nn.train import Trainer


def main(arguments: list[str]) -> None:
    """Train each demo that is named, and print the share."""
    fit = Trainer.fit

    def timed(self: Trainer, *args: Any, **keywords: Any) -> Any:
        start = time.perf_counter()
        history = fit(self, *args, **keywords)
        total = time.perf_counter() - start
        if self._report is not None:
            spent = self._report.record.seconds
            found.append(f"{spent:.2f} of {total:.1f} s, {spent / total:.2%}, {len(history.column('loss')[0]):,} steps")
        return history

    Trainer.fit = timed  # type: ignore[method-assign]
    for line in arguments or ["text", "calculator"]:
        name, *options = shlex.split(line)
        found: list[str] = []
        with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
            with contextlib.redirect_stdout(io.StringIO()), open(os.devnull, "w") as nowhere:
                with contextlib.redirect_stderr(nowhere):
                    import_module(f"demos.{name}").main(options)
        print(f"{line}: {'; '.join(found)}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])

"""`nn.lint`: the mistakes of beginners, found while a training step or two are made."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable
from itertools import islice
from typing import Any

from nn.lint_checks import CHECKS, OF_OPERATIONS, Finding
from nn.observation import Observer, Operation

__all__ = ["LintWarning", "lint"]


class LintWarning(UserWarning):
    """A finding of `with lint():`."""


class Report(list[Finding]):
    """The findings; as text one below the other."""

    def __repr__(self) -> str:
        return "\n".join(map(str, self)) or "nothing found"


def lint(step: Callable[..., Any] | None = None, batches: Iterable[Any] | None = None, *, steps: int = 2) -> Any:
    """Make `steps` steps of training, and return a Report of the likely mistakes in them.

    `step` is a function that makes one: forward, backward and update. With `batches` (a DataLoader, say) it is called
    with one of them each time. The steps are real: the model has learnt from them afterwards. Without a `step` it is a
    context, `with lint() as report:`, around two steps of a loop, and warns of what it finds. It sees what its own
    thread does. Some checks need a second step.
    """
    linter = Linter(batches, warn=step is None)
    if step is None:
        return linter
    with linter as report:
        if batches is None:
            for _ in range(steps):
                step()
        else:
            for batch in islice(batches, steps):
                step(batch)
    return report


class Linter:
    """The context that `lint()` makes."""

    def __init__(self, batches: Any, warn: bool) -> None:
        self.warn, self.report = warn, Report()
        self.observer = Observer(self._check_operation, batches)

    def __enter__(self) -> Report:
        self.observer.__enter__()
        return self.report

    def __exit__(self, kind: Any, *details: object) -> None:
        self.observer.__exit__(kind, *details)
        if kind is not None:
            return
        for check in CHECKS:
            self.report += check(self.observer)
        if self.warn:
            for finding in self.report:
                warnings.warn(str(finding), LintWarning, stacklevel=2)

    def _check_operation(self, operation: Operation) -> None:
        known = {(finding.check, finding.line) for finding in self.report}
        found = [check(operation) for check in OF_OPERATIONS]
        self.report += [finding for finding in found if finding and (finding.check, finding.line) not in known]

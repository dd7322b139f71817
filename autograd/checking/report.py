"""What a check found: entries that disagree, each with its verdict, and findings about how the function behaves."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

from autograd.checking.verdict import Sweep, Verdict
from autograd.errors import require

_MEANING = {
    "bug": "a bug in the gradient, not the arithmetic",
    "rounding": "the arithmetic, not a bug",
    "kink": "a point without a derivative, not a bug",
}


class Mismatch(NamedTuple):
    """One entry of a Jacobian that the first difference contradicts: d output[out_index] / d input[in_index].

    `verdict` has the kind ("bug", "rounding", "kink"), the reason, and the best estimates of the slope; `sweep` the
    values at all step sizes.
    """

    argument: str
    in_index: tuple[int, ...]
    output: int
    out_index: tuple[int, ...]
    analytic: float
    numeric: float
    verdict: Verdict
    sweep: Sweep

    @property
    def absolute(self) -> float:
        """|analytic - numeric|."""
        return abs(self.analytic - self.numeric)

    @property
    def relative(self) -> float:
        """The absolute error over the greater of the two magnitudes."""
        return self.absolute / max(abs(self.analytic), abs(self.numeric), 1e-300)

    def __str__(self) -> str:
        which = f"output {self.output}" if self.output else "output"
        return (
            f"d {which}{list(self.out_index)} / d {self.argument}{list(self.in_index)}: analytic {self.analytic:.10g}, "
            f"numeric {self.numeric:.10g}, absolute error {self.absolute:.3g}, relative error {self.relative:.3g}"
        )

    def table(self) -> str:
        """The error of the central difference at each step size, and the slopes on both sides, as text."""
        lines = [f"{'step':>8} {'difference':>18} {'error':>9} {'left slope':>14} {'right slope':>14}"]
        for row in zip(self.sweep.steps, self.sweep.central, self.sweep.left, self.sweep.right):
            step, central, left, right = map(float, row)
            error = abs(central - self.analytic)
            lines.append(f"{step:8.1e} {central:18.10g} {error:9.1e} {left:14.6g} {right:14.6g}")
        return "\n".join(lines)


class Finding(NamedTuple):
    """Something that a function does and should not; `kind` is a word for it, such as "mutation"."""

    kind: str
    text: str

    def __str__(self) -> str:
        return f"{self.kind}: {self.text}"


class Report:
    """The result of a check. It is true where the check passed, and its text says why it did not.

    `mismatches` are the entries that disagree, the worst first; `resolved` those that disagree with the first
    difference and agree with a better one; `findings` the rest. `fast` says that random directions were checked.
    """

    def __init__(
        self,
        name: str,
        entries: int,
        mismatches: Iterable[Mismatch],
        findings: Sequence[Finding],
        fast: bool = False,
        notes: Sequence[str] = (),
    ) -> None:
        found = sorted(mismatches, key=_badness)
        self.name, self.entries, self.findings, self.fast, self.notes = name, entries, list(findings), fast, list(notes)
        self.mismatches = [m for m in found if not m.verdict.agrees]
        self.resolved = [m for m in found if m.verdict.agrees]

    def __bool__(self) -> bool:
        return not self.mismatches and not self.findings

    def __str__(self) -> str:
        if self.fast:
            what = "in random directions (the fast mode; it names one entry of those that are wrong)"
        else:
            what = f"of {self.entries} entries"
        lines = [f"The gradient of {self.name}, {what}: {'passed' if self else 'failed'}."]
        lines += [str(finding) for finding in self.findings]
        for argument in dict.fromkeys(m.argument for m in self.mismatches):
            lines += _about([m for m in self.mismatches if m.argument == argument])
        if self.resolved:
            lines.append(
                f"{len(self.resolved)} entries disagree at the first step size and agree at a better one; the worst:"
            )
            lines += _told(self.resolved[0])
        return "\n".join([*lines, *self.notes])

    def table(self, entry: int = 0) -> str:
        """The error of one entry (of `mismatches`, then `resolved`) against the step size, as text."""
        found = [*self.mismatches, *self.resolved]
        return f"{found[entry]}\n{found[entry].table()}" if found else "all entries agree at the first step size"

    def plot(self, most: int = 4) -> Any:
        """A matplotlib Figure of the errors of the first `most` entries against the step size.

        The error of a right gradient falls with the step size until rounding raises it; that of a wrong one stays.
        Raises ImportError with the pip command where matplotlib is not installed; `table()` needs nothing.
        """
        figure = require("matplotlib.figure", "plot").Figure(figsize=(7, 4.5))
        axes = figure.subplots()
        for m in [*self.mismatches, *self.resolved][:most]:
            label = f"{m.argument}{list(m.in_index)}, output{list(m.out_index)}: {m.verdict.kind}"
            axes.loglog(m.sweep.steps, np.abs(m.sweep.central - m.analytic), "o-", label=label)
        axes.set(xlabel="step size", ylabel="|central difference - gradient|", title=self.name)
        if axes.lines:
            axes.legend(fontsize="small")
        return figure


class GradcheckError(RuntimeError):
    """A check that failed; `report` has all that it found, and `mismatches` its entries, the worst first."""

    def __init__(self, message: str, report: Report | None = None) -> None:
        super().__init__(message)
        self.report = report
        self.mismatches = report.mismatches if report is not None else []


def _badness(m: Mismatch) -> tuple[bool, float]:
    """Bugs before the rest, and of each the greatest error first."""
    return m.verdict.kind != "bug", -m.absolute if np.isfinite(m.absolute) else -np.inf


def _told(m: Mismatch) -> list[str]:
    return [f"  {m}", f"    {m.verdict.kind}: {m.verdict.reason}"]


def _about(own: Sequence[Mismatch], most: int = 3) -> list[str]:
    """The lines on the mismatches of one argument: how many of each verdict, what they share, and the worst."""
    kinds = [m.verdict.kind for m in own]
    counts = "; ".join(f"{kinds.count(kind)} {meaning}" for kind, meaning in _MEANING.items() if kind in kinds)
    if len(set(kinds)) == 1:
        counts = ("it is " if len(own) == 1 else "each is ") + _MEANING[kinds[0]]
    entries = "1 entry disagrees" if len(own) == 1 else f"{len(own)} entries disagree"
    lines = [f"{own[0].argument}: {entries} with finite differences: {counts}."]
    lines += _pattern([m for m in own if m.verdict.kind == "bug"])
    for m in own[:most]:
        lines += _told(m)
    return [*lines, f"  (and {len(own) - most} more)"] if len(own) > most else lines


def _pattern(bugs: Sequence[Mismatch]) -> list[str]:
    """What wrong entries have in common, where they do: a factor, or that they should be 0 or are."""
    analytic, numeric = (np.array(part) for part in ([m.analytic for m in bugs], [m.verdict.slope.value for m in bugs]))
    if len(bugs) < 2 or not np.isfinite([*analytic, *numeric]).all():
        return []
    if not analytic.any():
        return ["  All of these are 0, and should not be."]
    if not numeric.all():
        return []
    factors = analytic / numeric
    if np.ptp(factors) > 1e-4 * abs(factors[0]):
        return []
    if abs(factors[0] + 1) < 1e-4:
        return ["  All of these have the wrong sign."]
    return [f"  All of these are {factors[0]:.5g} times what they should be."]

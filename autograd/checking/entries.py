"""The entries of a Jacobian that differ from finite differences: all of them, or one that random directions lead to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from autograd.checking.flat import ROUNDINGS, FlatFunction, Recorded
from autograd.checking.report import Mismatch
from autograd.checking.verdict import Verdict, judge, step_sizes, sweep

_PRECISE = 10_000  # elements up to which longdouble, which is slow, is tried


class Judge:
    """Gives verdicts on derivatives of a function, measured in float64, or in longdouble where the function allows."""

    def __init__(self, flat: FlatFunction, run: Recorded, eps: float) -> None:
        self.flat, self.run, self.eps = flat, run, eps
        with np.errstate(all="ignore"):
            self.point, self.unit = _precise(flat)
        self._wide: Recorded | None = None

    def mismatch(self, i: Any, j: Any, analytic: float, numeric: float, tolerance: float, found: Any) -> Mismatch:
        """The entry (i, j) of the Jacobian with its verdict; `found` is the sweep over step sizes."""
        verdict = judge(found, analytic, tolerance, self.eps)
        if verdict.kind == "bug" and (reason := self._rounding(i, j, analytic, verdict, tolerance, found)):
            verdict = Verdict("rounding", False, reason, *verdict[3:])
        argument, in_index = self.flat.place(j)
        return Mismatch(argument, in_index, *self.run.place(i), analytic, numeric, verdict, found)

    def line(self, u: np.ndarray, v: np.ndarray, analytic: float, tolerance: float) -> Verdict:
        """The verdict on v^T J u."""
        steps = step_sizes(float(np.median(np.abs(self.point))), self.point.dtype)
        found = sweep(lambda t: (v @ self.flat.value(self.point + t * u))[None], steps, self.unit)
        return judge(found._replace(values=found.values[:, :, 0]), analytic, tolerance, self.eps)

    def column(self, j: Any, rows: np.ndarray) -> list[Any]:
        """The sweeps of the elements `rows` of the outputs as functions of the element `j` of the inputs."""

        def moved(t: float) -> np.ndarray:
            x = self.point.copy()
            x[j] += t
            return self.flat.value(x)[rows]

        found = sweep(moved, step_sizes(float(self.point[j]), self.point.dtype), self.unit)
        return [found._replace(values=found.values[:, :, k]) for k in range(len(rows))]

    def _rounding(self, i: int, j: int, analytic: float, verdict: Verdict, tolerance: float, found: Any) -> str:
        """Why a gradient that differences contradict is right but for rounding in its own rules; "" where it is not."""
        name, wider = str(self.flat.dtype_of(j)), str(self.point.dtype)
        if name == wider:
            return ""
        if self._wide is None:
            self._wide = self.flat.record(self.point)
        wide = float(self._wide.row(i)[j])
        if judge(found, wide, tolerance, self.eps).kind != "bug":
            return f"in {wider} the same rules give {wide:.10g}, which agrees with {verdict.slope}; {name} loses it"
        if abs(wide - analytic) > 0.1 * abs(analytic - verdict.slope.value):
            return f"rounding in the rules decides: they give {analytic:.6g} in {name}, and {wide:.6g} in {wider}"
        return ""


def _precise(flat: FlatFunction) -> tuple[np.ndarray, float]:
    """The point in the widest dtype in which the function can be computed, and the unit of rounding of its values."""
    x, y, unit = flat.point.astype(np.longdouble), flat.value(flat.point), flat.unit_of_values
    if x.size > _PRECISE:
        return flat.point, unit
    try:
        wide = flat.value(x)
    except Exception:  # a kernel that knows float64 alone
        return flat.point, unit
    finer = flat.unit_of_values < unit and np.allclose(wide, y, 0.1, 0.1 * np.abs(y).max(initial=0), True)
    return (x, flat.unit_of_values) if finer else (flat.point, unit)


def all_entries(flat: FlatFunction, run: Recorded, eps: float, atol: float, rtol: float) -> tuple[int, list[Mismatch]]:
    """The number of entries, and those where |analytic - numeric| is above atol + rtol |numeric|."""
    analytic = np.stack([run.row(i) for i in range(run.size)]) if run.size else np.zeros((0, flat.point.size))
    with np.errstate(all="ignore"):
        numeric = _jacobian(flat, eps, run.size)
        largest = np.nan_to_num(np.abs(analytic), posinf=0).max(initial=0)
        tolerance = atol + rtol * np.abs(numeric) + ROUNDINGS * flat.unit * largest
        wrong = ~((np.abs(analytic - numeric) <= tolerance) | (analytic == numeric))
    mismatches: list[Mismatch] = []
    if wrong.any():
        judging = Judge(flat, run, eps)
        for j in np.flatnonzero(wrong.any(0)):
            rows = np.flatnonzero(wrong[:, j])
            steep = np.isinf(analytic[:, j]).any()
            for i, found in zip(rows, judging.column(j, rows), strict=True):
                allowed = atol + rtol * abs(analytic[i, j]) + ROUNDINGS * flat.unit[j] * largest
                allowed = allowed if np.isfinite(allowed) else atol
                entry = judging.mismatch(i, j, float(analytic[i, j]), float(numeric[i, j]), allowed, found)
                if steep and np.isnan(analytic[i, j]):
                    why = "0 times the slope of another output, which is infinite at this point"
                    entry = entry._replace(verdict=entry.verdict._replace(kind="kink", reason=why))
                mismatches.append(entry)
    return analytic.size, mismatches


def _jacobian(flat: FlatFunction, eps: float, rows: int) -> np.ndarray:
    """The Jacobian by central differences, an element of the inputs at a time."""
    x = flat.point.copy()
    columns = np.zeros((x.size, rows))
    for j, here in enumerate(flat.point):
        step = max(eps, abs(here) * 2.0**-30)  # more where a number as large as x has no digits for eps
        x[j] = above = here + step
        y = flat.value(x)
        x[j] = below = here - step
        columns[j] = (y - flat.value(x)) / (above - below)
        x[j] = here
    return columns.T


def random_directions(
    flat: FlatFunction, run: Recorded, eps: float, atol: float, rtol: float, trials: int = 2, most: int = 8
) -> Iterator[Mismatch]:
    """As `all_entries`, of v^T J u for random u and v: an entry that is wrong shows there, and bisection finds it.

    An entry that turns out to be right, beside a kink, is left out of u then, up to `most` times.
    """
    rng = np.random.default_rng(0)
    judging: Judge | None = None
    for _ in range(trials):
        u, v = (rng.choice([-1, 1], size) * rng.uniform(0.5, 1.5, size) for size in (flat.point.size, run.size))
        gradient = run.pull(v)
        for _ in range(most):
            parts = gradient * u
            size = float(np.sqrt(np.mean(parts**2))) if parts.size else 0.0
            tolerance = atol + rtol * size + 4 * flat.unit.max(initial=0) * size * np.sqrt(parts.size)
            if abs(parts.sum() - _along(flat, u, v, eps)) <= tolerance:
                break
            judging = judging or Judge(flat, run, eps)
            verdict = judging.line(u, v, float(parts.sum()), tolerance)
            if verdict.agrees:
                break
            step = verdict.slope.step if verdict.slope.bar < np.inf else eps
            i, j, numeric = _bisected(flat, run, gradient, u, v, step)
            analytic = float(run.row(i)[j])
            allowed, found = (
                atol + (rtol + ROUNDINGS * flat.unit[j]) * abs(analytic),
                judging.column(j, np.array([i]))[0],
            )
            yield (entry := judging.mismatch(i, j, analytic, numeric, allowed, found))
            if not entry.verdict.agrees:
                return
            u[j] = 0


def _along(flat: FlatFunction, u: np.ndarray, v: np.ndarray, step: float) -> float:
    """v^T J u by a central difference."""
    return float(v @ ((flat.value(flat.point + step * u) - flat.value(flat.point - step * u)) / (2 * step)))


def _halved(size: int, error: Callable[[np.ndarray], float]) -> int:
    """The element at which repeated halving ends, that with the greater error going on."""
    kept = np.arange(size)
    while kept.size > 1:
        halves = np.array_split(kept, 2)
        kept = max(halves, key=lambda half: np.nan_to_num(error(half), nan=np.inf))
    return int(kept[0])


def _bisected(
    flat: FlatFunction, run: Recorded, gradient: np.ndarray, u: np.ndarray, v: np.ndarray, step: float
) -> tuple[int, int, float]:
    """(i, j) of a wrong entry of the Jacobian, and its numeric value: j by halves of u, then i by halves of v."""

    def only(vector: np.ndarray, kept: Any) -> np.ndarray:
        found = np.zeros_like(vector)
        found[kept] = vector[kept]
        return found

    def error_of_inputs(kept: np.ndarray) -> float:
        return abs(float(gradient[kept] @ u[kept]) - _along(flat, only(u, kept), v, step))

    j = _halved(u.size, error_of_inputs)
    unit = only(np.ones_like(u), j)
    column = (flat.value(flat.point + step * unit) - flat.value(flat.point - step * unit)) / (2 * step)

    def error_of_outputs(kept: np.ndarray) -> float:
        return abs(run.pull(only(v, kept))[j] - v[kept] @ column[kept])

    i = _halved(v.size, error_of_outputs)
    return i, j, float(column[i])

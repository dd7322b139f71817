"""The verdict on one derivative: bug, rounding or kink, from the values of the function around a point.

At each of many step sizes h the function is known at t = -3h .. 3h. Differences of high order of these seven values
tell how rough the function is there: rounding makes them constant as h falls, a kink makes them fall with h, and of a
smooth function they fall with h^5. So every estimate of the slope has a bar of error of its own, and the
best is where the bar is the shortest.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

_CENTRAL = np.array([-1, 9, -45, 0, 45, -9, 1]) / 60  # of order h^6
_RIGHT = np.array([0, 0, 0, -11, 18, -9, 2]) / 6  # of order h^3
_THIRD = np.array([[0, 0, 0, -1, 3, -3, 1]]) / math.sqrt(20)  # of independent errors, as large as one of them
_HIGH = np.array([[-1, 5, -10, 10, -5, 1, 0], [0, -1, 5, -10, 10, -5, 1]]) / math.sqrt(252)
_HIGH = np.concatenate([_HIGH, np.array([[1, -6, 15, -20, 15, -6, 1]]) / math.sqrt(924)])


class Sweep(NamedTuple):
    """The values of a function at t = -3h .. 3h, (steps, 7), for each of the step sizes h, the largest first."""

    steps: np.ndarray
    values: np.ndarray
    unit: float  # the rounding of one value, relative to it

    @property
    def central(self) -> np.ndarray:
        """(f(h) - f(-h)) / 2h at each step size."""
        return (self.values[:, 4] - self.values[:, 2]) / (2 * self.steps)

    @property
    def right(self) -> np.ndarray:
        """(f(h) - f(0)) / h at each step size."""
        return (self.values[:, 4] - self.values[:, 3]) / self.steps

    @property
    def left(self) -> np.ndarray:
        """(f(0) - f(-h)) / h at each step size."""
        return (self.values[:, 3] - self.values[:, 2]) / self.steps


class Slope(NamedTuple):
    """The best estimate of a slope, the bar of its error, and the step size that it comes from."""

    value: float
    bar: float
    step: float

    def __str__(self) -> str:
        return f"{self.value:.10g} (± {self.bar:.1g}, at step {self.step:.1g})"


class Verdict(NamedTuple):
    """What is to be said of an analytic derivative: `kind` is "bug", "rounding" or "kink", `reason` the evidence.

    It `agrees` where a better measurement than the first confirms the analytic value.
    """

    kind: str
    agrees: bool
    reason: str
    slope: Slope
    left: Slope
    right: Slope


def step_sizes(x: float, dtype: Any) -> np.ndarray:
    """Powers of 2, ten of which make a thousand: from a tenth of the scale of x down to where x + h is inexact."""
    size = abs(float(x))
    inner = min(1.0, max(size, 1e-8)) if size else 1.0
    bottom = max(1e-10 * inner, 16 * float(np.spacing(np.asarray(size, dtype))))
    count = math.floor(math.log10(0.1 * max(1.0, size) / bottom)) + 1
    return np.array([2.0 ** round(math.log2(0.1 * max(1.0, size) / 10**k)) for k in range(max(count, 3))])


def sweep(f: Callable[[float], np.ndarray], steps: np.ndarray, unit: float) -> Sweep:
    """`f`, a function of one number with several results, at three points on both sides for each step size.

    The values are (steps, 7, results). A point where f raises an error counts as one where it is nan.
    """
    here = f(0.0)

    def at(t: float) -> np.ndarray:
        try:
            return f(t)
        except Exception:  # whatever a function raises outside of its domain
            return np.full_like(here, np.nan)

    with np.errstate(all="ignore"):
        return Sweep(steps, np.stack([[here if not i else at(i * h) for i in range(-3, 4)] for h in steps]), unit)


def judge(sweep: Sweep, analytic: float, tolerance: float, first_step: float) -> Verdict:
    """The verdict on `analytic`, which differs from the central difference at `first_step` by more than `tolerance`."""
    with np.errstate(all="ignore"):
        mirrored = sweep._replace(values=-sweep.values[:, ::-1])
        slope = _settled(sweep, _CENTRAL, _HIGH, analytic)
        right, left = _settled(sweep, _RIGHT, _THIRD), _settled(mirrored, _RIGHT, _THIRD)
        steep = [side for side, part in (("right", sweep), ("left", mirrored)) if _unbounded(part)]

    def say(kind: str, reason: str, agrees: bool = False) -> Verdict:
        return Verdict(kind, agrees, reason, slope, left, right)

    if not np.isfinite(here := sweep.values[0, 3]):
        return say("kink", f"the function itself is {here} here, so that there is no derivative")
    apart, bars = abs(right.value - left.value), left.bar + right.bar
    if apart > max(3 * bars, tolerance) and slope.bar > min(apart / 4, 100 * tolerance):
        slopes = (
            f"there is a kink at this point, of slope {left.value:.6g} on the left and {right.value:.6g} on the right"
        )
        if abs(analytic - (left.value + right.value) / 2) <= apart / 2 + bars + tolerance:
            return say("kink", f"{slopes}; the gradient lies between the two")
        return say("bug", f"{slopes}; the gradient is neither, nor between them")
    if steep and not slope.bar <= max(10 * tolerance, 0.1 * abs(slope.value)):
        return say("kink", f"the slope on the {' and on the '.join(steep)} grows without bound as the step falls")
    best = slope
    if not np.isfinite(slope.bar):  # as where the function is defined on one side alone
        best = min(left, right, key=lambda side: side.bar)
        if not np.isfinite(best.bar):
            return say("rounding", "the function takes too few values near this point to have a slope")
    if not abs(analytic - best.value) <= best.bar + tolerance:
        return say(
            "bug", f"differences settle at {best}; the gradient is {abs(analytic - best.value):.3g} away from it"
        )
    if best is not slope:
        return say("kink", f"the function has a slope on one side alone, {best}, which is that of the gradient")
    sure = slope.bar <= 10 * tolerance
    bend = np.abs(sweep.right - sweep.left)
    for larger, smaller, step in zip(bend, bend[1:], sweep.steps):
        if slope.step < step <= 30 * first_step and larger > max(50 * smaller, tolerance):
            reason = f"there is a kink within {step:.1g} of this point; nearer to it the slope is {slope}"
            return say("kink", reason, sure)
    if not sure:
        return say("rounding", f"rounding hides the answer at every step size: differences say no more than {slope}")
    why = "rounding spoils" if first_step < slope.step else "the function bends too much for"
    return say("rounding", f"{why} the difference at step {first_step:.1g}; the best one, {slope}, agrees", True)


def _settled(sweep: Sweep, stencil: np.ndarray, rough: np.ndarray, expected: float = 0.0) -> Slope:
    """The slope by `stencil` at the step size where the bar of its error is the shortest.

    Between two that are equally possible, the one nearer to what is `expected`.
    """
    steps, values, unit = sweep
    found = values @ stencil / steps
    roughness = np.abs(values @ rough.T).max(1)
    roughness = np.maximum.accumulate(np.where(np.isnan(roughness), np.inf, roughness)[::-1])[::-1]
    used = values[:, stencil != 0]
    rounding = np.maximum(unit * np.abs(used).max(1), _quanta(used))
    change = np.abs(np.diff(found, prepend=np.inf))  # from the next larger step
    bars = (10 * roughness + 4 * rounding) / steps + change
    # Where all values are equal they may be so by rounding. Only where nothing else is known, they make a slope of 0.
    equal = np.ptp(used, axis=1) == 0
    bars = np.where(np.isfinite(bars) & ~equal, bars, np.inf)
    # No smooth function turns rough at once. Where one does, and is smooth below, rounding has made stairs of it: their
    # treads have slopes, too, which say nothing.
    abrupt = roughness[:-1] > 1e8 * np.maximum(roughness, rounding)[1:]
    best = 0
    for k in range(1, len(steps)):
        contradicts = abs(found[k] - found[best]) > bars[k] + bars[best]
        if bars[k] < bars[best] and not (contradicts and abrupt[best:k].any()):
            best = k
    flat = np.minimum.accumulate(equal[::-1])[::-1]
    if flat.any() and not bars[best] < abs(found[best]) and not abs(expected) > abs(expected - found[best]):
        best = int(np.argmax(flat))
        return Slope(0.0, float(4 * unit * np.abs(used[best]).max() / steps[best]), float(steps[best]))
    return Slope(float(found[best]), float(bars[best]), float(steps[best]))


def _quanta(values: np.ndarray) -> np.ndarray:
    """At each step size the least difference of values, at it or a smaller one, where the values are few such apart."""
    apart = np.abs(np.diff(values, axis=1))
    least = np.where(apart > 0, apart, np.inf).min(1)
    least = np.minimum.accumulate(least[::-1])[::-1]
    return np.where(np.isfinite(least) & (np.ptp(values, axis=1) < 20 * least), least, 0)


def _unbounded(sweep: Sweep) -> bool:
    """Whether the slope on the right grows as a power of the step size when that falls, as at a jump, or sqrt at 0."""
    last = len(sweep.steps) - (sweep.right[-1] == 0)  # the smallest step may not reach the jump
    slopes = np.abs(sweep.right[last - 4 : last])
    if not np.isfinite(slopes).all() or not (np.diff(slopes) > 0).all() or slopes[0] == 0:
        return False
    return math.log10(slopes[-1] / slopes[0]) > 0.2 * math.log10(sweep.steps[last - 4] / sweep.steps[last - 1])

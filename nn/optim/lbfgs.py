"""L-BFGS, with a line search for the strong Wolfe conditions."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from autograd import as_tensor, enable_grad, writing
from nn.optim.optimizer import Optimizer, Params, as_real, settings

__all__ = ["LBFGS"]
_SUFFICIENT, _CURVATURE = 1e-4, 0.9  # c1 and c2 of Nocedal and Wright


class _Point(NamedTuple):
    """A step t along the direction: the loss there, its gradient, and the slope along the direction."""

    t: float
    loss: float
    gradient: np.ndarray
    slope: float


def _cubic_minimum(a: _Point, b: _Point, low: float, high: float) -> float:
    """The minimum of the cubic through two points with their slopes, kept in [low, high] (Nocedal, Wright: 3.59)."""
    a, b = (a, b) if a.t <= b.t else (b, a)
    d1 = a.slope + b.slope - 3 * (a.loss - b.loss) / (a.t - b.t)
    square = d1 * d1 - a.slope * b.slope
    if not square >= 0:
        return (low + high) / 2
    d2 = math.sqrt(square)
    t = b.t - (b.t - a.t) * ((b.slope + d2 - d1) / (b.slope - a.slope + 2 * d2))
    return min(max(t, low), high)


class _LineSearch:
    """Looks for a step that meets the strong Wolfe conditions (Nocedal and Wright 2006, algorithms 3.5 and 3.6)."""

    def __init__(self, evaluate: Callable[[float], _Point], start: _Point, most: int) -> None:
        self.evaluate, self.start, self.most = evaluate, start, most
        self.evaluations = 0

    def _at(self, t: float) -> _Point:
        self.evaluations += 1
        return self.evaluate(t)

    def _decreases(self, point: _Point) -> bool:
        return point.loss <= self.start.loss + _SUFFICIENT * point.t * self.start.slope

    def _is_flat(self, point: _Point) -> bool:
        return abs(point.slope) <= -_CURVATURE * self.start.slope

    def run(self, t: float, smallest: float) -> _Point:
        """The point found, from a first step t; `smallest` is the length of an interval that is not divided further."""
        before, point = self.start, self._at(t)
        while self.evaluations <= self.most:
            rises = self.evaluations > 2 and point.loss >= before.loss
            if not self._decreases(point) or rises:
                return self._zoom(before, point, smallest)
            if self._is_flat(point):
                return point
            if point.slope >= 0:
                return self._zoom(before, point, smallest)
            t = _cubic_minimum(before, point, point.t + 0.01 * (point.t - before.t), 10 * point.t)
            before, point = point, self._at(t)
        return min(self.start, point, key=lambda p: p.loss)

    def _zoom(self, a: _Point, b: _Point, smallest: float) -> _Point:
        """The point within an interval that holds one."""
        low, high = sorted((a, b), key=lambda p: p.loss)
        stalled = False
        while self.evaluations <= self.most and abs(high.t - low.t) >= smallest:
            left, right = sorted((low.t, high.t))
            t, margin = _cubic_minimum(low, high, left, right), 0.1 * (right - left)
            near_an_end = min(right - t, t - left) < margin
            if near_an_end and (stalled or t in (left, right)):
                t, stalled = (right - margin if right - t < t - left else left + margin), False
            else:
                stalled = near_an_end
            point = self._at(t)
            if not self._decreases(point) or point.loss >= low.loss:
                low, high = sorted((low, point), key=lambda p: p.loss)
                continue
            if self._is_flat(point):
                return point
            if point.slope * (high.t - low.t) >= 0:
                high = low
            low = point
        return low


class LBFGS(Optimizer):
    """Quasi-Newton steps from the last `history_size` changes of the gradient (Nocedal and Wright 2006, section 7.2).

    `step` needs a closure that clears the gradients, computes the loss, calls backward and returns the loss. It takes
    up to `max_iter` iterations, of length lr or found by `line_search_fn="strong_wolfe"`.
    """

    def __init__(
        self,
        params: Params,
        lr: float = 1,
        max_iter: int = 20,
        max_eval: int | None = None,
        tolerance_grad: float = 1e-7,
        tolerance_change: float = 1e-9,
        history_size: int = 100,
        line_search_fn: str | None = None,
    ) -> None:
        if line_search_fn not in (None, "strong_wolfe"):
            raise ValueError(f"LBFGS: line_search_fn must be None or 'strong_wolfe', got {line_search_fn!r}")
        max_eval = max_iter * 5 // 4 if max_eval is None else max_eval
        super().__init__(params, settings(locals()))
        if len(self.param_groups) != 1:
            raise ValueError("LBFGS takes one group of parameters, with the same settings for all")

    non_negative = ("lr",)
    shaped_otherwise = ("d", "prev_flat_grad")

    def _gradient(self) -> np.ndarray:
        parts = [as_real(p.array * 0 if p.grad is None else p.grad.array) for p in self._all_parameters()]
        return np.concatenate([part.reshape(-1) for part in parts])

    def _move(self, start: list[np.ndarray], t: float, d: np.ndarray) -> None:
        """Set the parameters to `start` + t d."""
        end = 0
        with writing(*self._all_parameters()) as arrays:
            for array, old in zip(map(as_real, arrays), map(as_real, start), strict=True):
                begin, end = end, end + old.size
                array[...] = old + t * d[begin:end].reshape(old.shape)

    def _direction(self, state: dict[str, Any], gradient: np.ndarray, history_size: int) -> np.ndarray:
        """-H gradient, by the recursion of two loops (algorithm 7.4); notes the last change of the gradient first."""
        changes, steps = state.setdefault("old_dirs", []), state.setdefault("old_stps", [])
        if "d" in state:
            y, s = gradient - state["prev_flat_grad"].array, state["d"].array * state["t"]
            if (product := y @ s) > 1e-10:
                changes.append(as_tensor(y))
                steps.append(as_tensor(s))
                del changes[:-history_size], steps[:-history_size]
                state["H_diag"] = float(product / (y @ y))
        memory = [(y.array, s.array) for y, s in zip(changes, steps, strict=True)]
        q, shares = -gradient, []
        for y, s in reversed(memory):
            shares.append((s @ q) / (y @ s))
            q -= shares[-1] * y
        q *= state.setdefault("H_diag", 1.0)
        for (y, s), share in zip(memory, reversed(shares), strict=True):
            q += s * (share - (y @ q) / (y @ s))
        return q

    def step(self, closure: Callable[[], Any]) -> Any:
        """Minimise the loss that `closure` computes, for up to `max_iter` iterations; returns the loss at the start."""
        group, (state, *_) = self.param_groups[0], [self.state[param] for param in self._all_parameters()]
        lr, most = float(group["lr"]), group["max_eval"]
        for count in ("func_evals", "n_iter"):
            state.setdefault(count, 0)

        def evaluate() -> tuple[Any, np.ndarray]:
            with enable_grad():
                loss = closure()
            state["func_evals"] += 1
            return loss, self._gradient()

        first, gradient = evaluate()
        loss, evaluations = float(first), 1
        for iteration in range(1, group["max_iter"] + 1):
            if np.abs(gradient).max(initial=0) <= group["tolerance_grad"]:
                break
            d = self._direction(state, gradient, group["history_size"])
            t = lr if "d" in state else lr / max(1.0, float(np.abs(gradient).sum()))
            state.update(d=as_tensor(d), t=t, prev_flat_grad=as_tensor(gradient), prev_loss=loss)
            state["n_iter"] += 1
            slope = float(gradient @ d)
            if slope > -group["tolerance_change"]:
                break
            before, start = loss, [param.array.copy() for param in self._all_parameters()]
            if group["line_search_fn"] is not None:

                def at(t: float, start: list = start, d: np.ndarray = d) -> _Point:
                    self._move(start, t, d)
                    loss, gradient = evaluate()
                    return _Point(t, float(loss), gradient, float(gradient @ d))

                search = _LineSearch(at, _Point(0.0, loss, gradient, slope), most - evaluations)
                found = search.run(t, group["tolerance_change"] / float(np.abs(d).max()))
                t, loss, gradient = found.t, found.loss, found.gradient
                evaluations += search.evaluations
                self._move(start, t, d)
            else:
                self._move(start, t, d)
                if iteration < group["max_iter"]:  # the next step may be on other data: no use to look now
                    value, gradient = evaluate()
                    loss, evaluations = float(value), evaluations + 1
            state["t"] = t
            small = min(np.abs(t * d).max(), abs(loss - before))
            if evaluations >= most or small <= group["tolerance_change"]:
                break
        return first

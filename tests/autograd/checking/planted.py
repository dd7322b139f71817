"""A corpus of gradients that are known to be right or wrong: families of functions, ways to spoil a rule, seeds.

Every case is a `Function` with a backward of its own. Wrong ones are spoilt in one way; right ones stand where finite
differences have trouble: at kinks and beside them, where digits cancel, at large and small scale.
"""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

import autograd as ag
from autograd import Function, Tensor

STRICT = {"atol": 1e-7, "rtol": 1e-5}  # finds what is off by 1e-3; torch's rtol of 1e-3 would let it pass
SEEDS = 6


class Case(NamedTuple):
    """A function, its inputs, and what a check must find: "bug", "kink", "right" (no verdict of bug), or "passes".

    `at` are the indices where a bug was planted in the first input, None for anywhere.
    """

    name: str
    func: Callable
    inputs: list
    expected: str
    order: int = 1
    at: set | None = None


def function(forward: Callable, backward: Callable) -> Callable:
    """An op of the two, as a user writes it."""

    class Planted(Function):
        @staticmethod
        def forward(ctx: Any, *xs: Any) -> Any:
            ctx.save_for_backward(*xs)
            return forward(*xs)

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            found = backward(g, *ctx.saved_tensors)
            return found if isinstance(found, tuple) else (found,)

    return lambda *xs: Planted.apply(*xs)


def leaves(dtype: Any, *arrays: Any) -> list:
    return [Tensor(np.asarray(a, dtype), dtype=np.dtype(dtype), requires_grad=True) for a in arrays]


# Smooth functions of each element: value, slope, and a range of arguments.
SMOOTH = {
    "square": (lambda x: x * x, lambda x: 2 * x, -2, 2),
    "cube": (lambda x: x**3, lambda x: 3 * x * x, -2, 2),
    "sin": (ag.sin, ag.cos, -3, 3),
    "exp": (ag.exp, ag.exp, -2, 2),
    "log": (ag.log, lambda x: 1 / x, 0.3, 3),
    "tanh": (ag.tanh, lambda x: 1 - ag.tanh(x) ** 2, -2, 2),
    "sqrt": (ag.sqrt, lambda x: 0.5 / ag.sqrt(x), 0.3, 3),
    "reciprocal": (lambda x: 1 / x, lambda x: -1 / (x * x), 0.5, 2),
    "x sin x": (lambda x: x * ag.sin(x), lambda x: ag.sin(x) + x * ag.cos(x), -3, 3),
    "sigmoid": (ag.sigmoid, lambda x: ag.sigmoid(x) * (1 - ag.sigmoid(x)), -3, 3),
    "gauss": (lambda x: ag.exp(-x * x), lambda x: -2 * x * ag.exp(-x * x), -2, 2),
    "waves": (lambda x: ag.sin(50 * x), lambda x: 50 * ag.cos(50 * x), -1, 1),
}


def one_element(x: Any) -> np.ndarray:
    """1, and 0 where the last element is."""
    kept = np.ones(x.shape)
    kept.reshape(-1)[-1] = 0
    return kept


SPOILT = {
    "sign": lambda slope: lambda g, x: -g * slope(x),
    "factor 2": lambda slope: lambda g, x: 2 * g * slope(x),
    "factor 0.9": lambda slope: lambda g, x: 0.9 * g * slope(x),
    "a term too many": lambda slope: lambda g, x: g * (slope(x) + 0.05 * x),
    "a term short": lambda slope: lambda g, x: g * (slope(x) - 0.3 * ag.cos(x)),
    "0": lambda slope: lambda g, x: 0 * g,
    "1e-3 relative": lambda slope: lambda g, x: 1.001 * g * slope(x),
    "index": lambda slope: lambda g, x: g * ag.roll(slope(x), 1, 0),
    "upstream forgotten": lambda slope: lambda g, x: slope(x),
    "one element": lambda slope: lambda g, x: g * slope(x) * (0.5 + 0.5 * one_element(x)),
    "nan": lambda slope: lambda g, x: g * slope(x) * float("nan"),
}


def smooth(rng: np.random.Generator, dtype: Any) -> Iterator[Case]:
    """Wrong and right rules of elementwise functions, of first and second order."""
    for name, (f, slope, low, high) in SMOOTH.items():
        x = rng.uniform(low, high, 3)
        way = list(SPOILT)[rng.integers(len(SPOILT))]
        at = {(2,)} if way == "one element" else None
        yield Case(f"{name}: {way}", function(f, SPOILT[way](slope)), leaves(dtype, x), "bug", 1, at)
        yield Case(f"{name}: right", function(f, lambda g, x, s=slope: g * s(x)), leaves(dtype, x), "passes")
    name = list(SMOOTH)[rng.integers(len(SMOOTH))]
    f, slope, low, high = SMOOTH[name]
    x = leaves(dtype, rng.uniform(low, high, 2))
    yield Case(f"{name}: second order, right", function(f, lambda g, x: g * slope(x)), x, "passes", 2)
    wrong = function(slope, lambda g, x: -2 * g * x)
    yield Case(f"{name}: second order", function(f, lambda g, x: g * wrong(x)), x, "bug", 2)
    yield Case(f"{name}: cut off", function(f, lambda g, x: g.detach() * slope(x)), x, "bug", 2)


def scaled(rng: np.random.Generator, dtype: Any) -> Iterator[Case]:
    """s f(x / s') at scales s and s' from 1e-8 to 1e8, right and wrong."""
    for name in ("sin", "exp", "log", "tanh", "square"):
        f, slope, low, high = SMOOTH[name]
        for _ in range(2):
            inner, outer = 10.0 ** rng.uniform(-8, 8, 2) if dtype == np.float64 else 10.0 ** rng.uniform(-4, 4, 2)
            x = leaves(dtype, inner * rng.uniform(low, high, 2))
            forward = lambda x, f=f, i=inner, o=outer: o * f(x / i)  # noqa: E731
            right = lambda g, x, s=slope, i=inner, o=outer: g * (o / i) * s(x / i)  # noqa: E731
            yield Case(f"{name} at {inner:.0e}, {outer:.0e}", function(forward, right), x, "passes")
            if outer / inner > 1e-3:  # of smaller gradients an error is below atol
                wrong = lambda g, x, r=right: 1.1 * r(g, x)  # noqa: E731
                yield Case(f"{name} at {inner:.0e}, {outer:.0e}: factor", function(forward, wrong), x, "bug")


def several(rng: np.random.Generator, dtype: Any) -> Iterator[Case]:
    """Products, broadcasts, reductions and permutations."""
    x, y, row = rng.uniform(0.5, 2, (2, 2)), rng.uniform(0.5, 2, (2, 2)), rng.uniform(0.5, 2, 2)
    product = {
        "right": (lambda g, x, y: (g @ y.T, x.T @ g), "passes"),
        "transposed": (lambda g, x, y: ((g @ y.T).T, x.T @ g), "bug"),
        "swapped": (lambda g, x, y: (x.T @ g, g @ y.T), "bug"),
    }
    for way, (backward, expected) in product.items():
        yield Case(f"matmul: {way}", function(lambda x, y: x @ y, backward), leaves(dtype, x, y), expected)
    scale = {
        "right": (lambda g, x, r: (g * r, (g * x).sum(0)), "passes"),
        "mean for sum": (lambda g, x, r: (g * r, (g * x).mean(0)), "bug"),
        "first row alone": (lambda g, x, r: (g * r, (g * x)[0]), "bug"),
        "the other dim": (lambda g, x, r: (g * r, (g * x).sum(1)), "bug"),
        "broadcast the other way": (lambda g, x, r: (g * r[:, None], (g * x).sum(0)), "bug"),
    }
    for way, (backward, expected) in scale.items():
        yield Case(f"scale rows: {way}", function(lambda x, r: x * r, backward), leaves(dtype, x, row), expected)
    mean = {"right": (0.5, "passes"), "sum for mean": (1, "bug"), "of all": (0.25, "bug")}
    for way, (factor, expected) in mean.items():
        backward = lambda g, x, k=factor: k * g * np.ones((2, 2))  # noqa: E731
        yield Case(f"mean: {way}", function(lambda x: x.mean(0), backward), leaves(dtype, x), expected)
    for way, shift, expected in (("right", -1, "passes"), ("wrong way", 1, "bug"), ("off by one", -2, "bug")):
        backward = lambda g, x, s=shift: ag.roll(g, s, 0)  # noqa: E731
        yield Case(f"roll: {way}", function(lambda x: ag.roll(x, 1, 0), backward), leaves(dtype, [1.0, 2, 4]), expected)
    p = lambda x: ag.softmax(x, -1)  # noqa: E731
    softmax = {
        "right": (lambda g, x: p(x) * (g - (g * p(x)).sum(-1, keepdim=True)), "passes"),
        "a term short": (lambda g, x: p(x) * g, "bug"),
        "without keepdim": (lambda g, x: p(x) * (g - (g * p(x)).sum()), "bug"),
    }
    for way, (backward, expected) in softmax.items():
        yield Case(f"softmax: {way}", function(p, backward), leaves(dtype, x), expected)


def at_kinks(rng: np.random.Generator, dtype: Any) -> Iterator[Case]:
    """Right rules with an element at a kink, or so near that a step crosses it; rules that are wrong even there."""
    half = float(rng.uniform(0, 1))
    far = rng.uniform(0.5, 1, 2)
    near = 0.0 if dtype == np.float32 else 10.0 ** rng.uniform(-12, -6.5) * rng.choice([-1, 1])
    kinks = {
        "relu": (ag.relu, lambda g, x: g * (x > 0), 0),
        "relu, another subgradient": (ag.relu, lambda g, x: g * ((x > 0) + half * (x == 0)), 0),
        "abs": (ag.abs, lambda g, x: g * (ag.sign(x) + half * (x == 0)), 0),
        "leaky": (lambda x: ag.where(x > 0, x, 0.1 * x), lambda g, x: g * ag.where(x > 0, 1.0, 0.1), 0),
        "clamp": (lambda x: ag.clamp(x, -1, 1), lambda g, x: g * ((x >= -1) * (x <= 1)), -1),
        "hinge": (lambda x: ag.relu(1 - x), lambda g, x: -g * (x < 1), 1),
        "sign": (ag.sign, lambda g, x: 0 * g, 0),
        "floor": (ag.floor, lambda g, x: 0 * g, 1),
        "distance": (
            lambda x: ag.abs(ag.sin(x)),
            lambda g, x: g * ag.cos(x) * (ag.sign(ag.sin(x)) - (x == 0) * 1.0),
            0,
        ),
    }
    for name, (f, backward, kink) in kinks.items():
        yield Case(f"at: {name}", function(f, backward), leaves(dtype, np.append(far + 0.1, kink)), "kink")
        if near:
            yield Case(f"near: {name}", function(f, backward), leaves(dtype, np.append(far + 0.1, kink + near)), "near")
    wrong = {
        "relu: neither slope": (ag.relu, lambda g, x: g * ((x > 0) + 2 * (x == 0)), 0),
        "abs: twice": (ag.abs, lambda g, x: g * ag.where(x > 0, 1.0, -3.0), 0),
        "hinge: wrong sign": (lambda x: ag.relu(1 - x), lambda g, x: g * ((x == 1) - 1.0 * (x < 1)), 1),
    }
    for name, (f, backward, kink) in wrong.items():
        yield Case(name, function(f, backward), leaves(dtype, np.append(far + 0.1, kink)), "bug", 1, {(2,)})
    steep = {
        "sqrt at 0": (ag.sqrt, lambda g, x: 0.5 * g / ag.sqrt(x)),
        "cube root at 0": (lambda x: ag.sign(x) * ag.abs(x) ** (1 / 3), lambda g, x: g / 3 * ag.abs(x) ** (-2 / 3)),
        "norm at 0": (
            lambda x: ag.sqrt((x * x).sum(0, keepdim=True)),
            lambda g, x: half * g * ag.ones_like(x),
        ),
    }
    for name, (f, backward) in steep.items():
        x = np.zeros(2) if name == "norm at 0" else np.append(far, 0)
        yield Case(name, function(f, backward), leaves(dtype, x), "kink")
    tie = np.full(2, far[0])
    yield Case("ties: half each", function(ag.max, lambda g, x: g * (x == x.max()) / 2), leaves(dtype, tie), "passes")
    yield Case("ties: the first", function(ag.max, lambda g, x: g * ag.tensor([1.0, 0])), leaves(dtype, tie), "kink")


def ill_conditioned(rng: np.random.Generator, dtype: Any) -> Iterator[Case]:
    """Right rules of functions that lose most of their digits on the way, in the function or in the rule."""
    big = 10.0 ** rng.uniform(4, 11)
    x = rng.uniform(0.5, 2, 2)
    cosine = lambda x: (1 - ag.cos(x)) / (x * x)  # noqa: E731
    slope = lambda g, x: g * (ag.sin(x) * x - 2 * (1 - ag.cos(x))) / x**3  # noqa: E731
    roots = np.poly(np.arange(1, 8))

    def polynomial(x: Any) -> Any:
        return sum(float(c) * x ** (len(roots) - 1 - k) for k, c in enumerate(roots))

    def derived(g: Any, x: Any) -> Any:
        n = len(roots) - 1
        return g * sum(float(c) * (n - k) * x ** (n - k - 1) for k, c in enumerate(roots[:-1]))

    functions = {
        "a large number added and taken off": (lambda x: (x * x + big) - big, lambda g, x: 2 * g * x, x),
        "on a large offset": (lambda x: ag.sin(x) + big, lambda g, x: g * ag.cos(x), x),
        "1 - cos": (cosine, slope, x * 10.0 ** rng.uniform(-7, -1)),
        "exp - 1": (lambda x: ag.exp(x) - 1, lambda g, x: g * ag.exp(x), x * 1e-9),
        "in float32": (lambda x: ag.sin(x.float()).to(x.dtype), lambda g, x: g * ag.cos(x), x),
        "in float16": (lambda x: ag.sin(x.half()).to(x.dtype), lambda g, x: g * ag.cos(x), x),
        "polynomial of seven roots": (polynomial, derived, rng.uniform(1, 7, 2)),
        "phase": (lambda x: ag.sin(x + big), lambda g, x: g * ag.cos(x + big), x),
        "powers": (lambda x: (x**20) ** (1 / 20), lambda g, x: g * 1.0, x),
        "logarithm of a sum of exponentials": (
            lambda x: ag.log(ag.exp(30 * x).sum(0, keepdim=True)),
            lambda g, x: 30 * g * ag.softmax(30 * x, 0),
            x,
        ),
    }
    for name, (f, backward, at) in functions.items():
        yield Case(f"{name} ({big:.0e})", function(f, backward), leaves(dtype, at), "right")


FAMILIES = (smooth, scaled, several, at_kinks, ill_conditioned)


def corpus(family: Callable, dtype: Any, seeds: int = SEEDS) -> Iterator[Case]:
    for seed in range(seeds):
        yield from family(np.random.default_rng(seed), dtype)

"""How exact operations are: elementwise ones beside SymPy's derivatives in 100 digits, others beside wider floats.

`make accuracy` prints docs/accuracy.md; test_accuracy.py holds a bound for each family.
"""

import argparse
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any, NamedTuple

import mpmath
import numpy as np
import sympy
from hypothesis import HealthCheck, Phase, given, settings

import autograd as ag
import nn.functional as F
from autograd import Tensor, kernels
from autograd.ops import OPS, load
from tests.properties.calls import OF_COMPLEX, PREPARED, Call, differentiable
from tests.properties.cases import CASES

DIGITS = 100  # some formulas lose up to 40 of them
X, Y = sympy.symbols("x y", real=True)
HUGE = 1e4  # as large as float16 allows


class Formula(NamedTuple):
    """What an op computes, as a formula of x and y, and the intervals of its arguments."""

    formula: str
    x: tuple[float, float]
    y: tuple[float, float] | None = None
    function: Callable | None = None  # where it is not the op of that name
    of_output: bool = False  # the rule uses the output, as PyTorch's: its error is one of 1, not of a smaller gradient


POSITIVE, ANY, UNIT = (0, HUGE), (-HUGE, HUGE), (-1, 1)
# A file of operations, and the formula of each of its elementwise ones.
FORMULAS: dict[str, dict[str, Formula]] = {
    "arithmetic": {
        "add": Formula("x + y", ANY, ANY),
        "sub": Formula("x - y", ANY, ANY),
        "mul": Formula("x * y", (-99, 99), (-99, 99)),
        "div": Formula("x / y", (-99, 99), (-99, 99)),
        "pow": Formula("x ** y", (0, 8), (-4, 4)),
        "neg": Formula("-x", ANY),
        "square": Formula("x ** 2", (-99, 99)),
        "reciprocal": Formula("1 / x", (-99, 99)),
        "lerp": Formula("x + (y - x) / 4", (-99, 99), (-99, 99), lambda x, y: ag.lerp(x, y, 0.25)),
    },
    "elementwise": {
        "sigmoid": Formula("1 / (1 + exp(-x))", (-80, 80), of_output=True),
        "relu": Formula("Max(x, 0)", ANY),
        "abs": Formula("Abs(x)", ANY),
        "maximum": Formula("Max(x, y)", ANY, ANY),
        "minimum": Formula("Min(x, y)", ANY, ANY),
        "clamp": Formula("Max(Min(x, 2), -1)", (-4, 4), None, lambda x: ag.clamp(x, -1, 2)),
    },
    "transcendental": {
        "exp": Formula("exp(x)", (-80, 80)),
        "exp2": Formula("2 ** x", (-80, 80)),
        "expm1": Formula("exp(x) - 1", (-80, 80), of_output=True),
        "log": Formula("log(x)", POSITIVE),
        "log2": Formula("log(x, 2)", POSITIVE),
        "log10": Formula("log(x, 10)", POSITIVE),
        "log1p": Formula("log(1 + x)", (-1, HUGE)),
        "logaddexp": Formula("log(exp(x) + exp(y))", (-80, 80), (-80, 80)),
        "sqrt": Formula("sqrt(x)", POSITIVE),
        "rsqrt": Formula("1 / sqrt(x)", POSITIVE),
        "sin": Formula("sin(x)", (-99, 99)),
        "cos": Formula("cos(x)", (-99, 99)),
        "tan": Formula("tan(x)", (-99, 99)),
        "asin": Formula("asin(x)", UNIT),
        "acos": Formula("acos(x)", UNIT),
        "atan": Formula("atan(x)", ANY),
        "atan2": Formula("atan2(x, y)", (-99, 99), (-99, 99)),
        "sinh": Formula("sinh(x)", (-80, 80)),
        "cosh": Formula("cosh(x)", (-80, 80)),
        "tanh": Formula("tanh(x)", (-80, 80), of_output=True),
        "asinh": Formula("asinh(x)", ANY),
        "acosh": Formula("acosh(x)", (1, HUGE)),
        "atanh": Formula("atanh(x)", UNIT),
        "erf": Formula("erf(x)", (-9, 9)),
    },
    "special": {
        "erfc": Formula("erfc(x)", (-9, 9)),
        "erfinv": Formula("erfinv(x)", UNIT),
        "lgamma": Formula("loggamma(x)", (0, 99)),
        "digamma": Formula("polygamma(0, x)", (0, 99)),
        "polygamma": Formula("polygamma(1, x)", (0, 99), None, lambda x: ag.polygamma(1, x)),
        "hypot": Formula("sqrt(x ** 2 + y ** 2)", (-99, 99), (-99, 99)),
    },
    "activations": {
        "mish": Formula("x * tanh(log(1 + exp(x)))", (-80, 80)),
        "hardswish": Formula("x * Max(Min(x + 3, 6), 0) / 6", (-9, 9)),
        "hardsigmoid": Formula("Max(Min(x + 3, 6), 0) / 6", (-9, 9)),
        "softshrink": Formula("Max(x - 1/2, 0) + Min(x + 1/2, 0)", (-4, 4)),
    },
    "neural": {
        "leaky_relu": Formula("Max(x, 0) + Min(x, 0) / 4", ANY, None, lambda x: F.leaky_relu(x, 0.25)),
        "hardtanh": Formula("Max(Min(x, 1), -1)", (-4, 4)),
        "elu": Formula("Max(x, 0) + exp(Min(x, 0)) - 1", (-80, 80)),
        "softplus": Formula("log(1 + exp(x))", (-80, 19), None, F.softplus),
    },
    "fused": {
        "gelu": Formula("x * erfc(-x / sqrt(2)) / 2", (-12, 80)),
        "tanh gelu": Formula(
            "x / (1 + exp(-2 * sqrt(2 / pi) * (x + 44715 * x ** 3 / 10 ** 6)))",
            (-10, 80),
            None,
            lambda x: F.gelu(x, approximate="tanh"),
        ),
        "silu": Formula("x / (1 + exp(-x))", (-80, 80)),
    },
}


class Exactness(NamedTuple):
    """The largest errors of an operation, or of one of its gradients.

    `units` are units in the last place of the exact value, `at` the arguments where they are; `conditioned` are those
    that remain where the rounding of the arguments themselves is allowed for.
    """

    family: str
    name: str
    what: str  # "forward", "by x" or "by y"
    dtype: str
    units: float
    conditioned: float
    at: tuple[float, ...] = ()


# Elementwise operations -----------------------------------------------------------------------------------------------


@cache
def derivatives(formula: str) -> dict[str, Callable]:
    """The formula and its derivatives, which SymPy finds, as functions of mpmath's numbers."""
    value = sympy.sympify(formula, {"x": X, "y": Y})
    found = {"forward": value} | {f"by {s}": sympy.diff(value, s) for s in (X, Y) if s in value.free_symbols}
    return {what: sympy.lambdify((X, Y), expression, "mpmath") for what, expression in found.items()}


def points(interval: tuple[float, float], dtype: Any, count: int, rng: np.random.Generator) -> np.ndarray:
    """Numbers inside of an interval: evenly spread, of all magnitudes, and near its ends; none that is a kink."""
    low, high = interval
    spread = rng.uniform(low, high, count)
    smallest = -4 if dtype == np.float16 else -18
    magnitudes = 10 ** rng.uniform(smallest, np.log10(high), count) * rng.choice([-1, 1], count)
    near = 10 ** rng.uniform(-12, 0, count // 2)
    drawn = np.concatenate([spread, magnitudes, low + near, high - near]).astype(dtype)
    inside = drawn[(drawn > low) & (drawn < high)]
    return inside[~np.isin(inside, [0, 1, -1, 2, 3, -3, 0.5, -0.5])]


def of_elements(family: str, name: str, dtype: Any, count: int, seed: int = 0) -> Iterator[Exactness]:
    """The errors of an elementwise operation and of its gradients beside SymPy's and mpmath's."""
    case, rng = FORMULAS[family][name], np.random.default_rng(seed)
    drawn = [points(interval, dtype, count, rng) for interval in (case.x, case.y) if interval is not None]
    arrays = [rng.permutation(a)[: min(map(len, drawn))] for a in drawn]
    tensors = [Tensor(a, dtype=a.dtype, requires_grad=True) for a in arrays]
    with np.errstate(all="ignore"):
        out = (case.function or OPS[name].function)(*tensors)
        found = [out, *ag.grad(out, tensors, ag.ones_like(out))]
    for what, result in zip(["forward", "by x", "by y"], found):
        exact = derivatives(case.formula)[what]
        least = float(case.of_output and what != "forward")
        errors = largest(result.detach().numpy(), exact, arrays, least)
        yield Exactness(family, name, what, np.dtype(dtype).name, *errors)


def largest(
    found: np.ndarray, exact: Callable, arrays: list[np.ndarray], least: float
) -> tuple[float, float, tuple[float, ...]]:
    """The largest error in units, the largest conditioned one (in units of `least` or more), and where the first is.

    Where the exact value is too small or too large for a normal number, an error is no error of ours.
    """
    info, worst, conditioned, where = np.finfo(found.dtype), 0.0, 0.0, ()
    with mpmath.workdps(DIGITS):
        for value, *at in zip(found.tolist(), *(a.tolist() for a in arrays), strict=True):
            arguments = [*map(mpmath.mpf, at), mpmath.mpf(0)][:2]
            wanted = exact(*arguments)
            if not info.smallest_normal <= abs(wanted) <= info.max:
                assert value == 0 or wanted, f"{value} at {at}, not 0"
                continue
            unit = float(np.spacing(found.dtype.type(float(abs(wanted)))))
            units = float(abs(mpmath.mpf(value) - wanted) / unit) if np.isfinite(value) else np.inf
            if units > worst:
                worst, where = units, tuple(at)
            if units > conditioned:
                moved = [[a * (1 + _DELTA * (i == k)) for i, a in enumerate(arguments)] for k in range(len(at))]
                condition = sum(abs(exact(*m) - wanted) for m in moved) / (_DELTA * abs(wanted))
                allowed = max(1, np.spacing(found.dtype.type(least)) / unit) * (1 + condition)
                conditioned = max(conditioned, float(units / allowed))
    return worst, conditioned, where


_DELTA = mpmath.mpf(10) ** -12


# The others -----------------------------------------------------------------------------------------------------------

WIDER = {np.float32: np.float64, np.float64: np.longdouble}


@cache
def others() -> dict[str, str]:
    """The operations with a derivative that are not elementwise, and the file of each."""
    elementwise = {name for family in FORMULAS.values() for name in family}
    named = {name: op.forward.__module__.rpartition(".")[2] for name, op in OPS.items() if op.has_rules or op.reference}
    return {name: file for name, file in named.items() if name not in elementwise and name not in OF_COMPLEX}


def of_call(name: str, call: Call, dtype: Any) -> tuple[float, float]:
    """The errors of an operation and of its gradients beside wider floats, in units of the largest element or of 1."""
    narrow, wide = (run(name, c) for c in (call.cast(dtype), call.cast(dtype).cast(WIDER[dtype])))
    found = []
    for results, exact in zip(narrow, wide, strict=True):
        assert all(b.dtype == WIDER[dtype] for b in exact), "computed in narrower floats"
        size = max([1.0, *[np.abs(b[np.isfinite(b)]).max(initial=0) for b in exact]])
        errors = [np.abs(a - b)[np.isfinite(b)].max(initial=0) for a, b in zip(results, exact, strict=True)]
        found.append(float(max(errors, default=0) / (np.finfo(dtype).eps * size)))
    return found[0], found[1]


def run(name: str, call: Call) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """The results of a call that are floats, and the gradients of its arguments."""
    function, tensors = OPS[name].function, call.tensors(name)
    prepare = PREPARED.get(name)
    result = function(*(map(prepare, tensors) if prepare else tensors), **call.keywords)
    outs = [out for out in (result if isinstance(result, tuple) else (result,)) if out.dtype.kind == "f"]
    wanted = [tensors[i] for i in differentiable(name, call)]
    rng = np.random.default_rng(0)
    upstream = [
        Tensor(rng.uniform(0.5, 1.5, out.shape).astype(np.float16).astype(out.dtype), dtype=out.dtype) for out in outs
    ]
    with_history = [pair for pair in zip(outs, upstream) if pair[0].requires_grad]
    gradients: list[np.ndarray] = []
    if with_history and wanted:
        ys, gs = zip(*with_history)
        gradients = [g.numpy() for g in ag.grad(ys, wanted, gs, allow_unused=True) if g is not None]
    return [out.detach().numpy() for out in outs], gradients


def of_other(name: str, dtype: Any, count: int) -> Iterator[Exactness]:
    """The errors of an operation that is not elementwise, on `count` calls that hypothesis draws.

    None in float64 of those that LAPACK or a kernel computes, since these know no longdouble.
    """
    worst = [0.0, 0.0]

    @settings(
        max_examples=count,
        database=None,
        derandomize=True,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=[*HealthCheck],
    )
    @given(call=CASES[name])
    def draw(call: Call) -> None:
        worst[:] = map(max, worst, of_call(name, call, dtype))

    try:
        with np.errstate(all="ignore"):
            draw()
    except (TypeError, RuntimeError):
        if dtype != np.float64:
            raise
        return
    for what, units in zip(("forward", "gradients"), worst, strict=True):
        yield Exactness(others()[name], name, what, np.dtype(dtype).name, units, units)


# The page -------------------------------------------------------------------------------------------------------------

PAGE = """\
# Accuracy of the operations

`make accuracy` writes this page; these numbers are those of the {backend} kernels. `tests/properties/test_accuracy.py`
tests the bounds.

## Elementwise operations

The table shows the largest error in units in the last place (ulp) of the exact value, and the arguments where it
occurs. About {count} arguments are tried: evenly spread ones, ones of all magnitudes, and ones near the ends of
the range. SymPy finds the derivatives of each formula, and mpmath evaluates the formula and its derivatives in
{digits} digits. Some rules use the output of the operation, as PyTorch's do: so the gradients of sigmoid, tanh
and expm1 lose digits where they are small. Other large errors come from the rounding of the argument, which no
formula avoids, as for 1 - x near 1.

{elements}

## All other operations

The table shows the largest error, in units in the last place of the largest element (or of 1, if that is larger),
of {calls} calls that hypothesis draws. float32 is compared with float64, and float64 with longdouble if the whole
operation can be computed in longdouble. Operations without any error, such as those that move elements, are left
out.

{others}
"""


def main() -> None:
    """Print the page."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--points", type=int, default=200, help="arguments of each elementwise operation")
    parser.add_argument("--calls", type=int, default=15, help="calls of each other operation")
    options = parser.parse_args()
    if min(options.points, options.calls) < 1:
        parser.error("--points and --calls must be at least 1")
    load()
    elements = [
        found
        for family, formulas in FORMULAS.items()
        for name in formulas
        for dtype in (np.float32, np.float64)
        for found in of_elements(family, name, dtype, options.points)
    ]
    rest = [
        found
        for name in others()
        for dtype in (np.float32, np.float64)
        for found in of_other(name, dtype, options.calls)
    ]
    print(
        PAGE.format(
            backend=kernels.backend().__name__.rpartition(".")[2].removesuffix("_kernels"),
            count=3 * options.points,
            digits=DIGITS,
            calls=options.calls,
            elements=table(elements),
            others=table([f for f in rest if any(g.units for g in rest if g.name == f.name)]),
        ).rstrip()
    )


def table(found: list[Exactness]) -> str:
    """A row of Markdown an operation, a column for each dtype and what was measured."""
    columns = list(dict.fromkeys((f.dtype, f.what) for f in found))
    cells = {(f.family, f.name, f.dtype, f.what): f for f in found}
    lines = ["| file | operation | " + " | ".join(" ".join(column) for column in columns) + " |"]
    lines.append("|---|---|" + "---:|" * len(columns))
    for family, name in dict.fromkeys((f.family, f.name) for f in found):
        texts = [cell(cells.get((family, name, *column))) for column in columns]
        lines.append(f"| {family} | {name} | " + " | ".join(texts) + " |")
    return "\n".join(lines)


def cell(found: Exactness | None) -> str:
    """The error, and where it is."""
    if found is None:
        return ""
    at = f" at {', '.join(f'{a:.3g}' for a in found.at)}" if found.units > 1 and found.at else ""
    return f"{found.units:.2g}{at}" if found.units * np.finfo(found.dtype).eps < 0.1 else f"all digits{at}"


if __name__ == "__main__":
    main()

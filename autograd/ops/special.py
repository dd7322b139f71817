"""Special functions, elementwise functions composed of other operations, and PyTorch's alternative names."""

from __future__ import annotations

import math
from itertools import accumulate

import numpy as np

from autograd.ops import arithmetic as A
from autograd.ops import comparison as C
from autograd.ops import transcendental as T
from autograd.ops.elementwise import abs, as_floats, clamp, of_numpy, sign, trunc, where
from autograd.ops.reduction import recurrence
from autograd.ops.shape import one_dim
from autograd.ops.table import alias, function, op, short

__all__ = ["xlogy", "erfc", "erfinv", "lgamma", "digamma", "polygamma", "sinc", "logit", "logcumsumexp", "hypot"]
__all__ += ["nextafter", "frac", "deg2rad", "rad2deg", "bitwise_left_shift", "bitwise_right_shift", "clamp_min"]
__all__ += ["clamp_max", "rsub", "isposinf", "isneginf", "positive", "absolute", "negative", "sgn", "fix", "arccos"]
__all__ += ["arcsin", "arctan", "arctan2", "arccosh", "arcsinh", "arctanh", "greater", "greater_equal", "less"]
__all__ += ["less_equal", "mvlgamma", "not_equal"]

# Second names ---------------------------------------------------------------------------------------------------------

absolute, negative, sgn, fix = alias(abs, "absolute"), alias(A.neg, "negative"), alias(sign, "sgn"), alias(trunc, "fix")
arccos, arcsin, arctan = alias(T.acos, "arccos"), alias(T.asin, "arcsin"), alias(T.atan, "arctan")
arccosh, arcsinh, arctanh = alias(T.acosh, "arccosh"), alias(T.asinh, "arcsinh"), alias(T.atanh, "arctanh")
arctan2, not_equal = alias(T.atan2, "arctan2"), alias(C.ne, "not_equal")
greater, greater_equal = alias(C.gt, "greater"), alias(C.ge, "greater_equal")
less, less_equal = alias(C.lt, "less"), alias(C.le, "less_equal")


def _each(f, x):
    """A function of Python's math on every element, in the dtype of x."""
    return np.asarray(np.frompyfunc(f, 1, 1)(x), x.dtype)


@function(inplace=True)
def xlogy(input, other):
    """x log y, and 0 where x is 0 and y not positive."""
    nothing = np.logical_and(np.equal(input, 0), np.less_equal(other, 0))
    return input * np.log(where(nothing, 1, other))


@op(inplace=True, x=lambda g, x: g * (-2 / math.sqrt(math.pi) * np.exp(-x * x)))
def erfc(x):
    """1 - erf(x), accurate where that is small."""
    return _each(math.erfc, as_floats(x))


@op(inplace=True, x=lambda g, out: g * (math.sqrt(math.pi) / 2 * np.exp(out * out)))
def erfinv(x):
    """The inverse of erf: the approximation of Winitzki (2008), improved by two steps of Halley's method."""
    y = as_floats(x)
    size = np.abs(y.astype(np.float64))
    with np.errstate(all="ignore"):
        log = np.log1p(-size * size)
        part = 2 / (math.pi * 0.147) + log / 2
        z = np.sqrt(np.sqrt(part * part - log / 0.147) - part)
        for _ in range(2):
            short = np.where(size < 0.5, size - _each(math.erf, z), _each(math.erfc, z) - (1 - size))
            step = short * (math.sqrt(math.pi) / 2) * np.exp(z * z)
            z = z + step / (1 - z * step)
        z = np.where(size < 1, z, np.where(size == 1, np.inf, np.nan))
    return np.copysign(z, y).astype(y.dtype)


@op(inplace=True, x=lambda g, x: g * digamma(x))
def lgamma(x):
    """log |Gamma(x)|, infinite at the poles 0, -1, -2, ..."""
    return _each(lambda v: math.inf if v <= 0 and v == math.floor(v) else math.lgamma(v), as_floats(x))


_BERNOULLI = (1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6)  # B2, B4, ...


@op(inplace=True, x=lambda g, x: g * polygamma(1, x))
def digamma(x):
    """The derivative of lgamma: an asymptotic series from 10 on, steps of psi(x) = psi(x + 1) - 1 / x up to there."""
    x = as_floats(x)
    z, below = x.astype(np.float64), x < 0
    with np.errstate(all="ignore"):
        z, out = np.where(below, 1 - z, z), np.where(below, -math.pi / np.tan(math.pi * np.fmod(z, 1)), 0)
        for _ in range(10):
            out, z = np.where(z < 10, out - 1 / z, out), np.where(z < 10, z + 1, z)
        series = sum(b / (2 * k * z ** (2 * k)) for k, b in enumerate(_BERNOULLI, 1))
        out = np.where(below & (x == np.floor(x)), np.nan, out + np.log(z) - 1 / (2 * z) - series)
    return np.where(x == 0, np.copysign(np.inf, -x), out).astype(x.dtype)


def _powers(s, z):
    """The sum of (z + k)^-s over all k >= 0, for z >= 0: from the tenth term on Euler and Maclaurin's."""
    total = sum((z + k) ** -s for k in range(10))
    z = z + 10
    total = total + z ** (1 - s) / (s - 1) + z**-s / 2
    for j, b in enumerate(_BERNOULLI, 1):
        total = total + b / math.factorial(2 * j) * math.prod(range(s, s + 2 * j - 1)) * z ** (1 - s - 2 * j)
    return total


@op(method=False, x=lambda g, x, n: g * polygamma_of(x, n=n + 1))
def polygamma_of(x, *, n):
    """The n-th derivative of digamma, n at least 1: (-1)^(n+1) n! times the sum of (x + k)^-(n+1) over all k >= 0.

    Below 0, where x = w - m with w in [0, 1), the terms before w are the first m of the sum that begins at 1 - w.
    """
    x, s = as_floats(x), n + 1
    z = x.astype(np.float64)
    with np.errstate(all="ignore"):
        w = z - np.floor(z)
        before = (-1) ** s * (_powers(s, 1 - w) - _powers(s, 1 - np.minimum(z, 0)))
        total = np.where(z < 0, _powers(s, w) + before, _powers(s, np.maximum(z, 0)))
    return ((-1) ** s * math.factorial(n) * total).astype(x.dtype)


@function(method=False)
def polygamma(n, input):
    """The n-th derivative of digamma."""
    if n < 0:
        raise RuntimeError(f"polygamma(n, x): n must not be negative, got {n}")
    return polygamma_of(input, n=n) if n else digamma(input)


@function()
def mvlgamma(input, p):
    """The logarithm of the multivariate gamma function of p dims, of numbers above (p - 1) / 2."""
    if (input.array <= (p - 1) / 2).any():
        raise RuntimeError(f"mvlgamma: all elements must be greater than (p - 1) / 2 = {(p - 1) / 2}")
    terms = [lgamma(input - i / 2) for i in range(p)]
    return sum(terms) + p * (p - 1) / 4 * math.log(math.pi)


@function(np.sinc, inplace=True)
def sinc(input):
    """sin(pi x) / (pi x), 1 at 0."""
    zero = np.equal(input, 0)
    x = math.pi * where(zero, 1, input)
    return where(zero, 1, np.sin(x) / x)


@function(inplace=True)
def logit(input, eps=None):
    """log(x / (1 - x)), of x kept between eps and 1 - eps."""
    x = input if eps is None else clamp(input, eps, 1 - eps)
    return np.log(x / (1 - x))


def _logcumsumexp_rule(g, x, out, dim):
    """The sum of g_j e^(x_i - out_j) over j >= i, by a recurrence whose factors e^(out_i - out_i+1) are at most 1."""
    if not g.ndim:
        return g
    x, out, g = (np.moveaxis(a, dim, 0) for a in (x, out, g))
    steps = np.where(np.isfinite(out[:-1]), out[:-1] - out[1:], -math.inf)
    factors = np.exp(np.concatenate([steps, np.zeros_like(out[:1])]))
    later = np.flip(recurrence(np.flip(factors, 0), np.flip(g, 0)), 0)
    return np.moveaxis(later * np.exp(x - np.where(np.isfinite(out), out, 0)), 0, dim)


def _logaddexp(x, y):
    """log(e^x + e^y) of complex numbers, which NumPy does not have."""
    less, more = (np.where(x.real < y.real, *pair) for pair in ((x, y), (y, x)))
    with np.errstate(invalid="ignore"):  # where both are log 0
        return np.where(np.isneginf(more.real), more, more + np.log1p(np.exp(less - more)))


@op(x=_logcumsumexp_rule)
def logcumsumexp(x, *, dim):
    """log of the running sum of e^x along dim, finite where x is."""
    one_dim(dim, x.ndim)
    x = as_floats(x)
    if not x.size or not x.ndim:
        return x.copy()
    if x.dtype.kind == "c":
        return np.moveaxis(np.stack(list(accumulate(np.moveaxis(x, dim, 0), _logaddexp))), 0, dim)
    return np.logaddexp.accumulate(x, dim)


@op(np.hypot, inplace=True, x=lambda g, x, out: g * (x / out), y=lambda g, y, out: g * (y / out))
def hypot(x, y):
    """sqrt(x^2 + y^2), without overflow on the way."""
    return np.hypot(x, y)


_degree = math.pi / 180
frac = short("frac", lambda input: input - trunc(input), "x less its integer part.", inplace=True)
deg2rad = short("deg2rad", lambda input: input * _degree, "Degrees in radians.", np.deg2rad, np.radians, inplace=True)
rad2deg = short("rad2deg", lambda input: input / _degree, "Radians in degrees.", np.rad2deg, np.degrees, inplace=True)
clamp_min = short("clamp_min", lambda input, min: clamp(input, min=min), "The greater of x and min.", inplace=True)
clamp_max = short("clamp_max", lambda input, max: clamp(input, max=max), "The smaller of x and max.", inplace=True)
rsub = short("rsub", lambda input, other, alpha=1: A.sub(other, input, alpha=alpha), "y - alpha x.", method=False)
positive = short("positive", lambda input: input, "x itself.")
isposinf = short(
    "isposinf", lambda input: np.equal(input, math.inf), "Whether x is infinite and positive, elementwise."
)
isneginf = short("isneginf", lambda input: np.equal(input, -math.inf), "Whether x is minus infinity, elementwise.")


nextafter = of_numpy("nextafter", "The next number from x in the direction of y, elementwise.", np.nextafter)
bitwise_left_shift = of_numpy("bitwise_left_shift", "x 2^y of whole numbers, by their bits.", np.left_shift)
bitwise_right_shift = of_numpy("bitwise_right_shift", "x 2^-y of whole numbers, rounded down.", np.right_shift)

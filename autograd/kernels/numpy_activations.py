"""gelu and silu in plain NumPy, by blocks that fit into the cache; both go to -0 far below 0."""

import math

import numpy as np

from autograd.kernels.error_function import in_blocks, normal_cdf
from autograd.kernels.half_precision import in_float32

TWICE_SQRT_2_OVER_PI = 2 * math.sqrt(2 / math.pi)
SQRT_2PI = math.sqrt(2 * math.pi)
GELU_CUBIC = 0.044715
STEEP = 625  # where x^2 is larger, the slope of gelu is 0 or 1


def _one_plus_exp(x):
    """1 + e^x, in the place of x; the sigmoid of -x is 1 over it, also where it is infinite."""
    with np.errstate(over="ignore"):
        np.exp(x, out=x)
    x += 1
    return x


def _gelu_erf(out, x):
    np.multiply(normal_cdf(x)[0], x, out=out)


def _gelu_tanh(out, x):  # (1 + tanh u) / 2 = 1 / (1 + e^-2u)
    with np.errstate(over="ignore"):
        np.multiply(x, x, out=out)
        out *= -GELU_CUBIC * TWICE_SQRT_2_OVER_PI
        out -= TWICE_SQRT_2_OVER_PI
        out *= x
    np.divide(x, _one_plus_exp(out), out=out)


@in_float32
def gelu(x, tanh):
    """x Phi(x), or its tanh approximation (Hendrycks and Gimpel 2016, section 2)."""
    return in_blocks(_gelu_tanh if tanh else _gelu_erf, x)


def _gelu_erf_slope(out, g, x):
    phi, gauss = normal_cdf(x)
    gauss *= 1 / SQRT_2PI
    gauss *= x
    phi += gauss
    np.multiply(phi, g, out=out)


def _gelu_tanh_slope(out, g, x):
    with np.errstate(over="ignore"):
        square = x * x
    np.minimum(square, STEEP, out=square)
    np.multiply(square, -GELU_CUBIC * TWICE_SQRT_2_OVER_PI, out=out)
    square *= 3 * GELU_CUBIC * TWICE_SQRT_2_OVER_PI
    square += TWICE_SQRT_2_OVER_PI
    out -= TWICE_SQRT_2_OVER_PI
    out *= x
    s = np.divide(1, _one_plus_exp(out), out=out)
    slope = 1 - s
    slope *= x
    slope *= s  # before it is multiplied by the square: s may be 0
    slope *= square
    s += slope
    s *= g


@in_float32
def gelu_backward(g, x, tanh):
    """The gradient of gelu's input."""
    return in_blocks(_gelu_tanh_slope if tanh else _gelu_erf_slope, g, x)


def _silu(out, x):
    np.divide(x, _one_plus_exp(np.negative(x, out=out)), out=out)


@in_float32
def silu(x):
    """x sigmoid(x)."""
    return in_blocks(_silu, x)


def _silu_slope(out, g, x):
    s = 1 / _one_plus_exp(np.negative(x, out=out))
    np.subtract(1, s, out=out)
    out *= x
    out += 1
    out *= s
    out *= g


@in_float32
def silu_backward(g, x):
    """The gradient of silu's input: g s (1 + x (1 - s))."""
    return in_blocks(_silu_slope, g, x)

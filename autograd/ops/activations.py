"""Activations that neural.py has no place for: each is one op, so that it can work in place with what it saves."""

from __future__ import annotations

import numpy as np

from autograd.ops.elementwise import constant_in, select, sigmoid
from autograd.ops.neural import softplus
from autograd.ops.table import op
from autograd.ops.transcendental import tanh

__all__ = ["hardshrink", "hardsigmoid", "hardswish", "mish", "prelu", "rrelu", "softshrink", "threshold"]


def _mish_rule(g, x):
    t = tanh(softplus(x))
    return g * (t + x * sigmoid(x) * (1 - t * t))


@op(method=False, x=_mish_rule)
def mish(x):
    """x tanh(softplus(x)) (Misra 2019)."""
    return x * np.tanh(softplus(x))


@op(method=False, x=lambda g, x: np.where(x <= -3, g * 0, np.where(x < 3, g * (x / 3 + 0.5), g)))
def hardswish(x):
    """x hardsigmoid(x) (Howard et al. 2019)."""
    return x * (np.clip(x + 3, 0, 6) / 6)


@op(method=False, x=lambda g, x: select(np.logical_and(x > -3, x < 3), g / 6, x))
def hardsigmoid(x):
    """x / 6 + 1 / 2, kept between 0 and 1."""
    return np.clip(x + 3, 0, 6) / 6


@op(method=False, x=lambda g, x, threshold: select(x > threshold, g, x))
def threshold(x, *, threshold, value):
    """x where it is above the threshold, else `value`."""
    return np.where(x <= threshold, np.asarray(value, x.dtype), x)


@op(x=lambda g, x, lambd: select(np.logical_not(np.abs(x) <= lambd), g, x))
def hardshrink(x, *, lambd=0.5):
    """x where its magnitude is above lambd, else 0."""
    return np.where(np.abs(x) <= lambd, np.zeros((), x.dtype), x)


@op(method=False, x=lambda g, x, lambd: select(np.logical_not(np.abs(x) <= lambd), g, x))
def softshrink(x, *, lambd=0.5):
    """x moved by lambd towards 0, at most to 0."""
    return np.where(np.abs(x) <= lambd, np.zeros((), x.dtype), x - np.copysign(lambd, x).astype(x.dtype))


@op(method=False, x=lambda g, x, slope: constant_in(g * slope, x), saves=("slope",))
def rrelu(x, *, lower, upper, rng):
    """x where it is positive, else x times a slope drawn between lower and upper (from the NumPy generator rng)."""
    slope = np.where(x > 0, 1, rng.uniform(lower, upper, x.shape)).astype(x.dtype)
    return x * slope, slope


@op(
    method=False,
    x=lambda g, x, weight: np.where(x > 0, g, g * weight),
    weight=lambda g, x: select(np.logical_not(x > 0), g * x),
)
def prelu(x, weight):
    """x where it is positive, else weight x (He et al. 2015)."""
    return np.where(x > 0, x, x * weight)

"""Elementwise functions made of ops: how to draw arguments, NumPy's result, and the function of a module that has it.

The module is `autograd` or `torch`.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from hypothesis import strategies as st

from autograd.testing import arrays, positive
from tests.properties.calls import PAIR, away_from, of_arrays, one, two

POWERS = of_arrays(PAIR.flatmap(lambda s: st.tuples(positive(s[0]), arrays(s[1]))))

ELEMENTWISE: dict[str, tuple[Any, Callable, Callable[[Any], Callable]]] = {
    "xlogy": (POWERS.map(lambda c: c._replace(args=c.args[::-1])), lambda x, y: x * np.log(y), lambda m: m.xlogy),
    "sinc": (away_from(0), np.sinc, lambda m: m.sinc),
    "logit": (
        one(0.2, 0.8, eps=st.sampled_from([None, 0.1])),
        lambda x, eps: np.log(x / (1 - x)),
        lambda m: m.logit,
    ),
    "frac": (away_from(*range(-3, 4)), lambda x: np.modf(x)[0], lambda m: m.frac),
    "deg2rad": (one(), np.deg2rad, lambda m: m.deg2rad),
    "rad2deg": (one(), np.rad2deg, lambda m: m.rad2deg),
    "clamp_min": (away_from(1, min=st.just(1)), lambda x, min: np.maximum(x, min), lambda m: m.clamp_min),
    "clamp_max": (away_from(1, max=st.just(1)), lambda x, max: np.minimum(x, max), lambda m: m.clamp_max),
    "rsub": (two(alpha=st.sampled_from([1, 2])), lambda x, y, alpha: y - alpha * x, lambda m: m.rsub),
}

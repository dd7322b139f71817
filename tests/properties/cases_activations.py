"""How to draw arguments for the ops of autograd/ops/activations.py."""

from typing import Any

import numpy as np
from hypothesis import strategies as st

from autograd.testing import arrays, separated, shapes
from tests.properties.calls import ANY, away_from, call, one


class SameSlopes:
    """In place of a generator: the same numbers at every call, as finite differences need."""

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def uniform(self, low: float, high: float, shape: tuple) -> np.ndarray:
        return np.random.default_rng(self.seed).uniform(low, high, shape)


SHRINK = {"lambd": st.sampled_from([0.5, 1.0])}
SLOPES = {"lower": st.just(0.1), "upper": st.just(0.3), "rng": st.integers(0, 99).map(SameSlopes)}

CASES: dict[str, Any] = {
    "mish": one(),
    **dict.fromkeys(("hardswish", "hardsigmoid"), call(separated(ANY, -5, 5, (-3, 3)))),
    "threshold": away_from(0.5, threshold=st.just(0.5), value=st.sampled_from([-1.0, 7])),
    "hardshrink": away_from(-1, -0.5, 0.5, 1, **SHRINK),
    "softshrink": away_from(-1, -0.5, 0.5, 1, **SHRINK),
    "rrelu": away_from(0, **SLOPES),
    "prelu": shapes(min_dims=1).flatmap(lambda s: call(separated(s, kinks=(0,)), arrays(s[-1:]))),
}

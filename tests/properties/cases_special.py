"""How to draw arguments for the ops of `autograd.ops.special`."""

from typing import Any

import numpy as np
from hypothesis import strategies as st

from autograd.testing import integers, separated_arrays, shapes
from tests.properties.calls import PAIR, along, away_from, of_arrays, one, two


def between_poles(**keywords: Any) -> Any:
    """Arguments that lie at least 0.2 away from the poles of lgamma and its derivatives, also below 0."""
    return st.builds(
        lambda c, n: c._replace(args=(np.asarray(c.args[0] - n),)), one(0.2, 0.8, **keywords), st.integers(0, 2)
    )


ORDERS = st.integers(1, 3)
COUNTS = of_arrays(PAIR.flatmap(lambda s: st.tuples(integers(s[0], -50, 50), integers(s[1], 0, 6))))

CASES: dict[str, Any] = {
    "erfc": one(),
    "erfinv": one(-0.9, 0.9),
    "lgamma": one(0.2, 6) | between_poles(),
    "digamma": one(0.2, 12) | between_poles(),
    "polygamma_of": one(0.5, 6, n=ORDERS) | between_poles(n=ORDERS),
    "logcumsumexp": along(shapes()),
    "hypot": two(0.2, 3),
    "frexp": away_from(-2, -1, -0.5, -0.25, 0, 0.25, 0.5, 1, 2),  # where the exponent changes
    "copysign": of_arrays(PAIR.flatmap(lambda s: separated_arrays(s, kinks=(0,), gap=0.025))),
    "nextafter": two(),
    **dict.fromkeys(("bitwise_left_shift", "bitwise_right_shift"), COUNTS),
}

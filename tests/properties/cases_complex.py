"""How to draw arguments for the ops of `autograd.ops.complex_numbers`; composed_complex.py has their properties."""

from typing import Any

import numpy as np
from hypothesis import strategies as st

from autograd.testing import arrays, shapes
from tests.properties.calls import ANY, Call, call

NUMBERS = ANY.flatmap(lambda s: call(arrays(s), arrays(s))).map(
    lambda c: Call((np.asarray(c.args[0] + 1j * c.args[1]),), {})
)

CASES: dict[str, Any] = {
    "view_as_complex": call(arrays(shapes().map(lambda s: (*s, 2)))),
    "complex": ANY.flatmap(lambda s: call(arrays(s), arrays(s))),
    "fourier": shapes(min_dims=1).flatmap(
        lambda s: call(arrays(s), dim=st.integers(-len(s), len(s) - 1), norm=st.just("ortho"), inverse=st.booleans())
    ),
    **dict.fromkeys(("view_as_real", "real", "imag", "conj"), NUMBERS),
}

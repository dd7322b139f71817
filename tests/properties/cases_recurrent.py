"""How to draw the arguments of the recurrent layers, packed sequences among them."""

from typing import Any

import numpy as np
from hypothesis import strategies as st

from autograd.ops import CELLS
from autograd.testing import arrays, booleans
from tests.properties.calls import Call


@st.composite
def layers(draw: Any) -> Call:
    kind = draw(st.sampled_from(sorted(CELLS)))
    size, sums = draw(st.integers(1, 2)), CELLS[kind].sums
    batch_sizes = tuple(sorted(draw(st.lists(st.integers(1, 3), min_size=1, max_size=3)), reverse=True))
    rows, batch = sum(batch_sizes), batch_sizes[0]
    x, h = draw(arrays((rows, sums * size))), draw(arrays((batch, size)))
    c = draw(arrays((batch, size))) if kind == "LSTM" else None
    weight = draw(arrays((sums * size, size)))
    bias = draw(st.none() | arrays((sums * size,)))
    if kind == "RNN_RELU":  # the state's share of a sum is kept smaller than the input's, and so the sum away from 0
        x = np.where(draw(booleans(x.shape)), 2 + x / 6, x / 6 - 2)
        weight, bias = weight / 24, None
    return Call((x, h, c, weight, bias), {"kind": kind, "batch_sizes": batch_sizes, "reverse": draw(st.booleans())})


CASES = {"recurrent_layer": layers()}

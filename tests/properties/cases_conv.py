"""How to draw the arguments of the ops of convolution, pooling and images."""

from typing import Any

from autograd.planes import Steps, output_size
from hypothesis import strategies as st

from autograd.testing import arrays
from tests.properties.calls import Call


@st.composite
def convolved(draw: Any, argument: str = "") -> Call:
    """An input, a weight and a bias; or, in the place of the `argument`, the gradient of the output."""
    dims, groups = draw(st.integers(1, 2)), draw(st.integers(1, 2))
    each = lambda low, high: tuple(draw(st.integers(low, high)) for _ in range(dims))  # noqa: E731
    size, kernel = each(1, 4), each(1, 3)
    steps = Steps(each(1, 3), each(0, 2), each(1, 2), groups)
    size = tuple(max(n, d * (k - 1) + 1 - 2 * p) for n, k, d, p in zip(size, kernel, steps.dilation, steps.padding))
    n, c, o = draw(st.integers(0, 2)), groups * draw(st.integers(1, 2)), groups * draw(st.integers(1, 2))
    x, weight = (n, c, *size), (o, c // groups, *kernel)
    y = (n, o, *output_size(size, kernel, steps))
    if argument == "weight":
        return Call((draw(arrays(y)), draw(arrays(x))), {"size": kernel, "steps": steps})
    first, outputs, keywords = (y, c, {"size": size}) if argument == "x" else (x, o, {})
    bias = draw(st.none() | arrays((outputs,)))
    return Call((draw(arrays(first)), draw(arrays(weight)), bias), {**keywords, "steps": steps})


CASES: dict[str, Any] = {
    "convolution": convolved(),
    "convolution_input": convolved("x"),
    "convolution_weight": convolved("weight"),
}

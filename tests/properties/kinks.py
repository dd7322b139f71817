"""Where a derivative is a matter of choice: the function, where, and the gradients of its sum, PyTorch's choice."""

import math
from collections.abc import Callable
from typing import Any

INF, NAN = math.inf, math.nan
LN2 = math.log(2)

# name: (function of a module, `autograd` or `torch`, and of the inputs), inputs, gradients of the sum of the result
KINKS: dict[str, tuple[Callable, list, list]] = {
    "relu": (lambda m, x: m.relu(x), [[-1.0, 0.0, 1.0]], [[0, 0, 1]]),
    "abs": (lambda m, x: m.abs(x), [[-1.0, 0.0, 1.0]], [[-1, 0, 1]]),
    "sign": (lambda m, x: m.sign(x), [[-1.0, 0.0, 1.0]], [[0, 0, 0]]),
    "clamp on its bounds": (
        lambda m, x: m.clamp(x, -1.0, 1.0),
        [[-2.0, -1.0, 0.0, 1.0, 2.0]],
        [[0, 1, 1, 1, 0]],
    ),
    "clamp by tensors": (
        lambda m, x, low, high: m.clamp(x, low, high),
        [[-1.0, 1.0, 3.0, 1.0], [-2.0, 0.0, 0.0, 2.0], [2.0, 1.0, 2.0, 3.0]],
        [[1, 1, 0, 0], [0, 0, 0, 1], [0, 0, 1, 0]],
    ),
    "maximum of equals": (
        lambda m, x, y: m.maximum(x, y),
        [[0.0, 1.0, 2.0], [0.0, 1.0, 1.0]],
        [[0.5, 0.5, 1], [0.5, 0.5, 0]],
    ),
    "minimum of equals": (
        lambda m, x, y: m.minimum(x, y),
        [[0.0, 1.0, 2.0], [0.0, 1.0, 1.0]],
        [[0.5, 0.5, 0], [0.5, 0.5, 1]],
    ),
    "max with ties": (lambda m, x: m.max(x), [[3.0, 1.0, 3.0, 3.0]], [[1 / 3, 0, 1 / 3, 1 / 3]]),
    "min with ties": (lambda m, x: m.min(x), [[1.0, 1.0, 3.0, 3.0]], [[0.5, 0.5, 0, 0]]),
    "amax with ties": (
        lambda m, x: m.amax(x, 1),
        [[[3.0, 1.0, 3.0], [2.0, 2.0, 2.0]]],
        [[[0.5, 0, 0.5], [1 / 3, 1 / 3, 1 / 3]]],
    ),
    "amin with ties": (
        lambda m, x: m.amin(x, 0),
        [[[3.0, 1.0, 3.0], [3.0, 2.0, 2.0]]],
        [[[0.5, 1, 0], [0.5, 0, 1]]],
    ),
    "max along a dim with ties": (
        lambda m, x: m.max(x, 1)[0],
        [[[3.0, 1.0, 3.0], [2.0, 2.0, 2.0]]],
        [[[1, 0, 0], [1, 0, 0]]],
    ),
    "xlogy at 0": (lambda m, x, y: m.xlogy(x, y), [[0.0, 2.0], [2.0, 1.0]], [[LN2, 0], [0, 2]]),
    "sinc at 0": (lambda m, x: m.sinc(x), [[0.0, 1.0]], [[0, -1]]),
    "norm at 0": (lambda m, x: m.norm(x), [[0.0, 0.0]], [[0, 0]]),
    "norm of rows, one of zeros": (
        lambda m, x: m.norm(x, dim=1),
        [[[0.0, 0.0], [3.0, 4.0]]],
        [[[0, 0], [0.6, 0.8]]],
    ),
    "1-norm with a 0": (lambda m, x: m.norm(x, 1), [[0.0, 2.0]], [[0, 1]]),
    "3-norm at 0": (lambda m, x: m.norm(x, 3), [[0.0, 0.0]], [[0, 0]]),
    "3-norm with a 0": (lambda m, x: m.norm(x, 3), [[0.0, 2.0]], [[0, 1]]),
    "infinity norm with ties": (lambda m, x: m.norm(x, INF), [[-3.0, 3.0, 1.0]], [[-0.5, 0.5, 0]]),
    "std of equals": (lambda m, x: m.std(x), [[2.0, 2.0, 2.0]], [[0, 0, 0]]),
    "var of equals": (lambda m, x: m.var(x), [[2.0, 2.0, 2.0]], [[0, 0, 0]]),
    "prod with one zero": (lambda m, x: m.prod(x), [[2.0, 0.0, 3.0]], [[0, 6, 0]]),
    "prod with two zeros": (lambda m, x: m.prod(x), [[2.0, 0.0, 0.0]], [[0, 0, 0]]),
    "cumprod with zeros": (lambda m, x: m.cumprod(x, 0), [[2.0, 0.0, 3.0, 0.0, 5.0]], [[1, 8, 0, 0, 0]]),
    "sqrt at 0": (lambda m, x: m.sqrt(x), [[0.0, 4.0]], [[INF, 0.25]]),
    "x squared at 0": (lambda m, x: x**2, [[0.0, -1.0]], [[0, -2]]),
    "x to the 0": (lambda m, x: x**0, [[0.0, -1.0]], [[0, 0]]),
    "x to the 0.5 at 0": (lambda m, x: x**0.5, [[0.0, 4.0]], [[INF, 0.25]]),
    "x to the -1 at 0": (lambda m, x: x**-1, [[0.0, 4.0]], [[-INF, -1 / 16]]),
    "x to the y at 0": (
        lambda m, x, y: x**y,
        [[0.0, 0.0, 0.0, 2.0], [0.0, 1.0, 2.0, 0.0]],
        [[0, 1, 0, 0], [0, 0, 0, LN2]],
    ),
    "0 to the y": (lambda m, y: 0.0**y, [[0.0, 1.0, 2.0]], [[0, 0, 0]]),
    "log at 0": (lambda m, x: m.log(x), [[0.0, 1.0]], [[INF, 1]]),
    "reciprocal at 0": (lambda m, x: 1 / x, [[0.0, 1.0]], [[-INF, -1]]),
    "logaddexp of equals": (
        lambda m, x, y: m.logaddexp(x, y),
        [[0.0, 800.0, -800.0], [0.0, 800.0, 900.0]],
        [[0.5, 0.5, 0], [0.5, 0.5, 1]],
    ),
    "logsumexp with inf": (lambda m, x: m.logsumexp(x, 0), [[INF, 0.0, -INF]], [[NAN, 0, 0]]),
    "atan2 at the origin": (lambda m, y, x: m.atan2(y, x), [[0.0, 0.0], [0.0, -0.0]], [[0, 0], [0, 0]]),
    "logsumexp with -inf": (lambda m, x: m.logsumexp(x, 0), [[-INF, 0.0, 0.0]], [[0, 0.5, 0.5]]),
    "softmax with -inf": (lambda m, x: m.softmax(x, 0)[1], [[-INF, 0.0, 0.0]], [[0, 0.25, -0.25]]),
    "median of an even number": (lambda m, x: m.median(x), [[4.0, 1.0, 3.0, 2.0]], [[0, 0, 0, 1]]),
    "remainder at a multiple": (lambda m, x, y: m.remainder(x, y), [[4.0, -3.0], [2.0, 2.0]], [[1, 1], [-2, 2]]),
    "atan2 on the axes": (
        lambda m, y, x: m.atan2(y, x),
        [[0.0, 1.0, 0.0], [1.0, 0.0, -2.0]],
        [[1, 0, -0.5], [0, -1, 0]],
    ),
    "repeated indices": (lambda m, x: x[[0, 0, 1, 0]] ** 2, [[3.0, 4.0]], [[18, 8]]),
    "repeated rows": (
        lambda m, x: m.index_select(x, 0, m.tensor([1, 1, 0])),
        [[[3.0, 4.0], [5.0, 6.0]]],
        [[[1, 1], [2, 2]]],
    ),
    "repeated places to gather": (
        lambda m, x: m.gather(x, 1, m.tensor([[0, 0, 0], [1, 0, 1]])),
        [[[3.0, 4.0], [5.0, 6.0]]],
        [[[3, 0], [1, 2]]],
    ),
    "hardswish": (lambda m, x: m.nn.functional.hardswish(x), [[-4.0, -3.0, 0.0, 3.0, 4.0]], [[0, 0, 0.5, 1, 1]]),
    "hardsigmoid": (lambda m, x: m.nn.functional.hardsigmoid(x), [[-3.0, 3.0]], [[0, 0]]),
    "hardtanh": (lambda m, x: m.nn.functional.hardtanh(x), [[-1.0, 0.0, 1.0]], [[0, 1, 0]]),
    "relu6": (lambda m, x: m.nn.functional.relu6(x), [[0.0, 3.0, 6.0]], [[0, 1, 0]]),
    "softshrink": (lambda m, x: m.nn.functional.softshrink(x), [[-0.5, 0.0, 0.5, 1.0]], [[0, 0, 0, 1]]),
    "hardshrink": (lambda m, x: m.nn.functional.hardshrink(x), [[-0.5, 0.0, 0.5, 1.0]], [[0, 0, 0, 1]]),
    "leaky_relu": (lambda m, x: m.nn.functional.leaky_relu(x, 0.1), [[-1.0, 0.0, 1.0]], [[0.1, 0.1, 1]]),
    "threshold": (lambda m, x: m.nn.functional.threshold(x, 0.5, 0.1), [[0.0, 0.5, 1.0]], [[0, 0, 1]]),
    "a branch of where that is not taken": (
        lambda m, x: m.where(x > 0, m.exp(x), x * 3),
        [[0.0, -1.0]],
        [[3, 3]],
    ),
}


def at(make: Callable, name: str) -> tuple[Callable, list[Any]]:
    """The function of a kink, and its inputs as `make` makes them of nested lists."""
    function, inputs, _ = KINKS[name]
    return function, [make(x) for x in inputs]

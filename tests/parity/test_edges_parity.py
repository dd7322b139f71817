"""Elementwise ops at nan, the infinities, 0 and huge numbers, with upstream gradients of 1, 0, inf and nan."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autograd
from nn import functional

torch = pytest.importorskip("torch")
pytestmark = [pytest.mark.filterwarnings("ignore")]

INF, NAN = math.inf, math.nan
NUMBERS = [NAN, INF, -INF, 0.0, -0.0, 1.0, -1.0, 2.5, -2.5, 1e-3, 800.0, -800.0, 0.5, -0.5, 1e10, -1e10]
PAIRS = list(itertools.product([NAN, INF, -INF, 0.0, -0.0, 1.0, -1.0, 2.0, -2.5, 800.0, -800.0, 0.5], repeat=2))

UNARY = """
relu sigmoid abs floor ceil trunc round neg square reciprocal exp exp2 expm1 log log2 log10 log1p sqrt rsqrt sin cos tan
asin acos atan sinh cosh tanh asinh acosh atanh erf clone isnan isinf isfinite
"""
ACTIVATIONS = "relu leaky_relu relu6 hardtanh elu celu selu logsigmoid softplus softsign"
BINARY = "add sub mul div pow remainder fmod maximum minimum fmax fmin logaddexp atan2"
EXPRESSIONS = [
    *(f"m.{name}(x)" for name in UNARY.split()),
    *(f"F.{name}(x)" for name in ACTIVATIONS.split()),
    *(f"m.{name}(x, y)" for name in BINARY.split()),
    *(f"x**{p}" for p in (0, 1, 2, 3, -1, 1.5)),
    *(f"{b}**x" for b in (0.0, 2.0, -2.0, 1.0, "m.inf", "m.nan")),
    *(f"m.{name}(x, {d})" for name in ("remainder", "fmod") for d in (2.0, 0.0, "m.inf")),
    *(f"m.div(x, {y}, rounding_mode={mode!r})" for y in ("2.0", "y") for mode in ("floor", "trunc")),
    *(f"m.clamp(x, {bounds})" for bounds in ("-1, 1", "min=-1", "max=1.5", "-m.inf, m.inf", "min=m.nan", "min=y")),
    *(f"m.clamp({bounds})" for bounds in ("x, max=y", "x * 0 + 0.5, x, y")),
    *("m.where(x > y, x, y)", "m.where(x > 0, x, -x)", "x.masked_fill(x > 0, 1.0)", "m.lerp(x, y, 0.3)"),
    'F.binary_cross_entropy_with_logits(x, y, reduction="none")',
]
# What is different here, and why: at which (x, y).
AT_NAN = (
    lambda x, y: math.isnan(x),
    "the derivative at nan is nan; torch's is 0 of |x|, and of elu 1 in float32 alone",
)
DIFFERENT: dict[str, tuple[Callable, str]] = dict.fromkeys(["m.abs(x)", "F.elu(x)", "F.celu(x)", "F.selu(x)"], AT_NAN)


def gradients(expression: str, m: Any, f: Any, arrays: list, upstream: float, dtype: str) -> list[np.ndarray]:
    """The value, and the gradients by x and y."""
    inputs = [m.tensor(np.array(a, dtype), requires_grad=True) for a in arrays]
    out = eval(expression, {"m": m, "F": f} | dict(zip("xy", inputs)))
    found = [out.detach().numpy()]
    if out.requires_grad:
        seed = m.tensor(np.full(tuple(out.shape), upstream, dtype))
        for g in (m.autograd.grad if m is torch else m.grad)(out, inputs, seed, allow_unused=True):
            found.append(np.zeros(len(arrays[0])) if g is None else g.detach().numpy(force=True))
    return found


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_values_and_gradients_at_the_edges_equal_torchs(expression, dtype):
    arrays = [list(column) for column in zip(*PAIRS)] if re.search(r"\by\b", expression) else [NUMBERS]
    differs, _ = DIFFERENT.get(expression, (lambda *_: False, ""))
    compared = [i for i in range(len(arrays[0])) if not differs(*[a[i] for a in arrays], *[0.0] * (2 - len(arrays)))]
    close = {"float32": {"rtol": 3e-4, "atol": 1e-7}, "float64": {"rtol": 1e-6, "atol": 1e-30}}[dtype]
    for upstream in (1.0, INF, NAN, 0.0):
        theirs = gradients(expression, torch, torch.nn.functional, arrays, upstream, dtype)
        with np.errstate(all="ignore"):
            ours = gradients(expression, autograd, functional, arrays, upstream, dtype)
        for what, a, b in zip(("the value", "the gradient by x", "the gradient by y"), ours, theirs, strict=False):
            a, b = (np.asarray(v, float)[compared] for v in (a, b))
            np.testing.assert_allclose(a, b, **close, err_msg=f"{what}, upstream gradient {upstream}")


SECOND = [
    *(
        f"F.{name}(x)"
        for name in ("relu", "leaky_relu", "relu6", "hardtanh", "elu", "celu", "selu", "softplus", "silu")
    ),
    *(
        "m.abs(x)",
        "x.max()",
        "m.amax(x, 0)",
        "m.sort(x)[0]",
        "m.where(x > 0, x, -x)",
        "m.clamp(x, -1, 1)",
        "m.floor(x)",
    ),
    *("m.maximum(x, x * 0)", "m.remainder(x, 2.0)", "m.remainder(2.0 + 0 * x.detach(), x)", "x * 2", "x.sum()", "x**1"),
    *("F.nll_loss(x.view(1, 3), m.tensor([1]))", "x.norm(1)", "x.std()", "m.div(x, 2.0, rounding_mode='floor')"),
    *("F.cross_entropy(x.view(1, 3), m.tensor([1]))", "F.l1_loss(x, m.zeros(3))", "F.huber_loss(x, m.zeros(3))"),
]


@pytest.mark.parametrize("expression", SECOND)
def test_a_gradient_has_a_graph_where_torchs_has_one(expression):
    found = []
    for m, f in ((torch, torch.nn.functional), (autograd, functional)):
        x = m.tensor([-1.5, 0.3, 8.0], requires_grad=True)
        grad = m.autograd.grad if m is torch else m.grad
        (g,) = grad(eval(expression, {"m": m, "F": f, "x": x}).sum(), x, create_graph=True)
        (again,) = grad(g.sum(), x, allow_unused=True) if g.requires_grad else (None,)
        found.append(
            (g.requires_grad, g.detach().numpy(), np.zeros(3) if again is None else (again + 0).detach().numpy())
        )
    (theirs, *a), (ours, *b) = found
    assert ours == theirs
    np.testing.assert_allclose(b, a, rtol=1e-5, atol=1e-6)

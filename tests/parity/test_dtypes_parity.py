"""Every op's result for whole numbers, truth values and floats of every size: PyTorch's dtype, and its numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import autograd
from nn import functional

torch = pytest.importorskip("torch")
pytestmark = [pytest.mark.filterwarnings("ignore")]

DTYPES = "bool uint8 int8 int16 int32 int64 float16 float32 float64".split()
CLOSE = {"float16": 2e-3, "float32": 3e-6, "float64": 1e-12}
BASE = np.array([0, 1, 2, 3, 5])

OF_ONE = """
sigmoid abs sign floor ceil trunc round neg square reciprocal exp exp2 expm1 log log2 log10 log1p sqrt rsqrt sin cos tan
asin acos atan sinh cosh tanh asinh acosh atanh erf nan_to_num clone relu isnan isinf isfinite logical_not bitwise_not
sum mean var std amax amin prod argmax argmin any all count_nonzero max min median norm unique flatten
"""
ACTIVATIONS = "leaky_relu relu6 hardtanh elu celu selu silu mish logsigmoid softplus softsign"
WITH_NUMBERS = """
x + 1 | x + 1.0 | x + True | x - 1 | 1 - x | 1.0 - x | x * 2 | x * 2.0 | x / 2 | 1 / x | x // 2 | x // 2.0 | x % 2
x % 2.0 | x**2 | x**2.0 | 2.0**x | m.fmod(x, 2) | m.div(x, 2, rounding_mode="floor") | m.clamp(x, 0, 1)
m.div(x, 2, rounding_mode="trunc") | m.div(x, 2.0, rounding_mode="trunc") | m.clamp(x, 0.0, 1.5)
x.masked_fill(x > 0, 1) | m.where(x > 0, x, 1) | m.where(x > 0, x, 1.0) | m.lerp(x, x, 0.5) | m.addcmul(x, x, x)
m.cumsum(x, 0) | m.cumprod(x, 0) | m.sum(x, 0) | m.prod(x, 0) | m.sum(x, dtype=m.float32) | m.sum(x, dtype=m.int32)
m.prod(x, dtype=m.float32) | m.mean(x, dtype=m.float64) | m.cumsum(x, 0, dtype=m.float32)
m.cumprod(x, 0, dtype=m.float32) | x.norm(0) | x.norm(1) | m.softmax(x, 0) | m.sort(x)[0] | x @ x | m.full_like(x, 2)
m.arange(2.5, dtype=x.dtype) | m.arange(0.5, 3.5, dtype=x.dtype) | m.linspace(0, 3, 4, dtype=x.dtype)
m.linspace(0.5, 3.5, 3, dtype=x.dtype) | m.logsumexp(x, 0)
"""
OF_TWO = """
add sub mul div pow remainder fmod maximum minimum fmax fmin logaddexp atan2 floor_divide logical_and eq
"""
MIXED = """
m.where(x > 0, x, y) | m.div(x, y, rounding_mode="floor") | m.div(x, y, rounding_mode="trunc") | m.clamp(x, min=y)
m.cat([x.reshape(-1), y.reshape(-1)])
"""


def listed(text: str) -> list[str]:
    return [e.strip() for line in text.strip().splitlines() for e in line.split(" | ")]


UNARY = [
    *(f"m.{name}(x)" for name in OF_ONE.split()),
    *(f"F.{name}(x)" for name in ACTIVATIONS.split()),
    *listed(WITH_NUMBERS),
]
BINARY = [*(f"m.{name}(x, y)" for name in OF_TWO.split()), *listed(MIXED)]


def check(expression: str, *arrays: Any) -> None:
    """The same dtype, shape and numbers as torch's; what torch refuses is not compared."""
    results = []
    for m, f in ((torch, torch.nn.functional), (autograd, functional)):
        names = {"m": m, "F": f} | {name: m.tensor(a) for name, a in zip("xy", arrays)}
        try:
            with np.errstate(all="ignore"):
                results.append(eval(expression, names).detach())
        except Exception as error:
            results.append(error)
    theirs, ours = results
    if isinstance(theirs, Exception):
        return
    called = f"{expression} for {[(a.dtype, a.shape, a.tolist()) for a in arrays]}"
    assert not isinstance(ours, Exception), f"{called}: torch gives {theirs!r}, this engine {ours!r}"
    assert str(ours.dtype) == str(theirs.dtype).removeprefix("torch."), called
    assert tuple(ours.shape) == tuple(theirs.shape), called
    close = CLOSE.get(str(ours.dtype), 0)
    a, b = np.asarray(ours.tolist(), float), np.asarray(theirs.tolist(), float)
    np.testing.assert_allclose(a, b, rtol=close, atol=close / 10, err_msg=called)


@pytest.mark.parametrize("expression", UNARY)
def test_the_result_of_one_tensor_has_torchs_dtype(expression):
    for dtype in DTYPES:
        check(expression, BASE.astype(dtype))
        if dtype == "uint8":
            check(expression, (BASE + 200).astype(dtype))
        elif dtype != "bool":
            check(expression, (-BASE - 1).astype(dtype))


@pytest.mark.parametrize("expression", BINARY)
def test_the_result_of_two_tensors_of_any_dims_has_torchs_dtype(expression):
    for one in DTYPES:
        for other in DTYPES:
            x, y = BASE.astype(one), (BASE[::-1] + 1).astype(other)
            for pair in ((x, y), (x, y[0]), (x[1], y), (x[1], y[0])):
                check(expression, *map(np.asarray, pair))


@pytest.mark.parametrize("expression", ["x // y", "x % y", "m.fmod(x, y)", 'm.div(x, y, rounding_mode="trunc")'])
def test_whole_numbers_divided_by_0_are_refused_as_in_torch(expression):
    for dtype in ("uint8", "int8", "int32", "int64"):
        for m in (torch, autograd):
            names = {"m": m, "x": m.tensor(BASE.astype(dtype)), "y": m.tensor(BASE.astype(dtype))}
            with pytest.raises(RuntimeError):
                eval(expression, names)
    check(expression, BASE.astype("float32"), BASE.astype("int64"))


@pytest.mark.parametrize("mean", [0.0, "float16", "float32", "float64"])
@pytest.mark.parametrize("std", [1.0, "float16", "float32", "float64"])
def test_normal_numbers_have_the_dtype_of_the_first_tensor(mean, std):
    if isinstance(mean, float) and isinstance(std, float):
        return

    def of(m: Any) -> str:
        mean_, std_ = (m.ones(2, dtype=getattr(m, v)) if isinstance(v, str) else v for v in (mean, std))
        return str(m.normal(mean_, std_).dtype).removeprefix("torch.")

    assert of(autograd) == of(torch)


@pytest.mark.parametrize("name", [*DTYPES, "complex64", "complex128"])
def test_the_attributes_of_a_dtype_are_torch_s(name: str) -> None:
    ours, theirs = getattr(autograd, name), getattr(torch, name)
    for attribute in ("is_floating_point", "is_complex", "is_signed", "itemsize"):
        assert getattr(ours, attribute) == getattr(theirs, attribute), attribute
    assert f"torch.{ours.to_real()}" == str(theirs.to_real())
    if name[0] in "fc" and name != "float16":  # torch has a complex32
        assert f"torch.{ours.to_complex()}" == str(theirs.to_complex())


@pytest.mark.parametrize("name", [*DTYPES, "complex64", "complex128"])
def test_what_a_dtype_can_be_cast_to_is_torch_s(name: str) -> None:
    ours, theirs = getattr(autograd, name), getattr(torch, name)
    for other in [*DTYPES, "complex64", "complex128"]:
        assert autograd.can_cast(ours, getattr(autograd, other)) == torch.can_cast(theirs, getattr(torch, other)), other
    assert autograd.zeros(1, dtype=ours).is_signed() == torch.zeros(1, dtype=theirs).is_signed()

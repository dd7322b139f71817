"""`testing.assert_close` passes and fails where torch's does, with the same words."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd
from autograd.testing import seeds, shapes
from tests.autograd.test_closeness import PAIRS

torch = pytest.importorskip("torch")


def outcome(module, actual, expected, options):
    """The type and the words of the error, or None."""

    def converted(x):
        if isinstance(x, dict):
            return {key: converted(v) for key, v in x.items()}
        if isinstance(x, (list, tuple)):
            return type(x)(converted(v) for v in x)
        return module.tensor(x) if isinstance(x, np.ndarray) else x

    try:
        module.testing.assert_close(converted(actual), converted(expected), **options)
    except Exception as error:
        names = ("torch.Tensor", "autograd.tensor.Tensor")
        return type(error).__name__, str(error).replace(names[1], names[0])
    return None


OPTIONS = [
    {}, {"rtol": 0, "atol": 0.5}, {"rtol": 0, "atol": 0}, {"rtol": 0.1}, {"equal_nan": True}, {"check_dtype": False},
    {"msg": "mine"},
]  # fmt: skip


@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("pair", [pair[:2] for pair in PAIRS], ids=range(len(PAIRS)))
def test_the_same_is_close_and_said(pair, options):
    assert outcome(autograd, *pair, options) == outcome(torch, *pair, options)


@settings(max_examples=150, deadline=None)
@given(
    rng=seeds(),
    shape=shapes(1, 3),
    dtypes=st.lists(st.sampled_from(["float32", "float64", "float16", "int64"]), min_size=2, max_size=2),
    size=st.sampled_from([1e-9, 1e-6, 1e-4, 0.1]),
    check_dtype=st.booleans(),
)
def test_near_the_tolerances(rng, shape, dtypes, size, check_dtype):
    base = rng.standard_normal(shape) * 10
    other = base * (1 + size * rng.standard_normal(shape))
    pair = [a.astype(dtype) for a, dtype in zip((base, other), dtypes, strict=True)]
    ours, theirs = (outcome(module, *pair, {"check_dtype": check_dtype}) for module in (autograd, torch))
    assert (ours is None) == (theirs is None)
    if dtypes[0] == dtypes[1] and dtypes[0] != "float16":
        assert ours == theirs


@settings(max_examples=150, deadline=None)
@given(
    rng=seeds(), shape=shapes(0, 3), dtypes=st.tuples(*[st.sampled_from(["float32", "float64", "float16"])] * 2),
    size=st.sampled_from([1e-9, 1e-6, 1e-5, 1e-4, 0.1]), kind=st.sampled_from(["tensor", "list"]),
    options=st.sampled_from([{}, {"rtol": 1e-5, "atol": 0.0}, {"equal_nan": False}, {"msg": "mine"}]),
)  # fmt: skip
@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_the_older_form_passes_and_fails_where_torchs_does(rng, shape, dtypes, size, kind, options):
    a = rng.standard_normal(shape) * rng.choice([1.0, np.nan], shape, p=[0.9, 0.1])
    b = (a * (1 + size * rng.standard_normal(shape))).astype(dtypes[1])
    found = []
    for module in (autograd, torch):
        expected = module.tensor(b) if kind == "tensor" else b.tolist()
        try:
            module.testing.assert_allclose(module.tensor(a.astype(dtypes[0])), expected, **options)
        except AssertionError as error:
            found.append(str(error) == "mine" or len(str(error).splitlines()))
        else:
            found.append(None)
    assert found[0] == found[1]

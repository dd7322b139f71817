"""Tensors print as torch's, whatever the numbers, the shape and the options."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd
from autograd.testing import seeds, shapes

torch = pytest.importorskip("torch")

DTYPES = ("float16", "float32", "float64", "int64", "int32", "uint8", "bool", "complex64", "complex128")
OPTIONS = st.fixed_dictionaries(
    {"profile": st.sampled_from(["default", "short", "full"])},
    optional={
        "precision": st.sampled_from([0, 2, 6]),
        "threshold": st.sampled_from([5, 50]),
        "edgeitems": st.sampled_from([0, 1, 2]),
        "linewidth": st.sampled_from([40, 120]),
        "sci_mode": st.booleans(),
    },
)


@pytest.fixture(autouse=True, scope="module")
def usual_options():
    yield
    autograd.set_printoptions(profile="default")
    torch.set_printoptions(profile="default")


def numbers(rng, shape, dtype, spread, special):
    """Numbers of one scale or of many, whole ones at times, with zeros, infinities and nan among them."""
    array = np.asarray(rng.standard_normal(shape) * 10.0 ** rng.integers(-6, 9))
    array = np.round(array) if spread == "whole" else array * 10.0 ** rng.integers(-4, 4, shape) if spread else array
    array = np.asarray(array)
    if dtype.startswith("complex"):
        array = array + 1j * np.roll(array.ravel(), 1).reshape(shape) * rng.choice([1, -1, 1000])
    if array.size and special is not None:
        array.flat[rng.integers(array.size)] = special
        array = array.conj()  # then the imaginary part of that number is -0.0
    with np.errstate(all="ignore"):
        return (np.nan_to_num(np.abs(array)) % 256 if dtype == "uint8" else array).astype(dtype)


@settings(max_examples=600, deadline=None)
@given(
    rng=seeds(),
    shape=shapes(0, 4, 0, 4) | shapes(1, 2, 1, 60),
    dtype=st.sampled_from(DTYPES),
    spread=st.sampled_from(["", "wide", "whole"]),
    special=st.sampled_from([None, 0.0, -0.0, np.nan, np.inf, -np.inf]),
    options=OPTIONS,
    requires_grad=st.booleans(),
)
@pytest.mark.filterwarnings("ignore")
def test_a_tensor_prints_as_torchs(rng, shape, dtype, spread, special, options, requires_grad):
    array = numbers(rng, shape, dtype, spread, special)
    requires_grad = requires_grad and array.dtype.kind == "f"
    autograd.set_printoptions(**options)
    torch.set_printoptions(**options)
    expected = repr(torch.tensor(array, requires_grad=requires_grad))
    assert repr(autograd.tensor(array, requires_grad=requires_grad)) == expected

"""`testing.assert_close`: what is close, and what is said of what is not."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd as ag
from autograd.testing import assert_close, dtypes, seeds, shapes

ONE = np.array([1.0, 2.0], np.float32)
NAN = np.array([np.inf, np.nan])

# actual, expected, and a part of the message, if they are not close with the default settings
PAIRS = [
    (ONE, ONE + np.float32(1e-7), None),
    (ONE, ONE * 2, r"Tensor-likes are not close!\n\nMismatched elements: 2 / 2 \(100.0%\)\nGreatest absolute diff"),
    (ONE, ONE.astype(np.float64), r"attribute 'dtype' do not match: torch.float32 != torch.float64"),
    (ONE, ONE[:1], r"attribute 'shape' do not match: torch.Size\(\[2\]\) != torch.Size\(\[1\]\)"),
    (
        1.0,
        2.0,
        r"Scalars are not close!\n\nExpected 2.0 but got 1.0.\nAbsolute difference: 1.0 \(up to 1e-07 allowed\)",
    ),
    (1, 1.0, r"The \(d\)types do not match: <class 'int'> != <class 'float'>"),
    (1, 2, r"Scalars are not equal!\n\nExpected 2 but got 1.\nAbsolute difference: 1\nRelative difference: 0.5$"),
    (True, False, "Booleans mismatch: True is not False"),
    (True, True, None),
    (None, None, None),
    (None, 1, "None mismatch: None is not 1"),
    ("a", "a", "No comparison pair was able to handle inputs of type <class 'str'> and <class 'str'>"),
    (ONE, 1.0, "No comparison pair was able to handle"),
    ([ONE, ONE], [ONE, ONE + 1], r"(?s)not close!.*The failure occurred for item \[1\]$"),
    ([1], [1, 2], "The length of the sequences mismatch: 1 != 2"),
    ([[1], [1]], [[1], [1, 2]], r"(?s)mismatch: 1 != 2\n\nThe failure occurred for item \[1\]"),
    ({"a": ONE}, {"a": ONE + 1}, r"The failure occurred for item \['a'\]"),
    (
        {"a": ONE},
        {"b": ONE},
        r"Missing keys in the actual mapping: \['b'\]\nAdditional keys in the actual mapping: \['a",
    ),
    ({}, {"b": ONE}, r"Missing keys in the actual mapping: \['b'\]\nAdditional keys in the actual mapping: \[\]$"),
    ({"a": ONE}, {}, r"Missing keys in the actual mapping: \[\]\nAdditional keys in the actual mapping: \['a'\]$"),
    ((ONE,), [ONE], None),
    ({"a": [1.0, (2.0,)]}, {"a": [1.0, (3.0,)]}, r"The failure occurred for item \['a'\]\[1\]\[0\]"),
    (np.array(1.0), np.array(3.0), r"Scalars are not close!\n\nExpected 3.0 but got 1.0"),
    (np.array(0), np.array(2), r"Expected 2 but got 0"),
    (np.array(2.0), np.array(0.0), "Relative difference: inf"),
    (np.array([True]), np.array([False]), "Mismatched elements: 1 / 1"),
    (NAN, NAN, r"Mismatched elements: 1 / 2 \(50.0%\)"),
    (np.array([np.inf]), np.array([1.0]), r"Greatest absolute difference: inf at index \(0,\)"),
    (np.array([0.0, 1.0]), np.array([1.0, 0.0]), r"Greatest relative difference: inf at index \(1,\)"),
    (np.array([1, 2]), np.array([1, 4]), r"Tensor-likes are not equal!\n\nMismatched elements: 1 / 2"),
    (np.zeros((0, 2)), np.zeros((0, 2)), None),
]


def tensors(x):
    """The same structure with tensors in the place of arrays."""
    if isinstance(x, dict):
        return {key: tensors(v) for key, v in x.items()}
    if isinstance(x, (list, tuple)):
        return type(x)(tensors(v) for v in x)
    return ag.tensor(x) if isinstance(x, np.ndarray) else x


@pytest.mark.parametrize("made", [tensors, lambda x: x], ids=["tensors", "arrays"])
@pytest.mark.parametrize(("actual", "expected", "message"), PAIRS, ids=range(len(PAIRS)))
def test_the_message_says_what_is_not_close_and_where(actual, expected, message, made):
    if message is None:
        assert_close(made(actual), made(expected))
        return
    with pytest.raises((AssertionError, TypeError)) as caught:
        assert_close(made(actual), made(expected))
    assert re.search(message, str(caught.value))


@given(rng=seeds(), shape=shapes(0, 3, min_side=0), dtype=dtypes(), rtol=st.floats(0, 0.1), atol=st.floats(0, 0.1))
def test_close_is_what_lies_within_the_tolerances(rng, shape, dtype, rtol, atol):
    expected = np.asarray(rng.normal(size=shape), dtype)
    actual = np.asarray(expected + rng.normal(size=shape) * 0.05 * (rng.random(shape) < 0.5), dtype)
    far = np.abs(actual - expected) > atol + rtol * np.abs(expected)
    if not far.any():
        assert_close(actual, expected, rtol=rtol, atol=atol)
        return
    with pytest.raises(AssertionError, match="not close" if rtol or atol else "not equal") as caught:
        assert_close(actual, expected, rtol=rtol, atol=atol)
    if shape:
        difference = np.where(far, np.abs(actual - expected), 0)
        at = tuple(int(i) for i in np.unravel_index(difference.argmax(), shape))
        assert f"Mismatched elements: {far.sum()} / {far.size}" in str(caught.value)
        assert f"Greatest absolute difference: {difference.max().item()} at index {at}" in str(caught.value)


@pytest.mark.parametrize(("dtype", "relative"), [("float16", 1e-3), ("float32", 1.3e-6), ("float64", 1e-7)])
@given(seeds())
def test_the_default_tolerances_are_those_of_the_dtype(dtype, relative, rng):
    expected = rng.uniform(1e3, 2e3, 5).astype(dtype)
    step = np.spacing(expected)
    assert_close((expected + np.maximum(0.9 * relative * expected - step, 0)).astype(dtype), expected)
    with pytest.raises(AssertionError, match="not close"):
        assert_close((expected + 1.1 * relative * expected + 2 * step).astype(dtype), expected)


def test_of_two_dtypes_the_wider_tolerance_counts():
    a, b = ag.tensor([1.0, 2.0]), ag.tensor([1.0, 2.0 + 1e-6], dtype=ag.float64)
    assert_close(a, b, check_dtype=False)
    with pytest.raises(AssertionError, match="dtype"):
        assert_close(a, b)
    assert_close(1, 1.0, check_dtype=False)


def test_options():
    assert_close(NAN, NAN.copy(), equal_nan=True)
    x = ag.tensor(np.arange(4.0).reshape(2, 2))
    assert_close(x.t(), x.t().contiguous())
    with pytest.raises(AssertionError, match=re.escape("attribute 'stride()' do not match: (1, 2) != (2, 1)")):
        assert_close(x.t(), x.t().contiguous(), check_stride=True)
    with pytest.raises(ValueError, match="either specified or omitted, but got no atol"):
        assert_close(x, x, rtol=0.1)
    with pytest.raises(AssertionError, match="^mine$"):
        assert_close(1, 2, msg="mine")
    with pytest.raises(AssertionError, match="^Scalars are not equal!(?s:.*) Look at it$"):
        assert_close(1, 2, msg=lambda text: text + " Look at it")

"""The strategies hold what they promise, and the engine does not need them."""

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import find, given
from hypothesis import strategies as st

from autograd import testing


@given(testing.broadcastable(3).flatmap(lambda s: testing.separated_arrays(s, kinks=(0, 1.5), gap=0.015)))
def test_separated_values_keep_their_distance_from_each_other_and_from_kinks(arrays):
    values = np.sort(np.concatenate([[0, 1.5], *[a.reshape(-1) for a in arrays]]))
    assert np.diff(values).min() >= 0.015 - 1e-12
    assert np.abs(values).max() <= 3


@given(st.data())
def test_separated_arrays_have_the_shapes_and_the_dtype_that_are_asked_for(data):
    shapes = data.draw(testing.broadcastable(2, min_side=0))
    dtype = data.draw(testing.dtypes())
    found = data.draw(testing.separated_arrays(shapes, dtype=dtype))
    assert tuple(a.shape for a in found) == shapes
    assert {a.dtype for a in found} == {dtype}


def test_what_does_not_fit_is_a_clear_error():
    with pytest.raises(ValueError, match=r"100 values, 0.5 apart, do not fit between -3.0 and 3.0"):
        testing.separated((100,), gap=0.5)


@given(testing.broadcastable(3, min_side=0))
def test_broadcastable_shapes_broadcast(shapes):
    np.broadcast_shapes(*shapes)


@given(testing.shapes(), testing.broadcastable())
def test_shapes_have_up_to_three_dims_of_up_to_three_elements_and_two_broadcast_by_default(shape, pair):
    assert len(pair) == 2
    for each in (shape, *pair):
        assert len(each) <= 3 and all(1 <= n <= 3 for n in each)


@given(testing.positive(testing.shapes(min_side=0), low=0.5))
def test_positive_arrays_are_positive(x):
    assert (x >= 0.5).all()


@given(testing.shapes(min_side=0).flatmap(lambda s: st.tuples(st.just(s), testing.indices(s))))
def test_indices_fit_their_shape(pair):
    shape, index = pair
    np.zeros(shape)[index]


@pytest.mark.parametrize("kind", ["repeats", "truth values", "several arrays", "a new axis", "an ellipsis", "a slice"])
def test_indices_are_of_every_kind(kind):
    def holds(index):
        parts = index if isinstance(index, tuple) else (index,)
        found = [p for p in parts if isinstance(p, np.ndarray)]
        return {
            "repeats": any(p.dtype.kind == "i" and p.size > np.unique(p).size for p in found),
            "truth values": any(p.dtype == bool for p in found),
            "several arrays": len(found) > 1,
            "a new axis": any(p is None for p in parts),
            "an ellipsis": any(p is Ellipsis for p in parts),
            "a slice": any(isinstance(p, slice) and p != slice(None) for p in parts),
        }[kind]

    find(testing.indices((3, 2)), holds)


def run(code):
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)


def test_the_engine_does_not_import_hypothesis():
    done = run("import sys, autograd; sys.exit('hypothesis' in sys.modules)")
    assert done.returncode == 0, done.stderr


def test_without_hypothesis_the_error_names_the_extra():
    done = run("import sys; sys.modules['hypothesis'] = None; import autograd.testing.strategies")
    assert done.stderr.strip().endswith('pip install "chainrule[dev]"')

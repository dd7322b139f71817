"""x[index] and x[index] = value beside PyTorch's, for everything that PyTorch takes as an index."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd as ag
from tests.properties.calls import examples

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.filterwarnings("ignore:Using a non-tuple sequence")


def several(size, count):
    """Numbers below the size, in the forms that a program may have them in."""
    numbers = st.lists(st.integers(-size, size - 1), min_size=count, max_size=count)
    forms = [list, tuple, np.array, lambda values: ("tensor", values)]
    return st.builds(lambda values, form: form(values), numbers, st.sampled_from(forms))


def part(size, count):
    """A part of an index that takes one dim."""
    ends = st.none() | st.integers(-size, size)
    mask = [True] * count + [False] * (size - count)
    masks = st.permutations(mask) if count <= size else st.nothing()
    return (
        st.integers(-size, size - 1)
        | st.builds(slice, ends, ends, st.none() | st.just(2))
        | several(size, count)
        | several(size, 1)
        | st.integers(0, size - 1).map(lambda value: ("tensor", value))
        | masks.map(list)
        | masks.map(lambda values: ("tensor", values))
    )


@st.composite
def shapes_and_indices(draw):
    shape = draw(st.lists(st.integers(1, 3), min_size=1, max_size=4))
    count = draw(st.integers(1, 3))
    parts = [draw(part(size, count)) for size in shape[: draw(st.integers(0, len(shape)))]]
    for extra in draw(st.lists(st.sampled_from([None, True, False]), max_size=1)):
        parts.insert(draw(st.integers(0, len(parts))), extra)
    if draw(st.booleans()):
        parts.insert(len(parts), ...)
    index = draw(st.sampled_from([tuple(parts), parts, *parts[:1]]))
    return shape, index


def given_to(library, index):
    """The index with this library's tensors in it."""
    if isinstance(index, tuple) and index[:1] == ("tensor",):
        return library.tensor(index[1])
    return type(index)(given_to(library, p) for p in index) if isinstance(index, (list, tuple)) else index


def taken(library, shape, index):
    """The elements at the index and the gradient of their weighted sum, or "error"."""
    x = library.arange(float(np.prod(shape))).reshape(shape).double().requires_grad_()
    try:
        out = x[given_to(library, index)]
    except (IndexError, TypeError, ValueError, RuntimeError):
        return "error"
    weights = library.arange(float(out.numel())).reshape(tuple(out.shape)).double()
    (out * weights).sum().backward()
    return tuple(out.shape), out.tolist(), x.grad.tolist()


def written(library, shape, index, scalar):
    """What is in a tensor after writing at the index, and the gradient of the value."""
    x = library.arange(float(np.prod(shape))).reshape(shape).double()
    value = library.tensor(-5.0, dtype=library.float64, requires_grad=True)
    try:
        x[given_to(library, index)] = -5.0 if scalar else value
    except (IndexError, TypeError, ValueError, RuntimeError):
        return "error"
    (x * x).sum().backward() if x.requires_grad else None
    return x.tolist(), 0.0 if value.grad is None else value.grad.item()


@given(shapes_and_indices())
@examples(300)
def test_elements_and_their_gradients_are_pytorchs(case):
    theirs = taken(torch, *case)
    assert theirs == "error" or taken(ag, *case) == theirs


@given(shapes_and_indices(), st.booleans())
@examples(300)
def test_writes_are_pytorchs(case, scalar):
    theirs = written(torch, *case, scalar)
    assert theirs == "error" or written(ag, *case, scalar) == theirs

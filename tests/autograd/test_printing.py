"""Tensors as text: every line within its width, every element shown as far as it is asked for."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd as ag
from autograd.testing import arrays, shapes
from tests.properties.calls import examples


@pytest.fixture(autouse=True)
def usual_options():
    yield
    ag.set_printoptions(profile="default")


def numbers_of(text):
    return [float(n) for n in re.findall(r"-?(?:\d+\.?\d*(?:e[+-]\d+)?|inf|nan)", text.partition("(")[2])]


@examples(30)
@given(x=arrays(shapes(), -999, 999), scale=st.sampled_from([1e-6, 1.0, 1e6]), digits=st.integers(2, 8))
def test_the_numbers_of_the_text_are_the_elements(x, scale, digits):
    ag.set_printoptions(precision=digits)
    text = repr(ag.tensor(x * scale, dtype=ag.float64))
    found = np.array(numbers_of(text.partition("dtype")[0])).reshape(x.shape)
    wide = "e" in text.partition("dtype")[0].replace("tensor", "")
    expected = x * scale
    np.testing.assert_allclose(found, expected, rtol=10.0**-digits if wide else 0, atol=0 if wide else 10.0**-digits)
    assert text.endswith(", dtype=torch.float64)") and max(map(len, text.split("\n"))) <= 80 + digits * wide


@examples(30)
@given(n=st.integers(7, 40), edge=st.integers(1, 3), dims=st.integers(1, 3))
def test_of_large_tensors_the_edges_are_shown(n, edge, dims):
    ag.set_printoptions(threshold=5, edgeitems=edge)
    x = np.arange(n**dims if dims < 3 else 2 * n).reshape((n,) * dims if dims < 3 else (2, n, 1))
    text = repr(ag.tensor(x))
    shown = x
    for dim, size in enumerate(x.shape):
        if size > 2 * edge:
            shown = np.take(shown, [*range(edge), *range(size - edge, size)], dim)
    assert [int(v) for v in numbers_of(text.replace("...", ""))] == shown.ravel().tolist()
    assert "..." in text


def test_forms_of_numbers():
    assert repr(ag.tensor([1.0, 2.0])) == "tensor([1., 2.])"
    assert repr(ag.tensor([1.5, -20.0])) == "tensor([  1.5000, -20.0000])"
    assert repr(ag.tensor([1e-5, 1.0])) == "tensor([1.0000e-05, 1.0000e+00])"
    assert repr(ag.tensor([1.0, float("inf"), float("nan")])) == "tensor([1., inf, nan])"
    assert repr(ag.tensor(3)) == "tensor(3)" and repr(ag.tensor([True])) == "tensor([True])"
    assert repr(ag.tensor([1], dtype=ag.int32)) == "tensor([1], dtype=torch.int32)"
    assert repr(ag.zeros(0)) == "tensor([])" and repr(ag.zeros(0, 3)) == "tensor([], size=(0, 3))"
    assert repr(ag.tensor([[1], [2]])) == "tensor([[1],\n        [2]])"
    assert repr(ag.tensor([1 + 2j])) == "tensor([1.+2.j])"


def test_the_history_is_shown_in_a_line_of_its_own_where_there_is_no_room():
    x = ag.ones(9, requires_grad=True)
    assert repr(x[:2] * 2) == "tensor([2., 2.], grad_fn=<mul>)"
    assert repr(x[:1].detach().requires_grad_()) == "tensor([1.], requires_grad=True)"
    ag.set_printoptions(linewidth=45)
    assert repr(x * 2) == "tensor([2., 2., 2., 2., 2., 2., 2., 2., 2.],\n       grad_fn=<mul>)"


@pytest.mark.parametrize("dtype", ["float32", "float64", "int32"])
@given(size=st.integers(0, 30), width=st.integers(40, 80), history=st.booleans())
def test_dtype_and_history_are_within_the_width(dtype, size, width, history):
    x = ag.zeros(2, size, dtype=dtype, requires_grad=dtype != "int32")
    ag.set_printoptions(linewidth=width)
    lines = repr(x.softmax(-1) if history and dtype != "int32" else x).splitlines()
    assert all(len(line.rstrip(",)")) <= width for line in lines if "=" in line)


@given(
    values=st.lists(st.integers(-(10**6), 10**6), min_size=1, max_size=12),
    fit=st.integers(-1, 12),
    spare=st.integers(0, 9),
    dims=st.integers(1, 3),
)
def test_a_row_has_as_many_elements_as_fit_and_at_least_one(values, fit, spare, dims):
    each = max(len(str(value)) for value in values) + len(", ")
    ag.set_printoptions(linewidth=max(1, len("tensor(") + dims - 1 + fit * each + spare % each))
    first, *_ = repr(ag.tensor(values).reshape(*[1] * (dims - 1), -1)).splitlines()
    assert first.count(",") - first.endswith(",") == min(max(1, fit), len(values)) - 1


def test_options_stay_until_they_are_set_again():
    ag.set_printoptions(precision=2, sci_mode=True)
    assert repr(ag.tensor([1.5])) == "tensor([1.50e+00])"
    ag.set_printoptions(linewidth=60)
    options = ag.get_printoptions() if hasattr(ag, "get_printoptions") else None
    assert repr(ag.tensor([1.5])) == "tensor([1.50])"  # sci_mode alone is forgotten
    if options is not None:
        assert options["precision"] == 2 and options["linewidth"] == 60
    ag.set_printoptions(profile="full")
    assert "..." not in repr(ag.zeros(2000)) and repr(ag.tensor([0.123456])) == "tensor([0.1235])"
    ag.set_printoptions(profile="short")
    assert repr(ag.tensor([0.125])) == "tensor([0.12])"


def test_a_subclass_goes_by_its_name_and_its_rows_are_aligned():
    class Image(ag.Tensor):
        pass

    x = ag.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
    image = (2 * x).as_subclass(Image)
    assert repr(image) == "Image([[2., 4.],\n       [6., 8.]], grad_fn=<identity>)"
    assert repr(x.detach().as_subclass(Image)) == "Image([[1., 2.],\n       [3., 4.]])"

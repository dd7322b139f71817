"""Initialisers that draw nothing give torch's numbers; sparse_ has torch's number of zeros."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd as ag
import nn
from tests.properties.calls import examples

torch = pytest.importorskip("torch")


@examples(40)
@given(data=st.data())
def test_dirac_is_torchs(data):
    groups, out, channels = (data.draw(st.integers(1, 3)) for _ in range(3))
    kernel = data.draw(st.lists(st.integers(1, 4), min_size=1, max_size=3))
    shape = (groups * out, channels, *kernel)
    ours, theirs = nn.init.dirac_(ag.empty(*shape), groups), torch.nn.init.dirac_(torch.empty(shape), groups)
    np.testing.assert_array_equal(ours.numpy(), theirs.numpy())


@examples(40)
@given(rows=st.integers(1, 9), columns=st.integers(1, 5), sparsity=st.floats(0, 1))
def test_sparse_sets_the_share_of_each_column_to_zero(rows, columns, sparsity):
    zeros = (nn.init.sparse_(ag.empty(rows, columns), sparsity).numpy() == 0).sum(0)
    assert (zeros == math.ceil(sparsity * rows)).all()


def test_every_public_initialiser_and_gain_of_torch_is_here():
    theirs = {n for n, f in vars(torch.nn.init).items() if callable(f) and f.__module__ == "torch.nn.init"}
    assert {n for n in theirs if not n.startswith("_")} <= set(vars(nn.init))
    for name in ("linear", "conv2d", "conv_transpose3d", "sigmoid", "tanh", "relu", "leaky_relu", "selu"):
        assert nn.init.calculate_gain(name) == torch.nn.init.calculate_gain(name)
    assert nn.init._calculate_fan_in_and_fan_out(ag.ones(3, 4, 5)) == (20, 15)

import math
import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd as ag
import nn
from autograd.errors import ShapeError
from nn import init
from tests.properties.calls import examples

SHAPE = (300, 200)
GAIN = math.sqrt(2 / (1 + 0.2**2))

UNIFORM = {
    "uniform_": (lambda t: init.uniform_(t, -2.0, 3.0), -2.0, 3.0),
    "xavier_uniform_": (lambda t: init.xavier_uniform_(t, 2.0), -2 * math.sqrt(6 / 500), 2 * math.sqrt(6 / 500)),
    "kaiming_uniform_": (
        lambda t: init.kaiming_uniform_(t, a=0.2),
        -GAIN * math.sqrt(3 / 200),
        GAIN * math.sqrt(3 / 200),
    ),
    "kaiming_uniform_fan_out": (
        lambda t: init.kaiming_uniform_(t, mode="fan_out", nonlinearity="relu"),
        -math.sqrt(6 / 300),
        math.sqrt(6 / 300),
    ),
}
NORMAL = {
    "normal_": (lambda t: init.normal_(t, 1.0, 0.02), 1.0, 0.02),
    "xavier_normal_": (lambda t: init.xavier_normal_(t, 2.0), 0.0, 2 * math.sqrt(2 / 500)),
    "kaiming_normal_": (lambda t: init.kaiming_normal_(t, nonlinearity="relu"), 0.0, math.sqrt(2 / 200)),
    "kaiming_normal_tanh": (lambda t: init.kaiming_normal_(t, nonlinearity="tanh"), 0.0, 5 / 3 / math.sqrt(200)),
}


@pytest.mark.parametrize("name", UNIFORM)
def test_uniform_fills_its_interval_evenly(name):
    ag.manual_seed(0)
    fill, low, high = UNIFORM[name]
    t = nn.Parameter(ag.empty(*SHAPE))
    assert fill(t) is t and t.requires_grad and t.is_leaf
    values = (t.detach().numpy() - low) / (high - low)
    assert values.min() >= -1e-6 and values.max() <= 1 + 1e-6
    np.testing.assert_allclose(np.histogram(values, 10, (0, 1))[0] / values.size, 0.1, atol=0.006)


@pytest.mark.parametrize("name", NORMAL)
def test_normal_has_its_mean_and_deviation(name):
    ag.manual_seed(0)
    fill, mean, std = NORMAL[name]
    values = fill(nn.Parameter(ag.empty(*SHAPE))).detach().numpy()
    assert abs(values.mean() - mean) < 0.02 * std + 1e-3 * abs(mean) and abs(values.std() / std - 1) < 0.02
    assert abs((np.abs(values - mean) < std).mean() - 0.6827) < 0.01


@given(st.floats(-1, 1), st.floats(0.5, 2))
def test_trunc_normal_stays_within_its_bounds(mean, std):
    t = init.trunc_normal_(ag.empty(500), mean, std, -1.0, 1.5).numpy()
    assert t.min() >= -1 and t.max() <= 1.5 and t.std() > 0.1


def test_trunc_normal_is_normal_inside():
    ag.manual_seed(0)
    values = init.trunc_normal_(ag.empty(100_000), 0.0, 1.0, -1.0, 1.0).numpy()
    assert abs((np.abs(values) < 0.5).mean() - 0.38292 / 0.68269) < 0.01
    with pytest.raises(ValueError, match="widen"):
        init.trunc_normal_(ag.empty(3), 0.0, 1.0, 8.0, 9.0)


def test_constants():
    t = ag.empty(2, 3)
    assert init.constant_(t, 0.5).tolist() == [[0.5] * 3] * 2
    assert init.ones_(t).tolist() == [[1.0] * 3] * 2
    assert init.zeros_(t).tolist() == [[0.0] * 3] * 2
    assert init.eye_(t).tolist() == [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]
    with pytest.raises(ShapeError, match="matrix"):
        init.eye_(ag.empty(3))


@given(rows=st.integers(1, 6), columns=st.integers(1, 6), seed=st.integers(0, 1000))
def test_orthogonal_rows_or_columns(rows, columns, seed):
    ag.manual_seed(seed)
    m = init.orthogonal_(ag.empty(rows, columns, dtype=ag.float64), gain=2.0).numpy()
    product = m @ m.T if rows <= columns else m.T @ m
    np.testing.assert_allclose(product, 4 * np.eye(min(rows, columns)), atol=1e-12)


@examples(10)
@given(outputs=st.integers(1, 4), inputs=st.integers(1, 4), groups=st.integers(1, 2), dims=st.integers(1, 3))
def test_dirac_passes_on_as_many_channels_as_it_can(outputs, inputs, groups, dims):
    weight = init.dirac_(ag.empty(outputs * groups, inputs, *(3,) * dims), groups)
    x = ag.randn(1, inputs * groups, *(5,) * dims)
    out = getattr(nn.functional, f"conv{dims}d")(x, weight, padding=1, groups=groups).numpy()
    for group in range(groups):
        both = min(outputs, inputs)
        passed = out[:, group * outputs : (group + 1) * outputs]
        np.testing.assert_array_equal(passed[:, :both], x.numpy()[:, group * inputs : group * inputs + both])
        assert not passed[:, both:].any()
    with pytest.raises(ShapeError, match=rf"the first of a size divisible by 7 groups, got \({outputs * groups},"):
        init.dirac_(weight, 7)
    with pytest.raises(ShapeError, match="orthogonal_ needs at least 2 dims"):
        init.orthogonal_(ag.empty(3))


def test_a_seed_or_a_generator_repeats_the_numbers():
    def draw(**keywords):
        return [
            f(ag.empty(4, 4), **keywords).tolist()
            for f in (init.normal_, init.uniform_, init.trunc_normal_, init.orthogonal_, init.kaiming_normal_)
        ]

    ag.manual_seed(5)
    first = draw()
    assert draw() != first
    ag.manual_seed(5)
    assert draw() == first
    for f in (init.normal_, init.uniform_, init.trunc_normal_, init.orthogonal_, init.xavier_uniform_):
        a, b = (f(ag.empty(4, 4), generator=ag.Generator().manual_seed(1)).tolist() for _ in range(2))
        assert a == b


def test_gains():
    assert init.calculate_gain("relu") == math.sqrt(2)
    assert init.calculate_gain("leaky_relu", 0.2) == GAIN
    assert init.calculate_gain("tanh") == 5 / 3 and init.calculate_gain("linear") == 1
    with pytest.raises(ValueError, match="unknown nonlinearity 'sine'"):
        init.calculate_gain("sine")


def test_what_has_no_fans_is_an_error():
    with pytest.raises(ShapeError, match=r"\(3,\)"):
        init.xavier_uniform_(ag.empty(3))
    with pytest.raises(ValueError, match="fan_in"):
        init.kaiming_normal_(ag.empty(3, 3), mode="fan")
    assert init.fans(ag.empty(8, 3, 2, 2)) == (12, 32)


def test_initialising_after_use_makes_the_old_graph_an_error():
    w = nn.Parameter(ag.ones(2, 2))
    out = (w * w).sum()
    init.zeros_(w)
    with pytest.raises(RuntimeError, match="in place"):
        out.backward()


def test_empty_weights_have_shapes_and_dtypes_and_neither_memory_nor_draws():
    ag.manual_seed(0)
    expected = ag.rand(1).item()
    ag.manual_seed(0)
    tracemalloc.start()
    with init.empty_weights():
        layers = nn.Sequential(
            nn.Linear(10**6, 10**6),
            nn.Embedding(10**6, 10**6, padding_idx=3),
            nn.LayerNorm(10**6, dtype=ag.float64),
            nn.MultiheadAttention(10**6, 10),
        )
        init.orthogonal_(layers[0].weight)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 10e6 and ag.rand(1).item() == expected
    assert layers[0].weight.shape == (10**6, 10**6) and layers[0].weight.requires_grad
    assert layers[2].weight.dtype == ag.float64 and layers[3].in_proj_weight.shape == (3 * 10**6, 10**6)


def test_after_empty_weights_modules_have_memory_again_even_after_an_error():
    with pytest.raises(ZeroDivisionError), init.empty_weights():
        1 / 0  # noqa: B018
    assert init.ones_(nn.Linear(2, 2).weight).tolist() == [[1.0, 1.0], [1.0, 1.0]]


def test_empty_weights_cannot_be_filled():
    with init.empty_weights():
        layer = nn.Linear(2, 3)
    with pytest.raises(RuntimeError, match="read-only"):
        init.ones_(layer.weight)


@pytest.mark.parametrize(("rows", "sparsity", "zeros"), [(10, 0.3, 3), (7, 0.5, 4), (4, 0.0, 0), (4, 1.0, 4)])
def test_sparse_has_that_part_of_zeros_in_each_column(rows, sparsity, zeros):
    weight = init.sparse_(ag.empty(rows, 400), sparsity, 0.1).numpy()
    assert ((weight == 0).sum(0) == zeros).all()
    if zeros < rows:
        assert abs(weight[weight != 0].std() - 0.1) < 0.02
        assert not zeros or (weight == 0).any(1).all()  # each row is chosen somewhere
    with pytest.raises(ag.ShapeError, match=r"sparse_ needs a matrix, got shape \(3,\)"):
        init.sparse_(ag.empty(3), 0.5)

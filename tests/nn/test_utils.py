import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd as ag
import nn
from nn.utils import clip_grad_norm_, clip_grad_value_, parameters_to_vector, skip_init, vector_to_parameters
from nn.utils.fusion import fuse_conv_bn_eval


def with_gradients(*gradients):
    params = []
    for gradient in gradients:
        p = nn.Parameter(ag.zeros(*np.shape(gradient), dtype=ag.float64))
        p.grad = ag.tensor(np.array(gradient, dtype=float))
        params.append(p)
    return params


@given(
    seed=st.integers(0, 2**32 - 1),
    max_norm=st.floats(0.01, 10),
    norm_type=st.sampled_from([1.0, 2.0, 3.0, math.inf]),
)
def test_clipping_bounds_the_joint_norm_and_keeps_the_direction(seed, max_norm, norm_type):
    a, b = np.random.default_rng(seed).normal(size=(2, 3, 2))
    params = with_gradients(a, b)
    everything = np.concatenate([a.ravel(), b.ravel()])
    norm = np.linalg.norm(everything, norm_type)
    assert clip_grad_norm_(params, max_norm, norm_type).item() == pytest.approx(norm)
    after = np.concatenate([p.grad.numpy().ravel() for p in params])
    assert np.linalg.norm(after, norm_type) <= max_norm * (1 + 1e-9)
    np.testing.assert_allclose(after, everything * min(1, max_norm / (norm + 1e-6)), rtol=1e-9)


def test_a_module_may_be_made_without_initialising_it(monkeypatch):
    monkeypatch.setattr(nn.init, "numpy_rng", None)
    layer = skip_init(nn.Linear, 3, 2, bias=True, device="cpu", dtype=ag.float64)
    assert type(layer) is nn.Linear and layer.weight.dtype == ag.float64
    layer.load_state_dict({"weight": ag.ones(2, 3), "bias": ag.zeros(2)})
    layer(ag.ones(1, 3, dtype=ag.float64)).sum().backward()
    assert layer.weight.grad.tolist() == [[1.0] * 3] * 2


def test_a_small_gradient_stays_as_it_is():
    params = with_gradients([0.3, 0.4])
    assert clip_grad_norm_(params, 1.0).item() == pytest.approx(0.5)
    assert params[0].grad.tolist() == [0.3, 0.4]


def test_what_has_no_gradient_counts_as_nothing():
    assert clip_grad_norm_([nn.Parameter(ag.ones(2))], 1.0).item() == 0
    assert clip_grad_norm_(with_gradients([3.0, 4.0])[0], 1.0).item() == 5
    assert clip_grad_norm_(iter(with_gradients([3.0], [4.0])), 1.0).item() == 5
    assert clip_grad_norm_(with_gradients([3.0], [4.0]), 1.0, "inf").item() == 4


def test_a_norm_that_is_not_finite():
    params = with_gradients([math.inf])
    with pytest.raises(RuntimeError, match="inf"):
        clip_grad_norm_(params, 1.0, error_if_nonfinite=True)
    assert params[0].grad.tolist() == [math.inf]
    clip_grad_norm_(with_gradients([math.nan, 1.0]), 1.0)


def test_gradients_that_come_from_one_array_are_scaled_once_each():
    a, b = nn.Parameter(ag.zeros(2)), nn.Parameter(ag.zeros(2))
    ((a + b) * ag.tensor([3.0, 4.0])).sum().backward()
    clip_grad_norm_([a, b], math.sqrt(50) / 2)
    np.testing.assert_allclose(a.grad.numpy(), [1.5, 2.0], rtol=1e-5)
    np.testing.assert_allclose(b.grad.numpy(), [1.5, 2.0], rtol=1e-5)


def test_clipping_by_value():
    params = with_gradients([[-3.0, 0.5]], [2.0])
    clip_grad_value_(params, 1.0)
    assert [p.grad.tolist() for p in params] == [[[-1.0, 0.5]], [1.0]]
    with pytest.raises(ValueError, match="negative"):
        clip_grad_value_(params, -1.0)


def test_a_vector_of_all_parameters_and_back():
    net = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 1))
    vector = parameters_to_vector(net.parameters())
    assert vector.shape == (13,) and vector.requires_grad
    vector_to_parameters(ag.arange(13).float(), net.parameters())
    assert net[0].weight.tolist() == [[0, 1], [2, 3], [4, 5]] and net[1].bias.tolist() == [12]
    assert parameters_to_vector(net.parameters()).tolist() == list(range(13))
    with pytest.raises(ValueError, match="13 elements.*12"):
        vector_to_parameters(ag.zeros(12), net.parameters())


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize(("kind", "transpose"), [(nn.Conv2d, False), (nn.ConvTranspose2d, True)])
def test_a_convolution_and_its_batch_norm_are_one_convolution(kind, transpose, bias):
    conv, bn, x = kind(2, 3, 3, bias=bias).double(), nn.BatchNorm2d(3).double(), ag.randn(4, 2, 6, 6, dtype=ag.float64)
    with pytest.raises(RuntimeError, match="evaluation mode"):
        fuse_conv_bn_eval(conv, bn, transpose)
    bn(conv(x))
    with ag.no_grad():
        bn.weight.uniform_(0.5, 2.0), bn.bias.normal_()
    conv.eval(), bn.eval()
    fused = fuse_conv_bn_eval(conv, bn, transpose)
    np.testing.assert_allclose(fused(x).detach().numpy(), bn(conv(x)).detach().numpy(), rtol=1e-10, atol=1e-12)
    assert (conv.bias is not None) is bias and isinstance(fused.bias, nn.Parameter)

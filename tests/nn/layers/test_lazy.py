"""Layers that learn the size of their input."""

import copy

import numpy as np
import pytest

import nn
from autograd import manual_seed, ones, randn
from nn.layers.lazy import LazyModuleMixin, UninitializedBuffer, UninitializedParameter

LAZY = {
    "Linear": ((3,), (5, 4)), "Conv1d": ((4, 3), (2, 6, 7)), "Conv2d": ((4, 3, 1, "same"), (2, 6, 7, 5)),
    "Conv3d": ((4, 2), (2, 6, 3, 4, 5)), "ConvTranspose1d": ((4, 3, 2), (2, 6, 7)),
    "ConvTranspose2d": ((4, 3), (2, 6, 7, 5)),
    "ConvTranspose3d": ((4, 2), (6, 3, 4, 5)), "BatchNorm1d": ((), (4, 3)), "BatchNorm2d": ((1e-3,), (4, 3, 2, 2)),
    "BatchNorm3d": ((), (4, 3, 2, 2, 2)),
}  # fmt: skip


@pytest.mark.parametrize("name", LAZY)
def test_the_first_input_makes_a_lazy_layer_the_plain_one(name):
    settings, shape = LAZY[name]
    lazy, x = getattr(nn, f"Lazy{name}")(*settings), randn(*shape)
    assert lazy.has_uninitialized_params() and isinstance(lazy.weight, UninitializedParameter)
    twin, keys, weight = copy.deepcopy(lazy), list(lazy.state_dict()), lazy.weight
    manual_seed(0)
    out = lazy(x)
    manual_seed(0)
    plain = getattr(nn, name)(_size(name, shape), *settings)
    assert type(lazy) is type(plain) and repr(lazy) == repr(plain) and lazy.weight is weight
    assert keys == list(plain.state_dict())
    np.testing.assert_array_equal(out.detach().numpy(), plain(x).detach().numpy())
    out.sum().backward()
    assert lazy.weight.grad.shape == plain.weight.shape
    assert twin.has_uninitialized_params()
    twin(x)
    assert type(twin) is type(plain)


def _size(name, shape):
    return shape[-1] if name == "Linear" else shape[1] if "Norm" in name else shape[-1 - int(name[-2])]


@pytest.mark.parametrize("name", LAZY)
def test_a_lazy_layer_takes_its_shapes_from_what_is_loaded(name):
    settings, shape = LAZY[name]
    plain, lazy = getattr(nn, name)(_size(name, shape), *settings), getattr(nn, f"Lazy{name}")(*settings)
    nn.Sequential(lazy).load_state_dict(nn.Sequential(plain).state_dict())
    assert not lazy.has_uninitialized_params()
    x = randn(*shape)
    np.testing.assert_array_equal(lazy(x).detach().numpy(), plain(x).detach().numpy())
    assert repr(lazy) == repr(plain)


def test_weights_are_initialised_after_a_dry_run_as_in_d2l():
    net = nn.Sequential(nn.LazyConv2d(6, kernel_size=5, padding=2), nn.ReLU(), nn.Flatten(), nn.LazyLinear(10)).double()
    net(randn(1, 1, 8, 8).double())
    seen = []
    net.apply(lambda module: seen.append(type(module)) if hasattr(module, "weight") else None)
    assert seen == [nn.Conv2d, nn.Linear]
    assert net[3].in_features == 384 and {p.dtype for p in net.parameters()} == {net[0].weight.dtype}
    assert net(randn(2, 1, 8, 8).double()).dtype == net[0].weight.dtype


def test_nothing_is_drawn_before_the_shapes_are_known(monkeypatch):
    drawn = []
    monkeypatch.setattr(nn.init, "kaiming_uniform_", lambda tensor, **settings: drawn.append(tuple(tensor.shape)))
    layers = nn.LazyLinear(2), nn.LazyConv1d(2, 3)
    assert not drawn
    layers[0](randn(3, 4)), layers[1](randn(3, 5, 6))
    assert drawn == [(2, 4), (2, 5, 3)]


class Scale(LazyModuleMixin, nn.Module):
    """A lazy module as programs write them."""

    def __init__(self):
        super().__init__()
        self.factor = UninitializedParameter()
        self.register_buffer("offset", UninitializedBuffer())

    def initialize_parameters(self, x, times=1):
        if self.has_uninitialized_params():
            self.factor.materialize(x.shape[-1])
            self.offset.materialize((1,), dtype=x.dtype)
            nn.init.constant_(self.factor, 2.0), self.offset.zero_()

    def forward(self, x, times=1):
        return x * self.factor * times + self.offset


def test_programs_define_how_their_own_lazy_modules_begin():
    module, twin = Scale(), Scale()
    assert isinstance(module.state_dict()["factor"], UninitializedParameter)
    twin.load_state_dict(module.state_dict())
    assert twin.has_uninitialized_params()
    assert module(ones(2, 3), times=2).tolist() == [[4.0] * 3] * 2 and type(module) is Scale
    assert not module.has_uninitialized_params() and isinstance(module.factor, nn.Parameter)
    twin.load_state_dict(module.state_dict())
    assert twin(ones(2, 3)).tolist() == [[2.0] * 3] * 2
    with pytest.raises(RuntimeError, match="size mismatch for factor"):
        twin.load_state_dict(Scale().state_dict())


def test_a_lazy_module_may_become_another_and_must_leave_nothing_uninitialised():
    class Becoming(Scale):
        cls_to_become = nn.Identity

    class Forgetful(Scale):
        def initialize_parameters(self, x):
            self.factor.materialize(x.shape)

    module = Becoming()
    assert module(ones(2)).tolist() == [1, 1] and type(module) is nn.Identity
    with pytest.raises(RuntimeError, match="Forgetful.initialize_parameters"):
        Forgetful()(ones(2))

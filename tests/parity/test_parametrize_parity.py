"""Parametrizations, weight and spectral norm beside PyTorch's, from the same weights."""

import numpy as np
import pytest

import autograd
import nn
from tests.nn.test_parametrize import assigned_and_cached
from tests.parity.test_module_parity import data, net, plain

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.filterwarnings("ignore:`torch.nn.utils.weight_norm` is deprecated", "ignore::FutureWarning")


def trained(m, layers, wrap, unwrap=None, steps=3):
    """What a small net gives, and its state, while it is trained with `wrap` around its first weight."""
    model = net(m, layers)
    wrapped = wrap(layers.utils, model[0], layers)
    state = {key: m.tensor(np.linspace(0.3, 1.4, v.numel()).reshape(v.shape).astype("f4"))
             for key, v in model.state_dict().items()}  # fmt: skip
    model.load_state_dict(state)
    optimizer, found = m.optim.SGD(model.parameters(), 0.1), []
    for step in range(steps):
        model.train(step != 1)
        optimizer.zero_grad()
        loss = model(data(m)).square().sum()
        loss.backward()
        found += [loss, [p.grad for p in model.parameters()]]
        optimizer.step()
    found += [model.state_dict(), [n for n, _ in model.named_parameters()], repr(model)]
    if unwrap is not None:
        unwrap(layers.utils, wrapped)
        found += [type(model[0]).__name__, list(model.state_dict()), model.state_dict()["0.weight"], model(data(m))]
    return plain(found)


class Symmetric:
    """Makes a parametrization of one library."""

    def __new__(cls, layers, inverse=False):
        class Doubled(layers.Module):
            def forward(self, x):
                return x * 2 + 1

        class Invertible(Doubled):
            def right_inverse(self, y):
                return (y - 1) / 2

        return (Invertible if inverse else Doubled)()


def registered(inverse, times=1):
    def wrap(utils, module, layers):
        for _ in range(times):
            utils.parametrize.register_parametrization(module, "weight", Symmetric(layers, inverse))
        assert utils.parametrize.is_parametrized(module) and utils.parametrize.is_parametrized(module, "weight")
        assert not utils.parametrize.is_parametrized(module, "bias")
        return module

    return wrap


def removed(leave):
    return lambda utils, module: utils.parametrize.remove_parametrizations(module, "weight", leave)


CASES = {
    "a parametrization": (registered(False), removed(True)),
    "left as the original": (registered(False), removed(False)),
    "with an inverse": (registered(True), removed(True)),
    "two": (registered(True, times=2), removed(True)),
    "weight_norm": (lambda u, m, _: u.parametrizations.weight_norm(m), removed(True)),
    "weight_norm along dim 1": (lambda u, m, _: u.parametrizations.weight_norm(m, dim=1), removed(True)),
    "spectral_norm": (lambda u, m, _: u.parametrizations.spectral_norm(m, n_power_iterations=2), removed(True)),
    "hooked weight_norm": (lambda u, m, _: u.weight_norm(m), lambda u, m: u.remove_weight_norm(m)),
    "hooked weight_norm of all": (lambda u, m, _: u.weight_norm(m, dim=None), lambda u, m: u.remove_weight_norm(m)),
    "hooked spectral_norm": (lambda u, m, _: u.spectral_norm(m), lambda u, m: u.remove_spectral_norm(m)),
}


@pytest.mark.parametrize("name", CASES)
def test_training_through_a_parametrization_is_torchs(name):
    ours, theirs = (trained(m, layers, *CASES[name]) for m, layers in ((autograd, nn), (torch, torch.nn)))
    for a, b in zip(ours, theirs, strict=True):
        assert type(a) is type(b)
        if isinstance(a, dict):
            assert list(a) == list(b)
            a, b = list(a.values()), list(b.values())
        if isinstance(a, str) or (isinstance(a, list) and a and isinstance(a[0], str)):
            assert a == b
        else:
            for x, y in zip(a, b, strict=True) if isinstance(a, list) else ((a, b),):
                np.testing.assert_allclose(np.asarray(x), np.asarray(y), rtol=1e-3, atol=2e-5)


def test_assigning_goes_through_the_inverse_and_cached_computes_once():
    assigned_and_cached(torch, torch.nn)


@pytest.mark.parametrize("kind", [None, "matrix_exp", "cayley", "householder"])
@pytest.mark.parametrize("sizes", [(4, 4), (3, 5), (5, 3)])
def test_orthogonal_weights(sizes, kind):
    x, found, states = np.linspace(-1, 2, 2 * sizes[0]).reshape(2, -1), [], []
    for m, layers in ((torch, torch.nn), (autograd, nn)):
        layer = layers.utils.parametrizations.orthogonal(layers.Linear(*sizes).double(), orthogonal_map=kind)
        states.append({key: value.numpy().copy() for key, value in layer.state_dict().items()})
        layer.load_state_dict({key: m.tensor(value) for key, value in states[0].items()})
        optimizer = m.optim.SGD(layer.parameters(), 0.1)
        for _ in range(3):
            optimizer.zero_grad()
            layer(m.tensor(x)).pow(2).sum().add(layer.weight[0, 0]).backward()
            optimizer.step()
        found.append([layer.weight.detach().numpy(), layer.parametrizations.weight.original.grad.numpy()])
    assert list(states[0]) == list(states[1])
    for theirs, ours in zip(*found, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("sizes", [(4, 4), (3, 5), (5, 3)])
def test_reflections_of_a_weight_without_a_base(sizes):
    found = []
    for m, layers in ((torch, torch.nn), (autograd, nn)):
        layer = layers.Linear(*sizes, bias=False).double()
        layer.weight.data = m.tensor(np.random.default_rng(0).normal(size=sizes[::-1]))
        layers.utils.parametrizations.orthogonal(layer, orthogonal_map="householder", use_trivialization=False)
        original = layer.parametrizations.weight.original.detach().numpy()
        found.append([layer.weight.detach().numpy(), np.tril(original if sizes[0] <= sizes[1] else original.T)])
    for theirs, ours in zip(*found, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-7, atol=1e-9)

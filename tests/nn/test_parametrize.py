"""Parametrizations: what a parametrized weight is, what is trained, and how it becomes a plain parameter again."""

import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd as ag
import nn
from autograd import gradcheck
from autograd.func import functional_call
from nn.utils import parametrizations, parametrize
from tests.properties.calls import examples

SEEDS = st.integers(0, 2**32 - 1)
LAYERS = {
    "Linear": lambda: nn.Linear(3, 4),
    "Conv2d": lambda: nn.Conv2d(2, 3, 2),
    "ConvTranspose1d": lambda: nn.ConvTranspose1d(2, 3, 3),
}
each_layer = pytest.mark.parametrize("name", LAYERS)


def made(name, seed=0):
    """A layer of float64 with random weights."""
    layer, rng = LAYERS[name]().double(), np.random.default_rng(seed)
    for p in layer.parameters():
        p.data = ag.tensor(rng.normal(size=p.shape))
    return layer


def batch(name):
    sizes = {"Linear": (2, 3), "Conv2d": (1, 2, 3, 3), "ConvTranspose1d": (2, 2, 3)}
    return ag.tensor(np.random.default_rng(1).normal(size=sizes[name]))


class Affine(nn.Module):
    """scale x + shift; counts its calls."""

    def __init__(self, scale, shift=0.0):
        super().__init__()
        self.scale, self.shift, self.calls = scale, shift, 0

    def forward(self, x):
        self.calls += 1
        return x * self.scale + self.shift


class Invertible(Affine):
    def right_inverse(self, y):
        return (y - self.shift) / self.scale


# Any parametrization ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [Affine, Invertible])
@each_layer
def test_the_weight_is_what_the_parametrization_makes_of_the_original(name, kind):
    layer = made(name)
    before, original = layer.weight.detach().numpy().copy(), layer.weight
    parametrize.register_parametrization(layer, "weight", kind(2.0, 1.0))
    found = layer.parametrizations.weight.original
    assert [n for n, _ in layer.named_parameters()] == ["bias", "parametrizations.weight.original"]
    if kind is Invertible:
        np.testing.assert_allclose(layer.weight.detach().numpy(), before)
    else:
        assert found is original
    np.testing.assert_allclose(layer.weight.detach().numpy(), 2 * found.detach().numpy() + 1)
    layer(batch(name)).sum().backward()
    plain = made(name)
    plain.weight.data = layer.weight.detach()
    plain(batch(name)).sum().backward()
    np.testing.assert_allclose(found.grad.numpy(), 2 * plain.weight.grad.numpy())


def test_parametrizations_follow_each_other():
    layer = made("Linear")
    before = layer.weight.detach().numpy().copy()
    for scale in (2.0, 3.0):
        parametrize.register_parametrization(layer, "weight", Invertible(scale, 1.0))
    np.testing.assert_allclose(layer.weight.detach().numpy(), before)
    original = layer.parametrizations.weight.original.detach().numpy()
    np.testing.assert_allclose(3 * (2 * original + 1) + 1, before)
    parametrize.register_parametrization(layer, "weight", Affine(-1.0))
    np.testing.assert_allclose(layer.weight.detach().numpy(), -before)
    assert len(layer.parametrizations.weight) == 3


def assigned_and_cached(m, layers):
    """Run in our library here and in PyTorch in tests/parity."""

    class Counted(layers.Module):
        calls = 0

        def forward(self, x):
            Counted.calls += 1
            return x * 2

        def right_inverse(self, y):
            return y / 2

    layer, parametrize = layers.Linear(2, 2), layers.utils.parametrize
    parametrize.register_parametrization(layer, "weight", Counted())
    layer.weight = m.ones(2, 2)
    assert layer.parametrizations.weight.original.tolist() == [[0.5, 0.5], [0.5, 0.5]]
    Counted.calls = 0
    with parametrize.cached():
        assert layer.weight is layer.weight
        with parametrize.cached():
            assert layer.weight.tolist() == [[1.0, 1.0], [1.0, 1.0]]
    assert Counted.calls == 1 and layer.weight is not layer.weight


def test_assigning_goes_through_the_inverse_and_cached_computes_once():
    assigned_and_cached(ag, nn)


def test_assigning_without_an_inverse_is_an_error():
    layer = parametrize.register_parametrization(nn.Linear(2, 2), "weight", Affine(2.0))
    with pytest.raises(RuntimeError, match="Affine has no right_inverse"):
        layer.weight = ag.ones(2, 2)


@pytest.mark.parametrize("leave", [True, False])
def test_a_parametrization_that_is_removed_leaves_its_result_or_the_original(leave):
    layer = made("Linear")
    before, kind = layer.weight.detach().numpy().copy(), type(layer)
    parametrize.register_parametrization(layer, "weight", Affine(2.0))
    parametrize.register_parametrization(layer, "bias", Affine(3.0))
    assert parametrize.type_before_parametrizations(layer) is kind and type(layer) is not kind
    assert isinstance(layer, nn.Linear) and type(layer).__name__ == "ParametrizedLinear"
    assert parametrize.remove_parametrizations(layer, "weight", leave) is layer
    assert parametrize.is_parametrized(layer) and not parametrize.is_parametrized(layer, "weight")
    np.testing.assert_allclose(layer.weight.detach().numpy(), before * (2 if leave else 1))
    parametrize.remove_parametrizations(layer, "bias")
    assert type(layer) is kind and not parametrize.is_parametrized(layer) and not hasattr(layer, "parametrizations")
    assert parametrize.type_before_parametrizations(layer) is kind
    assert sorted(n for n, _ in layer.named_parameters()) == ["bias", "weight"]
    assert layer(batch("Linear")).requires_grad


def test_one_parametrized_layer_leaves_others_of_its_class_alone():
    layer, other = made("Linear"), made("Linear")
    parametrize.register_parametrization(layer, "weight", Affine(0.0))
    assert not parametrize.is_parametrized(other) and isinstance(other.weight, nn.Parameter)
    assert np.abs(other.weight.detach().numpy()).min() > 0 and layer.weight.abs().sum().item() == 0


def test_a_buffer_stays_a_buffer():
    layer = nn.BatchNorm1d(2)
    parametrize.register_parametrization(layer, "running_var", Affine(4.0))
    assert "parametrizations.running_var.original" in dict(layer.named_buffers())
    assert layer.running_var.tolist() == [4.0, 4.0]
    parametrize.remove_parametrizations(layer, "running_var")
    assert layer.running_var.tolist() == [4.0, 4.0] and "running_var" in dict(layer.named_buffers())


def test_a_state_dict_brings_parametrized_weights_back():
    layers = [parametrize.register_parametrization(made("Linear", seed), "weight", Affine(2.0)) for seed in (1, 2)]
    layers[1].load_state_dict(layers[0].state_dict())
    np.testing.assert_array_equal(*(layer.weight.detach().numpy() for layer in layers))


def test_what_cannot_be_parametrized_is_said():
    layer, halved = nn.Linear(2, 3), nn.Module()
    halved.forward = lambda x: x[:1]
    with pytest.raises(ValueError, match="no parameter or buffer 'weights'"):
        parametrize.register_parametrization(layer, "weights", nn.Identity())
    with pytest.raises(ValueError, match="must keep shape"):
        parametrize.register_parametrization(layer, "weight", halved)
    with pytest.raises(ValueError, match="not parametrized"):
        parametrize.remove_parametrizations(layer, "bias")
    with pytest.raises(ValueError, match="several originals"):
        parametrize.remove_parametrizations(parametrizations.weight_norm(nn.Linear(2, 3)), "weight", False)
    with pytest.raises(ValueError, match="n_power_iterations must be positive"):
        parametrizations.spectral_norm(nn.Linear(2, 3), n_power_iterations=0)
    for remove in (nn.utils.remove_weight_norm, nn.utils.remove_spectral_norm):
        with pytest.raises(ValueError, match="not found"):
            remove(layer)
    with pytest.raises(RuntimeError, match=r"weight_norm is installed on Linear\.weight already"):
        nn.utils.weight_norm(nn.utils.weight_norm(nn.Linear(2, 3)))


# Weight norm ------------------------------------------------------------------------------------------------------

WRAPS = {
    "parametrized": (parametrizations.weight_norm, parametrize.remove_parametrizations, "parametrizations.weight."),
    "hooked": (nn.utils.weight_norm, lambda layer, name: nn.utils.remove_weight_norm(layer), "weight_"),
}
PARTS = {"parametrized": ("original0", "original1"), "hooked": ("g", "v")}


def norms(array, dim):
    axes = None if dim is None else tuple(i for i in range(array.ndim) if i != dim % array.ndim)
    return np.sqrt((array**2).sum(axes, keepdims=dim is not None))


@pytest.mark.parametrize("dim", [0, 1, -1, None])
@pytest.mark.parametrize("form", WRAPS)
@each_layer
def test_weight_norm_trains_the_norm_and_the_direction(name, form, dim):
    wrap, unwrap, prefix = WRAPS[form]
    layer, x = made(name), batch(name)
    before, out = layer.weight.detach().numpy().copy(), layer(x).detach().numpy()
    wrap(layer, dim=dim)
    np.testing.assert_allclose(layer(x).detach().numpy(), out)
    params = dict(layer.named_parameters())
    g, v = (params[prefix + part] for part in PARTS[form])
    np.testing.assert_allclose(g.detach().numpy(), norms(before, dim))
    v.data = ag.tensor(v.detach().numpy() * 7)  # the length of the direction does not count
    np.testing.assert_allclose(layer(x).detach().numpy(), out)
    g.data = ag.tensor(g.detach().numpy() * 2)
    layer(x)
    np.testing.assert_allclose(norms(layer.weight.detach().numpy(), dim), 2 * norms(before, dim))

    def run(*values):
        return functional_call(layer, dict(zip(params, values, strict=True)), (x,))

    assert gradcheck(run, [ag.tensor(p.detach().numpy(), requires_grad=True) for p in params.values()])
    unwrap(layer, "weight")
    assert sorted(n for n, _ in layer.named_parameters()) == ["bias", "weight"]
    np.testing.assert_allclose(layer.weight.detach().numpy(), 2 * before)


# Spectral norm ----------------------------------------------------------------------------------------------------


def matrix_of(layer, weight):
    dim = 1 if "Transpose" in type(layer).__name__ else 0
    return np.moveaxis(weight.detach().numpy(), dim, 0).reshape(weight.shape[dim], -1)


@pytest.mark.parametrize("form", ["parametrized", "hooked"])
@each_layer
@examples(4)
@given(seed=SEEDS)
def test_spectral_norm_makes_the_first_singular_value_one(form, name, seed):
    ag.manual_seed(seed)
    layer, x = made(name, seed), batch(name)
    before = layer.weight.detach().numpy().copy()
    sigma = np.linalg.svd(matrix_of(layer, layer.weight), compute_uv=False)
    (parametrizations if form == "parametrized" else nn.utils).spectral_norm(layer, n_power_iterations=5)
    for _ in range(30):
        layer(x)
    close = {"rtol": 1e-6 if sigma[1] < 0.9 * sigma[0] else 1e-1}
    np.testing.assert_allclose(layer.weight.detach().numpy(), before / sigma[0], **close)
    layer.eval()
    fixed = layer(x).detach().numpy()
    np.testing.assert_array_equal(layer(x).detach().numpy(), fixed)  # no further step outside training
    layer.train()
    if form == "parametrized":
        parametrize.remove_parametrizations(layer, "weight")
    else:
        nn.utils.remove_spectral_norm(layer)
    assert sorted(n for n, _ in layer.named_parameters()) == ["bias", "weight"] and layer.training
    np.testing.assert_allclose(layer(x).detach().numpy(), fixed)


@pytest.mark.parametrize("form", ["parametrized", "hooked"])
def test_the_gradient_of_spectral_norm_is_that_with_fixed_vectors(form):
    """u^T W v with fixed u and v has the derivative of the singular value, where they are its singular vectors."""
    layer, x = made("Linear", 3), batch("Linear")
    (parametrizations if form == "parametrized" else nn.utils).spectral_norm(layer, n_power_iterations=100)
    layer(x)
    layer.eval()
    name = "parametrizations.weight.original" if form == "parametrized" else "weight_orig"
    weight = dict(layer.named_parameters())[name].detach().numpy()

    (found,) = ag.grad(functional_call(layer, {name: (w := ag.tensor(weight, requires_grad=True))}, (x,)).sum(), [w])
    step, difference = 1e-6, np.zeros(weight.shape)
    for place in np.ndindex(*weight.shape):
        values = []
        for sign in (1, -1):
            moved = weight.copy()
            moved[place] += sign * step
            scaled = moved / np.linalg.svd(moved, compute_uv=False)[0]
            values.append((x.numpy() @ scaled.T).sum())
        difference[place] = (values[0] - values[1]) / (2 * step)
    np.testing.assert_allclose(found.numpy(), difference, rtol=1e-5, atol=1e-7)


def test_installing_the_hooked_spectral_norm_makes_no_step_of_power_iteration():
    layer, x = made("Linear", 5), batch("Linear")
    before = layer.weight.detach().numpy().copy()
    nn.utils.spectral_norm(layer)
    np.testing.assert_array_equal(layer.weight.numpy(), before)
    u = layer.weight_u.numpy().copy()
    layer(x)
    v = before.T @ u
    v /= np.linalg.norm(v)
    u = before @ v
    np.testing.assert_allclose(layer.weight_u.numpy(), u / np.linalg.norm(u), rtol=1e-5)
    np.testing.assert_allclose(layer.weight.detach().numpy(), before / np.linalg.norm(u), rtol=1e-5)


@pytest.mark.parametrize("install", [nn.utils.weight_norm, nn.utils.spectral_norm])
def test_a_module_with_a_hooked_norm_can_be_pickled(install):
    layer = install(nn.Linear(3, 4)).eval()
    found, x = pickle.loads(pickle.dumps(layer)), ag.randn(2, 3)
    np.testing.assert_array_equal(found(x).detach(), layer(x).detach())
    remove = getattr(nn.utils, f"remove_{install.__name__.removeprefix('hooked_')}")
    assert isinstance(remove(found).weight, nn.Parameter) and not isinstance(layer.weight, nn.Parameter)


def test_spectral_norm_of_a_vector_makes_its_norm_one():
    layer = nn.LayerNorm(4)
    layer.weight.data = ag.tensor([3.0, 0.0, 4.0, 0.0])
    parametrizations.spectral_norm(layer)
    np.testing.assert_allclose(layer.weight.detach().numpy(), [0.6, 0.0, 0.8, 0.0], rtol=1e-6)


# Orthogonal weights ---------------------------------------------------------------------------------------------------

MAPS = ["matrix_exp", "cayley", "householder"]
SHAPES = [(4, 4), (5, 3), (2, 4), (2, 4, 3)]


def with_weight(shape):
    module = nn.Module()
    module.weight = nn.Parameter(ag.randn(shape, dtype=ag.float64))
    return module


def is_orthogonal(weight):
    tall = weight if weight.shape[-2] >= weight.shape[-1] else weight.mT
    return (tall.mT @ tall).allclose(ag.eye(tall.shape[-1], dtype=ag.float64), atol=1e-9)


@pytest.mark.parametrize("based", [True, False])
@pytest.mark.parametrize("kind", MAPS)
@pytest.mark.parametrize("shape", SHAPES)
def test_an_orthogonal_weight_stays_orthogonal_while_it_is_trained(shape, kind, based):
    module = with_weight(shape)
    if based:
        parametrizations.orthogonal(module, orthogonal_map=kind)
    elif kind == "householder":
        parametrizations.orthogonal(module, orthogonal_map=kind, use_trivialization=False)
    else:
        with pytest.raises(NotImplementedError, match=f"{kind} has no inverse: pass use_trivialization=True"):
            parametrizations.orthogonal(module, orthogonal_map=kind, use_trivialization=False)
        return
    goal = ag.randn(shape, dtype=ag.float64)
    optimizer, distances = nn.optim.SGD(module.parameters(), 0.02), []
    for _ in range(30):
        optimizer.zero_grad()
        loss = (module.weight - goal).square().sum()
        loss.backward()
        optimizer.step()
        distances.append(loss.item())
        assert is_orthogonal(module.weight)
    assert distances[-1] < distances[0]


@pytest.mark.parametrize("kind", MAPS)
@pytest.mark.parametrize("shape", SHAPES)
def test_an_orthogonal_weight_that_is_assigned_is_the_weight(shape, kind):
    for based in (True, False) if kind == "householder" else (True,):
        module = parametrizations.orthogonal(with_weight(shape), orthogonal_map=kind, use_trivialization=based)
        goal = nn.init.orthogonal_(ag.empty(*shape[-2:], dtype=ag.float64)).expand(shape).clone()
        module.weight = goal
        np.testing.assert_allclose(module.weight.detach().numpy(), goal.numpy(), atol=1e-9)
        parts = module.parametrizations.weight
        whole = parts.original.detach()
        signs = whole * ag.eye(*shape[-2:], dtype=ag.float64)  # which have no derivative
        x = (whole - signs).requires_grad_()
        assert gradcheck(lambda x, f=parts[0], signs=signs: f(signs + x - x * signs.abs()), x)


def test_what_cannot_be_made_orthogonal_is_said():
    with pytest.raises(ValueError, match=r"must be a matrix or a batch of matrices, its shape is \(3,\)"):
        parametrizations.orthogonal(nn.Linear(3, 3), "bias")
    with pytest.raises(ValueError, match='"cayley", "householder", not \'qr\''):
        parametrizations.orthogonal(nn.Linear(3, 3), orthogonal_map="qr")
    layer = parametrizations.orthogonal(nn.Linear(3, 3))
    with pytest.raises(ag.ShapeError, match=r"\(2, 3\) is assigned to an orthogonal one of \(3, 3\)"):
        layer.weight = ag.ones(2, 3)

"""`explain` divides the derivative by one number among the routes from it to the loss, with nothing left over."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd as ag
import nn
import nn.functional as F
from autograd.routes import push
from autograd.tracing import trace
from models import mlp
from models.cnn import CNN
from models.config import GPTConfig
from models.gpt import GPT
from models.transformer import Transformer, TransformerConfig
from tests.properties.calls import examples


def total(found):
    return sum(route.contribution for route in found.routes) + found.others


def assert_adds_up(found):
    assert abs(total(found) - found.gradient) <= 1e-12 * max(abs(route.contribution) for route in found.routes)
    scale = max(abs(found.gradient), 1e-4)
    assert found.numeric == pytest.approx(found.gradient, rel=1e-4, abs=1e-4 * scale)


class Branches(nn.Module):
    """tanh(a(x)) + b(x), of which either is a module of its own."""

    def __init__(self):
        super().__init__()
        self.stem, self.left, self.right = nn.Linear(3, 4), nn.Linear(4, 2), nn.Sequential(nn.Linear(4, 2), nn.Tanh())

    def forward(self, x, cut=()):
        x = self.stem(x)
        left = self.left(x.detach() if "left" in cut else x)
        right = self.right(x.detach() if "right" in cut else x)
        return (left * right).sum() + left.exp().sum()


def test_a_route_contributes_what_is_left_when_the_others_are_cut():
    model, x = Branches().double(), ag.rand(5, 3, dtype=ag.float64)
    found = ag.explain(lambda: model(x), model.stem.weight[2, 1])
    assert_adds_up(found)
    assert {route.steps for route in found.routes} == {
        ("stem", "left", "Branches"), ("stem", "right.0", "right.1", "Branches")
    }  # fmt: skip
    for route in found.routes:
        other = "right" if "left" in route.steps else "left"
        (g,) = ag.grad(model(x, cut=(other,)), [model.stem.weight])
        assert route.contribution == pytest.approx(g[2, 1].item(), rel=1e-12)
        module = "left" if "left" in route.steps else "right.0"
        assert found.modules[module] == pytest.approx(route.contribution, rel=1e-12)
    assert found.modules["stem"] == pytest.approx(found.gradient, rel=1e-12)
    assert abs(found.routes[0].contribution) >= abs(found.routes[1].contribution)


def gpt(**options):
    model = GPT(GPTConfig(9, 6, n_layer=2, n_head=2, n_embd=8, **options)).double()
    x, y = ag.randint(0, 9, (3, 6)), ag.randint(0, 9, (3, 6))
    return model, lambda: model.loss(x, y)


def classifier(model, *shape):
    model, x, y = model.double(), ag.rand(4, *shape, dtype=ag.float64), ag.randint(0, 10, (4,))
    return model, lambda: F.cross_entropy(model(x), y)


def translator():
    model = Transformer(TransformerConfig(9, 8, d_model=8, num_heads=2, num_layers=2, d_ff=16, max_len=6)).double()
    source, target = ag.randint(1, 9, (3, 5)), ag.randint(1, 8, (3, 4))
    return model, lambda: model.loss(source, target)


MODELS = {
    "GPT": gpt,
    "GPT, rotary, post-norm": lambda: gpt(position="rotary", norm_first=False, tie=False, dropout=0.2),
    "MLP": lambda: classifier(mlp.digits(), 784),
    "Nielsen's": lambda: classifier(mlp.nielsen(), 784),
    "CNN": lambda: classifier(CNN(), 1, 28, 28),
    "Transformer": translator,
    "LSTM": lambda: (
        lambda model, x: (model, lambda: model(x)[0].square().sum())
    )(nn.LSTM(3, 4, 2).double(), ag.rand(5, 2, 3, dtype=ag.float64)),
}  # fmt: skip


@pytest.mark.parametrize("name", MODELS)
def test_the_routes_of_every_model_add_up_to_the_gradient(name):
    ag.manual_seed(1)
    model, loss = MODELS[name]()
    rng = np.random.default_rng(0)
    for parameter in [p for p in model.parameters() if p.ndim > 1][:6:2]:
        index = tuple(int(i) for i in rng.integers(0, parameter.shape))
        before = parameter.array.copy()
        found = ag.explain(loss, parameter[index], routes=4)
        np.testing.assert_array_equal(parameter.array, before)
        if found.gradient:
            assert_adds_up(found)


def test_query_key_and_value_are_routes_of_their_own():
    ag.manual_seed(0)
    model, loss = gpt(tie=False)
    found = ag.explain(loss, model.transformer.wpe.weight[1, 2], routes=500, max_steps=10**6)
    assert found.unfollowed == 0 and found.others == 0
    assert_adds_up(found)
    steps = {step for route in found.routes for step in route.steps}
    assert {f"transformer.h.{i}.attn ({name})" for i in (0, 1) for name in "qkv"} <= steps
    # In each block attention is passed by or entered in three ways, and then the feed-forward layer is or is not.
    assert len(found.routes) == (4 * 2) ** 2


def test_they_are_so_where_weights_are_dropped_and_in_cross_attention():
    model, loss = translator()
    found = ag.explain(loss, model.encoder.wte.weight[2, 5], routes=1000, max_steps=10**6)
    assert_adds_up(found)
    labels = [step for route in found.routes for step in route.steps if step.startswith("decoder.h.0.cross")]
    assert set(labels) == {"decoder.h.0.cross (k)", "decoder.h.0.cross (v)"}
    assert "encoder.h.1.attn (q)" in {step for route in found.routes for step in route.steps}


@examples(30)
@given(st.integers(0, 2**32 - 1))
def test_the_routes_of_random_programs_add_up(seed):
    rng = np.random.default_rng(seed)
    w = ag.tensor(rng.uniform(0.5, 1.5, (2, 3)), requires_grad=True)
    steps = [
        (lambda a, b: a * b), (lambda a, b: a + b.sum(0, keepdim=True)), (lambda a, b: (a @ b.T) @ b),
        (lambda a, b: a.unbind(1)[1].reshape(2, 1) * b), (lambda a, b: ag.cat([a, b])[1:3]),
        (lambda a, b: a.softmax(1) - b), (lambda a, b: a.sort(0)[0] * b[0, 1]),
        (lambda a, b: ag.where(a > b, a, b.tanh())),
    ]  # fmt: skip
    chosen = [(steps[i], j, k) for i, j, k in zip(rng.integers(0, len(steps), 6), *rng.integers(0, 99, (2, 6)))]

    def loss():
        values = [w]
        for f, j, k in chosen:
            values.append(nn.Sequential(Run(f, values[j % len(values)]))(values[k % len(values)]).tanh())
        return values[-1].sum() + w.square().sum()

    found = ag.explain(loss, w[1, 2], routes=int(rng.integers(1, 9)))
    assert_adds_up(found)


class Run(nn.Module):
    def __init__(self, f, a):
        super().__init__()
        self.f, self.a = f, [a]

    def forward(self, b):
        return self.f(self.a[0], b)


def test_the_push_of_an_operation_is_its_derivative_along_the_tangents():
    x = ag.tensor([[1.0, 2.0], [3.0, 5.0]], dtype=ag.float64, requires_grad=True)
    t = np.array([[0.3, -1.0], [2.0, 0.5]])
    node = (x * x).node
    np.testing.assert_allclose(push(node, {x.node: t}), 2 * x.array * t, rtol=1e-15)
    halves = x.sort(1, descending=True)
    joint = halves[0].node.parents[0]
    values, indices = push(joint, {x.node: t})
    np.testing.assert_array_equal(values, t[:, ::-1])
    assert indices is None


def test_a_loss_that_was_traced_has_no_difference_beside_it():
    model, x = Branches().double(), ag.rand(5, 3, dtype=ag.float64)
    with trace():
        loss = model(x)
    found = ag.explain(loss, model.stem.weight.T[1, 2])
    assert found.numeric is None and "finite" not in str(found)
    assert len(found.routes) == 2 and found.gradient == ag.grad(loss, [model.stem.weight])[0][2, 1].item()


def test_without_a_trace_all_routes_are_one():
    w = ag.tensor([1.0, 2.0], requires_grad=True)
    found = ag.explain((w * w.exp()).sum(), w[1])
    assert [route.steps for route in found.routes] == [("loss",)]


def test_an_activation_can_be_explained_too():
    model, x = Branches().double(), ag.rand(5, 3, dtype=ag.float64)
    with trace():
        hidden = model.stem(x)
        loss = model.left(hidden).exp().sum()
    found = ag.explain(loss, hidden[2, 3])
    assert total(found) == pytest.approx(ag.grad(loss, [hidden])[0][2, 3].item(), rel=1e-12)


def test_depth_folds_the_paths_of_modules():
    model, loss = gpt()
    found = ag.explain(loss, model.transformer.h[0].mlp.c_fc.weight[0, 0], depth=1)
    places = ["transformer", *[f"transformer ({name})" for name in "qkv"]]
    assert {route.steps for route in found.routes} <= {(place, "lm_head", "loss") for place in places}
    assert_adds_up(found)


def test_the_table_shows_the_gradient_the_difference_and_each_route():
    model, x = Branches().double(), ag.rand(5, 3, dtype=ag.float64)
    found = ag.explain(lambda: model(x), model.stem.weight[2, 1], routes=1)
    text = str(found)
    assert f"gradient {found.gradient:.6g}, by finite differences {found.numeric:.6g}" in text
    assert str(found.routes[0]) in text and "all other routes, in 1 bundles" in text
    assert repr(found) == text


def test_the_rounding_error_of_the_difference_is_shown_where_it_counts():
    ag.manual_seed(0)
    model, loss = gpt()
    weight = model.transformer.h[0].attn.c_attn.weight
    assert "±" not in str(ag.explain(loss, weight[0, 0]))
    found = ag.explain(loss, model.float().transformer.h[0].attn.c_attn.weight[0, 0])
    assert abs(found.numeric - found.gradient) < 3 * found.resolution and " ± " in str(found)


def test_what_cannot_be_explained_is_said():
    w = ag.tensor([[1.0, 2.0]], requires_grad=True)
    loss = (w * 2).sum()
    with pytest.raises(ValueError, match=r"one element of a tensor, as W\[3, 5\], got a tensor of shape \(2,\)"):
        ag.explain(loss, w[0])
    with pytest.raises(ValueError, match="that an operation computed"):
        ag.explain(loss, w.sum())
    with pytest.raises(ValueError, match=r"the loss must be one number, got a tensor of shape \(1, 2\)"):
        ag.explain(w * 2, w[0, 1])
    with pytest.raises(ag.GraphError, match="does not depend on this element"):
        ag.explain(loss, ag.tensor([1.0, 2.0], requires_grad=True)[0])
    loss = (w * w).sum()
    loss.backward()
    with pytest.raises(ag.GraphError, match="retain_graph=True"):
        ag.explain(loss, w[0, 1])

"""`explain` divides the derivative by one number among the routes from it to the loss, with nothing left over."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd as ag
import nn
import nn.functional as F
from autograd.errors import GraphError
from autograd.flows import push
from autograd.scalar import Value
from autograd.tracing import trace
from models import mlp
from models.cnn import CNN
from models.config import GPTConfig
from models.gpt import GPT
from models.transformer import Transformer, TransformerConfig
from tests.browser import MISSING, WITHOUT, Browser
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
    np.testing.assert_allclose(push(node, [t, t]), 2 * x.array * t, rtol=1e-15)
    halves = x.sort(1, descending=True)
    joint = halves[0].node.parents[0]
    values, indices = push(joint, [t])
    np.testing.assert_array_equal(values, t[:, ::-1])
    assert indices is None


def test_the_push_of_a_product_has_a_term_for_each_factor_and_the_bias():
    x, weight, bias = (ag.randn(*shape, dtype=ag.float64, requires_grad=True) for shape in ((2, 3, 4), (5, 4), (5,)))
    t, s, r = np.ones((2, 3, 4)), np.arange(20.0).reshape(5, 4), np.full(5, 3.0)
    node = F.linear(x, weight, bias).node
    of_x, of_weight = t @ weight.array.T, x.array @ s.T
    np.testing.assert_allclose(push(node, [t, s, r]), of_x + of_weight + r, rtol=1e-13)
    np.testing.assert_allclose(push(node, [None, s, None]), of_weight, rtol=1e-13)
    vector = ag.randn(4, dtype=ag.float64, requires_grad=True)
    np.testing.assert_allclose(push((x @ vector).node, [t, None]), t @ vector.array, rtol=1e-13)


def test_an_element_of_a_table_tied_to_the_output_contributes_by_both_uses():
    embedding, y = nn.Embedding(6, 4).double(), ag.tensor([1, 3])
    w = embedding.weight

    def loss():
        return F.cross_entropy(F.linear(ag.tanh(embedding(ag.tensor([3, 2]))), w), y)

    explanation = ag.explain(loss, w[3, 1])
    (gradient,) = ag.grad(loss(), w)
    np.testing.assert_allclose(explanation.gradient, gradient.array[3, 1], rtol=1e-12)
    np.testing.assert_allclose(explanation.numeric, explanation.gradient, rtol=1e-6)


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
    assert str(found).endswith("give the loss as a function: explain(lambda: ..., ...)")


def test_an_activation_can_be_explained_too():
    model, x = Branches().double(), ag.rand(5, 3, dtype=ag.float64)
    with trace():
        hidden = model.stem(x)
        loss = model.left(hidden).exp().sum()
    found = ag.explain(loss, hidden[2, 3])
    assert total(found) == pytest.approx(ag.grad(loss, [hidden])[0][2, 3].item(), rel=1e-12)


def test_an_element_is_found_in_any_layout_of_memory():
    grid = np.arange(12.0).reshape(3, 4)
    for array in (grid, np.asfortranarray(grid), grid[:, ::2], grid[::-1]):
        w = ag.from_numpy(array).requires_grad_()
        for element, index in ((w[2, 1], (2, 1)), (w.T[0, 1], (1, 0)), (w[1:][:, 1:][0, 0], (1, 1))):
            found = ag.explain(lambda: (w**3).sum(), element)  # noqa: B023
            assert found.name == f"w[{index[0]}, {index[1]}]"
            assert found.gradient == pytest.approx(3 * array[index] ** 2) == pytest.approx(found.numeric)


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
    assert text.startswith(
        f"∂loss/∂stem.weight[2, 1] = {found.gradient:.6g}; by finite differences {found.numeric:.6g}\n"
    )
    assert str(found.routes[0]) in text and "all other routes, in 1 bundle\n" in text
    shown = found._repr_html_()  # in a notebook
    assert f"<td>{found.others:.6g}</td>" in shown and found.heading in shown


def test_in_float32_the_difference_is_computed_in_float64_where_layers_take_it():
    ag.manual_seed(0)
    model, loss = gpt()
    weight = model.float().transformer.h[0].attn.c_attn.weight
    before = weight.array
    found = ag.explain(loss, weight[0, 0])
    assert found.numeric == pytest.approx(found.gradient, rel=1e-4, abs=1e-9)
    assert weight.array is before and weight.dtype == ag.float32
    for layer, shape in ((CNN(), (4, 1, 28, 28)), (nn.LSTM(3, 4), (5, 2, 3)), (nn.BatchNorm1d(3), (4, 3))):
        x, parameter = ag.rand(*shape), next(layer.parameters())
        found = ag.explain(lambda: (layer(x)[0] ** 2).sum(), parameter.view(-1)[1])  # noqa: B023
        assert found.numeric == pytest.approx(found.gradient, rel=1e-4, abs=1e-6), type(layer)
        assert parameter.dtype == ag.float32 and not layer._forward_pre_hooks
    row = weight[0]  # a view that is made once does not see another array
    assert ag.explain(lambda: row.square().sum(), weight[0, 1]).numeric == pytest.approx(
        2 * weight[0, 1].item(), rel=0.1
    )


def test_buffers_and_random_numbers_are_afterwards_as_they_were():
    ag.manual_seed(0)
    model, x = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Dropout(0.5)).double(), ag.rand(5, 3).double()
    before = {name: buffer.clone() for name, buffer in model.named_buffers()}
    ag.manual_seed(1)
    found = ag.explain(lambda: model(x).square().sum() + x.sum(), model[0].weight[1, 2])
    assert_adds_up(found)
    assert all((before[name] == buffer).all() for name, buffer in model.named_buffers()) and model[1].training


# Values ---------------------------------------------------------------------------------------------------------------


class Neuron:
    def __init__(self, rng, inputs):
        self.w, self.b = [Value(x) for x in rng.normal(size=inputs)], Value(rng.normal())

    def __call__(self, x):
        return (sum((w * x for w, x in zip(self.w, x)), self.b)).tanh()


def test_the_routes_of_a_value_pass_the_neurons_that_hold_the_parameters():
    rng = np.random.default_rng(0)
    layers = [[Neuron(rng, n) for _ in range(m)] for n, m in ((2, 3), (3, 3), (3, 1))]

    def loss():
        total = Value(0.0)
        for x in ([0.5, -1.0], [2.0, 0.3]):
            for layer in layers:
                x = [neuron(x) for neuron in layer]
            total = total + (x[0] - 1.0) ** 2
        return total

    found = ag.explain(loss, layers[0][1].w[1])
    assert_adds_up(found)
    assert found.unfollowed == 0
    middle = [f"layers[1][{i}]" for i in range(3)]
    assert {route.steps for route in found.routes} == {("layers[0][1]", m, "layers[2][0]", "loss") for m in middle}
    loss().backward()
    assert found.gradient == pytest.approx(layers[0][1].w[1].grad, rel=1e-12) and found.name == "layers[0][1].w[1]"
    for route in found.routes:  # what is left when the other neurons do not pass it on
        assert found.modules[route.steps[1]] == pytest.approx(route.contribution, rel=1e-12)
    shallow = ag.explain(loss, layers[0][1].w[1], depth=2)
    assert {route.steps for route in shallow.routes} == {("layers[0]", "layers[1]", "layers[2]", "loss")}
    assert_adds_up(shallow)


def test_the_places_of_other_values_are_names_and_operations():
    a, b = Value(2.0), Value(-3.0)
    e = a * b
    out = (e + a * 4).tanh() * a + a**2
    found = ag.explain(out, a)
    by_steps = {route.steps: route.contribution for route in found.routes}
    slope = 1 - np.tanh(2.0) ** 2
    expected = {
        ("×", "out"): np.tanh(2.0), ("**", "out"): 4.0,
        ("e", "+", "tanh", "×", "out"): -3 * slope * 2, ("×", "+", "tanh", "×", "out"): 4 * slope * 2,
    }  # fmt: skip
    assert by_steps.keys() == expected.keys()
    for steps, contribution in expected.items():
        assert by_steps[steps] == pytest.approx(contribution, rel=1e-12)
    assert found.numeric is None and "finite" not in str(found)


VALUE_OPS = (Value.__add__, Value.__mul__, lambda x, y: x.tanh(), lambda x, y: x**2, Value.maximum, lambda x, y: x / 3)


@given(st.lists(st.tuples(st.sampled_from(VALUE_OPS), st.integers(1, 4), st.integers(1, 4)), min_size=1, max_size=20))
def test_the_routes_of_random_programs_of_values_add_up(program):
    x = Value(0.5)

    def loss():
        values = [x, Value(-1.5), Value(2.0), Value(0.25)]
        for op, i, j in program:
            values.append(op(values[-i], values[-j]).tanh())
        return values[-1] + x * 0.5

    found = ag.explain(loss, x, routes=3)
    assert abs(total(found) - found.gradient) <= 1e-12 * max(1, *[abs(route.contribution) for route in found.routes])
    assert sum(v for (tail, _), v in found.flows.items() if tail == 0) == pytest.approx(
        found.gradient, rel=1e-9, abs=1e-12
    )
    last = len(found.visits) - 1
    assert sum(v for (_, head), v in found.flows.items() if head == last) == pytest.approx(
        found.gradient, rel=1e-9, abs=1e-12
    )
    assert x.data == 0.5


def test_a_value_of_another_graph_cannot_be_explained():
    with pytest.raises(GraphError, match="the loss does not depend on this Value"):
        ag.explain(Value(1.0) * 2, Value(3.0))
    with pytest.raises(ValueError, match="the loss must be one Value, got a list"):
        ag.explain(lambda: [], Value(3.0))


# The page -------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    folder = tmp_path_factory.mktemp("why")
    ag.manual_seed(0)
    model, loss = gpt(tie=False)
    found = ag.explain(loss, model.transformer.wpe.weight[1, 2])
    return found, found.save(folder / "why.html"), found.save(folder / "why.txt")


def test_an_explanation_is_saved_as_a_page_or_as_text(pages):
    found, page, text = pages
    assert text.read_text(encoding="utf-8") == f"{found}\n"
    source = page.read_text(encoding="utf-8")
    assert len(source) < 100_000 and "http" not in source.replace("http-equiv", "")
    assert source.count('<tr class="route">') == len(found.routes) and found.heading in source
    with pytest.raises(ValueError, match=r"why.png: an explanation is saved as a page \(.html\) or as text \(.txt\)"):
        found.save("why.png")


def test_what_leaves_a_module_is_divided_among_its_features(pages):
    found = pages[0]
    assert found.features.keys() >= found.modules.keys()
    for name, value in found.modules.items():
        assert found.features[name].sum() == pytest.approx(value, rel=1e-9, abs=1e-12 * abs(found.gradient))
    model, loss = classifier(mlp.nielsen(), 784)
    first = ag.explain(loss, model.layers[0].weight[3, 5])
    assert np.flatnonzero(first.features["layers.0"]).tolist() == [3] and first.features["layers.1"].shape == (10,)
    assert "layers.0: feature 3 (100.0%) of 30" in str(first)
    model, loss = classifier(CNN(), 1, 28, 28)
    channels = ag.explain(loss, model.layers[0].weight[2, 0, 1, 1]).features["layers.0"]
    assert np.delete(channels, 2).tolist() == [0.0] * 15


def test_what_flows_into_a_visit_flows_out_of_it(pages):
    found = pages[0]
    for i in range(1, len(found.visits) - 1):
        into = sum(value for (_, head), value in found.flows.items() if head == i)
        out = sum(value for (tail, _), value in found.flows.items() if tail == i)
        assert into == pytest.approx(out, rel=1e-9, abs=1e-12 * abs(found.gradient))
    assert found.visits.count("transformer.h.0") == 2  # behind attention, and behind the feed-forward layer


@pytest.mark.skipif(bool(MISSING), reason=WITHOUT)
def test_in_a_browser_a_route_lights_up_and_nothing_keeps_people_out(pages):
    found, page, _ = pages
    lit = "return document.querySelectorAll('#stage .node:not(.away)').length"
    with Browser() as browser:
        browser.open(page)
        assert browser.run(lit) == len(found.visits)
        browser.click("tr.route button")
        assert browser.run(lit) == len(lit_by(found, found.routes[0])) < len(found.visits)
        browser.click("tr.route button")
        assert browser.run(lit) == len(found.visits)
        for width in (1280, 390):
            browser.resize(width, 800)
            assert browser.run("return document.documentElement.scrollWidth") <= width
            for dark in (False, True):
                browser.run("document.documentElement.classList.toggle('dark', arguments[0])", dark)
                assert browser.serious_violations() == []
        assert browser.complaints() == [] and browser.requests() == [page.as_uri()]


def lit_by(found, route):
    """The visits on the ways that pass the modules of a route in its order."""
    names = [step.partition(" (")[0] for step in route.steps]
    last, lit = len(found.visits) - 1, set()

    def walk(visit, step, way):
        if visit == last:
            lit.update(way if step == len(names) - 1 else ())
        for tail, head in found.flows:
            for onward in (step, step + 1):
                if tail == visit and onward in range(len(names)) and (found.visits[head] or "loss") == names[onward]:
                    walk(head, onward, {*way, head})

    walk(0, -1, {0})
    return lit


# What cannot be explained ---------------------------------------------------------------------------------------------


def test_what_cannot_be_explained_is_said():
    w = ag.tensor([[1.0, 2.0]], requires_grad=True)
    loss = (w * 2).sum()
    with pytest.raises(ValueError, match=r"one element of a tensor, as W\[3, 5\], got a tensor of shape \(2,\)"):
        ag.explain(loss, w[0])
    with pytest.raises(TypeError, match=r"one element of a tensor, as W\[3, 5\], or a Value, not a float"):
        ag.explain(loss, 1.0)
    with pytest.raises(TypeError, match="the loss is a Tensor, a Value or a function that computes one, not a float"):
        ag.explain(1.0, w[0, 0])
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

"""`nn.summary` counts what a model has, computes and keeps."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd as ag
import nn
from autograd.graph import newest_first
from autograd.versions import owner
from models.cnn import CNN
from models.config import GPTConfig
from models.gpt import GPT

sizes = st.integers(1, 4)


class Apply(nn.Module):
    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, *args):
        return self.function(*args)


def with_ones(module):
    """All weights 1 and no bias: then the sum of the results counts the products that were added."""
    for name, parameter in module.named_parameters():
        parameter.array[...] = 0 if "bias" in name else 1
    return module


@given(sizes, sizes, sizes, st.integers(1, 3), st.data())
def test_multiply_adds_are_the_products_that_are_added(n, c, o, kernel, data):
    groups, stride = data.draw(st.integers(1, 2)), data.draw(st.integers(1, 2))
    c, o = c * groups, o * groups
    layers = {
        nn.Linear(c, o): (n, kernel, c),
        nn.Conv1d(c, o, kernel, stride=stride, groups=groups): (n, c, kernel + 3),
        nn.Conv2d(c, o, (kernel, 1), stride=stride, groups=groups): (n, c, kernel + 1, 2),
        nn.ConvTranspose2d(c, o, kernel, stride=stride, groups=groups): (n, c, 2, 3),
        Apply(lambda x: ag.einsum("bc,dc->bd", x, ag.ones(o, c, requires_grad=True))): (n, c),
        Apply(lambda x: x @ ag.ones(c, o, requires_grad=True)): (n, kernel, c),
    }
    for layer, shape in layers.items():
        x = ag.ones(*shape)
        assert nn.summary(with_ones(layer), x).total.multiply_adds == layer(x).sum().item()


def test_the_figures_of_the_cnn_are_those_computed_by_hand():
    b, total = 3, nn.summary(CNN().eval(), (3, 1, 28, 28)).total
    assert total.parameters == (16 * 25 + 16) + (32 * 16 * 25 + 32) + (800 * 128 + 128) + (128 * 10 + 10)
    assert total.multiply_adds == b * (16 * 28 * 28 * 25 + 32 * 10 * 10 * 16 * 25 + 800 * 128 + 128 * 10)
    convolutions, pools, linears = 16 * 28 * 28 + 32 * 10 * 10, 16 * 14 * 14 + 32 * 5 * 5, 128
    assert total.activations == 4 * b * (2 * convolutions + pools + 2 * linears + 10)  # 2: relu follows
    indices = 8 * b * pools  # of the largest; relu and the layers behind pooling keep what they gave and were given
    assert total.saved == 4 * b * (convolutions + pools + linears) + indices


@pytest.mark.parametrize("tie", [False, True])
def test_the_figures_of_a_gpt_are_those_computed_by_hand(tie):
    b, t, c, v, layers = 2, 8, 12, 11, 3
    model = GPT(GPTConfig(v, t, n_layer=layers, n_head=2, n_embd=c, tie=tie))
    total = nn.summary(model, ag.randint(0, v, (b, t))).total
    norm, attention, mlp = 2 * c, (c + 1) * 3 * c + (c + 1) * c, (c + 1) * 4 * c + (4 * c + 1) * c
    assert total.parameters == v * c + t * c + layers * (2 * norm + attention + mlp) + norm + (0 if tie else v * c)
    products = 3 * c * c + c * c + 2 * 4 * c * c  # for each token: q, k and v; the projection; the feed-forward layer
    assert total.multiply_adds == b * t * (layers * (products + 2 * t * c) + c * v)  # and all queries with all keys
    assert total.output == ((b, t, v),)


@pytest.mark.parametrize("both", [False, True])
def test_the_figures_of_an_lstm_are_those_computed_by_hand(both):
    t, b, i, h, d = 5, 3, 4, 6, 1 + both
    total = nn.summary(nn.LSTM(i, h, 2, bidirectional=both), (t, b, i)).total
    weights = 4 * h * (i + h) + 4 * h * (d * h + h)  # of the two layers: those of the inputs, those of the state
    assert total.parameters == d * (weights + 2 * 2 * 4 * h)
    assert total.multiply_adds == d * t * b * weights
    assert total.output == ((t, b, d * h), (2 * d, b, h), (2 * d, b, h))


def network():
    block = nn.Sequential(nn.Linear(4, 4), nn.Tanh())
    return nn.Sequential(nn.Conv1d(2, 4, 1), nn.BatchNorm1d(4), block, block, nn.Dropout(0.5))


def test_attention_counts_both_of_its_products():
    q = ag.rand(2, 3, 5, 4, requires_grad=True)
    total = nn.summary(Apply(nn.functional.scaled_dot_product_attention), (q, ag.rand(2, 3, 6, 4), ag.rand(2, 3, 6, 7)))
    assert total.total.multiply_adds == 2 * 3 * 5 * 6 * (4 + 7)


def test_a_recurrent_layer_counts_both_of_its_products_in_each_step():
    found = nn.summary(nn.LSTM(3, 5, batch_first=True), ag.rand(2, 7, 3))
    assert found.total.multiply_adds == 2 * 7 * 4 * 5 * (3 + 5)


def test_each_module_has_its_row():
    rows = {row.name: row for row in nn.summary(network(), (3, 2, 4), depth=None).rows}
    assert list(rows) == ["", "0", "1", "2", "2.0", "2.1", "4"]
    assert rows["2"].calls == 2 and rows["2"].output == ((3, 4, 4),) and rows["2.0"].kind == "Linear"
    assert rows["2"].parameters == 20 and rows[""].parameters == 12 + 8 + 20
    assert rows["2"].multiply_adds == 2 * 3 * 4 * 16
    assert rows["4"].activations == 3 * 4 * 4 * 4


def graph_memory(model, x):
    """The bytes of the arrays that the graph behind a result holds, beside the model's own and the input."""
    own = {id(owner(t.array)) for t in (*model.parameters(), *model.buffers(), x)}
    out = model(x)
    saved = [v for node in newest_first([out.node]) for v in (node.saved or {}).values()]
    arrays = [a for v in saved for a in (v if isinstance(v, tuple) else (v,)) if isinstance(a, np.ndarray)]
    memory = {id(owner(a)): owner(a).nbytes for a in arrays}
    return sum(n for key, n in memory.items() if key not in own)


@pytest.mark.parametrize(
    ("model", "x"),
    [
        (network(), ag.rand(3, 2, 4)),
        (GPT(GPTConfig(11, 8, n_layer=2, n_head=2, n_embd=8)), ag.randint(0, 11, (2, 8))),
        (nn.Sequential(nn.Linear(3, 5), nn.ReLU(), nn.Linear(5, 1)), ag.rand(4, 3)),
    ],
)
def test_saved_is_what_the_graph_holds(model, x):
    assert nn.summary(model, x).total.saved == graph_memory(model, x) > 0


def test_frozen_modules_have_their_products_and_keep_nothing():
    model = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 2))
    whole = nn.summary(model, (3, 4))
    model[0].requires_grad_(False)
    frozen = nn.summary(model, (3, 4))
    assert frozen.total.multiply_adds == whole.total.multiply_adds == 3 * (4 * 8 + 8 * 2)
    assert frozen.total.trainable == 18 < frozen.total.parameters == 58
    assert frozen.rows[1].saved == 0 and not model[0].weight.requires_grad
    assert "of which 40 are frozen" in str(frozen)


def test_the_model_and_the_random_numbers_stay_as_they_were():
    model = network()
    before = {name: b.clone() for name, b in model.named_buffers()}
    ag.manual_seed(3)
    nn.summary(model, (3, 2, 4))
    drawn = ag.rand(3)
    ag.manual_seed(3)
    assert (drawn == ag.rand(3)).all()
    assert all((before[name] == b).all() for name, b in model.named_buffers())
    assert not any(m._forward_hooks for m in model.modules()) and model.training
    assert all(parameter.grad is None for parameter in model.parameters())


def test_an_error_of_the_model_passes_and_leaves_nothing_behind():
    model = network()
    with pytest.raises(ag.ShapeError):
        nn.summary(model, (3, 9, 4))
    assert (
        not any(m._forward_hooks for m in model.modules()) and (ag.ones(1, requires_grad=True) * 2).node.record is None
    )


def test_the_table_shows_modules_to_a_depth():
    text = str(nn.summary(network(), (3, 2, 4), depth=1)).splitlines()
    assert [line.split()[:2] for line in text[2:7]] == [
        ["Sequential", "(3,"], ["0", "Conv1d"], ["1", "BatchNorm1d"], ["2", "Sequential"], ["4", "Dropout"]
    ]  # fmt: skip
    assert "(3, 4, 4) × 2" in text[5] and "multiply-adds: 480 forward" in text[-2]


def test_lazy_layers_are_counted_with_the_parameters_that_the_run_gives_them():
    assert nn.summary(nn.Sequential(nn.LazyLinear(3)), (2, 5)).total.parameters == 18

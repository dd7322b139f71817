"""Embedding and EmbeddingBag beside PyTorch's: the layers with all their settings; update_bn."""

import numpy as np
import pytest

import autograd as ag
import nn

torch = pytest.importorskip("torch")
BOTH = [(ag, nn), (torch, torch.nn)]
TABLE = np.random.default_rng(0).normal(size=(7, 3))
INDEX = np.array([[1, 2, 2], [6, 0, 2]])

EMBEDDINGS = {
    "plain": {},
    "padding": {"padding_idx": -1},
    "norms": {"max_norm": 1.0},
    "other norms": {"max_norm": 0.7, "norm_type": 1.0},
    "by frequency": {"scale_grad_by_freq": True},
    "frozen": {"_freeze": True},
}
BAGS = {
    "mean": {},
    "sum": {"mode": "sum"},
    "max": {"mode": "max", "max_norm": 1.5},
    "padding": {"mode": "sum", "padding_idx": 2},
    "offsets": {"mode": "mean", "include_last_offset": True},
}


def same(ours, theirs):
    for a, b in zip(ours, theirs, strict=True):
        if isinstance(b, str) or b is None:
            assert a == b
        else:
            np.testing.assert_allclose(a.detach().numpy(), b.detach().numpy(), rtol=1e-6, atol=1e-12)


@pytest.mark.parametrize("name", EMBEDDINGS)
def test_an_embedding(name):
    def program(m, layers):
        layer = layers.Embedding(7, 3, _weight=m.tensor(TABLE), **EMBEDDINGS[name])
        out = layer(m.tensor(INDEX))
        if layer.weight.requires_grad:
            (out * out).sum().backward()
        return out, layer.weight, layer.weight.grad, repr(layer)

    same(*(program(*library) for library in BOTH))


@pytest.mark.parametrize("name", BAGS)
def test_a_bag(name):
    def program(m, layers):
        layer = layers.EmbeddingBag(7, 3, _weight=m.tensor(TABLE), **BAGS[name])
        if name == "offsets":
            out = layer(m.tensor(INDEX.reshape(-1)), m.tensor([0, 2, 2, 6]))
        elif name == "sum":
            out = layer(m.tensor(INDEX), per_sample_weights=m.tensor(INDEX / 3))
        else:
            out = layer(m.tensor(INDEX))
        (out * out).sum().backward()
        return out, layer.weight.grad, repr(layer)

    same(*(program(*library) for library in BOTH))


def test_layers_of_given_tables():
    def program(m, layers):
        made = layers.Embedding.from_pretrained(m.tensor(TABLE), padding_idx=1)
        bag = layers.EmbeddingBag.from_pretrained(m.tensor(TABLE), False, mode="sum")
        flags = str([made.weight.requires_grad, bag.weight.requires_grad, made.padding_idx, bag.mode])
        return made(m.tensor(INDEX)), bag(m.tensor(INDEX)), flags, repr(made), repr(bag)

    same(*(program(*library) for library in BOTH))


def test_update_bn_computes_the_statistics_of_all_batches():
    batches = [np.random.default_rng(i).normal(i, 1 + i, (4, 3)) for i in range(3)]

    def program(m, layers):
        model = layers.Sequential(layers.BatchNorm1d(3), layers.Tanh()).double().eval()
        m.optim.swa_utils.update_bn([[m.tensor(batch)] for batch in batches], model)
        return *model.state_dict().values(), str([model.training, model[0].momentum])

    same(*(program(*library) for library in BOTH))


def test_sparse_adam_takes_torchs_steps():
    rng, found = np.random.default_rng(0), []
    start, calls = rng.normal(size=(6, 3)), [(rng.integers(0, 6, 3), rng.normal(size=(3, 3))) for _ in range(6)]
    for m, layers in ((torch, torch.nn), (ag, nn)):
        table = layers.Embedding(6, 3, sparse=True).double()
        table.weight.data = m.tensor(start)
        optimizer = m.optim.SparseAdam(list(table.parameters()), lr=0.1, betas=(0.8, 0.9))
        for index, factor in calls:
            optimizer.zero_grad()
            (table(m.tensor(index)) * m.tensor(factor)).sum().backward()
            optimizer.step()
        found.append(table.weight.detach().numpy())
    np.testing.assert_allclose(*found, rtol=1e-12)

"""embedding and embedding_bag against loops over their indices; the layers of the same names."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd as ag
import nn
import nn.functional as F
from autograd import gradcheck
from autograd.testing import integers, seeds, shapes
from tests.properties.calls import examples

ROWS, COLUMNS = 5, 3
REDUCE = {"sum": lambda x: x.sum(0), "mean": lambda x: x.mean(0), "max": lambda x: x.max(0)}


def table(rng):
    return rng.normal(size=(ROWS, COLUMNS))


def plain_bags(weight, bags, mode, padding=None, shares=None):
    """The embeddings of lists of indices, one after the other."""
    out, at = np.zeros((len(bags), COLUMNS)), 0
    for bag, row in zip(bags, out):
        scales = np.ones(len(bag)) if shares is None else shares[at : at + len(bag)]
        members = [weight[i] * s for i, s in zip(bag, scales) if padding is None or i != padding % ROWS]
        row[:] = REDUCE[mode](np.array(members)) if members else 0
        at += len(bag)
    return out


@st.composite
def bagged(draw):
    return draw(st.lists(st.lists(st.integers(0, ROWS - 1), max_size=4), min_size=1, max_size=4))


@pytest.mark.parametrize("mode", REDUCE)
@examples(30)
@given(rng=seeds(), bags=bagged(), last=st.booleans(), padding=st.sampled_from([None, 1, -2]), weighted=st.booleans())
def test_bags_by_offsets_are_reduced_one_by_one(mode, rng, bags, last, padding, weighted):
    weight, flat = table(rng), [i for bag in bags for i in bag]
    shares = rng.normal(size=len(flat)) if weighted and mode == "sum" else None
    offsets = np.cumsum([0, *map(len, bags)])[: None if last else -1]
    index = ag.tensor(np.array(flat, np.int64))

    def run(w, s=None):
        return F.embedding_bag(
            index,
            w,
            ag.tensor(offsets),
            mode=mode,
            per_sample_weights=s,
            include_last_offset=last,
            padding_idx=padding,
        )

    inputs = [ag.tensor(a, requires_grad=True) for a in (weight, shares) if a is not None]
    np.testing.assert_allclose(run(*inputs).detach().numpy(), plain_bags(weight, bags, mode, padding, shares))
    if not flat:
        return
    if padding is not None:
        (found,) = ag.grad(run(*inputs).sum(), inputs[:1])
        assert not found.numpy()[padding].any()
    assert gradcheck(run, inputs)


@pytest.mark.parametrize("mode", REDUCE)
@given(rng=seeds(), index=integers(shapes(2, 2), 0, ROWS))
def test_bags_by_rows_are_reduced_one_by_one(mode, rng, index):
    weight = table(rng)
    layer = nn.EmbeddingBag.from_pretrained(ag.tensor(weight), freeze=False, mode=mode)
    out = layer(ag.tensor(index))
    np.testing.assert_allclose(out.detach().numpy(), plain_bags(weight, index, mode))
    assert layer.weight.requires_grad and (layer.num_embeddings, layer.embedding_dim) == (ROWS, COLUMNS)


@pytest.mark.parametrize("norm", [1.0, 2.0, 3.0])
@given(rng=seeds(), index=integers(shapes(), 0, ROWS), most=st.floats(0.1, 3))
def test_rows_that_are_used_are_scaled_to_the_greatest_norm(norm, rng, index, most):
    weight = table(rng)
    layer = nn.Embedding(ROWS, COLUMNS, max_norm=most, norm_type=norm, _weight=ag.tensor(weight))
    out = layer(ag.tensor(index))
    size = np.linalg.norm(weight, norm, -1, keepdims=True)
    expected = np.where(np.isin(np.arange(ROWS), index)[:, None] & (size > most), weight * most / size, weight)
    np.testing.assert_allclose(layer.weight.detach().numpy(), expected, rtol=1e-6)
    np.testing.assert_allclose(out.detach().numpy(), expected[index], rtol=1e-6)


@given(rng=seeds(), index=integers(shapes(), 0, ROWS))
def test_gradients_by_frequency_are_means_over_the_uses_of_a_row(rng, index):
    layer = nn.Embedding(ROWS, COLUMNS, scale_grad_by_freq=True, _weight=ag.tensor(table(rng)))
    upstream = rng.normal(size=(*index.shape, COLUMNS))
    (layer(ag.tensor(index)) * ag.tensor(upstream)).sum().backward()
    expected = [upstream[index == i].mean(0) if (index == i).any() else np.zeros(COLUMNS) for i in range(ROWS)]
    np.testing.assert_allclose(layer.weight.grad.numpy(), expected)


def test_settings_of_the_layers_are_shown():
    assert repr(nn.Embedding(3, 2, max_norm=1.0, sparse=True)) == "Embedding(3, 2, max_norm=1.0, sparse=True)"
    assert repr(nn.EmbeddingBag(3, 2, mode="sum", padding_idx=-1)) == "EmbeddingBag(3, 2, mode='sum', padding_idx=2)"


def test_what_is_no_bag_is_named():
    weight, flat = ag.ones(3, 2), ag.tensor([0, 1, 2])
    for offsets in ([1, 2], [0, 2, 1], [0, 4]):
        with pytest.raises(ValueError, match="offsets must begin with 0 and grow to at most 3"):
            F.embedding_bag(flat, weight, ag.tensor(offsets))
    with pytest.raises(ValueError, match=r"got shapes \(3,\) and None"):
        F.embedding_bag(flat, weight)
    with pytest.raises(ValueError, match="'sum', 'mean' or 'max', got 'min'"):
        F.embedding_bag(flat[None], weight, mode="min")
    with pytest.raises(NotImplementedError, match="per_sample_weights are for mode='sum', not 'mean'"):
        F.embedding_bag(flat[None], weight, per_sample_weights=ag.ones(1, 3))
    with pytest.raises(ValueError, match=r"per_sample_weights \(3,\) must have the shape of the input \(1, 3\)"):
        F.embedding_bag(flat[None], weight, mode="sum", per_sample_weights=ag.ones(3))
    with pytest.raises(ValueError, match=r"must be a table \(V, C\), got the shape \(3,\)"):
        F.embedding(flat, ag.ones(3))
    with pytest.raises(ValueError, match="padding_idx 3 is not one of 3 rows"):
        nn.Embedding(3, 2, padding_idx=3)
    with pytest.raises(ValueError, match=r"the weight must be \(3, 2\)"):
        nn.Embedding(3, 2, _weight=ag.ones(2, 3))

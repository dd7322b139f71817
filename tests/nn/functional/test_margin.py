"""Losses with margins and distances: their weights, powers and older arguments, and what they refuse."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd as ag
import nn.functional as F
from autograd import gradcheck
from autograd.testing import seeds
from tests.properties.calls import examples


@examples(20)
@given(rng=seeds(), p=st.sampled_from([1, 2]), one=st.booleans())
def test_multi_margin_weighs_the_terms_of_a_row_by_its_class(rng, p, one):
    x, weight, y = rng.normal(size=(4, 3)), rng.uniform(0.5, 2, 3), rng.integers(0, 3, 4)
    terms = np.maximum(0, 0.7 - x[np.arange(4), y][:, None] + x) ** p * weight[y][:, None]
    terms[np.arange(4), y] = 0
    expected, (a, b) = terms.sum(1) / 3, (x, y)
    if one:
        a, b, expected = x[0], y[0], expected[:1]
    found = F.multi_margin_loss(ag.tensor(a), ag.tensor(b), p, 0.7, ag.tensor(weight), reduction="none")
    np.testing.assert_allclose(found.numpy().reshape(-1), expected)


@examples(20)
@given(rng=seeds(), weighted=st.booleans())
def test_multilabel_soft_margin_is_the_mean_of_binary_entropies(rng, weighted):
    x, y, weight = rng.normal(size=(4, 3)), rng.integers(0, 2, (4, 3)).astype(float), rng.uniform(0.5, 2, 3)
    probability = 1 / (1 + np.exp(-x))
    terms = -(y * np.log(probability) + (1 - y) * np.log(1 - probability)) * (weight if weighted else 1)
    w = ag.tensor(weight) if weighted else None
    loss = lambda x: F.multilabel_soft_margin_loss(x, ag.tensor(y), w)  # noqa: E731
    assert loss(ag.tensor(x)).item() == pytest.approx(terms.mean(1).mean())
    assert gradcheck(loss, (ag.tensor(x, requires_grad=True),))


@examples(20)
@given(rng=seeds(), swap=st.booleans())
def test_a_triplet_may_have_a_distance_of_its_own(rng, swap):
    a, p, n = rng.normal(size=(3, 4, 2))
    distance = lambda x, y: (x - y).abs().max(-1).values  # noqa: E731
    near, far, other = (np.abs(u - v).max(-1) for u, v in ((a, p), (a, n), (p, n)))
    expected = np.maximum(0, near - (np.minimum(far, other) if swap else far) + 0.5)
    found = F.triplet_margin_with_distance_loss(
        *map(ag.tensor, (a, p, n)), distance_function=distance, margin=0.5, swap=swap, reduction="none"
    )
    np.testing.assert_allclose(found.numpy(), expected)


@examples(20)
@given(rng=seeds(), log_input=st.booleans())
def test_the_whole_poisson_loss_has_stirlings_approximation(rng, log_input):
    x, y = rng.uniform(0.5, 3, 5), rng.integers(0, 6, 5).astype(float)
    stirling = np.where(y > 1, np.maximum(y, 1) * np.log(np.maximum(y, 1)) - y, 0)
    stirling += np.where(y > 1, 0.5 * np.log(2 * np.pi * np.maximum(y, 1)), 0)
    expected = (np.exp(x) - y * x if log_input else x - y * np.log(x + 1e-8)) + stirling
    found = F.poisson_nll_loss(ag.tensor(x), ag.tensor(y), log_input, full=True, reduction="none")
    np.testing.assert_allclose(found.numpy(), expected)


@pytest.mark.parametrize(
    ("older", "newer"),
    [
        ({"size_average": False}, "sum"),
        ({"reduce": False}, "none"),
        ({"size_average": True}, "mean"),
        ({"reduction": "elementwise_mean"}, "mean"),
        ({"reduce": True}, "mean"),
    ],
)
def test_the_older_arguments_choose_the_reduction(older, newer):
    x, y = ag.tensor([0.5, -1.0, 2.0]), ag.tensor([1.0, -1.0, -1.0])
    for loss in (F.soft_margin_loss, F.hinge_embedding_loss, F.mse_loss, F.l1_loss, F.smooth_l1_loss):
        np.testing.assert_array_equal(loss(x, y, **older).numpy(), loss(x, y, reduction=newer).numpy())


X, Y = ag.ones(2, 3), ag.tensor([0, 1])
ERRORS = [
    (lambda: F.pdist(ag.ones(3)), r"pdist needs a matrix, got \(3,\)"),
    (lambda: F.margin_ranking_loss(X, X, ag.ones(2)), r"same number of dims, got \(2, 3\), \(2, 3\), \(2,\)"),
    (lambda: F.cosine_embedding_loss(X, X, X), r"needs inputs \(N, C\) and targets \(N\)"),
    (lambda: F.multi_margin_loss(X, Y, 3), "p must be 1 or 2, got 3"),
    (lambda: F.multi_margin_loss(X, ag.tensor([0])), "a class for each row"),
    (lambda: F.multi_margin_loss(X, Y, weight=ag.ones(2)), "needs one number for each class"),
    (lambda: F.triplet_margin_loss(X, X, X, 0.0), "margin must be positive, got 0.0"),
    (lambda: F.triplet_margin_loss(X, X, X[0]), "same number of dims"),
    (lambda: F.soft_margin_loss(X, X, reduction="average"), "average"),
]


@pytest.mark.parametrize(("call", "match"), ERRORS, ids=range(len(ERRORS)))
def test_what_makes_no_sense_is_named(call, match):
    with pytest.raises(ValueError, match=match):
        call()

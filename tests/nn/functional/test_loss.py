import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd as ag
import nn
import nn.functional as F
from autograd.errors import ShapeError

seeds = st.integers(0, 2**32 - 1)
reductions = st.sampled_from(["mean", "sum", "none"])


def reduce(loss, reduction):
    return {"mean": np.mean, "sum": np.sum, "none": np.asarray}[reduction](loss)


def log_softmax(x, axis):
    x = x - x.max(axis, keepdims=True)
    return x - np.log(np.exp(x).sum(axis, keepdims=True))


def huber(d, delta):
    return np.where(np.abs(d) < delta, d * d / 2, delta * (np.abs(d) - delta / 2))


def bce(p, y):
    return -(y * np.log(p) + (1 - y) * np.log(1 - p))


DISTANCES = {
    "mse": (F.mse_loss, lambda d: d * d),
    "l1": (F.l1_loss, np.abs),
    "smooth_l1": (lambda *a, **k: F.smooth_l1_loss(*a, beta=0.7, **k), lambda d: huber(d, 0.7) / 0.7),
    "smooth_l1_0": (lambda *a, **k: F.smooth_l1_loss(*a, beta=0.0, **k), np.abs),
    "huber": (lambda *a, **k: F.huber_loss(*a, delta=0.7, **k), lambda d: huber(d, 0.7)),
}


@pytest.mark.parametrize("name", DISTANCES)
@given(seed=seeds, reduction=reductions)
def test_distance_equals_the_formula(name, seed, reduction):
    function, formula = DISTANCES[name]
    x, y = np.random.default_rng(seed).normal(size=(2, 3, 4))
    out = function(ag.tensor(x), ag.tensor(y), reduction=reduction).numpy()
    np.testing.assert_allclose(out, reduce(formula(x - y), reduction))


@pytest.mark.parametrize("name", DISTANCES)
def test_distance_gradients(name):
    x, y = (ag.tensor(a, requires_grad=True) for a in np.random.default_rng(4).normal(size=(2, 3, 4)))
    assert ag.gradcheck(DISTANCES[name][0], (x, y))


@pytest.mark.parametrize("name", DISTANCES)
def test_a_loss_between_n_1_and_n_warns(name):
    with pytest.warns(UserWarning, match=r"target size \(\(3,\)\).*input size \(\(3, 1\)\)"):
        DISTANCES[name][0](ag.ones(3, 1), ag.ones(3))


def test_quadratic_cost_is_nielsens_equation_6():
    a, y = np.random.default_rng(0).normal(size=(2, 5, 3))
    expected = sum(np.linalg.norm(y[i] - a[i]) ** 2 for i in range(5)) / (2 * 5)
    x = ag.tensor(a, requires_grad=True)
    cost = nn.QuadraticCost()(x, ag.tensor(y))
    assert cost.item() == pytest.approx(expected)
    cost.backward()
    np.testing.assert_allclose(x.grad.numpy(), (a - y) / 5)
    with pytest.raises(ShapeError, match=r"target \(5,\) .* \(5, 3\)"):
        F.quadratic_cost(x, ag.ones(5))


SHAPES = st.sampled_from([(4,), (3, 4), (3, 4, 2), (2, 4, 3, 2)])


def by_hand(x, y, w, ignore, smoothing, reduction):
    """Cross-entropy, class by class and target by target."""
    axis = min(x.ndim - 1, 1)
    logp = np.moveaxis(log_softmax(x, axis), axis, -1)
    loss, share = np.zeros(y.shape), np.zeros(y.shape)
    for i in np.ndindex(y.shape):
        if y[i] != ignore:
            hard, soft = -w[y[i]] * logp[i][y[i]], -(w * logp[i]).mean()
            loss[i], share[i] = (1 - smoothing) * hard + smoothing * soft, w[y[i]]
    return loss.sum() / share.sum() if reduction == "mean" else reduce(loss, reduction)


@given(
    seed=seeds,
    shape=SHAPES,
    weighted=st.booleans(),
    smoothing=st.sampled_from([0.0, 0.1, 1.0]),
    reduction=reductions,
)
def test_cross_entropy_equals_the_sum_by_hand(seed, shape, weighted, smoothing, reduction):
    rng = np.random.default_rng(seed)
    x, w = rng.normal(size=shape), rng.uniform(0.5, 2, 4)
    y = rng.integers(0, 4, shape[:1] + shape[2:] if len(shape) > 1 else ())
    if y.ndim:
        y.flat[0] = -100
        y.flat[1] = 2
    out = F.cross_entropy(
        ag.tensor(x), ag.tensor(y), ag.tensor(w) if weighted else None, reduction=reduction, label_smoothing=smoothing
    )
    expected = by_hand(x, y, w if weighted else np.ones(4), -100, smoothing, reduction)
    np.testing.assert_allclose(out.numpy(), expected, rtol=1e-10)
    assert out.shape == np.shape(expected)


@given(seed=seeds, shape=SHAPES, reduction=reductions)
def test_nll_of_log_softmax_is_cross_entropy(seed, shape, reduction):
    rng = np.random.default_rng(seed)
    x, w = ag.tensor(rng.normal(size=shape)), ag.tensor(rng.uniform(0.5, 2, 4))
    y = ag.tensor(rng.integers(0, 4, shape[:1] + shape[2:] if len(shape) > 1 else ()))
    logp = F.log_softmax(x, min(len(shape) - 1, 1))
    for weight in (None, w):
        np.testing.assert_allclose(
            F.nll_loss(logp, y, weight, reduction=reduction).numpy(),
            F.cross_entropy(x, y, weight, reduction=reduction).numpy(),
        )


@given(seed=seeds, shape=st.sampled_from([(4,), (3, 4), (3, 4, 2)]), smoothing=st.sampled_from([0.0, 0.2]))
def test_probabilities_as_the_target(seed, shape, smoothing):
    rng = np.random.default_rng(seed)
    axis = min(len(shape) - 1, 1)
    x, w = rng.normal(size=shape), rng.uniform(0.5, 2, 4)
    p = np.exp(log_softmax(rng.normal(size=shape), axis))
    along = w.reshape([-1 if i == axis else 1 for i in range(len(shape))])
    mixed = (1 - smoothing) * p + smoothing / 4
    loss = -(mixed * along * log_softmax(x, axis)).sum(axis)
    out = F.cross_entropy(ag.tensor(x), ag.tensor(p), ag.tensor(w), label_smoothing=smoothing)
    np.testing.assert_allclose(out.numpy(), loss.mean())
    np.testing.assert_allclose(F.cross_entropy(ag.tensor(x), ag.tensor(mixed), reduction="sum").numpy(),
                               -(mixed * log_softmax(x, axis)).sum())  # fmt: skip


def test_the_gradient_of_cross_entropy_is_p_minus_onehot():
    x = np.random.default_rng(0).normal(size=(3, 4))
    y = np.array([1, 0, 3])
    logits = ag.tensor(x, requires_grad=True)
    F.cross_entropy(logits, ag.tensor(y)).backward()
    np.testing.assert_allclose(logits.grad.numpy(), (np.exp(log_softmax(x, 1)) - np.eye(4)[y]) / 3)


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("weight", [None, [1.0, 0.5, 2.0, 0.3]])
def test_cross_entropy_gradients(weight, smoothing):
    rng = np.random.default_rng(1)
    x = ag.tensor(rng.normal(size=(2, 4, 3)), requires_grad=True)
    y = ag.tensor([[0, 3, -100], [1, 1, 2]])
    weight = None if weight is None else ag.tensor(weight, dtype=ag.float64)
    assert ag.gradcheck(lambda x: F.cross_entropy(x, y, weight, label_smoothing=smoothing), (x,))


def test_every_target_ignored_gives_nan():
    x, y = ag.randn(2, 3), ag.tensor([-100, -100])
    for weight in (None, ag.ones(3)):
        assert math.isnan(F.cross_entropy(x, y, weight).item())
        assert F.cross_entropy(x, y, weight, reduction="sum").item() == 0
    assert math.isnan(F.nll_loss(x, y).item())


def test_the_losses_of_known_probabilities():
    for p, loss in [(0.02, 3.912), (0.45, 0.799), (0.80, 0.223), (0.99, 0.010)]:
        logits = ag.tensor([math.log(p), math.log(1 - p)])
        assert F.cross_entropy(logits, ag.tensor(0)).item() == pytest.approx(loss, abs=5e-4)


def test_targets_that_do_not_fit_are_named():
    for wrong in (3, 5, -1):
        with pytest.raises(IndexError, match=f"target {wrong} is out of bounds for 3"):
            F.cross_entropy(ag.ones(2, 3), ag.tensor([2, wrong]))
    with pytest.raises(IndexError, match="5 is out of bounds for 3"):
        F.nll_loss(ag.ones(1, 3), ag.tensor([5]))
    with pytest.raises(ShapeError, match=r"\(2, 3\).*\(2,\).*\(3,\)"):
        F.cross_entropy(ag.ones(2, 3), ag.tensor([0, 1, 2]))
    with pytest.raises(TypeError, match="integers"):
        F.cross_entropy(ag.ones(2, 3), ag.ones(2))
    with pytest.raises(ValueError, match="label_smoothing"):
        F.cross_entropy(ag.ones(2, 3), ag.tensor([0, 1]), label_smoothing=1.5)
    with pytest.raises(ValueError, match="reduction must be 'mean', 'sum' or 'none', got 'average'"):
        F.cross_entropy(ag.ones(2, 3), ag.tensor([0, 1]), reduction="average")


@given(seed=seeds, reduction=reductions)
def test_binary_cross_entropy_equals_the_formula_and_the_form_with_logits(seed, reduction):
    rng = np.random.default_rng(seed)
    x, y, w = rng.normal(size=(3, 4)), rng.uniform(size=(3, 4)), rng.uniform(size=(4,))
    p = 1 / (1 + np.exp(-x))
    expected = reduce(bce(p, y) * w, reduction)
    args = (ag.tensor(y), ag.tensor(w))
    np.testing.assert_allclose(F.binary_cross_entropy(ag.tensor(p), *args, reduction=reduction).numpy(), expected)
    out = F.binary_cross_entropy_with_logits(ag.tensor(x), *args, reduction=reduction)
    np.testing.assert_allclose(out.numpy(), expected)


@given(seed=seeds)
def test_pos_weight_scales_the_positive_terms(seed):
    rng = np.random.default_rng(seed)
    x, y, w = rng.normal(size=(3, 4)), rng.uniform(size=(3, 4)), rng.uniform(size=(4,))
    p = 1 / (1 + np.exp(-x))
    expected = -(w * y * np.log(p) + (1 - y) * np.log(1 - p)).mean()
    out = F.binary_cross_entropy_with_logits(ag.tensor(x), ag.tensor(y), pos_weight=ag.tensor(w))
    np.testing.assert_allclose(out.numpy(), expected)


def test_binary_cross_entropy_gradients():
    rng = np.random.default_rng(0)
    p, y = (ag.tensor(a, requires_grad=True) for a in rng.uniform(0.1, 0.9, (2, 3, 4)))
    assert ag.gradcheck(F.binary_cross_entropy, (p, y))
    assert ag.gradcheck(F.binary_cross_entropy_with_logits, (p, y))
    w = ag.tensor(rng.uniform(size=4))
    assert ag.gradcheck(lambda p, y: F.binary_cross_entropy_with_logits(p, y, pos_weight=w), (p, y))


def test_binary_cross_entropy_stays_finite():
    p = ag.tensor([0.0, 0.0, 1.0, 1.0], requires_grad=True)
    loss = F.binary_cross_entropy(p, ag.tensor([0.0, 1.0, 0.0, 1.0]), reduction="none")
    assert loss.tolist() == [0.0, 100.0, 100.0, 0.0]
    loss.sum().backward()
    assert np.isfinite(p.grad.numpy()).all()
    x = ag.tensor([-1e4, 1e4], requires_grad=True)
    loss = F.binary_cross_entropy_with_logits(x, ag.tensor([1.0, 0.0]), pos_weight=ag.ones(2))
    loss.backward()
    assert loss.item() == 1e4 and x.grad.tolist() == [-0.5, 0.5]


def test_binary_cross_entropy_has_pytorchs_derivative_where_a_probability_is_almost_certain():
    x, y = np.array([0.0, 1e-20, 2.0**-50, 0.3, 1.0]), np.array([1.0, 1.0, 0.0, 1.0, 0.0])
    p = ag.tensor(x, requires_grad=True)
    F.binary_cross_entropy(p, ag.tensor(y), reduction="sum").backward()
    np.testing.assert_allclose(p.grad.numpy(), (x - y) / np.maximum(x * (1 - x), 1e-12))


def test_binary_cross_entropy_refuses_what_does_not_fit():
    with pytest.raises(ShapeError, match=r"\(3,\).*\(3, 1\)"):
        F.binary_cross_entropy(ag.ones(3, 1), ag.ones(3))
    with pytest.raises(ShapeError, match=r"\(3,\).*\(3, 1\)"):
        F.binary_cross_entropy_with_logits(ag.ones(3, 1), ag.ones(3))
    with pytest.raises(ValueError, match="with_logits"):
        F.binary_cross_entropy(ag.tensor([1.5]), ag.ones(1))


@given(seed=seeds, reduction=reductions)
def test_kl_div_equals_the_formula(seed, reduction):
    rng = np.random.default_rng(seed)
    q, p = (np.exp(log_softmax(a, 1)) for a in rng.normal(size=(2, 3, 4)))
    loss = p * (np.log(p) - np.log(q))
    out = F.kl_div(ag.tensor(np.log(q)), ag.tensor(p), reduction=reduction).numpy()
    np.testing.assert_allclose(out, reduce(loss, reduction), atol=1e-12)
    logs = F.kl_div(ag.tensor(np.log(q)), ag.tensor(np.log(p)), reduction=reduction, log_target=True)
    np.testing.assert_allclose(logs.numpy(), out, atol=1e-12)
    batch = F.kl_div(ag.tensor(np.log(q)), ag.tensor(p), reduction="batchmean").item()
    assert batch == pytest.approx(loss.sum() / 3) and batch >= 0


def test_the_batch_of_kl_div_is_that_of_its_input_where_the_target_is_larger():
    x, p = ag.log(ag.tensor([0.25, 0.75])), ag.tensor([[0.5, 0.5], [0.1, 0.9], [0.3, 0.7]])
    for input, batch in ((x, 2), (x[None], 1), (x.expand(3, 2), 3)):
        out = F.kl_div(input, p, reduction="batchmean")
        assert out.item() == pytest.approx(F.kl_div(input, p, reduction="sum").item() / batch)


def test_kl_div_counts_impossible_outcomes_as_nothing():
    assert F.kl_div(ag.tensor([[-1.0, -2.0]]), ag.tensor([[0.0, 1.0]]), reduction="sum").item() == pytest.approx(2.0)


def test_kl_div_of_a_negative_target_is_nan():
    assert math.isnan(F.kl_div(ag.zeros(2), ag.tensor([-0.5, 0.5])).item())


def weight():
    return ag.tensor([1.0, 2.0, 3.0])


CLASSES = [
    (nn.MSELoss(reduction="sum"), lambda x, y: F.mse_loss(x, y, reduction="sum"), False),
    (nn.L1Loss(), F.l1_loss, False),
    (nn.SmoothL1Loss(beta=0.5), lambda x, y: F.smooth_l1_loss(x, y, beta=0.5), False),
    (nn.HuberLoss(delta=0.5), lambda x, y: F.huber_loss(x, y, delta=0.5), False),
    (nn.CrossEntropyLoss(weight(), label_smoothing=0.1, ignore_index=0),
     lambda x, y: F.cross_entropy(x, y, weight(), label_smoothing=0.1, ignore_index=0), True),
    (nn.NLLLoss(weight(), reduction="sum"), lambda x, y: F.nll_loss(x, y, weight(), reduction="sum"), True),
    (nn.BCELoss(weight()), lambda x, y: F.binary_cross_entropy(x, y, weight()), False),
    (nn.BCEWithLogitsLoss(weight(), pos_weight=weight()),
     lambda x, y: F.binary_cross_entropy_with_logits(x, y, weight(), pos_weight=weight()), False),
    (nn.KLDivLoss(reduction="batchmean", log_target=True),
     lambda x, y: F.kl_div(x, y, reduction="batchmean", log_target=True), False),
]  # fmt: skip


@pytest.mark.parametrize(("layer", "function", "classes"), CLASSES, ids=lambda v: type(v).__name__)
def test_the_layer_is_the_function(layer, function, classes):
    x = ag.rand(4, 3)
    y = ag.tensor([0, 1, 2, 1]) if classes else ag.rand(4, 3)
    assert layer(x, y).item() == function(x, y).item()
    with pytest.raises(ValueError, match="reduction"):
        type(layer)(reduction="average")


def test_widths_that_make_no_sense_are_named():
    with pytest.raises(ValueError, match="beta must not be negative, got -1"):
        F.smooth_l1_loss(ag.ones(1), ag.ones(1), beta=-1.0)
    with pytest.raises(ValueError, match="delta must be positive, got 0"):
        F.huber_loss(ag.ones(1), ag.ones(1), delta=0.0)

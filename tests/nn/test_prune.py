"""Pruning: which elements are set to 0, what a module then has, and how one pruning follows another."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd as ag
import nn
from autograd.testing import seeds
from nn.utils import prune
from tests.properties.calls import examples


def layer(rng, *shape):
    made = nn.Linear(shape[-1], shape[0])
    made.weight.data = ag.tensor(rng.standard_normal(shape))
    return made


@examples(30)
@given(rng=seeds(), amounts=st.lists(st.floats(0, 0.6) | st.integers(0, 1), min_size=1, max_size=3), by=st.booleans())
def test_the_lowest_of_those_that_are_left_are_pruned(rng, amounts, by):
    module = layer(rng, 4, 5)
    weight, scores = module.weight.detach().numpy().copy(), rng.standard_normal((4, 5))
    key = np.abs(scores if by else weight).ravel()
    left = np.ones(20, bool)
    for amount in amounts:
        assert prune.l1_unstructured(module, "weight", amount, importance_scores=ag.tensor(scores) if by else None)
        count = amount if isinstance(amount, int) else round(amount * left.sum())
        left[sorted(np.flatnonzero(left), key=key.__getitem__)[:count]] = False
    np.testing.assert_array_equal(module.weight_mask, left.reshape(4, 5))
    np.testing.assert_array_equal(module.weight.detach(), weight * left.reshape(4, 5))


@examples(30)
@given(
    rng=seeds(),
    dim=st.integers(-3, 2),
    n=st.sampled_from([1, 2, np.inf, "fro"]),
    counts=st.tuples(*[st.integers(0, 1)] * 2),
)
def test_the_slices_of_the_lowest_norms_are_pruned(rng, dim, n, counts):
    module = layer(rng, 2, 3, 4)
    weight = module.weight.detach().numpy().copy()
    norms = np.linalg.norm(np.moveaxis(weight, dim, 0).reshape(weight.shape[dim], -1), 2 if n == "fro" else n, axis=1)
    for count in counts:
        prune.ln_structured(module, "weight", count, n, dim)
    gone = np.argsort(norms)[: sum(counts)]
    expected = np.ones_like(weight)
    np.moveaxis(expected, dim, 0)[gone] = 0
    np.testing.assert_array_equal(module.weight_mask, expected)


@pytest.mark.parametrize(
    ("choose", "pruned"),
    [
        (lambda m: prune.random_unstructured(m, "weight", amount=0.3), 6),
        (lambda m: prune.random_unstructured(m, "weight", 7), 7),
        (lambda m: prune.random_structured(m, "weight", amount=2, dim=0), 10),
        (lambda m: prune.random_structured(m, "weight", amount=0.2, dim=-1), 4),
        (lambda m: prune.identity(m, "weight"), 0),
        (lambda m: prune.custom_from_mask(m, "weight", mask=ag.arange(20.0).view(4, 5) > 4), 5),
    ],
)
def test_as_many_are_pruned_as_are_asked_for(choose, pruned):
    module = nn.Linear(5, 4)
    assert choose(module) is module and int((module.weight_mask == 0).sum()) == pruned


def test_a_pruned_parameter_is_trained_where_it_is_left_and_saved_with_its_mask():
    module = nn.Linear(3, 2)
    original = module.weight
    prune.l1_unstructured(module, "weight", amount=2)
    assert module.weight_orig is original and prune.is_pruned(nn.Sequential(module))
    assert [name for name, _ in module.named_parameters()] == ["bias", "weight_orig"]
    assert list(module.state_dict()) == ["bias", "weight_orig", "weight_mask"]
    optimizer, mask = nn.optim.SGD(module.parameters(), 0.5), module.weight_mask.clone()
    before = original.detach().clone()
    module(ag.ones(1, 3)).sum().backward()
    optimizer.step()
    assert original.equal(before - 0.5 * mask)
    x = ag.randn(4, 3)
    assert module(x).equal(x @ (original * mask).T + module.bias)
    assert prune.remove(module, "weight") is module and module.weight is original and not prune.is_pruned(module)
    assert original.equal((before - 0.5) * mask) and sorted(module.state_dict()) == ["bias", "weight"]
    with pytest.raises(ValueError, match="weight of this Linear is not pruned"):
        prune.remove(module, "weight")


def test_parameters_can_be_pruned_as_one():
    rng = np.random.default_rng(0)
    model = nn.Sequential(layer(rng, 3, 4), layer(rng, 2, 3))
    pairs = [(model[0], "weight"), (model[1], "weight"), (model[0], "bias")]
    prune.l1_unstructured(model[1], "weight", 1)
    values = [getattr(*pair).detach().numpy().ravel() for pair in pairs]
    prune.global_unstructured(pairs, pruning_method=prune.L1Unstructured, amount=10)
    lowest = np.argsort(np.abs(np.concatenate(values)))[:11]
    found = np.concatenate([getattr(m, f"{name}_mask").numpy().ravel() for m, name in pairs])
    np.testing.assert_array_equal(np.flatnonzero(found == 0), np.sort(lowest))


def test_a_method_of_ones_own_is_a_subclass():
    class EveryOther(prune.BasePruningMethod):
        PRUNING_TYPE = "unstructured"

        def compute_mask(self, t, default_mask):
            mask = default_mask.clone()
            mask.view(-1)[::2] = 0
            return mask

    module = nn.Linear(3, 2)
    EveryOther.apply(module, "weight")
    assert module.weight_mask.tolist() == [[0, 1, 0], [1, 0, 1]]
    hook = EveryOther.apply(module, "weight")
    assert module.weight_mask.tolist() == [[0, 0, 0], [1, 0, 0]] and [type(m) for m in hook] == [EveryOther] * 2
    assert list(module._forward_pre_hooks.values()) == [hook] and hook._tensor_name == "weight"


@pytest.mark.parametrize("amount", [-1, 1.5, 7])
def test_an_amount_that_makes_no_sense_changes_nothing(amount):
    module = nn.Linear(3, 2)
    with pytest.raises(ValueError, match="amount"):
        prune.l1_unstructured(module, "weight", amount)
    with pytest.raises(ValueError, match=r"importance_scores \(2,\) must be of the shape \(2, 3\)"):
        prune.l1_unstructured(module, "weight", 1, importance_scores=ag.ones(2))
    assert sorted(module.state_dict()) == ["bias", "weight"] and not prune.is_pruned(module)


def test_the_first_method_of_a_parameter_is_given_it_whole():
    class Last(prune.BasePruningMethod):
        PRUNING_TYPE = "unstructured"

        def compute_mask(self, t, default_mask):
            mask = default_mask.clone()
            mask[:, -1] = 0
            return mask

    module = nn.Linear(3, 2)
    Last.apply(module, "weight")
    assert module.weight_mask.tolist() == [[1, 1, 0]] * 2


def test_methods_can_be_called_and_chained_without_a_module():
    t, mask = ag.arange(1.0, 9.0).view(2, 4), ag.tensor([[1, 1, 1, 0], [1, 1, 0, 1]])
    method = prune.L1Unstructured(amount=2)
    assert method.prune(t, mask).tolist() == [[0, 0, 3, 0], [5, 6, 0, 8]]
    assert method.prune(t, importance_scores=9 - t).tolist() == [[1, 2, 3, 4], [5, 6, 0, 0]]
    chain = prune.PruningContainer()
    for part in (method, prune.LnStructured(amount=1, n=2, dim=0)):
        chain.add_pruning_method(part)
    assert len(chain) == 2 and chain.compute_mask(t, mask).tolist() == [[0, 0, 0, 0], [1, 1, 0, 1]]
    with pytest.raises(TypeError, match="got int"):
        chain.add_pruning_method(10)
    chain, of_bias = prune.PruningContainer(), prune.Identity()
    method._tensor_name, of_bias._tensor_name = "weight", "bias"
    chain.add_pruning_method(method)
    with pytest.raises(ValueError, match="'bias' among those of 'weight'"):
        chain.add_pruning_method(of_bias)


def test_methods_of_ones_own_may_ask_how_many_an_amount_is():
    amounts = [(0, 15), (10, 15), (1, 15), (1.0, 15), (0.4, 17)]
    assert [prune._compute_nparams_toprune(*pair) for pair in amounts] == [0, 10, 1, 15, 7]
    with pytest.raises(ValueError, match="amount=20 is more than the 19"):
        prune._validate_pruning_amount(20, 19)
    with pytest.raises(TypeError, match="amount must be an int or a float, got str"):
        prune.RandomUnstructured("half")

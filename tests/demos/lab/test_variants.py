"""Each variant of the lab differs from the original in what it says, and in nothing else."""

import ast
import inspect
import math
import textwrap

import numpy as np
import pytest

import autograd as ag
from autograd.checking import gradcheck_module
from demos.calculator import SIZES
from demos.data.numbers import Example
from demos.lab.page import changed_lines
from demos.lab.recipe import prepare, trainer
from demos.lab.replacements import answer_backwards, question_backwards
from demos.lab.variants import EXPERIMENTS, ORIGINAL, VARIANTS
from models.gpt import GPT
from nn import Module

WORDS, TIME = 7, 5
TINY = {"block_size": 6, "n_layer": 2, "n_head": 2, "n_embd": 8}
# what has other parameters than the original: positions, norms, a gate, an output matrix
OTHER_PARAMETERS = {"no positions", "sinusoidal", "rotary", "no norm", "post-norm", "SwiGLU", "untied"}
CHANGED = [name for name in VARIANTS if name != ORIGINAL.name]


def tiny(name, seed=0):
    ag.manual_seed(seed)
    model = VARIANTS[name].build(WORDS, TINY).double()
    for parameter in model.parameters():  # GPT-2's first weights are so small that attention is nearly uniform
        parameter.array *= 10 if parameter.ndim == 2 else 1
    return model


def ids(*shape, seed=0):
    return ag.tensor(np.random.default_rng(seed).integers(0, WORDS, shape))


def parts_of(function):
    """The arguments of a function, what it does before its last line, and that line."""
    source = textwrap.dedent(inspect.getsource(function)).replace("nn.Module", "Module")
    (definition,) = ast.parse(source).body
    body = [ast.dump(node) for node in definition.body if not isinstance(node, ast.Expr)]
    return ast.dump(definition.args), body[:-1], body[-1]


@pytest.mark.parametrize("name", [name for name in CHANGED if VARIANTS[name].swap])
def test_a_function_in_the_place_of_another_differs_from_it_in_the_line_that_returns_alone(name):
    ((before, after),) = VARIANTS[name].functions()
    (arguments, others, line), (arguments2, others2, line2) = parts_of(before), parts_of(after)
    assert arguments == arguments2 and others == others2 and line != line2


@pytest.mark.parametrize("name", CHANGED)
def test_the_changed_lines_are_those_of_the_source(name):
    for place, before, after in changed_lines(VARIANTS[name]):
        file, _, function = place.partition(", ")
        assert before != after
        assert function in ("",) or before in open(file, encoding="utf-8").read()
    variant = VARIANTS[name]
    assert len([*changed_lines(variant)]) == len(variant.config) + bool(variant.swap) + bool(variant.shown)


@pytest.mark.parametrize("name", CHANGED)
def test_a_variant_begins_with_the_weights_of_the_original_and_has_its_other_settings(name):
    found, original = tiny(name), tiny(ORIGINAL.name)
    config = {**vars(original.config), **VARIANTS[name].config}
    assert vars(found.config) == config
    ours, theirs = (dict(model.named_parameters()) for model in (found, original))
    assert (ours.keys() != theirs.keys()) == (name in OTHER_PARAMETERS)
    if name not in OTHER_PARAMETERS:
        assert all(np.array_equal(ours[key].array, theirs[key].array) for key in theirs)


@pytest.mark.parametrize("name", CHANGED)
def test_a_variant_of_the_training_alone_has_the_model_of_the_original(name):
    swap = VARIANTS[name].swap
    if swap and not (isinstance(swap[0], type) and issubclass(swap[0], Module)) and name != "no residual":
        x = ids(2, TIME)
        np.testing.assert_array_equal(tiny(name)(x).array, tiny(ORIGINAL.name)(x).array)


def test_one_seed_gives_each_variant_the_batches_of_the_original_and_another_seed_others(few_questions):
    first = {}
    for key in ((ORIGINAL.name, 0), ("no mask", 0), ("untied", 0), (ORIGINAL.name, 1)):
        first[key] = [part.array for part in trainer(*key, steps=4, batch=50).batches()]
    x, y = first.pop((ORIGINAL.name, 0))
    assert [np.array_equal(x, a) and np.array_equal(y, b) for a, b in first.values()] == [True, True, False]


@pytest.mark.parametrize("name", VARIANTS)
def test_the_gradient_of_a_variant_is_that_of_its_loss(name):
    model, x, y = tiny(name), ids(2, TIME), ids(2, TIME, seed=1)

    class Loss(Module):
        def __init__(self):
            super().__init__()
            self.model = model

        def forward(self, idx, targets):
            return self.model.loss(idx, targets)

    assert gradcheck_module(Loss(), (x, y), fast_mode=True)


def lower(n):
    return np.tri(n, dtype=bool)


SCORES = {
    "original": lambda q, k: q @ k.T / 2,
    "squared scores": lambda q, k: (q @ k.T) ** 2 / 2,
    "squares first": lambda q, k: q**2 @ (k**2).T / 2,
    "key backwards": lambda q, k: q @ k[:, ::-1].T / 2,
    "opposites attract": lambda q, k: -q @ k.T / 2,
    "no mask": lambda q, k: q @ k.T / 2,
    "other triangle": lambda q, k: q @ k.T / 2,
    "no 1/√D": lambda q, k: q @ k.T,
}
SEEN = {"no mask": np.ones, "other triangle": lambda shape: lower(shape[0]).T}


@pytest.mark.parametrize("name", SCORES)
def test_attention_is_what_its_formula_says(name):
    rng = np.random.default_rng(0)
    q, k, v = rng.standard_normal((3, TIME, 4))
    seen = SEEN.get(name, lambda shape: lower(shape[0]))((TIME, TIME))
    weights = np.where(seen, np.exp(SCORES[name](q, k)), 0)
    weights /= weights.sum(axis=1, keepdims=True)
    attention = tiny(name).transformer.h[0].attn.attention
    found = attention(*(ag.tensor(part[None, None]) for part in (q, k, v))).array[0, 0]
    np.testing.assert_allclose(found, weights @ v, atol=1e-12)


@pytest.mark.parametrize(("name", "future", "past"), [("original", 0, 1), ("no mask", 1, 1), ("other triangle", 1, 0)])
def test_only_without_the_causal_mask_a_later_word_changes_what_is_predicted_before_it(name, future, past):
    model, x = tiny(name), ids(1, TIME).array
    other = x.copy()
    other[0, 2] = (other[0, 2] + 1) % WORDS
    changed = (model(ag.tensor(x)).array != model(ag.tensor(other)).array).any(axis=(0, 2))
    assert changed.tolist() == [future, future, 1, past, past]


@pytest.mark.parametrize("name", ["key backwards", "opposites attract"])
def test_a_convention_of_the_dot_product_is_undone_by_other_weights_of_the_keys(name):
    model, original, x = tiny(name), tiny(ORIGINAL.name), ids(2, TIME)
    expected = original(x).array.copy()
    assert not np.allclose(model(x).array, expected)
    for block in model.transformer.h:
        for parameter in (block.attn.c_attn.weight, block.attn.c_attn.bias):
            keys = parameter.array[8:16].reshape(2, 4, -1)  # by head and feature
            keys[:] = keys[:, ::-1].copy() if name == "key backwards" else -keys
    np.testing.assert_allclose(model(x).array, expected, atol=1e-12)


def test_sinusoidal_positions_are_those_of_the_formula():
    model = tiny("sinusoidal")
    x = ids(1, TIME)
    found = model.transformer.wpe(model.transformer.wte(x)).array[0]
    width = TINY["n_embd"]
    for position, word in enumerate(x.array[0].tolist()):
        for i in range(width):
            angle = position / 10000 ** ((i - i % 2) / width)
            wave = math.cos(angle) if i % 2 else math.sin(angle)
            embedding = model.transformer.wte.weight.array[word, i]
            assert found[position, i] == pytest.approx(math.sqrt(width) * embedding + wave, abs=1e-6)


def test_without_residual_a_block_is_what_its_two_parts_make_of_each_other():
    block = tiny("no residual").transformer.h[0]
    x = ag.randn(1, TIME, TINY["n_embd"]).double()
    expected = block.mlp(block.ln_2(block.attn(block.ln_1(x))))
    np.testing.assert_array_equal(block(x).array, expected.array)


def test_without_gamma_and_beta_a_norm_has_mean_0_and_variance_1_whatever_they_are():
    norm = tiny("no γ and β").transformer.ln_f
    norm.weight.array[:], norm.bias.array[:] = 5, 7
    y = norm(ag.randn(3, TINY["n_embd"]).double()).array
    np.testing.assert_allclose([y.mean(-1), y.var(-1)], [[0] * 3, [1] * 3], atol=1e-3)


def test_maximising_p_minimises_the_mean_of_minus_p_over_the_targets():
    model, x, y = tiny("maximise P"), ids(2, TIME), ids(2, TIME, seed=1)
    y.array[0, :3] = -1
    p = model(x).softmax(-1).array
    expected = [-p[index][target] for index, target in np.ndenumerate(y.array) if target >= 0]
    assert model.loss(x, y).item() == pytest.approx(np.mean(expected))
    assert GPT.loss(model, x, y).item() == pytest.approx(np.mean(-np.log(-np.array(expected))))


def test_backwards_is_said_of_words():
    example = Example("forty two plus one", "forty three")
    assert question_backwards(example) == Example("one plus two forty", "forty three")
    assert answer_backwards(example) == Example("forty two plus one", "three forty")


def test_every_experiment_has_variants_of_its_own_and_the_sizes_are_those_of_the_calculator():
    names = [variant.name for experiment in EXPERIMENTS for variant in experiment.variants]
    assert sorted(names) == sorted(CHANGED)
    (model, _), *_ = prepare(0)
    assert model.config.n_embd == SIZES["n_embd"] == 64 and VARIANTS["one head"].config == {"n_head": 1}

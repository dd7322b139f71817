"""The training demo: what it shows of gradients and updates is true, and its shares are shares."""

import copy
import re

import numpy as np
import pytest

import autograd as ag
from demos.one_weight import (
    ADAM_RATE,
    BETAS,
    EPS,
    QUERIES,
    SGD_RATE,
    adam_by_hand,
    nudged,
    sgd_by_hand,
    slope,
    updates,
)
from demos.training import agreement, batches, main, softmax_gradient, w_q
from demos.watch import STAGES, blame, stage
from models.config import GPTConfig
from models.gpt import GPT
from nn import optim


@pytest.fixture
def model():
    ag.manual_seed(3)
    made = GPT(GPTConfig(11, 32, n_layer=2, n_head=2, n_embd=8, tie=False)).double()
    for parameter in made.parameters():
        parameter.array[...] *= 4  # far enough from the start for queries to matter
    return made


@pytest.fixture
def data():
    return batches(np.random.default_rng(0).integers(0, 11, 200), 1, np.random.default_rng(1))[0]


def test_every_parameter_has_a_stage_and_every_stage_parameters(model):
    found = {name: stage(name) for name, _ in model.named_parameters()}
    assert set(found.values()) == set(STAGES)
    assert found[QUERIES] == "attention" and found["transformer.h.1.mlp.c_fc.bias"] == "feed-forward"
    assert found["transformer.ln_f.weight"] == found["lm_head.weight"] == "output"
    assert found["transformer.wpe.weight"] == "embedding"


def test_the_shares_are_the_norms_of_the_stages_over_their_sum(model, data):
    model.loss(*data).backward()
    norms = [
        np.linalg.norm(
            np.concatenate([p.grad.array.reshape(-1) for name, p in model.named_parameters() if stage(name) == one])
        )
        for one in STAGES
    ]
    np.testing.assert_allclose(blame(model), norms / np.sum(norms), rtol=1e-12)


@pytest.mark.parametrize("ids", [[1], [4, 4, 10], list(range(11)) * 2])
def test_the_gradient_at_the_softmax_is_p_less_onehot(model, ids):
    p, gradient = softmax_gradient(model, ids, 6)
    assert p.sum() == pytest.approx(1)
    np.testing.assert_allclose(gradient, p - np.eye(11)[6], atol=1e-15)


def test_batches_that_are_alike_agree_and_their_common_gradient_is_that_of_all_together(model, data):
    same = agreement(model, [data, data])
    assert same.each == pytest.approx(same.common)
    other = batches(np.random.default_rng(7).integers(0, 11, 200), 1, np.random.default_rng(2))[0]
    both = agreement(model, [data, other])
    model.loss(*(ag.cat(pair) for pair in zip(data, other))).backward()
    norm = np.sqrt(sum((p.grad.array**2).sum() for p in model.parameters()))
    assert both.common == pytest.approx(norm) and both.common < both.each
    assert both.weights == pytest.approx(np.sqrt(sum((p.array**2).sum() for p in model.parameters())))


def test_w_q_is_the_part_of_the_first_block_that_makes_its_queries(model):
    attention = model.transformer.h[0].attn
    x = ag.randn(1, 4, 8).double()
    queries = attention.c_attn(x).detach().array[..., :8] - attention.c_attn.bias.detach().array[:8]
    np.testing.assert_allclose(queries, x.array @ w_q(model).T, atol=1e-12)


def test_a_batch_holds_windows_and_the_same_windows_one_on():
    ids = np.arange(100)
    for x, y in batches(ids, 5, np.random.default_rng(0)):
        assert x.shape == y.shape == (16, 32)
        assert (y.array == x.array + 1).all() and (np.diff(x.array) == 1).all() and y.array.max() < 100


def test_the_slope_is_what_a_small_nudge_does_and_the_nudge_is_taken_back(model, data):
    before = copy.deepcopy(model.state_dict())
    slopes = slope(model, data)
    assert slopes.shape == (8, 8) and np.abs(slopes).max() > 1e-4
    for row, column in ((0, 0), (3, 7), (7, 2)):
        both = nudged(model, data, row, column, 1e-5) - nudged(model, data, row, column, -1e-5)
        assert both / 2e-5 == pytest.approx(slopes[row, column], abs=1e-8)
    assert all(np.array_equal(before[name].array, now.array) for name, now in model.state_dict().items())


def test_the_updates_by_hand_are_those_of_the_optimisers(model, data):
    other = copy.deepcopy(model)
    sgd = updates(model, optim.SGD(model.parameters(), lr=SGD_RATE), data, 1, 2)
    adam = updates(other, optim.Adam(other.parameters(), lr=ADAM_RATE, betas=BETAS, eps=EPS), data, 1, 2)
    np.testing.assert_allclose([u.change for u in sgd], sgd_by_hand([u.gradient for u in sgd]), atol=1e-15)
    by_hand = [change for _, _, change in adam_by_hand([u.gradient for u in adam])]
    np.testing.assert_allclose([u.change for u in adam], by_hand, atol=1e-12)
    assert abs(by_hand[0]) == pytest.approx(ADAM_RATE, rel=1e-3)
    assert sgd[0].loss == adam[0].loss and sgd[-1].loss < sgd[0].loss and adam[-1].loss < adam[0].loss


def test_the_demo_learns_prints_its_table_and_leaves_its_pictures(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    history = main(["--steps", "40"])
    assert history[0].loss == pytest.approx(np.log(41), abs=0.1) and history[-1].loss < 2.6
    assert all(sum(step.shares) == pytest.approx(1) for step in history)
    text = capsys.readouterr().out
    for p, loss in (("0.02", "3.912"), ("0.45", "0.799"), ("0.80", "0.223"), ("0.99", "0.010")):
        assert re.search(rf"  {p} +{loss}  ", text)
    for name in ("softmax", "blame", "structure"):
        assert (tmp_path / f"out/training/latest/{name}.png").read_bytes().startswith(b"\x89PNG")


def test_one_seed_one_result_and_other_seeds_others_on_a_text_of_ones_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "t.txt").write_text("Grüße aus der Küche! " * 30, encoding="utf-8")
    runs = [main(["--text", "t.txt", "--steps", "3", "--seed", seed]) for seed in ("5", "5", "6")]
    assert runs[0] == runs[1] != runs[2]

"""The rows' own implementations agree with each other, and the table shows a contender whose answer is wrong."""

import importlib

import numpy as np
import pytest

import autograd
from benchmarks import table, timing
from benchmarks.rows import ROWS, gpt, gpt_model, moons, names
from benchmarks.timing import Result, Row
from nn import optim
from nn.utils import clip_grad_norm_

SMALL = {"layers": 2, "heads": 2, "width": 8, "context": 6, "batch": 3, "vocabulary": 11}


def test_our_gpt_has_the_loss_that_its_formulas_have_in_numpy():
    idx, targets = gpt_model.tokens(**SMALL)
    expected = gpt_model.loss_of(np, gpt_model.weights(**SMALL), idx, targets, SMALL["layers"], SMALL["heads"])
    assert gpt.ours(**SMALL)() == pytest.approx(float(expected), rel=1e-5)


def test_our_gpt_takes_the_steps_of_the_adamw_that_peers_without_one_are_given():
    parameters = gpt_model.weights(**SMALL)
    start = {name: p.copy() for name, p in parameters.items()}
    model = gpt.our_model(**SMALL)
    rng = np.random.default_rng(0)
    state = {}
    optimizer = optim.AdamW(
        model.parameters(), lr=gpt_model.LR, betas=gpt_model.BETAS, eps=gpt_model.EPS, weight_decay=gpt_model.DECAY
    )
    for _ in range(3):
        grads = {name: rng.standard_normal(p.shape).astype(np.float32) for name, p in parameters.items()}
        for name, p in model.named_parameters():
            p.grad = autograd.from_numpy(grads[name].copy())
        clip_grad_norm_(model.parameters(), gpt_model.CLIP)
        optimizer.step()
        gpt_model.update_in_place(list(parameters.values()), list(grads.values()), state)
    for name, p in model.named_parameters():
        np.testing.assert_allclose(p.array, parameters[name], atol=1e-6, err_msg=name)
        assert not np.array_equal(p.array, start[name])


def test_both_forms_of_the_peers_adamw_are_one():
    rng = np.random.default_rng(0)
    p = [rng.standard_normal(4), rng.standard_normal((2, 3))]
    in_place, state = [a.copy() for a in p], {}
    means, squares = [np.zeros_like(a) for a in p], [np.zeros_like(a) for a in p]
    for t in (1, 2, 3):
        grads = [rng.standard_normal(a.shape) for a in p]
        p, means, squares = gpt_model.update(np, p, grads, means, squares, t)
        gpt_model.update_in_place(in_place, [g.copy() for g in grads], state)
    for one, other in zip(p, in_place):
        np.testing.assert_allclose(one, other, rtol=1e-6)


@pytest.mark.parametrize("how", ["dot", "compiled"])
def test_moons_learn_alike_however_they_are_written(how):
    by_ops, other = moons.ours("ops"), moons.ours(how)
    losses = [by_ops() for _ in range(2)]
    assert losses[1] < losses[0]
    assert [other() for _ in range(2)] == pytest.approx(losses, rel=1e-12)


def test_the_scalar_gpt_learns_alike_with_and_without_nary_nodes():
    by_ops, with_dot = names.ours("ops"), names.ours("dot")
    assert [with_dot() for _ in range(2)] == pytest.approx([by_ops() for _ in range(2)], rel=1e-12)


def test_the_scalar_gpt_has_its_4192_parameters_and_distinct_names():
    assert sum(len(matrix) * len(matrix[0]) for matrix in names.start().values()) == 4192
    made = names.names(50)
    assert len(set(made)) > 25 and set("".join(made)) <= set(names.LETTERS)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_a_row_has_a_function_for_each_contender(row):
    module = importlib.import_module(f"benchmarks.rows.{row.module}")
    for contender in row.contenders:
        assert callable(getattr(module, timing.function_of(contender), None)), contender


def test_the_table_shows_a_fast_wrong_answer_and_a_missed_limit():
    row = Row("r", "m", ("numpy", "torch", "jax"), at_most={"torch": 0.9, "jax": 2.0})
    results = {"numpy": Result([0.010] * 3, 2.0), "torch": Result([0.010] * 3, 2.0), "jax": Result([0.010] * 3, 2.1)}
    _, ours, torch, jax = table.lines(row, results)
    assert "LOSS" not in ours + torch and "LOSS" in jax
    assert "0.9: MISSED" in torch and "2.0: met" in jax


def test_without_the_extra_the_limit_is_that_of_numpy():
    row = Row("r", "m", ("numpy", "fast", "torch"), at_most={"torch": 1.2}, numpy_at_most={"torch": 3})
    results = {name: timing.Result(times=[seconds]) for name, seconds in (("numpy", 2.0), ("torch", 1.0))}
    assert table.shares(row, results, "torch") == [("numpy", 2.0, 3)]
    results["fast"] = timing.Result(times=[1.1])
    assert table.shares(row, results, "torch") == [("fast", 1.1, 1.2), ("numpy", 2.0, 3)]


def test_a_peer_that_is_missing_is_a_note_in_the_table():
    row = Row("r", "m", ("numpy", "torch"))
    results = {"numpy": Result([0.010], 2.0), "torch": Result(missing="No module named 'torch'")}
    assert "skipped: No module named 'torch'" in table.lines(row, results)[2]
    assert "No module named 'torch'" in table.in_markdown(row, results)[1]

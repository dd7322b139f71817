"""The calculations of the training demo: losses and slopes are those of calculus, counts those of the models."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from demos import arithmetic
from demos.arithmetic import MATRICES, adam_changes, counts, loss_and_slopes, softmax_gradient, step
from demos.data.published import ARITHMETIC, COUNTS, listed
from demos.report import Report
from models.config import GPTConfig
from models.inventory import parameter_count


@given(st.floats(0.001, 0.999))
def test_the_slopes_are_those_of_calculus(p):
    loss, by_log, by_probability = loss_and_slopes(p)
    assert loss == pytest.approx(-math.log(p)) and by_log == pytest.approx(p - 1)
    assert by_probability == pytest.approx(p * (p - 1))


@given(st.lists(st.floats(0.01, 1.0), min_size=2, max_size=6), st.integers(0, 5))
def test_the_gradient_of_the_loss_is_p_less_onehot(weights, right):
    p = np.array(weights) / np.sum(weights)
    right %= len(p)
    np.testing.assert_allclose(softmax_gradient(p, right), p - np.eye(len(p))[right], atol=1e-12)


def test_every_published_calculation_comes_out(capsys):
    report = Report("r")
    arithmetic.show_published(report)
    lines = [line.split() for line in capsys.readouterr().out.splitlines() if line.startswith("  ")]
    rows = {" ".join(line[:-2]): line[-2:] for line in lines}
    for row in (row for source in ARITHMETIC.values() for row in source):
        assert rows[row.what] == [row.text, row.text]
    assert step(0.5, 0.1, 0.01) == pytest.approx(0.499)


def test_all_weights_of_a_model_are_counted_once_and_w_q_w_k_and_w_v_are_square():
    for preset in arithmetic.MODELS:
        found, config = counts(preset), GPTConfig.preset(preset)
        assert sum(size for _, size in found.values()) == parameter_count(config)
        for name in ("W_Q", "W_K", "W_V", "W_O"):
            assert found[name] == ((config.n_embd,) * 2, config.n_layer * config.n_embd**2)
        assert found["W_1"][0] == found["W_2"][0][::-1] == (config.hidden, config.n_embd)
        assert {name for names in MATRICES.values() for name in names} < {*found}


def test_the_counts_agree_with_the_published_ones_but_for_gpt_2_small(capsys):
    arithmetic.show_counts(Report("r"))
    text = capsys.readouterr().out
    for row in COUNTS:
        (line,) = (line for line in text.splitlines() if row.what in line)
        assert line.count(listed(row.text)) == (1 if row.why else 2)
    assert "12, 768, 124,439,808" in text


def test_adam_goes_far_with_steady_gradients_of_any_size_and_nowhere_with_contradicting_ones():
    signs = np.where(np.arange(100) % 2, 1.0, -1.0)
    changes = adam_changes(np.column_stack([np.full(100, 1e-3), np.full(100, 10.0), signs]), rate=0.01)
    np.testing.assert_allclose(changes[:, :2], -0.01, rtol=1e-4)
    assert abs(changes[:, 2].sum()) < 0.05

"""The page of a graph: what it is given, and what flows back in it."""

import json
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import nn
from autograd import randn, tensor
from autograd.draw import save
from autograd.draw.flow import contributions
from autograd.draw.numbers import numbers
from autograd.draw.rules import WORDS, _formula, rule_of
from autograd.draw.steps import steps_behind
from autograd.ops.table import OPS
from autograd.scalar import Value
from autograd.tracing import trace
from tests.autograd.graphs import gpt


def data_of(file) -> dict:
    return json.loads(re.search(r'<script id="data".*?>(.*?)</script>', file.read_text(encoding="utf-8"), re.S)[1])


# What flows back ------------------------------------------------------------------------------------------------------


VALUE_OPS = (Value.__add__, Value.__sub__, Value.__mul__, lambda x, y: x.tanh(), lambda x, y: x**2, Value.maximum)


@given(st.lists(st.tuples(st.sampled_from(VALUE_OPS), st.integers(1, 4), st.integers(1, 4)), min_size=1, max_size=20))
def test_the_contributions_to_a_value_add_up_to_its_gradient(program):
    values = [Value(0.5), Value(-1.5), Value(2.0), Value(0.25)]
    for op, i, j in program:
        values.append(op(values[-i], values[-j]).tanh())
    root = values[-1]
    root.backward()
    steps = steps_behind(root, {})
    parts = [part for found in reversed(contributions(steps)) for part in found]
    for i, step in enumerate(steps[:-1]):
        mine = [part for part in parts if part.to == i]
        np.testing.assert_allclose(sum(part.value for part in mine), step.grad, rtol=1e-9, atol=1e-12)
        assert mine[0].before == 0 and mine[-1].after == pytest.approx(step.grad, rel=1e-9)
        assert [part.later for part in mine] == [*reversed(range(len(mine)))]


def test_the_contributions_to_tensors_add_up_to_their_gradients():
    steps = steps_behind(gpt(2), {})
    found = contributions(steps)
    last = {part.to: part for parts in reversed(found) for part in parts}
    operations = [step for step in steps if step.kind == "op"]
    assert len(operations) > 30 and last.keys() == {i for i, s in enumerate(steps[:-1]) if s.kind != "input"}
    for i, part in last.items():
        gradient = np.asarray(getattr(steps[i].grad, "array", steps[i].grad))
        assert part.after == pytest.approx(np.linalg.norm(gradient), rel=1e-4), steps[i].title
        assert part.later == 0 and not part.missing


def test_rules_are_those_that_run():
    x, y = tensor([1.0, 2.0], requires_grad=True), tensor([3.0, 4.0], requires_grad=True)
    assert rule_of((x * y).node).rules == (("x", "g * y"), ("y", "g * x"))
    assert rule_of((x - y).node).rules == (("x", "g"), ("y", "g * -number(alpha)"))
    assert rule_of((x + y).node).rules == (("x", "g"), ("y", "g if alpha == 1 else g * number(alpha)"))
    assert rule_of((Value(2.0) ** 3).parents[0]) is None
    assert rule_of(Value(2.0) ** 3).rules == (("a", "g × 3 a**(3 - 1)"),)
    assert rule_of(Value(2.0).tanh()).rules == (("a", "g × (1 - tanh² a)"),)


def test_every_rule_of_the_table_has_a_formula():
    rules = [rule for op in OPS.values() for rule in (*op.rules, op.grads) if rule]
    assert len(rules) > 150 and [rule[0] for rule in rules if not _formula(rule[0])] == []


def test_the_rules_of_common_layers_are_put_into_words():
    layers = nn.Sequential(
        nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.SiLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(2, 3)
    )
    with trace():
        hidden = nn.LSTM(3, 2)(layers(randn(5, 1, 4, 4)))[0]
        loss = (hidden.square() * hidden.atan()).var() + gpt(1)
    steps = [step for step in steps_behind(loss, {}) if step.kind == "op"]
    assert len(steps) > 30 and [step.title for step in steps if not rule_of(step.node).words] == []


def test_what_is_put_into_words_are_operations():
    assert WORDS.keys() - OPS.keys() <= {"dot"}


# The file -------------------------------------------------------------------------------------------------------------


def test_a_page_is_one_small_file_and_the_same_each_time(tmp_path):
    file = save(gpt(), tmp_path / "graph.html")
    text = file.read_text(encoding="utf-8")
    assert file.stat().st_size < 1_500_000
    assert "http" not in text.replace("http://www.w3.org/2000/svg", "").replace("http-equiv", "")
    assert save(gpt(), tmp_path / "again.html").read_text(encoding="utf-8") == text


def test_names_cannot_leave_their_place_in_the_page(tmp_path):
    evil = "</script><script>alert(1)</script>"
    x = Value(1.0)
    file = save(x * x, tmp_path / "graph.html", names={evil: x})
    assert evil not in file.read_text(encoding="utf-8")
    assert evil in {step.get("name") for step in data_of(file)["steps"]}


def test_of_a_very_long_loop_one_turn_is_kept(tmp_path):
    x, v = Value(1.0), Value(0.1)
    for _ in range(33_000):
        x = x * 1.0001 + v
    x.backward()
    data = data_of(save(x, tmp_path / "graph.html"))
    assert len(data["steps"]) < 10 and "left out" in data["note"]


def test_numbers_that_are_not_finite_are_counted(tmp_path):
    x = tensor(np.r_[np.inf, np.nan, np.arange(30.0)], requires_grad=True)
    with trace():
        y = (x * 2).sum()
    (leaf,) = [step for step in data_of(save(y, tmp_path / "graph.html"))["steps"] if step["kind"] == "leaf"]
    assert leaf["data"]["strange"] == 2 and leaf["data"]["max"] == 29 and sum(leaf["data"]["bars"]) == 30
    (row,) = leaf["data"]["map"]["rows"]
    assert row.count("!") == 2 and leaf["data"]["map"]["slice"] == "[:24]"


@given(arrays(np.float32, st.lists(st.integers(1, 40), min_size=1, max_size=4), elements=st.floats(-8, 8, width=32)))
def test_a_heat_map_shows_the_slice_that_it_names(array):
    found = numbers(array, 24).get("map")
    if found is None:
        assert array.size <= 12
        return
    part = np.atleast_2d(eval(f"array{found['slice']}"))
    shades = np.array([[ord(letter) - found["zero"] for letter in row] for row in found["rows"]]) / found["shades"]
    top = abs(part).max()
    assert found["top"] == pytest.approx(top, rel=1e-4) and shades.shape == part.shape
    np.testing.assert_allclose(shades * top, part, atol=top / 1500)


def test_elements_that_are_named_are_opened_and_wrong_names_are_errors(tmp_path):
    loss = gpt(1)
    file = tmp_path / "graph.html"
    data = data_of(save(loss, file, open={"transformer.h.0.mlp.c_fc.bias": [(-1,)]}))
    assert data["elements"][0]["name"] == "transformer.h.0.mlp.c_fc.bias[31]"
    leaf = data["steps"][data["elements"][0]["leaf"]]
    assert (leaf["kind"], leaf["name"], leaf["shape"]) == ("leaf", "bias", "(32,) float32")
    with pytest.raises(ValueError, match=r"no leaf named 'W'; its leaves are .*lm_head|transformer.wte.weight"):
        save(loss, file, open={"W": [(0, 0)]})
    with pytest.raises(ValueError, match=r"bias\[32\] is out of range for shape \(32,\)"):
        save(loss, file, open={"transformer.h.0.mlp.c_fc.bias": [(32,)]})
    with pytest.raises(TypeError, match="zom"):
        save(loss, file, zom="tensors")
    with pytest.raises(ValueError, match=r"open= is for a page \(.html\), not for graph.svg"):
        save(loss, tmp_path / "graph.svg", open={"transformer.h.0.mlp.c_fc.bias": [(0,)]})

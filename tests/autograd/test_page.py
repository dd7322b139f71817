"""The page of a graph: what it is given; and in a browser, that it folds, searches and plays without the network."""

import importlib.util
import json
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import nn
from autograd import manual_seed, randn, tensor
from autograd.draw import save
from autograd.draw.flow import contributions
from autograd.draw.numbers import numbers
from autograd.draw.rules import WORDS, _formula, rule_of
from autograd.draw.steps import steps_behind
from autograd.ops.table import OPS
from autograd.scalar import Value
from autograd.tracing import trace
from models.config import GPTConfig
from models.gpt import GPT
from tests.browser import MISSING, WITHOUT, Browser


def gpt(blocks: int = 12):
    manual_seed(0)
    model = GPT(GPTConfig(vocab_size=20, block_size=8, n_layer=blocks, n_head=2, n_embd=8))
    tokens = tensor([[1, 2, 3, 4]])
    with trace():
        loss = model.loss(tokens, tokens)
        loss.backward()
    return loss


def neuron() -> Value:
    x, w, b = Value(2.0), Value(-3.0), Value(6.88)
    n = x * w + b
    y = n.tanh() * x
    y.backward()
    return y


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
    assert rule_of((x - y).node).rules == (("x", "g"), ("y", "g * -alpha"))
    assert rule_of((x + y).node).rules == (("x", "g"), ("y", "g if alpha == 1 else g * alpha"))
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
    assert len(text) < 1_500_000
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
    shades = np.array([[ord(letter) - ord("]") - 16 for letter in row] for row in found["rows"]])
    top = abs(part).max()
    assert found["top"] == pytest.approx(top, rel=1e-4) and shades.shape == part.shape
    np.testing.assert_allclose(shades / 16 * top, part, atol=top / 31)


def test_elements_that_are_named_are_opened_and_wrong_names_are_errors(tmp_path):
    loss = gpt(1)
    file = tmp_path / "graph.html"
    data = data_of(save(loss, file, open={"transformer.h.0.mlp.c_fc.bias": [(-1,)]}))
    assert data["elements"][0]["name"] == "transformer.h.0.mlp.c_fc.bias[31]"
    leaf = data["steps"][data["elements"][0]["leaf"]]
    assert (leaf["kind"], leaf["name"], leaf["shape"]) == ("leaf", "bias", "(32,) float32")
    with pytest.raises(ValueError, match=r"no leaf named 'W'; there are .*lm_head|transformer.wte.weight"):
        save(loss, file, open={"W": [(0, 0)]})
    with pytest.raises(ValueError, match=r"bias\[32\] is no element of shape \(32,\)"):
        save(loss, file, open={"transformer.h.0.mlp.c_fc.bias": [(32,)]})
    with pytest.raises(ValueError, match=r"open= is for a page \(.html\), not for graph.svg"):
        save(loss, tmp_path / "graph.svg", open={"transformer.h.0.mlp.c_fc.bias": [(0,)]})


# In a browser ---------------------------------------------------------------------------------------------------------

with_browser = pytest.mark.skipif(bool(MISSING), reason=WITHOUT)


@pytest.fixture(scope="module")
def browser():
    with Browser() as window:
        yield window


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pages")
    return {"gpt": save(gpt(), folder / "gpt.html"), "neuron": save(neuron(), folder / "neuron.html")}


@pytest.fixture
def shown(browser, pages):
    """Opens a page; afterwards nothing may have been asked of the network, or said in the console."""
    opened = []

    def show(name: str, width: int = 1280) -> Browser:
        browser.resize(width, 800)
        browser.complaints(), browser.requests()
        browser.open(pages[name])
        opened.append(pages[name].as_uri())
        return browser

    yield show
    assert browser.complaints() == []
    assert [url for url in browser.requests() if not url.startswith("data:")] == opened


def titles(browser: Browser) -> list[str]:
    return browser.run("return [...document.querySelectorAll('.node .title')].map((e) => e.textContent)")


def drawn(browser: Browser) -> str:
    return browser.run("return document.getElementById('scene').textContent")


def overlaps(browser: Browser) -> list:
    """Pairs of boxes that cover a part of each other."""
    return browser.run("""
        const all = [...boxes.values()], found = [];
        all.forEach((a, i) => all.slice(i + 1).forEach((b) => {
          const wide = a.x < b.x + b.width && b.x < a.x + a.width;
          if (wide && a.y < b.y + b.height && b.y < a.y + a.height) found.push([a, b]);
        }));
        return found;""")


@with_browser
def test_modules_fold_and_unfold_and_nothing_overlaps(shown):
    browser = shown("gpt")
    browser.click("#fold")
    assert titles(browser) == ["GPT", "flatten", "F.cross_entropy"]
    counts = []
    for _ in range(7):
        browser.click("#unfold")
        counts.append(len(titles(browser)))
        assert overlaps(browser) == []
    assert counts == sorted(counts) and counts[-1] > 30
    browser.run("document.querySelector('[data-fold]').focus()")
    browser.press("Enter")
    assert "GPT" in titles(browser) and len(titles(browser)) < counts[-1]


@with_browser
def test_a_stack_shows_all_its_members_when_asked(shown):
    browser = shown("gpt")
    stack = browser.run("return graph.groups.findIndex((g) => g.count === 12) + graph.steps.length")
    browser.run("view.foldAll(); goTo(arguments[0])", stack)
    assert [title for title in titles(browser) if "Block" in title] == ["h.0 … h.11: Block × 12"]
    browser.run("[...document.querySelectorAll('#panel button')].find((b) => b.innerText === 'Draw all 12').click()")
    assert [title for title in titles(browser) if "Block" in title] == [f"h.{i}: Block" for i in range(12)]
    assert overlaps(browser) == []


@with_browser
def test_a_click_shows_numbers_rule_source_and_what_was_saved(shown):
    browser = shown("gpt")
    number = browser.run("return graph.steps.findIndex((s) => s.title === 'F.layer_norm')")
    browser.run("goTo(arguments[0])", number)
    browser.click(f"[data-number='{number}'] .title")
    said = browser.text("#panel")
    for words in (
        "F.layer_norm",
        "GPT.transformer.h.0.ln_1",
        "test_page.py",
        "model.loss(tokens, tokens)",
        "(B=1, T=4, C=8)",
    ):
        assert words in said
    assert "The gradient loses its mean" in said and "saved for the backward pass" in said and "rstd" in said
    assert browser.run("return document.querySelectorAll('#panel .bars').length") == 2
    assert browser.run("return document.querySelectorAll('#panel .heat').length") == 2
    assert "[0, :, :]" in said and "in memory" in said


@with_browser
def test_any_member_of_a_stack_can_be_shown(shown):
    browser = shown("gpt")
    stack = browser.run("return graph.groups.findIndex((g) => g.count === 12) + graph.steps.length")
    browser.run("goTo(arguments[0])", stack)
    browser.run("if (!view.open.has(arguments[0])) toggle(arguments[0])", stack)
    browser.run("""
        const select = document.querySelector("#panel select");
        select.value = [...select.options].find((option) => option.text === "h.7").value;
        select.dispatchEvent(new Event("change"));""")
    assert "h.0 … h.11: Block × 12 (h.7 is shown)" in drawn(browser)
    lines = browser.run("return [...document.querySelectorAll('.node')].map((n) => n.getAttribute('aria-label'))")
    steps = browser.run("return graph.steps.filter((s) => s.where === 'GPT.transformer.h.7' && s.title === '+')")
    assert len(steps) == 2 and all(", ".join(["+", *step["lines"]]) in lines for step in steps)
    assert overlaps(browser) == []


@with_browser
def test_one_number_opens_into_its_own_graph_which_plays_with_all_numbers(shown):
    browser = shown("gpt")
    whole, title = browser.run("return [graph.steps.length, graph.title]")
    browser.click("#panel .open")
    name = browser.run("return whole.elements[0].name")
    assert browser.text("#title") == name and browser.run("return graph.steps[0].title").endswith(name.split(".")[-1])
    browser.run("view.unfoldMore(); view.unfoldMore(); draw()")
    assert overlaps(browser) == []
    browser.press("b")
    assert "begins here" in browser.text("#panel")
    while not browser.run("return document.querySelector('#panel .part pre')"):
        browser.press("ArrowRight")
    step = browser.run("return graph.steps[player.step]")
    part = step["parts"][0]
    assert part["upstream"] * part["local"] == pytest.approx(part["value"], rel=1e-4)
    assert "already there" in browser.text("#panel") and "carries" in drawn(browser)
    browser.press("Escape")
    assert browser.run("return graph.steps.length") == whole and browser.text("#title") == title


@with_browser
def test_the_player_of_tensors_shows_shapes_norms_and_rules(shown):
    browser = shown("gpt")
    number = browser.run(
        "return graph.steps.findIndex((s) => s.title === 'F.linear' && s.where.endsWith('h.5.mlp.c_fc'))"
    )
    browser.run("player.go(player.forward.length + player.backward.indexOf(arguments[0]) + 1)", number)
    said = browser.text("#panel")
    for words in (
        "upstream g\t(B=1, T=4, 32) float32, norm ",
        "× local: d weight",
        "= contribution\t(32, 8) float32, norm ",
    ):
        assert words in said
    block = browser.run("return graph.groups.findIndex((g) => g.own === 'h.5: Block') + graph.steps.length")
    assert not browser.run("return view.isHidden(arguments[0])", block), "the player brings the block that it is in"


@with_browser
def test_search_finds_what_is_folded(shown):
    browser = shown("gpt")
    browser.click("#fold")
    browser.press("/")
    browser.type("gelu h.3")
    assert "gelu" in browser.text("#found").lower()
    browser.press("Enter")
    assert browser.text("#panel h2") == "F.gelu" and "F.gelu" in titles(browser)


@with_browser
def test_the_player_steps_forwards_and_back_with_all_numbers(shown):
    browser = shown("neuron")
    steps = browser.run("return graph.steps.length")
    assert browser.text("#where") == f"{steps} forward, {steps} backward"
    browser.press("b")
    assert browser.text("#where") == f"backward 1 of {steps}" and "begins here" in browser.text("#panel")
    tanh = float(np.tanh(2 * -3 + 6.88))
    assert f"1 × {tanh:.5g} = {tanh:.5g}" in browser.text("#panel"), "to x, the newest use of it"
    assert "still missing: what × will add" in browser.text("#panel")
    while "1 - tanh²" not in browser.text("#panel"):
        browser.press("ArrowRight")
    assert f"2 × {1 - tanh**2:.5g} = {2 * (1 - tanh**2):.5g}" in browser.text("#panel")
    before = browser.text("#panel")
    browser.click("#next")
    assert browser.text("#panel") != before
    browser.press("ArrowLeft")
    assert browser.text("#panel") == before
    browser.press("Home")
    assert browser.text("#where") == f"{steps} forward, {steps} backward"


@with_browser
def test_the_player_plays_a_folded_graph_to_its_end(shown):
    browser = shown("gpt")
    browser.click("#fold")
    last = browser.run("for (let t = 0; t <= player.last; t++) player.go(t); return player.last")
    assert browser.text("#where") == f"backward {last - browser.run('return graph.steps.length')} of " + str(
        browser.run("return player.backward.length")
    )


@with_browser
@pytest.mark.parametrize("name", ["gpt", "neuron"])
def test_it_fits_a_narrow_screen(shown, name):
    browser = shown(name, 390)
    assert browser.run("return document.documentElement.scrollWidth") <= 390
    sizes = browser.run(
        "return ['#graph', '#panel', '#next'].map((e) => document.querySelector(e).getBoundingClientRect())"
    )
    assert all(0 <= size["left"] and size["right"] <= 390 and size["bottom"] <= 800 for size in sizes)
    assert sizes[0]["height"] > 250
    browser.click("#next")
    assert "forward 1 of" in browser.text("#where")


@with_browser
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_that_keeps_people_out(shown, theme):
    folder = importlib.util.find_spec("axe_core_python")
    if folder is None:
        pytest.skip("axe-core-python is not installed: it is in the extra dev")
    axe = Path(folder.submodule_search_locations[0], "axe.min.js").read_text(encoding="utf-8")
    browser = shown("gpt")
    browser.run("document.documentElement.classList.toggle('dark', arguments[0])", theme == "dark")
    browser.run("player.go(player.last - 5); document.getElementById('search').value = 'h.1'; showFound()")
    found = browser.run_async(f"{axe}; axe.run().then((result) => arguments[0](result.violations))")
    assert [(one["id"], one["nodes"][0]["html"]) for one in found if one["impact"] in ("serious", "critical")] == []


@with_browser
def test_a_drag_moves_the_graph_and_the_keys_zoom(shown):
    browser = shown("neuron")
    at = browser.run("return {...camera}")
    browser.press("+")
    assert browser.run("return camera.scale") == pytest.approx(1.3 * at["scale"])
    browser.press("0")
    mouse = {"button": "left", "buttons": 1, "clickCount": 1}
    for kind, x in (("mousePressed", 100), ("mouseMoved", 130), ("mouseMoved", 160), ("mouseReleased", 160)):
        browser.command("Input.dispatchMouseEvent", type=kind, x=x, y=100, **mouse)
    assert browser.run("return camera.x") == pytest.approx(at["x"] + 60, abs=1)

"""A page in a browser: it folds, searches, plays and opens numbers, without the network."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from autograd.draw import save
from tests.autograd.graphs import gpt, neuron
from tests.browser import MISSING, WITHOUT, Browser

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
        "graphs.py",
        "model.loss(tokens, tokens)",
        "(B=1, T=4, C=8)",
    ):
        assert words in said
    assert "The gradient loses its mean" in said and "saved for the backward pass" in said and "rstd" in said
    assert browser.run("return document.querySelectorAll('#panel .bars').length") == 2
    assert browser.run("return document.querySelectorAll('#panel .heat').length") == 2
    assert "[0, :, :]" in said and "in memory" in said


@with_browser
def test_the_number_under_the_pointer_is_shown_below_a_heat_map(shown):
    browser = shown("gpt")
    number = browser.run(
        "return graph.steps.findIndex((s) => s.data && s.data.map && s.data.map.slice === '[0, :, :]')"
    )
    browser.run("goTo(arguments[0])", number)
    browser.click(f"[data-number='{number}'] .title")
    texts = browser.run(
        """const canvas = document.querySelector("#panel .heat"), box = canvas.getBoundingClientRect();
        const place = canvas.nextElementSibling.querySelector("code"), map = graph.steps[arguments[0]].data.map;
        const at = (y, x) => ({ clientX: box.left + (x + 0.5) * box.width / map.rows[0].length,
                                clientY: box.top + (y + 0.5) * box.height / map.rows.length });
        canvas.dispatchEvent(new PointerEvent("pointermove", at(1, 2)));
        const under = place.innerText;
        canvas.dispatchEvent(new PointerEvent("pointerleave"));
        const share = (map.rows[1].charCodeAt(2) - map.zero) / map.shades * map.top;
        return [under, place.innerText, share]""",
        number,
    )
    assert texts[0].startswith("[0, 1, 2] ≈ ") and texts[1] == "[0, :, :]"
    assert float(texts[0].split()[-1].replace("−", "-")) == pytest.approx(texts[2], rel=0.006)


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
    browser.run("if (whole.elements.length) turnTo(whole.elements[0].graph)")
    assert browser.run("return document.documentElement.scrollWidth") <= 390


@with_browser
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_that_keeps_people_out(shown, theme):
    folder = importlib.util.find_spec("axe_core_python")
    if folder is None:
        pytest.skip("axe-core-python is not installed: it is in the extra dev")
    axe = Path(folder.submodule_search_locations[0], "axe.min.js").read_text(encoding="utf-8")
    browser = shown("gpt")
    browser.run("document.documentElement.classList.toggle('dark', arguments[0])", theme == "dark")
    for state in (
        "player.go(player.last - 5); document.getElementById('search').value = 'h.1'; showFound()",
        "goTo(graph.groups.findIndex((group) => group.count > 1) + graph.steps.length)",
        "turnTo(whole.elements[0].graph); player.go(player.forward.length + 9)",
    ):
        browser.run(state)
        found = browser.run_async(f"{axe}; axe.run().then((result) => arguments[0](result.violations))")
        serious = [one for one in found if one["impact"] in ("serious", "critical")]
        assert [(one["id"], one["nodes"][0]["html"]) for one in serious] == []


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

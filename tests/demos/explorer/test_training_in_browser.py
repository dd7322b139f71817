"""The page of training in a browser: a line, ten steps, a nudge of one weight, undo, play and pause."""

import pytest

from demos.explorer import subjects
from demos.explorer.explorer import Explorer
from demos.explorer.lesson import LINES
from demos.explorer.lessons import Lessons
from demos.explorer.models import Models
from models.config import GPTConfig
from tests.browser import MISSING, WITHOUT
from tests.demos.explorer.conftest import running, shown

BEGIN = """
    const body = JSON.stringify({ subject: "dialogue", rate: 0.1 }), headers = { "Content-Type": "application/json" };
    fetch("/api/training/begin", { method: "POST", headers, body }).then(() => arguments[0]());"""
pytestmark = pytest.mark.skipif(bool(MISSING), reason=WITHOUT)


@pytest.fixture(scope="module")
def address():
    with pytest.MonkeyPatch.context() as patch:
        small = lambda V, T: GPTConfig(V, T, n_layer=2, n_head=4, n_embd=32, tie=False)  # noqa: E731
        patch.setattr(subjects, "config", small)
        subjects.sums.cache_clear()
        with running(Explorer(Models(None, {}), Lessons(room=2))) as address:
            yield f"{address}/training"
    subjects.sums.cache_clear()


@pytest.fixture
def page(window, address):
    with shown(window, address) as page:
        settled(page)
        yield page
        page.open(address.replace("/training", "/"))
        page.run("sessionStorage.clear()")  # so that the next page begins anew


def settled(page):
    """Wait until all that was asked for is done and shown."""
    page.wait("document.getElementById('main').getAttribute('aria-busy') === 'false'")


def weight(page):
    return page.text("#value")


def step(page):
    return int(page.text("#step"))


def test_each_line_is_marked_when_it_runs(page):
    for number in range(len(LINES)):
        assert LINES[number] in page.text("#lines [aria-current=step]")
        page.click("#line")
        page.wait(f"document.querySelector('#lines li:nth-child({number + 1})').classList.contains('ran')")
        assert page.run("return document.querySelectorAll('#lines .ran').length") == 1
        assert page.text("#said")
    assert step(page) == 1


def test_only_whole_steps_are_marked_below_a_curve(page):
    marks = "return [...document.querySelectorAll('#loss-chart text[text-anchor=middle]')].map((t) => t.textContent)"
    assert page.run(marks) == ["0"]
    for count in 1, 2:
        page.click("#one")
        page.wait(f"document.getElementById('step').textContent === '{count}'")
    settled(page)
    assert page.run(marks) == ["0", "1"]


def test_ten_steps_a_nudge_and_undo(page):
    for count in range(1, 11):
        page.click("#one")
        page.wait(f"document.getElementById('step').textContent === '{count}'")
    page.wait("document.querySelector('#loss-chart path.curve')")
    settled(page)
    page.run("document.getElementById('matrix').value = 'W_out'")
    page.run("document.getElementById('matrix').dispatchEvent(new Event('change'))")
    page.wait("document.getElementById('values').height === 36")
    page.drag("#values", [(0.5, 0.5)])
    page.wait("document.getElementById('which').textContent.match(/^W_out, row 1[78], column 1[56]$/)")
    page.run("document.getElementById('delta').value = '0.25'")
    before = weight(page)
    page.click("#nudging button")
    page.wait("document.querySelectorAll('#nudged td').length === 12")
    page.wait(f"document.getElementById('value').textContent !== '{before}'")
    number = lambda text: float(text.replace("−", "-"))  # noqa: E731
    assert number(weight(page)) == pytest.approx(number(before) + 0.25, abs=1e-4)
    cells = page.run("return [...document.querySelectorAll('#nudged td:last-child')].map((cell) => cell.innerText)")
    offs = [float(text.removesuffix(" %")) for text in cells if text != "–"]
    assert offs == sorted(offs, reverse=True)
    page.click("#undo")
    page.wait(f"document.getElementById('value').textContent === '{before}'")
    assert step(page) == 10
    page.click("#undo")
    page.wait("document.getElementById('step').textContent === '9'")


def test_it_plays_until_it_is_paused(page):
    page.click("#play")
    page.wait("Number(document.getElementById('step').textContent) > 3")
    assert page.text("#play") == "Pause"
    page.click("#play")
    page.wait("!document.getElementById('one').disabled")
    stopped = step(page)
    page.click("#one")
    page.wait(f"document.getElementById('step').textContent === '{stopped + 1}'")
    page.click("#undo")
    page.click("#undo")
    page.wait("document.getElementById('step').textContent === '0'")


def test_a_page_that_is_loaded_again_goes_on_with_its_training(page, address):
    page.run("document.getElementById('seed').value = 7")
    page.click("#setup button")
    settled(page)
    page.click("#one")
    page.wait("document.getElementById('step').textContent === '1'")
    settled(page)
    before = weight(page)
    page.open(address)
    settled(page)
    assert step(page) == 1 and weight(page) == before
    assert page.text("#said") == "The training is where it was."
    assert page.run("return document.getElementById('seed').value") == "7"
    page.click("#undo")
    page.wait("document.getElementById('step').textContent === '0'")
    page.click("#setup button")
    page.wait("document.getElementById('said').textContent.startsWith('Nothing has run yet')")


def test_a_text_of_ones_own_is_learned_and_one_that_is_too_short_is_refused_with_a_reason(page):
    page.run("document.getElementById('subject').value = 'own'")
    page.run("document.getElementById('subject').dispatchEvent(new Event('change'))")
    page.type("too short")
    page.click("#setup button")
    page.wait("!document.getElementById('error').hidden")
    settled(page)
    assert page.text("#error").startswith("the text has 9 characters, and at least 640 are needed")
    page.run("document.getElementById('text').value = 'to be or not to be, that is the question\\n'.repeat(30)")
    page.click("#setup button")
    page.wait("document.getElementById('error').hidden && document.querySelector('.written')")
    assert "to be or not to be" in page.text(".written")
    page.complaints()  # the browser itself notes an answer of status 400


def test_a_training_that_others_have_ended_says_so_and_begins_anew(page):
    for _ in range(2):
        page.run_async(BEGIN)
    page.click("#one")
    page.wait("!document.getElementById('error').hidden")
    assert "begin a new one" in page.text("#error")
    settled(page)
    page.click("#setup button")
    settled(page)
    page.click("#one")
    page.wait("document.getElementById('step').textContent === '1'")
    page.complaints()


@pytest.mark.parametrize("width", [1280, 390])
def test_nothing_keeps_people_out_and_it_fits(page, width):
    page.resize(width, 800)
    page.click("#one")
    page.wait("document.getElementById('step').textContent === '1'")
    page.click("#nudging button")
    page.wait("document.querySelector('#nudged table')")
    assert page.run("return document.documentElement.scrollWidth") <= width
    assert page.serious_violations() == []

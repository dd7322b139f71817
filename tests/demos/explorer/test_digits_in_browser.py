"""The page of digits in a browser: drawn with mouse, finger and keys, recognised, explained, made another digit."""

import pytest

from demos.explorer.explorer import Explorer
from demos.explorer.models import Models, load_digits
from demos.explorer.weights import file
from tests.browser import MISSING, WITHOUT
from tests.demos.explorer.conftest import running, shown

pytestmark = pytest.mark.skipif(bool(MISSING), reason=WITHOUT)
SEVEN = [(0.3, 0.25), (0.45, 0.24), (0.7, 0.25), (0.62, 0.45), (0.52, 0.65), (0.45, 0.82)]
ONE = [(0.5, 0.2), (0.5, 0.4), (0.5, 0.6), (0.5, 0.8)]


@pytest.fixture(scope="module")
def address():
    with running(Explorer(Models(load_digits(file("digits")), {}))) as address:
        yield f"{address}/digits"


@pytest.fixture
def page(window, address):
    with shown(window, address) as page:
        page.wait("document.body.classList.contains('blank')")
        yield page


def read(page, digit):
    page.wait(f"document.querySelector('#verdict').textContent.endsWith(' {digit}')")


@pytest.mark.parametrize("kind", ["mouse", "touch"])
@pytest.mark.parametrize(("digit", "points"), [(7, SEVEN), (1, ONE)])
def test_a_digit_that_is_drawn_is_recognised(page, kind, digit, points):
    page.drag("#pad", points, kind)
    read(page, digit)
    assert page.run("return document.querySelectorAll('#bars .best b')[0].textContent") == str(digit)
    page.wait("document.getElementById('adds-up').textContent")
    assert f"log-odds of a {digit}" in page.text("#adds-up")
    page.click("#clear")
    page.wait("document.body.classList.contains('blank')")


def test_a_digit_is_drawn_with_the_keyboard_alone(page):
    page.run("document.getElementById('pad').focus()")
    for key in ["ArrowUp"] * 7 + [" "] + ["ArrowDown"] * 14:
        page.press(key)
    read(page, 1)
    assert "row 22" in page.text("#pad-where") and "pen down" in page.text("#pad-where")
    page.press("Delete")
    page.wait("document.body.classList.contains('blank')")


def test_undo_takes_a_stroke_back_and_the_eraser_takes_ink_away(page):
    page.drag("#pad", SEVEN)
    read(page, 7)
    ink = "return document.getElementById('pad').toDataURL()"
    before = page.run(ink)
    page.click("#erase")
    page.drag("#pad", SEVEN[:3])
    assert page.run(ink) != before
    page.click("#undo")
    assert page.run(ink) == before
    read(page, 7)


def test_a_sample_becomes_another_digit_step_by_step(page):
    page.click("#samples button:nth-child(5)")
    read(page, 4)
    page.click("#targets button:nth-child(10)")
    page.wait("document.getElementById('change-said').textContent")
    assert "the network gives a 9 9" in page.text("#change-said")
    last = int(page.text("#step").split()[-1])
    assert page.text("#step") == f"step {last} of {last}" and last > 1
    page.click("#back")
    assert page.text("#step") == f"step {last - 1} of {last}"
    page.run("document.getElementById('time').focus()")
    page.press("Home")
    assert page.text("#step") == f"step 0 of {last}"
    assert page.run("return document.querySelector('#change-bars .best b').textContent") == "4"
    page.drag("#pad", ONE)  # another drawing, of which nothing has been found yet
    page.wait("document.getElementById('player').hidden")


def test_another_answer_is_explained_when_it_is_asked_for(page):
    page.click("#samples button:nth-child(4)")
    read(page, 3)
    page.click("#explained button:nth-child(9)")
    page.wait("document.getElementById('adds-up').textContent.includes('log-odds of a 8')")


@pytest.mark.parametrize("width", [1280, 390])
def test_nothing_keeps_people_out_and_it_fits(page, width):
    page.resize(width, 800)
    page.click("#samples button:nth-child(3)")
    page.click("#targets button:nth-child(4)")
    page.wait("!document.getElementById('player').hidden")
    assert page.run("return document.documentElement.scrollWidth") <= width
    assert page.serious_violations() == []

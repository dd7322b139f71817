"""The GPT page in a browser: a prompt is typed, sliders and switches are moved, a text is generated and stopped."""

import pytest

from autograd import manual_seed
from demos.explorer import gpt
from demos.explorer.explorer import Explorer
from demos.explorer.models import Models, Served, load_digits
from demos.explorer.weights import file
from models.checkpoint import load_gpt
from models.config import GPTConfig
from models.gpt import GPT
from models.tokenizers import CharTokenizer
from tests.browser import MISSING, WITHOUT
from tests.demos.explorer.conftest import running

pytestmark = pytest.mark.skipif(bool(MISSING), reason=WITHOUT)
SHOWN = "!document.querySelector('.stale') && document.querySelectorAll('#bars li').length"


@pytest.fixture(scope="module")
def address():
    manual_seed(0)
    tokens = CharTokenizer("\n abcdefghijklmnopqrstuvwxyz")
    letters = GPT(GPTConfig(tokens.vocab_size, block_size=24, n_layer=3, n_head=4, n_embd=32))
    calculator, words = load_gpt(file("calculator"))
    gpts = {
        "calculator": Served("Calculator", calculator, words, {}),
        "letters": Served("Letters", letters, tokens, {}),
    }
    with running(Explorer(Models(load_digits(file("digits")), gpts))) as address:
        yield address


@pytest.fixture
def page(window, address):
    """The page with the calculator; afterwards the console has said nothing, and only this machine was asked."""
    window.resize(1280, 900)
    window.complaints(), window.requests()
    window.open(f"{address}/gpt")
    window.wait(SHOWN)
    yield window
    assert window.complaints() == []
    assert all(url.startswith((f"{address}/", "data:")) for url in window.requests())


def type_prompt(page, text):
    page.run("document.getElementById('prompt').select()")
    page.click("#prompt")
    page.run("document.getElementById('prompt').select()")
    page.type(text)


def prompt(page):
    return page.run("return document.getElementById('prompt').value")


def choose(page, model):
    page.run(
        "const m = document.getElementById('model'); m.value = arguments[0]; m.dispatchEvent(new Event('change'))",
        model,
    )
    page.wait("document.getElementById('tokens').textContent === '↵'")


def numbers(page, css):
    """The numbers that elements show, "−9.4 × 10⁻⁵" among them."""
    texts = page.run("return [...document.querySelectorAll(arguments[0])].map((e) => e.innerText)", css)
    plain = str.maketrans("−⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "--0123456789")
    return [float(text.replace(" × 10", "e").translate(plain)) for text in texts]


def slide(page, name, value):
    page.run(
        "const s = document.getElementById(arguments[0]); s.value = arguments[1]; s.dispatchEvent(new Event('input'))",
        name,
        value,
    )


def test_a_typed_question_is_answered_and_what_is_half_typed_is_explained(page):
    type_prompt(page, "seven times ei")
    page.wait("document.querySelector('#message').textContent.includes(\"unknown word 'ei'\")")
    assert page.run("return document.querySelector('main').classList.contains('stale')")
    page.type("ght <is>")
    page.wait("document.querySelector('#summary').textContent.includes('“fifty” is likeliest')")
    assert page.text("#message") == "" and page.text("#tokens").split() == "seven times eight <is>".split()
    page.run("document.querySelector('#bars button').focus()")
    page.press("Enter")
    page.wait("document.getElementById('tokens').textContent.endsWith('fifty')")
    assert page.run("return document.activeElement === document.querySelector('#bars button')")
    page.click("#undo")
    page.wait("document.getElementById('tokens').textContent.endsWith('<is>')")
    assert prompt(page) == "seven times eight <is>"


def test_sliders_change_the_distribution_and_leave_the_original_beside_it(page):
    choose(page, "letters")
    type_prompt(page, "a day")
    page.wait("document.querySelectorAll('#tokens .chip').length === 5")
    assert "28 of 28 tokens" in page.text("#summary") and page.text("#legend") == ""
    slide(page, "top_k", 3)
    page.wait("document.querySelector('#summary').textContent.includes('; 3 of 28 tokens')")
    shares = page.run(
        "return [...document.querySelectorAll('#bars .share:not(.was)')].map((e) => parseFloat(e.innerText))"
    )
    assert sum(shares[:3]) == pytest.approx(100, abs=0.2) and not any(shares[3:])
    slide(page, "temperature", 0)
    page.wait("document.querySelector('#summary').textContent.includes('(100.0 %); 1 of 28 tokens')")
    assert "at temperature 1" in page.text("#legend") and "the likeliest" in page.text(".sliders")


def test_a_head_is_opened_read_and_switched_off(page):
    page.click("[aria-label='Open head 3 of layer 2']")
    page.wait("document.getElementById('detail-title').textContent.endsWith('head 3 of layer 2')")
    assert len(numbers(page, "#steps .weight")) == 4
    assert sum(numbers(page, "#steps .weight")) == pytest.approx(1, abs=0.005)
    assert (
        page.run("return document.getElementById('detail').getBoundingClientRect().top") < 500
    )  # it has come into view
    page.click("#steps tbody tr:last-child button")
    products, (total,) = (
        numbers(page, "#numbers tbody td:nth-child(4)"),
        numbers(page, "#numbers tfoot td:nth-child(4)"),
    )
    assert len(products) == 16 and sum(products) == pytest.approx(total, abs=0.02 * 16)
    page.click("[aria-label='head 3 of layer 2']")
    page.wait("document.getElementById('effect').textContent.startsWith('Without head 3 of layer 2')")
    page.click("#mask")
    page.wait("document.getElementById('effect').textContent.startsWith('Without the causal mask, head 3 of layer 2')")
    page.click("#costs")
    page.wait("document.querySelectorAll('.cost:not(:empty)').length === 13")
    page.click("#reset")
    page.wait("document.getElementById('effect').textContent === ''")


def test_the_map_names_the_number_under_the_pointer(page):
    middle = "const a = document.getElementById('map').getBoundingClientRect(); return [a.right - 8, a.bottom - 8]"
    page.run("document.getElementById('map').scrollIntoView()")
    x, y = page.run(middle)
    page.command("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)
    page.wait("document.getElementById('map-readout').textContent.startsWith('“<is>” (4) looks at “<is>” (4) with 0.')")


def test_a_text_is_generated_until_it_is_stopped(page):
    choose(page, "letters")
    page.run("document.getElementById('count').value = 1000")
    page.click("#generate")
    page.wait("document.getElementById('prompt').value.length > 30")
    assert page.text("#generate") == "Stop" and "earlier tokens are out of sight" in page.text("#tokens")
    page.press("Escape")
    assert page.text("#generate") == "Generate"
    written = prompt(page)
    page.run_async("setTimeout(arguments[0], 300)")
    assert prompt(page) == written
    page.click("#step")
    page.wait(f"document.getElementById('prompt').value.length === {len(written) + 1}")


def test_a_page_that_is_left_asks_for_no_more_tokens(page, address, monkeypatch):
    asked, step = [], gpt.QUESTIONS["step"]
    monkeypatch.setitem(gpt.QUESTIONS, "step", lambda *question: asked.append(question) or step(*question))
    choose(page, "letters")
    page.click("#generate")
    page.wait("document.getElementById('prompt').value.length > 5")
    page.open(f"{address}/")
    page.run_async("setTimeout(arguments[0], 800)")  # what was on its way has come
    before = len(asked)
    page.run_async("setTimeout(arguments[0], 400)")
    assert len(asked) == before < 100


def test_the_calculators_text_ends_where_the_model_ends_it(page):
    slide(page, "temperature", 0)
    page.click("#generate")
    page.wait("document.getElementById('message').textContent === 'The model ended the text here.'")
    assert prompt(page) == "two plus three <is> five" and page.text("#generate") == "Generate"


def test_tokens_are_chosen_by_keys(page):
    page.run("document.querySelector('#tokens .chip[tabindex=\"0\"]').focus()")
    page.press("ArrowLeft")
    page.wait("document.querySelector('#summary').textContent.startsWith('After “three”')")
    page.press("Home")
    page.wait("document.querySelector('#summary').textContent.startsWith('After “two”')")
    assert page.run("return document.activeElement.textContent") == "two"


def test_all_maps_and_switches_are_one_stop_of_the_tab_key_and_arrow_keys_lead_among_them(page):
    choose(page, "letters")
    focus = "return document.activeElement.getAttribute('aria-label')"
    page.run("document.getElementById('costs').focus()")
    page.press("Tab")
    seen = [page.run(focus)]
    for key in "ArrowRight", "ArrowDown", "ArrowLeft", "ArrowDown", "End", "ArrowUp", "ArrowUp", "ArrowUp":
        page.press(key)
        seen.append(page.run(focus))
    assert seen == [
        "attention of layer 1",
        "Open head 1 of layer 1",
        "head 1 of layer 1",
        "MLP of layer 1",
        "attention of layer 2",
        "Open head 4 of layer 2",
        "head 4 of layer 1",
        "Open head 4 of layer 1",
        "Open head 4 of layer 1",
    ]
    page.press("ArrowDown")
    page.press(" ")
    page.wait("document.getElementById('effect').textContent.startsWith('Without head 4 of layer 1')")
    page.press("Tab")
    assert page.run("return document.activeElement.id") == "layer"
    assert page.run("return document.querySelectorAll('#layers [tabindex=\"0\"]').length") == 1


@pytest.mark.parametrize("width", [1280, 390])
def test_nothing_keeps_people_out_and_nothing_is_wider_than_the_screen(page, width):
    page.resize(width, 800)
    choose(page, "letters")
    type_prompt(page, "a day without a night is")
    page.click("[aria-label='head 1 of layer 1']")
    page.click("#costs")
    page.wait("document.querySelectorAll('.cost:not(:empty)').length === 19")
    assert page.serious_violations() == []
    assert page.run("return document.documentElement.scrollWidth") <= width

"""Parts of pages: charts as data, tables, text that looks like HTML; drawn in a browser without a request."""

import json
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from nn.report import Axis, Histogram, Page, Series, charts, heat, lines, ridges
from nn.report.style import CYCLE, DARK_CYCLE
from tests.browser import MISSING, WITHOUT, Browser

HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(2)>&amp;{title}"
STEP, LOSS = Axis("step"), Axis("nats", log=True)
FLOATS = st.floats(width=32)


def data(page):
    """The charts that a page holds, as its script reads them."""
    return [json.loads(text) for text in re.findall(r'<script type="application/json">(.*?)</script>', page.html())]


@given(arrays(np.float64, st.integers(0, 60), elements=FLOATS))
def test_a_short_curve_is_drawn_point_by_point_with_gaps_where_it_is_not_finite(y):
    (series,) = lines("t", [Series("s", range(len(y)), y)], STEP, LOSS)["series"]
    assert series["x"] == list(range(len(y)))
    assert [v is None for v in series["y"]] == [not np.isfinite(v) for v in y]
    np.testing.assert_allclose([v for v in series["y"] if v is not None], y[np.isfinite(y)], rtol=1e-5)


@given(arrays(np.float64, st.tuples(st.just(3), st.integers(1, 2 * charts.MOST)), elements=st.floats(-5, 5)))
def test_a_band_has_its_edges_at_the_points_of_its_curve(runs):
    x, mean, low, high = np.arange(runs.shape[1]), runs.mean(0), runs.min(0), runs.max(0)
    (series,) = lines("t", [Series("s", x, mean, band=(low, high))], STEP, LOSS)["series"]
    np.testing.assert_allclose(series["band"], [low[series["x"]], high[series["x"]]], rtol=1e-5)


@given(arrays(np.float64, st.integers(charts.MOST, 3 * charts.MOST), elements=FLOATS))
def test_a_long_curve_keeps_its_ends_and_extremes_and_adds_no_point(y):
    kept = charts.thinned(y)
    finite = y[np.isfinite(y)]
    assert kept[0] == 0 and kept[-1] == len(y) - 1 and (np.diff(kept) > 0).all()
    if len(finite):
        assert {finite.min(), finite.max()} <= set(y[kept])
    assert len(kept) <= 2 * charts.MOST + 2


@given(arrays(np.float32, st.tuples(st.integers(1, 40), st.integers(1, 40)), elements=FLOATS), st.booleans())
def test_a_histogram_counts_the_finite_numbers_between_its_ends(array, log):
    found = Histogram.of(array, log)
    finite = array[np.isfinite(array)].astype(float)
    shown = np.log10(np.abs(finite[finite != 0])) if log else finite
    assert found.low < found.high
    assert sum(found.counts) == ((shown >= found.low) & (shown <= found.high)).sum()
    if len(finite):
        ends = charts.short(float(finite.min())), charts.short(float(finite.max()))
        assert (found.figures["least"], found.figures["largest"]) == ends
    json.dumps(found._asdict(), allow_nan=False)


@given(st.integers(1, 300), st.integers(1, 300))
def test_a_large_array_is_looked_at_in_every_column(rows, columns):
    array = np.tile(np.arange(columns), (rows, 1))
    found = charts.spread(array, most=columns)
    assert set(found) == set(range(columns)) and len(found) >= min(columns, array.size)


def test_a_heat_map_refuses_names_that_do_not_fit():
    with pytest.raises(ValueError, match=r"W: 1 rows and 2 columns for values of shape \(2, 2\)"):
        heat("W", np.eye(2), ["a"], ["b", "c"], Axis("weight"))


@pytest.mark.parametrize(
    ("values", "log", "limits"),
    [
        ([-3, 1], False, [-3, 3]),
        ([1, 5], False, [0, 5]),
        ([0.01, 0], True, [0.01, 0.01]),
        ([np.nan] * 2, False, [0, 1]),
    ],
)
def test_the_colours_of_a_heat_map_reach_over_its_values(values, log, limits):
    assert heat("W", [values], ["a"], ["b", "c"], Axis("weight", log))["limits"] == limits


def test_text_that_looks_like_html_is_shown_as_text():
    page = Page(HOSTILE, HOSTILE)
    for add in (page.heading, page.say, page.code):
        add(HOSTILE)
    page.table([HOSTILE], [[HOSTILE]], name=HOSTILE)
    page.matrix(HOSTILE, np.eye(1), [HOSTILE], [HOSTILE], note=HOSTILE)
    page.shaded([(HOSTILE, 0.5, HOSTILE)])
    page.chart(lines(HOSTILE, [Series(HOSTILE, [1], [1])], Axis(HOSTILE), LOSS, HOSTILE))
    assert "alert(1)</script><img" not in page.html() and "<img src=x" not in page.html()
    assert data(page)[0]["title"] == HOSTILE


def test_the_same_parts_give_the_same_page_which_replaces_an_older_one(tmp_path):
    def made():
        page = Page("t")
        page.heading("h")
        page.chart(lines("c", [Series("s", [1, 2], [3, 4])], STEP, LOSS))
        return page

    (tmp_path / "page.html").write_text("old")
    made().save(tmp_path / "page.html")
    assert (tmp_path / "page.html").read_text("utf-8") == made().html()
    assert [file.name for file in tmp_path.iterdir()] == ["page.html"]


# How linear red, green and blue look without red cones, and without green ones (Viénot, Brettel and Mollon 1999)
PROTANOPIA = [[0.11238, 0.88762, 0], [0.11238, 0.88762, 0], [0.00401, -0.00401, 1]]
DEUTERANOPIA = [[0.29275, 0.70725, 0], [0.29275, 0.70725, 0], [-0.02234, 0.02234, 1]]


@pytest.mark.parametrize("sight", [np.eye(3), PROTANOPIA, DEUTERANOPIA], ids=["all", "no red", "no green"])
@pytest.mark.parametrize("colours", [CYCLE, DARK_CYCLE], ids=["light", "dark"])
def test_any_two_colours_are_told_apart_also_without_red_or_green_cones(colours, sight):
    screen = np.array([[int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)] for colour in colours])
    seen = (np.clip(screen**2.2 @ np.transpose(sight), 0, 1)) ** (1 / 2.2)
    apart = np.linalg.norm(seen[:, None] - seen, axis=-1)[np.triu_indices(len(colours), 1)]
    assert apart.min() > 0.12


# In a browser ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def browser():
    if MISSING:
        pytest.skip(WITHOUT)
    with Browser() as window:
        yield window


def everything():
    """A page with each kind of chart, also of nothing, of one point and of numbers that are not finite."""
    rng, page = np.random.default_rng(0), Page("All parts", HOSTILE)
    page.heading("Charts")
    curve, holes = np.linspace(4, 1, 50), [2.0, np.nan, np.inf, 3.0]
    losses = [Series("training", range(50), curve, faint=True), Series("held out", [0, 49], [4, 2], marked=True)]
    with page.side_by_side():
        page.chart(lines("Loss", losses, STEP, LOSS, "It falls."))
        for name, y in (("Nothing", []), ("One", [3.0]), ("Holes", holes), ("Level", [1.0, 1.0])):
            page.chart(lines(name, [Series("s", range(len(y)), y)], STEP, Axis("y")))
        rows = [("layer 1", [Histogram.of(rng.normal(size=(9, 9))), None]), ("layer 2", [None, None])]
        page.chart(ridges("Weights", rows, ["first", "last"], Axis("weight")))
        columns, axes = ["c", "d", "e"], ("row", "column")
        page.chart(heat("W", rng.normal(size=(2, 3)), ["a", "b"], columns, Axis("weight"), axes=axes))
        page.chart(heat("Ratio", [[1e-3, 0, np.nan]], ["a"], columns, Axis("ratio", True)))
    page.heading("Words")
    page.table(["word", "loss"], [("pizza", 1.5)])
    page.shaded([("piz", 1.0, "3.2"), ("za", -1.0, "0.1")])
    page.code("x + 1")
    return page


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_in_a_browser_all_parts_are_drawn_within_the_window_without_a_request_or_a_complaint(
    browser, tmp_path, width, scheme
):
    file = everything().save(tmp_path / "parts.html")
    browser.command("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
    browser.resize(width, 6000)
    browser.complaints(), browser.requests()
    browser.open(file)
    browser.wait("document.querySelectorAll('.chart > svg').length === 8")
    assert browser.run("return document.documentElement.scrollWidth") <= width
    assert not browser.run(
        "return [...document.querySelectorAll('[d], [x], [y], [viewBox]')].some((e) => e.outerHTML.includes('NaN'))"
    )
    assert browser.serious_violations() == []
    assert browser.complaints() == []
    assert [url for url in browser.requests() if not url.startswith("data:")] == [file.as_uri()]


READ = "return document.querySelectorAll('.chart')[arguments[0]].querySelector('.read').textContent"


def test_in_a_browser_keys_and_pointer_read_out_the_values_and_a_curve_can_be_hidden(browser, tmp_path):
    browser.command("Emulation.setEmulatedMedia", features=[])
    browser.resize(1280, 6000)
    browser.open(everything().save(tmp_path / "parts.html"))
    browser.wait("document.querySelectorAll('.chart > svg').length === 8")
    browser.run("document.querySelector('.chart > svg').focus()")
    browser.press("End")
    assert browser.run(READ, 0) == "step 49: training 1, held out 2"
    browser.press("ArrowLeft")
    assert browser.run(READ, 0) == "step 48: training 1.061, held out 2 (at 49)"
    browser.click(".chart .keys li:nth-child(2) button")
    browser.run("document.querySelector('.chart > svg').focus()")
    browser.press("Home")
    assert browser.run(READ, 0) == "step 0: training 4"
    values = data(everything())[6]["values"]
    browser.run("document.querySelectorAll('.chart > svg')[6].focus()")
    browser.press("End")
    shown = browser.run(READ, 6).replace("−", "-")
    assert shown.startswith("row b, column e: ") and float(shown.split(": ")[1]) == pytest.approx(
        values[1][2], rel=1e-3
    )
    browser.click(".chart summary")
    browser.wait("document.querySelector('.chart table')")  # which opening makes
    assert browser.run("return document.querySelector('.chart table').rows.length") == 51
    browser.click("#theme")
    assert browser.run("return getComputedStyle(document.documentElement).colorScheme") == "dark"

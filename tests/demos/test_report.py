"""Reports: what is printed is aligned and named, and the page holds the same."""

import numpy as np
import pytest

from demos.common import number, pyplot
from demos.pictures.parts import heatmap, names, save
from demos.report import Report


def test_numbers_have_their_digits_and_no_negative_zero():
    assert [number(v) for v in (1.23456, np.float32(-0.0001), 7, "a", -np.inf)] == ["1.235", "0.000", "7", "a", "−∞"]


def test_a_matrix_is_printed_with_its_names_and_its_shape(capsys):
    Report("r").matrix("M", np.array([[1.0, -2.0]]), ["row"], ["one", "two"], digits=1)
    assert capsys.readouterr().out.splitlines() == ["", "  M (1 × 2)", "         one   two", "    row  1.0  -2.0"]


def test_a_name_too_few_is_an_error():
    with pytest.raises(ValueError):
        Report("r").matrix("M", np.eye(2), ["a", "b"], ["one"])
    with pytest.raises(ValueError):
        Report("r").table(["a", "b"], [["1"]])


def test_steps_are_numbered_and_the_page_holds_all_and_escapes_it(tmp_path, capsys):
    report = Report("A < B")
    report.step("first", "y = x")
    report.step("second")
    report.say("<end> is a token")
    report.table(["name", "value"], [["a", 1.0]], name="T")
    report.save(tmp_path / "page.html")
    page, text = (tmp_path / "page.html").read_text(encoding="utf-8"), capsys.readouterr().out
    assert "1. first" in text and "2. second" in text and "y = x" in text
    assert all(part in page for part in (">first<", ">second<", "y = x", "&lt;end&gt;", "A &lt; B", "<td>1.000</td>"))


def test_columns_of_text_are_left_aligned_and_columns_of_numbers_right_aligned(capsys):
    Report("r").table(["what", "text", "n"], [["a", "x", 1.0], ["b", "long", -12.5]])
    assert capsys.readouterr().out.splitlines()[1:] == [
        "  what  text        n",
        "  a     x       1.000",
        "  b     long  -12.500",
    ]


def test_the_contents_lead_to_every_step(tmp_path):
    report = Report("r")
    for title in ("one", "two"):
        report.step(title)
    report.save(tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    for n, title in enumerate(("one", "two"), 1):
        assert f'<a href="#part-{n}">{title}</a>' in page and f'<h2 id="part-{n}">{title}</h2>' in page


def test_panels_of_one_limit_have_one_scale():
    _, panels = pyplot().subplots(1, 2)
    for axes, largest in zip(panels, (1.0, 4.0)):
        heatmap(axes, np.array([[largest]]), ["r"], ["c"], "title", limit=4.0)
    assert panels[0].images[0].get_clim() == panels[1].images[0].get_clim() == (-5.2, 5.2)
    pyplot().close("all")


def test_a_heatmap_writes_its_numbers_and_leaves_masked_cells_to_the_background(tmp_path):
    figure, axes = pyplot().subplots()
    heatmap(axes, np.array([[0.5, -np.inf]]), ["r"], ["a", "b"], "title")
    assert [text.get_text() for text in axes.texts] == ["0.50", "−∞"]
    assert axes.images[0].get_array().mask.tolist() == [[False, True]]
    save(figure, tmp_path / "h.png")
    assert (tmp_path / "h.png").exists() and not pyplot().get_fignums()


def test_names_beside_near_points_cover_neither_one_another_nor_a_point():
    figure, axes = pyplot().subplots()
    points = np.array([[0, 0], [0, 0.1], [0.12, 0.02], [0.14, 0.12], [1, 1]])
    names(axes, points, ["forty", "ninety", "zero", "ten", "twelve"])
    boxes = [text.get_window_extent() for text in axes.texts]
    assert [text.get_text() for text in axes.texts] == ["forty", "ninety", "zero", "ten", "twelve"]
    assert [box.count_overlaps(boxes) for box in boxes] == [1] * 5, "each overlaps itself alone"
    assert [box.count_contains(axes.transData.transform(points)) for box in boxes] == [0] * 5
    pyplot().close(figure)

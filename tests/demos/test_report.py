"""Reports: what is printed is aligned and named, and the page holds the same."""

import numpy as np
import pytest

from demos.common import pyplot
from demos.report import Report, heatmap, number, save


def test_numbers_have_their_digits_and_no_negative_zero():
    assert [number(v) for v in (1.23456, np.float32(-0.0001), 7, "a", -np.inf)] == ["1.235", "0.000", "7", "a", "-inf"]


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
    assert all(part in page for part in ("1. first", "2. second", "y = x", "&lt;end&gt;", "A &lt; B", "<td>1.000</td>"))


def test_a_heatmap_writes_its_numbers_and_leaves_masked_cells_to_the_background(tmp_path):
    figure, axes = pyplot().subplots()
    heatmap(axes, np.array([[0.5, -np.inf]]), ["r"], ["a", "b"], "title")
    assert [text.get_text() for text in axes.texts] == ["0.50", "−∞"]
    assert axes.images[0].get_array().mask.tolist() == [[False, True]]
    save(figure, tmp_path / "h.png")
    assert (tmp_path / "h.png").exists() and not pyplot().get_fignums()

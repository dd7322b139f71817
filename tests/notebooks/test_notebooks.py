"""The notebooks run, and what is stored in them is what they compute."""

import re
from pathlib import Path

import nbformat
import pytest

from exercises.marking import EXERCISES
from tests.notebooks.run import NOTEBOOKS, changes, differences, executed

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_and_gives_what_is_stored_in_it(path, monkeypatch):
    monkeypatch.setenv("CHAINRULE_KERNELS", "numpy")
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "1")
    stored = nbformat.read(path, as_version=4)
    assert not changes(stored, executed(path))


@pytest.mark.parametrize(
    ("stored", "now", "same"),
    [
        ("loss 0.512, 93.8%", "loss 0.514, 93.8%", True),
        ("loss 0.512, 93.8%", "loss 0.612, 93.8%", False),
        ("65,536 calls", "65,536 calls", True),
        ("65,536 calls", "131,072 calls", False),
        ("as in the model", "NOT as in the model", False),
        ("image/png", "", False),
    ],
)
def test_a_change_of_the_outputs_is_found(stored, now, same):
    assert (not differences(stored, now, 0.01)) == same


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_was_stored_after_a_whole_run_without_errors_and_is_small(path):
    cells = [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in cells] == [*range(1, len(cells) + 1)]
    kinds = {(output.output_type, output.get("name")) for cell in cells for output in cell.outputs}
    assert kinds <= {("stream", "stdout"), ("execute_result", None), ("display_data", None)}  # and no warnings
    assert path.stat().st_size < 400_000


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_the_exercises_and_the_notebooks_that_it_points_to_are_there(path):
    text = "\n".join(cell.source for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "markdown")
    links = re.findall(r"\]\(([\w.]+)\)", text)
    assert links or path == NOTEBOOKS[0]
    assert all((path.parent / link).exists() for link in links)
    marked = text[text.index("**Have it marked**") :].partition("\n\n")[0]
    numbers = {int(number) for number in re.findall(r"\b\d+\b", marked)}
    assert numbers and numbers <= {exercise.number for exercise in EXERCISES}
    assert "**Try it**" in text


def test_there_are_four():
    assert [path.name[0] for path in NOTEBOOKS] == ["1", "2", "3", "4"]

"""What is shown inside a block is what the block computes: rows of A and Y, layer norm, hidden units."""

import numpy as np
import pytest

import autograd as ag
from demos import inside_block
from demos.inside_block import SHOWN, first_block
from demos.report import Report
from models.config import GPTConfig
from models.gpt import GPT

WORDS, IDS = ["one", "two", "three"], np.array([3, 1, 4])


@pytest.fixture
def model():
    ag.manual_seed(1)
    made = GPT(GPTConfig(11, 6, n_layer=2, n_head=2, n_embd=8)).double()
    for parameter in made.parameters():
        parameter.array += ag.randn(*parameter.shape).array / 3  # γ and β, too, must be where they belong
    return made


def numbers(text, start):
    """The rows of numbers below the line that has `start`, without their names."""
    lines = text.splitlines()
    at = next(i for i, line in enumerate(lines) if start in line) + 2
    rows = []
    while at < len(lines) and lines[at].startswith("    "):
        rows.append([float(cell) for cell in lines[at].split() if cell.replace("-", "").replace(".", "").isdigit()])
        at += 1
    return np.array([row[-len(rows[-1]) :] for row in rows])


def test_the_rows_shown_are_those_of_the_head(model, capsys):
    inside_block.show_rows(Report("r"), model, IDS, WORDS)
    text, stages = capsys.readouterr().out, first_block(model, IDS)[2]
    for start, stage in (("A (3 × 3)", "A"), ("V (3 × 4)", "V"), ("Y = A V (3 × 4)", "heads")):
        np.testing.assert_allclose(numbers(text, start), stages[stage].tensor.array[0, 0], atol=0.006)


def test_layer_norm_by_numbers_is_that_of_the_block(model, capsys):
    inside_block.show_norm(Report("r"), model, IDS, "two")
    table = numbers(capsys.readouterr().out, f"The first {SHOWN} of 8 channels")[:, -8:]
    expected = first_block(model, IDS)[2]["h"].tensor.array[0, 1]
    np.testing.assert_allclose(table[:, -1], expected, atol=0.001)
    np.testing.assert_allclose(table[:, -2], table[:, -1], atol=0.001)
    assert np.abs(table[:, 3] - 1).max() > 0.1 and np.abs(table[:, 5]).max() > 0.1


def test_relu_mutes_what_is_not_above_0_and_passes_on_the_rest(model, capsys):
    inside_block.show_activation(Report("r"), model, IDS, "two")
    table = numbers(capsys.readouterr().out, "hidden units, from the smallest")[:, -3:]
    assert (np.diff(table[:, 0]) >= 0).all() and table[0, 0] < 0 < table[-1, 0]
    np.testing.assert_array_equal(table[:, 1], np.maximum(table[:, 0], 0))


@pytest.mark.parametrize("tie", [True, False])
def test_w_out_is_w_e_only_where_they_are_tied(tie, capsys):
    inside_block.show_matrices(Report("r"), GPT(GPTConfig(11, 6, n_layer=1, n_head=2, n_embd=8, tie=tie)))
    text = capsys.readouterr().out
    assert ("is W_E itself here" in text) == tie and text.count("11 × 8") == 2 and "8 × 8" in text

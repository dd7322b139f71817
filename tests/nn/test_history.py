"""The history of a run as columns and as a CSV file."""

import csv

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nn.history import History


def history():
    found = History()
    found.add(0, held_out_loss=3.0)
    for step in range(3):
        found.add(step, loss=2.0 - step / 3, lr=0.1, grad_norm=1.0, items_per_s=100.0)
    found.add(3, held_out_loss=1.0)
    return found


def test_a_column_has_the_steps_at_which_it_was_measured():
    assert history().column("held_out_loss") == ([0, 3], [3.0, 1.0])
    assert history().column("loss")[0] == [0, 1, 2] and history().column("accuracy") == ([], [])


def test_the_file_has_a_row_for_each_step_and_every_digit(tmp_path):
    history().save(tmp_path / "new" / "log.csv")
    with open(tmp_path / "new" / "log.csv", newline="") as file:
        rows = [*csv.DictReader(file)]
    assert [*rows[0]] == ["step", "loss", "lr", "grad_norm", "items_per_s", "held_out_loss"]
    assert [row["step"] for row in rows] == ["0", "1", "2", "3"]
    assert [float(row["loss"]) for row in rows[:3]] == history().column("loss")[1] and rows[3]["loss"] == ""
    assert [row["held_out_loss"] for row in rows] == ["3.0", "", "", "1.0"]


@given(st.lists(st.floats(-1e6, 1e6), min_size=5, max_size=9), st.floats(-1e6, 1e6))
def test_a_z_score_counts_standard_deviations_of_the_last_values_where_there_are_enough(values, value):
    found = History()
    for step, old in enumerate(values):
        found.add(step, loss=old)
    last = values[-5:]
    expected = (value - np.mean(last)) / np.std(last) if np.std(last) else 0.0
    assert found.z_score("loss", value, window=5) == pytest.approx(expected)
    assert found.z_score("loss", value, window=len(values) + 1) == found.z_score("absent", value) == 0


def test_a_history_comes_back_from_its_arrays():
    assert History(history().arrays()).columns == history().columns

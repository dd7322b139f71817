"""What the lab says of its results follows from them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from demos.lab.results import Results, Spread, seen
from demos.lab.variants import ORIGINAL

VALUES = st.lists(st.floats(-10, 10), min_size=1, max_size=5)
SETTINGS = {"experiments": [], "seed": 0, "steps": 3, "seeds": 2, "batch": 1}


def results(original, variant, stopped=None):
    """Results of which each seed has an accuracy and a loss in the end."""
    found = Results(SETTINGS)
    for name, values in ((ORIGINAL.name, original), ("no mask", variant)):
        for seed, (accuracy, loss) in enumerate(values):
            run = {"steps": [0, 3], "loss": [4.0, loss], "accuracy": [0.0, accuracy], "weights": 5, "stopped": stopped}
            found.add(name, seed, run)
    return found


@given(VALUES, VALUES)
def test_a_difference_is_claimed_only_where_every_value_lies_on_one_side_of_all_others(ours, theirs):
    side = Spread(ours).against(Spread(theirs))
    signs = {float(np.sign(a - b)) for a in ours for b in theirs}
    assert side == (signs.pop() if len(signs) == 1 else 0)
    assert Spread(theirs).against(Spread(ours)) == -side


@pytest.mark.parametrize(
    ("variant", "words"),
    [
        (
            [(0.3, 0.5), (0.2, 0.4)],
            ["25.0% (20.0% to 30.0%)", "with every seed fewer", "with every seed higher"],
        ),
        ([(0.9, 0.1), (1.0, 0.1)], ["with every seed more", "with every seed lower"]),
        (
            [(0.6, 0.1), (0.8, 0.3)],
            ["no clear difference from the original's 70.0% (60.0% to 80.0%), for"],
        ),
        ([(0.0, 0.0), (0.1, 0.0)], ["with every seed fewer", "with every seed lower", "too good to be true"]),
        ([(0.5, 0.3)], ["fewer than", "single seed", "higher than"]),
        ([(0.7, 0.2)], ["single seed", "as many as"]),
    ],
)
def test_the_words_are_those_of_the_figures(variant, words):
    text = seen(results([(0.6, 0.2), (0.8, 0.2)], variant), "no mask")
    assert all(word in text for word in words)
    assert ("too good" in text) == any("too good" in word for word in words)


def test_a_training_that_was_ended_by_a_number_that_is_not_finite_is_reported():
    text = seen(results([(0.6, 0.2)], [(0.1, None)], stopped=2), "no mask")
    assert "ended 1 of 1 trainings (at step 2)" in text and "held-out loss is nan" not in text


def test_what_was_not_trained_is_said_to_be_missing():
    assert seen(results([(0.5, 0.1)], []), "no mask") == "No mask: not trained yet."


def test_results_are_kept_and_a_file_of_something_else_is_an_error(tmp_path):
    found = results([(0.5, 0.25)], [(0.5, None)])
    found.save(tmp_path)
    assert Results.load(tmp_path) == found and found.has("no mask", 0) and not found.has("no mask", 1)
    (tmp_path / "lab.json").write_text("[1]")
    with pytest.raises(ValueError, match="does not hold the results of the lab"):
        Results.load(tmp_path)


def test_a_curve_has_the_steps_that_all_seeds_have():
    found = results([(0.5, 0.25)], [(0.5, 0.1), (0.7, 0.1)])
    found.runs["no mask"]["1"] |= {"steps": [0], "loss": [4.0], "accuracy": [0.0], "stopped": 1}
    steps, values = found.curve("no mask", "loss")
    assert steps == [0] and values.tolist() == [[4.0], [4.0]]

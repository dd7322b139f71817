"""The pictures of the digits demo show what they are given, at its extremes too."""

import numpy as np
import pytest

from demos.common import pyplot
from demos.pictures import digits as pictures


@pytest.fixture
def texts(monkeypatch, tmp_path):
    """The file to draw into, and the texts of the last picture that was drawn."""
    found = []

    def keep(figure, file):
        figure.savefig(file, dpi=40)
        found[:] = [text.get_text() for text in figure.findobj(pyplot().Text) if text.get_text()]
        pyplot().close(figure)

    monkeypatch.setattr(pictures, "save", keep)
    return tmp_path / "picture.png", found


def test_mistakes_are_the_wrong_answers_from_the_most_confident_on(texts):
    file, found = texts
    scores = np.eye(10)[[3, 5, 7, 9]] * np.array([[0.6], [0.9], [0.8], [1.0]])
    pictures.mistakes(np.zeros((4, 28, 28)), np.array([1, 2, 7, 4]), scores, "probability", file)
    assert [text for text in found if "read as" in text] == [
        "4 read as 9\n100.0%",
        "2 read as 5\n90.0%",
        "1 read as 3\n60.0%",
    ]
    assert "The 3 most confident of 3 mistakes, with the probability" in found


def test_a_network_without_mistakes_has_pictures_too(texts):
    file, found = texts
    pictures.mistakes(np.zeros((10, 28, 28)), np.arange(10), np.eye(10), "probability", file)
    assert found == ["The 0 most confident of 0 mistakes, with the probability"]
    pictures.confusion(980 * np.eye(10, dtype=int), file)
    assert "0 of 9,800 test images read wrong (0.00%)" in found and found.count("980") == 10


@pytest.mark.parametrize("losses", [[], [2.3], list(np.linspace(2, 0.1, 1000))])
def test_the_course_of_training_is_drawn_from_any_number_of_steps(losses, texts):
    file, found = texts
    pictures.training(losses, [(len(losses), 0.9876)], 100, file)
    assert "Test accuracy: 98.76% at the end" in found
    assert ("Training loss" in found) == (not losses)


@pytest.mark.parametrize(("neurons", "text"), [(1, "the 1 neurons"), (7, "the 7 neurons"), (70, "64 strongest of 70")])
def test_first_layers_of_any_size_are_drawn(neurons, text, texts):
    file, found = texts
    pictures.first_layer(np.random.default_rng(0).standard_normal((neurons, 784)), file)
    assert text in found[0] or text in found[-1]


def test_the_prediction_has_the_verdict_and_every_share(texts):
    file, found = texts
    scores = np.array([0.01, 0.02, 0.03, 0.04, 0.6, 0.05, 0.06, 0.07, 0.08, 0.04])
    pictures.prediction(np.zeros((28, 28)), scores, "probability", file)
    assert {pictures.verdict(scores, "probability"), *(f"{share:.1%}" for share in scores)} <= {*found}


@pytest.mark.parametrize(
    ("digit", "highest", "words"),
    [
        (3, 0.9, "a 3, probability 90.0%"),
        (8, 0.7, "an 8, probability 70.0%"),
        (8, 0.35, "unsure, perhaps an 8 (probability 35.0%): is it one digit"),
    ],
)
def test_the_verdict_on_a_picture_says_where_the_network_is_unsure(digit, highest, words):
    scores = np.full(10, (1 - highest) / 9)
    scores[digit] = highest
    assert pictures.verdict(scores, "probability").startswith(words)

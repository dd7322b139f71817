"""The neurons demo: the five phases by hand are the engine's gradients, and both networks learn from few pictures."""

import numpy as np
import pytest

import autograd as ag
from demos.data.idx import Mnist
from demos.data.published import DIGITS, listed
from demos.neurons import NETWORKS, by_hand, gradients, main, network, sigmoid, slope, train


@pytest.mark.parametrize("sizes", [*NETWORKS.values(), (5, 4, 3, 10), (7, 6, 5, 4, 10)])
def test_the_phases_by_hand_give_the_gradients_of_the_engine(sizes):
    ag.manual_seed(sum(sizes))
    model, rng = network(sizes), np.random.default_rng(0)
    x, y = rng.uniform(size=sizes[0]), np.eye(10)[3]
    found = by_hand(model, x, y)
    assert [len(a) for a in found.a] == [*sizes] and [len(z) for z in found.z] == [*sizes[1:]]
    hand = [g for pair in zip(found.w, found.b) for g in pair]
    for one, other in zip(hand, gradients(model, x, y), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-14)
    assert all(np.abs(g).max() > 1e-4 for g in hand)


def test_the_slope_of_sigmoid_is_its_derivative():
    z = np.linspace(-5, 5, 11)
    np.testing.assert_allclose(slope(z), (sigmoid(z + 1e-6) - sigmoid(z - 1e-6)) / 2e-6, atol=1e-9)


def test_both_networks_learn_and_the_page_has_what_was_published(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    courses = main(["--epochs", "3"])
    assert {*courses} == {*NETWORKS}
    for course in courses.values():
        assert len(course) == 4 and course[0] < 0.3 and course[-1] > 0.6
    text = capsys.readouterr().out
    for row in DIGITS:
        (line,) = (line for line in text.splitlines() if line.startswith(f"  {row.what}  "))
        assert line.count(listed(row.text)) == (1 if row.why else 2)
    assert "7,850" in text and "10 × 784 + 10" in text
    for name in ("picture", "learning", "weights"):
        assert (tmp_path / f"out/neurons/latest/{name}.png").read_bytes().startswith(b"\x89PNG")


def test_one_seed_one_course_and_other_seeds_others():
    rng = np.random.default_rng(0)
    images, labels = rng.integers(0, 256, (40, 28, 28), dtype=np.uint8), rng.integers(0, 10, 40, dtype=np.uint8)
    weights = []
    for seed in (5, 5, 6):
        ag.manual_seed(seed)
        model = network((784, 10))
        train("", model, Mnist(images, labels, images, labels), 2, 1.0, np.random.default_rng(seed))
        weights.append(model.layers[0].weight.tolist())
    assert weights[0] == weights[1] != weights[2]

"""The moons demo: the scalar engine really learns, the same way each time, and leaves its pictures."""

import random

import numpy as np
import pytest

from autograd.scalar import Value
from demos.moons import loss_and_scores, main, new_network, parameters, two_moons


def test_it_learns_all_points_and_leaves_its_pictures(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    history = main(["--steps", "60", "--points", "40"])
    assert history[-1][1] == 1.0 and history[-1][0] < history[0][0] / 4
    assert (tmp_path / "out/moons/latest/boundary.png").read_bytes().startswith(b"\x89PNG")
    assert list((tmp_path / "out/moons/latest").glob("neuron.*"))
    assert "337 parameters, 60 steps" in capsys.readouterr().out


def test_one_seed_one_result_and_other_seeds_others(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    runs = [main(["--steps", "3", "--points", "10", "--seed", seed]) for seed in ("5", "5", "6")]
    assert runs[0] == runs[1] != runs[2]


def test_the_loss_and_its_gradient_are_those_of_numpy():
    network = new_network([2, 4, 1], random.Random(0))
    points, labels = two_moons(12, np.random.default_rng(0))

    def in_numpy(p: np.ndarray) -> float:
        w1 = p[:12].reshape(4, 3)
        hidden = np.maximum(points @ w1[:, :2].T + w1[:, 2], 0)
        scores = hidden @ p[12:16] + p[16]
        return np.maximum(1 - scores * labels, 0).mean() + 1e-4 * (p**2).sum()

    loss, _ = loss_and_scores(network, [[Value(x) for x in point] for point in points.tolist()], labels.tolist())
    loss.backward()
    start = np.array([p.data for p in parameters(network)])
    assert loss.data == pytest.approx(in_numpy(start))
    nudges = 1e-6 * np.eye(len(start))
    slopes = [(in_numpy(start + d) - in_numpy(start - d)) / 2e-6 for d in nudges]
    np.testing.assert_allclose([p.grad for p in parameters(network)], slopes, atol=1e-6)


def test_the_moons_are_two_balanced_half_circles():
    points, labels = two_moons(1000, np.random.default_rng(0), noise=0.0)
    assert points.shape == (1000, 2) and labels.sum() == 0
    upper, lower = points[labels < 0], points[labels > 0]
    np.testing.assert_allclose(np.hypot(*upper.T), 1)
    np.testing.assert_allclose(np.hypot(*(lower - [1.0, 0.5]).T), 1)
    assert (upper[:, 1] >= 0).all() and (lower[:, 1] <= 0.5).all()

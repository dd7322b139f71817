"""The pytest plugin, in a pytest of its own: marked tests and the fixture pass, or fail with a report."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]

TESTS = """
import numpy as np
import pytest
import autograd as ag
import nn
from autograd.testing import arrays, shapes
from hypothesis import given, settings

class Wrong(ag.Function):
    @staticmethod
    def forward(ctx, x):
        return x * 2

    @staticmethod
    def backward(ctx, g):
        return g * 3

def leaf():
    return ag.tensor(np.array([0.5, 2.0]), requires_grad=True)

@pytest.mark.gradcheck(order=2)
def test_marked_right():
    return ag.sin, leaf()

@pytest.mark.gradcheck
def test_marked_wrong():
    return Wrong.apply, leaf()

@pytest.mark.gradcheck
@pytest.mark.parametrize("n", [1, 2])
def test_marked_with_arguments(n, tmp_path):
    return lambda x: x**n, leaf()

@pytest.mark.gradcheck
def test_marked_returns_nothing():
    pass

@settings(deadline=None)
@given(arrays(shapes()))
def test_fixture_within_hypothesis(gradcheck, x):
    gradcheck(ag.tanh, ag.tensor(x, requires_grad=True), order=2)

def test_fixture_module(gradcheck):
    gradcheck(nn.Linear(2, 3), ag.randn(2, 2))

def test_fixture_wrong_module(gradcheck):
    class Layer(nn.Module):
        def __init__(self):
            super().__init__()
            self.scale = nn.Parameter(ag.ones(2))

        def forward(self, x):
            return Wrong.apply(self.scale) * x

    gradcheck(Layer(), ag.randn(2))
"""


@pytest.fixture(scope="module")
def outcome(tmp_path_factory):
    folder = tmp_path_factory.mktemp("plugin")
    (folder / "conftest.py").write_text('pytest_plugins = ["autograd.testing.pytest_plugin"]')
    (folder / "test_of_mine.py").write_text(TESTS)
    program = [sys.executable, "-m", "pytest", "-ra", "--strict-markers", "-p", "no:cacheprovider"]
    done = subprocess.run([*program, "--rootdir", folder, folder], cwd=ROOT, capture_output=True, text=True)
    return done.stdout


def test_right_gradients_pass_and_wrong_ones_fail(outcome):
    assert "3 failed, 5 passed" in outcome
    failed = {line.split("::")[1].split(" ")[0] for line in outcome.splitlines() if line.startswith("FAILED")}
    assert failed == {"test_marked_wrong", "test_marked_returns_nothing", "test_fixture_wrong_module"}


def test_a_failure_is_the_report_without_a_traceback(outcome):
    assert "All of these are 1.5 times what they should be." in outcome
    assert "parameter scale: 2 entries disagree with finite differences: each is a bug" in outcome
    assert "returns (function, inputs)" in outcome
    assert "Traceback" not in outcome and "pytest_plugin.py" not in outcome

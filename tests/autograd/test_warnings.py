"""Warnings are about the line of the user's program that is running."""

import warnings

import pytest

import autograd as ag
import nn
import nn.functional as F
from autograd.errors import warn
from nn import optim

WARNED = {
    "a loss": lambda: F.mse_loss(ag.ones(2, 1), ag.ones(2)),
    "a loss that is a layer": lambda: nn.MSELoss()(ag.ones(2, 1), ag.ones(2)),
    "softmax in a Sequential": lambda: nn.Sequential(nn.Softmax())(ag.ones(2, 2)),
    "out=": lambda: ag.exp(ag.zeros(2), out=ag.zeros(3)),
    "a recurrent layer": lambda: nn.LSTM(2, 3, dropout=0.5),
    "an optimiser": lambda: optim.SGD([nn.Parameter(ag.ones(2))] * 2, lr=0.1),
}


@pytest.mark.parametrize("name", WARNED)
def test_a_warning_names_the_line_of_the_program_that_called(name):
    with pytest.warns(UserWarning) as seen:
        WARNED[name]()
    assert [(w.filename, w.lineno) for w in seen] == [(__file__, WARNED[name].__code__.co_firstlineno)]


def test_a_warning_has_the_class_that_was_asked_for():
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        warn("one thing", RuntimeWarning)
        warn("another")
    assert [(w.category, str(w.message)) for w in seen] == [(RuntimeWarning, "one thing"), (UserWarning, "another")]

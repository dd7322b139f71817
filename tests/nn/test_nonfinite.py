"""What is not finite is found where it began: the layer, the operation, and the parameter nearest to it."""

import math

import numpy as np
import pytest

import autograd as ag
import nn
from nn.nonfinite import Guard, NonFiniteError
from nn.train import Trainer


class Apply(nn.Module):
    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, x):
        return self.function(x)


class Scale(nn.Module):
    def __init__(self, weight):
        super().__init__()
        self.weight = weight

    def forward(self, x):
        return x * self.weight


def network(middle=lambda x: x):
    return nn.Sequential({"first": nn.Linear(3, 8), "middle": Apply(middle), "second": nn.Linear(8, 1)})


def mean(model, batch):
    return model(batch).mean()


def found(model, loss=mean, batch=None):
    """The error for a step whose loss was nan."""
    guard = Guard(model, loss)
    assert len([*guard.watch([ag.ones(4, 3) if batch is None else batch])]) == 1
    with np.errstate(all="ignore"), pytest.raises(NonFiniteError, match="^step 2: .*") as caught:
        guard.check(2, math.nan, 1.0)
    assert caught.value.step == 2
    return caught.value


def test_numbers_that_are_finite_pass():
    Guard(network(), mean).check(2, 1.0, 0.0)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_gradient_norm_that_is_not_finite_is_an_error_too(value):
    with pytest.raises(NonFiniteError, match="step 2: the loss or its gradient is not finite"):
        Guard(network(), mean).check(2, 1.0, value)


def test_a_parameter_that_is_not_finite_is_named():
    model = network()
    model.second.weight.array[0, 3] = math.nan
    error = found(model)
    assert (error.layer, error.parameter) == ("second", "second.weight")
    assert "the parameter second.weight has contained nan since the last update" in str(error)


@pytest.mark.parametrize(
    ("middle", "words"),
    [
        (lambda x: (x - x - 1).log(), "nan first appears in the output of log, in the module middle"),
        (lambda x: (x - x).sqrt(), "inf first appears in the gradient of sqrt, in the module middle"),
    ],
)
def test_the_operation_is_named_in_which_the_output_or_the_gradient_stopped_being_finite(middle, words):
    error = found(network(middle))
    assert words in str(error) and (error.layer, error.parameter) == ("middle", "first.weight")


class Both(ag.Function):
    """A function of two arguments with two results, of which a trace has no record."""

    @staticmethod
    def forward(ctx, x, y):
        return x * 1, y * 1

    @staticmethod
    def backward(ctx, g, h):
        return g, h


def through_a_function(x):
    a, b = Both.apply(x, (x - x - 1).log())
    return a + b


def through_one_of_several_outputs(x):
    a, b = x.chunk(2, dim=-1)
    return ag.cat([a, (b - b - 1).log()], dim=-1)


def through_a_change_in_place(x):
    y = x * 1
    y[0] = (x[0] - x[0] - 1).log()
    return y * 2


@pytest.mark.parametrize("middle", [through_a_function, through_one_of_several_outputs, through_a_change_in_place])
def test_the_operation_is_found_behind_functions_several_outputs_and_changes_in_place(middle):
    assert "nan first appears in the output of log, in the module middle" in str(found(network(middle)))


def test_minus_infinity_in_a_mask_is_not_blamed():
    def attend(x):
        masked = x.masked_fill(ag.arange(8) > 3, -math.inf).softmax(-1)
        return (masked - masked - 1).log()

    assert "the output of log" in str(found(network(attend)))


def test_a_batch_that_is_not_finite_is_found_in_the_first_layer():
    error = found(network(), batch=ag.ones(4, 3) * math.nan)
    assert "nan first appears in the output of linear, in the module first" in str(error)
    assert (error.layer, error.parameter) == ("first", "first.weight")


def test_a_parameter_of_several_layers_is_not_blamed_on_the_last_of_them():
    weight = nn.Parameter(ag.ones(3))
    model = nn.Sequential({"early": Scale(weight), "middle": Apply(lambda x: (x - x).sqrt()), "late": Scale(weight)})
    error = found(model, batch=ag.ones(2, 3))
    assert (error.layer, error.parameter) == ("middle", "early.weight")


def test_an_operation_of_no_layer_has_none():
    error = found(network(), lambda model, batch: (model(batch) * 0 - 1).log().mean())
    assert "in the output of log\n" in str(error) and (error.layer, error.parameter) == ("", "second.weight")


def test_the_step_is_repeated_with_its_own_random_numbers():
    def sometimes_nan(model, batch):
        return (model(batch).mean() * 0 + ag.rand(1) - 0.5).log().sum()

    model = network()
    ag.manual_seed(next(seed for seed in range(20) if np.random.default_rng(seed).random(1, np.float32) < 0.5))
    guard = Guard(model, sometimes_nan)
    for batch in guard.watch([ag.ones(4, 3)]):
        with np.errstate(all="ignore"):
            loss = sometimes_nan(model, batch)
    ag.manual_seed(next(seed for seed in range(20) if np.random.default_rng(seed).random(1, np.float32) > 0.5))
    with pytest.raises(NonFiniteError, match="the output of log"):
        guard.check(0, loss.item(), math.nan)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_learning_rate_that_grew_the_weights_is_named():
    model = nn.Sequential(nn.Linear(3, 8), nn.ReLU(), nn.Linear(8, 1))
    ag.manual_seed(0)
    x, y = ag.randn(16, 3), ag.randn(16, 1)
    sgd = nn.optim.SGD(model.parameters(), lr=10.0)
    trainer = Trainer(model, sgd, lambda m, _: nn.functional.mse_loss(m(x), y), lambda: 0, steps=100, quiet=True)
    with pytest.raises(NonFiniteError, match="the learning rate is too high") as caught:
        trainer.fit()
    error = caught.value
    weights = {name: abs(parameter.array).max() for name, parameter in model.named_parameters()}
    grown = max(weights, key=weights.get)
    assert f"the parameter {grown} has grown to {weights[grown]:.2g}" in str(error) and "lower learning rate" in str(
        error
    )
    assert 1 <= error.step < 20 and error.parameter in weights

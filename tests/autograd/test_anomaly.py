"""`detect_anomaly` names the operation that made the first number that is not finite, its line and the cause."""

import math
import threading
import weakref

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd as ag
import nn
from autograd import Value, scalar
from autograd.anomaly import AnomalyError

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")


def leaf(*values, dtype=np.float32):
    return ag.tensor(np.array(values, dtype), requires_grad=True)


def error_of(program, *inputs):
    with pytest.raises(AnomalyError) as caught, ag.detect_anomaly():
        out = program(*inputs)
        (out if isinstance(out, Value) else out.sum()).backward()
    return caught.value


CAUSES = {
    "log(0)": (lambda x: (x - 1).log(), "log", "output", "inf", "the logarithm of 0 is -inf"),
    "log(-1)": (lambda x: (x - 2).log(), "log", "output", "nan", "the logarithm of a negative number is nan"),
    "log1p(-2)": (lambda x: (x - 3).log1p(), "log1p", "output", "nan", "1 + a number below -1 is nan"),
    "exp(200)": (lambda x: (x * 200).exp(), "exp", "output", "inf", "float32 can hold e^x up to x = 88.72"),
    "exp(1000)": (lambda x: (x.double() * 1000).exp(), "exp", "output", "inf", "float64 can hold e^x up to x = 709.8"),
    "0 / 0": (lambda x: (x - 1) / (x - 1), "div", "output", "nan", "0 / 0 is nan"),
    "1 / 0": (lambda x: x / (x - 1), "div", "output", "inf", "a division by 0"),
    "sqrt(-1)": (lambda x: (x - 2).sqrt(), "sqrt", "output", "nan", "the square root of a negative number"),
    "sqrt(0)": (lambda x: (x - 1).sqrt(), "sqrt", "gradient", "inf", "the derivative of sqrt at 0"),
    "0 ** 0.5": (lambda x: (x - 1) ** 0.5, "pow", "gradient", "inf", "x^p at 0 is infinite for p < 1"),
    "(-1) ** 0.5": (lambda x: (x - 2) ** 0.5, "pow", "output", "nan", "a negative number to a fractional power"),
    "0 ** -1": (lambda x: (x - 1) ** -1, "pow", "output", "inf", "0 to a negative power"),
    "asin(2)": (lambda x: (x + 1).asin(), "asin", "output", "nan", "outside of [-1, 1]"),
    "acos(1)": (lambda x: x.acos(), "acos", "gradient", "inf", "the derivative at -1 and 1"),
    "(1e30)^2": (lambda x: (x * 1e30).square(), "square", "output", "inf", "larger than the largest float32, 3.4e+38"),
    "x * nan": (lambda x: x * math.nan, "mul", "output", "nan", "y is nan"),
    "std of one": (lambda x: x.std(), "std", "output", "nan", "the variance of one number"),
    "mean of none": (lambda x: x[x > 2].mean(), "mean", "output", "nan", "the mean of no numbers"),
    "logsumexp masked": (
        lambda x: x.masked_fill(x > 0, -math.inf).logsumexp(0), "logsumexp", "output", "inf", "masked out entirely",
    ),
    "masked": (
        lambda x: x.masked_fill(x > 0, -math.inf).square(), "square", "output", "inf", "as masked elements are",
    ),
    "all masked": (
        lambda x: x.masked_fill(x > 0, -math.inf).softmax(0), "softmax", "output", "nan", "masked out entirely",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CAUSES)
def test_each_cause_is_named_with_its_operation(name):
    program, operation, what, kind, reason = CAUSES[name]
    error = error_of(program, leaf(1.0))
    origin = error.origin
    assert (origin.node.name, origin.what, origin.kind) == (operation, what, kind)
    assert reason in origin.cause.reason and origin.cause.remedy in str(error)


WITH_DOMAINS = "log log2 log10 log1p sqrt rsqrt reciprocal asin acos atanh acosh erfinv lgamma digamma tan logit"


@pytest.mark.parametrize("name", WITH_DOMAINS.split())
def test_small_numbers_outside_of_a_domain_have_a_cause_of_their_own(name):
    for value in (-2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 2.0):
        x = leaf(value)
        out = getattr(ag, name)(x)
        out.sum().backward()
        if np.isfinite([*out.tolist(), *x.grad.tolist()]).all():
            continue
        reason = error_of(getattr(ag, name), leaf(value)).origin.cause.reason
        assert "is not defined for these inputs" not in reason and "larger than" not in reason, reason


OF_VALUES = [
    "log(0)",
    "log(-1)",
    "0 / 0",
    "1 / 0",
    "sqrt(-1)",
    "sqrt(0)",
    "0 ** 0.5",
    "(-1) ** 0.5",
    "0 ** -1",
    "x * nan",
]


@pytest.mark.parametrize("name", OF_VALUES)
def test_each_cause_is_named_for_values_too(name):
    program, operation, what, kind, reason = CAUSES[name]
    error = error_of(program, Value(1.0))
    origin = error.origin
    assert (origin.node.name, origin.what, origin.kind) == (operation, what, kind)
    assert reason in origin.cause.reason
    assert origin.source.function == "<lambda>" and origin.source.file == __file__ and "clamp" not in str(error)


def test_values_that_are_too_large_are_blamed_on_what_grew():
    assert "float64 can hold e^x up to x = 709.8" in str(error_of(lambda x: (x * 1000).exp(), Value(1.0)))

    def train(w, rate=10.0):
        for _ in range(1000):
            w.grad = 0.0
            loss = (Value.dot([w, w], [3.0, 2.0]) - 1) ** 2
            loss.backward()
            w.data -= rate * w.grad

    text = str(error_of(train, Value(1.0)))
    assert "larger than the largest float64" in text and "a leaf has grown to" in text and "lower learning rate" in text
    assert "loss = (Value.dot([w, w], [3.0, 2.0]) - 1) ** 2" in text


def test_values_have_the_same_gradients_and_nobody_looks_at_them_afterwards():
    def program(x):
        (x.exp() * x + x * (x - 3) ** 2).backward()
        return x.grad

    with ag.detect_anomaly():
        watched = program(Value(2.0))
        assert scalar.observer is not None
    assert scalar.observer is None and program(Value(2.0)) == watched


def test_what_is_not_finite_already_is_called_data_or_a_parameter():
    layer = nn.Linear(2, 1)
    assert "x (data) contains nan already" in str(error_of(layer, ag.tensor([[1.0, math.nan]])))
    layer.weight.data.fill_(math.inf)
    text = str(error_of(layer, ag.ones(1, 2)))
    assert "weight (the parameter weight) contains inf already: an earlier update has made it so" in text
    assert "x (a leaf) contains nan already: it is data, or a parameter" in str(
        error_of(lambda x: x * 2, leaf(math.nan))
    )


def test_data_that_is_too_large_is_blamed():
    layer, x = nn.Linear(2, 1), ag.ones(1, 2) * 1e25
    text = str(error_of(lambda x: layer(x).square(), x))
    assert "the data reaches 1e+25" in text and "normalise the data" in text
    deep = nn.Sequential(*[nn.Linear(8, 8) for _ in range(60)])
    for linear in deep:
        linear.weight.data.mul_(30)
    assert "the numbers grow on the way, from layer to layer" in str(error_of(deep, ag.ones(1, 8)))


@given(st.integers(0, 5), st.integers(0, 5), st.sampled_from(["log", "sqrt"]), st.booleans(), st.booleans())
def test_the_operation_is_found_wherever_it_stands(before, after, name, also_used, traced):
    def chain(x):
        y = x
        for _ in range(before):
            y = y * 1.5
        z = getattr(y, name)()
        for _ in range(after):
            z = z * 2 + 1
        return z + y * 3 if also_used else z

    x = leaf(0.0, 1.0)
    made_outside = chain(x)
    origin = error_of(lambda: chain(x) if traced else made_outside).origin
    assert origin.node.name == name and (origin.source is not None) == traced
    assert origin.what == ("output" if traced and name == "log" else "gradient")


def test_a_use_with_a_finite_gradient_is_not_blamed():
    x = leaf(0.0)
    with pytest.raises(AnomalyError) as caught, ag.detect_anomaly():
        (x.sqrt() + x * 2).sum().backward()
    assert caught.value.origin.node.name == "sqrt"


def test_the_error_shows_the_line_the_module_and_the_ranges():
    class Log(nn.Module):
        def forward(self, x):
            return x.log()  # the line

    model = nn.Sequential(nn.Identity(), nn.Sequential(Log()))
    text = str(error_of(model, leaf(0.0, 2.0, 3.0)))
    assert "inf first appears in the output of log, in the module 1.0" in text
    assert "test_anomaly.py:" in text and "return x.log()  # the line" in text
    assert "x (a leaf): float32 of shape (3,), from 0 to 3; 1 of 3 is 0" in text


def test_infinities_that_do_no_harm_are_left_alone():
    x = leaf(1.0, 2.0, 3.0)
    with ag.detect_anomaly():
        x.masked_fill(x > 2, -math.inf).softmax(0)[0].backward()
        ag.where(x > 2, -math.inf, x).softmax(0)[0].backward()
        (x + ag.tensor([0.0, 0.0, -math.inf])).softmax(0)[0].backward()
    assert np.isfinite(x.grad.array).all()


def test_behind_a_mask_the_operation_that_made_nan_is_found():
    def program(x):
        masked = x.masked_fill(x > 2, -math.inf)
        return (masked - masked).exp()

    assert error_of(program, leaf(1.0, 3.0)).origin.node.name == "sub"


class Rule(ag.Function):
    @staticmethod
    def forward(ctx, x):
        return x * 1, x * 2

    @staticmethod
    def backward(ctx, g, h):
        return g * math.nan


def test_functions_and_operations_with_several_outputs_are_named():
    origin = error_of(lambda x: Rule.apply(x)[0], leaf(1.0)).origin
    assert origin.node.name == "Rule" and origin.source.file == __file__
    error = error_of(lambda x: (x - x).sqrt().unbind(0)[0], leaf(1.0, 2.0))
    assert error.origin.node.name == "sqrt" and error.origin.source is not None


def test_an_upstream_gradient_that_is_not_finite_is_no_fault_of_an_operation():
    with pytest.raises(AnomalyError, match="given to backward") as caught, ag.detect_anomaly():
        leaf(1.0).exp().backward(ag.tensor([math.nan]))
    assert caught.value.origin is None


def test_gradients_with_a_history_are_checked_too():
    x = leaf(0.0)
    with pytest.raises(AnomalyError), ag.detect_anomaly():
        ag.grad(x.sqrt().sum(), x, create_graph=True)
    y = leaf(0.0, 2.0)
    with pytest.raises(AnomalyError) as caught, ag.detect_anomaly():
        (g,) = ag.grad((y**1.5).sum(), [y], create_graph=True)
        g.sum().backward()
    assert "0" in str(caught.value)


def test_what_is_finite_has_the_same_gradients():
    x = ag.tensor(np.linspace(0.1, 2, 6).reshape(2, 3), requires_grad=True)

    def loss():
        a, b = (x.log() @ x.T).unbind(0)
        return (a * b).sum() + x[0, 1] * 3

    with ag.detect_anomaly():
        loss().backward()
    watched, x.grad = x.grad, None
    loss().backward()
    np.testing.assert_array_equal(watched.array, x.grad.array)


def test_without_check_nan_nothing_is_raised():
    with ag.detect_anomaly(check_nan=False):
        leaf(0.0).sqrt().sum().backward()
        assert ag.is_anomaly_enabled() and not ag.is_anomaly_check_nan_enabled()


def test_the_switch_lasts_and_the_contexts_restore():
    try:
        ag.set_detect_anomaly(True)
        assert ag.is_anomaly_enabled()
        with ag.set_detect_anomaly(False):
            assert not ag.is_anomaly_enabled()
            leaf(0.0).sqrt().sum().backward()
        with pytest.raises(AnomalyError):
            leaf(0.0).sqrt().sum().backward()
    finally:
        ag.set_detect_anomaly(False)
    assert not ag.is_anomaly_enabled() and (leaf(1.0) * 2).node.record is None


def test_other_threads_are_not_watched():
    seen = []
    with ag.detect_anomaly():
        thread = threading.Thread(target=lambda: seen.append(ag.is_anomaly_enabled()))
        thread.start()
        thread.join()
    assert seen == [False]


def test_graphs_are_not_kept_alive():
    with ag.detect_anomaly():
        y = leaf(1.0) * 2
        node = weakref.ref(y.node)
        y.sum().backward()
        del y
        assert node() is None


def test_after_an_error_the_operations_are_as_before():
    x = leaf(0.0)
    y = x.sqrt().sum()
    operation = y.node.op
    with pytest.raises(AnomalyError), ag.detect_anomaly():
        y.backward(retain_graph=True)
    assert y.node.op is operation
    y.backward()
    assert x.grad.item() == math.inf

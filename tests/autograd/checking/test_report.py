"""What a report says in words, in data and in pictures, and the fast mode and modules that it is about."""

import subprocess
import sys

import numpy as np
import pytest

import autograd as ag
import nn
from autograd import Function, GradcheckError, gradcheck, gradcheck_module, gradcheck_report, tensor

X = np.array([0.7, -1.2, 2.1])


def leaf(array, dtype=np.float64):
    return tensor(np.array(array, dtype), requires_grad=True)


def with_rule(function, rule):
    """A function of one tensor whose backward is `rule(g, x)`, right or wrong."""

    class Made(Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return function(x)

        @staticmethod
        def backward(ctx, g):
            (x,) = ctx.saved_tensors
            return rule(g, x)

    return Made.apply


class Square(Function):
    """Wrong where x is above 2, by a factor of 3."""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * x

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return 2 * x * g * (1 + 2 * (x > 2))


def test_a_report_tells_what_passed():
    report = gradcheck_report(ag.sin, leaf(X))
    assert report and str(report) == "The gradient of sin, of 9 entries: passed."
    assert report.table() == "all entries agree at the first step size"


def test_a_bug_is_told_with_its_evidence():
    report = gradcheck_report(Square.apply, leaf(X))
    (m,) = report.mismatches
    assert (m.in_index, m.verdict.kind) == ((2,), "bug")
    assert m.verdict.slope.value == pytest.approx(4.2, rel=1e-10) and m.verdict.slope.bar < 1e-8
    assert "differences settle at 4.2 (" in str(report) and "8.4 away" in str(report)
    errors = [float(line.split()[2]) for line in m.table().splitlines()[1:]]
    assert len(errors) == len(m.sweep.steps) and errors == pytest.approx([8.4] * len(errors), rel=0.02)


def test_the_error_of_a_right_gradient_falls_and_rises_in_the_table():
    report = gradcheck_report(lambda x: ag.exp(x) + 1e6, leaf([0.5]), eps=1e-10)
    assert report
    (m,) = report.resolved
    assert m.verdict.kind == "rounding" and "rounding spoils the difference at step 1e-10" in str(report)
    errors = np.abs(m.sweep.central - m.analytic)
    assert errors[0] > 100 * errors.min() < errors[-1]


def test_a_kink_is_told_with_both_slopes():
    report = gradcheck_report(ag.relu, leaf([0.0, 1.0]))
    assert "there is a kink at this point, of slope 0 on the left and 1 on the right" in str(report)
    (m,) = report.mismatches
    assert (m.verdict.left.value, m.verdict.right.value) == pytest.approx((0, 1))


@pytest.mark.parametrize("wrong, more", [(3, []), (4, ["(and 1 more)"]), (6, ["(and 3 more)"])])
def test_three_entries_of_an_argument_are_told_and_the_others_counted(wrong, more):
    lines = str(gradcheck_report(Square.apply, leaf(np.linspace(2.1, 3, wrong)))).splitlines()
    assert sum("analytic" in line for line in lines) == 3
    assert [line.strip() for line in lines if "more" in line] == more


@pytest.mark.parametrize(
    "factor, words",
    [
        (-1, "the wrong sign."),
        (-1.001, "-1.001 times what they should be."),
        (0, "0, and should not be."),
        (2, "2 times"),
    ],
)
def test_what_wrong_entries_have_in_common_is_said(factor, words):
    wrong = with_rule(ag.exp, lambda g, x: factor * g * ag.exp(x))
    (line,) = [line for line in str(gradcheck_report(wrong, leaf(X))).splitlines() if "All of these" in line]
    assert words in line


def test_one_wrong_entry_has_nothing_in_common():
    assert "All of these" not in str(gradcheck_report(Square.apply, leaf([0.5, 3.0])))


def test_what_the_text_says_is_there_as_data():
    report = gradcheck_report(Square.apply, leaf([0.5, 3.0]))
    assert not report and report.entries == 4 and report.findings == report.resolved == []
    (m,) = report.mismatches
    assert (m.argument, m.in_index, m.output, m.out_index) == ("argument 0 (x)", (1,), 0, (1,))
    assert (m.analytic, m.numeric, m.absolute, m.relative) == pytest.approx((18, 6, 12, 2 / 3))
    assert m.verdict.kind == "bug" and not m.verdict.agrees and m.verdict.reason in str(report)
    assert [side.value for side in (m.verdict.slope, m.verdict.left, m.verdict.right)] == pytest.approx([6, 6, 6])
    assert len(m.sweep.steps) == len(m.sweep.values) == len(m.sweep.central)


def test_the_worst_entry_comes_first_and_nan_is_worse_than_any_number():
    wrong = with_rule(lambda x: 2 * x, lambda g, x: g * ag.tensor([3.0, 5.0, np.nan, 9.0, 2.0]))
    report = gradcheck_report(wrong, leaf([1.0, 2.0, 3.0, 4.0, 5.0]))
    assert [m.in_index for m in report.mismatches] == [*[(2,)] * 5, (3,), (1,), (0,)]  # nan * 0 is nan: a whole row


def test_the_plot_shows_the_error_of_each_entry_against_the_step_size():
    pytest.importorskip("matplotlib")
    report = gradcheck_report(Square.apply, leaf([0.5, 3.0]))
    (axes,) = report.plot().axes
    (line,) = axes.lines
    assert line.get_ydata() == pytest.approx(12, rel=1e-3)
    assert axes.get_xscale() == axes.get_yscale() == "log"
    (label,) = axes.get_legend().get_texts()
    assert label.get_text() == "argument 0 (x)[1], output[1]: bug"


@pytest.mark.parametrize(("most", "lines"), [((), 4), ((2,), 2)])
def test_the_plot_has_as_many_entries_as_it_is_asked_for_and_four_by_default(most, lines):
    pytest.importorskip("matplotlib")
    (axes,) = gradcheck_report(Square.apply, leaf(np.arange(3.0, 9.0))).plot(*most).axes
    assert len(axes.lines) == lines


def test_without_matplotlib_the_plot_names_the_command_and_the_table_is_there():
    program = """
import sys; sys.modules["matplotlib"] = sys.modules["matplotlib.figure"] = None
import autograd as ag
report = ag.gradcheck_report(ag.relu, ag.zeros(1, dtype=ag.float64, requires_grad=True))
print(report.table()); report.plot()
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert 'pip install "chainrule[plot]"' in done.stderr.splitlines()[-1] and "right slope" in done.stdout


@pytest.mark.parametrize("wrong", [True, False])
def test_the_fast_mode_finds_one_wrong_entry_among_many_and_says_that_it_is_fast(wrong):
    n = 12_000

    def rule(g, x):
        found = g * ag.cos(x)
        if wrong:
            found.array[2_345] *= 1.5
        return found

    x = leaf(np.random.default_rng(0).uniform(-1, 1, n))
    report = gradcheck_report(with_rule(ag.sin, rule), x, fast_mode=True)
    assert report.fast and "the fast mode" in str(report)
    assert bool(report) == (not wrong)
    assert [(m.in_index, m.out_index) for m in report.mismatches] == [((2_345,), (2_345,))] * wrong


def test_the_fast_mode_is_not_misled_by_kinks():
    x = np.random.default_rng(0).normal(size=20_000)
    x[:3] = 3e-8, -2e-7, 1e-7
    report = gradcheck_report(ag.relu, leaf(x), fast_mode=True)
    assert report and {m.verdict.kind for m in report.resolved} <= {"kink"}


def test_the_fast_mode_finds_the_wrong_entry_of_a_matrix():
    class Product(Function):
        @staticmethod
        def forward(ctx, x, y):
            ctx.save_for_backward(x, y)
            return x @ y

        @staticmethod
        def backward(ctx, g):
            x, y = ctx.saved_tensors
            return g @ y.T, ag.roll(x, 1, 0).T @ g

    rng = np.random.default_rng(0)
    report = gradcheck_report(Product.apply, [leaf(rng.normal(size=(20, 20))) for _ in range(2)], fast_mode=True)
    assert [m.argument for m in report.mismatches] == ["argument 1 (y)"]


def test_the_fast_mode_checks_float32_and_second_order():
    x = leaf(np.random.default_rng(0).uniform(-1, 1, 5000), np.float32)
    assert gradcheck(ag.sin, x, fast_mode=True) and ag.gradgradcheck(ag.sin, x, fast_mode=True)
    wrong = gradcheck_report(lambda x: Square.apply(x + 2), x, fast_mode=True)
    assert [m.verdict.kind for m in wrong.mismatches] == ["bug"]


def test_a_module_is_checked_by_its_parameters_and_inputs_and_left_as_it_is():
    module = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Tanh(), nn.Linear(4, 2))
    before = {name: t.detach().clone() for name, t in module.state_dict().items()}
    assert gradcheck_module(module, ag.randn(5, 3)) and gradcheck_module(module, ag.randn(2, 3).double(), order=2)
    assert all(before[name].equal(t) for name, t in module.state_dict().items())
    assert all(p.grad is None for p in module.parameters())


def test_a_wrong_parameter_is_named():
    class Scale(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = nn.Module()
            self.inner.factor = nn.Parameter(ag.tensor([0.5, 3.0]))

        def forward(self, signal):
            return Square.apply(self.inner.factor) * signal

    with pytest.raises(GradcheckError, match=r"The gradient of Scale.*\nparameter inner.factor: 1 entry") as caught:
        gradcheck_module(Scale(), ag.randn(2))
    assert caught.value.mismatches[0].in_index == (1,)
    assert not gradcheck_module(Scale(), ag.randn(2), raise_exception=False)
    factor = Scale()
    factor.inner.factor.requires_grad_(False)
    assert gradcheck_module(factor, ag.randn(2))


def test_a_large_module_is_checked_fast():
    class Wrong(nn.Linear):
        def forward(self, x):
            return Square.apply(super().forward(x) + 4)

    assert gradcheck_module(nn.Linear(60, 60), ag.randn(3, 60))
    with pytest.raises(GradcheckError, match="The gradient of Wrong, in random directions .the fast mode"):
        gradcheck_module(Wrong(60, 60), ag.randn(3, 60))

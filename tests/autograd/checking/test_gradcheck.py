"""The checker itself: it rejects every kind of wrong rule, accepts right ones, and says what is wrong and where."""

import re
from pathlib import Path

import numpy as np
import pytest

import autograd as ag
from autograd import Function, GradcheckError, ShapeError, gradcheck, gradgradcheck, ops, tensor
from autograd.base import TensorBase
from autograd.ops import NUMPY, OPS
from autograd.ops.table import op

X = np.array([[0.7, -1.2, 2.1], [1.6, 0.4, -0.9]])
Y = np.array([[1.3, 0.6, -0.8], [0.5, -1.7, 1.1]])
SQUARE = np.array([[0.7, -1.2], [1.6, 0.4]])


def leaf(array):
    return tensor(np.array(array), requires_grad=True)


@pytest.fixture(autouse=True)
def same_table():
    """What a test enters into the table is gone after it, and so is the method that it became."""
    before = [(table, dict(table)) for table in (OPS, NUMPY)]
    methods = dict(vars(TensorBase))
    yield
    for table, entries in before:
        table.clear()
        table.update(entries)
    for name in set(vars(TensorBase)) - set(methods):
        delattr(TensorBase, name)
    for name, method in methods.items():
        if vars(TensorBase)[name] is not method:
            setattr(TensorBase, name, method)


def array_of(x):
    """The numbers of a tensor without its history: what makes a second derivative wrong."""
    return getattr(x, "array", x)


def rejected(f, *arrays, check=gradcheck):
    with pytest.raises(GradcheckError) as caught:
        check(f, [leaf(a) for a in arrays])
    assert caught.value.mismatches
    assert check(f, [leaf(a) for a in arrays], raise_exception=False) is False
    return caught.value


def test_a_right_rule_is_accepted_to_second_order():
    @op(x=lambda g, x: g * (3 * x * x))
    def cube(x):
        return x * x * x

    assert gradcheck(cube, leaf(X))
    assert gradgradcheck(cube, leaf(X))


def test_an_input_of_any_memory_order_is_accepted():
    for x in (X.T, np.asfortranarray(X), X[:, ::-1], np.broadcast_to(X[0], (2, 3))):
        inputs = tensor(x, requires_grad=True)
        assert gradcheck(lambda x: x**2, inputs)
        assert gradgradcheck(lambda x: x**3, inputs)


def test_a_wrong_sign_is_rejected():
    @op(x=lambda g, x: g * np.sin(x))
    def cosine(x):
        return np.cos(x)

    rejected(cosine, X)


def test_a_wrong_factor_is_rejected():
    @op(x=lambda g, x: g * (2.01 * x))
    def squared(x):
        return x * x

    assert len(rejected(squared, X).mismatches) == X.size


def test_a_missing_term_is_rejected():
    @op(x=lambda g, x: g * np.sin(x))
    def x_sine(x):
        return x * np.sin(x)

    rejected(x_sine, X)


def test_a_term_that_is_missing_for_one_argument_alone_names_that_argument():
    @op(x=lambda g, y: g * y, y=lambda g, x: g * (x + 1))
    def times(x, y):
        return x * y

    error = rejected(times, X, Y)
    assert {m.argument for m in error.mismatches} == {"argument 1 (y)"}
    assert "argument 0" not in str(error)


def test_a_wrong_second_order_passes_the_first_and_is_rejected_by_the_second():
    @op(x=lambda g, x: g * (3 * array_of(x) ** 2))
    def cube(x):
        return x * x * x

    assert gradcheck(cube, leaf(X))
    rejected(cube, X, check=gradgradcheck)
    with pytest.raises(GradcheckError, match="^The gradient of the gradient of cube, "):
        gradgradcheck(cube, leaf(X))


def test_an_upstream_gradient_that_is_cut_off_is_rejected_by_the_second_order():
    @op(x=lambda g, x: array_of(g) * (3 * x * x))
    def cube(x):
        return x * x * x

    assert gradcheck(cube, leaf(X))
    rejected(cube, X, check=gradgradcheck)


def test_a_transposed_gradient_is_rejected():
    @op(x=lambda g, y: (g @ y.T).T, y=lambda g, x: x.T @ g)
    def times(x, y):
        return x @ y

    error = rejected(times, SQUARE, SQUARE + 1)
    assert {m.argument for m in error.mismatches} == {"argument 0 (x)"}


@pytest.mark.parametrize("f", [lambda x: None, lambda x: x > 0, lambda x: (x.argmax(), x.long())])
def test_a_function_without_a_float_to_check_is_an_error_not_a_pass(f):
    with pytest.raises(ValueError, match="nothing to check"):
        gradcheck(f, leaf(X))


@pytest.mark.parametrize("wrong", [(4, 3), (3,), (3, 1), (2, 3, 5)])
def test_a_gradient_that_does_not_fit_its_argument_is_an_error_that_names_the_op(wrong):
    @op(x=lambda g: np.zeros(wrong))
    def misfit(x):
        return x * 2

    out = misfit(leaf(np.ones((3, 4))))
    with pytest.raises(ShapeError, match=r"'misfit' gave a gradient of shape .* for an argument of shape \(3, 4\)"):
        out.sum().backward()


def test_a_broadcast_that_is_forgotten_is_rejected():
    @op(x=lambda g, x: g * np.ones(1))
    def total(x):
        return np.sum(x)

    with pytest.raises(ValueError, match=r"'total' gave a gradient of shape \(1,\)"):
        gradcheck(total, leaf(X))

    @op(x=lambda g: g / 3)
    def spread_rows(x):
        return np.broadcast_to(x, (2, 3))

    rejected(spread_rows, X[0])


def test_a_broadcast_is_the_engines_business():
    @op(x=lambda g, y: g * y, y=lambda g, x: g * x)
    def times(x, y):
        return x * y

    assert gradcheck(times, [leaf(X), leaf(Y[0])])
    assert gradgradcheck(times, [leaf(X[:, :1]), leaf(Y[0])])


def test_a_kernel_that_differs_from_its_reference_is_rejected():
    @op(x=lambda g, x: g * (2 * x), reference=lambda x: x * x * x)
    def squared(x):
        return x * x

    assert gradcheck(squared, leaf(X))
    rejected(squared, X, check=gradgradcheck)


def test_a_wrong_function_of_a_user_is_rejected():
    class Doubled(Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2

        @staticmethod
        def backward(ctx, g):
            return g * 3

    rejected(Doubled.apply, X)


def test_one_wrong_element_among_many_is_found():
    wrong = np.zeros(50)
    wrong[37] = 1e-2

    @op(x=lambda g: g * (1 + wrong))
    def kept(x):
        return x + 0.0

    (mismatch,) = rejected(kept, np.linspace(-1, 1, 50)).mismatches
    assert mismatch.in_index == (37,)


def test_the_report_has_argument_indices_values_and_errors():
    def f(a, b):
        return a * b, bad(b)

    @op(x=lambda g, x: g * (2 * x + (x < -1)))
    def bad(x):
        return x * x

    error = rejected(f, X, Y)
    (m,) = error.mismatches
    assert (m.argument, m.in_index, m.output, m.out_index) == ("argument 1 (b)", (1, 1), 1, (1, 1))
    assert m.analytic == pytest.approx(-2.4)
    assert m.numeric == pytest.approx(-3.4)
    assert m.absolute == pytest.approx(1)
    assert m.relative == pytest.approx(1 / 3.4)
    text = str(error)
    assert "argument 1 (b): 1 entry disagrees with finite differences: it is a bug in the gradient" in text
    assert "d output 1[1, 1] / d argument 1 (b)[1, 1]: analytic -2.4, numeric -3.4" in text
    assert re.search(r"absolute error 1(\.0+\d)?, relative error 0\.294", text)


def test_the_worst_come_first_and_the_text_has_few_of_them():
    factors = np.arange(1.0, 21)

    @op(x=lambda g: g * factors)
    def kept(x):
        return x + 0.0

    error = rejected(kept, np.linspace(-1, 1, 20))
    assert [m.in_index for m in error.mismatches[:2]] == [(19,), (18,)]
    assert len(error.mismatches) == 19
    assert len(str(error).splitlines()) == 9 and "(and 16 more)" in str(error)


def test_a_nan_where_a_number_should_be_is_rejected():
    @op(x=lambda g, x: g * np.where(x > 2, np.nan, 1.0))
    def kept(x):
        return x + 0.0

    rejected(kept, X)


@pytest.mark.parametrize("dtype", [np.float32, np.float16])
def test_narrow_floats_are_held_against_differences_in_float64(dtype):
    x = tensor(X.astype(dtype), requires_grad=True)
    for check in (gradcheck, gradgradcheck):
        assert check(ops.sin, x) and check(lambda x: (x * x * x).sum(0) / 3, x)

    @op(x=lambda g, x: g * (2.1 * x))
    def squared(x):
        return x * x

    with pytest.raises(GradcheckError) as caught:
        gradcheck(squared, x)
    assert {m.verdict.kind for m in caught.value.mismatches} == {"bug"}


@pytest.mark.parametrize("check", [gradcheck, gradgradcheck])
def test_inputs_without_a_gradient_are_a_clear_error(check):
    with pytest.raises(ValueError, match="requires_grad=True"):
        check(ops.exp, tensor(X))


def test_inputs_that_want_no_gradient_are_left_alone():
    assert gradcheck(lambda x, y, n: (x * y) ** n, [leaf(X), tensor(Y), 2])
    assert gradgradcheck(lambda x, y: x * x * y, [leaf(X), tensor(Y)])


def test_all_floats_are_wide_in_the_differences_and_whole_numbers_stay():
    seen = set()

    def pick(x, scale, index):
        seen.add((x.dtype.name, scale.dtype.name, index.dtype.name))
        return (x * scale)[index]

    assert gradcheck(pick, [tensor(X, dtype="float32", requires_grad=True), tensor(Y, dtype="float32"), tensor([1, 0])])
    assert {("float32", "float32", "int64"), ("float64", "float64", "int64")} == seen


def test_a_function_that_knows_no_wider_floats_is_checked_in_float64():
    def narrow(x):
        if x.dtype != np.float64:
            raise TypeError(f"float64 alone, not {x.dtype}")
        return x * x * x

    assert gradcheck(narrow, leaf(X)) and gradcheck(narrow, leaf(X), eps=1e-9)


def test_the_inputs_are_as_they_were():
    x = leaf(X)
    gradcheck(ops.exp, x)
    gradgradcheck(ops.exp, x)
    assert x.grad is None
    np.testing.assert_array_equal(x.detach().numpy(), X)


def test_an_input_that_does_not_matter_has_the_gradient_0():
    assert gradcheck(lambda x, y: x * 2, [leaf(X), leaf(Y)])
    assert gradgradcheck(lambda x, y: x * x, [leaf(X), leaf(Y)])


def test_whole_numbers_among_the_outputs_are_left_out():
    assert gradcheck(lambda x: ops.sort(x), leaf(X))


def test_upstream_gradients_may_be_given():
    assert gradgradcheck(ops.sin, leaf(X), leaf(Y))


def test_the_op_of_the_guide_can_be_added_from_outside():
    guide = (Path(__file__).parents[3] / "CONTRIBUTING.md").read_text()
    section = guide.partition("## Add an op")[2]
    block = re.search(r"(?ms)^```py\n(.*?)^```$", section)[1]
    names: dict = {"np": np}
    del OPS["mul"]
    exec(block, names)
    mul = names["mul"]
    assert OPS["mul"] is mul.op
    np.testing.assert_array_equal(mul(leaf(X), Y).detach().numpy(), X * Y)
    np.testing.assert_array_equal(np.multiply(leaf(X), Y).detach().numpy(), X * Y)
    assert gradcheck(mul, [leaf(X), leaf(Y[0])])
    assert gradgradcheck(mul, [leaf(X), leaf(Y)])


def test_a_name_that_a_rule_cannot_ask_for_is_an_error_at_once():
    with pytest.raises(TypeError, match=r"asks for \['z'\]"):

        @op(x=lambda g, z: g * z)
        def wrong(x):
            return x

    with pytest.raises(TypeError, match=r"rules for \['y'\], which are not among"):

        @op(y=lambda g: g)
        def also_wrong(x):
            return x


def test_a_name_that_is_taken_is_an_error():
    with pytest.raises(ValueError, match="an op named 'exp' exists already"):

        @op()
        def exp(x):
            return x


@pytest.mark.parametrize("number", [np.nan, np.inf])
def test_gradients_that_are_no_numbers_are_rejected(number):
    with np.errstate(invalid="ignore"):
        rejected(lambda x: x * number, X)


def test_the_path_of_torch_leads_to_the_checker():
    from autograd.autograd import gradcheck as by_path

    assert by_path(ops.exp, leaf(np.array([0.5]))) and by_path.gradcheck is gradcheck  # a module that can be called


class Square(Function):
    """z^2, for complex numbers, too."""

    @staticmethod
    def forward(ctx, z):
        ctx.save_for_backward(z)
        return z * z

    @staticmethod
    def backward(ctx, g):
        return g * 2 * ctx.saved_tensors[0].conj()


class Unconjugated(Square):
    """The same with the derivative itself in place of its conjugate."""

    @staticmethod
    def backward(ctx, g):
        return g * 2 * ctx.saved_tensors[0]


def test_complex_arguments_and_results_are_checked_part_by_part():
    z = ag.tensor([1 + 2j, 0.5 - 1j], dtype=ag.complex128, requires_grad=True)
    x = ag.tensor([[0.5, 2.0]], dtype=ag.float64, requires_grad=True)
    assert ag.gradcheck(lambda z, x: (z.exp() * x, z.abs(), x.to(z.dtype) + 1j), (z, x))
    assert ag.gradgradcheck(lambda z, x: z.exp() * x, (z, x)) and ag.gradcheck(ag.fft.fft, z, fast_mode=True)
    assert ag.gradcheck(Square.apply, z)
    with pytest.raises(ag.GradcheckError, match=r"(?s)wrong sign.*d output\[0, 1\] / d argument 0 .*\[0, 0\]"):
        ag.gradcheck(Unconjugated.apply, z)


@pytest.mark.parametrize("number", [np.inf, -np.inf, np.nan])
def test_there_are_no_differences_at_what_is_not_finite(number):
    x = ag.tensor([[1.0, 2.0], [3.0, number]], dtype=ag.float64, requires_grad=True)
    with pytest.raises(ValueError, match=rf"argument 1 \(y\)\[1, 1\] is {number}"):
        ag.gradcheck(lambda x, y: (x * y).nan_to_num(), (x[:1].detach(), x))


def test_a_function_that_hangs_a_hook_into_the_graph_is_checked():
    def doubled(x, factor):
        y = x * 2
        y.register_hook(lambda g: g * factor)
        return y

    x = ag.randn(3, dtype=ag.float64, requires_grad=True)
    assert ag.gradcheck(lambda x: doubled(x, 1), x) and ag.gradgradcheck(lambda x: doubled(x, 1), x)
    with pytest.raises(ag.GradcheckError, match="3 times what they should be"):
        ag.gradcheck(lambda x: doubled(x, 3), x)

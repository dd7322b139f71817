"""Functions with a backward of one's own."""

import gc
import weakref

import numpy as np
import pytest

import autograd as ag


class Exp(ag.Function):
    @staticmethod
    def forward(ctx, x):
        out = x.exp()
        ctx.save_for_backward(out)
        return out

    @staticmethod
    def backward(ctx, g):
        (out,) = ctx.saved_tensors
        return g * out


class Cube(ag.Function):
    @staticmethod
    def forward(ctx, x, factor):
        ctx.save_for_backward(x)
        ctx.factor = factor
        return x * x * x * factor

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return 3 * ctx.factor * x * x * g, None


class Shifted(ag.Function):
    """A sum with what need not be given, as a layer has a bias or none."""

    @staticmethod
    def forward(ctx, x, shift=None):
        ctx.save_for_backward(x, shift)
        return x * x if shift is None else x * x + shift

    @staticmethod
    def backward(ctx, g):
        x, shift = ctx.saved_tensors
        return 2 * x * g, None if shift is None else g


def test_none_may_be_saved():
    x, shift = (ag.tensor(v, dtype=ag.float64, requires_grad=True) for v in ([1.0, 2.0], [3.0, 4.0]))
    assert ag.gradcheck(lambda x: Shifted.apply(x, None), x) and ag.gradcheck(Shifted.apply, (x, shift))


class SumAndProduct(ag.Function):
    @staticmethod
    def forward(ctx, x, y):
        ctx.save_for_backward(x, y)
        return x + y, x * y

    @staticmethod
    def backward(ctx, g_sum, g_product):
        x, y = ctx.saved_tensors
        return g_sum + g_product * y, g_sum + g_product * x


class ExpAndSquare(ag.Function):
    @staticmethod
    def forward(ctx, x):
        e, s = x.exp(), x * x
        ctx.save_for_backward(x, e)
        return e, s

    @staticmethod
    def backward(ctx, g_e, g_s):
        x, e = ctx.saved_tensors
        return g_e * e + 2 * x * g_s


def leaf(*values):
    return ag.tensor(values, dtype=ag.float64, requires_grad=True)


@pytest.mark.parametrize(
    "f", [lambda x: Exp.apply(x), lambda x: Cube.apply(x, 2.0), lambda x: Exp.apply(Cube.apply(x, 0.1))]
)
def test_first_and_second_derivatives_of_a_written_function_are_right(f):
    assert ag.gradcheck(f, leaf(0.5, -1.0, 2.0)) and ag.gradgradcheck(f, leaf(0.5, -1.0, 2.0))


def test_a_function_of_two_tensors_with_two_results():
    def f(x, y):
        total, product = SumAndProduct.apply(x, y)
        return total * product

    assert ag.gradcheck(f, (leaf(0.5, -1.0), leaf(2.0, 3.0))) and ag.gradgradcheck(f, (leaf(0.5, -1.0), leaf(2.0, 3.0)))


def test_one_of_several_results_may_be_saved():
    assert ag.gradgradcheck(lambda x: ExpAndSquare.apply(x), leaf(0.5, -1.0))


def test_only_one_of_two_results_may_be_used():
    x, y = leaf(2.0), leaf(5.0)
    SumAndProduct.apply(x, y)[1].backward()
    assert (x.grad.item(), y.grad.item()) == (5.0, 2.0)


def test_a_saved_tensor_changed_in_place_is_an_error_that_names_the_function():
    x = leaf(1.0, 2.0)
    y = x * 1
    z = Cube.apply(y, 1.0)
    y.detach().add_(1)
    with pytest.raises(RuntimeError, match="'Cube'.*changed in place"):
        z.sum().backward()


def test_a_second_walk_needs_retain_graph():
    x = leaf(1.0)
    y = Exp.apply(x)
    y.backward()
    with pytest.raises(RuntimeError, match="'Exp' was freed.*retain_graph"):
        y.backward()


def test_an_argument_that_forward_changes_in_place_has_the_history_of_the_result():
    class Scale(ag.Function):
        @staticmethod
        def forward(ctx, x, factor):
            ctx.factor = factor
            ctx.mark_dirty(x)
            return x.mul_(factor)

        @staticmethod
        def backward(ctx, g):
            return g * ctx.factor, None

    x = ag.tensor([1.0, 2.0], requires_grad=True)
    y = x * 1
    assert Scale.apply(y[1:], 5).tolist() == [10] and Scale.apply(y, 3) is y
    y.sum().backward()
    assert y.tolist() == [3, 30] and x.grad.tolist() == [3, 15]


def test_a_result_may_have_no_gradient():
    class Largest(ag.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.set_materialize_grads(False)
            value, rank = x.max(), x.argsort().double()
            ctx.mark_non_differentiable(rank)
            return value, rank

        @staticmethod
        def backward(ctx, g, none):
            return g * ag.ones(2)

    value, rank = Largest.apply(leaf([1.0, 2.0]))
    assert value.requires_grad and not rank.requires_grad


def test_what_backward_needs_may_be_saved_after_forward():
    class Cube(ag.Function):
        @staticmethod
        def forward(x, scale):
            return scale * x**3

        @staticmethod
        def setup_context(ctx, inputs, output):
            x, ctx.scale = inputs
            ctx.save_for_backward(x)

        @staticmethod
        def backward(ctx, g):
            (x,) = ctx.saved_variables
            return 3 * ctx.scale * x**2 * g, None

    x = leaf(2.0)
    y = Cube.apply(x, 5.0)
    (slope,) = ag.grad(y, x, create_graph=True)
    assert (y.item(), slope.item(), ag.grad(slope, x)[0].item()) == (40, 60, 60)


def test_gradients_of_arguments_that_were_left_out_may_be_none():
    class Scaled(ag.Function):
        @staticmethod
        def forward(ctx, x, factor=2, offset=0):
            return x * factor + offset

        @staticmethod
        def backward(ctx, g):
            return g * 2, None, None

    x = leaf(1.0)
    Scaled.apply(x).backward()
    assert x.grad.item() == 2


def test_a_wrong_number_of_gradients_is_an_error():
    class Wrong(ag.Function):
        @staticmethod
        def forward(ctx, x, y):
            return x + y

        @staticmethod
        def backward(ctx, g):
            return g

    with pytest.raises(RuntimeError, match="Wrong.backward gave 1 gradients for 2 arguments"):
        Wrong.apply(leaf(1.0), leaf(2.0)).backward()


def test_needs_input_grad_tells_which_arguments_want_one():
    class Seen(ag.Function):
        @staticmethod
        def forward(ctx, x, y):
            return x + y

        @staticmethod
        def backward(ctx, g):
            assert ctx.needs_input_grad == (True, False)
            return g, None

    Seen.apply(leaf(1.0), ag.tensor([2.0], dtype=ag.float64)).backward()


def test_nothing_is_recorded_where_no_argument_wants_a_gradient():
    assert not Exp.apply(ag.ones(2)).requires_grad
    with ag.no_grad():
        assert not Exp.apply(leaf(1.0)).requires_grad


def test_a_result_that_saves_itself_makes_no_reference_cycle():
    gc.collect()
    gc.disable()
    try:
        out = Exp.apply(leaf(1.0))
        gone = weakref.ref(out.node)
        del out
        assert gone() is None
    finally:
        gc.enable()


def test_a_function_without_forward_or_backward_says_what_it_needs():
    class Forward(ag.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2

    with pytest.raises(NotImplementedError, match="forward"):
        ag.Function.apply(leaf(1.0))
    with pytest.raises(NotImplementedError, match="backward"):
        Forward.apply(leaf(1.0)).backward()


class WithNotes(ag.Function):
    """Twice the argument, and what is not a tensor."""

    @staticmethod
    def forward(ctx, x, several):
        return (x * 2, "a note", None) if several else x.detach().numpy()

    @staticmethod
    def backward(ctx, g, *others):
        return g * 2, None


def test_results_that_are_not_tensors_are_passed_on_as_they_are():
    x = ag.tensor([1.0, 2.0], requires_grad=True)
    doubled, *notes = WithNotes.apply(x, True)
    assert notes == ["a note", None]
    doubled.sum().backward()
    assert x.grad.tolist() == [2.0, 2.0]
    assert isinstance(WithNotes.apply(x, False), np.ndarray)

"""What a function must not do beside computing is found, and what it may do is not."""

import numpy as np
import pytest

import autograd as ag
import nn
from autograd import Function, gradcheck, gradcheck_report, ops, tensor

X = np.array([0.5, -1.2, 2.0])


def leaf(array=X):
    return tensor(np.array(array), requires_grad=True)


def op_of(forward, backward):
    class Op(Function):
        pass

    Op.forward, Op.backward = staticmethod(forward), staticmethod(backward)
    return Op.apply


def changes_its_input(ctx, x):
    x.array[0] = 3
    return x * 2


def changes_upstream(ctx, g):
    g.array[...] *= 2
    return g


def changes_what_was_saved(ctx, g):
    (x,) = ctx.saved_tensors
    x.array[...] += 1
    return g * 2


def saving_double(ctx, x):
    ctx.save_for_backward(x)
    return x * 2


def needs_contiguous(ctx, g):
    if not g.array.flags.c_contiguous:
        raise ValueError("contiguous, please")
    return g * 2


def ignores_strides(ctx, g):
    flat = np.lib.stride_tricks.as_strided(g.array, g.array.shape, (8,))
    return tensor(flat.copy() * 2)


def twice(ctx, x):
    return x * 2


def counted(f):
    """f with 1 more at each call."""
    calls = []

    def function(x):
        calls.append(1)
        return f(x) + len(calls)

    return function


def remembers():
    """A function with a cache that never forgets the largest input."""
    largest = []

    def function(x):
        largest.append(x.array.max())
        return x * max(largest)

    return function


FOUND = {
    "mutation": [
        op_of(changes_its_input, lambda ctx, g: g * 2),
        op_of(lambda ctx, x: x + 0, changes_upstream),
        op_of(saving_double, changes_what_was_saved),
    ],
    "view": [op_of(lambda ctx, x: x, lambda ctx, g: g), op_of(lambda ctx, x: x[1:], lambda ctx, g: ops.pad(g, (1, 0)))],
    "nondeterminism": [
        lambda x: ag.nn.functional.dropout(x, 0.5, training=True),
        lambda x: x * float(np.random.rand()),
        counted(ag.sin),
        op_of(twice, lambda ctx, g: g * float(2 + np.random.rand())),
    ],
    "state": [lambda x: x * (2 if ag.is_grad_enabled() else 3), remembers()],
    "layout": [op_of(twice, needs_contiguous), op_of(twice, ignores_strides)],
    "linearity": [op_of(twice, lambda ctx, g: 2 * g * g), op_of(twice, lambda ctx, g: 2 * ag.sign(g))],
}


@pytest.mark.parametrize(("kind", "function"), [(kind, f) for kind, found in FOUND.items() for f in found])
def test_a_function_that_does_more_than_compute_is_found(kind, function):
    report = gradcheck_report(function, leaf())
    assert kind in {finding.kind for finding in report.findings}
    assert not report and f"{kind}: " in str(report)


@pytest.mark.parametrize(
    ("function", "why"),
    [
        (lambda x: ag.nn.functional.dropout(x, 0.5, training=True), "draws random numbers"),
        (counted(ag.sin), "depends on something besides its arguments"),
    ],
)
def test_the_reason_of_nondeterminism_is_named(function, why):
    (finding,) = gradcheck_report(function, leaf()).findings
    assert why in finding.text


def test_an_argument_that_is_not_checked_and_changes_the_result_is_named():
    def running(x, total):
        total.add_(1)
        return x * total

    (finding,) = gradcheck_report(running, (leaf(), tensor(np.ones(3)))).findings
    assert finding.kind == "nondeterminism" and "it changes argument 1 (total) in place" in finding.text


def test_running_statistics_may_change():
    mean, var = tensor(np.zeros(3)), tensor(np.ones(3))
    x = leaf(np.random.default_rng(0).normal(size=(4, 3)))
    assert gradcheck(lambda x: nn.functional.batch_norm(x, mean, var, training=True), x)


@pytest.mark.parametrize("f", [lambda x: x, lambda x: x.view(3, 1), lambda x: x[1:]])
def test_views_that_the_engine_knows_are_no_finding(f):
    assert gradcheck(f, leaf())


def test_outputs_whose_upstream_gradient_is_not_given_are_tried():
    class TwoOutputs(Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2, x * 3

        @staticmethod
        def backward(ctx, a, b):
            if not b.array.any():
                raise ValueError("needs both")
            return 2 * a + 3 * b

    with pytest.raises(ValueError, match="needs both"):
        gradcheck(TwoOutputs.apply, leaf())
    report = gradcheck_report(TwoOutputs.apply, leaf(), fast_mode=True)
    assert [finding.kind for finding in report.findings] == ["undefined"]
    assert gradcheck_report(TwoOutputs.apply, leaf(), fast_mode=True, check_undefined_grad=False)


def test_a_gradient_of_another_dtype_is_found_where_that_is_asked_for():
    widens = op_of(lambda ctx, x: x * 2, lambda ctx, g: g.double() * 2)
    x = tensor(X.astype(np.float32), requires_grad=True)
    assert gradcheck(widens, x)
    (finding,) = gradcheck_report(widens, x, check_grad_dtypes=True).findings
    assert "'Op' gave float64 for an argument of float32" in str(finding)


def test_forward_mode_is_held_against_backward_where_that_is_asked_for():
    cut = op_of(saving_double, lambda ctx, g: tensor(2 * g.array))
    assert gradcheck(cut, leaf())
    (finding,) = gradcheck_report(cut, leaf(), check_forward_ad=True).findings
    assert finding.kind == "forward mode"
    assert gradcheck(ops.sin, leaf(), check_forward_ad=True)


def test_a_gradient_that_is_none_is_named():
    report = gradcheck_report(op_of(twice, lambda ctx, g: None), leaf())
    assert "argument 0 (x) is None: the backward gave none" in str(report)
    assert "All of these are 0, and should not be" in str(report)


def test_options_of_torch_are_accepted_and_others_are_not():
    assert gradcheck(ops.sin, leaf(), nondet_tol=1e-5, masked=False, check_batched_grad=False, check_backward_ad=True)
    with pytest.raises(TypeError, match="check_nothing"):
        gradcheck(ops.sin, leaf(), check_nothing=True)


@pytest.mark.parametrize("f", [lambda x: +x, lambda x: ag.einsum("ii->i", x), lambda x: ag.einsum("ij->ji", x)])
def test_what_may_share_memory_may_be_changed_in_place(f):
    def program(x):
        base = x * 1
        f(base).mul_(2)
        return base + 0

    x = leaf(np.arange(4.0).reshape(2, 2))
    assert gradcheck(f, x) and gradcheck(program, x)

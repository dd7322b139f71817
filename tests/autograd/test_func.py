"""`autograd.func`: derivatives of functions of nests by finite differences, modules as functions, what vmap refuses."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd as ag
import nn
from autograd import func
from autograd.testing import seeds


def f(x, weight):
    """R^3 x R^(2, 3) -> R^2."""
    return (weight @ x).tanh() * x[:2]


def inputs(rng):
    return ag.tensor(rng.normal(size=3)), ag.tensor(rng.normal(size=(2, 3)))


def differences(function, x, eps=1e-6):
    """The Jacobian of a function of an array, (*out, *x), by central differences."""
    columns = []
    for place in np.ndindex(*x.shape):
        step = np.zeros(x.shape)
        step[place] = eps
        columns.append((function(x + step) - function(x - step)) / (2 * eps))
    out = np.stack(columns, -1)
    return out.reshape(*out.shape[:-1], *x.shape)


def numeric(function, args, i):
    def of(array):
        changed = list(args)
        changed[i] = ag.tensor(array)
        return function(*changed).detach().numpy()

    return differences(of, args[i].numpy())


def close(found, expected):
    np.testing.assert_allclose(found.detach().numpy(), expected, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("jacobian", [func.jacrev, func.jacfwd])
@given(rng=seeds())
def test_jacobians_equal_finite_differences(jacobian, rng):
    args = inputs(rng)
    for i in range(2):
        close(jacobian(f, argnums=i)(*args), numeric(f, args, i))
    both, extra = jacobian(lambda *a: (f(*a), a[0] * 2), argnums=(0, 1), has_aux=True)(*args)
    for i in range(2):
        close(both[i], numeric(f, args, i))
    np.testing.assert_array_equal(extra.numpy(), 2 * args[0].numpy())


@pytest.mark.parametrize("jacobian", [func.jacrev, func.jacfwd])
def test_the_jacobian_of_no_numbers_is_empty(jacobian):
    x = ag.ones(3)
    assert jacobian(lambda x: x[:0])(x).shape == (0, 3) and jacobian(lambda x: 2 * x)(x[:0]).shape == (0, 0)


@given(rng=seeds())
def test_products_are_those_with_the_jacobian(rng):
    args, (v, w), u = inputs(rng), inputs(rng), ag.tensor(rng.normal(size=2))
    jx, jw = (numeric(f, args, i) for i in range(2))
    out, back = func.vjp(f, *args)
    close(out, f(*args).numpy())
    for found, j in zip(back(u), (jx, jw), strict=True):
        close(found, np.tensordot(u.numpy(), j, 1))
    forward = jx @ v.numpy() + np.tensordot(jw, w.numpy(), 2)
    value, pushed = func.jvp(f, args, (v, w))
    close(value, out.numpy())
    close(pushed, forward)
    value, back, extra = func.vjp(lambda x: (x**2, {"sum": x.sum()}), args[0], has_aux=True)
    close(back(v)[0], 2 * args[0].numpy() * v.numpy())
    assert extra["sum"].item() == pytest.approx(args[0].numpy().sum())
    found = func.jvp(lambda x: (x**2, x.sum()), (args[0],), (v,), has_aux=True)
    assert found[2].item() == pytest.approx(args[0].numpy().sum())


@given(rng=seeds())
def test_gradients_of_nests_have_their_form(rng):
    x, weight = inputs(rng)
    params = {"first": {"w": weight}, "scales": [ag.tensor(rng.normal(size=2))]}

    def loss(params, x):
        return ((params["first"]["w"] @ x).sin() * params["scales"][0]).sum()

    found = func.grad(loss)(params, x)
    close(found["first"]["w"], numeric(lambda w: loss({**params, "first": {"w": w}}, x), [weight], 0))
    close(found["scales"][0], (weight @ x).sin().numpy())
    gradient, value = func.grad_and_value(loss, argnums=1)(params, x)
    close(gradient, numeric(loss, [params, x], 1))
    assert value.item() == loss(params, x).item()
    gradient, (value, extra) = func.grad_and_value(lambda x: (x.prod(), x + 1), has_aux=True)(x)
    close(gradient, func.grad(lambda x: x.prod())(x).numpy())
    close(extra, x.numpy() + 1)


NOT_ONE_NUMBER = {
    "two numbers": (lambda x: 2 * x, "float64 of shape (2,)"),
    "two outputs": (lambda x: (x.sum(), x.prod()), "float64 of shape (), float64 of shape ()"),
    "a truth value": (lambda x: x.sum() > 0, "bool of shape ()"),
}


@pytest.mark.parametrize("what", NOT_ONE_NUMBER)
@pytest.mark.parametrize("gradient", [func.grad, func.grad_and_value, ag.value_and_grad])
def test_only_one_number_has_a_gradient(gradient, what):
    function, found = NOT_ONE_NUMBER[what]
    with pytest.raises(TypeError, match=re.escape(f"returns one number, not {found}: use jacobian")):
        gradient(function)(ag.ones(2, dtype=ag.float64))


@given(rng=seeds())
def test_the_hessian_is_the_jacobian_of_the_gradient(rng):
    x, _ = inputs(rng)
    g = lambda x: (x.exp() * x.flip(0)).sum() + x.prod()  # noqa: E731
    expected = numeric(func.grad(g), [x], 0)
    close(func.hessian(g)(x), expected)
    close(ag.functional.hessian(g, x), expected)
    for product in (ag.functional.hvp, ag.functional.vhp):
        value, found = product(g, x, x)
        close(found, expected @ x.numpy())
        assert value.item() == g(x).item()


def test_shapes_of_tangents_and_cotangents_are_checked():
    x = ag.ones(3)
    with pytest.raises(RuntimeError, match=r"the tangents have the shapes \[\(2,\)\], the primals \[\(3,\)\]"):
        func.jvp(ag.exp, (x,), (ag.ones(2),))
    with pytest.raises(RuntimeError, match=r"the cotangents have the shapes \[\(\)\], the outputs \[\(3,\)\]"):
        func.vjp(ag.exp, x)[1](ag.tensor(1.0))


# Modules as functions -------------------------------------------------------------------------------------------------


class Tied(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(2, 2)
        self.second = nn.Linear(2, 2, bias=False)
        self.second.weight = self.first.weight
        self.register_buffer("shift", ag.ones(2))
        self.second.register_buffer("shift", self.shift)

    def forward(self, x, *, scale=1.0):
        return self.second(self.first(x)) * scale + self.shift


def test_a_module_is_called_with_other_tensors_and_keeps_its_own():
    model, x = Tied(), ag.tensor([[1.0, 2.0]])
    own = [id(t) for t in (*model.parameters(), *model.buffers())]
    weight, bias, shift = ag.tensor([[1.0, 2.0], [3.0, 4.0]]), ag.tensor([1.0, -1.0]), ag.zeros(2)
    given = {"first.weight": weight, "first.bias": bias, "shift": shift}
    once = x.numpy() @ weight.numpy().T + bias.numpy()
    out = func.functional_call(model, given, (x,), {"scale": 3.0})
    np.testing.assert_allclose(out.numpy(), 3 * once @ weight.numpy().T)  # the second weight is the first
    assert model.second.weight is model.first.weight
    out = func.functional_call(model, {"second.weight": weight, "first.bias": bias, "second.shift": shift}, x)
    np.testing.assert_allclose(out.numpy(), once @ weight.numpy().T, rtol=1e-6)  # and the first is the second
    out = func.functional_call(model, [given, {"second.weight": ag.eye(2)}], x, tie_weights=False)
    np.testing.assert_allclose(out.numpy(), once)
    assert [id(t) for t in (*model.parameters(), *model.buffers())] == own and model.second.weight is model.first.weight
    with pytest.raises(KeyError, match=r"Tied has no parameters or buffers named \['third'\]"):
        func.functional_call(model, {"third": x}, x)
    with pytest.raises(RuntimeError, match="strict: .*first.bias.* of Tied are not given"):
        func.functional_call(model, {"first.weight": weight}, x, strict=True)
    with pytest.raises(ValueError, match="the last dim of the input"):
        func.functional_call(model, given, ag.ones(3))
    assert [id(t) for t in (*model.parameters(), *model.buffers())] == own


def test_models_of_one_kind_are_stacked_and_called_together():
    models, x = [nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3)).eval() for _ in range(4)], ag.randn(5, 2)
    params, buffers = func.stack_module_state(models)
    assert params["0.weight"].shape == (4, 3, 2) and params["0.weight"].requires_grad
    assert buffers["1.running_mean"].shape == (4, 3) and not buffers["1.running_mean"].requires_grad

    def call(params, buffers, x):
        return func.functional_call(models[0], (params, buffers), (x,))

    found = func.vmap(call, in_dims=(0, 0, None))(params, buffers, x)
    expected = np.stack([model(x).detach().numpy() for model in models])
    np.testing.assert_allclose(found.detach().numpy(), expected, rtol=1e-5)
    with pytest.raises(RuntimeError, match="at least one model"):
        func.stack_module_state([])
    with pytest.raises(RuntimeError, match=r"all models must be of one class, got \['Linear', 'Tanh'\]"):
        func.stack_module_state([nn.Linear(1, 1), nn.Tanh()])


# vmap -----------------------------------------------------------------------------------------------------------------


@given(rng=seeds(), dim=st.integers(-3, 2), out=st.integers(0, 2))
def test_examples_lie_along_any_dim_of_arguments_and_outputs(rng, dim, out):
    x, y = rng.normal(size=(2, 3, 4)), rng.normal(size=(2, 3, 4)[dim])
    found = func.vmap(lambda a, b: (a * 2, a.sum() + b), in_dims=(dim, 0), out_dims=(out, 0))(
        ag.tensor(x), ag.tensor(y)
    )
    rows = np.moveaxis(x, dim, 0)
    np.testing.assert_allclose(found[0].numpy(), np.moveaxis(2 * rows, 0, out))
    np.testing.assert_allclose(found[1].numpy(), rows.sum((1, 2)) + y)


def branching(x):
    """What looks at the elements of an example, and changes one in place."""
    y = x.clone()
    if x.sum() > 0:
        y[0] = 10.0
    return y


def test_a_function_that_looks_at_elements_runs_for_each_example():
    x = np.array([[1.0, 2.0], [-1.0, -2.0]])
    expected = np.array([[10.0, 2.0], [-1.0, -2.0]])
    np.testing.assert_array_equal(func.vmap(branching)(ag.tensor(x)).numpy(), expected)
    np.testing.assert_array_equal(func.vmap(branching, out_dims=1)(ag.tensor(x)).numpy(), expected.T)
    np.testing.assert_array_equal(func.vmap(branching, in_dims=1)(ag.tensor(x.T)).numpy(), expected)


@pytest.mark.parametrize("looks", [False, True])
def test_random_numbers_are_the_same_for_all_examples_or_different(looks):
    def noisy(x):
        y = ag.randn(3)
        return x + y if not looks or x.sum() > -100 else x

    x = ag.zeros(4, 3)
    same = func.vmap(noisy, randomness="same")(x).numpy()
    different = func.vmap(noisy, randomness="different")(x).numpy()
    assert (same == same[0]).all() and len(np.unique(different)) == 12
    with pytest.raises(RuntimeError, match='pass randomness="different"'):
        func.vmap(noisy)(x)


X = ag.ones(2, 3)
ERRORS = [
    (lambda: func.vmap(ag.exp, randomness="some"), "randomness must be .* not 'some'"),
    (lambda: func.vmap(ag.exp)(), "needs positional arguments"),
    (lambda: func.vmap(ag.exp, in_dims=None)(X), "in_dims is all None"),
    (lambda: func.vmap(ag.add)(X, ag.ones(3, 2)), r"the sizes \[2, 3\] of the dims that vmap maps over differ"),
    (lambda: func.vmap(ag.exp, in_dims=(0, 0))(X), "does not have the form of the 1 arguments"),
    (lambda: func.vmap(lambda x, n: x * n)(X, 2), "in_dims says 0 of a int: it must be None for other objects"),
    (lambda: func.vmap(ag.exp, out_dims=None)(X), "out_dims is None for an output that differs"),
    (lambda: func.vmap(lambda x: 3)(X), "must return tensors, got int"),
    (lambda: func.vmap(branching)(ag.ones(0, 3)), "vmap needs at least one example"),
]


@pytest.mark.parametrize(("call", "match"), ERRORS, ids=range(len(ERRORS)))
def test_what_cannot_be_batched_is_named(call, match):
    with pytest.raises((RuntimeError, ValueError), match=match):
        call()


def test_what_all_examples_share_is_given_once_or_expanded():
    shared = ag.tensor([1.0, 2.0])
    assert func.vmap(lambda x: shared, out_dims=None)(X) is shared
    assert func.vmap(lambda x: shared)(X).tolist() == [[1.0, 2.0]] * 2
    assert func.vmap(lambda x: x.view(3, 1).contiguous().detach())(X).shape == (2, 3, 1)


@given(rng=seeds())
def test_the_product_of_vjp_takes_the_cotangents_of_several_outputs_one_by_one_or_as_one(rng):
    x, v, w = (ag.tensor(a) for a in rng.normal(size=(3, 4)))
    _, product = func.vjp(lambda x: (x.sin(), x * x), x)
    (found,) = product(v, w)
    np.testing.assert_allclose(found.numpy(), (v * x.cos() + w * 2 * x).numpy())
    np.testing.assert_array_equal(product((v, w))[0].numpy(), found.numpy())

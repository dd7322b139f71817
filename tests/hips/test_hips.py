"""Programs written for HIPS autograd: its functions of functions, its NumPy, its `extend`, `misc` and `test_util`."""

import importlib
import subprocess
import sys
from pathlib import Path

import autograd.numpy as np
import autograd.numpy.random as npr
import numpy as onp
import pytest
from autograd.builtins import isinstance as like_isinstance
from autograd.builtins import type as like_type
from autograd.extend import defvjp, defvjp_argnum, notrace_primitive, primitive, vspace
from autograd.misc import flatten
from autograd.misc.flatten import flatten_func
from autograd.misc.optimizers import adam, rmsprop, sgd
from autograd.test_util import check_equivalent, check_grads
from autograd.tracer import getval, isbox
from hypothesis import given
from hypothesis import strategies as st

import autograd
from autograd import (
    checkpoint,
    deriv,
    elementwise_grad,
    grad,
    grad_and_aux,
    hessian,
    hessian_vector_product,
    jacobian,
    make_hvp,
    make_jvp,
    make_vjp,
    multigrad_dict,
    tensor_jacobian_product,
    value_and_grad,
)
from autograd.testing import arrays, shapes

RNG = onp.random.default_rng(0)
X, V = RNG.standard_normal((2, 4))
A = RNG.standard_normal((3, 4))


def tanh(x):
    return (1.0 - np.exp(-2 * x)) / (1.0 + np.exp(-2 * x))


def f(x):
    return np.tanh(np.dot(A, x))


def close(found, expected, **options):
    options = {"rtol": 1e-9, "atol": 1e-12} | options
    assert isinstance(found, (onp.ndarray, onp.floating)), type(found)
    assert onp.asarray(found).dtype == onp.float64
    onp.testing.assert_allclose(found, expected, **options)


# Functions of functions -----------------------------------------------------------------------------------------------


def test_the_gradient_of_a_function_is_a_function_of_numbers():
    close(grad(tanh)(1.0), 1 - onp.tanh(1) ** 2)
    close(grad(grad(tanh))(1.0), -2 * onp.tanh(1) * (1 - onp.tanh(1) ** 2))
    close(grad(lambda x: x**2)(3), 6)
    value, g = value_and_grad(lambda x, y: np.sum(x * y), 1)(X, V)
    close(value, X @ V)
    close(g, X)
    assert [type(part) for part in grad(lambda x, y: x * y, (0, 1))(2.0, 3.0)] == [onp.float64, onp.float64]
    close(grad(lambda x, y: x * y**2, argnum=1)(2.0, 3.0), 12)


def test_of_tensors_it_is_torchs():
    x = autograd.tensor([1.0, 2.0], requires_grad=True)
    (g,) = grad((x**2).sum(), x)
    assert g.tolist() == [2, 4]
    assert isinstance(grad(lambda x: (x**2).sum())(x.detach()), autograd.Tensor)
    with pytest.raises(TypeError, match="grad of a function is a function: call grad"):
        grad(lambda x: x, x)


def test_nests_give_nests_and_float32_stays_float32():
    found = grad(lambda p: np.sum(p["w"] * p["b"][0]) + p["b"][1])({"w": X, "b": [2.0, 1.0]})
    close(found["w"], onp.full(4, 2.0))
    close(found["b"][0], X.sum())
    close(found["b"][1], 1)
    assert grad(lambda x: np.sum(x**2))(X.astype(onp.float32)).dtype == onp.float32


def test_elementwise_derivatives_and_jacobians():
    slope = 1 - onp.tanh(X) ** 2
    close(elementwise_grad(tanh)(X), slope)
    close(deriv(tanh)(X), slope)
    close(elementwise_grad(elementwise_grad(tanh))(X), -2 * onp.tanh(X) * slope)
    by_hand = (1 - onp.tanh(A @ X) ** 2)[:, None] * A
    close(jacobian(f)(X), by_hand)
    close(jacobian(lambda k, x: f(x), 1)(0.0, X), by_hand)
    close(hessian(lambda x: np.sum(x**3))(X), onp.diag(6 * X))
    close(jacobian(lambda x: np.array([x[0] * x[1], 2.0, x[3]]))(X), [[X[1], X[0], 0, 0], [0] * 4, [0, 0, 0, 1]])


def test_products_with_jacobians_and_hessians():
    vjp, value = make_vjp(f)(X)
    close(value, onp.tanh(A @ X))
    jacobian_of_f = jacobian(f)(X)
    close(vjp(V[:3]), V[:3] @ jacobian_of_f)
    close(make_jvp(f)(X)(V)[1], jacobian_of_f @ V)
    close(tensor_jacobian_product(f)(X, V[:3]), V[:3] @ jacobian_of_f)
    loss = lambda x: np.sum(f(x) ** 2)  # noqa: E731
    matrix = hessian(loss)(X)
    close(hessian_vector_product(loss)(X, V), matrix @ V)
    hvp, gradient = make_hvp(loss)(X)
    close(hvp(V), matrix @ V)
    close(gradient, grad(loss)(X))


def test_gradients_with_something_else_and_by_name():
    g, aux = grad_and_aux(lambda x: (np.sum(x**2), x * 3))(X)
    close(g, 2 * X)
    close(aux, 3 * X)
    found = multigrad_dict(lambda a, b=2.0, *, c: a * b + c**2)(3.0, c=4.0)
    assert found == {"a": 2.0, "b": 3.0, "c": 8.0}


def test_a_function_without_a_single_number_says_what_it_gave():
    with pytest.raises(TypeError, match=r"shape \(3,\)"):
        grad(f)(X)
    with pytest.raises(TypeError, match="bool"):
        grad(lambda x: np.allclose(x, x))(X)
    with pytest.raises(TypeError, match="complex128"):
        grad(np.sum)(X + 1j)


# Its NumPy ------------------------------------------------------------------------------------------------------------


def test_numpy_is_numpy_with_traced_lists():
    assert np.pi == onp.pi and np.linalg.norm is onp.linalg.norm and npr.randn is np.random.randn is onp.random.randn
    assert type(np.array([1.0, 2.0])) is onp.ndarray and np.array([1.0]).dtype == onp.float64
    close(grad(lambda x: np.sum(np.array([[x, 1.0], [x * 2, x**2]])))(3.0), 9)
    close(grad(lambda x: np.var([x, 2 * x, 1.0]))(0.0), (-1 / 3) * 2 / 3 * 3 / 3 * (1 + 1) + 2 / 9 * 1, atol=1)
    close(grad(lambda x: np.sum(np.full((2, 3), x)))(1.0), 6)
    check_grads(lambda x: np.std([x, 2 * x, 1.0]))(0.3)


def test_logistic_regression_learns():
    inputs = np.array([[0.52, 1.12, 0.77], [0.88, -1.08, 0.15], [0.52, 0.06, -1.30], [0.74, -2.49, 1.39]])
    targets = np.array([True, True, False, True])

    def loss(weights):
        p = 0.5 * (np.tanh(np.dot(inputs, weights)) + 1)
        return -np.sum(np.log(p * targets + (1 - p) * (1 - targets)))

    weights = np.zeros(3)
    close(grad(loss)(weights), -2 * inputs.T @ (targets - 0.5))  # sigmoid(2z) at z = 0
    first = loss(weights)
    for _ in range(100):
        weights -= grad(loss)(weights) * 0.01
    assert type(weights) is onp.ndarray and loss(weights) < 0.2 * first


# extend ---------------------------------------------------------------------------------------------------------------


def log_sum_exp():
    @primitive
    def log_sum_exp(x, scale=1.0):
        top = x.max()
        return scale * (top + onp.log(onp.sum(onp.exp(x - top))))

    defvjp(
        log_sum_exp,
        lambda ans, x, scale=1.0: lambda g: g * scale * np.exp(x - ans / scale),
        lambda ans, x, scale=1.0: lambda g: g * ans / scale,
    )
    return log_sum_exp


def test_a_primitive_has_the_derivatives_it_was_given_to_any_order():
    function = log_sum_exp()
    e = onp.exp(X) / onp.exp(X).sum()
    assert type(function(X)) is onp.float64
    close(grad(function)(X), e)
    close(hessian(function)(X), onp.diag(e) - onp.outer(e, e))
    close(grad(lambda s: function(X, s))(2.0), onp.log(onp.exp(X).sum()))
    check_grads(function)(X, 2.0)


def test_rules_by_the_number_of_the_argument_and_those_that_are_missing():
    @primitive
    def product(x, y, z):
        return x * y * z

    with pytest.raises(NotImplementedError, match="'product' has no rule for argument 1"):
        grad(product, 1)(1.0, 2.0, 3.0)
    defvjp_argnum(product, lambda n, ans, args, kwargs: lambda g: g * ans / args[n])
    check_grads(product)(1.0, 2.0, 3.0)
    defvjp(product, lambda ans, x, y, z: lambda g: g * y * z, None, argnums=(0, 2))
    assert grad(product, (0, 2))(1.0, 2.0, 3.0) == (6.0, 0.0)


def test_what_is_not_traced_sees_arrays():
    seen = []
    watch = notrace_primitive(lambda x: seen.append(type(x)))

    def function(x):
        watch(x)
        assert isbox(x) and like_isinstance(x, onp.ndarray) and like_type(x) is onp.ndarray
        assert type(getval(x)) is onp.ndarray and not isbox(getval(x))
        return np.sum(x * getval(x))

    close(grad(function)(X), X)
    assert seen == [onp.ndarray]


def test_a_checkpoint_runs_again_in_the_backward_pass():
    runs = []

    def function(x):
        runs.append(1)
        return np.sin(np.exp(x))

    close(grad(lambda x: np.sum(checkpoint(function)(x)))(X), onp.cos(onp.exp(X)) * onp.exp(X))
    assert len(runs) == 2
    check_grads(checkpoint(function))(X)


# test_util, misc ------------------------------------------------------------------------------------------------------


def test_check_grads_finds_a_wrong_rule():
    @primitive
    def double(x):
        return 2.0 * x

    npr.seed(0)
    defvjp(double, lambda ans, x: lambda g: g * 2.001)
    with pytest.raises(AssertionError, match=r"\(VJP\) check of double failed"):
        check_grads(double, modes=["rev"])(1.0)
    with pytest.raises(AssertionError, match="Value mismatch"):
        check_grads(double, modes=["fwd"])(1.0)
    square = primitive(lambda x: x**2)
    defvjp(square, lambda ans, x: lambda g: g * 2.0 * getval(x))
    check_grads(square, modes=["rev"], order=1)(1.5)
    with pytest.raises(AssertionError):
        check_grads(square, modes=["rev"], order=2)(1.5)


def test_the_space_of_a_nest():
    space = vspace({"a": X, "b": [1.0]})
    assert space.size == 5 and len(list(space.standard_basis())) == 5
    check_equivalent(space.add(space.ones(), space.zeros()), space.ones())
    assert space == vspace(space.randn()) and space != vspace({"a": X})
    with pytest.raises(AssertionError, match="VSpace mismatch"):
        check_equivalent(X, X[:3])


@given(st.lists(shapes().flatmap(arrays), max_size=3))
def test_flatten_leads_back(parts):
    nest = {"z": parts, "a": (1.5, {"k": X})}
    vector, unflatten = flatten(nest)
    assert vector.shape == (sum(p.size for p in parts) + 5,)
    back = unflatten(vector)
    assert back["a"][0] == 1.5 and onp.array_equal(back["a"][1]["k"], X)
    assert all(onp.array_equal(a, b) for a, b in zip(back["z"], parts, strict=True))
    onp.testing.assert_array_equal(vector[0], 1.5)  # dicts are in the order of their keys
    double, _, _ = flatten_func(lambda n: {"a": n["a"], "z": [2 * p for p in n["z"]]}, nest)
    onp.testing.assert_array_equal(double(vector), vector * onp.r_[onp.ones(5), onp.full(vector.size - 5, 2)])


def test_gradients_flow_through_flatten():
    close(grad(lambda x: np.sum(flatten({"a": x, "b": [x * 2]})[0]))(X), onp.full(4, 3.0))


@pytest.mark.parametrize("optimize", [sgd, rmsprop, adam])
def test_optimisers_find_a_minimum_of_a_nest(optimize):
    seen = []
    loss = lambda p: np.sum((p["w"] - V) ** 2) + (p["b"][0] - 3.0) ** 2  # noqa: E731
    start = {"w": X, "b": [0.0]}
    found = optimize(
        lambda p, i: grad(loss)(p), start, callback=lambda p, i, g: seen.append((i, g)), num_iters=900, step_size=0.01
    )
    onp.testing.assert_allclose(found["w"], V, atol=0.02)
    onp.testing.assert_allclose(found["b"][0], 3.0, atol=0.02)
    assert seen[0][0] == 0 and seen[-1][0] == 899
    close(seen[0][1]["w"], 2 * (X - V))


def test_densities_of_scipy_have_derivatives():
    stats = pytest.importorskip("scipy.stats")
    from autograd.scipy import special
    from autograd.scipy.stats import norm

    close(norm.logpdf(X, 0.5, 2.0), stats.norm.logpdf(X, 0.5, 2.0))
    close(norm.cdf(X, 0.5, 2.0), stats.norm.cdf(X, 0.5, 2.0))
    close(norm.sf(X, 0.5, 2.0), stats.norm.sf(X, 0.5, 2.0))
    for density in (norm.pdf, norm.logcdf, norm.logsf):
        check_grads(density)(X, 0.3, 1.5)
    for function in (special.expit, special.erf, special.erfc):
        check_grads(function)(X)
    for function in (special.gammaln, special.gamma, special.psi, special.logit, special.erfinv):
        check_grads(function)(onp.abs(X) / 10 + 0.3)
    check_grads(special.logsumexp, 0)(A, 1, onp.exp(A), True)
    close(special.logsumexp(A, axis=0), onp.log(onp.exp(A).sum(0)))
    assert special.j0 is not None


# The name -------------------------------------------------------------------------------------------------------------


def test_nothing_of_it_is_loaded_before_it_is_named():
    program = "import sys, autograd, nn; print([m for m in sys.modules if m.startswith('autograd.hips')])"
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", program], cwd=root, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_name_that_nobody_has_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no_such_name"):
        _ = autograd.no_such_name
    with pytest.raises(ImportError):
        importlib.import_module("autograd.no_such_module")


def test_the_density_of_normal_vectors_has_derivatives():
    from autograd.scipy.stats import multivariate_normal

    root = np.random.default_rng(0).normal(size=(3, 3))
    cov, mean, x = root @ root.T + np.eye(3), np.array([0.5, -1.0, 2.0]), np.array([[1.0, 0.0, 1.0], [0.2, 0.1, -1.0]])
    d = x - mean
    exact = -0.5 * (np.einsum("ni,ij,nj->n", d, np.linalg.inv(cov), d) + np.log(np.linalg.det(2 * np.pi * cov)))
    close(multivariate_normal.logpdf(x, mean, cov), exact)
    close(multivariate_normal.pdf(x, mean, cov), np.exp(exact))
    close(multivariate_normal.entropy(mean, cov), 0.5 * np.log(np.linalg.det(2 * np.pi * np.e * cov)))
    independent = -0.5 * ((d**2).sum(1) / 0.7 + 3 * np.log(2 * np.pi * 0.7))
    close(multivariate_normal.logpdf(x, mean, 0.7), independent)
    close(multivariate_normal.logpdf(1.5, 1.0, 2.0), -0.5 * (0.125 + np.log(4 * np.pi)))
    gradient = grad(lambda m: multivariate_normal.logpdf(x[0], m, cov))(mean)
    close(gradient, np.linalg.solve(cov, d[0]))

"""Derivatives as functions: against NumPy, against each other, and nested."""

import numpy as np
import pytest

import autograd as ag

RNG = np.random.default_rng(0)
A = RNG.standard_normal((3, 4))
X = RNG.standard_normal(4)
V = RNG.standard_normal(4)
U = RNG.standard_normal(3)


def f(x):
    """R^4 -> R^3; its Jacobian is diag(1 - tanh^2) A."""
    return (ag.tensor(A) @ x).tanh()


def loss(x):
    return (f(x) ** 2).sum()


def jacobian_of_f():
    return (1 - np.tanh(A @ X) ** 2)[:, None] * A


def hessian_of_loss():
    """By central differences of the gradient 2 J^T tanh(A x)."""

    def gradient(x):
        t = np.tanh(A @ x)
        return A.T @ (2 * t * (1 - t * t))

    eps = 1e-6
    return np.stack([(gradient(X + eps * e) - gradient(X - eps * e)) / (2 * eps) for e in np.eye(4)], axis=1)


def x():
    return ag.tensor(X)


def test_the_jacobian_is_numpys():
    np.testing.assert_allclose(ag.jacobian(f, x()).numpy(), jacobian_of_f(), rtol=1e-12)


def test_vjp_and_jvp_are_products_with_the_jacobian():
    out, vjp = ag.vjp(f, x(), ag.tensor(U))
    np.testing.assert_allclose(out.numpy(), np.tanh(A @ X))
    np.testing.assert_allclose(vjp.numpy(), U @ jacobian_of_f(), rtol=1e-12)
    out, jvp = ag.jvp(f, x(), ag.tensor(V))
    np.testing.assert_allclose(out.numpy(), np.tanh(A @ X))
    np.testing.assert_allclose(jvp.numpy(), jacobian_of_f() @ V, rtol=1e-12)


def test_the_hessian_is_symmetric_and_hvp_is_its_product():
    hessian = ag.hessian(loss, x()).numpy()
    np.testing.assert_allclose(hessian, hessian_of_loss(), atol=1e-7)
    np.testing.assert_allclose(hessian, hessian.T, atol=1e-12)
    value, product = ag.hvp(loss, x(), ag.tensor(V))
    np.testing.assert_allclose(value.item(), (np.tanh(A @ X) ** 2).sum())
    np.testing.assert_allclose(product.numpy(), hessian @ V, rtol=1e-10)


def test_value_and_grad():
    value, g = ag.value_and_grad(loss)(x())
    np.testing.assert_allclose(value.item(), (np.tanh(A @ X) ** 2).sum())
    t = np.tanh(A @ X)
    np.testing.assert_allclose(g.numpy(), A.T @ (2 * t * (1 - t * t)), rtol=1e-12)
    assert not value.requires_grad and not g.requires_grad


def test_value_and_grad_by_several_arguments():
    value, (gx, gy) = ag.value_and_grad(lambda x, k, y: (x * y * k).sum(), argnums=(0, 2))(x(), 3, ag.tensor(V))
    np.testing.assert_allclose(gx.numpy(), 3 * V)
    np.testing.assert_allclose(gy.numpy(), 3 * X)


def test_value_and_grad_nests_to_third_derivatives():
    def derivative(g):
        return lambda x: ag.value_and_grad(g)(x)[1]

    third = derivative(derivative(derivative(lambda x: (x**5).sum())))
    at = ag.tensor([2.0], dtype=ag.float64, requires_grad=True)
    np.testing.assert_allclose(third(at).item(), 60 * 4.0)


def test_several_inputs_give_a_tuple_and_a_table():
    y = ag.tensor(V)

    def g(a, b):
        return a * b * b

    ja, jb = ag.jacobian(g, (x(), y))
    np.testing.assert_allclose(ja.numpy(), np.diag(V * V))
    np.testing.assert_allclose(jb.numpy(), np.diag(2 * X * V))
    table = ag.hessian(lambda a, b: g(a, b).sum(), (x(), y))
    np.testing.assert_allclose(table[0][0].numpy(), np.zeros((4, 4)))
    np.testing.assert_allclose(table[0][1].numpy(), np.diag(2 * V))
    np.testing.assert_allclose(table[1][0].numpy(), np.diag(2 * V))
    np.testing.assert_allclose(table[1][1].numpy(), np.diag(2 * X))
    _, (va, vb) = ag.vjp(g, (x(), y), ag.ones(4, dtype=ag.float64))
    np.testing.assert_allclose(va.numpy(), V * V)
    np.testing.assert_allclose(vb.numpy(), 2 * X * V)
    _, forward = ag.jvp(g, (x(), y), (ag.tensor(V), ag.tensor(X)))
    np.testing.assert_allclose(forward.numpy(), V * V * V + 2 * X * V * X)
    _, (ha, hb) = ag.hvp(lambda a, b: g(a, b).sum(), (x(), y), (ag.tensor(V), ag.tensor(X)))
    np.testing.assert_allclose(ha.numpy(), 2 * V * X)
    np.testing.assert_allclose(hb.numpy(), 2 * V * V + 2 * X * X)


def test_shapes_of_the_jacobian_are_those_of_output_and_input():
    m = ag.tensor(RNG.standard_normal((2, 3)))
    j = ag.jacobian(lambda m: m.t() @ m, m)
    assert j.shape == (3, 3, 2, 3)
    np.testing.assert_allclose(j.numpy()[0, 1], np.stack([m.numpy()[:, 1], m.numpy()[:, 0], 0 * m.numpy()[:, 0]], 1))


def test_a_function_that_does_not_depend_on_its_input_has_zeros():
    y = ag.tensor(V)
    assert not ag.jacobian(lambda a, b: a * 2, (x(), y))[1].any()
    assert not ag.hessian(lambda a: (a * 2).sum(), x()).any()
    assert not ag.hvp(lambda a: (a * 2).sum(), x(), y)[1].any()
    assert not ag.jvp(lambda a, b: b * 2, (x(), y), (y, ag.zeros(4, dtype=ag.float64)))[1].any()


def test_products_can_be_derived_with_create_graph():
    def directional(v):
        return ag.jvp(lambda x: (x**3).sum(), x(), v, create_graph=True)[1]

    np.testing.assert_allclose(ag.jacobian(directional, ag.tensor(V)).numpy(), 3 * X * X)
    inner = ag.jacobian(lambda x: ag.jacobian(lambda z: z**3, x, create_graph=True).sum(0), x())
    np.testing.assert_allclose(inner.numpy(), np.diag(6 * X), rtol=1e-12)


def test_the_inputs_are_left_alone():
    a = ag.tensor(X, requires_grad=True)
    ag.jacobian(f, a)
    ag.hvp(loss, a, ag.tensor(V))
    ag.vjp(f, a, ag.tensor(U))
    assert a.grad is None and a.is_leaf and np.array_equal(a.detach().numpy(), X)


def test_they_work_in_no_grad():
    with ag.no_grad():
        np.testing.assert_allclose(ag.jacobian(f, x()).numpy(), jacobian_of_f(), rtol=1e-12)
        np.testing.assert_allclose(ag.hvp(loss, x(), ag.tensor(V))[1].numpy(), hessian_of_loss() @ V, atol=1e-6)


def test_newtons_method_finds_the_minimum():
    at = ag.tensor([0.5, -0.5], dtype=ag.float64)

    def bowl(p):
        return ((p - ag.tensor([1.0, 2.0], dtype=ag.float64)) ** 4).sum() + (p**2).sum()

    for _ in range(30):
        _, g = ag.value_and_grad(bowl)(at)
        at = ag.tensor(at.numpy() - np.linalg.solve(ag.hessian(bowl, at).numpy(), g.numpy()))
    np.testing.assert_allclose(ag.value_and_grad(bowl)(at)[1].numpy(), 0, atol=1e-12)


def test_grad_of_something_without_a_graph_says_so():
    with pytest.raises(RuntimeError, match="requires no gradient"):
        ag.grad(ag.ones(1, requires_grad=True) * 2, ag.ones(1))
    with pytest.raises(RuntimeError, match="no graph behind it"):
        ag.grad(ag.ones(1), ag.ones(1, requires_grad=True))


def test_the_derivatives_of_a_constant_are_zeros():
    x, y = ag.tensor([1.0, 2.0]), ag.tensor([3.0])

    def constant(*_):
        return ag.ones(3)

    assert ag.jacobian(constant, x).tolist() == np.zeros((3, 2)).tolist()
    assert [j.tolist() for j in ag.jacobian(constant, (x, y))] == [np.zeros((3, 2)).tolist(), np.zeros((3, 1)).tolist()]
    assert ag.vjp(constant, x, ag.ones(3))[1].tolist() == [0, 0]
    assert ag.jvp(constant, x, x)[1].tolist() == [0, 0, 0]
    for f in (lambda x: ag.tensor(1.0), lambda x: x.sum()):
        assert ag.hessian(f, x).tolist() == [[0, 0], [0, 0]]
        assert ag.hvp(f, x, x)[1].tolist() == [0, 0]


def test_strict_asks_that_every_output_depends_on_every_input():
    a, b = ag.ones(2), ag.ones(2)
    pair = lambda a, b: (a * b, b * 2)  # noqa: E731
    for product in (ag.functional.jacobian, ag.functional.vjp):
        with pytest.raises(RuntimeError, match="strict: output 1 of the function does not depend on input 0"):
            product(pair, (a, b), strict=True)
    found = ag.functional.jacobian(pair, (a, b))
    assert found[1][0].tolist() == [[0.0, 0.0], [0.0, 0.0]]


def test_vectors_of_products_are_checked():
    with pytest.raises(RuntimeError, match="v is needed unless there is one output of one element"):
        ag.functional.vjp(ag.exp, ag.ones(3))
    with pytest.raises(RuntimeError, match=r"v has the shapes \[\(2,\)\], and the inputs \[\(3,\)\]"):
        ag.functional.jvp(ag.exp, ag.ones(3), ag.ones(2))


def test_what_grad_cannot_do_is_said():
    x = ag.ones(2, requires_grad=True)
    with pytest.raises(TypeError, match=r"call grad\(f\)\(x\), or grad\(f, n\)\(x, "):
        ag.grad(ag.exp, x)
    y = ag.ones(2, requires_grad=True)
    with pytest.raises(RuntimeError, match=r"no output depends on the inputs \[1\]"):
        ag.grad(x.sum(), [x, y])
    found = ag.grad(x.sum(), [x, y], materialize_grads=True)
    assert [g.tolist() for g in found] == [[1.0, 1.0], [0.0, 0.0]]

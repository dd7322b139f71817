"""torch.func and torch.autograd.functional: each program runs under both libraries, and gives the same."""

import inspect
from typing import Any

import numpy as np
import pytest

import autograd
import nn

torch = pytest.importorskip("torch")

RNG = np.random.default_rng(0)
X, V = RNG.standard_normal((2, 4))
A = RNG.standard_normal((3, 4))
BATCH = RNG.standard_normal((5, 4))
LABELS = RNG.standard_normal((5, 2))
W1, W2 = RNG.standard_normal((6, 4)), RNG.standard_normal((2, 6))


class Library:
    """One of the two libraries; `t` makes its tensor of an array."""

    def __init__(self, ag: Any, modules: Any, optim: Any) -> None:
        self.ag, self.nn, self.optim, self.func = ag, modules, optim, ag.func
        self.functional = ag.autograd.functional

    def t(self, array: Any, **keywords: Any) -> Any:
        return self.ag.tensor(array, **keywords)

    def mlp(self, seed: int = 0) -> Any:
        rng = np.random.default_rng(seed)
        model = self.nn.Sequential(self.nn.Linear(4, 6), self.nn.Tanh(), self.nn.Linear(6, 2)).double()
        with self.ag.no_grad():
            for p in model.parameters():
                p.copy_(self.t(rng.standard_normal(tuple(p.shape))))
        return model

    def params(self) -> dict:
        return {"first": {"w": self.t(W1)}, "second": [self.t(W2)]}


OURS, THEIRS = Library(autograd, nn, nn.optim), Library(torch, torch.nn, torch.optim)


def mlp(params: dict, x: Any) -> Any:
    return (params["first"]["w"] @ x).tanh() @ params["second"][0].t()


def squared_error(params: dict, x: Any, y: Any) -> Any:
    return ((mlp(params, x) - y) ** 2).sum()


def f(lib: Library) -> Any:
    """R^4 -> R^3."""
    return lambda x: (lib.t(A) @ x).tanh() * x[:3]


def scalar(lib: Library) -> Any:
    return lambda x: (f(lib)(x) ** 2).sum() + (x**3).prod()


def arrays_of(value: Any) -> Any:
    """Tensors as arrays, in dicts, lists and tuples."""
    if isinstance(value, dict):
        return {key: arrays_of(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [arrays_of(part) for part in value]
    return np.asarray(value.detach().numpy())


def same(ours: Any, theirs: Any) -> None:
    if isinstance(theirs, dict):
        assert list(ours) == list(theirs)
        ours, theirs = list(ours.values()), list(theirs.values())
    if isinstance(theirs, list):
        assert len(ours) == len(theirs)
        for a, b in zip(ours, theirs, strict=True):
            same(a, b)
    else:
        np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-9, strict=True)


PROGRAMS = {}


def program(function: Any) -> Any:
    PROGRAMS[function.__name__] = function
    return function


@program
def gradients(lib):
    g, x, y = lib.func, lib.t(X), lib.t(V)
    loss = lambda x, k, y: (x * y * k).sin().sum()  # noqa: E731
    return [
        g.grad(scalar(lib))(x),
        g.grad(loss, argnums=(0, 2))(x, 3, y),
        g.grad(loss, argnums=2)(x, 3, y),
        g.grad_and_value(scalar(lib))(x),
        g.grad(lambda x: (scalar(lib)(x), {"x": x * 2}), has_aux=True)(x),
        g.grad_and_value(lambda x: (scalar(lib)(x), x * 2), has_aux=True)(x),
        g.grad(squared_error)(lib.params(), x, lib.t(LABELS[0])),
        g.grad(lambda x: x.detach().sum() + x[0])(x),
    ]


@program
def products_in_both_directions(lib):
    g, x, v = lib.func, lib.t(X), lib.t(V)
    out, vjp = g.vjp(f(lib), x)
    two, of_two = g.vjp(lambda x, y: {"a": x * y, "b": [x.sum()]}, x, v)
    with_aux = g.vjp(lambda x: (x * 2, x.sum()), x, has_aux=True)
    return [
        [out, vjp(lib.t(V[:3])), vjp(lib.t(X[:3]))],
        [two, of_two({"a": lib.t(V), "b": [lib.t(2.0, dtype=lib.ag.float64)]})],
        [with_aux[0], with_aux[1](v), with_aux[2]],
        g.jvp(f(lib), (x,), (v,)),
        g.jvp(lambda x, y: {"a": x * y, "b": (x**2).sum()}, (x, v), (v, x)),
        g.jvp(lambda x: (x**2, x.sum()), (x,), (v,), has_aux=True),
        g.jvp(mlp, (lib.params(), x), (lib.params(), v)),
    ]


@program
def jacobians_and_hessians(lib):
    g, x, y = lib.func, lib.t(X), lib.t(V)
    pair = lambda x, y: (x * y.sum(), (x**2 * y)[:2])  # noqa: E731
    return [
        [j(f(lib))(x) for j in (g.jacrev, g.jacfwd)],
        [j(pair, argnums=(0, 1))(x, y) for j in (g.jacrev, g.jacfwd)],
        [j(pair, argnums=1)(x, y) for j in (g.jacrev, g.jacfwd)],
        [j(lambda m: m.t() @ m)(lib.t(A)) for j in (g.jacrev, g.jacfwd)],
        [j(mlp)(lib.params(), x) for j in (g.jacrev, g.jacfwd)],
        [j(lambda x: (x**2, x.sum()), has_aux=True)(x) for j in (g.jacrev, g.jacfwd)],
        g.hessian(scalar(lib))(x),
        g.hessian(lambda x, y: (x * y.exp()).sum(), argnums=(0, 1))(x, y),
    ]


@program
def nested_in_any_order(lib):
    g, x, v = lib.func, lib.t(X), lib.t(V)
    of = scalar(lib)
    push = lambda h: lambda x: g.jvp(h, (x,), (v,))[1]  # noqa: E731
    return [
        [outer(inner(of))(x) for outer in (g.jacfwd, g.jacrev) for inner in (g.jacfwd, g.jacrev, g.grad)],
        push(g.grad(of))(x),
        g.grad(push(of))(x),
        push(push(of))(x),
        push(push(push(of)))(x),
        g.jacfwd(g.hessian(of))(x),
        g.grad(lambda y: g.grad(lambda x: (x * y).prod())(x).sum())(v),
        g.grad(lambda y: g.vjp(f(lib), x)[1](y[:3])[0].sin().sum())(v),
        g.grad(lambda y: g.jvp(f(lib), (x,), (y,))[1].sin().sum())(v),
        g.grad(lambda a: a * g.grad(lambda b: a * b)(a))(lib.t(2.0, dtype=lib.ag.float64)),
    ]


@program
def beside_plain_gradients(lib):
    """What a function uses besides its arguments gets a gradient by `backward`, too."""
    w = lib.t(A, requires_grad=True)
    g = lib.func.grad(lambda x: (w @ x).tanh().pow(2).sum())(lib.t(X))
    (g**2).sum().backward()
    x = lib.t(X, requires_grad=True)
    lib.func.jvp(f(lib), (x,), (lib.t(V),))[1].sum().backward()
    constant = lib.func.grad(scalar(lib))(lib.t(X))
    with lib.ag.no_grad():
        inside = lib.func.grad(lambda x: (w @ x).sin().sum())(lib.t(X))
    assert g.requires_grad and not constant.requires_grad and not inside.requires_grad
    return [g, w.grad, x.grad, constant, inside]


@program
def torch_autograd_functional(lib):
    F, x, v, u = lib.functional, lib.t(X), lib.t(V), lib.t(V[:3])
    of = scalar(lib)
    pair = lambda x, y: (x * y.sum(), (x**2 * y)[:2])  # noqa: E731
    both = lambda x, y: (x * y.exp()).sum()  # noqa: E731
    return [
        F.vjp(f(lib), x, u),
        F.vjp(of, x),
        F.vjp(pair, (x, v), (v, x[:2])),
        F.jvp(f(lib), x, v),
        F.jvp(pair, (x, v), (v, x)),
        F.jacobian(f(lib), x),
        F.jacobian(f(lib), x, strategy="forward-mode", vectorize=True),
        F.jacobian(pair, (x, v)),
        F.hessian(of, x),
        F.hessian(both, (x, v)),
        F.hvp(of, x, v),
        F.hvp(both, (x, v), (v, x)),
        F.vhp(of, x, v),
        F.jacobian(lambda x: F.jacobian(f(lib), x, create_graph=True).sum(0), x),
        F.jacobian(lambda x: F.hvp(of, x, v, create_graph=True)[1], x),
    ]


@program
def modules_as_functions(lib):
    model, x = lib.mlp(), lib.t(BATCH)
    state = {name: p.detach() * 2 for name, p in model.named_parameters()}
    call = lib.func.functional_call
    tied = lib.nn.Sequential(lib.nn.Linear(4, 4), lib.nn.Linear(4, 4)).double()
    tied[1].weight = tied[0].weight
    biases = {"0.bias": lib.t(X), "1.bias": lib.t(V)}
    buffered = lib.nn.BatchNorm1d(4).double() if hasattr(lib.nn, "BatchNorm1d") else None
    before = [p.detach().clone() for p in model.parameters()]
    out = [
        call(model, state, x),
        call(model, state, (x,)),
        call(model, ({"0.weight": lib.t(W1)}, {"0.bias": lib.t(W1[:, 0])}), (x,)),
        call(tied, {"0.weight": lib.t(A.T @ A), **biases}, x),
        lib.func.grad(lambda s: call(model, s, (x,)).pow(2).sum())(state),
        before,
        list(model.parameters()),
    ]
    assert buffered is None or call(buffered, {"running_mean": lib.t(X)}, x).shape == (5, 4)
    return out


@program
def batches(lib):
    vmap, xs, v = lib.func.vmap, lib.t(BATCH), lib.t(V)
    dot = lambda a, b: (a * b).sum()  # noqa: E731
    return [
        vmap(dot)(xs, xs * 2),
        vmap(dot, in_dims=(0, None))(xs, v),
        vmap(dot, in_dims=(1, None))(xs, lib.t(BATCH[:, 0])),
        vmap(dot, in_dims=(-1, 1))(xs, xs),
        vmap(lambda x: (x * 2, {"sum": x.sum()}))(xs),
        vmap(lambda x: x * 2, out_dims=1)(xs),
        vmap(lambda x: (x * 2, x.sum()), out_dims=(-1, 0))(xs),
        vmap(lambda pair: pair["a"] @ pair["b"], in_dims=({"a": 0, "b": None},))({"a": xs, "b": v}),
        vmap(lambda x, w: w @ x, in_dims=(0, None))(xs, lib.t(A)),
        vmap(vmap(dot, in_dims=(0, None)), in_dims=(None, 0))(xs, xs),
        vmap(vmap(lambda a, b: a * b), in_dims=(1, 0))(xs, lib.t(BATCH.T)),
        vmap(lambda x, *, k: x * k)(xs, k=2),
        vmap(dot, chunk_size=2)(xs, xs),
        vmap(lib.ag.softmax, in_dims=(1, None), out_dims=1)(xs, 0),
        lib.ag.vmap(lambda x: lib.ag.stack([x, x.flip(0)]).t())(xs),
    ]


@program
def batches_of_derivatives(lib):
    g, xs, v = lib.func, lib.t(BATCH), lib.t(V)
    params, ys = lib.params(), lib.t(LABELS)
    leaf = lib.t(BATCH, requires_grad=True)
    g.vmap(scalar(lib))(leaf).pow(2).sum().backward()
    return [
        leaf.grad,
        g.vmap(g.grad(squared_error), in_dims=(None, 0, 0))(params, xs, ys),
        g.vmap(g.grad_and_value(squared_error), in_dims=(None, 0, 0))(params, xs, ys),
        g.grad(lambda p: g.vmap(squared_error, in_dims=(None, 0, 0))(p, xs, ys).mean())(params),
        g.vmap(g.jacrev(f(lib)))(xs),
        g.vmap(g.jacfwd(f(lib)))(xs),
        g.vmap(g.hessian(scalar(lib)))(xs),
        g.jacrev(g.vmap(scalar(lib)))(xs),
        g.vmap(lambda v: g.jvp(f(lib), (lib.t(X),), (v,))[1])(xs),
        g.vmap(g.vjp(f(lib), v)[1])(lib.t(BATCH[:, :3])),
    ]


# Worked examples ------------------------------------------------------------------------------------------------------


@program
def a_step_of_maml(lib):
    """Finn et al. 2017, algorithm 1: the gradient of the loss after a step of gradient descent, through that step."""
    xs, ys, params = lib.t(BATCH), lib.t(LABELS), lib.params()

    def loss(params, x, y):
        return lib.func.vmap(squared_error, in_dims=(None, 0, 0))(params, x, y).mean()

    def after_a_step(params):
        g = lib.func.grad(loss)(params, xs[:3], ys[:3])
        first = {"w": params["first"]["w"] - 0.05 * g["first"]["w"]}
        return loss({"first": first, "second": [params["second"][0] - 0.05 * g["second"][0]]}, xs[3:], ys[3:])

    return lib.func.grad_and_value(after_a_step)(params)


@program
def a_gradient_penalty(lib):
    """Gulrajani et al. 2017, equation 3: the critic's gradient by its input is kept at norm 1."""
    critic, x = lib.mlp(), lib.t(BATCH)
    state = dict(critic.named_parameters())
    slope = lib.func.grad(lambda x: lib.func.functional_call(critic, state, (x,)).sum())(x)
    penalty = ((slope.norm(dim=1) - 1) ** 2).mean()
    penalty.backward()
    return [penalty, [p.grad for p in list(critic.parameters())[:-1]]]


@program
def an_implicit_derivative(lib):
    """dz/dx of z = tanh(W z + x) / 2, found by iteration: (I - d/dz)^-1 d/dx, by the implicit function theorem."""
    w, x = lib.t(A[:, :3] / 4), lib.t(X[:3])
    step = lambda z, x: (w @ z + x).tanh() / 2  # noqa: E731
    z = lib.ag.zeros(3, dtype=lib.ag.float64)
    for _ in range(60):
        z = step(z, x)
    by_z, by_x = lib.func.jacrev(step, argnums=(0, 1))(z, x)
    system = np.eye(3) - by_z.numpy()
    implicit = lib.t(np.linalg.solve(system, by_x.numpy()))

    def unrolled(x):
        z = lib.ag.zeros(3, dtype=lib.ag.float64)
        for _ in range(60):
            z = step(z, x)
        return z

    explicit = lib.func.jacrev(unrolled)(x)
    np.testing.assert_allclose(implicit.numpy(), explicit.numpy(), atol=1e-12)
    return [z, implicit, explicit]


@program
def hessian_vector_products(lib):
    """Forward over reverse, reverse over forward and reverse over reverse; Pearlmutter 1994."""
    g, x, v, of = lib.func, lib.t(X), lib.t(V), scalar(lib)
    found = [
        g.jvp(g.grad(of), (x,), (v,))[1],
        g.grad(lambda x: g.jvp(of, (x,), (v,))[1])(x),
        g.vjp(g.grad(of), x)[1](v)[0],
        g.hessian(of)(x) @ v,
    ]
    for other in found[1:]:
        np.testing.assert_allclose(other.numpy(), found[0].numpy(), rtol=1e-10)
    return found


@program
def a_neural_tangent_kernel(lib):
    """Jacot et al. 2018: J(x1) J(x2)^T over all parameters, of each pair of examples."""
    params = lib.params()
    jacobians = [lib.func.vmap(lib.func.jacrev(mlp), in_dims=(None, 0))(params, lib.t(x)) for x in (BATCH, BATCH[:3])]
    pairs = [(j["first"]["w"], j["second"][0]) for j in jacobians]
    kernels = [lib.ag.einsum("naij,mbij->nmab", one, two) for one, two in zip(*pairs)]
    return [sum(kernels[1:], kernels[0])]


@program
def an_ensemble(lib):
    models = [lib.mlp(seed) for seed in range(3)]
    params, buffers = lib.func.stack_module_state(models)
    assert all(p.requires_grad and p.is_leaf for p in params.values()) and buffers == {}

    def call(params, x):
        return lib.func.functional_call(models[0], params, (x,))

    together = lib.func.vmap(call, in_dims=(0, None))(params, lib.t(BATCH))
    together.pow(2).sum().backward()
    same(arrays_of(together), np.stack([m(lib.t(BATCH)).detach().numpy() for m in models]))
    return [together, [p.grad for p in params.values()]]


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_gives_the_same_under_both_libraries(name: str) -> None:
    same(arrays_of(PROGRAMS[name](OURS)), arrays_of(PROGRAMS[name](THEIRS)))


@pytest.mark.parametrize("name", autograd.func.__all__)
def test_signatures_are_torchs(name: str) -> None:
    def parameters(function: Any) -> list:
        found = inspect.signature(function).parameters.values()
        return [(p.name, p.kind, p.default) for p in found if not p.name.startswith("_")]

    assert parameters(getattr(autograd.func, name)) == parameters(getattr(torch.func, name))


def both_raise(call: Any, kind: type[Exception] = RuntimeError) -> None:
    for lib in (OURS, THEIRS):
        with pytest.raises(kind):
            call(lib)


WRONG = {
    "a gradient of several numbers": lambda lib: lib.func.grad(f(lib))(lib.t(X)),
    "an aux that is not there": lambda lib: lib.func.grad(lambda x: x.sum(), has_aux=True)(lib.t(X)),
    "whole numbers": lambda lib: lib.func.grad(lambda x: x.sum())(lib.t([1, 2])),
    "tangents of another shape": lambda lib: lib.func.jvp(f(lib), (lib.t(X),), (lib.t(V[:3]),)),
    "cotangents of another shape": lambda lib: lib.func.vjp(f(lib), lib.t(X))[1](lib.t(V)),
    "no v for several outputs": lambda lib: lib.functional.vjp(f(lib), lib.t(X)),
    "a Hessian of several numbers": lambda lib: lib.functional.hessian(f(lib), lib.t(X)),
    "strict": lambda lib: lib.functional.vjp(lambda x, y: x.sum(), (lib.t(X), lib.t(V)), strict=True),
    "strict of a constant": lambda lib: lib.functional.jacobian(lambda x: lib.t(X), lib.t(X), strict=True),
    "examples of different counts": lambda lib: lib.func.vmap(lambda a, b: a * b)(lib.t(X), lib.t(V[:3])),
    "in_dims of another form": lambda lib: lib.func.vmap(lambda a, b: a * b, in_dims=(0,))(lib.t(X), lib.t(V)),
    "in_dims without examples": lambda lib: lib.func.vmap(lambda a: a, in_dims=None)(lib.t(X)),
    "a batch of numbers": lambda lib: lib.func.vmap(lambda a: a)(2.0),
    "random numbers": lambda lib: lib.func.vmap(lambda a: a * lib.ag.rand(3))(lib.t(X)),
    "an unknown randomness": lambda lib: lib.func.vmap(lambda a: a, randomness="some")(lib.t(X)),
    "a name that the module lacks": lambda lib: lib.func.functional_call(lib.mlp(), {"9.weight": 1}, lib.t(X)),
    "parameters that are missing": lambda lib: lib.func.functional_call(lib.mlp(), {}, lib.t(X), strict=True),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_torch_refuses_is_refused(name: str) -> None:
    both_raise(WRONG[name], Exception)


def test_a_module_has_its_own_parameters_again_after_a_call_that_failed() -> None:
    model = OURS.mlp()
    own = list(model.parameters())
    with pytest.raises(RuntimeError):
        autograd.func.functional_call(model, {"0.weight": OURS.t(W1 * 2)}, OURS.t(X[:3]))
    assert all(a is b for a, b in zip(model.parameters(), own, strict=True))


def test_random_numbers_differ_between_examples_or_are_the_same() -> None:
    xs = autograd.zeros(3, 2)
    draw = lambda x: x + autograd.rand(2)  # noqa: E731
    different = autograd.func.vmap(draw, randomness="different")(xs)
    assert len({tuple(row) for row in different.tolist()}) == 3
    autograd.manual_seed(0)
    same_numbers, after = autograd.func.vmap(draw, randomness="same")(xs), autograd.rand(1)
    autograd.manual_seed(0)
    once = autograd.rand(2)
    assert same_numbers.tolist() == [once.tolist()] * 3 and autograd.rand(1) == after

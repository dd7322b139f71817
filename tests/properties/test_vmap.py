"""`vmap` over every op of the table: what a loop over the examples gives, in values and gradients of both kinds."""

from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import autograd
from autograd.func import grad, jvp, vjp, vmap
from autograd.ops import OPS
from autograd.tensor import Tensor
from tests.properties.calls import Call, examples, is_float
from tests.properties.cases import CASES, FUNCTIONS

DERIVABLE = [name for name, op in OPS.items() if op.has_rules or op.reference]
OF_COMPLEX = {"imag", "real", "view_as_real"}  # whose arguments are complex: no gradient here starts at these
STEP = 1.0009  # from one example to the next


def batch_of(data: st.DataObject, name: str, call: Call) -> tuple[Any, list[Tensor], list]:
    """(The op as a function of its arrays, these arrays for three examples or for all, the in_dims)."""
    places = [i for i, a in enumerate(call.args) if isinstance(a, np.ndarray)]
    shared = data.draw(st.lists(st.booleans(), min_size=len(places), max_size=len(places)).filter(lambda s: not all(s)))
    wanted = [i for i in places if OPS[name].is_differentiable(i)]

    def function(*xs: Any) -> tuple:
        args = list(call.args)
        for i, x in zip(places, xs, strict=True):
            args[i] = x if i in wanted else x.detach()
        out = FUNCTIONS[name](*args, **call.keywords)
        return tuple(out) if isinstance(out, tuple) else (out,)

    tensors, dims = [], []
    for i, common in zip(places, shared, strict=True):
        array = call.args[i]
        dims.append(None if common else data.draw(st.integers(0, array.ndim)))
        three = [array, array * STEP, array * STEP**2] if is_float(array) else [array] * 3
        tensors.append(Tensor.wrap(array if common else np.stack(three, dims[-1])))
    return function, tensors, dims


def one_by_one(function: Any, tensors: list[Tensor], dims: list) -> tuple:
    rows = [
        function(*[t if d is None else t.select(d, i) for t, d in zip(tensors, dims, strict=True)]) for i in range(3)
    ]
    return tuple(autograd.stack(parts) for parts in zip(*rows, strict=True))


def same(found: Any, expected: Any) -> None:
    for a, b in zip(found, expected, strict=True):
        assert a.dtype == b.dtype and a.shape == b.shape
        np.testing.assert_allclose(a.detach().numpy(), b.detach().numpy(), rtol=1e-9, atol=1e-9)


def floats(outs: tuple) -> tuple:
    return tuple(out for out in outs if out.dtype.kind == "f")


def score(outs: tuple) -> Any:
    """A number whose gradient is another for each element."""
    return sum(((out + 0.5) ** 2).sum() for out in floats(outs))


@pytest.mark.parametrize("name", OPS)
@examples(8)
@given(data=st.data())
def test_a_batch_gives_what_a_loop_gives(name, data):
    function, tensors, dims = batch_of(data, name, data.draw(CASES[name]))
    same(vmap(function, tuple(dims))(*tensors), one_by_one(function, tensors, dims))


@pytest.mark.parametrize("name", [name for name in DERIVABLE if name not in OF_COMPLEX])
@examples(6)
@given(data=st.data())
def test_derivatives_within_a_batch_are_those_within_a_loop(name, data):
    function, tensors, dims = batch_of(data, name, data.draw(CASES[name]))

    kinds = [x.dtype.kind for x in tensors]

    def derivatives(*xs: Tensor) -> tuple:
        def of_floats(*of: Tensor) -> tuple:
            given = iter(of)
            return function(*[next(given) if kind == "f" else x for x, kind in zip(xs, kinds, strict=True)])

        at = tuple(x for x, kind in zip(xs, kinds, strict=True) if kind == "f")
        value, product = vjp(lambda *of: score(of_floats(*of)), *at)
        forward = jvp(lambda *of: floats(of_floats(*of)), at, tuple(x * 0 + 1.0 for x in at))[1]
        return (*product(value * 0 + 1.0), *forward)

    same(vmap(derivatives, tuple(dims))(*tensors), one_by_one(derivatives, tensors, dims))


@pytest.mark.parametrize("name", DERIVABLE)
@examples(6)
@given(data=st.data())
def test_gradients_through_a_batch_are_those_through_a_loop(name, data):
    function, tensors, dims = batch_of(data, name, data.draw(CASES[name]))
    places = tuple(i for i, x in enumerate(tensors) if x.dtype.kind == "f")
    together = grad(lambda *xs: score(vmap(function, tuple(dims))(*xs)), places)(*tensors)
    same(together, grad(lambda *xs: score(one_by_one(function, list(xs), dims)), places)(*tensors))


@pytest.mark.parametrize("name", DERIVABLE)
@examples(3)
@given(data=st.data())
def test_a_batch_of_upstream_gradients_gives_what_they_give_one_by_one(name, data):
    function, tensors, dims = batch_of(data, name, data.draw(CASES[name]))
    xs = [(t if d is None else t.select(d, 0)).detach() for t, d in zip(tensors, dims, strict=True)]
    inputs = [x.requires_grad_() for x in xs if x.dtype.kind in "fc"]
    outs = [out for out in function(*xs) if out.requires_grad]
    assume(outs)
    batches = [Tensor.wrap(np.random.default_rng(0).standard_normal((3, *out.shape)).astype(out.dtype)) for out in outs]
    options = {"retain_graph": True, "materialize_grads": True}
    rows = [autograd.grad(outs, inputs, [batch[i] for batch in batches], **options) for i in range(3)]
    found = autograd.grad(outs, inputs, batches, is_grads_batched=True, **options)
    same(found, [autograd.stack(parts) for parts in zip(*rows, strict=True)])


# How often the function runs ------------------------------------------------------------------------------------------


def counted(function: Any) -> tuple[Any, list]:
    calls: list = []

    def wrapper(*args: Any) -> Any:
        calls.append(args)
        return function(*args)

    return wrapper, calls


RNG = np.random.default_rng(0)
XS, YS = Tensor(RNG.standard_normal((5, 4))), Tensor(RNG.standard_normal((5, 3)))
WEIGHTS = Tensor(RNG.standard_normal((3, 4)))


def test_per_example_gradients_take_one_run():
    function, calls = counted(lambda w, x, y: ((w @ x).tanh() - y).pow(2).sum())
    found = vmap(grad(function), in_dims=(None, 0, 0))(WEIGHTS, XS, YS)
    assert len(calls) == 1 and not found.requires_grad
    same([found], [autograd.stack([grad(function)(WEIGHTS, x, y) for x, y in zip(XS, YS, strict=True)])])


def test_vmap_walks_back_once_through_a_graph_from_outside():
    x = XS[0].detach().requires_grad_()
    y = (x * x).cumsum(0)
    function, calls = counted(lambda v: autograd.grad(y, x, v)[0])
    found = vmap(function)(autograd.eye(4))
    assert len(calls) == 1 and not found.requires_grad
    same([found], [2 * x.detach() * autograd.ones(4, 4, dtype=x.dtype).tril()])
    with pytest.raises(RuntimeError, match="freed by an earlier backward pass"):
        autograd.grad(y.sum(), x)


def test_second_derivatives_of_operands_of_any_number_take_one_run():
    function, calls = counted(lambda x: autograd.einsum("i,i,i->", x, x, x))
    xs = XS.double()
    same([vmap(grad(lambda x: grad(function)(x).pow(2).sum()))(xs)], [36 * xs**3])
    assert len(calls) == 1


LOOKS = {
    "a condition": lambda x: x * 2 if x.sum() > 0 else -x,
    "a number": lambda x: x * x[0].item(),
    "a change in place": lambda x: (x * 1).mul_(x),
    "a write": lambda x: write(x * 1),
    "an ndarray": lambda x: x * float(x.detach().numpy().max()),
    "a backward pass": lambda x: autograd.grad((w := (x * 1).detach().requires_grad_()).pow(3).sum(), w)[0],
}


def write(x: Tensor) -> Tensor:
    x[0] = 7.0
    return x


@pytest.mark.parametrize("name", LOOKS)
def test_a_function_that_looks_at_elements_runs_for_each_example(name):
    function, calls = counted(LOOKS[name])
    found = vmap(function)(XS)
    assert len(calls) == 6  # once in vain
    same([found], [autograd.stack([LOOKS[name](x) for x in XS])])


def test_a_batch_within_a_batch_takes_one_run():
    function, calls = counted(lambda x, y: (x[:3] * y).exp().sum() + x.prod())
    found = vmap(vmap(function, in_dims=(None, 0)), in_dims=(0, None))(XS, YS)
    assert len(calls) == 1
    same([found], [autograd.stack([autograd.stack([function(x, y) for y in YS]) for x in XS])])


@pytest.mark.parametrize("x, y", [((5, 2, 4), (5, 4, 3)), ((5, 2, 4), (1, 4, 3)), ((5, 4), (5, 4, 3)), ((5, 4), (4,))])
def test_a_batch_of_factors_multiplies_one_stack_of_matrices(x, y):
    a, b = Tensor(RNG.standard_normal(x)), Tensor(RNG.standard_normal(y))
    np.testing.assert_allclose(vmap(autograd.matmul, (0, None))(a, b).numpy(), [(row @ b).numpy() for row in a], 1e-5)


@pytest.mark.parametrize("function", [autograd.tril, autograd.triu])
def test_vectors_of_a_batch_have_no_triangle(function):
    with pytest.raises(RuntimeError, match="2"):
        function(XS[0])
    with pytest.raises(RuntimeError, match="2"):
        vmap(function)(XS)


def test_an_error_of_the_function_is_its_own():
    with pytest.raises(ZeroDivisionError):
        vmap(lambda x: x / (1 // 0))(XS)
    assert autograd.ones(2).add(1).tolist() == [2, 2]

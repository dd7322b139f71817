"""Both directions of derivatives, of every op: products with the Jacobian and the Hessian agree with each other."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd.flows import pull, push
from autograd.func import grad, jvp, vjp
from autograd.graph import newest_first
from autograd.ops import OPS
from autograd.tensor import Tensor
from tests.properties.calls import OF_COMPLEX, Call, differentiable, examples
from tests.properties.cases import CASES, FUNCTIONS

DERIVABLE = [name for name, op in OPS.items() if (op.has_rules or op.reference) and name not in OF_COMPLEX]


def of_floats(name: str, call: Call) -> tuple[Any, list[Tensor]]:
    """The op as a function of the arguments by which it has a derivative, and these; it gives the outputs of floats."""
    places = differentiable(name, call)

    def function(*xs: Tensor) -> tuple:
        args = list(call.args)
        for i, x in zip(places, xs, strict=True):
            args[i] = x
        out = FUNCTIONS[name](*args, **call.keywords)
        return tuple(y for y in (out if isinstance(out, tuple) else (out,)) if y.dtype.kind == "f")

    return function, [Tensor(call.args[i], dtype=call.args[i].dtype) for i in places]


def directions(tensors: Any, seed: int) -> tuple:
    rng = np.random.default_rng(seed)
    return tuple(Tensor.wrap(np.asarray(rng.uniform(0.5, 1.5, t.shape), t.array.dtype)) for t in tensors)


def inner(ones: Any, others: Any) -> Any:
    return sum((a * b).sum() for a, b in zip(ones, others, strict=True))


@pytest.mark.parametrize("name", DERIVABLE)
@examples(10)
@given(data=st.data())
def test_the_two_products_with_the_jacobian_are_adjoint(name, data):
    function, xs = of_floats(name, data.draw(CASES[name]))
    v = directions(xs, 0)
    ys, forward = jvp(function, tuple(xs), v)
    u = directions(ys, 1)
    backward = vjp(function, *xs)[1](u)
    scale = sum(abs(a * b).sum().item() for a, b in zip(u, forward, strict=True)) + 1
    np.testing.assert_allclose(float(inner(u, forward)), float(inner(backward, v)), rtol=1e-9, atol=1e-9 * scale)


@pytest.mark.parametrize("name", DERIVABLE)
@examples(5)
@given(data=st.data())
def test_forward_over_reverse_is_reverse_over_forward(name, data):
    function, xs = of_floats(name, data.draw(CASES[name]))
    v, places = directions(xs, 0), tuple(range(len(xs)))
    u = directions(function(*xs), 1)

    def value(*xs: Tensor) -> Tensor:
        return inner(u, [y**2 for y in function(*xs)])

    one = jvp(grad(value, places), tuple(xs), v)[1]
    other = grad(lambda *xs: jvp(value, xs, v)[1], places)(*xs)
    for a, b in zip(one, other, strict=True):
        scale = abs(b).sum().item() + 1
        np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-7, atol=1e-9 * scale)


@pytest.mark.parametrize("name", DERIVABLE)
@examples(5)
@given(data=st.data())
def test_what_flows_through_each_node_is_what_flows_into_it(name, data):
    function, xs = of_floats(name, data.draw(CASES[name]))
    xs = [x.requires_grad_() for x in xs]
    root = inner(ys := function(*xs), directions(ys, 1)).node
    nodes = newest_first([root])
    rng = np.random.default_rng(0)
    tangents: dict[Any, Any] = {}
    for node in reversed(nodes):
        if node.op is None:
            tangents[node] = np.asarray(rng.uniform(0.5, 1.5, node.shape), node.dtype)
        else:
            tangents[node] = push(node, [parent and tangents[parent] for parent in node.parents])
    upstream: dict[Any, Any] = {root: np.ones(root.shape, root.dtype)}
    for node in nodes:
        u = upstream.pop(node, None)
        if node.op is None or u is None:
            continue
        parts = [(parent, g) for parent, g, _ in pull(node, u, set(nodes))]
        flows = [flow(g, tangents[parent]) for parent, g in parts]
        scale = max([abs(f) for f in flows], default=0) + 1
        np.testing.assert_allclose(sum(flows), flow(u, tangents[node]), rtol=1e-9, atol=1e-9 * scale)
        for parent, g in parts:
            before = upstream.get(parent)
            upstream[parent] = g if before is None else plus(before, g)


def flow(u: Any, t: Any) -> float:
    if isinstance(u, list):
        return sum(flow(a, b) for a, b in zip(u, t, strict=True) if a is not None)
    return float((u * t).sum())


def plus(a: Any, b: Any) -> Any:
    if isinstance(a, list):
        return [y if x is None else x if y is None else x + y for x, y in zip(a, b, strict=True)]
    return a + b

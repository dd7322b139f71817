"""`utils.checkpoint`: the gradients of the plain call, from a second call in the backward pass."""

from functools import partial

import numpy as np
import pytest
from autograd.utils.checkpoint import checkpoint, checkpoint_sequential
from hypothesis import given
from hypothesis import strategies as st

import autograd as torch
from autograd.errors import GraphError
from nn import functional as F


def loss(run, w, c, depth):
    """Blocks with dropout, two outputs, parameters of their own and a captured tensor that has a history."""
    torch.manual_seed(1)
    h, captured = (w @ w) * c.exp(), c * 2

    def block(x, y):
        return F.dropout((x @ w + captured * y).tanh(), 0.3), x.sin()

    for _ in range(depth):
        a, b = run(block, h, c.sin())
        h = a * b + captured
    return (h * h).sum()


def plain(function, *args):
    return function(*args)


@given(st.integers(0, 2**31), st.integers(1, 4), st.integers(1, 3))
def test_gradients_of_first_and_second_order_are_those_of_the_plain_call(seed, n, depth):
    rng = np.random.default_rng(seed)
    w, c = (torch.tensor(rng.uniform(-0.5, 0.5, shape), requires_grad=True) for shape in ((n, n), (n,)))
    found = []
    for run in (plain, checkpoint):
        first = torch.grad(loss(run, w, c, depth), [w, c], create_graph=True)
        second = torch.grad(sum((g * g).sum() for g in first), [w, c])
        leaf = torch.grad(loss(run, w, c, depth), [w, c])
        found.append([*first, *second, *leaf])
    for expected, actual in zip(*found, strict=True):
        np.testing.assert_allclose(actual.detach().numpy(), expected.detach().numpy(), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("segments", [1, 2, 3, 5])
def test_a_sequence_is_checkpointed_but_for_its_last_segment(segments):
    calls = []

    def layer(i, x):
        calls.append(i)
        return (x * (i + 1)).sin()

    x = torch.ones(3, requires_grad=True)
    out = checkpoint_sequential([partial(layer, i) for i in range(5)], segments, x, use_reentrant=False)
    before = len(calls)
    (found,) = torch.grad(out.sum(), [x])
    once = 5 // segments * (segments - 1)
    assert before == 5 and len(calls) == 5 + once
    for i in range(5):
        x = layer(i, x) if i else layer(i, y := torch.ones(3, requires_grad=True))
    assert found.equal(torch.grad(x.sum(), [y])[0])


def test_the_function_of_pytorchs_checkpoint_may_be_applied():
    x = torch.ones(3, requires_grad=True)
    out = torch.utils.checkpoint.CheckpointFunction.apply(lambda x, y: (x * y).sin(), True, x, 2.0)
    assert torch.grad(out.sum(), [x])[0].equal(2 * torch.cos(torch.full((3,), 2.0)))


def test_the_function_is_called_again_in_the_backward_pass_and_keeps_nothing_between():
    calls, made = [], []
    x = torch.ones(3, requires_grad=True)

    def f(x, scale):
        calls.append(1)
        y = x.exp()
        made.append(y.node)
        return (y * y * scale,)

    import weakref

    (out,) = checkpoint(f, x, scale=2.0, use_reentrant=False)
    kept = weakref.ref(made.pop())
    assert len(calls) == 1 and kept() is None
    out.sum().backward()
    assert len(calls) == 2
    np.testing.assert_allclose(x.grad.numpy(), 4 * np.exp(2.0) * np.ones(3), rtol=1e-6)
    with torch.no_grad():
        assert not checkpoint(f, x, scale=2.0)[0].requires_grad
    assert not checkpoint(f, torch.ones(2), scale=1.0)[0].requires_grad


def test_an_argument_that_was_changed_since_is_found():
    x = torch.ones(3, requires_grad=True)
    y = x * 1
    out = checkpoint(lambda t: t * t, y)
    y.mul_(2)
    with pytest.raises(GraphError, match="'checkpoint' saved for its backward"):
        out.sum().backward()

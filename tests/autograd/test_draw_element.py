"""One number of a tensor as a graph of numbers: the steps on its way to the loss, and what flows through them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import nn.functional as F
from autograd import manual_seed, randn, tensor
from autograd.draw.element import SHOWN, Element, opened
from autograd.draw.flow import contributions
from autograd.draw.steps import steps_behind
from autograd.function import Function
from autograd.tracing import trace
from models.config import GPTConfig
from models.gpt import GPT


def element(loss, names, name, index) -> Element:
    steps = steps_behind(loss, names)
    leaf = next(i for i, step in enumerate(steps) if step.name == name)
    return next(opened(steps, [(leaf, index)]))


def check(found: Element, rtol: float) -> None:
    """What arrives at each number adds up to its gradient, and the shares of all numbers of a cut to the whole."""
    last = {
        part.to: part for parts in reversed(contributions(found.steps, 0, found.parts.__getitem__)) for part in parts
    }
    numbers = [i for i, step in enumerate(found.steps[:-1]) if step.grad is not None]
    assert last.keys() == {*numbers}
    for i in numbers:
        scale = sum(abs(value) for parts in found.parts for to, value, _, _ in parts if to == i)
        assert last[i].after == pytest.approx(found.steps[i].grad, abs=rtol * scale), found.steps[i].title
        assert last[i].later == 0
    for parts, step in zip(found.parts, found.steps):
        for _, value, _, local in parts:
            assert local is None or value == pytest.approx(step.grad * local)


@given(st.integers(1, 5), st.integers(1, 4), st.integers(1, 5), st.data())
def test_what_flows_to_each_number_adds_up_to_its_gradient(n, i, o, data):
    manual_seed(data.draw(st.integers(0, 99)))
    names = {"x": randn(n, i).double(), "W": randn(o, i, requires_grad=True, dtype=np.float64)}
    with trace():
        hidden = F.linear(names["x"], names["W"])
        loss = (F.softmax(hidden.tanh() * hidden, -1) * (hidden * hidden)).square().sum()
        loss.backward()
    index = data.draw(st.tuples(st.integers(0, o - 1), st.integers(0, i - 1)))
    found = element(loss, names, "W", index)
    assert found.name == f"W{[*index]}" and found.gradient == names["W"].grad.numpy()[index]
    assert found.steps[0].title == found.name and found.steps[-1].grad == 1
    check(found, 1e-10)
    through = [step for step in found.steps if step.title.startswith(("hidden[", f"{n} others of hidden"))]
    assert len(through) == min(n, SHOWN), "only its row of the result depends on W[i, j]"


def test_few_numbers_of_each_tensor_are_shown_and_one_step_for_the_others():
    names = {"x": randn(20, 2), "W": randn(3, 2, requires_grad=True)}
    with trace():
        hidden = names["x"] @ names["W"].T
        loss = hidden.square().sum()
        loss.backward()
    found = element(loss, names, "W", (2, 1))
    products = names["x"].numpy()[:, 1] * 2 * (names["x"] @ names["W"].T).detach().numpy()[:, 2]
    largest = np.argsort(-abs(products))[:SHOWN]
    titles = [step.title for step in found.steps]
    assert [t for t in titles if t.startswith("hidden[")] == [f"hidden[{row}, 2]" for row in sorted(largest)]
    assert "17 others of hidden" in titles and "loss" in titles
    shares = [
        float(step.says[0].split()[1][:-1])
        for step in found.steps
        if step.title.startswith("hidden[") or step.title.endswith("of hidden")
    ]
    assert sum(shares) == pytest.approx(100, abs=0.3)


def test_an_element_of_a_gpt_is_opened_through_attention_and_several_outputs():
    manual_seed(0)
    model = GPT(GPTConfig(vocab_size=11, block_size=8, n_layer=2, n_head=2, n_embd=8)).double()
    tokens = tensor([[1, 2, 3, 4]])
    with trace():
        loss = model.loss(tokens, tokens)
        loss.backward()
    found = [*opened(steps_behind(loss, {}), [])]
    assert len(found) > 3 and max(len(one.steps) for one in found) > 100
    for one in found:
        check(one, 1e-8)
    assert any(step.title.startswith("q[0, ") for step in found[0].steps)


def test_what_the_loss_does_not_depend_on_is_not_opened():
    W = randn(2, 2, requires_grad=True)
    with trace():
        loss = (W[0] * 2).sum()
        loss.backward()
    steps = steps_behind(loss, {"W": W})
    with pytest.raises(ValueError, match=r"no graph can be drawn of W\[1, 0\]: its gradient is 0"):
        next(opened(steps, [(0, (1, 0))]))
    assert [one.name for one in opened(steps, [(0, (0, 1))])] == ["W[0, 1]"]


class Square(Function):
    """Its backward cannot be derived."""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return tensor(x.detach().numpy() ** 2)

    @staticmethod
    def backward(ctx, g):
        return tensor(g.detach().numpy() * 2 * ctx.saved_tensors[0].detach().numpy())


def test_where_the_flow_is_not_the_gradient_nothing_is_opened():
    W = randn(2, 2, requires_grad=True)
    with trace():
        squares = Square.apply(W).sum()
        loss = (W * 3).sum()
    squares.backward()
    assert [*opened(steps_behind(squares, {"W": W}), [])] == []
    W.grad = None
    loss.backward()
    assert len([*opened(steps_behind(loss, {"W": W}), [])]) == 1
    (W * 5).sum().backward()
    assert [*opened(steps_behind(loss, {"W": W}), [])] == [], "the gradient is that of two losses"

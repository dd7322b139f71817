"""Pictures of tensors: what a box says of an operation, its data, its gradient and what it saved."""

import numpy as np

import nn.functional as F
from autograd import ops, randn, tensor
from autograd.draw import picture
from autograd.tensor import Tensor
from autograd.tracing import trace
from tests.autograd.graphs import by_content, content


def layer() -> tuple[Tensor, dict[str, Tensor]]:
    named = {
        "weight": tensor(np.arange(6.0).reshape(3, 2) / 8, requires_grad=True),
        "bias": tensor(np.float32([0.5, -1.0, 1e-5]), requires_grad=True),
        "x": Tensor([[1.0, 2.0]]),
    }
    return ops.sum(ops.linear(named["x"], named["weight"], named["bias"])), named


def test_an_operation_on_tensors_is_one_box():
    out, named = layer()
    boxes, edges = by_content(out, names=named)
    weight = ("weight", "(3, 2) float64", "data 0.0000 … 0.6250")
    bias = ("bias", "(3,) float32", "data [0.5000, -1.0000, 1.000e-05]")
    linear, total = ("linear", "(1, 3) float64", "saved 8 B"), ("sum", "() float64", "data 2.5000")
    assert boxes == {("leaf", weight), ("leaf", bias), ("op", linear), ("op", total)}
    assert edges == {(weight, linear), (bias, linear), (linear, total)}


def test_at_the_zoom_of_scalars_a_tensor_is_a_box_behind_a_circle():
    out, named = layer()
    boxes, edges = by_content(out, names=named, zoom="scalars")
    assert {("circle", ("linear",)), ("value", ("(1, 3) float64",))} <= boxes
    assert (("linear",), ("(1, 3) float64",)) in edges


def test_leaves_show_their_gradient_and_their_data_where_it_is_known():
    out, named = layer()
    out.backward()
    boxes, _ = by_content(out)
    assert ("leaf", ("(3,) float32", "grad [1.0000, 1.0000, 1.0000]")) in boxes
    assert not [lines for _, lines in boxes if "weight" in lines]


def attention() -> Tensor:
    q, k, v = (randn(4, 8, requires_grad=True) for _ in range(3))
    with trace():
        scores = q @ k.T / 8**0.5
        weights = F.softmax(scores, -1)
        weights = weights * 2
        weights += 1
        first, second = (weights @ v).split(2)
        loss = F.cross_entropy(F.layer_norm(first + second, (8,)), tensor([1, 2]))
        loss.backward()
    return loss


def test_a_traced_operation_is_called_what_the_program_says():
    boxes = [box for box in picture(attention(), zoom="tensors").boxes if box.kind in ("op", "function")]
    assert [box.title for box in boxes] == [
        "k.T",
        "q @ k.T",
        "scores = q @ k.T / 8**0.5",
        "weights = F.softmax(scores, -1)",
        "weights = weights * 2",
        "weights += 1",
        "weights @ v",
        "first = (weights @ v).split(2)",
        "second = (weights @ v).split(2)",
        "first + second",
        "F.layer_norm(first + second, (8,))",
        "loss = F.cross_entropy",
    ]
    assert boxes[0].tip.startswith("test_draw_tensors.py:")


def test_a_trace_shows_data_gradients_inputs_and_what_was_saved():
    with trace():
        out, named = layer()
    out.backward()
    boxes, _ = by_content(out, names=named)  # what was saved is an input, which costs nothing
    lines = ("(1, 3) float64", "data [0.7500, 0.0000, 1.7500]", "grad [1.0000, 1.0000, 1.0000]")
    assert ("input", ("x", "(1, 2) float32", "data [1.0000, 2.0000]")) in boxes
    assert any(kind == "op" and found[1:] == lines for kind, found in boxes)


def test_the_backward_pass_of_tensors_says_what_each_rule_does_and_saved():
    with trace():
        out, named = layer()
    out.backward()
    boxes, edges = by_content(out, names=named, backward=True)
    linear = ("∂ ops.linear(…)", "(1, 3) float64", "grad [1.0000, 1.0000, 1.0000]")
    linear += ("d weight = matmul(rows(g).T, rows(x))", "d bias = g", "saved x (1, 2), 8 B")  # x needs no gradient
    bias = ("∂ bias", "(3,) float32", "grad [1.0000, 1.0000, 1.0000]")
    assert ("op", linear) in boxes and (linear, bias) in edges
    assert not [lines for kind, lines in boxes if kind == "input"]


def test_shared_data_of_a_traced_program_is_one_box():
    x, data = Tensor([1.0, 2.0], requires_grad=True), tensor([3, 4])
    with trace():
        out = (x * data + x * 10) * data
    drawn = picture(out)
    assert [content(box) for box in drawn.boxes if box.kind == "input"] == [("(2,) int64", "data [3, 4]")]
    assert len({box.id for box in drawn.boxes}) == len(drawn.boxes)


def test_a_tensor_without_a_graph_is_one_box():
    assert by_content(Tensor([1.0, 2.0])) == ({("input", ("(2,) float32", "data [1.0000, 2.0000]"))}, set())

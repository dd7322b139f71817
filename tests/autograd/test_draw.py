"""Graphs as pictures: what is in them, without the package graphviz and the program dot as well as with them."""

import shutil
import sys

import numpy as np
import pytest

from autograd import ops, tensor
from autograd.draw import draw, picture, save, to_dot
from autograd.scalar import Value
from autograd.tensor import Tensor
from autograd.tracing import trace


def neuron() -> tuple[Value, dict[str, Value]]:
    named = {"x": Value(0.0), "w": Value(-3.0), "b": Value(0.5)}
    out = (named["x"] * named["w"] + named["b"]).tanh()
    out.backward()
    return out, named


def by_fields(x, **options) -> tuple[set, set]:
    """The boxes as (kind, fields), and the edges as pairs of fields."""
    drawn = picture(x, **options)
    fields = {box.id: box.fields for box in drawn.boxes}
    assert len(fields) == len(drawn.boxes), "ids are unique"
    return {(box.kind, box.fields) for box in drawn.boxes}, {(fields[e.tail], fields[e.head]) for e in drawn.edges}


def test_a_value_is_a_box_of_data_and_grad_behind_the_circle_of_its_op():
    x = Value(2.0)
    y = x**3
    y.backward()
    boxes, edges = by_fields(y)
    leaf, op, out = ("data 2.0000", "grad 12.0000"), ("**3",), ("data 8.0000", "grad 1.0000")
    assert boxes == {("leaf", leaf), ("op", op), ("value", out)}
    assert edges == {(leaf, op), (op, out)}


def test_names_label_the_boxes():
    out, named = neuron()
    boxes, edges = by_fields(out, names={**named, "out": out})
    assert {fields[0] for kind, fields in boxes if kind == "leaf"} == {"x", "w", "b"}
    assert [fields[0] for kind, fields in boxes if kind == "value" and len(fields) == 3] == ["out"]
    assert (("b", "data 0.5000", f"grad {named['b'].grad:.4f}"), ("+",)) in edges


def test_names_of_values_elsewhere_do_no_harm():
    out, named = neuron()
    assert by_fields(out) == by_fields(out, names={"elsewhere": Value(1.0)})


def test_a_value_used_twice_is_one_box_and_one_arrow():
    x = Value(3.0)
    drawn = picture(x * x)
    assert len(drawn.boxes) == 3 and len(drawn.edges) == 2


def test_inputs_come_before_what_is_computed_from_them():
    out, _ = neuron()
    drawn = picture(out)
    place = {box.id: i for i, box in enumerate(drawn.boxes)}
    assert drawn.edges and all(place[edge.tail] < place[edge.head] for edge in drawn.edges)


def test_nested_values_show_their_number():
    boxes, _ = by_fields(Value(Value(2.0)))
    assert boxes == {("leaf", ("data 2.0000", "grad 0.0000"))}


@pytest.mark.parametrize(
    "number, shown",
    [(0.0, "0.0000"), (-1.25, "-1.2500"), (1e-7, "1.000e-07"), (2e9, "2.000e+09"), (float("inf"), "inf")],
)
def test_numbers_are_short_and_never_shown_as_zero(number, shown):
    assert ("leaf", (f"data {shown}", "grad 0.0000")) in by_fields(Value(number))[0]


def test_a_chain_of_100_000_ops_is_collected_without_recursion():
    y = Value(1.0)
    for _ in range(100_000):
        y = -y
    drawn = picture(y, max_nodes=200_000)
    assert len(drawn.boxes) == 200_001 and len(drawn.edges) == 200_000


def test_a_big_graph_is_cut_and_says_so():
    y = Value(1.0)
    for _ in range(2_000):
        y = -y
    drawn = picture(y, max_nodes=10)
    notes = [box for box in drawn.boxes if box.kind == "note"]
    assert [note.fields for note in notes] == [("… 1,991 older nodes, not drawn (max_nodes=10)",)]
    assert sum(box.kind == "value" for box in drawn.boxes) == 10
    ids = {box.id for box in drawn.boxes}
    assert all(edge.tail in ids and edge.head in ids for edge in drawn.edges)
    assert sum(edge.tail == notes[0].id for edge in drawn.edges) == 1
    assert not [box for box in picture(y, max_nodes=2_001).boxes if box.kind == "note"]


def test_dot_text_has_every_box_and_edge():
    out, named = neuron()
    drawn, text = picture(out, names=named), to_dot(out, names=named, rankdir="TB")
    assert text.startswith("digraph {\n") and text.endswith("}\n") and "rankdir=TB" in text
    assert all(f"\t{box.id} [label=" in text for box in drawn.boxes)
    assert all(f"\t{edge.tail} -> {edge.head}\n" in text for edge in drawn.edges)


def test_signs_that_mean_something_to_dot_are_escaped():
    x = Value(1.0)
    assert 'label="{ a\\|b \\{\\"\\<\\\\ | data' in to_dot(x, names={'a|b {"<\\': x})


def test_draw_gives_a_digraph_of_the_same_graph():
    graphviz = pytest.importorskip("graphviz")
    out, named = neuron()
    graph = draw(out, names=named, rankdir="TB")
    assert isinstance(graph, graphviz.Digraph)
    assert graph.source == to_dot(out, names=named, rankdir="TB")


@pytest.mark.skipif(shutil.which("dot") is None, reason="the program dot is not installed")
def test_with_dot_a_notebook_gets_svg_and_a_file_an_image(tmp_path):
    pytest.importorskip("graphviz")
    out, named = neuron()
    awkward = {'<b> & "q" | {x}': named["x"]}
    bundle = draw(out, names=awkward)._repr_mimebundle_()
    assert "<svg" in bundle["image/svg+xml"] and "&lt;b&gt;" in bundle["image/svg+xml"]
    assert save(out, tmp_path / "new" / "graph.svg").read_text().count("<ellipse") == 3
    assert save(out, tmp_path / "graph.png").read_bytes().startswith(b"\x89PNG")
    with pytest.raises(ValueError, match="dot could not write"):
        save(out, tmp_path / "graph.nonsense")


def test_without_dot_there_is_text_and_the_way_to_an_image(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    out, _ = neuron()
    with pytest.warns(UserWarning, match="apt-get install graphviz.*brew install graphviz"):
        written = save(out, tmp_path / "graph.png")
    assert written == tmp_path / "graph.dot" and written.read_text() == to_dot(out)
    pytest.importorskip("graphviz")
    bundle = draw(out)._repr_mimebundle_()
    assert "apt-get install graphviz" in bundle["text/plain"] and to_dot(out) in bundle["text/plain"]


def test_without_the_package_draw_names_the_extra_and_text_still_works(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "graphviz", None)
    out, _ = neuron()
    with pytest.raises(ImportError, match=r'pip install "chainrule\[draw\]"'):
        draw(out)
    assert save(out, tmp_path / "graph.dot").read_text() == to_dot(out)


def test_mistakes_are_named():
    with pytest.raises(TypeError, match="only a Value or a Tensor has a graph to draw, not a float"):
        picture(2.0)
    with pytest.raises(ValueError, match="rankdir must be one of LR, TB, RL, BT, got 'up'"):
        to_dot(Value(1.0), rankdir="up")
    with pytest.raises(ValueError, match="max_nodes must be at least 1"):
        picture(Value(1.0), max_nodes=0)
    with pytest.raises(ValueError, match="needs a suffix"):
        save(Value(1.0), "graph")


# Tensors --------------------------------------------------------------------------------------------------------------


def layer() -> tuple[Tensor, dict[str, Tensor]]:
    named = {
        "weight": tensor(np.arange(6.0).reshape(3, 2) / 8, requires_grad=True),
        "bias": tensor(np.float32([0.5, -1.0, 1e-5]), requires_grad=True),
        "x": Tensor([[1.0, 2.0]]),
    }
    return ops.sum(ops.linear(named["x"], named["weight"], named["bias"])), named


def test_a_tensor_is_a_box_of_name_shape_and_dtype():
    out, named = layer()
    boxes, edges = by_fields(out, names=named)
    weight = ("weight", "(3, 2) float64", "data 0.0000 … 0.6250")
    bias = ("bias", "(3,) float32", "data [0.5000, -1.0000, 1.000e-05]")
    assert {("leaf", weight), ("leaf", bias), ("op", ("linear",)), ("op", ("sum",))} <= boxes
    assert {(weight, ("linear",)), (bias, ("linear",)), (("linear",), ("(1, 3) float64",))} <= edges
    assert ("value", ("() float64", "data 2.5000")) in boxes


def test_leaves_show_their_gradient_and_their_data_where_it_is_known():
    out, named = layer()
    out.backward()
    boxes, _ = by_fields(out)
    assert ("leaf", ("(3,) float32", "grad [1.0000, 1.0000, 1.0000]")) in boxes
    assert not [fields for _, fields in boxes if "weight" in fields]


def test_a_trace_shows_data_gradients_inputs_and_the_line_of_the_program():
    with trace():
        out, named = layer()
    out.backward()
    drawn = picture(out, names=named)
    boxes = {(box.kind, box.fields) for box in drawn.boxes}
    value = ("(1, 3) float64", "data [0.7500, 0.0000, 1.7500]", "grad [1.0000, 1.0000, 1.0000]")
    assert ("input", ("x", "(1, 2) float32", "data [1.0000, 2.0000]")) in boxes
    assert ("value", value) in boxes
    assert any("test_draw.py" in box.tip for box in drawn.boxes if box.kind == "op")
    assert 'tooltip="' in to_dot(out)


def test_plain_numbers_and_shared_data_of_a_traced_program():
    x, data = Tensor([1.0, 2.0], requires_grad=True), tensor([3, 4])
    with trace():
        out = (x * data + x * 10) * data
    drawn = picture(out)
    inputs = [box.fields for box in drawn.boxes if box.kind == "input"]
    assert inputs == [("(2,) int64", "data [3, 4]"), ("10",)]
    assert len({box.id for box in drawn.boxes}) == len(drawn.boxes)


def test_a_tensor_without_a_graph_is_one_box():
    assert by_fields(Tensor([1.0, 2.0])) == ({("input", ("(2,) float32", "data [1.0000, 2.0000]"))}, set())


def test_a_long_chain_of_tensors():
    x = tensor(1.0, requires_grad=True)
    for _ in range(100_000):
        x = -x
    assert len(picture(x, max_nodes=200_000).boxes) == 200_001

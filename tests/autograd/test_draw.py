"""Graphs as pictures: what is in them, in text and as images, at each zoom."""

import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import nn
import nn.functional as F
from autograd import manual_seed, randn, tensor
from autograd.draw import draw, picture, render, save, to_dot
from autograd.draw.fold import repeats
from autograd.scalar import Value
from autograd.tracing import trace
from tests.autograd.graphs import by_content


def neuron() -> tuple[Value, dict[str, Value]]:
    named = {"x": Value(0.0), "w": Value(-3.0), "b": Value(0.5)}
    out = (named["x"] * named["w"] + named["b"]).tanh()
    out.backward()
    return out, named


# Scalars --------------------------------------------------------------------------------------------------------------


def test_a_value_is_a_box_of_data_and_grad_behind_the_circle_of_its_op():
    x = Value(2.0)
    y = x**3
    y.backward()
    boxes, edges = by_content(y)
    leaf, op, out = ("data 2.0000", "grad 12.0000"), ("**3",), ("data 8.0000", "grad 1.0000")
    assert boxes == {("leaf", leaf), ("circle", op), ("value", out)}
    assert edges == {(leaf, op), (op, out)}


def test_names_label_the_boxes():
    out, named = neuron()
    boxes, edges = by_content(out, names={**named, "out": out})
    assert {lines[0] for kind, lines in boxes if kind == "leaf"} == {"x", "w", "b"}
    assert [lines[0] for kind, lines in boxes if kind == "value" and len(lines) == 3] == ["out"]
    assert (("b", "data 0.5000", f"grad {named['b'].grad:.4f}"), ("+",)) in edges


def test_names_of_values_elsewhere_do_no_harm():
    out, named = neuron()
    assert by_content(out) == by_content(out, names={"elsewhere": Value(1.0)})


def test_the_variables_of_the_caller_are_names_and_given_names_come_first():
    height, weights = Value(2.0), [Value(3.0), Value(4.0)]
    product = height * weights[0] * weights[1]
    for text in (to_dot(product), draw(product).source):
        assert all(f"<b>{name}</b>" in text for name in ("height", "weights[0]", "weights[1]", "product"))
    assert "<b>h</b>" in to_dot(product, names={"h": height}) and "<b>height</b>" not in to_dot(
        product, names={"h": height}
    )


class Neuron:
    """A neuron as people write it, with its weights in attributes."""

    def __init__(self):
        self.w, self.b = [Value(1.0), Value(-1.0)], Value(0.5)

    def __call__(self, x):
        return Value.dot(self.w, x) + self.b

    def parameters(self):
        return [*self.w, self.b]


def test_attributes_are_names():
    net = Neuron()
    linear = nn.Linear(2, 1)
    assert all(f"<b>{name}</b>" in to_dot(net([2.0, 3.0])) for name in ("net.w[0]", "net.w[1]", "net.b"))
    assert all(f"<b>{name}</b>" in to_dot(linear(randn(1, 2))) for name in ("weight", "bias"))


def test_variables_that_are_large_or_go_in_circles_hide_no_names():
    large, circle, zoo = [*range(1_000_000)], [], {"weight": Value(2.0)}
    circle.append(circle)
    assert "<b>zoo['weight']</b>" in to_dot(zoo["weight"] * 2) and large and circle


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
    boxes, _ = by_content(Value(Value(2.0)))
    assert boxes == {("leaf", ("data 2.0000", "grad 0.0000"))}


@pytest.mark.parametrize(
    "number, shown",
    [(0.0, "0.0000"), (-1.25, "-1.2500"), (1e-7, "1.000e-07"), (2e9, "2.000e+09"), (float("inf"), "inf")],
)
def test_numbers_are_short_and_never_shown_as_zero(number, shown):
    assert ("leaf", (f"data {shown}", "grad 0.0000")) in by_content(Value(number))[0]


def test_the_backward_pass_leads_from_the_root_to_the_leaves_with_local_derivatives():
    x = Value(3.0)
    y = x * x + x
    y.backward()
    drawn = picture(y, {"x": x}, backward=True)
    assert drawn.boxes[0].title.startswith("The backward pass")
    assert [box.kind for box in drawn.boxes[1:]] == ["value", "circle", "value", "circle", "leaf"]
    (leaf,) = [box.id for box in drawn.boxes if box.title == "x"]
    assert sorted(edge.label for edge in drawn.edges if edge.head == leaf) == ["× 1", "× 3 + × 3"]
    place = {box.id: i for i, box in enumerate(drawn.boxes)}
    assert all(place[edge.tail] < place[edge.head] for edge in drawn.edges)
    assert 'label="× 1"' in to_dot(y, backward=True)


# Big graphs -----------------------------------------------------------------------------------------------------------


def loop(turns: int) -> Value:
    x, v = Value(1.0), Value(0.1)
    for _ in range(turns):
        x = x * 1.0001 + v
    x.backward()
    return x


@pytest.mark.parametrize("turns", [50, 33_000])
def test_a_long_loop_is_drawn_as_its_last_turn(turns):
    out = loop(turns)
    drawn = picture(out)
    assert [cluster.title for cluster in drawn.clusters] == [f"loop × {turns:,} (the last turn is shown)"]
    inside = [box for box in drawn.boxes if box.cluster]
    assert [box.title for box in inside if box.kind == "circle"] == ["×", "+"]
    assert inside[-1].lines == (f"data {out.data:.4f}", "grad 1.0000")
    assert len(drawn.boxes) == 7 and len(drawn.edges) == 6


def test_a_short_loop_is_drawn_as_it_is():
    assert not picture(loop(10)).clusters


def test_a_graph_that_does_not_repeat_is_cut_and_says_so():
    y = Value(1.0)
    for i in range(2_000):
        y = y**i
    drawn = picture(y, max_nodes=10)
    (note,) = [box for box in drawn.boxes if box.kind == "note"]
    assert note.title == "… 1,991 older nodes, not drawn (max_nodes=10)"
    assert sum(box.kind == "value" for box in drawn.boxes) == 10
    ids = {box.id for box in drawn.boxes}
    assert all(edge.tail in ids and edge.head in ids for edge in drawn.edges)
    assert sum(edge.tail == note.id for edge in drawn.edges) == 1
    assert not [box for box in picture(y, max_nodes=2_001).boxes if box.kind == "note"]


NOISE = st.lists(st.integers(0, 2), max_size=60)
BODIES = st.lists(st.integers(3, 8), min_size=1, max_size=5)


@given(NOISE, BODIES, st.integers(24, 40))
def test_repeats_are_found_and_are_repeats(noise, body, count):
    tokens = np.array([*noise, *body * count])
    found = repeats(tokens, np.ones(len(tokens), bool), 8)
    assert all(end <= start for end, start in zip([s + p * n for s, p, n in found], [s for s, _, _ in found][1:]))
    for start, period, times in found:
        assert times >= 3 and len({tuple(tokens[start + i * period :][:period]) for i in range(times)}) == 1
    assert sum(p * n for s, p, n in found if s >= len(noise)) == len(body) * count


def test_100_000_tensors_in_a_row():
    x = tensor(1.0, requires_grad=True)
    for _ in range(100_000):
        x = -x
    (cluster,) = picture(x).clusters
    assert cluster.title.startswith("loop × 100,000")


# Text and images ------------------------------------------------------------------------------------------------------


def test_dot_text_has_every_box_and_edge():
    out, named = neuron()
    drawn, text = picture(out, names=named), to_dot(out, names=named, rankdir="TB")
    assert text.startswith("digraph {\n") and text.endswith("}\n") and "rankdir=TB" in text
    assert all(f"\t{box.id} [" in text for box in drawn.boxes)
    assert all(f"\t{edge.tail} -> {edge.head}\n" in text for edge in drawn.edges)


def test_a_program_that_runs_twice_gives_the_same_text():
    def program() -> str:
        manual_seed(0)
        with trace():
            loss = F.cross_entropy(nn.Sequential(nn.Linear(3, 4), nn.ReLU())(randn(2, 3)), tensor([0, 1]))
            loss.backward()
        return to_dot(loss)

    assert program() == program()


def test_draw_and_save_give_the_same_picture(tmp_path):
    out, named = neuron()
    awkward = {'<b> & "q" | {x} \\': named["x"]}
    drawing = draw(out, names=awkward, rankdir="TB")
    shown = drawing._repr_mimebundle_()
    assert drawing.source == str(drawing) == to_dot(out, names=awkward, rankdir="TB")
    assert "&lt;b&gt; &amp; &quot;q&quot; | {x} \\" in shown["image/svg+xml"]
    assert shown["image/svg+xml"].count("<ellipse") == 3
    file = save(out, tmp_path / "new" / "graph.svg", names=awkward, rankdir="TB")
    assert file.read_text(encoding="utf-8") == shown["image/svg+xml"]
    assert save(out, tmp_path / "graph.png").read_bytes().startswith(b"\x89PNG")


def test_a_kind_of_image_that_the_renderer_does_not_write_is_named(tmp_path):
    with pytest.raises(ValueError, match=r"could not write \.nonsense"):
        save(Value(1.0), tmp_path / "graph.nonsense")
    assert not (tmp_path / "graph.nonsense").exists()


def test_without_a_renderer_text_still_works_and_an_image_names_the_pip_command(tmp_path, monkeypatch):
    monkeypatch.setattr(render, "renderer", lambda: None)
    monkeypatch.setattr(sys.modules["autograd.draw"], "renderer", lambda: None)
    out, _ = neuron()
    with pytest.raises(ImportError, match=r'pip install "chainrule\[draw\]"'):
        save(out, tmp_path / "graph.svg")
    shown = draw(out)._repr_mimebundle_()
    assert set(shown) == {"text/plain"} and 'pip install "chainrule[draw]"' in shown["text/plain"]
    assert save(out, tmp_path / "graph.dot").read_text(encoding="utf-8") == to_dot(out)


def test_mistakes_are_named():
    with pytest.raises(TypeError, match="only a Value or a Tensor has a graph to draw, not a float"):
        picture(2.0)
    with pytest.raises(ValueError, match="rankdir must be one of LR, TB, RL, BT, got 'up'"):
        to_dot(Value(1.0), rankdir="up")
    with pytest.raises(ValueError, match="zoom must be one of scalars, tensors, modules, got 'layers'"):
        draw(Value(1.0), zoom="layers")
    with pytest.raises(ValueError, match="max_nodes must be at least 1, got 0"):
        picture(Value(1.0), max_nodes=0)
    with pytest.raises(ValueError, match="depth must be at least 0, got -1"):
        picture(Value(1.0), depth=-1)
    with pytest.raises(ValueError, match="needs a suffix"):
        save(Value(1.0), "graph")

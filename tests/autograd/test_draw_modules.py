"""Modules in pictures: frames, folding, repeats, and what a module costs."""

import pytest

import nn
import nn.functional as F
from autograd import Tensor, cat, manual_seed, randn, tensor
from autograd.draw import picture, to_dot
from autograd.draw.fold import Tree
from autograd.draw.labels import figure_lines, shape_line
from autograd.draw.steps import steps_behind
from autograd.draw.words import amount, byte_count
from autograd.errors import ShapeError
from autograd.tracing import name_axes, trace
from models.config import GPTConfig
from models.gpt import GPT


class Residual(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(4, 4)

    def forward(self, x):
        return x + F.relu(self.layer(x))


class Net(nn.Module):
    def __init__(self, blocks: int = 5):
        super().__init__()
        self.blocks = nn.ModuleList([Residual() for _ in range(blocks)])
        self.head = nn.Linear(4, 2)

    def forward(self, x):
        for block in self.blocks:
            x = block(x)
        return self.head(x)


def traced(model: nn.Module, x: Tensor) -> Tensor:
    with trace():
        loss = F.cross_entropy(model(x), tensor([0, 1]))
        loss.backward()
    return loss


def test_identical_modules_in_a_row_are_drawn_once():
    drawn = picture(traced(Net(), randn(2, 4)))
    assert [cluster.title for cluster in drawn.clusters] == [
        "Net",
        "blocks.0 … blocks.4: Residual × 5 (blocks.0 is shown)",
        "head: Linear",
        "layer: Linear",
    ]
    around = {cluster.id: cluster.cluster for cluster in drawn.clusters}
    net, blocks, head, linear = around
    assert around == {net: "", blocks: net, head: net, linear: blocks}
    assert [(box.title, box.cluster) for box in drawn.boxes if box.kind == "leaf"] == [
        (name, cluster) for cluster in (linear, head) for name in ("weight", "bias")
    ]


def test_titles_of_frames_are_above_what_is_in_them_and_of_many_below_what_leads_in():
    def hidden(model) -> list[str]:
        lines = to_dot(traced(model, randn(2, 4)), depth=9).splitlines()
        return [line.split(" [")[0].strip() for line in lines if line.endswith("[style=invis]")]

    few, many = hidden(Net(3)), hidden(nn.Sequential(*[nn.Linear(4, 4), nn.Tanh()] * 5))
    assert few and all(line.startswith("t") for line in few)
    assert [line for line in many if not line.startswith("t")]


def test_depth_says_how_many_modules_within_each_other_are_open():
    loss = traced(Net(), randn(2, 4))
    closed = picture(loss, depth=0)
    assert [box.title for box in closed.boxes if box.kind == "module"] == ["Net"] and not closed.clusters
    assert closed.boxes[0].title.endswith("drawn folded: depth=1 shows more")
    (block,) = [box for box in picture(loss, depth=1).boxes if "Residual" in box.title]
    assert block.title == "blocks.0 … blocks.4: Residual × 5"
    assert block.lines[:2] == ("3 operations each", "20 parameters, 32 multiply-adds")
    whole = picture(loss, depth=9)
    assert not [box for box in whole.boxes if box.kind in ("module", "note")]


def test_any_of_identical_modules_is_drawn_by_itself_when_it_is_named():
    loss = traced(Net(9), randn(2, 4))
    drawn = picture(loss, depth=1, unfold=["blocks.4"])
    modules = [box.title for box in drawn.boxes if box.kind == "module"]
    first, inside, second, head = modules
    assert [first, second] == ["blocks.0 … blocks.3: Residual × 4", "blocks.5 … blocks.8: Residual × 4"]
    assert [inside, head] == ["layer: Linear", "head: Linear"]
    assert [cluster.title for cluster in drawn.clusters] == ["Net", "blocks.4: Residual"]
    with pytest.raises(ValueError, match=r"there is no module 'blocks.9' in the graph"):
        picture(loss, unfold=["blocks.9"])


def test_what_is_in_view_hangs_together_at_every_depth():
    loss = traced(Net(), randn(2, 4))
    for depth, unfold in ((0, ()), (1, ()), (2, ()), (3, ()), (1, ["blocks.1"])):
        drawn = picture(loss, depth=depth, unfold=unfold)
        around = {box.id: {box.id} for box in drawn.boxes}
        for edge in drawn.edges:
            joined = around[edge.tail] | around[edge.head]
            around |= dict.fromkeys(joined, joined)
        assert len(around[drawn.boxes[-1].id]) == sum(box.kind != "note" for box in drawn.boxes)


def test_a_module_that_is_called_twice_is_two():
    model = nn.Linear(4, 4)
    with trace():
        x = randn(2, 4)
        out = model(model(x)).sum()
    drawn = picture(out)
    assert [cluster.title for cluster in drawn.clusters] == ["Linear", "Linear"]
    assert {box.cluster for box in drawn.boxes if box.kind == "leaf"} == {""}, "its weights belong to both"


def test_outputs_of_one_operation_keep_their_names():
    x = randn(2, 6, requires_grad=True)
    with trace():
        q, k, v = x.chunk(3, -1)
        out = cat([q * k, v])
        loss = (out * out).sum()
    titles = [box.title for box in picture(loss).boxes]
    assert [title for title in titles if "chunk" in title] == [f"{name} = x.chunk(3, -1)" for name in "qkv"]


# Figures --------------------------------------------------------------------------------------------------------------


def small_gpt() -> GPT:
    manual_seed(0)
    return GPT(GPTConfig(vocab_size=11, block_size=8, n_layer=2, n_head=2, n_embd=8))


def test_the_figures_of_modules_are_those_of_the_summary():
    model, tokens = small_gpt(), tensor([[1, 2, 3, 4], [5, 6, 7, 8]])
    rows = {row.name: row for row in nn.summary(model, tokens).rows}
    with trace():
        out = model(tokens)
    steps = steps_behind(out, {})
    tree = Tree(steps, loops=False)
    found = 0
    for group in tree.walk():
        path = [call.name for call in tree.steps[max(tree.steps_in(group))].path][: group.depth]
        if group.foldable and group.call.kind != "function":
            row = rows[".".join(path[1:])]
            text = ", ".join(figure_lines(tree, group))
            for figure in (f"{amount(row.parameters)} parameters", f"{amount(row.multiply_adds)} multiply-adds"):
                assert (figure in text) == (figure[0] != "0"), (row, text)
            for figure in (f"activations {byte_count(row.activations)}", f"saved {byte_count(row.saved)}"):
                assert (figure in text) == (not figure.endswith(" 0 B")), (row, text)
            found += 1
    assert found > 15


# Axes -----------------------------------------------------------------------------------------------------------------


def test_axes_that_a_model_names_are_shown_and_handed_on():
    model, tokens = small_gpt(), tensor([[1, 2, 3, 4], [5, 6, 7, 8]])
    with trace():
        loss = model.loss(tokens, tokens)
    steps = [step for step in steps_behind(loss, {}) if step.kind == "op"]
    assert all(not step.axes or len(step.axes) == len(step.shape) for step in steps)
    lines = {(step.name or step.title): shape_line(step) for step in steps}
    heads = "(B=2, H=2, T=4, D=4) float32"
    assert [lines[name] for name in ("q", "k", "v", "F.attention")] == [heads] * 4
    assert lines["+"] == lines["F.layer_norm"] == "(B=2, T=4, C=8) float32"
    assert lines["joined heads"] == "(B=2, T=4, 8) float32" and lines["flatten"] == "(8, 11) float32"
    assert [shape_line(s) for s in steps if s.title == "F.linear"][-1] == "(B=2, T=4, V=11) float32"


def test_names_for_another_number_of_axes_are_refused():
    x = randn(2, 3, requires_grad=True)
    name_axes("B T C", x)  # outside of a trace nothing looks at them
    with trace(), pytest.raises(ShapeError, match=r"'B T C' names 3 axes, but the tensor has the shape \(2, 3\)"):
        name_axes("B T C", x * 2)

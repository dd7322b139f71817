"""From boxes and edges to DOT, the language of Graphviz: https://graphviz.org/doc/info/lang.html"""

from __future__ import annotations

from autograd.draw.picture import Box, Picture

STYLES = {
    "leaf": 'shape=record, style=filled, fillcolor="#e8f0fe"',
    "input": 'shape=record, style=filled, fillcolor="#f3f3f3"',
    "value": "shape=record",
    "op": "shape=ellipse",
    "note": "shape=plaintext, fontcolor=gray40",
}
DIRECTIONS = ("LR", "TB", "RL", "BT")


def dot_lines(picture: Picture, rankdir: str) -> list[str]:
    """The body of a digraph, a line a statement."""
    if rankdir not in DIRECTIONS:
        raise ValueError(f"rankdir must be one of {', '.join(DIRECTIONS)}, got {rankdir!r}")
    lines = [f"rankdir={rankdir}", 'node [fontname="Helvetica", fontsize=11]', "edge [arrowsize=0.7]"]
    lines += [_statement(box) for box in picture.boxes]
    lines += [f"{edge.tail} -> {edge.head}" for edge in picture.edges]
    return [f"\t{line}\n" for line in lines]


def _statement(box: Box) -> str:
    style = STYLES[box.kind]
    label = " | ".join(_escaped(field, in_record="shape=record" in style) for field in box.fields)
    label = f"{{ {label} }}" if "shape=record" in style else label
    tip = f', tooltip="{_escaped(box.tip)}"' if box.tip else ""
    return f'{box.id} [label="{label}", {style}{tip}]'


def _escaped(text: str, in_record: bool = False) -> str:
    """Text as it may stand between quotes, and within a record also free of the signs that divide one."""
    text = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    if in_record:
        for sign in "{}|<>":
            text = text.replace(sign, "\\" + sign)
    return text

"""From boxes and edges to DOT, the language of Graphviz: https://graphviz.org/doc/info/lang.html"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator

from autograd.draw.picture import Box, Edge, Picture

STYLES = {
    "leaf": ("#e3edfd", "#4a7dc9"),
    "input": ("#f1f1f1", "#8a8a8a"),
    "value": ("#ffffff", "#777777"),
    "op": ("#fff6e5", "#c98d1f"),
    "function": ("#fff6e5", "#c98d1f"),
    "module": ("#e7f5ec", "#3c9460"),
    "circle": ("#fff6e5", "#c98d1f"),
}
CLUSTERS = ("#fafbfc", "#f1f4f7")  # by depth, in turn
DIRECTIONS = ("LR", "TB", "RL", "BT")
BESIDE = 8  # clusters, beyond which they stand below each other
MANY = 80  # edges, beyond which Graphviz must not look for the very best places


def to_text(picture: Picture, rankdir: str) -> str:
    """A digraph of the picture."""
    if rankdir not in DIRECTIONS:
        raise ValueError(f"rankdir must be one of {', '.join(DIRECTIONS)}, got {rankdir!r}")
    return "digraph {\n" + "".join(f"\t{line}\n" for line in _lines(picture, rankdir)) + "}\n"


def _lines(picture: Picture, rankdir: str) -> Iterator[str]:
    yield f"rankdir={rankdir}; nodesep=0.25; ranksep=0.35; pad=0.2; labeljust=l"
    yield 'fontname="Helvetica"; fontsize=12; fontcolor="#444444"'
    if len(picture.edges) > MANY:
        yield "nslimit=2; nslimit1=2; mclimit=0.5"
    yield 'node [fontname="Helvetica", fontsize=11, fontcolor="#222222"]'
    yield 'edge [arrowsize=0.6, color="#888888"]'
    inside: dict[str, list[str]] = {"": []}
    joined = {edge.tail for edge in picture.edges}
    for box in picture.boxes:
        if box.kind == "note" and box.id not in joined:
            text = "".join([_escaped(line) + "\\l" for line in box.title.splitlines()])
            yield f'label="{text}"; labelloc=t'
            continue
        inside.setdefault(box.cluster, []).append(_statement(box))
    nested: dict[str, list[int]] = {}
    for number, cluster in enumerate(picture.clusters):
        nested.setdefault(cluster.cluster, []).append(number)
    yield from inside[""]
    waiting: list[int | None] = [*reversed(nested.get("", []))]
    depth = 0
    while waiting:
        if (i := waiting.pop()) is None:  # the end of a cluster
            depth -= 1
            yield "}"
            continue
        cluster = picture.clusters[i]
        color = CLUSTERS[depth % 2]
        depth += 1
        yield f"subgraph cluster_{cluster.id} {{"
        yield f'label=""; style="rounded,filled"; color="#c5ccd3"; fillcolor="{color}"'
        title = _label(cluster.title, cluster.lines)
        yield f't{cluster.id} [shape=plaintext, margin="0,0", height=0, label=<{title}>]'
        yield from inside.get(cluster.id, [])
        waiting += [None, *reversed(nested.get(cluster.id, []))]
    yield from _below_titles(picture)
    largest = max((edge.gradient or 0.0 for edge in picture.edges if math.isfinite(edge.gradient or 0.0)), default=0.0)
    yield from (_edge(edge, largest) for edge in picture.edges)


def _below_titles(picture: Picture) -> Iterator[str]:
    """The title of a cluster is a node, around which edges are led; what begins in the cluster stands below it.

    Where there are many clusters, a title is also below what leads into its cluster: they do not stand side by side.
    """
    around = {cluster.id: cluster.cluster for cluster in picture.clusters}
    home = {box.id: box.cluster for box in picture.boxes}

    def clusters(box: str) -> list[str]:
        found, cluster = [], home[box]
        while cluster:
            found.append(cluster)
            cluster = around[cluster]
        return found

    fed: set[tuple[str, str]] = set()  # boxes, and clusters that hold an operand of theirs
    pairs: dict[tuple[str, str], None] = {}
    for edge in picture.edges:
        inside = clusters(edge.tail)
        fed |= {(edge.head, cluster) for cluster in inside}
        entered = [cluster for cluster in clusters(edge.head) if cluster not in inside]
        if entered and len(picture.clusters) > BESIDE:
            pairs[edge.tail, f"t{entered[-1]}"] = None
    for inner, outer in [*around.items(), *home.items()]:
        if outer and (inner, outer) not in fed:
            pairs[f"t{outer}", f"t{inner}" if inner in around else inner] = None
    yield from (f"{tail} -> {head} [style=invis]" for tail, head in pairs)


def _statement(box: Box) -> str:
    tip = f', tooltip="{_escaped(box.tip)}"' if box.tip else ""
    if box.kind == "note":
        return f'{box.id} [shape=plaintext, fontcolor="#777777", label="{_escaped(box.title)}"{tip}]'
    fill, line = STYLES[box.kind]
    if box.kind == "circle":
        return (
            f'{box.id} [shape=ellipse, style=filled, margin="0.06,0.03", height=0.35, width=0.35, fillcolor="{fill}", '
            f'color="{line}", label="{_escaped(box.title)}"{tip}]'
        )
    label = _label(box.title, box.lines)
    style = f'shape=box, style="rounded,filled", margin="0.11,0.06", height=0.3, fillcolor="{fill}", color="{line}"'
    return f"{box.id} [{style}, label=<{label}>{tip}]"


def _label(title: str, lines: Iterable[str]) -> str:
    """A label of marked-up text: the title, if any, and smaller lines below it."""
    parts = [f"<b>{_html(title)}</b>"] if title else []
    parts += [f'<font color="#555555" point-size="10">{_html(text)}</font>' for text in lines]
    return "<br/>".join(parts)


def _edge(edge: Edge, largest: float) -> str:
    """An arrow, thick where much data flows, and the redder the larger the gradient that flows back."""
    marks = []
    if edge.bytes > 64:
        marks.append(f"penwidth={1 + 0.35 * math.log10(edge.bytes / 64):.2f}")
    if edge.gradient is not None and largest > 0 and edge.gradient == edge.gradient:
        share = 1 + math.log10(max(min(edge.gradient / largest, 1.0), 1e-4)) / 4
        marks.append(f'color="0.03 {share * 0.85:.2f} {0.6 + 0.2 * share:.2f}"')
    if edge.label:
        marks.append(f'label="{_escaped(edge.label)}", fontname="Helvetica", fontsize=10, fontcolor="#555555"')
    return f"{edge.tail} -> {edge.head}" + (f" [{', '.join(marks)}]" if marks else "")


def _escaped(text: str) -> str:
    """Text as it may stand between quotes."""
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _html(text: str) -> str:
    """Text as it may stand in a label of marked-up text."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")

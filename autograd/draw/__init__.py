"""Graphs as pictures: `draw(x)` in a notebook, `save(x, "graph.svg")` for a file, `to_dot(x)` for text.

A graph becomes a list of boxes and edges (picture.py), those become DOT (dot.py), and that becomes an image (render.py)
or a `graphviz.Digraph` (notebook.py). Each of them knows nothing of the step before the last.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from autograd.draw.dot import dot_lines
from autograd.draw.picture import Box, Edge, Picture, picture
from autograd.draw.render import render
from autograd.errors import require

if TYPE_CHECKING:
    from pathlib import Path

    import graphviz

__all__ = ["Box", "Edge", "Picture", "draw", "picture", "save", "to_dot"]


def draw(
    x: Any, *, names: Mapping[str, Any] | None = None, rankdir: str = "LR", max_nodes: int = 1000
) -> graphviz.Digraph:
    """The graph behind a Value or a Tensor, as a `graphviz.Digraph` that a notebook shows.

    `names` labels what it holds, as `dict(model.named_parameters())` does; `rankdir` is where the arrows go (LR, TB, RL
    or BT); of a graph of more than `max_nodes` the newest are drawn. Raises ImportError without the package graphviz,
    which `to_dot` and `save` do without.
    """
    require("graphviz", "draw")
    from autograd.draw.notebook import Graph

    return Graph(body=dot_lines(picture(x, names, max_nodes), rankdir))


def to_dot(x: Any, *, names: Mapping[str, Any] | None = None, rankdir: str = "LR", max_nodes: int = 1000) -> str:
    """The same graph as DOT text; it takes no other package."""
    return "digraph {\n" + "".join(dot_lines(picture(x, names, max_nodes), rankdir)) + "}\n"


def save(x: Any, path: str | Path, **options: Any) -> Path:
    """The same graph in a file: an image (.svg, .png, .pdf) or DOT text (.dot). Takes the options of `to_dot`.

    Without the program `dot`, the text is written instead, with a warning. Returns the path of what was written.
    """
    return render(to_dot(x, **options), path)

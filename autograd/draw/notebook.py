"""A `graphviz.Digraph` that a notebook shows as a picture where it can, and as text where it cannot."""

from __future__ import annotations

from typing import Any

import graphviz

from autograd.draw.render import HINT


class Graph(graphviz.Digraph):
    """What `draw` returns. Without the program `dot`, a notebook shows its DOT text and how to get the picture."""

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None, **options: Any) -> dict[str, str]:
        try:
            return super()._repr_mimebundle_(include, exclude, **options)
        except graphviz.ExecutableNotFound:
            return {"text/plain": f"{HINT}\n\n{self.source}"}

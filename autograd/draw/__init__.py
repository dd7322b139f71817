"""Graphs as pictures: `draw(x)` in a notebook, `save(x, "graph.svg")` for a file, `to_dot(x)` for text.

A graph becomes a list of steps (steps.py), which are grouped and folded (fold.py); what is in view (view.py) becomes
boxes and edges (picture.py), those become DOT (dot.py), and that becomes an image (render.py).
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from itertools import islice
from types import ModuleType
from typing import TYPE_CHECKING, Any, Unpack

from autograd.base import TensorBase
from autograd.draw.dot import to_text
from autograd.draw.html import Elements, page
from autograd.draw.picture import Box, Cluster, Edge, Options, Picture, picture
from autograd.draw.render import HINT, image, renderer
from autograd.scalar import Value

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Box", "Cluster", "Drawing", "Edge", "Picture", "draw", "picture", "save", "to_dot"]

MOST_NAMES = 20_000  # things that are looked through for names


class Drawing:
    """What `draw` returns: `source` is DOT text, which a notebook shows as a picture."""

    def __init__(self, source: str) -> None:
        self.source = source

    def svg(self) -> str:
        """The picture as SVG. Raises ImportError with the pip command where there is no program to draw it."""
        return image(self.source, "svg").decode()

    def __str__(self) -> str:
        return self.source

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        if renderer() is None:
            return {"text/plain": f"To see a picture here, {HINT}.\n\n{self.source}"}
        return {"image/svg+xml": self.svg(), "text/plain": self.source}


def draw(
    x: Any, *, names: Mapping[str, Any] | None = None, rankdir: str | None = None, **options: Unpack[Options]
) -> Drawing:
    """The graph behind a Value or a Tensor, as a picture that a notebook shows.

    The options are those of `picture`: `zoom` is "scalars" (data and gradient of each value), "tensors" (each
    operation, with shapes, ranges and gradient norms) or "modules" (folded where there is no room), by default what
    suits the graph; `depth` modules within each other are open, `unfold=["h.7"]` draws one of identical modules by
    itself, and `backward=True` draws the gradients and their rules. Of more than `max_nodes` boxes the newest are
    drawn. `names` labels what it holds, as `dict(model.named_parameters())` does; so do the caller's variables.
    `rankdir` is where the arrows go (LR, TB, RL or BT).
    """
    return Drawing(_dot(x, _all_names(names), rankdir, options))


def to_dot(
    x: Any, *, names: Mapping[str, Any] | None = None, rankdir: str | None = None, **options: Unpack[Options]
) -> str:
    """The same graph as DOT text; it takes no other program."""
    return _dot(x, _all_names(names), rankdir, options)


def save(
    x: Any,
    path: str | Path,
    *,
    names: Mapping[str, Any] | None = None,
    rankdir: str | None = None,
    open: Elements | None = None,
    **options: Unpack[Options],
) -> Path:
    """The same graph in a file: an image (.svg, .png; .pdf with Graphviz's own `dot`), DOT text (.dot, .gv) or a page.

    The page (.html) folds and unfolds modules, shows the numbers behind each box, and plays the backward pass step by
    step. Of a traced graph it opens single numbers into their own graphs: the largest gradients of some leaves, and
    what `open` asks for, as `{"weight": [(3, 5)]}` does. Returns the path. Raises ImportError with the pip command
    where there is no program to draw an image.
    """
    from pathlib import Path

    path = Path(path)
    if not path.suffix:
        raise ValueError(f"{path} needs a suffix that names the kind of file: .svg, .png, .pdf, or .dot for text")
    names = _all_names(names)
    if path.suffix == ".html":
        data = page(x, names, open or {}, **options).encode()
    elif open:
        raise ValueError(f"open= is for a page (.html), not for {path.name}")
    else:
        text = _dot(x, names, rankdir, options)
        data = text.encode() if path.suffix in (".dot", ".gv") else image(text, path.suffix[1:])
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def _dot(x: Any, names: Mapping[str, Any], rankdir: str | None, options: Options) -> str:
    return to_text(picture(x, names, **options), rankdir or ("LR" if isinstance(x, Value) else "TB"))


def _all_names(given: Mapping[str, Any] | None) -> dict[str, Any]:
    """Names of Values and Tensors: those that are given, then the variables of whoever called this module, and what
    is in lists, in dicts and in the attributes of objects there."""
    names = dict(given or {})
    frame = sys._getframe(2)
    variables = {**frame.f_globals, **frame.f_locals}
    waiting = [(name, thing) for name, thing in variables.items() if name.isidentifier() and name[0] != "_"]
    seen: set[int] = set()
    for name, thing in waiting:
        if id(thing) in seen:
            continue
        seen.add(id(thing))
        if isinstance(thing, (Value, TensorBase)):
            names.setdefault(name, thing)
        elif callable(getattr(type(thing), "named_parameters", None)):
            for parameter, tensor in thing.named_parameters():
                names.setdefault(parameter, tensor)
        elif len(waiting) < MOST_NAMES and not isinstance(thing, (ModuleType, type)):
            waiting += islice(_inside(name, thing), MOST_NAMES // 10)
    return names


def _inside(name: str, thing: Any) -> Iterable[tuple[str, Any]]:
    """What is in a list, a dict or an object, with its name there."""
    if isinstance(thing, (list, tuple)):
        return ((f"{name}[{i}]", each) for i, each in enumerate(thing))
    if isinstance(thing, dict):
        return ((f"{name}[{key!r}]", each) for key, each in thing.items() if isinstance(key, str))
    return ((f"{name}.{key}", each) for key, each in getattr(thing, "__dict__", {}).items() if not key.startswith("_"))

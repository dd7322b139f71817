"""What a report keeps of a run besides its history: chosen steps layer by layer, samples, the model's structure.

Nothing is added to a step that is not watched. A watched one is the training's own step: hooks look at its activations,
and its gradients and weights are looked at when it is over.
"""

from __future__ import annotations

import math
import re
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from autograd import Tensor, enable_grad, nests
from autograd.draw.html import page as graph_page
from autograd.tracing import trace
from nn.batches import SHARED
from nn.module import Module
from nn.report.charts import Chart, Histogram, short, spread
from nn.report.forms import NUMBER, parse
from nn.summarize import HEAD, summary_of

MOST_ROWS, MOST_WATCHED, MOST_DRAWN = 24, 64, 9
SOME = 65536  # elements of a matrix by which its update is measured, so that no large model is copied
EMBEDDED = re.compile(r'<script type="application/json"(?: id="(\w+)")?>(.*?)</script>', re.DOTALL)
AMOUNTS = {str: (int, float, type(None))}
HISTOGRAMS = {str: {"low": NUMBER, "high": NUMBER, "counts": [int], "figures": AMOUNTS}}
RUN = {
    "settings": {str: {str: str}},
    "steps": [{"step": int, "blame": AMOUNTS, "updates": AMOUNTS, "histograms": {str: HISTOGRAMS}}],
    "samples": [{"step": int, "texts": {str: str}}],
    "modules": [[str]],
}


class Record:
    """The watched steps of a run, its samples and the structure of its model; `state` is all of it as plain data."""

    def __init__(self, stage: Callable[[str], str] | None = None) -> None:
        self.stage = stage
        self.steps: list[dict[str, Any]] = []
        self.samples: list[dict[str, Any]] = []
        self.modules: list[list[str]] = []
        self.graph: Chart | None = None
        self.problem = ""  # why there is no structure
        self.seconds = 0.0  # that recording has taken
        self._handles: list[Any] = []

    @property
    def state(self) -> dict[str, Any]:
        """What `load` finds again in a page."""
        return {"steps": self.steps, "samples": self.samples, "modules": self.modules}

    def load(self, file: Path, step: int) -> None:
        """Go on from an earlier page of the same run, as it was after so many steps; without one, from nothing."""
        with suppress(OSError, ValueError):
            found, self.graph = embedded(file)
            self.steps = [one for one in found["steps"] if one["step"] < step]
            self.samples = [one for one in found["samples"] if one["step"] <= step]
            self.modules = found["modules"]

    def due(self, step: int, steps: int, every: int) -> bool:
        """Whether to watch a step: the first, the last, and those before an evaluation, but at most about 64."""
        if step + 1 == steps or not self.steps:
            return True
        return (step + 1) % every == 0 and step >= self.steps[-1]["step"] + steps // MOST_WATCHED

    def sample(self, step: int, shown: Any) -> None:
        """Keep what was shown at an evaluation: a text, or texts by name."""
        if isinstance(shown, str):
            shown = {"": shown}
        if isinstance(shown, Mapping) and all(isinstance(text, str) for text in shown.values()):
            self.samples.append({"step": step, "texts": {str(name): text for name, text in shown.items()}})

    @contextmanager
    def timed(self) -> Iterator[None]:
        """Counts the time of recording."""
        start = time.perf_counter()
        yield
        self.seconds += time.perf_counter() - start

    # A watched step ---------------------------------------------------------------------------------------------------

    @contextmanager
    def watch(self, step: int, model: Module) -> Iterator[None]:
        """A context for one step of the training of a model: forward, backward and update."""
        activations: dict[str, list[np.ndarray]] = defaultdict(list)
        with self.timed():
            before = {name: spread(parameter.array, SOME).copy() for name, parameter in matrices(model).items()}
            leaves = [(name, m) for name, m in model.named_modules() if not any(True for _ in m.children())]
            self._handles = [m.register_forward_hook(partial(self._see, activations[name])) for name, m in leaves]
        yield
        with self.timed():
            self.release()
            self._keep(step, model, before, {name: seen for name, seen in activations.items() if seen})

    def release(self) -> None:
        """Take the hooks away, also those of a step that failed."""
        while self._handles:
            self._handles.pop().remove()

    def _see(self, seen: list[np.ndarray], _: Module, args: tuple[Any, ...], out: Any) -> None:
        if isinstance(out, Tensor) and out.array.dtype.kind == "f" and out.numel() and not any(out is a for a in args):
            start = time.perf_counter()
            seen.append(spread(out.array).copy())
            self.seconds += time.perf_counter() - start  # of two threads at once: a little too much or too little

    def _keep(self, step: int, model: Module, before: dict[str, np.ndarray], seen: dict[str, list[np.ndarray]]) -> None:
        shown = matrices(model)
        gradients = {name: p.grad.array for name, p in shown.items() if p.grad is not None and p.grad.numel()}
        norm = np.linalg.norm
        updates = {
            name: short(
                float(norm(spread(parameter.array, SOME) - before[name])) / max(float(norm(before[name])), 1e-30)
            )
            for name, parameter in shown.items()
            if name in before
        }
        some = chosen(list(shown))
        histograms = {
            "weights": {name: Histogram.of(shown[name].array) for name in some if shown[name].numel()},
            "activations": {name: Histogram.of(np.concatenate(seen[name])) for name in chosen(list(seen))},
            "gradients": {name: Histogram.of(gradients[name], log=True) for name in some if name in gradients},
        }
        plain = {kind: {name: h._asdict() for name, h in found.items()} for kind, found in histograms.items()}
        self.steps.append({"step": step, "blame": self._blame(model), "updates": updates, "histograms": plain})
        drawn = [one for one in self.steps if one["histograms"]]
        if len(drawn) > MOST_DRAWN:  # every second one within is enough to find one in the middle
            for one in drawn[1:-1:2]:
                one["histograms"] = {}

    def _blame(self, model: Module) -> dict[str, float | None]:
        """The norm of the gradient of each stage of the model."""
        gradients = {n: p.grad.array for n, p in model.named_parameters() if p.grad is not None and p.grad.numel()}
        stage = self.stage or stages(list(gradients))
        squares: dict[str, float] = defaultdict(float)
        for name, g in gradients.items():
            flat = g.reshape(-1)
            squares[stage(name)] += float(np.vdot(flat, flat).real)
        return {name: short(math.sqrt(square)) for name, square in squares.items()}

    # The structure ----------------------------------------------------------------------------------------------------

    def structure(self, model: Module, loss: Callable[[Any, Any], Tensor], batch: Any) -> None:
        """The table of modules, and the graph of the loss of the first two examples of a batch, by computing both.

        Random numbers and buffers are afterwards what they were before. What cannot be computed is said on the page.
        """
        given = [leaf for leaf in nests.leaves(batch) if isinstance(leaf, Tensor)]
        states, put_back = [generator.get_state() for generator in SHARED], model._remember_buffers()
        with self.timed():
            try:
                self.modules = [list(HEAD), *map(list, summary_of(model, lambda: loss(model, batch), given).cells())]
                put_back()
                with enable_grad(), trace():
                    out = loss(model, _first(batch, 2))
                html = graph_page(out, dict(model.named_parameters()), {}, depth=2)
                self.graph = {"kind": "page", "title": "The graph of one training step", "caption": GRAPH, "html": html}
            except Exception as error:  # whatever a loss may raise when it is computed once more: the training goes on
                self.problem = f"{type(error).__name__}: {error}"
            finally:
                put_back()
                for generator, state in zip(SHARED, states):
                    generator.set_state(state)


GRAPH = (
    "The loss of two examples after the first update, from the inputs at the top. A click opens a module or folds it; "
    "a box tells its shapes and numbers. Identical blocks are drawn once."
)


def embedded(file: Path) -> tuple[dict[str, Any], Chart | None]:
    """What the page of a run holds of it, and the graph of its loss.

    Raises OSError where there is no such file, and ValueError, with the reason, where it is no such page, or damaged.
    """
    parts = EMBEDDED.findall(file.read_text("utf-8"))
    found = parse(dict(parts).get("run", ""), RUN)
    if len({len(row) for row in found["modules"]}) > 1:
        raise ValueError("the rows of its table of modules are of different lengths")
    graphs = (text for _, text in parts if text.startswith('{"kind":"page"'))
    form = dict.fromkeys(("kind", "title", "caption", "html"), str)
    graph = next((parse(text, form) for text in graphs), None)
    return found, graph and {name: graph[name] for name in form}


def matrices(model: Module) -> dict[str, Any]:
    """The trained parameters of two dims and more by name, or all where there is none."""
    trained = {name: p for name, p in model.named_parameters() if p.requires_grad}
    return {name: p for name, p in trained.items() if p.ndim >= 2} or trained


def chosen(names: list[str]) -> list[str]:
    """The names of which histograms are drawn: all, or of many MOST_ROWS, evenly spread."""
    if len(names) <= MOST_ROWS:
        return names
    return [names[i] for i in np.linspace(0, len(names) - 1, MOST_ROWS).astype(int)]


def stages(names: list[str]) -> Callable[[str], str]:
    """Parts of a model by the path of a parameter: as many of its modules as make the most parts, but at most six."""
    paths = {name: name.split(".")[:-1] or [name] for name in names}
    counts = {depth: len({tuple(path[:depth]) for path in paths.values()}) for depth in range(1, 9)}
    depth = max((d for d in counts if counts[d] <= 6), key=lambda d: (counts[d], -d), default=1)
    return lambda name: ".".join(paths[name][:depth])


def _first(batch: Any, count: int) -> Any:
    """The first examples of a batch that is a tuple of tensors of one length; any other batch as it is."""
    if isinstance(batch, (tuple, list)) and all(isinstance(part, Tensor) and part.ndim for part in batch):
        if len({len(part) for part in batch}) == 1:
            return type(batch)(part[:count] for part in batch)
    return batch

"""The results of the lab: kept in one file as they come, and what is seen in them, in figures and in words."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from autograd.files import replacing
from demos.lab.variants import ORIGINAL
from nn.report.forms import parse

FILE = "lab.json"
CURVE = [(int, float, type(None))]
RUN = {"steps": [int], "loss": CURVE, "accuracy": CURVE, "weights": int, "stopped": (int, type(None))}
FORM = {
    "settings": {"experiments": [str], "seed": int, "steps": int, "seeds": int, "batch": int},
    "runs": {str: {str: RUN}},
}


@dataclass
class Results:
    """What `recipe.train` returned for each variant and seed, and the settings of the lab."""

    settings: dict[str, Any]
    runs: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)  # by variant, then by seed

    @classmethod
    def load(cls, folder: Path) -> Results:
        """What an earlier call kept in the folder. Raises ValueError, with the reason, if it is not that."""
        try:
            found = parse((folder / FILE).read_text(encoding="utf-8"), FORM)
            for name, seeds in found["runs"].items():
                for seed, run in seeds.items():
                    counts = {len(run[what]) for what in ("steps", "loss", "accuracy")}
                    if not seed.isdecimal() or len(counts) > 1 or 0 in counts:
                        raise ValueError(f"of {name:.50}, seed {seed:.50}, there are not all evaluations")
            return cls(found["settings"], found["runs"])
        except ValueError as error:
            raise ValueError(f"{folder / FILE} does not hold the results of the lab: {error}") from error

    def save(self, folder: Path) -> None:
        """Keep all that is there."""
        with replacing(folder / FILE) as file:
            file.write(json.dumps({"settings": self.settings, "runs": self.runs}).encode())

    def has(self, name: str, seed: int) -> bool:
        """Whether this training is done."""
        return str(seed) in self.runs.get(name, {})

    def add(self, name: str, seed: int, run: dict[str, Any]) -> None:
        """Take in a training that is done."""
        self.runs.setdefault(name, {})[str(seed)] = run

    def of(self, name: str) -> list[dict[str, Any]]:
        """The trainings of a variant, by seed."""
        return [run for _, run in sorted(self.runs.get(name, {}).items(), key=lambda item: int(item[0]))]

    def curve(self, name: str, what: str) -> tuple[list[int], np.ndarray]:
        """The steps at which all seeds were evaluated, and what was found there (seeds, steps)."""
        runs = self.of(name)
        steps: list[int] = min((run["steps"] for run in runs), key=len, default=[])
        return steps, np.array([run[what][: len(steps)] for run in runs], float).reshape(len(runs), len(steps))

    def final(self, name: str, what: str) -> Spread:
        """The last value of each seed."""
        return Spread([float("nan") if (last := run[what][-1]) is None else last for run in self.of(name)])


class Spread(NamedTuple):
    """A figure for each seed."""

    values: Sequence[float]

    @property
    def mean(self) -> float:
        """Over the seeds."""
        return float(np.mean(self.values))

    def text(self, form: str) -> str:
        """The mean, and the smallest and the largest."""
        mean, low, high = (format(x, form) for x in (self.mean, min(self.values), max(self.values)))
        return mean if len(self.values) == 1 else f"{mean} ({low} to {high})"

    def against(self, other: Spread) -> int:
        """1 if all values are above all of the other, -1 if all are below them, 0 if the ranges meet."""
        return int(min(self.values) > max(other.values)) - int(max(self.values) < min(other.values))


def seen(results: Results, name: str) -> str:
    """What came of a variant beside the original, in a few sentences."""
    runs, title = results.of(name), f"{name[0].upper()}{name[1:]}"
    if not runs or not results.of(ORIGINAL.name):
        return f"{title}: not trained yet."
    accuracy, loss = (results.final(name, what) for what in ("accuracy", "loss"))
    accuracy0, loss0 = (results.final(ORIGINAL.name, what) for what in ("accuracy", "loss"))
    text = (
        f"{title}: {accuracy.text('.1%')} of the held-out questions are answered exactly, "
        f"{_compared(accuracy, accuracy0, '.1%', ('fewer', 'as many', 'more'))}. "
    )
    if np.isfinite(loss.values).all():
        words = ("lower", "the same", "higher")
        text += f"The held-out loss is {loss.text('.3g')}, {_compared(loss, loss0, '.3g', words)}."
    if (
        min(len(runs), len(results.of(ORIGINAL.name))) > 1
        and loss.against(loss0) < 0
        and accuracy.against(accuracy0) < 0
    ):
        text += " A lower loss, and fewer right answers: this loss is too good to be true."
    if ended := sorted(run["stopped"] for run in runs if run["stopped"] is not None):
        steps = ", ".join(map(str, ended))
        text += f" A number that is not finite ended {len(ended)} of {len(runs)} trainings (at step {steps})."
    return text


def _compared(found: Spread, original: Spread, form: str, words: tuple[str, str, str]) -> str:
    """How a figure compares with that of the original; `words` say less, the same and more."""
    side = found.against(original)
    if min(len(found.values), len(original.values)) == 1:
        joint = "as" if side == 0 else "than"
        return f"{words[1 + side]} {joint} the original's {original.text(form)}; a single seed shows no spread"
    if side == 0:
        return f"no clear difference from the original's {original.text(form)}, for the ranges of the seeds overlap"
    return f"with every seed {words[1 + side]} than the original's {original.text(form)}"

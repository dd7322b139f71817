"""The notebooks: `python -m tests.notebooks.run` runs them, or those named, and stores what they print and draw."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import nbformat
import numpy as np
from nbclient import NotebookClient

NOTEBOOKS = sorted((Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))
SECONDS = 300  # for one cell, on a machine that is busy
PICTURES = {"image/png", "image/svg+xml"}
NUMBER = re.compile(r"-?\d[\d,]*\.?\d*(?:e[+-]?\d+)?")
# By how much a number may differ from the one that is stored. Of a training, processors round differently, and a little
# grows with the steps; the cells with the tag "varies" are not compared at all.
CLOSE, CLOSE_AFTER_TRAINING = 0.01, 0.2


def executed(path: Path) -> Any:
    """The notebook with the outputs that its code gives now; a cell that fails raises CellExecutionError."""
    notebook = nbformat.read(path, as_version=4)
    resources = {"metadata": {"path": str(path.parent)}}
    NotebookClient(notebook, timeout=SECONDS, kernel_name="python3", resources=resources).execute()
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)  # when it ran
        if cell.cell_type == "code":
            cell.outputs = _tidy(cell.outputs)
    notebook.metadata.language_info = {"name": "python"}  # without the version
    return notebook


def _tidy(outputs: list[Any]) -> list[Any]:
    """What is printed in one piece; of pictures no text beside (the DOT source of a graph, the name of an object)."""
    tidy: list[Any] = []
    for output in outputs:
        if output.output_type == "stream" and tidy and tidy[-1].get("name") == output.name:
            tidy[-1].text += output.text
        else:
            tidy.append(output)
        if output.get("data", {}).keys() & PICTURES:
            output.data.pop("text/plain", None)
    return tidy


def text_of(cell: Any) -> str:
    """What the outputs of a cell say; a picture says its kind."""
    parts = []
    for output in cell.outputs:
        data = output.get("data", {})
        parts.append(output.get("text") or data.get("text/plain") or " ".join(sorted(data)))
    return "\n".join(parts)


def differences(stored: str, now: str, close: float) -> list[str]:
    """What differs in two texts: their words, or numbers by more than the share `close`."""
    if NUMBER.sub("#", stored).split() != NUMBER.sub("#", now).split():
        return [f"{stored!r} has become {now!r}"]
    pairs = zip(NUMBER.findall(stored), NUMBER.findall(now))
    values = [tuple(float(text.replace(",", "")) for text in pair) for pair in pairs]
    return [f"{a} has become {b}" for a, b in values if not np.isclose(b, a, rtol=close, atol=close / 10)]


def changes(stored: Any, now: Any) -> list[str]:
    """What differs in the outputs of two runs of a notebook."""
    found = []
    for old, new in zip(stored.cells, now.cells, strict=True):
        tags = old.metadata.get("tags", [])
        if old.cell_type == "code" and "varies" not in tags:
            close = CLOSE_AFTER_TRAINING if "trained" in tags else CLOSE
            found += [f"{old.id}: {text}" for text in differences(text_of(old), text_of(new), close)]
    return found


if __name__ == "__main__":
    for path in map(Path, sys.argv[1:]) if sys.argv[1:] else NOTEBOOKS:
        print(path.name, flush=True)
        nbformat.write(executed(path), path)

"""The models that the explorer serves: those that ship with it, and one's own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from demos import gpt2
from demos.explorer.weights import file
from demos.runs import BEST, LATEST, WEIGHTS
from demos.watch import private_copy
from models import mlp
from models.checkpoint import load_gpt
from models.pretrained import CONFIG
from models.tokenizers import Tokenizer
from nn import Module, checkpoint

SHIPPED = {"calculator": "Calculator", "characters": "Shakespeare"}


class Served:
    """A trained model in evaluation mode, whose weights have no gradients and never change."""

    def __init__(self, title: str, model: Module, tokens: Tokenizer | None, test: dict[str, Any]) -> None:
        self.title, self.tokens, self.test = title, tokens, test
        self._model = model.eval().requires_grad_(False)

    @contextmanager
    def use(self) -> Iterator[Any]:
        """A copy of the model for one request, which may set hooks on it: see `private_copy`."""
        yield private_copy(self._model)


class Models(NamedTuple):
    """The classifier of digits, and the GPTs by their names."""

    digits: Served
    gpts: dict[str, Served]


def load_digits(path: Path) -> Served:
    """The shipped classifier of digits."""
    model = mlp.digits()
    state = checkpoint.load_model(path, model, {"network": "default"})
    return Served("Digits", model, None, state["test"])


def load_text(path: Path, title: str) -> Served:
    """A GPT with its tokenizer. Raises FileNotFoundError or ValueError, with the reason, where there is none."""
    model, tokens = load_gpt(path)
    if tokens is None:
        raise ValueError(f"{path} has no tokenizer, so it can read no text: save it with one (models.checkpoint)")
    return Served(title, model, tokens, checkpoint.load(path).get("test") or {})


def saved_in(path: Path) -> Path:
    """The checkpoint that a path names: the file, or the best or else the last weights of a run or of a demo.

    Raises ValueError where a folder has none.
    """
    if not path.is_dir():
        return path
    for folder in (path, path / LATEST):
        for name in (BEST, WEIGHTS):
            if any(folder.glob(f"{name}.*")):
                return folder / name
    raise ValueError(f"{path} has no saved model ({BEST} or {WEIGHTS}): name the folder of a run, or a checkpoint")


def load_own(path: Path) -> Served:
    """The GPT in a checkpoint, in the folder of a run or of a demo, or in a folder with Hugging Face's files."""
    if (path / CONFIG).exists():
        return Served(str(path), *gpt2.load(path), {})
    return load_text(saved_in(path), str(path))


def load_models(own: Path | None = None) -> Models:
    """The shipped models, and one's own GPT, which then comes first: see `load_own`."""
    gpts = {"own": load_own(own)} if own else {}
    gpts |= {name: load_text(file(name), title) for name, title in SHIPPED.items()}
    return Models(load_digits(file("digits")), gpts)

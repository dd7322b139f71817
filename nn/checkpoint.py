"""A model with all that it needs in one file: its weights, its config, its tokenizer, the state of its training."""

import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import autograd
from nn.module import Module

FORMAT = "chainrule-checkpoint"
VERSION = 1


class CheckpointError(ValueError):
    """A file that is no checkpoint, or one that does not fit."""


def save(
    path: "str | Path",
    model: Module,
    *,
    config: Mapping[str, Any] | None = None,
    tokenizer: Mapping[str, Any] | None = None,
    **more: Any,
) -> None:
    """Write a checkpoint; a file that is there is replaced whole, or, where the disk is full, not at all.

    `config` are the fields that the model is made from, `tokenizer` the tokenizer's state; they and `more` are plain
    values, tensors and containers of them.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    head = {"format": FORMAT, "version": VERSION, "config": config and dict(config), "tokenizer": tokenizer}
    autograd.save({**head, "model": model.state_dict(), **more}, path)


def load(path: "str | Path") -> dict[str, Any]:
    """What `save` wrote: a dict with "model" (a state_dict), "config", "tokenizer" and the rest. No code in it is run.

    Raises CheckpointError, with the reason, where the file is something else; FileNotFoundError where there is none.
    """
    if not Path(path).exists():
        raise FileNotFoundError(f"there is no checkpoint {path}: train a model first, or name another file")
    try:
        state = autograd.load(path)
    except (pickle.UnpicklingError, EOFError, ValueError, LookupError, TypeError, AttributeError, ImportError) as error:
        raise CheckpointError(f"{path} cannot be read as a checkpoint: {error}") from error
    if not isinstance(state, dict) or state.get("format") != FORMAT:
        raise CheckpointError(f"{path} is not a checkpoint of this program")
    if state.get("version") != VERSION:
        raise CheckpointError(f"{path} has version {state.get('version')}; this program reads version {VERSION}")
    return state

"""A model and all that it needs in one file: its weights, its config, its tokenizer, the state of its training."""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from pathlib import Path
from reprlib import repr as short
from typing import Any

import autograd
from autograd import is_tensor
from nn.module import Module

FORMAT = "chainrule-checkpoint"
VERSION = 1


class CheckpointError(ValueError):
    """A file is not a checkpoint, or it is the checkpoint of another model."""


def save(
    path: str | Path,
    model: Module,
    *,
    config: Mapping[str, Any] | None = None,
    tokenizer: Mapping[str, Any] | None = None,
    **more: Any,
) -> None:
    """Write a checkpoint. An existing file is replaced as a whole, or, if writing fails, not at all.

    `config` holds the fields that the model is made from, and `tokenizer` the state of its tokenizer. They and `more`
    consist of plain values, tensors and containers of them.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    head = {"format": FORMAT, "version": VERSION, "config": config and dict(config), "tokenizer": tokenizer}
    autograd.save({**head, "model": model.state_dict(), **more}, path)


def load(path: str | Path) -> dict[str, Any]:
    """What `save` wrote: a dict with "model" (a state_dict), "config", "tokenizer" and the rest.

    The file may come from anyone: no code in it is run, and no size in it is believed (see `autograd.load`).

    Raises FileNotFoundError if there is no such file, and CheckpointError, with the reason, if it is something else.
    """
    if not Path(path).exists():
        raise FileNotFoundError(f"there is no checkpoint {path}: train a model first, or name another file")
    try:
        state = autograd.load(path)
    except pickle.UnpicklingError as error:
        raise CheckpointError(f"{path} cannot be read as a checkpoint: {error}") from error
    if not isinstance(state, dict) or state.get("format") != FORMAT:
        raise CheckpointError(f"{path} is not a checkpoint of this program")
    if state.get("version") != VERSION:
        raise CheckpointError(f"{path} has version {state.get('version')}; this program reads version {VERSION}")
    model, config = state.get("model"), state.get("config")
    if not isinstance(model, dict) or not all(map(is_tensor, model.values())) or not isinstance(config, dict | None):
        raise CheckpointError(f'{path} is damaged: "model" should be a dict of tensors, and "config" a dict or None')
    return {"tokenizer": None, **state, "config": config}


def load_model(path: str | Path, model: Module, config: Mapping[str, Any] | None) -> dict[str, Any]:
    """Load a checkpoint, and its weights into `model`, whose `config` must be the one that was saved with them."""
    state = load(path)
    old, new = state["config"] or {}, config or {}
    differing = [key for key in {**old, **new} if old.get(key) != new.get(key)]
    changes = [f"{key!s:.50} {short(old.get(key))} -> {short(new.get(key))}" for key in differing]
    if changes:
        raise CheckpointError(f"{path} is the checkpoint of another model: {', '.join(changes)}")
    model.load_state_dict(state["model"])
    return state

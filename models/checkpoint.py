"""A GPT and its tokenizer in one file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from models.config import GPTConfig
from models.gpt import GPT
from models.tokenizers import Tokenizer, from_state
from nn import checkpoint
from nn.checkpoint import CheckpointError


def describe(config: GPTConfig, tokenizer: Tokenizer | None) -> dict[str, Any]:
    """What a checkpoint of a GPT holds beside its weights: keyword arguments of `nn.checkpoint.save` and of Trainer."""
    return {"config": config, "tokenizer": None if tokenizer is None else tokenizer.state()}


def save_gpt(path: str | Path, model: GPT, tokenizer: Tokenizer | None = None) -> None:
    """Write the model, its config and its tokenizer."""
    checkpoint.save(path, model, **describe(model.config, tokenizer))


def load_gpt(path: str | Path) -> tuple[GPT, Tokenizer | None]:
    """The model, in evaluation mode, and the tokenizer of a checkpoint, of `save_gpt` or of a Trainer.

    Raises CheckpointError, with the reason, where it is of something else.
    """
    state = checkpoint.load(path)
    try:
        config = GPTConfig.from_saved(**state["config"])
        config.check_size(sum(weight.numel() for weight in state["model"].values()))
        model = GPT(config)
        model.load_state_dict(state["model"])
        tokenizer = None if state["tokenizer"] is None else from_state(state["tokenizer"])
    except (TypeError, ValueError, RuntimeError, KeyError) as error:
        raise CheckpointError(f"{path} is not the checkpoint of a GPT: {error!s:.500}") from error
    return model.eval(), tokenizer

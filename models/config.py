"""The sizes and choices of a GPT, checked when they are made, and the ones that are known by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Self

import numpy as np

from nn import functional as F

ACTIVATIONS: dict[str, Callable] = {
    "relu": F.relu,
    "gelu": F.gelu,
    "gelu_tanh": partial(F.gelu, approximate="tanh"),
    "swiglu": F.silu,  # of the gate, which is multiplied with the other half (Shazeer 2020)
}
CHOICES = {
    "activation": tuple(ACTIVATIONS),
    "norm": ("layer", "rms", "none"),
    "position": ("learned", "sinusoidal", "rotary", "none"),
}


@dataclass(frozen=True)
class GPTConfig:
    """The defaults are GPT-2's (Radford et al. 2019), the names nanoGPT's.

    `block_size` is the context in tokens, `n_embd` the width C, `n_hidden` the width of the feed-forward layer (4C
    where it is None). `norm_first` is pre-LN, without it the blocks are post-LN. `tie` makes the token embedding the
    output matrix, too. Raises ValueError, with the reason, for what cannot be a model.
    """

    vocab_size: int = 50257
    block_size: int = 1024
    n_layer: int = 12
    n_head: int = 12
    n_embd: int = 768
    n_hidden: int | None = None
    activation: str = "gelu_tanh"
    norm: str = "layer"
    norm_first: bool = True
    position: str = "learned"
    tie: bool = True
    bias: bool = True
    dropout: float = 0.0

    @property
    def head_size(self) -> int:
        """D, the share of the width that each head has."""
        return self.n_embd // self.n_head

    @property
    def hidden(self) -> int:
        """The width of the feed-forward layer."""
        return 4 * self.n_embd if self.n_hidden is None else self.n_hidden

    def __post_init__(self) -> None:
        for name in ("vocab_size", "block_size", "n_layer", "n_head", "n_embd", "hidden"):
            size = getattr(self, name)
            if isinstance(size, bool) or not isinstance(size, (int, np.integer)) or size < 1:
                raise ValueError(f"{name} must be a whole number of at least 1, got {size!r}")
        if self.n_embd % self.n_head:
            raise ValueError(
                f"n_embd={self.n_embd} is not divisible by n_head={self.n_head}: the heads share the width equally"
            )
        for name, choices in CHOICES.items():
            if getattr(self, name) not in choices:
                raise ValueError(f"{name} is one of {', '.join(choices)}; got {getattr(self, name)!r}")
        if self.position == "rotary" and self.head_size % 2:
            raise ValueError(f"rotary encoding turns pairs of features, and a head has {self.head_size}: an odd number")
        if not 0 <= self.dropout < 1:
            raise ValueError(f"dropout is the share that is dropped, from 0 to below 1; got {self.dropout}")

    def check_tokens(self, ids: Any) -> None:
        """Raise ValueError where token ids (any shape) go beyond the vocabulary."""
        ids = np.asarray(getattr(ids, "array", ids))
        if ids.size and not (0 <= ids.min() and ids.max() < self.vocab_size):
            wrong = ids.min() if ids.min() < 0 else ids.max()
            raise ValueError(
                f"the data has the token {wrong}, the vocabulary only 0 to {self.vocab_size - 1}: "
                "vocab_size must be that of the tokenizer"
            )

    @classmethod
    def preset(cls, name: str, **changes: Any) -> Self:
        """One of PRESETS, with some fields changed."""
        if name not in PRESETS:
            raise ValueError(f"there is no preset {name!r}; there are {', '.join(PRESETS)}")
        return cls(**{**PRESETS[name], **changes})


PRESETS: dict[str, dict[str, Any]] = {
    # Radford et al. 2019, table 2 (and the widths of the published weights)
    "gpt2": {},
    "gpt2-medium": {"n_layer": 24, "n_head": 16, "n_embd": 1024},
    "gpt2-large": {"n_layer": 36, "n_head": 20, "n_embd": 1280},
    "gpt2-xl": {"n_layer": 48, "n_head": 25, "n_embd": 1600},
    # Brown et al. 2020, table 2.1
    "gpt3": {"block_size": 2048, "n_layer": 96, "n_head": 96, "n_embd": 12288},
    # nanoGPT's for the 65 characters of Shakespeare: on a CPU, and on a GPU
    "nano-cpu": {"vocab_size": 65, "block_size": 64, "n_layer": 4, "n_head": 4, "n_embd": 128, "bias": False},
    "nano-char": {
        "vocab_size": 65,
        "block_size": 256,
        "n_layer": 6,
        "n_head": 6,
        "n_embd": 384,
        "bias": False,
        "dropout": 0.2,
    },
    # 28 number words, "and"-less up to 99 but not to 198, three operations, and tokens that part question and answer
    "calculator": {"vocab_size": 36, "block_size": 16, "n_layer": 2, "n_head": 4, "n_embd": 64},
    # six sentences of at most nine words, 22 different ones, each a point in the plane
    "walkthrough": {
        "vocab_size": 22,
        "block_size": 8,
        "n_layer": 1,
        "n_head": 1,
        "n_embd": 2,
        "norm": "none",
        "position": "none",
        "tie": False,
        "bias": False,
    },
}

"""The sizes and options of a GPT, which are checked when a config is made, and those of the published models."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import partial
from typing import Any, Self

import numpy as np

from nn import functional as F

ACTIVATIONS: dict[str, Callable] = {
    "relu": F.relu,
    "gelu": F.gelu,
    "gelu_tanh": partial(F.gelu, approximate="tanh"),
    "swiglu": F.silu,  # of the gate (Shazeer 2020)
}
CHOICES = {
    "activation": tuple(ACTIVATIONS),
    "norm": ("layer", "rms", "none"),
    "position": ("learned", "sinusoidal", "rotary", "none"),
}
LARGEST_TABLE = 1 << 24  # elements of a table of positions, which may be larger than all that is learned


def check_sizes(config: Any, width: str, heads: str, *others: str) -> None:
    """Raise ValueError, with the reason, where sizes (the fields of these names) or choices cannot be a model's."""
    for name in (width, heads, *others):
        size = getattr(config, name)
        if isinstance(size, bool) or not isinstance(size, (int, np.integer)) or size < 1:
            raise ValueError(f"{name} must be a whole number of at least 1, got {size!r}")
    c, h = getattr(config, width), getattr(config, heads)
    if c % h:
        raise ValueError(f"{width}={c} is not divisible by {heads}={h}: the heads share the width equally")
    for name, choices in CHOICES.items():
        if (choice := getattr(config, name, choices[0])) not in choices:
            raise ValueError(f"{name} must be one of {', '.join(choices)}, got {choice!r}")
    if not (_is_number(config.dropout) and 0 <= config.dropout < 1):
        raise ValueError(f"dropout must be a probability below 1, got {config.dropout!r}")


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float, np.number)) and not isinstance(value, bool)


@dataclass(frozen=True)
class GPTConfig:
    """The sizes and choices of a GPT; the defaults are GPT-2's (Radford et al. 2019), the names nanoGPT's.

    `block_size` is the context in tokens, `n_embd` the width C, `n_hidden` the number of hidden units F (None: 4C).
    With `norm_first` the blocks are pre-norm, without it post-norm. With `tie` the token embedding is the output
    matrix, too. `n_kv_head` heads of keys and values (None: `n_head`) serve equally many heads of queries each (Ainslie
    et al. 2023). `norm_eps` (None: the layer's default) is added to what a norm divides by, and `rotary_base` is the
    base of the angles of rotary positions. Raises ValueError, with the reason, for what cannot be a model.
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
    n_kv_head: int | None = None
    norm_eps: float | None = None
    rotary_base: float = 10000.0

    @property
    def head_size(self) -> int:
        """D, the width of a head."""
        return self.n_embd // self.n_head

    @property
    def hidden(self) -> int:
        """F, the number of hidden units of the MLP."""
        return 4 * self.n_embd if self.n_hidden is None else self.n_hidden

    @property
    def kv_heads(self) -> int:
        """The number of heads of keys, and of values."""
        return self.n_head if self.n_kv_head is None else self.n_kv_head

    @property
    def qkv_sizes(self) -> tuple[int, int, int]:
        """The features of queries, keys and values, all heads together."""
        return self.n_embd, self.kv_heads * self.head_size, self.kv_heads * self.head_size

    def __post_init__(self) -> None:
        check_sizes(self, "n_embd", "n_head", "vocab_size", "block_size", "n_layer", "hidden", "kv_heads")
        if self.n_head % self.kv_heads:
            raise ValueError(f"n_head={self.n_head} is not divisible by n_kv_head={self.n_kv_head}")
        for name in ("norm_first", "tie", "bias"):
            if not isinstance(getattr(self, name), bool):
                raise ValueError(f"{name} must be True or False, got {getattr(self, name)!r}")
        for name, least in (("norm_eps", 0), ("rotary_base", 1)):
            value = getattr(self, name)
            if value is not None and not (_is_number(value) and least < value < np.inf):
                raise ValueError(f"{name} must be a finite number above {least}, got {value!r}")
        if self.position == "rotary" and self.head_size % 2:
            raise ValueError(f"rotary encoding needs an even number of features in each head, got {self.head_size}")

    def check_size(self, found: int) -> None:
        """Raise ValueError where the model is larger than the `found` elements of the weights that it is to hold."""
        C, H = self.n_embd, self.hidden
        needed = self.vocab_size * C + self.n_layer * (C * (sum(self.qkv_sizes) + C) + 2 * C * H)
        if needed > found:
            raise ValueError(
                f"a GPT of these sizes has at least {needed:,} weights, but the file holds {found:,}: {self}"
            )
        if self.block_size * C > found + LARGEST_TABLE:
            raise ValueError(
                f"positions up to block_size={self.block_size:,} take more memory than the weights: {self}"
            )

    def check_tokens(self, ids: Any) -> None:
        """Raise ValueError unless all token ids (of any shape) are in the vocabulary."""
        ids = np.asarray(getattr(ids, "array", ids))
        if ids.size and not (0 <= ids.min() and ids.max() < self.vocab_size):
            wrong = ids.min() if ids.min() < 0 else ids.max()
            raise ValueError(
                f"the data has the token {wrong}, but the vocabulary has only 0 to {self.vocab_size - 1}: "
                "vocab_size must be that of the tokenizer"
            )

    @classmethod
    def from_saved(cls, **saved: Any) -> Self:
        """The config of a checkpoint, where fields that its version did not have yet have their defaults.

        Raises ValueError, with its name, for a field that this version does not have.
        """
        names = {field.name for field in fields(cls)}
        if unknown := [f"{name:.50}={value!r:.50}" for name, value in saved.items() if name not in names]:
            raise ValueError(
                f"its config has {', '.join(unknown)}, which {cls.__name__} does not have: another version saved it"
            )
        return cls(**saved)

    @classmethod
    def preset(cls, name: str, **changes: Any) -> Self:
        """One of PRESETS, with some fields changed."""
        if name not in PRESETS:
            raise ValueError(f"there is no preset {name!r}: choose one of {', '.join(PRESETS)}")
        return cls(**{**PRESETS[name], **changes})


PRESETS: dict[str, dict[str, Any]] = {
    # Radford et al. 2019, table 2 (and the widths of the published weights)
    "gpt2": {},
    "gpt2-medium": {"n_layer": 24, "n_head": 16, "n_embd": 1024},
    "gpt2-large": {"n_layer": 36, "n_head": 20, "n_embd": 1280},
    "gpt2-xl": {"n_layer": 48, "n_head": 25, "n_embd": 1600},
    # Brown et al. 2020, table 2.1
    "gpt3": {"block_size": 2048, "n_layer": 96, "n_head": 96, "n_embd": 12288},
}

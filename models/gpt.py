"""GPT: a decoder-only transformer of GPT-2's family (Radford et al. 2019), a stack of blocks and an output matrix.

Shapes: B batch, T time, C channels (n_embd), V vocabulary.
"""

from __future__ import annotations

import math
import os
from typing import Any, Self

import nn
from autograd import Tensor, no_grad
from autograd.tracing import name_axes
from models import pretrained
from models.block import Stack
from models.cache import NO_CACHE, KVCache, NoCache
from models.config import GPTConfig
from models.tokenizers import BPETokenizer
from nn import functional as F


class GPT(nn.Module):
    """The logits of the next token at each position; starts with GPT-2's initialisation."""

    def __init__(self, config: GPTConfig) -> None:
        super().__init__()
        self.config = config
        self.transformer = Stack(config)
        self.lm_head = nn.Linear(config.n_embd, config.vocab_size, bias=False)
        if config.tie:
            self.lm_head.weight = self.transformer.wte.weight
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Matrices from N(0, 0.02^2), biases 0, norms 1 (Radford et al. 2019, section 2.3, and the published code).

        Those that add to the residual stream start smaller, with 0.02 / sqrt(2 n_layer).
        """
        for name, parameter in self.named_parameters():
            if parameter.ndim == 2:
                residual = name.endswith("c_proj.weight")
                nn.init.normal_(parameter, std=0.02 / math.sqrt(2 * self.config.n_layer) if residual else 0.02)
            else:
                nn.init.constant_(parameter, 0.0 if name.endswith("bias") else 1.0)

    def forward(self, idx: Tensor, cache: KVCache | NoCache = NO_CACHE) -> Tensor:
        """Token ids (B, T), those after the ones in the cache, to logits (B, T, V)."""
        return self.lm_head(self.transformer(idx, cache=cache))

    def loss(self, idx: Tensor, targets: Tensor) -> Tensor:
        """The mean cross-entropy in nats of targets (B, T); those that are -1 are left out."""
        self.config.check_tokens(idx)
        logits = self(idx)
        name_axes("B T V", logits)
        return F.cross_entropy(logits.flatten(0, 1), targets.flatten(), ignore_index=-1)

    @no_grad()
    def next_logits(self, idx: Tensor, cache: KVCache | NoCache = NO_CACHE) -> Tensor:
        """The logits (B, V) of the token after the last of idx (B, T), without a graph."""
        return self.lm_head(self.transformer(idx, cache=cache)[:, -1])

    @classmethod
    def from_pretrained(cls, source: str | os.PathLike[str], **changes: Any) -> Self:
        """The GPT-2 or LLaMA in a folder of Hugging Face's, or of a name on its hub, in evaluation mode and float32.

        `changes` are fields of the config that shall be others, such as dropout. The extra `safetensors` is needed, and
        `hub` for a name. `models.pretrained.load` says what is raised.
        """
        return pretrained.load(source, cls, **changes)

    def save_pretrained(self, folder: str | os.PathLike[str], tokenizer: BPETokenizer | None = None) -> None:
        """Write the files from which `transformers` and `from_pretrained` read this model, and its tokenizer."""
        pretrained.save(folder, self, tokenizer)

    def extra_repr(self) -> str:
        """The config."""
        return repr(self.config)

"""The encoder-decoder of *Attention Is All You Need* (Vaswani et al. 2017), two stacks of the GPT's blocks.

Shapes: B batch, S source time, T target time, C channels (d_model), V vocabulary.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

import autograd
import nn
import nn.functional as F
from autograd import Tensor
from autograd.tracing import name_axes
from models.block import Stack
from models.config import GPTConfig, check_sizes


@dataclass(frozen=True)
class TransformerConfig:
    """The sizes of an encoder-decoder; the defaults are the paper's base model (table 3).

    `pad` is the token that fills up the rows of both languages. Raises ValueError, with the reason, for what cannot be
    a model.
    """

    source_vocab: int
    target_vocab: int
    d_model: int = 512
    num_heads: int = 8
    num_layers: int = 6
    d_ff: int = 2048
    max_len: int = 512
    dropout: float = 0.1
    norm_first: bool = False
    activation: str = "relu"
    pad: int = 0

    def __post_init__(self) -> None:
        check_sizes(self, "d_model", "num_heads", "source_vocab", "target_vocab", "num_layers", "d_ff", "max_len")
        if not 0 <= self.pad < min(self.source_vocab, self.target_vocab):
            raise ValueError(f"pad must be a token of both vocabularies, got {self.pad}")

    def stack(self, vocab_size: int) -> GPTConfig:
        """The sizes of the encoder or of the decoder, for its vocabulary."""
        return GPTConfig(
            vocab_size,
            self.max_len,
            self.num_layers,
            self.num_heads,
            self.d_model,
            self.d_ff,
            activation=self.activation,
            norm_first=self.norm_first,
            position="sinusoidal",
            dropout=self.dropout,
        )


class Transformer(nn.Module):
    """The encoder makes a memory of source ids; the decoder makes logits of target ids and attends to the memory.

    The embedding of the target is the output matrix, too (section 3.4). Source tokens `config.pad` are masked out.
    """

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__()
        self.config = config
        self.encoder = Stack(config.stack(config.source_vocab), causal=False)
        self.decoder = Stack(config.stack(config.target_vocab), cross=True)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Matrices by Xavier, embeddings from N(0, 1 / C), biases 0, norms 1."""
        for name, parameter in self.named_parameters():
            if name.endswith("wte.weight"):
                nn.init.normal_(parameter, std=self.config.d_model**-0.5)
            elif parameter.ndim == 2:
                nn.init.xavier_uniform_(parameter)
            else:
                nn.init.constant_(parameter, 0.0 if name.endswith("bias") else 1.0)

    def encode(self, source: Tensor) -> tuple[Tensor, Tensor]:
        """Source ids (B, S) to the memory (B, S, C), and where the source is padding (B, S)."""
        pad = source == self.config.pad
        return self.encoder(source, mask=~pad[:, None, None, :]), pad

    def decode(self, target: Tensor, memory: Tensor, source_pad: Tensor) -> Tensor:
        """Target ids (B, T) to logits (B, T, V), given what `encode` returns."""
        x = self.decoder(target, memory=memory, memory_mask=~source_pad[:, None, None, :])  # (B, T, C)
        return F.linear(x, self.decoder.wte.weight)

    def forward(self, source: Tensor, target: Tensor) -> Tensor:
        """Logits (B, T, V) for the token after each of target (B, T), given source (B, S)."""
        return self.decode(target, *self.encode(source))

    def loss(self, source: Tensor, target: Tensor, label_smoothing: float = 0.1) -> Tensor:
        """The mean cross-entropy of target[:, 1:] given the tokens before, without the padding (section 5.4)."""
        logits = self(source, target[:, :-1])
        name_axes("B T V", logits)
        return F.cross_entropy(
            logits.flatten(0, 1), target[:, 1:].flatten(), ignore_index=self.config.pad, label_smoothing=label_smoothing
        )

    @autograd.no_grad()
    def translate(self, source: Tensor, start: int, stop: int, max_len: int) -> list[list[int]]:
        """Greedy decoding: the most probable token after `start`, and so on up to `stop` or to max_len tokens.

        Neither `start` nor `stop` is in the result.
        """
        training = self.training
        self.eval()
        memory, pad = self.encode(source)
        ids = np.full((len(source), 1), start)
        done = np.zeros(len(source), bool)
        for _ in range(max_len):
            logits = self.decode(autograd.as_tensor(ids), memory, pad)
            following = np.where(done, stop, logits.array[:, -1].argmax(-1))
            ids = np.concatenate([ids, following[:, None]], 1)
            done |= following == stop
            if done.all():
                break
        self.train(training)
        return [_until(row[1:].tolist(), stop) for row in ids]


def _until(ids: list[int], stop: int) -> list[int]:
    return ids[: ids.index(stop)] if stop in ids else ids


def padded(rows: Sequence[Sequence[int]], pad: int = 0) -> Tensor:
    """Rows of ids of different lengths as one tensor (B, longest), padded with `pad` at the end."""
    table = np.full((len(rows), max(map(len, rows))), pad)
    for i, row in enumerate(rows):
        table[i, : len(row)] = row
    return autograd.as_tensor(table)
